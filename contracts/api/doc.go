// Package api is the HTTP API of Outdial in Go: its types, a strict server for
// net/http and a client, generated from openapi/openapi.yaml, and what the
// document says of each route (Routes) and problem code (ProblemCode).
//
// All paths stand under BasePath: give it to the server as
// StdHTTPServerOptions.BaseURL, and end the client's server address with it.
package api

//go:generate ../../.tools/bin/oapi-codegen -config models.oapi-codegen.yaml ../openapi/openapi.yaml
//go:generate ../../.tools/bin/oapi-codegen -config server.oapi-codegen.yaml ../openapi/openapi.yaml
//go:generate ../../.tools/bin/oapi-codegen -config client.oapi-codegen.yaml ../openapi/openapi.yaml
