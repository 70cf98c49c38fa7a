package httpapi

import (
	"context"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/outdial/outdial/contracts/api"
)

// routed finds the operation that a request is for. Only what is one of
// api.Routes, whose scope is known, gets any further; there is nothing behind
// other paths, so they need no token.
func (s *Server) routed(mux *http.ServeMux, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found, ok := findRoute(mux, r, r.Method)
		if !ok {
			s.refuseRoute(mux, w, r)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), routeKey{}, found)))
	})
}

// routeOf is the operation that routed found.
func routeOf(ctx context.Context) api.Route {
	found, _ := ctx.Value(routeKey{}).(api.Route)
	return found
}

// findRoute asks the very mux that will serve the request, so that both read its
// path in the same way. A path that the mux would clean and answer with a
// redirect is none of ours: a client would follow it as GET, or not at all.
func findRoute(mux *http.ServeMux, r *http.Request, method string) (api.Route, bool) {
	if escaped := r.URL.EscapedPath(); escaped != path.Clean(escaped) {
		return api.Route{}, false
	}
	asked := *r
	asked.Method = method
	_, pattern := mux.Handler(&asked)
	i := slices.IndexFunc(api.Routes, func(route api.Route) bool { return route.Pattern() == pattern })
	if i < 0 {
		return api.Route{}, false
	}
	return api.Routes[i], true
}

// refuseRoute answers paths and methods that the API doesn't have.
func (s *Server) refuseRoute(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut} {
		if _, ok := findRoute(mux, r, method); ok {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		s.fail(w, r, problemError(api.ProblemCodeNotFound, "There is no path %s. All paths begin with %s.", shortened(r.URL.Path), api.BasePath))
		return
	}
	methods := strings.Join(allowed, ", ")
	w.Header().Set("Allow", methods)
	s.fail(w, r, problemError(api.ProblemCodeMethodNotAllowed, "%s is not possible here; the path knows %s.", shortened(r.Method), methods))
}

// pattern is a regular expression that is compiled when it is first needed: a
// Lambda function starts often, and somebody waits for its first answer.
func pattern(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// ULIDs as the document writes them, and what is made of them.
var (
	callID    = pattern(`^call_[0-9A-HJKMNP-TV-Z]{26}(-[0-9]{6})?$`)
	batchID   = pattern(`^batch_[0-9A-HJKMNP-TV-Z]{26}$`)
	redriveID = pattern(`^redrive_[0-9A-HJKMNP-TV-Z]{26}$`)
)

// harmlessPath is a path of which nothing but words and ids stands in it.
// Somebody may write a phone number where an id belongs.
var harmlessPath = pattern(`^(/v1|/[a-z][a-z.-]{0,30}|/(call|batch|redrive)_[0-9A-Z]{26}(-[0-9]{6})?)+$`)

// loggedPath is a request's path as it may stand in the log.
func loggedPath(r *http.Request) string {
	if !harmlessPath().MatchString(r.URL.Path) {
		return "(not shown)"
	}
	return r.URL.Path
}
