// Package signintest is for tests of whatever checks access tokens: an issuer whose
// tokens can be wrong in any way, and the table of all the ways that must be
// refused.
package signintest

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/outdial/outdial/services/internal/signin"
)

// What the issuer's Config accepts.
const (
	ClientID = "test-client"
	Audience = "https://api.test"
	KeyID    = "key-1"
)

// The keys are made once, because making them takes long.
var (
	Key      = sync.OnceValue(func() *rsa.PrivateKey { return newKey(2048) }) // the issuer's
	OtherKey = sync.OnceValue(func() *rsa.PrivateKey { return newKey(2048) }) // somebody else's
	ShortKey = sync.OnceValue(func() *rsa.PrivateKey { return newKey(1024) }) // too short
)

func newKey(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

// Issuer is an issuer on 127.0.0.1 that publishes the keys it is given.
type Issuer struct {
	URL string
	// Fetches counts how often keys were asked for.
	Fetches atomic.Int64

	mu     sync.Mutex
	keys   []any
	answer http.HandlerFunc // replaces the key set if set
}

// NewIssuer starts an issuer that publishes Key as KeyID. It ends with the test.
func NewIssuer(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{keys: []any{Public(KeyID, Key())}}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(t, w, map[string]string{"issuer": i.URL, "jwks_uri": i.URL + "/keys"})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, r *http.Request) {
		i.Fetches.Add(1)
		i.mu.Lock()
		keys, answer := i.keys, i.answer
		i.mu.Unlock()
		if answer != nil {
			answer(w, r)
			return
		}
		writeJSON(t, w, map[string]any{"keys": keys})
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	i.URL = server.URL
	return i
}

func writeJSON(t testing.TB, w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(body); err != nil {
		t.Errorf("answer: %v", err)
	}
}

// Public is the published form of a key, for signatures with RS256.
func Public(id string, key *rsa.PrivateKey) jose.JSONWebKey {
	return jose.JSONWebKey{Key: &key.PublicKey, KeyID: id, Use: "sig", Algorithm: string(jose.RS256)}
}

// Publish replaces the key set; the entries are written as JSON.
func (i *Issuer) Publish(keys ...any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys, i.answer = keys, nil
}

// Answer has h answer whoever asks for the key set, until Publish.
func (i *Issuer) Answer(h http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = h
}

// Config accepts the issuer's tokens for Audience and, without aud, for ClientID.
func (i *Issuer) Config() signin.Config {
	return signin.Config{Issuer: i.URL, Audiences: []string{Audience}, ClientIDs: []string{ClientID}}
}

// Claims are parts of a token. A nil value takes a claim out.
type Claims map[string]any

// Person is a good access token of a person as Cognito writes it, with changes.
func (i *Issuer) Person(subject, scope string, now time.Time, changes Claims) Claims {
	return merge(Claims{
		"sub": subject, "iss": i.URL, "client_id": ClientID, "origin_jti": "o", "event_id": "e",
		"token_use": "access", "scope": scope, "auth_time": now.Unix(), "iat": now.Unix(),
		"exp": now.Add(time.Hour).Unix(), "jti": "j", "username": "name of " + subject,
	}, changes)
}

// Machine is a good access token for client credentials as Cognito writes it, with
// changes.
func (i *Issuer) Machine(scope string, now time.Time, changes Claims) Claims {
	return merge(i.Person(ClientID, scope, now, Claims{"username": nil, "origin_jti": nil, "event_id": nil}), changes)
}

// ID is a good ID token as Cognito writes it, with changes.
func (i *Issuer) ID(subject string, now time.Time, changes Claims) Claims {
	return merge(i.Person(subject, "", now, Claims{
		"token_use": "id", "aud": ClientID, "client_id": nil, "scope": nil, "username": nil,
		"cognito:username": "name of " + subject, "nonce": "n", "at_hash": "h",
	}), changes)
}

func merge(base, changes Claims) Claims {
	out := maps.Clone(base)
	for name, value := range changes {
		if value == nil {
			delete(out, name)
		} else {
			out[name] = value
		}
	}
	return out
}

// Sign signs claims as the issuer does.
func Sign(t testing.TB, claims Claims) string {
	t.Helper()
	return SignWith(t, Claims{"alg": "RS256", "kid": KeyID}, claims, Key())
}

// SignWith makes a token with any header: HS256 takes the public key of key as its
// secret, none has no signature, everything else is signed as RS256.
func SignWith(t testing.TB, header, claims Claims, key *rsa.PrivateKey) string {
	t.Helper()
	return sign(t, header, encode(t, claims), key)
}

// SignRaw signs a body as the issuer does, whatever it is.
func SignRaw(t testing.TB, body string) string {
	t.Helper()
	return sign(t, Claims{"alg": "RS256", "kid": KeyID}, []byte(body), Key())
}

func sign(t testing.TB, header Claims, body []byte, key *rsa.PrivateKey) string {
	t.Helper()
	input := base64.RawURLEncoding.EncodeToString(encode(t, header)) + "." + base64.RawURLEncoding.EncodeToString(body)
	var signature []byte
	switch header["alg"] {
	case "none":
	case "HS256":
		secret, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		if err != nil {
			t.Fatalf("encode public key: %v", err)
		}
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(input))
		signature = mac.Sum(nil)
	default:
		sum := sha256.Sum256([]byte(input))
		var err error
		if signature, err = rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:]); err != nil {
			t.Fatalf("sign: %v", err)
		}
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func encode(t testing.TB, part Claims) []byte {
	t.Helper()
	data, err := json.Marshal(part)
	if err != nil {
		t.Fatalf("encode token: %v", err)
	}
	return data
}
