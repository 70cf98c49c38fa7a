package devissuer

import (
	"net/http"
	"net/url"
	"slices"
	"time"
)

// logout ends the browser's session. It takes Cognito's parameters (client_id,
// logout_uri) and those of OpenID Connect RP-Initiated Logout 1.0 (client_id,
// post_logout_redirect_uri, state), and leads back to registered URLs only.
func (i *Issuer) logout(w http.ResponseWriter, r *http.Request) {
	if cookie := cookieOf(r); cookie != "" {
		if err := i.endSession(cookie); err != nil {
			i.failPage(w, r, err)
			return
		}
	}
	i.setCookie(w, "", -time.Second)
	q := r.URL.Query()
	back := q.Get("logout_uri")
	if back == "" {
		back = q.Get("post_logout_redirect_uri")
	}
	u, err := url.Parse(back)
	switch {
	case back == "":
		i.showMessage(w, r, http.StatusOK, "You are signed out", "You can close this page.")
	case err != nil || !i.allowsReturn(q.Get("client_id"), back):
		i.showMessage(w, r, http.StatusBadRequest, "You are signed out", "The page that you were to be sent back to is not registered for this client.")
	default:
		if state := q.Get("state"); state != "" {
			query := u.Query()
			query.Set("state", state)
			u.RawQuery = query.Encode()
		}
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, u.String(), http.StatusSeeOther) //nolint:gosec // G710: the URL is registered for the client
	}
}

// allowsReturn tells whether back is registered for the client or, if none is named,
// for any.
func (i *Issuer) allowsReturn(clientID, back string) bool {
	return slices.ContainsFunc(i.clients, func(c client) bool {
		return (clientID == "" || c.id == clientID) && slices.Contains(c.returns, back)
	})
}
