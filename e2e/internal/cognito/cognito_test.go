package cognito_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/outdial/outdial/e2e/internal/cognito"
)

const (
	callback = "http://localhost:8753/callback"
	verifier = "a-verifier-of-at-least-forty-three-characters"
	email    = "ada@example.com"
	password = "correct horse"
)

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// newPool has a public client for people and one with a secret for programs, as
// identity.yaml has them.
func newPool(t *testing.T) *cognito.Pool {
	t.Helper()
	p, err := cognito.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	p.AddClient(cognito.Client{ID: "people", Scopes: []string{"openid", "calls/read", "calls/write"}, Flows: []string{"code"}, Callbacks: []string{callback}})
	p.AddClient(cognito.Client{ID: "programs", Secret: "secret", Scopes: []string{"calls/read", "calls/write"}, Flows: []string{"client_credentials"}})
	p.AddUser(cognito.User{Sub: "ada", Email: email, Password: password, Groups: []string{"admins"}})
	return p
}

// browser follows no redirect: where the pool sends it is what a test looks at.
var browser = http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

type answer struct {
	StatusCode int
	Header     http.Header
}

func ask(t *testing.T, method, address string, form url.Values, change func(*http.Request)) (answer, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if change != nil {
		change(r)
	}
	got, err := browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{got.StatusCode, got.Header}, string(body)
}

// with is a copy of values with others in it; an empty one goes.
func with(v url.Values, pairs ...string) url.Values {
	out := url.Values{}
	for name := range v {
		out.Set(name, v.Get(name))
	}
	for i := 0; i < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			out.Del(pairs[i])
		}
	}
	return out
}

// request is a good request for a code.
func request() url.Values {
	return url.Values{
		"response_type": {"code"}, "client_id": {"people"}, "redirect_uri": {callback}, "scope": {"openid calls/read"},
		"state": {"state&more"}, "code_challenge": {challenge()}, "code_challenge_method": {"S256"},
	}
}

func TestARequestForACodeThatTheHostedLoginRefuses(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	for name, c := range map[string]struct {
		query url.Values
		says  string
	}{
		"no such client":             {with(request(), "client_id", "other"), "invalid_request"},
		"another callback":           {with(request(), "redirect_uri", "https://evil.example/callback"), "redirect_mismatch"},
		"another port":               {with(request(), "redirect_uri", "http://localhost:8754/callback"), "redirect_mismatch"},
		"a callback that goes on":    {with(request(), "redirect_uri", callback+"/x"), "redirect_mismatch"},
		"the implicit flow":          {with(request(), "response_type", "token"), "unauthorized_client"},
		"without a challenge":        {with(request(), "code_challenge", ""), "invalid_request"},
		"a challenge that is plain":  {with(request(), "code_challenge_method", "plain"), "invalid_request"},
		"a challenge that is short":  {with(request(), "code_challenge", "abc"), "invalid_request"},
		"a scope that it hasn't":     {with(request(), "scope", "calls/admin"), "invalid_scope"},
		"one scope among its own":    {with(request(), "scope", "calls/read calls/admin"), "invalid_scope"},
		"a client without that flow": {with(request(), "client_id", "programs", "redirect_uri", ""), "redirect_mismatch"},
	} {
		for _, step := range []struct{ method, path string }{{"GET", "/oauth2/authorize?"}, {"POST", "/login?"}} {
			var form url.Values
			if step.method == "POST" {
				form = url.Values{"username": {email}, "password": {password}}
			}
			got, body := ask(t, step.method, p.LoginURL()+step.path+c.query.Encode(), form, nil)
			if got.StatusCode != http.StatusBadRequest || !strings.Contains(body, c.says) || got.Header.Get("Location") != "" {
				t.Errorf("%s, %s: %d %s %s", name, step.path, got.StatusCode, body, got.Header.Get("Location"))
			}
		}
	}
}

