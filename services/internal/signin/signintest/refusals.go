package signintest

import (
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/signin"
)

// Refusal is a request that must not be let in.
type Refusal struct {
	Name          string
	Authorization []string // values of the Authorization header, one each
	Code          signin.Code
}

// Refusals is the table of what every route must refuse, whatever its scope. The
// tokens are good in all but what the name says: they would have all scopes.
func (i *Issuer) Refusals(t testing.TB, now time.Time) []Refusal {
	t.Helper()
	scope := strings.Join(signin.Scopes(), " ")
	person := func(changes Claims) string { return Sign(t, i.Person("anna", scope, now, changes)) }
	headed := func(changes Claims) string {
		header := merge(Claims{"alg": "RS256", "kid": KeyID}, changes)
		return SignWith(t, header, i.Person("anna", scope, now, nil), Key())
	}
	good := person(nil)
	parts := strings.Split(good, ".")
	idToken := Sign(t, i.ID("anna", now, nil))
	// The same, from an issuer without token_use, and for an audience of ours.
	plainID := Sign(t, i.ID("anna", now, Claims{"token_use": nil, "aud": Audience, "scope": scope}))

	refusals := []Refusal{
		{"no header", nil, signin.CodeMissing},
		{"another scheme", []string{"Basic YTpi"}, signin.CodeNotBearer},
		{"a token without a scheme", []string{good}, signin.CodeNotBearer},
		{"an empty header", []string{""}, signin.CodeNotBearer},
		{"the scheme alone", []string{"Bearer"}, signin.CodeMalformed},
		{"the header twice", []string{"Bearer " + good, "Bearer " + good}, signin.CodeMalformed},
		{"two tokens in one header", []string{"Bearer " + good + " " + good}, signin.CodeMalformed},
		{"two tokens with a comma", []string{"Bearer " + good + ", Bearer " + good}, signin.CodeMalformed},
	}
	for _, token := range []struct {
		name, token string
		code        signin.Code
	}{
		{"not a JWT", "secret", signin.CodeMalformed},
		{"a JWT without its signature part", parts[0] + "." + parts[1], signin.CodeMalformed},
		{"a part that isn't base64url", parts[0] + ".~~~." + parts[2], signin.CodeMalformed},
		{"longer than 8 KiB", person(Claims{"junk": strings.Repeat("x", 8<<10)}), signin.CodeMalformed},
		{"a header that asks for an extension", headed(Claims{"crit": []string{"exp"}}), signin.CodeMalformed},
		{"no key id", headed(Claims{"kid": nil}), signin.CodeMalformed},
		{"claims that are no object", SignRaw(t, `["iss"]`), signin.CodeMalformed},
		{"a claim that stands twice", SignRaw(t, `{"iss":"`+i.URL+`","sub":"a","sub":"b"}`), signin.CodeMalformed},
		{"a claim of the wrong type", person(Claims{"sub": 7}), signin.CodeMalformed},
		{"groups of the wrong type", person(Claims{"cognito:groups": []any{1, 2}}), signin.CodeMalformed},
		{"no subject", person(Claims{"sub": nil}), signin.CodeMalformed},
		{"a subject with a line break", person(Claims{"sub": "anna\nadmin"}), signin.CodeMalformed},
		{"a subject of 256 characters", person(Claims{"sub": strings.Repeat("a", 256)}), signin.CodeMalformed},

		{"alg none", SignWith(t, Claims{"alg": "none", "kid": KeyID}, i.Person("anna", scope, now, nil), Key()), signin.CodeBadAlgorithm},
		{"HS256 with the public key as secret", SignWith(t, Claims{"alg": "HS256", "kid": KeyID}, i.Person("anna", scope, now, nil), Key()), signin.CodeBadAlgorithm},
		{"RS512", headed(Claims{"alg": "RS512"}), signin.CodeBadAlgorithm},
		{"PS256", headed(Claims{"alg": "PS256"}), signin.CodeBadAlgorithm},

		{"an unknown key", headed(Claims{"kid": "key-of-nobody"}), signin.CodeUnknownKey},
		{"signed by another key under the same id", SignWith(t, Claims{"alg": "RS256", "kid": KeyID}, i.Person("anna", scope, now, nil), OtherKey()), signin.CodeBadSignature},
		{"another key brought along in the header", SignWith(t, Claims{"alg": "RS256", "kid": KeyID, "jwk": Public(KeyID, OtherKey())}, i.Person("anna", scope, now, nil), OtherKey()), signin.CodeBadSignature},
		{"claims changed after signing", parts[0] + "." + strings.Split(Sign(t, i.Person("bert", scope, now, nil)), ".")[1] + "." + parts[2], signin.CodeBadSignature},
		{"no signature", parts[0] + "." + parts[1] + ".", signin.CodeBadSignature},

		{"another issuer", person(Claims{"iss": "https://issuer.example.com"}), signin.CodeWrongIssuer},
		{"the issuer with a slash more", person(Claims{"iss": i.URL + "/"}), signin.CodeWrongIssuer},
		{"no issuer", person(Claims{"iss": nil}), signin.CodeWrongIssuer},

		{"expired", person(Claims{"exp": now.Add(-time.Minute).Unix()}), signin.CodeExpired},
		{"without an end", person(Claims{"exp": nil}), signin.CodeMalformed},
		{"not yet valid", person(Claims{"nbf": now.Add(time.Minute).Unix()}), signin.CodeNotYetValid},
		{"issued in the future", person(Claims{"iat": now.Add(time.Minute).Unix()}), signin.CodeNotYetValid},

		{"an ID token", idToken, signin.CodeNotAccessToken},
		{"an ID token that doesn't say so", plainID, signin.CodeNotAccessToken},
		{"no sign of being an access token", person(Claims{"token_use": nil}), signin.CodeNotAccessToken},
		{"our audience but no scope", person(Claims{"token_use": nil, "aud": Audience, "scope": nil}), signin.CodeNotAccessToken},
		{"another type of token", headed(Claims{"typ": "logout+jwt"}), signin.CodeNotAccessToken},
		{"an ID token with the type of an access token", SignWith(t, Claims{"alg": "RS256", "kid": KeyID, "typ": "at+jwt"}, i.ID("anna", now, nil), Key()), signin.CodeNotAccessToken},

		{"another audience", person(Claims{"aud": "https://another.test"}), signin.CodeWrongAudience},
		{"our client but another audience", person(Claims{"aud": []string{"https://another.test", ClientID}}), signin.CodeWrongAudience},
		{"another client", person(Claims{"client_id": "another-client"}), signin.CodeWrongAudience},
		{"no client and no audience", person(Claims{"client_id": nil}), signin.CodeWrongAudience},
	} {
		refusals = append(refusals, Refusal{token.name, []string{"Bearer " + token.token}, token.code})
	}
	return refusals
}
