package devissuer_test

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/outdial/outdial/services/internal/signin"
	"github.com/outdial/outdial/services/internal/signin/devissuer"
)

const (
	cliRedirect     = "http://127.0.0.1:40123/callback"
	consoleRedirect = "http://127.0.0.1:5173/signed-in"
	consoleReturn   = "http://127.0.0.1:5173/bye"
	consoleOrigin   = "http://127.0.0.1:5173"

	everything = "openid profile email offline_access calls/read calls/write calls/admin"
)

var verifier = strings.Repeat("v", 43) // PKCE

// firstFolder is what the first start makes. It is made once for all tests, because
// a signing key takes long.
var firstFolder = sync.OnceValues(func() ([]byte, devissuer.FirstStart) {
	dir, err := os.MkdirTemp("", "devissuer")
	if err != nil {
		panic(err)
	}
	_, first, err := devissuer.Open(devissuer.Config{Dir: dir, Issuer: "http://127.0.0.1:1/dev-issuer"})
	if err != nil {
		panic(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "issuer.json"))
	if err != nil {
		panic(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	return data, *first
})

// bench is a running issuer with a folder and a clock of its own.
type bench struct {
	*devissuer.Issuer

	t      *testing.T
	config devissuer.Config
	first  devissuer.FirstStart
	server *httptest.Server
	*clock
}

type clock struct {
	mu   sync.Mutex
	time time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.time = c.time.Add(d)
}

func newBench(t *testing.T) *bench {
	t.Helper()
	data, first := firstFolder()
	b := &bench{t: t, first: first, clock: &clock{time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}}
	b.config = devissuer.Config{
		Dir: t.TempDir(), ConsoleRedirects: []string{consoleRedirect}, ConsoleReturns: []string{consoleReturn},
		Origins: []string{consoleOrigin}, Now: b.now, Log: slog.New(slog.DiscardHandler),
	}
	if err := os.WriteFile(filepath.Join(b.config.Dir, "issuer.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	b.start()
	return b
}

// start serves the folder, at a new address.
func (b *bench) start() {
	b.t.Helper()
	b.server = httptest.NewUnstartedServer(nil)
	b.config.Issuer = "http://" + b.server.Listener.Addr().String() + "/dev-issuer"
	var err error
	if b.Issuer, _, err = devissuer.Open(b.config); err != nil {
		b.t.Fatalf("open: %v", err)
	}
	b.server.Config.Handler = b.Handler()
	b.server.Start()
	b.t.Cleanup(b.server.Close)
}

// in is the bench for a subtest, whose failures are its own.
func (b *bench) in(t *testing.T) *bench {
	c := *b
	c.t = t
	return &c
}

// verify checks a token as the API does.
func (b *bench) verify(token string) (signin.Principal, error) {
	b.t.Helper()
	v, err := signin.New(
		signin.Config{Issuer: b.config.Issuer, ClientIDs: devissuer.ClientIDs()},
		signin.Options{Now: b.now, Log: b.config.Log})
	if err != nil {
		b.t.Fatal(err)
	}
	return v.Verify(b.t.Context(), token)
}

// browser keeps cookies and follows no redirect.
type browser struct {
	b *bench
	http.Client
}

func (b *bench) browser() *browser {
	b.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	// Its own transport: a test server that closes cuts the connections of the default one.
	return &browser{b, http.Client{Transport: &http.Transport{}, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

// answer is a response that has been read.
type answer struct {
	*http.Response
	body string
}

func (w *browser) do(r *http.Request) answer {
	w.b.t.Helper()
	res, err := w.Do(r)
	if err != nil {
		w.b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		w.b.t.Fatal(err)
	}
	return answer{res, string(body)}
}

func (w *browser) get(address string) answer {
	w.b.t.Helper()
	return w.do(w.b.request(http.MethodGet, address, ""))
}

func (w *browser) post(address string, form url.Values) answer {
	w.b.t.Helper()
	r := w.b.request(http.MethodPost, address, form.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.do(r)
}

// request takes a whole address, or a path of the server or of the issuer.
func (b *bench) request(method, address, body string) *http.Request {
	b.t.Helper()
	switch {
	case strings.HasPrefix(address, "/dev-issuer"):
		address = strings.TrimSuffix(b.config.Issuer, "/dev-issuer") + address
	case strings.HasPrefix(address, "/"):
		address = b.config.Issuer + address
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// authorizePath asks for an authorization of the command line, with changes as pairs
// of name and value; an empty value takes the parameter out.
func authorizePath(changes ...string) string {
	q := url.Values{
		"client_id": {devissuer.ClientCLI}, "redirect_uri": {cliRedirect}, "response_type": {"code"},
		"scope": {everything}, "state": {"s t&ate"}, "nonce": {"n0nce"},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"},
	}
	for n := 0; n < len(changes); n += 2 {
		q.Set(changes[n], changes[n+1])
		if changes[n+1] == "" {
			q.Del(changes[n])
		}
	}
	return "/oauth2/authorize?" + q.Encode()
}

// console gives the changes that make authorizePath the console's.
func console(changes ...string) string {
	return authorizePath(append([]string{"client_id", devissuer.ClientConsole, "redirect_uri", consoleRedirect}, changes...)...)
}

var formAction = regexp.MustCompile(`<form method="post" action="([^"]+)">`)

// submit fills in the form of a page.
func (w *browser) submit(page answer, fields ...string) answer {
	w.b.t.Helper()
	action := formAction.FindStringSubmatch(page.body)
	if action == nil {
		w.b.t.Fatalf("status %d, and no form in: %s", page.StatusCode, page.body)
	}
	form := url.Values{}
	for n := 0; n < len(fields); n += 2 {
		form.Set(fields[n], fields[n+1])
	}
	return w.post(html.UnescapeString(action[1]), form)
}

// signIn drives the login page and gives the code.
func (w *browser) signIn(path string) string {
	w.b.t.Helper()
	return w.code(w.submit(w.get(path), "username", w.b.first.User, "password", w.b.first.Password))
}

// code takes the code out of the redirect to the client.
func (w *browser) code(a answer) string {
	w.b.t.Helper()
	q := w.b.back(a)
	if q.Get("code") == "" {
		w.b.t.Fatalf("no code in %v", q)
	}
	return q.Get("code")
}

// back gives the parameters that the client is sent, and checks where they go.
func (b *bench) back(a answer) url.Values {
	b.t.Helper()
	location := a.Header.Get("Location")
	known := strings.HasPrefix(location, cliRedirect+"?") || strings.HasPrefix(location, consoleRedirect+"?")
	if a.StatusCode != http.StatusSeeOther || !known {
		b.t.Fatalf("status %d, location %q, body %s", a.StatusCode, location, a.body)
	}
	u, err := url.Parse(location)
	if err != nil {
		b.t.Fatal(err)
	}
	return u.Query()
}

// tokens is an answer of the token endpoint.
type tokens struct {
	Access, Refresh, ID, Scope, Error string
	Status                            int
	header                            http.Header
}

func (b *bench) tokens(changes ...string) tokens {
	b.t.Helper()
	form := url.Values{"client_id": {devissuer.ClientCLI}}
	for n := 0; n < len(changes); n += 2 {
		form.Set(changes[n], changes[n+1])
	}
	return b.readTokens(b.browser().post("/oauth2/token", form))
}

func (b *bench) readTokens(a answer) tokens {
	b.t.Helper()
	var body struct {
		Access    string `json:"access_token"`
		Refresh   string `json:"refresh_token"`
		ID        string `json:"id_token"`
		Type      string `json:"token_type"`
		ExpiresIn int    `json:"expires_in"`
		Scope     string `json:"scope"`
		Error     string `json:"error"`
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		b.t.Fatalf("status %d, body %q: %v", a.StatusCode, a.body, err)
	}
	if a.StatusCode == http.StatusOK && (body.Type != "Bearer" || body.ExpiresIn != 3600 || body.Access == "") {
		b.t.Errorf("the answer is %s", a.body)
	}
	return tokens{body.Access, body.Refresh, body.ID, body.Scope, body.Error, a.StatusCode, a.Header}
}

func (b *bench) redeem(code string, changes ...string) tokens {
	b.t.Helper()
	return b.tokens(append([]string{
		"grant_type", "authorization_code", "code", code, "redirect_uri", cliRedirect, "code_verifier", verifier,
	}, changes...)...)
}

func (b *bench) refresh(token string, changes ...string) tokens {
	b.t.Helper()
	return b.tokens(append([]string{"grant_type", "refresh_token", "refresh_token", token}, changes...)...)
}

// mustTokens signs in on the command line.
func (b *bench) mustTokens() tokens {
	b.t.Helper()
	got := b.redeem(b.browser().signIn(authorizePath()))
	if got.Status != http.StatusOK || got.Refresh == "" {
		b.t.Fatalf("tokens are %+v", got)
	}
	return got
}

func (b *bench) checkRefused(got tokens, want string) {
	b.t.Helper()
	if got.Error != want || got.Status < 400 || got.Access != "" || got.Refresh != "" {
		b.t.Fatalf("answer is %+v, want error %s", got, want)
	}
}

func checkAll(t *testing.T, what string, got, want map[string]any) {
	t.Helper()
	for name, value := range want {
		if fmt.Sprint(got[name]) != fmt.Sprint(value) {
			t.Errorf("%s: %s is %v, want %v", what, name, got[name], value)
		}
	}
}
