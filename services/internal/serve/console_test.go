package serve_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/outdial/outdial/services/internal/serve"
	"github.com/outdial/outdial/services/internal/signin/devissuer"
	"github.com/outdial/outdial/services/web"
)

// answer is what was answered, but for the body.
type answer struct {
	StatusCode int
	Header     http.Header
}

// fetch asks this server without following redirects.
func (r *running) fetch(path string, headers ...string) (answer, string) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://"+r.address+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	for n := 0; n < len(headers); n += 2 {
		request.Header.Set(headers[n], headers[n+1])
		if headers[n] == "Host" {
			request.Host = headers[n+1]
		}
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header}, string(body)
}

func TestTheConsoleIsServedBesideTheAPI(t *testing.T) {
	t.Parallel()
	r := start(t, config(t.TempDir()))
	for _, path := range []string{"/", "/calls", "/batches/new", "/v10"} {
		answer, body := r.fetch(path)
		if answer.StatusCode != http.StatusOK || !strings.HasPrefix(body, "<!doctype html>") {
			t.Errorf("%s answers %d %q, which is no page", path, answer.StatusCode, body)
		}
		if policy := answer.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "connect-src 'self' http://"+r.address+";") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
	}
	for path, status := range map[string]int{
		"/v1": http.StatusNotFound, "/v1/": http.StatusNotFound, "/v1/phones": http.StatusNotFound, "/v1/calls": http.StatusUnauthorized,
	} {
		answer, body := r.fetch(path)
		if answer.StatusCode != status || answer.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s answers %d %q, which is no problem of the API", path, answer.StatusCode, body)
		}
	}
	if answer, _ := r.fetch("/dev-issuer/.well-known/openid-configuration"); answer.StatusCode != http.StatusOK {
		t.Errorf("the issuer answers %d", answer.StatusCode)
	}
}

func TestTheConsolesConfigurationSignsItIn(t *testing.T) {
	t.Parallel()
	r := start(t, config(t.TempDir()))
	_, body := r.fetch("/config.json")
	var got web.Config
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := web.Config{
		API: "/v1", Issuer: "http://" + r.address + "/dev-issuer", ClientID: devissuer.ClientConsole,
		Scopes: web.DefaultScopes, Simulated: true,
	}
	if got != want {
		t.Errorf("it is %+v, want %+v", got, want)
	}
	q := url.Values{
		"client_id": {got.ClientID}, "redirect_uri": {"http://" + r.address + web.PathSignedIn}, "response_type": {"code"},
		"scope": {got.Scopes}, "code_challenge": {strings.Repeat("c", 43)}, "code_challenge_method": {"S256"},
	}
	if answer, body := r.fetch("/dev-issuer/oauth2/authorize?" + q.Encode()); answer.StatusCode != http.StatusOK || !strings.Contains(body, "<form") {
		t.Errorf("sign-in answers %d %s", answer.StatusCode, body)
	}
	back := "http://" + r.address + web.PathSignedOut
	answer, _ := r.fetch("/dev-issuer/logout?" + url.Values{"client_id": {got.ClientID}, "post_logout_redirect_uri": {back}}.Encode())
	if location := answer.Header.Get("Location"); location != back {
		t.Errorf("sign-out answers %d and leads to %q", answer.StatusCode, location)
	}
}

// TestTheConsoleGoesByWhatItsIssuerSays: the token endpoint may be elsewhere, as
// Cognito's is, and a scope that the issuer doesn't know isn't asked for.
func TestTheConsoleGoesByWhatItsIssuerSays(t *testing.T) {
	t.Parallel()
	var issuer *httptest.Server
	issuer = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/openid-configuration" {
			http.NotFound(w, r)
			return
		}
		_, _ = fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q,"token_endpoint":"http://127.0.0.1:9/oauth2/token","scopes_supported":["openid","email"]}`,
			issuer.URL, issuer.URL+"/keys")
	}))
	t.Cleanup(issuer.Close)
	c := config(t.TempDir())
	if err := start(t, c).stop(); err != nil { // once, for the folder of the development issuer
		t.Fatal(err)
	}
	c.Issuer, c.ClientIDs = issuer.URL, []string{"console"}
	r := start(t, c)
	answer, body := r.fetch("/config.json")
	var got web.Config
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if got.Issuer != issuer.URL || got.ClientID != "console" || strings.Contains(got.Scopes, "offline_access") || !strings.Contains(got.Scopes, "calls/write") {
		t.Errorf("it is %+v", got)
	}
	if policy := answer.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "connect-src 'self' "+issuer.URL+" http://127.0.0.1:9;") {
		t.Errorf("the policy is %q", policy)
	}

	issuer.Close()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if answer, _ := start(t, c).fetch("/config.json"); answer.StatusCode != http.StatusOK {
		t.Errorf("while the issuer is away /config.json answers %d", answer.StatusCode)
	}
}

func TestOtherNamesOfThisMachineLeadToTheConsolesAddress(t *testing.T) {
	t.Parallel()
	r := start(t, config(t.TempDir()))
	answer, _ := r.fetch("/calls?status=failed&number=%2B12025550100", "Host", "localhost:1")
	if got, want := answer.Header.Get("Location"), "http://"+r.address+"/calls?status=failed&number=%2B12025550100"; got != want {
		t.Errorf("answers %d and leads to %q, want %q", answer.StatusCode, got, want)
	}
}

func TestAConsoleWithAnotherIssuerIsItsClient(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		clients []string
		console string
		want    string
	}{
		"named":                     {[]string{"a", "b"}, "b", "b"},
		"the only one":              {[]string{"a"}, "", "a"},
		"neither named nor the one": {[]string{"a", "b"}, "", devissuer.ClientConsole},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config(t.TempDir())
			c.Issuer, c.Groups, c.ClientIDs, c.ConsoleClient = "https://issuer.example.com", "roles", tc.clients, tc.console
			r := &running{t: t, address: serving(t, c)}
			_, body := r.fetch("/config.json", "Host", "calls.example.com")
			var got web.Config
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatal(err)
			}
			if got.Issuer != c.Issuer || got.ClientID != tc.want || got.GroupsClaim != "roles" {
				t.Errorf("it is %+v", got)
			}
		})
	}
}

// serving runs a server until the test ends, and gives its address.
func serving(t *testing.T, c serve.Config) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	said, out := io.Pipe()
	c.Out, c.Err = out, t.Output()
	done := make(chan error, 1)
	go func() { done <- serve.Run(ctx, c) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	url := address(t, said)
	go func() { _, _ = io.Copy(io.Discard, said) }()
	return strings.TrimPrefix(url, "http://")
}
