// Package openapi holds the document of the HTTP API, from which package api is generated.
package openapi

import _ "embed"

// Document is openapi.yaml, OpenAPI 3.0.3.
//
//go:embed openapi.yaml
var Document []byte
