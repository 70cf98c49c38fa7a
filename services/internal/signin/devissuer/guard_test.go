package devissuer_test

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/outdial/outdial/services/internal/signin/devissuer"
	"github.com/outdial/outdial/services/internal/signin/discovery"
)

func TestOnlyThisMachineIsAnswered(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, tc := range []struct {
		name, remote, host, header string
		status                     int
	}{
		{"loopback", "127.0.0.1:50000", "127.0.0.1:8080", "", http.StatusOK},
		{"loopback of IPv6", "[::1]:50000", "[::1]:8080", "", http.StatusOK},
		{"by name", "127.0.0.1:50000", "localhost:8080", "", http.StatusOK},
		{"by name without a port", "127.0.0.1:50000", "LOCALHOST", "", http.StatusOK},
		{"from another machine", "192.0.2.7:50000", "127.0.0.1:8080", "", http.StatusForbidden},
		{"from another machine of IPv6", "[2001:db8::7]:50000", "127.0.0.1:8080", "", http.StatusForbidden},
		{"by a name that points here", "127.0.0.1:50000", "evil.example.com:8080", "", http.StatusForbidden},
		{"by a name that looks like loopback", "127.0.0.1:50000", "127.0.0.1.example.com", "", http.StatusForbidden},
		{"by no name", "127.0.0.1:50000", "", "", http.StatusForbidden},
		{"to all addresses", "127.0.0.1:50000", "0.0.0.0:8080", "", http.StatusForbidden},
		{"by way of a proxy", "127.0.0.1:50000", "127.0.0.1:8080", "X-Forwarded-For", http.StatusForbidden},
		{"by way of a proxy that follows RFC 7239", "127.0.0.1:50000", "127.0.0.1:8080", "Forwarded", http.StatusForbidden},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			for _, path := range []string{"/.well-known/openid-configuration", authorizePath()} {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/dev-issuer"+path, http.NoBody)
				r.RemoteAddr, r.Host = tc.remote, tc.host
				if tc.header != "" {
					r.Header.Set(tc.header, "192.0.2.7")
				}
				w := httptest.NewRecorder()
				b.Handler().ServeHTTP(w, r)
				if w.Code != tc.status {
					t.Errorf("%s gives %d, want %d", path, w.Code, tc.status)
				}
			}
		})
	}
}

func TestConsoleOfAnotherOriginMayFetchTokens(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ask := func(method, path, origin string) answer {
		r := b.request(method, path, "")
		r.Header.Set("Origin", origin)
		if method == http.MethodOptions {
			r.Header.Set("Access-Control-Request-Method", http.MethodPost)
			r.Header.Set("Access-Control-Request-Headers", "content-type")
		}
		return b.browser().do(r)
	}
	const allow = "Access-Control-Allow-Origin"
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/jwks.json", "/oauth2/token", "/oauth2/revoke"} {
		if got := ask(http.MethodOptions, path, consoleOrigin); got.Header.Get(allow) != consoleOrigin || got.StatusCode >= 300 {
			t.Errorf("%s: preflight gives %d, %v", path, got.StatusCode, got.Header)
		}
		if got := ask(http.MethodOptions, path, "https://example.com"); got.Header.Get(allow) != "" {
			t.Errorf("%s: another origin is let in: %v", path, got.Header)
		}
		if got := ask(http.MethodGet, path, consoleOrigin); got.Header.Get(allow) != consoleOrigin || got.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: headers are %v", path, got.Header)
		}
	}
	for _, path := range []string{authorizePath(), "/login", "/logout"} {
		if got := ask(http.MethodGet, path, consoleOrigin); got.Header.Get(allow) != "" {
			t.Errorf("%s may be read by scripts", path)
		}
	}
}

func TestWithoutOriginsNoScriptIsLetIn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.config.Origins = nil
	b.start()
	r := b.request(http.MethodGet, "/.well-known/jwks.json", "")
	r.Header.Set("Origin", consoleOrigin)
	if got := b.browser().do(r); got.StatusCode != http.StatusOK || got.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("status %d, headers %v", got.StatusCode, got.Header)
	}
}

func TestDiscoveryNamesTheEndpoints(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	doc, err := discovery.Fetch(t.Context(), nil, b.config.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	want := discovery.Document{
		Issuer: b.config.Issuer, AuthorizationEndpoint: b.config.Issuer + "/oauth2/authorize",
		TokenEndpoint: b.config.Issuer + "/oauth2/token", JWKSURI: b.config.Issuer + "/.well-known/jwks.json", NamesItself: true,
		EndSessionEndpoint: b.config.Issuer + "/logout",
		ScopesSupported:    []string{"openid", "profile", "email", "offline_access", "calls/read", "calls/write", "calls/admin"},
	}
	if !reflect.DeepEqual(doc, want) {
		t.Errorf("document is %+v, want %+v", doc, want)
	}
	keys := b.browser().get("/.well-known/jwks.json")
	for _, private := range []string{`"d"`, `"p"`, `"q"`, `"dp"`, `"dq"`, `"qi"`} {
		if strings.Contains(keys.body, private) {
			t.Errorf("the private key is published: %s", private)
		}
	}
}

func TestConfigNamesEachMistake(t *testing.T) {
	t.Parallel()
	good := devissuer.Config{Dir: t.TempDir(), Issuer: "http://127.0.0.1:8080/dev-issuer"}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		change func(*devissuer.Config)
		want   string
	}{
		{"no folder", func(c *devissuer.Config) { c.Dir = "" }, "Dir is missing"},
		{"an issuer for others", func(c *devissuer.Config) { c.Issuer = "http://192.0.2.7/dev-issuer" }, "Issuer: "},
		{"an issuer without a path", func(c *devissuer.Config) { c.Issuer = "http://127.0.0.1:8080" }, "Issuer: "},
		{"a redirect in the clear", func(c *devissuer.Config) { c.ConsoleRedirects = []string{"http://example.com"} }, "ConsoleRedirects: "},
		{"a way back without a host", func(c *devissuer.Config) { c.ConsoleReturns = []string{"/bye"} }, "ConsoleReturns: "},
		{"every origin", func(c *devissuer.Config) { c.Origins = []string{"*"} }, "Origins: "},
		{"an origin with a path", func(c *devissuer.Config) { c.Origins = []string{"http://127.0.0.1:5173/"} }, "Origins: "},
		{"a scope that isn't there", func(c *devissuer.Config) { c.MachineScopes = []string{"calls/all"} }, "MachineScopes: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			config := good
			tc.change(&config)
			if _, _, err := devissuer.Open(config); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error is %v, want %s…", err, tc.want)
			}
		})
	}
}
