package signin_test

import (
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/signin"
)

func TestAdminTakesMoreThanTheScopeFromPeople(t *testing.T) {
	t.Parallel()
	admin := []string{"calls/admin", "calls/read"}
	for _, tc := range []struct {
		name      string
		principal signin.Principal
		want      bool
	}{
		{"a person with scope and group", signin.Principal{Scopes: admin, Groups: []string{"admins"}}, true},
		{"a person with the scope only", signin.Principal{Scopes: admin}, false},
		{"a person with the group only", signin.Principal{Scopes: []string{"calls/read"}, Groups: []string{"admins"}}, false},
		{"a person in another group", signin.Principal{Scopes: admin, Groups: []string{"admin"}}, false},
		{"a machine with the scope", signin.Principal{Scopes: admin, Machine: true}, true},
		{"a machine without", signin.Principal{Scopes: []string{"calls/read"}, Machine: true}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := tc.principal.Admin(); got != tc.want {
				t.Errorf("Admin() is %v", got)
			}
			if got := tc.principal.Has(signin.ScopeAdmin); got != tc.want {
				t.Errorf("Has(calls/admin) is %v", got)
			}
			if !tc.principal.Has(signin.ScopeRead) || tc.principal.Has(signin.ScopeWrite) {
				t.Errorf("Has doesn't follow the scopes %v", tc.principal.Scopes)
			}
		})
	}
}

func TestPrincipalFromClaimsThatTheGatewayChecked(t *testing.T) {
	t.Parallel()
	person := map[string]string{
		"sub": "5f0c", "iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_x", "client_id": "c1",
		"token_use": "access", "scope": "calls/write calls/read", "exp": "1772370000", "username": "anna",
		"cognito:groups": "[staff admins]",
	}
	with := func(changes ...string) map[string]string {
		out := maps.Clone(person)
		for n := 0; n < len(changes); n += 2 {
			out[changes[n]] = changes[n+1]
		}
		return out
	}
	want := signin.Principal{
		Owner: "5f0c", Subject: "5f0c", ClientID: "c1", Scopes: []string{"calls/read", "calls/write"},
		Groups: []string{"admins", "staff"}, Expires: time.Unix(1772370000, 0).UTC(),
	}
	machine := signin.Principal{
		Owner: "c1", Subject: "c1", ClientID: "c1", Scopes: []string{"calls/read", "calls/write"},
		Machine: true, Expires: time.Unix(1772370000, 0).UTC(),
	}
	for _, tc := range []struct {
		name   string
		claims map[string]string
		want   signin.Principal
		code   signin.Code
	}{
		{"a person", person, want, ""},
		{"scopes written as a list", with("scope", "[calls/write calls/read]"), want, ""},
		{"an end in scientific notation", with("exp", "1.77237E9"), want, ""},
		{"a machine", with("sub", "c1", "username", "", "cognito:groups", ""), machine, ""},
		{"an ID token", with("token_use", "id"), signin.Principal{}, signin.CodeNotAccessToken},
		{"no sign of being an access token", with("token_use", ""), signin.Principal{}, signin.CodeNotAccessToken},
		{"no subject", with("sub", ""), signin.Principal{}, signin.CodeMalformed},
		{"no end", with("exp", ""), signin.Principal{}, signin.CodeMalformed},
		{"an end that is no number", with("exp", "NaN"), signin.Principal{}, signin.CodeMalformed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := signin.PrincipalFromClaims(tc.claims)
			if signin.CodeOf(err) != tc.code {
				t.Fatalf("error is %v, want code %q", err, tc.code)
			}
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("principal is %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestConfigNamesEachMistake(t *testing.T) {
	t.Parallel()
	good := signin.Config{Issuer: "https://issuer.example.com", ClientIDs: []string{"c"}}
	if err := good.Validate(); err != nil {
		t.Fatalf("a good configuration: %v", err)
	}
	for _, tc := range []struct {
		name   string
		change func(*signin.Config)
		want   []string
	}{
		{"nothing set", func(c *signin.Config) { *c = signin.Config{} }, []string{"Issuer is missing", "Audiences and ClientIDs are both empty"}},
		{"plain http to another machine", func(c *signin.Config) { c.Issuer = "http://issuer.example.com" }, []string{"Issuer: ", "must begin with https://"}},
		{"no URL", func(c *signin.Config) { c.Issuer = "issuer" }, []string{"Issuer: ", "not a whole URL"}},
		{"a password in the URL", func(c *signin.Config) { c.JWKSURL = "https://a:b@issuer.example.com" }, []string{"JWKSURL: ", "password"}},
		{"a client as audience", func(c *signin.Config) { c.Audiences = []string{"c"} }, []string{"Audiences: \"c\" is a client's id"}},
		{
			"empty entries",
			func(c *signin.Config) { c.Audiences, c.ClientIDs = []string{""}, []string{""} },
			[]string{"Audiences has an empty entry", "ClientIDs has an empty entry"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			config := good
			tc.change(&config)
			_, err := signin.New(config, signin.Options{})
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range tc.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q lacks %q", err, part)
				}
			}
		})
	}
}

func TestLoopbackMayBePlainHTTP(t *testing.T) {
	t.Parallel()
	for _, issuer := range []string{"http://127.0.0.1:8080/dev-issuer", "http://localhost:8080", "http://[::1]:8080"} {
		if err := (signin.Config{Issuer: issuer, ClientIDs: []string{"c"}}).Validate(); err != nil {
			t.Errorf("%s: %v", issuer, err)
		}
	}
	for _, issuer := range []string{"http://127.0.0.1.example.com", "http://localhost.example.com", "http://128.0.0.1", "ftp://localhost"} {
		if (signin.Config{Issuer: issuer, ClientIDs: []string{"c"}}).Validate() == nil {
			t.Errorf("%s was accepted", issuer)
		}
	}
}
