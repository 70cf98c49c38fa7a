package e2e_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/outdial/outdial/contracts/api"

	"github.com/outdial/outdial/e2e/internal/cognito"
	"github.com/outdial/outdial/e2e/internal/world"
)

// TestWhoMayNotPassNeverReachesTheFunction: API Gateway refuses on every route
// what it is documented to refuse.
func TestWhoMayNotPassNeverReachesTheFunction(t *testing.T) {
	t.Parallel()
	w := world.Start(t, nil)
	for name, c := range refusals(t, w) {
		for _, route := range api.Routes {
			if route.Scope == "" {
				continue
			}
			path := regexp.MustCompile(`{\w+}`).ReplaceAllString(route.Path, "call_01KJPQ7Z5W8XN2T4V6R9C3M1GH")
			got, err := w.WithToken(c.token(route.Scope)).Request(t.Context(), route.Method, path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got.Status != c.status || string(got.Body) != c.body {
				t.Errorf("%s: %s answers %d %s, want %d %s", name, route.OperationID, got.Status, got.Body, c.status, c.body)
			}
			if c.status == http.StatusUnauthorized && !strings.HasPrefix(got.Header.Get("Www-Authenticate"), "Bearer") {
				t.Errorf("%s: %s answers without www-authenticate", name, route.OperationID)
			}
		}
	}
	if n := w.API.Invocations(); n != 0 {
		t.Errorf("the function saw %d requests", n)
	}
	got, err := w.WithToken("").Request(t.Context(), http.MethodGet, "/health", nil)
	if err != nil || got.Status != http.StatusOK || w.API.Invocations() != 1 {
		t.Errorf("health, which is public: %d %s %v", got.Status, got.Body, err)
	}
}

type refusal struct {
	token  func(scope string) string
	status int
	body   string
}

func refusals(t *testing.T, w *world.World) map[string]refusal {
	t.Helper()
	p, client := w.Pool, w.PeopleClient.ID
	ada := cognito.User{Sub: "ada", Email: "ada@example.com", Groups: []string{"admins"}}
	_, keyID := p.Key()
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	unauthorized := func(token func(scope string) string) refusal {
		return refusal{token, http.StatusUnauthorized, `{"message":"Unauthorized"}`}
	}
	// with is a token that is good but for one claim.
	with := func(name string, value any) refusal {
		return unauthorized(func(scope string) string {
			c := p.AccessToken(ada, client, scope)
			c[name] = value
			if value == nil {
				delete(c, name)
			}
			return p.Sign(c)
		})
	}
	hour := int64(time.Hour / time.Second)
	now := time.Now().Unix()
	return map[string]refusal{
		"no header":            unauthorized(func(string) string { return "" }),
		"not a token":          unauthorized(func(string) string { return "letmein" }),
		"expired":              with("exp", now-1),
		"without an end":       with("exp", nil),
		"not good yet":         with("nbf", now+hour),
		"issued tomorrow":      with("iat", now+hour),
		"of another issuer":    with("iss", "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_another"),
		"of another client":    with("client_id", "another"),
		"for another audience": with("aud", "another"),
		"signed by a stranger": unauthorized(func(scope string) string {
			return p.SignWith(p.AccessToken(ada, client, scope), stranger, jose.RS256, keyID)
		}),
		"of a key that nobody knows": unauthorized(func(scope string) string {
			return p.SignWith(p.AccessToken(ada, client, scope), stranger, jose.RS256, "another")
		}),
		"without a key's name": unauthorized(func(scope string) string {
			key, _ := p.Key()
			return p.SignWith(p.AccessToken(ada, client, scope), key, jose.RS256, "")
		}),
		"signed with the public key as a secret": unauthorized(func(scope string) string {
			key, _ := p.Key()
			return p.SignWith(p.AccessToken(ada, client, scope), x509.MarshalPKCS1PublicKey(&key.PublicKey), jose.HS256, keyID)
		}),
		"with another's payload": unauthorized(func(scope string) string {
			mine := strings.Split(p.Sign(p.AccessToken(ada, client, scope)), ".")
			other := strings.Split(p.Sign(p.AccessToken(cognito.User{Sub: "eve"}, client, scope)), ".")
			return strings.Join([]string{mine[0], other[1], mine[2]}, ".")
		}),
		"an ID token": {
			func(string) string { return p.Sign(p.IDToken(ada, client)) },
			http.StatusForbidden, `{"message":"Forbidden"}`,
		},
		"without the route's scope": {
			func(scope string) string {
				others := strings.Fields(strings.ReplaceAll("calls/read calls/write calls/admin", scope, ""))
				return p.Sign(p.AccessToken(ada, client, strings.Join(others, " ")))
			},
			http.StatusForbidden, `{"message":"Forbidden"}`,
		},
	}
}

// TestTheGatewayTakesATokenWithoutBearer: it takes both, and so does what comes
// behind it.
func TestTheGatewayTakesATokenWithoutBearer(t *testing.T) {
	t.Parallel()
	w := world.Start(t, nil)
	token := w.Pool.Sign(w.Pool.MachineToken(w.ProgramsClient.ID, api.ScopeRead))
	for _, header := range []string{"Bearer " + token, "bearer " + token, token} {
		got, err := w.WithToken("").Request(t.Context(), http.MethodGet, "/calls", nil, "Authorization", header)
		if err != nil || got.Status != http.StatusOK || !bytes.Contains(got.Body, []byte(`"calls"`)) {
			t.Errorf("%.10s…: %d %s %v", header, got.Status, got.Body, err)
		}
	}
}
