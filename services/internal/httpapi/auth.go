package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/signin"
)

// authenticated lets a request on only with an access token that has the scope of
// its route.
func (s *Server) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found := routeOf(r.Context())
		if found.Scope == "" {
			next.ServeHTTP(w, r)
			return
		}
		p, err := s.SignIn.Authenticate(r)
		if err != nil {
			s.refuseSignIn(w, r, err)
			return
		}
		if !p.Has(found.Scope) {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer error="insufficient_scope", scope=%q`, found.Scope))
			s.fail(w, r, problemError(api.ProblemCodeForbidden, "%s", missingScope(p, found.Scope)))
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), principalKey{}, p)))
	})
}

func missingScope(p signin.Principal, scope string) string {
	if scope == signin.ScopeAdmin && !p.Machine {
		return fmt.Sprintf("This takes a token with the scope %s, of a member of the group %s.", scope, signin.AdminGroup)
	}
	return fmt.Sprintf("This takes a token with the scope %s.", scope)
}

// refuseSignIn answers as RFC 6750 says: without a token only the challenge,
// else what is wrong with it.
func (s *Server) refuseSignIn(w http.ResponseWriter, r *http.Request, err error) {
	var refused *signin.Error
	if !errors.As(err, &refused) {
		s.fail(w, r, err)
		return
	}
	switch refused.Code {
	case signin.CodeUnavailable:
		s.fail(w, r, fmt.Errorf("%w: %w", errUnavailable, err))
		return
	case signin.CodeMissing, signin.CodeNotBearer:
		w.Header().Set("WWW-Authenticate", "Bearer")
	default:
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer error="invalid_token", error_description=%q`, refused.Detail))
	}
	s.fail(w, r, problemError(api.ProblemCodeUnauthorized, "Sign in: %s.", refused.Detail))
}
