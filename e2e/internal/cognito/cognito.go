// Package cognito stands in for a Cognito user pool: issuer, hosted login with
// PKCE, client credentials, and the shapes of Cognito's tokens. An access token
// has token_use, client_id and scope and no aud; an ID token has aud and no scope.
package cognito

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// Lifetime is how long access and ID tokens are good.
const Lifetime = time.Hour

// Client is an app client.
type Client struct {
	ID        string
	Secret    string // empty: a public client, which must use PKCE
	Scopes    []string
	Flows     []string // code, client_credentials
	Callbacks []string
}

// User is a person.
type User struct {
	Sub      string
	Email    string
	Password string
	Groups   []string
}

// Pool is a user pool.
type Pool struct {
	Issuer string

	server *httptest.Server
	key    *rsa.PrivateKey
	keyID  string

	mu      sync.Mutex
	clients map[string]Client
	users   map[string]User // by e-mail
	codes   map[string]grant
	refresh map[string]grant
}

// New starts a pool. Its issuer's URL has a path, as Cognito's has.
func New() (*Pool, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	p := &Pool{
		key: key, keyID: rand.Text(), clients: map[string]Client{}, users: map[string]User{},
		codes: map[string]grant{}, refresh: map[string]grant{},
	}
	mux := http.NewServeMux()
	const pool = "/eu-central-1_e2e"
	mux.HandleFunc("GET "+pool+"/.well-known/openid-configuration", p.configuration)
	mux.HandleFunc("GET "+pool+"/.well-known/jwks.json", p.keys)
	mux.HandleFunc("GET /oauth2/authorize", p.authorize)
	mux.HandleFunc("POST /login", p.login)
	mux.HandleFunc("POST /oauth2/token", p.token)
	p.server = httptest.NewServer(mux)
	p.Issuer = p.server.URL + pool
	return p, nil
}

// Close ends the pool.
func (p *Pool) Close() { p.server.Close() }

// LoginURL is where the hosted login is.
func (p *Pool) LoginURL() string { return p.server.URL }

// AddClient registers a client.
func (p *Pool) AddClient(c Client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clients[c.ID] = c
}

// AddUser invites a person.
func (p *Pool) AddUser(u User) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users[u.Email] = u
}

func (p *Pool) configuration(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer": p.Issuer, "jwks_uri": p.Issuer + "/.well-known/jwks.json",
		"authorization_endpoint": p.server.URL + "/oauth2/authorize", "token_endpoint": p.server.URL + "/oauth2/token",
		"response_types_supported": []string{"code", "token"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "scopes_supported": []string{"openid", "email", "phone", "profile"},
	})
}

func (p *Pool) keys(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: p.key.Public(), KeyID: p.keyID, Algorithm: "RS256", Use: "sig"},
	}})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// Claims are the claims of a token.
type Claims map[string]any

// AccessToken are the claims of a person's access token.
func (p *Pool) AccessToken(u User, client, scope string) Claims {
	c := p.common("access", u.Sub)
	c["client_id"], c["scope"], c["username"] = client, scope, u.Sub
	if len(u.Groups) > 0 {
		c["cognito:groups"] = u.Groups
	}
	return c
}

// MachineToken are the claims of a program's access token: its sub is the client.
func (p *Pool) MachineToken(client, scope string) Claims {
	c := p.common("access", client)
	c["client_id"], c["scope"] = client, scope
	return c
}

// IDToken are the claims of a person's ID token.
func (p *Pool) IDToken(u User, client string) Claims {
	c := p.common("id", u.Sub)
	c["aud"], c["cognito:username"], c["email"], c["email_verified"] = client, u.Sub, u.Email, true
	if len(u.Groups) > 0 {
		c["cognito:groups"] = u.Groups
	}
	return c
}

func (p *Pool) common(use, sub string) Claims {
	now := time.Now()
	return Claims{
		"iss": p.Issuer, "sub": sub, "token_use": use, "version": 2, "jti": rand.Text(), "origin_jti": rand.Text(),
		"auth_time": now.Unix(), "iat": now.Unix(), "exp": now.Add(Lifetime).Unix(),
	}
}

// Sign signs claims as the pool does.
func (p *Pool) Sign(c Claims) string { return p.SignWith(c, p.key, jose.RS256, p.keyID) }

// Key is the pool's private key, for tokens that are wrong in another way.
func (p *Pool) Key() (key *rsa.PrivateKey, id string) { return p.key, p.keyID }

// SignWith signs claims in a way that may be wrong.
func (p *Pool) SignWith(c Claims, key any, algorithm jose.SignatureAlgorithm, keyID string) string {
	options := new(jose.SignerOptions).WithType("JWT")
	if keyID != "" {
		options = options.WithHeader("kid", keyID)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
	if err != nil {
		panic(fmt.Sprintf("cognito: %v", err)) // a test that gives a key of another kind
	}
	payload, err := json.Marshal(c)
	if err != nil {
		panic(fmt.Sprintf("cognito: %v", err))
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		panic(fmt.Sprintf("cognito: %v", err))
	}
	raw, err := signed.CompactSerialize()
	if err != nil {
		panic(fmt.Sprintf("cognito: %v", err))
	}
	return raw
}
