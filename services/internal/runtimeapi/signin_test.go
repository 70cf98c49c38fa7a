package runtimeapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/awsenv"
	"github.com/outdial/outdial/services/internal/signin/signintest"
)

// emptyTable stands for a table in which nothing is found.
func emptyTable(t *testing.T) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// authorized is a request as API Gateway passes it on, once its authorizer has let
// these claims pass: it gives numbers as text.
func authorized(path, authorization string, claims signintest.Claims) events.APIGatewayV2HTTPRequest {
	passed := map[string]string{}
	for name, value := range claims {
		switch v := value.(type) {
		case string:
			passed[name] = v
		case int64:
			passed[name] = strconv.FormatInt(v, 10)
		}
	}
	e := request("GET", path, "")
	e.Headers["authorization"] = authorization
	e.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: passed},
	}
	return e
}

// TestTheAPIChecksTokensInCodeToo: whatever the authorizer has let pass. Its keys
// come from the issuer over HTTP, as from Cognito.
func TestTheAPIChecksTokensInCodeToo(t *testing.T) {
	t.Parallel()
	issuer, other, now := signintest.NewIssuer(t), signintest.NewIssuer(t), time.Now()
	env := append([]string{}, base...)
	f, _ := start(t, "api", append(env, "AWS_ENDPOINT_URL="+emptyTable(t),
		awsenv.Issuer+"="+issuer.URL, awsenv.ClientIDs+"=another-client,"+signintest.ClientID)...)

	person := func(changes signintest.Claims) signintest.Claims {
		return issuer.Person("anna", "calls/read", now, changes)
	}
	good := person(nil)
	signed := func(claims signintest.Claims) string { return "Bearer " + signintest.Sign(t, claims) }
	for _, c := range []struct {
		name   string
		claims signintest.Claims // that the authorizer let pass
		header string
		status int
		says   string // of the challenge
	}{
		{"a person", good, signed(good), http.StatusOK, ""},
		{"a bare token, which the authorizer takes", good, signintest.Sign(t, good), http.StatusOK, ""},
		{"a machine", issuer.Machine("calls/read", now, nil), signed(issuer.Machine("calls/read", now, nil)), http.StatusOK, ""},
		{"no token", good, "", http.StatusUnauthorized, "Bearer"},
		{"another scheme", good, "Basic YTpi", http.StatusUnauthorized, "Bearer"},
		{"another issuer", good, signed(other.Person("anna", "calls/read", now, nil)), http.StatusUnauthorized, "another issuer"},
		{"another issuer's token under our issuer's name", good, "Bearer " + signintest.SignWith(t, signintest.Claims{"alg": "RS256", "kid": signintest.KeyID}, good, signintest.OtherKey()), http.StatusUnauthorized, "invalid_token"},
		{"a token that has expired", good, signed(person(signintest.Claims{"exp": now.Add(-time.Hour).Unix()})), http.StatusUnauthorized, "expired"},
		{"another client", good, signed(person(signintest.Claims{"client_id": "stranger"})), http.StatusUnauthorized, "client"},
		{"an ID token", good, signed(issuer.ID("anna", now, nil)), http.StatusUnauthorized, "not an access token"},
		{"somebody else's token", good, signed(issuer.Person("bert", "calls/read", now, nil)), http.StatusUnauthorized, "claims that API Gateway"},
		{"a token with fewer scopes than the claims", good, signed(issuer.Person("anna", "calls/write", now, nil)), http.StatusUnauthorized, "claims that API Gateway"},
		{"too few scopes", issuer.Person("anna", "calls/write", now, nil), signed(issuer.Person("anna", "calls/write", now, nil)), http.StatusForbidden, "insufficient_scope"},
	} {
		got := invoke[events.APIGatewayV2HTTPResponse](t, f, authorized("/v1/capacity", c.header, c.claims))
		challenge := got.Headers["Www-Authenticate"]
		if got.StatusCode != c.status || (challenge == "") != (c.says == "") || !strings.Contains(challenge, c.says) {
			t.Errorf("%s: %d, %q: %s", c.name, got.StatusCode, challenge, got.Body)
		}
		if strings.Contains(got.Body, "anna") || strings.Contains(challenge, "anna") {
			t.Errorf("%s: the answer names somebody: %s %s", c.name, challenge, got.Body)
		}
	}
	if n := issuer.Fetches.Load(); n != 1 {
		t.Errorf("the keys were asked for %d times", n)
	}
}

// TestTheAPIAnswersWhileTheIssuerIsAway: that it can't tell, and not that the token
// is wrong.
func TestTheAPIAnswersWhileTheIssuerIsAway(t *testing.T) {
	t.Parallel()
	issuer := signintest.NewIssuer(t)
	issuer.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	f, _ := start(t, "api", append(append([]string{}, base...), awsenv.Issuer+"="+issuer.URL, awsenv.ClientIDs+"="+signintest.ClientID)...)
	good := issuer.Person("anna", "calls/read", time.Now(), nil)
	got := invoke[events.APIGatewayV2HTTPResponse](t, f, authorized("/v1/capacity", "Bearer "+signintest.Sign(t, good), good))
	var problem api.Problem
	if err := json.Unmarshal([]byte(got.Body), &problem); err != nil || got.StatusCode != http.StatusServiceUnavailable ||
		problem.Code != api.ProblemCodeUnavailable || got.Headers["Retry-After"] == "" {
		t.Errorf("%v: %+v", err, got)
	}
}
