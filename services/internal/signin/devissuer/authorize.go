package devissuer

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// authorizeRequest is a checked request for an authorization (RFC 6749, section
// 4.1.1; OpenID Connect Core 1.0, section 3.1.2.1).
type authorizeRequest struct {
	client    client
	redirect  string
	scopes    []string
	state     string
	nonce     string
	challenge string
	prompt    []string
	maxAge    time.Duration // negative: any
	loginHint string
}

func (r authorizeRequest) asks(prompt string) bool { return slices.Contains(r.prompt, prompt) }

// authorizeError goes back to the client, unless it has no redirect: then only the
// person can be told (RFC 6749, section 4.1.2.1).
type authorizeError struct {
	code     string
	detail   string
	redirect string
	state    string
}

// The errors that an authorization can end with.
const (
	errInvalidRequest      = "invalid_request"
	errInvalidScope        = "invalid_scope"
	errUnauthorizedClient  = "unauthorized_client"
	errUnsupportedResponse = "unsupported_response_type"
	errRequestNotSupported = "request_not_supported"
	errLoginRequired       = "login_required"
	errInteraction         = "interaction_required"
)

// parseAuthorize checks a request. Client and redirect come first, since errors may
// be sent to a registered redirect only.
func (i *Issuer) parseAuthorize(q url.Values) (authorizeRequest, *authorizeError) {
	c, known := i.client(q.Get("client_id"))
	redirect := q.Get("redirect_uri")
	switch {
	case len(q["client_id"]) != 1 || !known || c.machine:
		return authorizeRequest{}, &authorizeError{code: errInvalidRequest, detail: "client_id must name a client that people sign in with"}
	case len(q["redirect_uri"]) != 1 || !c.allowsRedirect(redirect):
		return authorizeRequest{}, &authorizeError{code: errInvalidRequest, detail: "redirect_uri is not registered for this client"}
	}
	fail := func(code, detail string) (authorizeRequest, *authorizeError) {
		return authorizeRequest{}, &authorizeError{code: code, detail: detail, redirect: redirect, state: q.Get("state")}
	}
	for _, values := range q {
		if len(values) > 1 {
			return fail(errInvalidRequest, "a parameter is given twice")
		}
	}
	scopes, allowed := c.grantedScopes(q.Get("scope"))
	prompt := strings.Fields(q.Get("prompt"))
	maxAge, ageOK := parseMaxAge(q.Get("max_age"))
	switch {
	case q.Has("request") || q.Has("request_uri"):
		return fail(errRequestNotSupported, "request objects are not supported")
	case q.Get("response_type") != "code":
		return fail(errUnsupportedResponse, "response_type must be code")
	case q.Get("response_mode") != "" && q.Get("response_mode") != "query":
		return fail(errInvalidRequest, "response_mode must be query")
	case q.Get("code_challenge_method") != "S256" || !isChallenge(q.Get("code_challenge")):
		return fail(errInvalidRequest, "PKCE is required: code_challenge with code_challenge_method S256")
	case !allowed:
		return fail(errInvalidScope, "this client may ask for: "+strings.Join(c.scopes, " "))
	case len(prompt) > 1 && slices.Contains(prompt, "none"):
		return fail(errInvalidRequest, "prompt none must stand alone")
	case !ageOK:
		return fail(errInvalidRequest, "max_age must be a number of seconds")
	}
	return authorizeRequest{
		client: c, redirect: redirect, scopes: scopes, state: q.Get("state"), nonce: q.Get("nonce"),
		challenge: q.Get("code_challenge"), prompt: prompt, maxAge: maxAge, loginHint: q.Get("login_hint"),
	}, nil
}

func parseMaxAge(s string) (time.Duration, bool) {
	if s == "" {
		return -1, true
	}
	seconds, err := strconv.ParseUint(s, 10, 31)
	return time.Duration(seconds) * time.Second, err == nil
}

// authorize answers the authorization endpoint: a code at once if the session is
// enough, or the page that asks for what is missing.
func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	req, fault := i.parseAuthorize(r.URL.Query())
	if fault != nil {
		i.failAuthorize(w, r, fault)
		return
	}
	s, u, signedIn, err := i.sessionFor(r, req)
	switch {
	case err != nil:
		i.failPage(w, r, err)
	case signedIn && !req.client.native && !req.asks("consent"):
		i.giveCode(w, r, req, s)
	case req.asks("none") && signedIn:
		i.failAuthorize(w, r, req.fault(errInteraction, "the person has to be asked"))
	case req.asks("none"):
		i.failAuthorize(w, r, req.fault(errLoginRequired, "nobody is signed in"))
	case signedIn:
		i.showLogin(w, r, req, http.StatusOK, loginPage{SignedIn: u.Name})
	default:
		i.showLogin(w, r, req, http.StatusOK, loginPage{Username: req.loginHint})
	}
}

// sessionFor gives the browser's session if it is good enough for the request.
func (i *Issuer) sessionFor(r *http.Request, req authorizeRequest) (session, user, bool, error) {
	s, u, ok, err := i.sessionOf(r)
	tooOld := req.maxAge >= 0 && i.config.Now().Sub(s.At) > req.maxAge
	anew := req.asks("login") || req.asks("select_account")
	return s, u, ok && !tooOld && !anew, err
}

func (r authorizeRequest) fault(code, detail string) *authorizeError {
	return &authorizeError{code: code, detail: detail, redirect: r.redirect, state: r.state}
}

// giveCode sends the person back to the client with a code.
func (i *Issuer) giveCode(w http.ResponseWriter, r *http.Request, req authorizeRequest, s session) {
	secret, err := newSecret(i.config.Rand)
	if err != nil {
		i.failPage(w, r, err)
		return
	}
	chain, err := i.newID()
	if err != nil {
		i.failPage(w, r, err)
		return
	}
	i.codes.add(secret, code{
		authorization: authorization{
			Subject: s.Subject, Client: req.client.id, Scopes: req.scopes, At: s.At, Origin: s.Origin, nonce: req.nonce,
		},
		redirect: req.redirect, challenge: req.challenge, chain: chain, made: i.config.Now(),
	})
	i.redirectBack(w, r, req.redirect, req.state, url.Values{"code": {secret}})
}

func (i *Issuer) failAuthorize(w http.ResponseWriter, r *http.Request, fault *authorizeError) {
	if fault.redirect == "" {
		i.showMessage(w, r, http.StatusBadRequest, "This link does not work", fault.detail+
			". Whoever made the link, or the program's configuration, has to mend it.")
		return
	}
	i.redirectBack(w, r, fault.redirect, fault.state, url.Values{
		"error": {fault.code}, "error_description": {fault.detail},
	})
}

// redirectBack sends the browser to a registered redirect. The issuer names itself,
// so that a client with several issuers can't be led to the wrong one (RFC 9207).
// 303 makes a GET of a form's POST, so that the password isn't sent on (RFC 9700,
// section 4.12).
func (i *Issuer) redirectBack(w http.ResponseWriter, r *http.Request, redirect, state string, answer url.Values) {
	u, err := url.Parse(redirect)
	if err != nil {
		i.failPage(w, r, err)
		return
	}
	q := u.Query() // a registered redirect may have a query of its own
	maps.Copy(q, answer)
	if state != "" {
		q.Set("state", state)
	}
	q.Set("iss", i.config.Issuer)
	u.RawQuery = q.Encode()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, u.String(), http.StatusSeeOther) //nolint:gosec // G710: the redirect is registered for the client
}
