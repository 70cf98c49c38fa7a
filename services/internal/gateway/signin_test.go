package gateway_test

import (
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/outdial/outdial/services/internal/gateway"
	"github.com/outdial/outdial/services/internal/signin"
	"github.com/outdial/outdial/services/internal/signin/signintest"
)

// read is what API Gateway's authorizer makes of a token's claims: strings.
func read(claims signintest.Claims) map[string]string {
	all := map[string]string{}
	for name, value := range claims {
		switch v := value.(type) {
		case string:
			all[name] = v
		case int64:
			all[name] = strconv.FormatInt(v, 10)
		case []string:
			text := "["
			for i, s := range v {
				if i > 0 {
					text += " "
				}
				text += s
			}
			all[name] = text + "]"
		}
	}
	return all
}

// authenticate asks who makes a request with these claims of the authorizer's
// (nil: it has let the request pass unseen) and this header.
func authenticate(t *testing.T, s gateway.SignIn, claims map[string]string, authorization ...string) (p signin.Principal, err error) {
	t.Helper()
	e := event("GET", "/v1/calls", "", "")
	if claims != nil {
		e.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
			JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: claims, Scopes: []string{"calls/admin"}},
		}
	}
	if len(authorization) > 0 {
		e.Headers["authorization"] = strings.Join(authorization, ",") // as API Gateway does
	}
	_, failed := gateway.New(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		p, err = s.Authenticate(r)
	}))(t.Context(), e)
	if failed != nil {
		t.Fatal(failed)
	}
	return p, err
}

func checker(t *testing.T, issuer *signintest.Issuer) gateway.SignIn {
	t.Helper()
	verifier, err := signin.New(issuer.Config(), signin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return gateway.SignIn{Tokens: verifier}
}

func TestThePrincipalIsThatOfTheAuthorizersClaims(t *testing.T) {
	t.Parallel()
	issuer, now := signintest.NewIssuer(t), time.Now()
	for _, c := range []struct {
		name    string
		claims  signintest.Claims
		owner   string
		machine bool
		admin   bool
	}{
		{"a person", issuer.Person("anna", "calls/read calls/write", now, nil), "anna", false, false},
		{"an administrator", issuer.Person("root", "calls/admin", now, signintest.Claims{"cognito:groups": []string{"admins", "others"}}), "root", false, true},
		{"a person who asked for more than the group has", issuer.Person("bert", "calls/admin", now, signintest.Claims{"cognito:groups": []string{"others"}}), "bert", false, false},
		{"a machine, which has no username", issuer.Machine("calls/read calls/admin", now, nil), signintest.ClientID, true, true},
	} {
		for _, s := range []gateway.SignIn{{}, checker(t, issuer)} {
			p, err := authenticate(t, s, read(c.claims), "Bearer "+signintest.Sign(t, c.claims))
			if err != nil || p.Owner != c.owner || p.Machine != c.machine || p.Admin() != c.admin {
				t.Errorf("%s (checked in code: %v): %+v, %v", c.name, s.Tokens != nil, p, err)
			}
		}
	}
}

func TestWhatTheAuthorizerHasNotCheckedCountsForNothing(t *testing.T) {
	t.Parallel()
	issuer := signintest.NewIssuer(t)
	good := issuer.Person("anna", "calls/read", time.Now(), nil)
	for _, s := range []gateway.SignIn{{}, checker(t, issuer)} {
		p, err := authenticate(t, s, nil, "Bearer "+signintest.Sign(t, good))
		if signin.CodeOf(err) != signin.CodeMissing || p.Owner != "" {
			t.Errorf("without an authorizer: %+v, %v", p, err)
		}
		id := read(issuer.ID("anna", time.Now(), nil))
		if _, err := authenticate(t, s, id, "Bearer x"); signin.CodeOf(err) != signin.CodeNotAccessToken {
			t.Errorf("an ID token: %v", err)
		}
	}
}

// TestTheTokenHasToSayTheSame: whatever the authorizer says, a token that the
// check in code refuses lets nobody in, nor does one of somebody else.
func TestTheTokenHasToSayTheSame(t *testing.T) {
	t.Parallel()
	issuer, now := signintest.NewIssuer(t), time.Now()
	s := checker(t, issuer)
	claims := issuer.Person("anna", "calls/read", now, nil)
	good := signintest.Sign(t, claims)
	if p, err := authenticate(t, s, read(claims), "Bearer "+good); err != nil || p.Owner != "anna" {
		t.Fatalf("%+v, %v", p, err)
	}
	changed := func(name, value string) map[string]string {
		other := maps.Clone(read(claims))
		other[name] = value
		return other
	}
	for name, other := range map[string]map[string]string{
		"another subject": changed("sub", "bert"), "more scopes": changed("scope", "calls/read calls/admin"),
		"a group": changed("cognito:groups", "[admins]"), "a later end": changed("exp", "4000000000"),
		"another client": changed("client_id", "other"), "a machine": changed("sub", signintest.ClientID),
	} {
		if p, err := authenticate(t, s, other, "Bearer "+good); signin.CodeOf(err) != signin.CodeMalformed || p.Owner != "" {
			t.Errorf("claims with %s: %+v, %v", name, p, err)
		}
	}
	if _, err := authenticate(t, s, read(claims)); signin.CodeOf(err) != signin.CodeMissing {
		t.Errorf("no token: %v", err)
	}
	if p, err := authenticate(t, s, read(claims), good); err != nil || p.Owner != "anna" {
		t.Errorf("a bare token, which the authorizer takes: %+v, %v", p, err)
	}
	for _, wrong := range []string{"Basic " + good, good + " " + good, "Bearer", good + "," + good, good[:len(good)-9]} {
		if p, err := authenticate(t, s, read(claims), wrong); err == nil || p.Owner != "" {
			t.Errorf("%q: %+v", wrong, p)
		}
	}
	refusals := issuer.Refusals(t, now)
	if len(refusals) == 0 {
		t.Fatal("no refusals to try")
	}
	for _, refusal := range refusals {
		if refusal.Name == "a token without a scheme" {
			continue // here it has one: see above
		}
		if p, err := authenticate(t, s, read(claims), refusal.Authorization...); signin.CodeOf(err) != refusal.Code {
			t.Errorf("%s: %+v, %v, want %s", refusal.Name, p, err, refusal.Code)
		}
	}
}
