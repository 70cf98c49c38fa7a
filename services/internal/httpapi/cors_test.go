package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/httpapi"
)

const console = "https://console.example.com"

func withOrigins(origins ...string) func(*httpapi.Server) {
	return func(s *httpapi.Server) { s.AllowedOrigins = origins }
}

func crossOriginHeaders(h http.Header) (names []string) {
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			names = append(names, name)
		}
	}
	return names
}

func preflight(b *bundle, origin, path, method, header string) *reply {
	return b.as("").send(sending{http.MethodOptions, path, nil, headers(
		"Origin", origin, "Access-Control-Request-Method", method, "Access-Control-Request-Headers", header,
	)})
}

func TestABrowserOnAConfiguredOriginMayDoAllThatTheAPICan(t *testing.T) {
	t.Parallel()
	b := newBundle(t, withOrigins(console, "http://localhost:5173"))
	made := b.makeThings()
	for _, route := range api.Routes {
		path := goodRequest(route, made).path
		got := preflight(b, console, path, route.Method, "authorization,content-type,idempotency-key,if-none-match,x-request-id").is(http.StatusNoContent)
		if got.header.Get("Access-Control-Allow-Origin") != console || got.header.Get("Access-Control-Allow-Methods") != route.Method || got.header.Get("Access-Control-Max-Age") != "3600" {
			t.Errorf("%s: %v", got.what, got.header)
		}
	}
	got := b.anna.get("/v1/calls/"+made.call, "Origin", console).is(http.StatusOK)
	exposed := strings.Split(got.header.Get("Access-Control-Expose-Headers"), ", ")
	for _, name := range []string{"Etag", "Retry-After", "Location", "Link", "Idempotent-Replayed", "X-Request-Id"} {
		if !slices.Contains(exposed, name) {
			t.Errorf("a script can't read %s, but %v", name, exposed)
		}
	}
	if got.header.Get("Access-Control-Allow-Origin") != console || got.header.Get("Vary") != "Origin" || got.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("it is answered with %v", got.header)
	}
	// A script must be able to read why it was refused, too.
	for _, refused := range []*reply{b.as("").get("/v1/calls", "Origin", console), b.anna.get("/nowhere", "Origin", console)} {
		if refused.header.Get("Access-Control-Allow-Origin") != console {
			t.Errorf("%s is answered with %v", refused.what, refused.header)
		}
	}
}

func TestABrowserOnAnotherOriginMayDoNothing(t *testing.T) {
	t.Parallel()
	b := newBundle(t, withOrigins(console))
	for _, origin := range []string{
		"https://evil.example.com", "http://console.example.com", console + ":8443", console + ".evil.com", "https://xconsole.example.com", "null", "*", "",
	} {
		if got := preflight(b, origin, "/v1/calls", http.MethodPost, "authorization"); len(crossOriginHeaders(got.header)) > 0 {
			t.Errorf("%q may: %v", origin, got.header)
		}
		if got := b.anna.get("/v1/calls", "Origin", origin).is(http.StatusOK); got.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%q may read: %v", origin, got.header)
		}
	}
	for name, got := range map[string]*reply{
		"a method that the API hasn't":  preflight(b, console, "/v1/calls", http.MethodDelete, ""),
		"a header that the API ignores": preflight(b, console, "/v1/calls", http.MethodGet, "x-http-method-override"),
	} {
		if got.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", name, got.header)
		}
	}
	plain := b.as("").send(sending{method: http.MethodOptions, path: "/v1/calls"}).is(http.StatusMethodNotAllowed)
	if plain.header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("a plain OPTIONS is answered with %v", plain.header)
	}
}

func TestWithoutConfiguredOriginsThereIsNoCORS(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for _, got := range []*reply{
		b.anna.get("/v1/calls", "Origin", console),
		b.as("").send(sending{http.MethodOptions, "/v1/calls", nil, headers("Origin", console, "Access-Control-Request-Method", "POST")}),
	} {
		if names := crossOriginHeaders(got.header); len(names) > 0 || got.header.Get("Vary") != "" {
			t.Errorf("%s is answered with %v", got.what, got.header)
		}
	}
}
