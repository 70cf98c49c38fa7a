package gateway

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/outdial/outdial/services/internal/signin"
)

// claimsKey is where a request has the claims that the authorizer has checked:
// requestContext.authorizer.jwt.claims.
type claimsKey struct{}

// Checker checks the token that a request carries. Its errors are those of
// package signin.
type Checker interface {
	Authenticate(r *http.Request) (signin.Principal, error)
}

// SignIn says who makes a request. It takes that from the claims that API
// Gateway's JWT authorizer has checked and from nowhere else. With a Checker the
// token itself is checked once more, and has to say the very same: so a route
// that by mistake has another authorizer, or none, lets nobody in.
type SignIn struct {
	Tokens Checker // nil: API Gateway alone checks tokens
}

// Authenticate gives the principal. Its error is an *signin.Error.
func (s SignIn) Authenticate(r *http.Request) (signin.Principal, error) {
	claims, ok := r.Context().Value(claimsKey{}).(map[string]string)
	if !ok {
		return signin.Principal{}, &signin.Error{Code: signin.CodeMissing, Detail: "the request has no access token that API Gateway has checked"}
	}
	p, err := signin.PrincipalFromClaims(claims)
	if err != nil || s.Tokens == nil {
		return p, err
	}
	checked, err := s.Tokens.Authenticate(withScheme(r))
	if err != nil {
		return signin.Principal{}, err
	}
	if !reflect.DeepEqual(p, checked) {
		return signin.Principal{}, &signin.Error{Code: signin.CodeMalformed, Detail: "the token says something else than the claims that API Gateway has read"}
	}
	return checked, nil
}

// withScheme gives a request whose Authorization header is the bare token the
// scheme that Bearer tokens have: API Gateway's JWT authorizer takes "only the
// token, or the token prefixed with Bearer" (Amazon API Gateway Developer Guide,
// "Control access to HTTP APIs with JWT authorizers"). Were the check in code
// stricter, switching it on would lock clients out.
func withScheme(r *http.Request) *http.Request {
	token := r.Header.Get("Authorization")
	if token == "" || strings.Contains(token, " ") {
		return r
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}