// login signs in at the hosted login and gives the code.
func login(t *testing.T, p *cognito.Pool) string {
	t.Helper()
	_, page := ask(t, "GET", p.LoginURL()+"/oauth2/authorize?"+request().Encode(), nil, nil)
	action := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(page)
	if action == nil {
		t.Fatalf("the page is %s", page)
	}
	got, body := ask(t, "POST", p.LoginURL()+html.UnescapeString(action[1]), url.Values{"username": {email}, "password": {password}}, nil)
	back, err := url.Parse(got.Header.Get("Location"))
	if err != nil || got.StatusCode != http.StatusFound {
		t.Fatalf("%d %s %v", got.StatusCode, body, err)
	}
	if q := back.Query(); !strings.HasPrefix(back.String(), callback+"?") || q.Get("state") != "state&more" || q.Get("code") == "" {
		t.Fatalf("the browser is sent to %s", back)
	}
	return back.Query().Get("code")
}

// tokens asks the token endpoint, and reads what it answers.
func tokens(t *testing.T, p *cognito.Pool, form url.Values, change func(*http.Request)) (status int, answered map[string]any) {
	t.Helper()
	got, body := ask(t, "POST", p.LoginURL()+"/oauth2/token", form, change)
	if err := json.Unmarshal([]byte(body), &answered); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return got.StatusCode, answered
}

