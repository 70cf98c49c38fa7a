package signin_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/signin"
	"github.com/outdial/outdial/services/internal/signin/signintest"
)

type claims = signintest.Claims

// noon is when all tests take place that don't move the clock.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newVerifier(t *testing.T, c signin.Config) *signin.Verifier {
	t.Helper()
	v, err := signin.New(c, signin.Options{Now: func() time.Time { return noon }, Log: quiet()})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return v
}

func request(t *testing.T, authorization ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/calls", http.NoBody)
	for _, value := range authorization {
		r.Header.Add("Authorization", value)
	}
	return r
}

func TestRequestIsRefused(t *testing.T) {
	t.Parallel()
	issuer := signintest.NewIssuer(t)
	verifier := newVerifier(t, issuer.Config())
	for _, tc := range issuer.Refusals(t, noon) {
		t.Run(tc.Name, func(t *testing.T) {
			t.Parallel()
			principal, err := verifier.Authenticate(request(t, tc.Authorization...))
			if got := signin.CodeOf(err); got != tc.Code {
				t.Fatalf("code is %q (%v), want %q", got, err, tc.Code)
			}
			if !reflect.DeepEqual(principal, signin.Principal{}) {
				t.Errorf("refused, but the principal is %+v", principal)
			}
			for _, value := range tc.Authorization {
				checkSaysNothingOf(t, err, value)
			}
		})
	}
}

// checkSaysNothingOf fails if the error has any part of the token in it.
func checkSaysNothingOf(t *testing.T, err error, authorization string) {
	t.Helper()
	for part := range strings.FieldsFuncSeq(authorization, func(c rune) bool { return c == ' ' || c == '.' }) {
		if len(part) > 8 && strings.Contains(err.Error(), part) {
			t.Errorf("the error %q has a part of the token", err)
		}
	}
	refusal, ok := errors.AsType[*signin.Error](err)
	if !ok {
		t.Fatalf("the error is a %T", err)
	}
	for _, c := range []byte(refusal.Detail) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			t.Errorf("the detail %q can't stand in error_description", refusal.Detail)
		}
	}
}

func TestAccessTokenIsAccepted(t *testing.T) {
	t.Parallel()
	issuer := signintest.NewIssuer(t)
	cognito := claims{"alg": "RS256", "kid": signintest.KeyID}
	rfc9068 := claims{"alg": "RS256", "kid": signintest.KeyID, "typ": "at+jwt"}
	anna := signin.Principal{
		Owner: "anna", Subject: "anna", ClientID: signintest.ClientID,
		Scopes: []string{"calls/read", "calls/write"}, Expires: noon.Add(time.Hour),
	}
	with := func(change func(*signin.Principal)) signin.Principal {
		p := anna
		change(&p)
		return p
	}
	person := func(changes claims) claims { return issuer.Person("anna", "calls/write calls/read", noon, changes) }
	for _, tc := range []struct {
		name   string
		header claims
		claims claims
		want   signin.Principal
	}{
		{"a person's from Cognito", cognito, person(nil), anna},
		{
			"an administrator's from Cognito", cognito,
			person(claims{"cognito:groups": []string{"staff", "admins", "staff"}}),
			with(func(p *signin.Principal) { p.Groups = []string{"admins", "staff"} }),
		},
		{
			"a machine's from Cognito", cognito, issuer.Machine("calls/read", noon, nil),
			signin.Principal{
				Owner: signintest.ClientID, Subject: signintest.ClientID, ClientID: signintest.ClientID,
				Scopes: []string{"calls/read"}, Machine: true, Expires: noon.Add(time.Hour),
			},
		},
		{"one of Cognito's with our audience", cognito, person(claims{"aud": signintest.Audience}), anna},
		{"of type at+jwt", rfc9068, person(claims{"token_use": nil, "aud": signintest.Audience}), anna},
		{
			"of type application/at+jwt, in any case",
			claims{"alg": "RS256", "kid": signintest.KeyID, "typ": "application/AT+JWT"},
			person(claims{"token_use": nil, "aud": signintest.Audience}), anna,
		},
		{
			"of no type but with our audience among others", cognito,
			person(claims{"token_use": nil, "aud": []string{"https://another.test", signintest.Audience}}), anna,
		},
		{
			"of an issuer that names no client", rfc9068,
			person(claims{"token_use": nil, "aud": signintest.Audience, "client_id": nil}),
			with(func(p *signin.Principal) { p.ClientID = "" }),
		},
		{
			"with scopes in scp", cognito,
			person(claims{"scope": nil, "scp": []string{"calls/write", "calls/read", "calls/read"}}), anna,
		},
		{
			"expired within the leeway", cognito, person(claims{"exp": noon.Add(-20 * time.Second).Unix()}),
			with(func(p *signin.Principal) { p.Expires = noon.Add(-20 * time.Second) }),
		},
		{"issued by a clock that is ahead within the leeway", cognito, person(claims{"iat": noon.Add(20 * time.Second).Unix()}), anna},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			token := signintest.SignWith(t, tc.header, tc.claims, signintest.Key())
			for _, scheme := range []string{"Bearer ", "bearer ", "BEARER  "} {
				got, err := newVerifier(t, issuer.Config()).Authenticate(request(t, scheme+token))
				if err != nil {
					t.Fatalf("%s: %v", scheme, err)
				}
				if !reflect.DeepEqual(got, tc.want) {
					t.Errorf("principal is %+v, want %+v", got, tc.want)
				}
			}
		})
	}
}

func TestGroupsAreReadFromTheConfiguredClaim(t *testing.T) {
	t.Parallel()
	issuer := signintest.NewIssuer(t)
	config := issuer.Config()
	config.GroupsClaim = "groups"
	for _, tc := range []struct {
		name   string
		groups any
		admin  bool
	}{
		{"a list with admins", []string{"staff", "admins"}, true},
		{"a list without", []string{"staff"}, false},
		{"one group as a string", "admins", true},
		{"one group whose name has a space", "not admins", false},
		{"none", nil, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			token := signintest.Sign(t, issuer.Person("anna", "calls/admin", noon, claims{
				"groups": tc.groups, "cognito:groups": []string{"admins"}, // of another issuer: means nothing here
			}))
			got, err := newVerifier(t, config).Verify(t.Context(), token)
			if err != nil {
				t.Fatal(err)
			}
			if got.Admin() != tc.admin {
				t.Errorf("Admin() is %v with groups %v", got.Admin(), got.Groups)
			}
		})
	}
}

func TestMachineIsWhoIsItsClientAndNamesNobody(t *testing.T) {
	t.Parallel()
	issuer := signintest.NewIssuer(t)
	for _, tc := range []struct {
		name    string
		changes claims
		machine bool
	}{
		{"subject is the client", nil, true},
		{"subject is somebody", claims{"sub": "anna"}, false},
		{"a person who is called like the client", claims{"username": signintest.ClientID}, false},
		{"a person with a preferred name", claims{"preferred_username": "anna"}, false},
		{"a member of a group", claims{"cognito:groups": []string{"staff"}}, false},
		{"no client", claims{"client_id": nil, "aud": signintest.Audience}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			token := signintest.Sign(t, issuer.Machine("calls/admin", noon, tc.changes))
			got, err := newVerifier(t, issuer.Config()).Verify(t.Context(), token)
			if err != nil {
				t.Fatal(err)
			}
			if got.Machine != tc.machine || got.Admin() != tc.machine {
				t.Errorf("machine %v, admin %v; want %v for both", got.Machine, got.Admin(), tc.machine)
			}
		})
	}
}
