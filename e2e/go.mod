module github.com/outdial/outdial/e2e

go 1.26.0

require (
	github.com/go-jose/go-jose/v4 v4.1.8
	github.com/outdial/outdial/contracts v0.0.0-00010101000000-000000000000
)

require (
	github.com/apapsch/go-jsonmerge/v2 v2.0.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/oapi-codegen/runtime v1.8.0 // indirect
)

replace github.com/outdial/outdial/contracts => ../contracts
