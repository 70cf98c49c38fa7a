package gateway

import (
	"net/http"
	"reflect"

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
	checked, err := s.Tokens.Authenticate(r)
	if err != nil {
		return signin.Principal{}, err
	}
	if !reflect.DeepEqual(p, checked) {
		return signin.Principal{}, &signin.Error{Code: signin.CodeMalformed, Detail: "the token says something else than the claims that API Gateway has read"}
	}
	return checked, nil
}
