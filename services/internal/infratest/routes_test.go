package infratest_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/outdial/outdial/contracts/api"
)

// routes are those of the contract with the scope each needs, "" for public ones:
// "POST /v1/calls" → "calls/write".
func routes() map[string]string {
	all := map[string]string{}
	for _, r := range api.Routes {
		all[r.Pattern()] = r.Scope
	}
	return all
}

// TestTheTemplateHasTheRoutesOfTheContract with their scopes, no other, and none
// that is open but the public one.
func TestTheTemplateHasTheRoutesOfTheContract(t *testing.T) {
	t.Parallel()
	compute := template(t, "compute.yaml")
	if at[string](t, compute, "Resources", "Api", "Properties", "Auth", "DefaultAuthorizer") != "Tokens" {
		t.Fatal("a route that names no authorizer must have one all the same")
	}
	got := map[string]string{}
	for name := range at[object](t, compute, "Resources", "ApiFunction", "Properties", "Events") {
		event := at[object](t, compute, "Resources", "ApiFunction", "Properties", "Events", name)
		route := fmt.Sprint(at[string](t, event, "Properties", "Method"), " ", at[string](t, event, "Properties", "Path"))
		auth := at[object](t, event, "Properties", "Auth")
		if auth["Authorizer"] == "NONE" && auth["AuthorizationScopes"] == nil {
			got[route] = ""
			continue
		}
		got[route] = scope(t, route, auth["AuthorizationScopes"])
		if operation := slices.IndexFunc(api.Routes, func(r api.Route) bool { return r.Pattern() == route }); operation >= 0 &&
			!strings.EqualFold(api.Routes[operation].OperationID, name) {
			t.Errorf("the event of %s is called %s, the operation %s", route, name, api.Routes[operation].OperationID)
		}
	}
	compare(t, got, routes())
}

// SAM could have understood something else.
func testRoutesOfTheTransformedTemplate(t *testing.T, all object) {
	t.Helper()
	got, permitted := map[string]string{}, map[string]string{}
	paths := at[object](t, all, "Resources", "Api", "Properties", "Body", "paths")
	for path := range paths {
		for method := range at[object](t, paths, path) {
			route := strings.ToUpper(method) + " " + path
			got[route] = ""
			// NONE is no authorizer of the API: SAM's way to write a public route.
			if security := text(t, at[object](t, paths, path, method)["security"]); security != `[{"NONE":[]}]` {
				one := as[object](t, at[[]any](t, paths, path, method, "security")[0], route)
				got[route] = scope(t, route, one["Tokens"])
			}
		}
	}
	compare(t, got, routes())
	for name, permission := range ofType(t, all, "AWS::Lambda::Permission") {
		source := list(at[any](t, permission, "SourceArn", "Fn::Sub"))[0]
		_, route, _ := strings.Cut(as[string](t, source, name), "/${__Stage__}/")
		method, path, _ := strings.Cut(route, "/")
		permitted[method+" /"+path] = ""
		if permission["Principal"] != "apigateway.amazonaws.com" {
			t.Errorf("%s lets %v call the function", name, permission["Principal"])
		}
	}
	want := map[string]string{}
	for route := range routes() {
		want[strings.ReplaceAll(route, "{id}", "*")] = ""
	}
	compare(t, permitted, want)

	authorizer := at[object](t, all, "Resources", "Api", "Properties", "Body", "components", "securitySchemes", "Tokens", "x-amazon-apigateway-authorizer")
	const tokens = `{"identitySource":"$request.header.Authorization","jwtConfiguration":{"audience":{"Ref":"ClientIds"},"issuer":{"Ref":"Issuer"}},"type":"jwt"}`
	if got := text(t, authorizer); got != tokens {
		t.Errorf("the authorizer is %s", got)
	}
}

func scope(t *testing.T, route string, scopes any) string {
	t.Helper()
	if one, ok := scopes.([]any); !ok || len(one) != 1 {
		t.Fatalf("%s takes the scopes %v; API Gateway would take any of them, so name one", route, scopes)
	}
	return as[string](t, list(scopes)[0], route)
}

// compare tells what is missing, what is too much, and what is otherwise.
func compare(t *testing.T, got, want map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if have, ok := got[name]; !ok {
			t.Errorf("%s is missing", name)
		} else if have != want[name] {
			t.Errorf("%s has %q, want %q", name, have, want[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is not wanted", name)
		}
	}
}

// TestBrowsersMayReadWhatTheContractAnswers: a header that isn't named here can't
// be seen by a script.
func TestBrowsersMayReadWhatTheContractAnswers(t *testing.T) {
	t.Parallel()
	choice := at[[]any](t, template(t, "compute.yaml"), "Resources", "Api", "Properties", "CorsConfiguration", "Fn::If")
	cors := as[object](t, choice[1], "CorsConfiguration")
	for name, want := range map[string][]any{
		"ExposeHeaders": {"ETag", "Retry-After", "Location", "Link", api.HeaderIdempotentReplayed, api.HeaderRequestID},
		"AllowHeaders":  {"Authorization", "Content-Type", "If-None-Match", api.HeaderIdempotencyKey, api.HeaderRequestID},
		"AllowMethods":  {http.MethodGet, http.MethodPost, http.MethodPut},
	} {
		if text(t, cors[name]) != text(t, want) {
			t.Errorf("%s are %v, want %v", name, cors[name], want)
		}
	}
	if origins := text(t, cors["AllowOrigins"]); origins != `{"Ref":"AllowedOrigins"}` || cors["AllowCredentials"] != nil {
		t.Errorf("pages of %s may call with %v: only those that are named may, and never with a browser's own credentials", origins, cors["AllowCredentials"])
	}
}
