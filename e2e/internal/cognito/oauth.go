package cognito

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// grant is what a code or a refresh token stands for.
type grant struct {
	client    string
	user      User
	scope     string
	redirect  string
	challenge string
	expires   time.Time
}

var form = template.Must(template.New("login").Parse(`<!doctype html><title>Sign in</title>
<form method="post" action="/login?{{.}}"><input name="username" type="email"><input name="password" type="password"><button>Sign in</button></form>`))

// request checks a request for a code as Cognito does. What is wrong with client
// or callback is never told to the callback.
func (p *Pool) request(q url.Values) (Client, string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.clients[q.Get("client_id")]
	switch {
	case !ok:
		return c, "invalid_request: client_id"
	case !slices.Contains(c.Callbacks, q.Get("redirect_uri")):
		return c, "redirect_mismatch"
	case q.Get("response_type") != "code" || !slices.Contains(c.Flows, "code"):
		return c, "unauthorized_client"
	case c.Secret == "" && (q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43):
		return c, "invalid_request: code_challenge"
	case !grants(c, q.Get("scope")):
		return c, "invalid_scope"
	}
	return c, ""
}

func grants(c Client, scope string) bool {
	return !slices.ContainsFunc(strings.Fields(scope), func(s string) bool { return !slices.Contains(c.Scopes, s) })
}

// scopeOf is the scope that a request gets: all of the client's when it names none.
func scopeOf(c Client, asked string) string {
	if asked == "" {
		return strings.Join(c.Scopes, " ")
	}
	return asked
}

func (p *Pool) authorize(w http.ResponseWriter, r *http.Request) {
	if _, wrong := p.request(r.URL.Query()); wrong != "" {
		http.Error(w, wrong, http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = form.Execute(w, template.URL(r.URL.RawQuery)) //nolint:gosec // Encode made it
}

func (p *Pool) login(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	c, wrong := p.request(q)
	if wrong != "" {
		http.Error(w, wrong, http.StatusBadRequest)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	p.mu.Lock()
	defer p.mu.Unlock()
	u, ok := p.users[r.PostFormValue("username")]
	if !ok || subtle.ConstantTimeCompare([]byte(u.Password), []byte(r.PostFormValue("password"))) != 1 {
		http.Error(w, "Incorrect username or password.", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	p.codes[code] = grant{c.ID, u, scopeOf(c, q.Get("scope")), q.Get("redirect_uri"), q.Get("code_challenge"), time.Now().Add(5 * time.Minute)}
	back := url.Values{"code": {code}}
	if state := q.Get("state"); state != "" {
		back.Set("state", state)
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound) //nolint:gosec // one of the client's callbacks: request compared it
}

// token is the token endpoint.
func (p *Pool) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	if err := r.ParseForm(); err != nil {
		refuse(w, "invalid_request")
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.authenticate(r)
	if !ok {
		refuse(w, "invalid_client")
		return
	}
	switch r.PostForm.Get("grant_type") {
	case "client_credentials":
		scope := scopeOf(c, r.PostForm.Get("scope"))
		if c.Secret == "" || !slices.Contains(c.Flows, "client_credentials") || !grants(c, scope) {
			refuse(w, "invalid_grant")
			return
		}
		answer(w, map[string]any{"access_token": p.Sign(p.MachineToken(c.ID, scope))})
	case "authorization_code":
		g, ok := p.codes[r.PostForm.Get("code")]
		delete(p.codes, r.PostForm.Get("code")) // good once
		sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
		if !ok || g.client != c.ID || g.redirect != r.PostForm.Get("redirect_uri") || time.Now().After(g.expires) ||
			(g.challenge != "" && g.challenge != base64.RawURLEncoding.EncodeToString(sum[:])) {
			refuse(w, "invalid_grant")
			return
		}
		token := rand.Text()
		p.refresh[token] = g
		tokens := p.tokens(g)
		tokens["refresh_token"] = token
		answer(w, tokens)
	case "refresh_token":
		g, ok := p.refresh[r.PostForm.Get("refresh_token")]
		if !ok || g.client != c.ID {
			refuse(w, "invalid_grant")
			return
		}
		answer(w, p.tokens(g))
	default:
		refuse(w, "unsupported_grant_type")
	}
}

// tokens are what a person gets. The ID token comes with the scope openid only.
func (p *Pool) tokens(g grant) map[string]any {
	tokens := map[string]any{"access_token": p.Sign(p.AccessToken(g.user, g.client, g.scope))}
	if slices.Contains(strings.Fields(g.scope), "openid") {
		tokens["id_token"] = p.Sign(p.IDToken(g.user, g.client))
	}
	return tokens
}

// authenticate is who asks for a token: by name and secret, or a public client by
// its name. The pool is locked.
func (p *Pool) authenticate(r *http.Request) (Client, bool) {
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	c, ok := p.clients[id]
	return c, ok && subtle.ConstantTimeCompare([]byte(c.Secret), []byte(secret)) == 1
}

func answer(w http.ResponseWriter, tokens map[string]any) {
	tokens["token_type"], tokens["expires_in"] = "Bearer", int(Lifetime.Seconds())
	writeJSON(w, http.StatusOK, tokens)
}

func refuse(w http.ResponseWriter, code string) {
	writeJSON(w, http.StatusBadRequest, map[string]string{"error": code})
}
