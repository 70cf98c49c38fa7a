# Outdial. `make` alone lists what there is to do.
#
# A fresh machine needs Go, Node with npm, make and git; for the tests also Python
# with venv, a C compiler for the race detector, and Chromium. Every other tool is
# built once into .tools/bin from the versions pinned in .ci/tools.

# The modules of go.work. Each is built and tested by its own go.mod, as others
# get it, so nothing depends on the workspace, which is for editors.
modules := contracts services e2e
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
	@awk -F ':.*## ' '/^## / { print "\n" substr($$0, 4) ":" } /^[a-z0-9-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

## Use

.PHONY: run
run: build ## start Outdial on 127.0.0.1 and place one simulated call
	@bin/outdial serve --data .data --sim-speed 10 --first-call

.PHONY: build
build: web ## build bin/outdial, with the console in it
	@cd services && go build -buildvcs=false -trimpath -ldflags '$(ldflags)' -o ../bin/outdial ./outdial

# The console. npm installs what the lock file says, and only when that changed.
web := services/web
web_installed := $(web)/node_modules/.package-lock.json
web_sources := $(shell git ls-files --cached --others --exclude-standard $(web) contracts/openapi 2>/dev/null)

.PHONY: web
web: $(web)/dist/index.html ## build the console into services/web/dist, which bin/outdial carries

$(web)/dist/index.html: $(web_installed) $(web_sources)
	@echo 'building the console'
	@cd $(web) && npm run --silent build
	@touch $@

$(web_installed): $(web)/package-lock.json
	@command -v npm >/dev/null || { echo 'the console needs Node.js 20.19 or newer with npm: https://nodejs.org' >&2; exit 1; }
	@echo 'installing what the console is made of (once)'
	@cd $(web) && npm ci --silent --no-progress
	@touch $@

## Run on AWS

# The same bytes whoever builds them, wherever and whenever: no paths, no time, no
# version control. So what hasn't changed is not deployed again.
.PHONY: lambda
lambda: export GOOS := linux
lambda: export GOARCH := arm64
lambda: ## build what runs on AWS, for arm64, into bin/lambda
	@cd services && for program in api worker tracker; do \
		go build -buildvcs=false -trimpath -tags lambda.norpc -ldflags '-s -w' -o ../bin/lambda/$$program/bootstrap ./$$program || exit; done
	@cd services && go build -buildvcs=false -trimpath -ldflags '-s -w' -o ../bin/lambda/agent/agent ./agent
	@mkdir -p bin/lambda/agent/tmp

.PHONY: deploy
deploy: STACK := outdial
deploy: ## deploy STACK=outdial to AWS; the first time FIRST_USER=you@example.com, an administrator; PARAMETERS='Subnets=public …' of infra/template.yaml
	@infra/deploy $(STACK) $(if $(FIRST_USER),FirstUserEmail=$(FIRST_USER)) $(PARAMETERS)

.PHONY: destroy
destroy: STACK := outdial
destroy: ## delete STACK=outdial from AWS; it asks first, and the table stays
	@infra/destroy $(STACK)

## Develop

.PHONY: generate
generate: .tools/bin/oapi-codegen $(web_installed) ## write the generated files again, from the contracts
	@cd contracts && go generate ./...
	@cd $(web) && npm run --silent generate

.PHONY: fmt
fmt: .tools/bin/golangci-lint ## format the Go files (gofumpt)
	$(call each,$(CURDIR)/.tools/bin/golangci-lint fmt)

.PHONY: test-fast
test-fast: ## run the tests in short mode, in under a minute
	$(call each,go test -short ./...)

## Check

.PHONY: test
test: test-fast test-race test-fuzz test-web test-full e2e ## run every test, from nothing

.PHONY: test-race
test-race: c-compiler ## run the tests in short mode under the race detector
	$(call each,CGO_ENABLED=1 go test -race -short -count=1 ./...)

.PHONY: test-web
test-web: build ## test the console: its parts, and in Chromium against a real bin/outdial
	@cd $(web) && npm test
	@cd $(web) && npm run e2e

.PHONY: test-full
test-full: modules := contracts services
test-full: ## run every test of contracts and services in full, in random order
	$(call each,go test -count=1 -shuffle=on -timeout 30m ./...)

.PHONY: test-fuzz
test-fuzz: ## fuzz every target for two seconds
	@FUZZTIME=2s .ci/fuzz $(modules)

.PHONY: fuzz
fuzz: FUZZTIME := 30s
fuzz: ## fuzz every target for FUZZTIME=30s each; FUZZ=regexp chooses targets
	@FUZZTIME='$(FUZZTIME)' FUZZ='$(FUZZ)' .ci/fuzz $(modules)

.PHONY: e2e
e2e: ## run the system end to end, as infra/ says, on LocalStack: E2E_LOCALSTACK_URL names one that runs, E2E_LOG=1 shows all logs
	@cd e2e && go test -count=1 -shuffle=on -parallel 4 -timeout 30m ./...

.PHONY: load
load: CLIENTS := 200
load: DURATION := 1m
load: ## have CLIENTS=200 submit and poll for DURATION=1m while a batch runs, and tell rates and memory
	@cd services && go test -count=1 -v -timeout 4h ./internal/serve -run '^TestLoad$$' -args \
		-load.clients=$(CLIENTS) -load.duration=$(DURATION)

.PHONY: prove
prove: N := 100000
prove: SEED := 1
prove: ## run N=100000 random histories of the simulation from SEED=1 on; REPLAY=17 shows the one of seed 17
	@cd services && go build -buildvcs=false -o ../bin/prove ./internal/simulation/prove
	@bin/prove -n $(N) -seed $(SEED) $(if $(REPLAY),-replay $(REPLAY))

.PHONY: storm
storm: KILLS := 100
storm: SEED := 0
storm: build ## kill server and agents KILLS=100 times while calls run, and fail lock and disk; SEED=7 chooses
	@cd services && go test -count=1 -v -parallel 1 -timeout 4h ./internal/serve -run '^TestAStorm' -args \
		-storm.kills=$(KILLS) -storm.seed=$(SEED) -storm.program=$(CURDIR)/bin/outdial -storm.progress

.PHONY: bench
bench: ## measure speed against peers; ROWS=regexp chooses, MILLION=1 lets 1,000,000 calls wait, README=1 keeps the table
	@cd services && go build -buildvcs=false -o ../bin/bench ./internal/bench && ../bin/bench -dir ../bin -rows '$(ROWS)' \
		$(if $(MILLION),-million) $(if $(README),-readme ../README.md)

.PHONY: lint
lint: lint-house generate-check tidy-check lint-go lint-infra lint-web ## check style, import rules, generated files and go.mod files

.PHONY: lint-go
lint-go: .tools/bin/golangci-lint
	$(call each,$(CURDIR)/.tools/bin/golangci-lint run)

.PHONY: lint-house
lint-house:
	@.ci/house

.PHONY: lint-infra
lint-infra: ## check the templates (cfn-lint, sam validate) and the scripts (shellcheck)
	@.ci/venv sam .ci/sam/versions.txt
	@.ci/sam/lint

.PHONY: lint-web
lint-web: $(web_installed) ## check the console's types, style, generated files and licences
	@cd $(web) && npm run --silent check && npm run --silent lint && npm run --silent generate -- --check && npm run --silent licences

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
	@rm -rf bin .tools $(web)/node_modules
	@git clean -qfdX $(web)

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
