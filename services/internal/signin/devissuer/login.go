package devissuer

import (
	_ "embed" // login page
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/outdial/outdial/services/internal/signin/page"
)

// sessionCookie holds the session's secret. It is sent to the issuer's path only.
const sessionCookie = "outdial_dev_session"

//go:embed login.html
var loginHTML string

var (
	loginTemplate   = page.New(loginHTML)
	messageTemplate = page.New(`{{define "title"}}{{.Title}}{{end}}{{define "main"}}<h1>{{.Title}}</h1><p>{{.Text}}</p>{{end}}`)
)

// loginPage is what the login page shows.
type loginPage struct {
	Client   string // to which the person is on the way
	Action   string // where the form goes
	Another  string // the same, but signing in anew
	SignedIn string // who is signed in and only has to say yes
	Username string
	Error    string
}

// login takes the login page's form. The authorization that it is for stands in the
// query, and is checked again.
func (i *Issuer) login(w http.ResponseWriter, r *http.Request) {
	// Only our own page may sign somebody in, or say yes in his name.
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		i.showMessage(w, r, http.StatusForbidden, "That did not come from here", "The form was sent by another page. Start again from the program that you want to sign in to.")
		return
	}
	req, fault := i.parseAuthorize(r.URL.Query())
	if fault != nil {
		i.failAuthorize(w, r, fault)
		return
	}
	if err := r.ParseForm(); err != nil {
		i.showMessage(w, r, http.StatusBadRequest, "The form can't be read", "Go back and send it again.")
		return
	}
	if r.PostForm.Has("continue") {
		i.confirm(w, r, req)
		return
	}
	i.signIn(w, r, req, r.PostForm.Get("username"), r.PostForm.Get("password"))
}

// confirm goes on with the session that the page showed.
func (i *Issuer) confirm(w http.ResponseWriter, r *http.Request, req authorizeRequest) {
	s, _, ok, err := i.sessionFor(r, req)
	switch {
	case err != nil:
		i.failPage(w, r, err)
	case !ok: // ended meanwhile
		i.showLogin(w, r, req, http.StatusForbidden, loginPage{Error: "You have been signed out meanwhile. Sign in again."})
	default:
		i.giveCode(w, r, req, s)
	}
}

func (i *Issuer) signIn(w http.ResponseWriter, r *http.Request, req authorizeRequest, name, password string) {
	u, right, wait, err := i.checkPassword(name, password)
	switch {
	case err != nil:
		i.failPage(w, r, err)
		return
	case wait > 0:
		i.config.Log.WarnContext(r.Context(), "too many wrong passwords", "user", u.Name)
		w.Header().Set("Retry-After", fmt.Sprintf("%.0f", wait.Seconds()))
		i.showLogin(w, r, req, http.StatusTooManyRequests, loginPage{
			Username: name,
			Error:    fmt.Sprintf("Too many wrong passwords. Try again in %.0f seconds.", wait.Seconds()),
		})
		return
	case !right:
		// The name as it was typed isn't logged: now and then it is a password.
		i.config.Log.WarnContext(r.Context(), "wrong user name or password", "user", u.Name)
		i.showLogin(w, r, req, http.StatusForbidden, loginPage{Username: name, Error: "The user name or the password is wrong."})
		return
	}
	cookie, s, err := i.beginSession(u.Subject, cookieOf(r))
	if err != nil {
		i.failPage(w, r, err)
		return
	}
	i.config.Log.InfoContext(r.Context(), "signed in", "user", u.Name, "client", req.client.id)
	i.setCookie(w, cookie, sessionLife)
	i.giveCode(w, r, req, s)
}

// showLogin shows the page. Its form may be sent to us and from here on to the
// client: some browsers hold redirects to the policy too.
func (i *Issuer) showLogin(w http.ResponseWriter, r *http.Request, req authorizeRequest, status int, p loginPage) {
	q := r.URL.Query()
	p.Client = req.client.name
	p.Action = i.Path() + pathLogin + "?" + q.Encode()
	q.Set("prompt", "login")
	p.Another = i.Path() + pathAuthorize + "?" + q.Encode()
	i.written(r, page.Write(w, status, loginTemplate, p, "'self'", originOf(req.redirect)))
}

// showMessage shows a page that only says something.
func (i *Issuer) showMessage(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	i.written(r, page.Write(w, status, messageTemplate, map[string]string{"Title": title, "Text": text}))
}

// failPage tells the person nothing but that it is our fault; the log has the cause.
func (i *Issuer) failPage(w http.ResponseWriter, r *http.Request, err error) {
	i.config.Log.ErrorContext(r.Context(), "sign-in failed", "error", err)
	i.showMessage(w, r, http.StatusInternalServerError, "Something went wrong", "The cause is in the server's log.")
}

func (i *Issuer) written(r *http.Request, err error) {
	if err != nil {
		i.config.Log.DebugContext(r.Context(), "the client went away", "error", err)
	}
}

// sessionOf gives the session of a request and its user.
func (i *Issuer) sessionOf(r *http.Request) (session, user, bool, error) {
	s, ok, err := i.findSession(cookieOf(r))
	if err != nil || !ok {
		return session{}, user{}, false, err
	}
	id, err := i.readIdentity()
	if err != nil {
		return session{}, user{}, false, err
	}
	u, ok := id.user(bySubject(s.Subject))
	return s, u, ok, nil
}

func cookieOf(r *http.Request) string {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie sets the session's cookie, or with a negative life takes it away. It
// has no Secure: loopback is plain http.
func (i *Issuer) setCookie(w http.ResponseWriter, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // see above
		Name: sessionCookie, Value: value, Path: i.Path(), MaxAge: int(life.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// originOf gives a URL's origin as a source of a content security policy, which has
// no form for IPv6 addresses.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "'self'"
	}
	if u.Hostname() != "" && u.Host[0] == '[' {
		return u.Scheme + ":"
	}
	return u.Scheme + "://" + u.Host
}