// claims reads a token of the pool, whose signature has to be right.
func claims(t *testing.T, p *cognito.Pool, token any) map[string]any {
	t.Helper()
	raw, _ := token.(string)
	parsed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatalf("%v: %v", err, token)
	}
	key, _ := p.Key()
	payload, err := parsed.Verify(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := json.Unmarshal(payload, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// exchange is a good request for tokens.
func exchange(code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"people"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
	}
}

func TestAWrongPasswordGivesNoCode(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	for _, form := range []url.Values{{"username": {email}, "password": {"guess"}}, {"username": {"eve@example.com"}, "password": {""}}, {}} {
		got, body := ask(t, "POST", p.LoginURL()+"/login?"+request().Encode(), form, nil)
		if got.StatusCode != http.StatusBadRequest || got.Header.Get("Location") != "" {
			t.Errorf("%v: %d %s", form, got.StatusCode, body)
		}
	}
}

func TestACodeIsGoodOnceForItsClientCallbackAndVerifier(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	p.AddClient(cognito.Client{ID: "other", Scopes: []string{"calls/read"}, Flows: []string{"code"}, Callbacks: []string{callback}})
	for name, form := range map[string]func(code string) url.Values{
		"another code":         func(string) url.Values { return exchange("guess") },
		"another client's":     func(code string) url.Values { return with(exchange(code), "client_id", "other") },
		"another callback":     func(code string) url.Values { return with(exchange(code), "redirect_uri", callback+"/x") },
		"another verifier":     func(code string) url.Values { return with(exchange(code), "code_verifier", verifier+"x") },
		"without a verifier":   func(code string) url.Values { return with(exchange(code), "code_verifier", "") },
		"the challenge itself": func(code string) url.Values { return with(exchange(code), "code_verifier", challenge()) },
	} {
		code := login(t, p)
		if status, got := tokens(t, p, form(code), nil); status != http.StatusBadRequest || got["error"] != "invalid_grant" {
			t.Errorf("%s: %d %v", name, status, got)
		}
	}
	code := login(t, p)
	if status, got := tokens(t, p, exchange(code), nil); status != http.StatusOK {
		t.Fatalf("%d %v", status, got)
	}
	if status, got := tokens(t, p, exchange(code), nil); status != http.StatusBadRequest || got["error"] != "invalid_grant" {
		t.Errorf("the second time: %d %v", status, got)
	}
}

func TestAPersonsTokensHaveCognitosShape(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	_, got := tokens(t, p, exchange(login(t, p)), nil)
	if got["token_type"] != "Bearer" || got["expires_in"] != float64(3600) {
		t.Errorf("%v", got)
	}
	access, id := claims(t, p, got["access_token"]), claims(t, p, got["id_token"])
	for name, want := range map[string]any{
		"iss": p.Issuer, "sub": "ada", "token_use": "access", "client_id": "people", "scope": "openid calls/read", "username": "ada", "aud": nil, "email": nil,
	} {
		if access[name] != want {
			t.Errorf("the access token's %s is %v", name, access[name])
		}
	}
	for name, want := range map[string]any{
		"iss": p.Issuer, "sub": "ada", "token_use": "id", "aud": "people", "scope": nil, "client_id": nil, "email": email,
	} {
		if id[name] != want {
			t.Errorf("the ID token's %s is %v", name, id[name])
		}
	}
	for _, c := range []map[string]any{access, id} {
		if groups, _ := c["cognito:groups"].([]any); len(groups) != 1 || groups[0] != "admins" {
			t.Errorf("the groups are %v", c["cognito:groups"])
		}
	}
}

func TestARefreshTokenIsGoodAgainAndAgainForItsClient(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	p.AddClient(cognito.Client{ID: "other", Flows: []string{"code"}})
	_, first := tokens(t, p, exchange(login(t, p)), nil)
	token, _ := first["refresh_token"].(string)
	refresh := url.Values{"grant_type": {"refresh_token"}, "client_id": {"people"}, "refresh_token": {token}}
	for range 2 {
		status, got := tokens(t, p, refresh, nil)
		// Cognito gives no other refresh token, unless it is told to rotate them.
		if status != http.StatusOK || got["refresh_token"] != nil || got["access_token"] == first["access_token"] {
			t.Fatalf("%d %v", status, got)
		}
		if c := claims(t, p, got["access_token"]); c["sub"] != "ada" || c["scope"] != "openid calls/read" {
			t.Errorf("the claims are %v", c)
		}
	}
	for name, form := range map[string]url.Values{
		"another client": with(refresh, "client_id", "other"), "another token": with(refresh, "refresh_token", "guess"),
	} {
		if status, got := tokens(t, p, form, nil); status != http.StatusBadRequest || got["error"] != "invalid_grant" {
			t.Errorf("%s: %d %v", name, status, got)
		}
	}
}

func TestAProgramGetsATokenForItsSecret(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	asking := url.Values{"grant_type": {"client_credentials"}, "scope": {"calls/read"}}
	as := func(id, secret string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(id, secret) }
	}
	for name, c := range map[string]struct {
		form  url.Values
		who   func(*http.Request)
		error any
	}{
		"by header":            {asking, as("programs", "secret"), nil},
		"by form":              {with(asking, "client_id", "programs", "client_secret", "secret"), nil, nil},
		"without a scope":      {with(asking, "scope", ""), as("programs", "secret"), nil},
		"a wrong secret":       {asking, as("programs", "guess"), "invalid_client"},
		"without a secret":     {with(asking, "client_id", "programs"), nil, "invalid_client"},
		"no such client":       {asking, as("other", "secret"), "invalid_client"},
		"nobody":               {asking, nil, "invalid_client"},
		"a client of people":   {with(asking, "client_id", "people"), nil, "invalid_grant"},
		"a scope it hasn't":    {with(asking, "scope", "calls/admin"), as("programs", "secret"), "invalid_grant"},
		"a password":           {with(asking, "grant_type", "password"), as("programs", "secret"), "unsupported_grant_type"},
		"without a grant type": {with(asking, "grant_type", ""), as("programs", "secret"), "unsupported_grant_type"},
	} {
		status, got := tokens(t, p, c.form, c.who)
		if got["error"] != c.error || (status == http.StatusOK) != (c.error == nil) {
			t.Errorf("%s: %d %v", name, status, got)
		}
		if c.error == nil {
			access := claims(t, p, got["access_token"])
			if access["sub"] != "programs" || access["client_id"] != "programs" || access["username"] != nil || got["refresh_token"] != nil || got["id_token"] != nil {
				t.Errorf("%s: %v %v", name, got, access)
			}
		}
	}
}

func TestTheIssuerTellsItsKeys(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	_, body := ask(t, "GET", p.Issuer+"/.well-known/openid-configuration", nil, nil)
	var c map[string]any
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		t.Fatal(err)
	}
	address, _ := c["jwks_uri"].(string)
	_, body = ask(t, "GET", address, nil, nil)
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(body), &keys); err != nil {
		t.Fatal(err)
	}
	_, id := p.Key()
	if c["issuer"] != p.Issuer || len(keys.Key(id)) != 1 || !keys.Key(id)[0].IsPublic() {
		t.Errorf("%v: %s", c, body)
	}
}
