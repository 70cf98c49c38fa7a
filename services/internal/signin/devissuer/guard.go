package devissuer

import (
	"net/http"

	"github.com/outdial/outdial/services/internal/signin/discovery"
)

// onlyThisMachine refuses whatever doesn't come from this machine and to this
// machine by one of its loopback names:
//
//   - another sender: the server may listen on more than loopback;
//   - another Host: a web page anywhere can point a name of its own at 127.0.0.1
//     and so have the browser talk to us as if we were that page's server (DNS
//     rebinding);
//   - a request that was passed on: behind a proxy on this machine, every sender
//     looks local.
func onlyThisMachine(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		passedOn := r.Header.Get("Forwarded") != "" || r.Header.Get("X-Forwarded-For") != "" ||
			r.Header.Get("X-Forwarded-Host") != ""
		if !discovery.IsLoopback(r.RemoteAddr) || !discovery.IsLoopback(r.Host) || passedOn {
			http.Error(w, "The development issuer answers this machine only, at 127.0.0.1, [::1] or localhost. "+
				"For anything else, configure a real OpenID Connect issuer.", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
