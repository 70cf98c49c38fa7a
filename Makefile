# Outdial. `make` alone lists what there is to do.
#
# A fresh machine needs Go, make and git, and a C compiler for the race
# detector. Every other tool is built once into .tools/bin from the versions
# pinned in .ci/tools.

# The modules of go.work. Each is built and tested by its own go.mod, as others
# get it, so nothing depends on the workspace, which is for editors.
modules := contracts services
export GOWORK := off

# Tests run as the program ships: pure Go. Only the race detector wants cgo.
export CGO_ENABLED := 0

version := $(shell git describe --tags --always --dirty 2>/dev/null)
ldflags := $(if $(version),-X main.version=$(version))

# $(call each,COMMAND) runs COMMAND in every module, and fails when it failed in
# one of them.
each = @failed=0; for module in $(modules); do \
	printf '\n%s: %s\n' "$$module" '$(1)'; (cd $$module && $(1)) || failed=1; done; exit $$failed

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

.PHONY: help
help:
	@awk -F ':.*## ' '/^## / { print "\n" substr($$0, 4) ":" } /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

## Use

.PHONY: run
run: build ## start Outdial on 127.0.0.1 and place one simulated call
	@bin/outdial serve --data .data --sim-speed 10 --first-call

.PHONY: build
build: ## build bin/outdial
	@cd services && go build -buildvcs=false -trimpath -ldflags '$(ldflags)' -o ../bin/outdial ./outdial

## Develop

.PHONY: generate
generate: .tools/bin/oapi-codegen ## write the generated files again, from the contracts
	@cd contracts && go generate ./...

.PHONY: fmt
fmt: .tools/bin/golangci-lint ## format the Go files (gofumpt)
	$(call each,$(CURDIR)/.tools/bin/golangci-lint fmt)

.PHONY: test-fast
test-fast: ## run the tests in short mode, in under a minute
	$(call each,go test -short ./...)

## Check

.PHONY: test
test: test-fast test-race test-full ## run every test, from nothing

.PHONY: test-race
test-race: c-compiler ## run the tests in short mode under the race detector
	$(call each,CGO_ENABLED=1 go test -race -short -count=1 ./...)

.PHONY: test-full
test-full: ## run every test in full, in random order
	$(call each,go test -count=1 -shuffle=on ./...)

.PHONY: lint
lint: lint-house generate-check tidy-check lint-go ## check style, import rules, generated files and go.mod files

.PHONY: lint-go
lint-go: .tools/bin/golangci-lint
	$(call each,$(CURDIR)/.tools/bin/golangci-lint run)

.PHONY: lint-house
lint-house:
	@.ci/house

.PHONY: generate-check
generate-check: .tools/bin/oapi-codegen ## fail when a generated file isn't what the contracts give
	@.ci/generate-check contracts

.PHONY: tidy-check
tidy-check: ## fail when a go.mod or go.sum isn't tidy
	$(call each,go mod tidy -diff)

.PHONY: audit
audit: .tools/bin/govulncheck ## ask the Go vulnerability database, and check sums and licences of all dependencies
	$(call each,go mod verify)
	@cd .ci/tools && go mod verify
	$(call each,$(CURDIR)/.ci/licences)
	$(call each,$(CURDIR)/.tools/bin/govulncheck ./...)

.PHONY: clean
clean: ## delete what make built (.data, where `make run` keeps its calls, stays)
	@rm -rf bin .tools

# The race detector is the one thing here that isn't pure Go.
.PHONY: c-compiler
c-compiler:
	@command -v "$$(go env CC)" >/dev/null || { \
		echo "the race detector needs a C compiler; on Debian or Ubuntu: apt-get install gcc libc6-dev" >&2; exit 1; }

# A tool is built again when a version in .ci/tools changes.
.tools/bin/golangci-lint: package := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
.tools/bin/govulncheck:   package := golang.org/x/vuln/cmd/govulncheck
.tools/bin/oapi-codegen:  package := github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen

.tools/bin/golangci-lint .tools/bin/govulncheck .tools/bin/oapi-codegen: .ci/tools/go.mod .ci/tools/go.sum
	@echo 'building $@ (once)'
	@cd .ci/tools && go build -trimpath -o ../../$@ $(package)
	@touch $@
