package devissuer

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// oauthError is the answer of the token endpoint to a bad request (RFC 6749,
// section 5.2).
type oauthError struct {
	Code   string `json:"error"`
	Detail string `json:"error_description,omitempty"`
}

func (e *oauthError) Error() string { return e.Code + ": " + e.Detail }

// The errors that only the token and revocation endpoints have.
const (
	errInvalidClient    = "invalid_client"
	errInvalidGrant     = "invalid_grant"
	errUnsupportedGrant = "unsupported_grant_type"
	errUnsupportedToken = "unsupported_token_type"
)

// tokens is the answer of the token endpoint (RFC 6749, section 5.1).
type tokens struct {
	Access    string `json:"access_token"`
	Type      string `json:"token_type"`
	ExpiresIn int    `json:"expires_in"` // seconds
	Refresh   string `json:"refresh_token,omitempty"`
	ID        string `json:"id_token,omitempty"`
	Scope     string `json:"scope"`
}

func bearer(scopes []string) tokens {
	return tokens{Type: "Bearer", ExpiresIn: int(accessLife.Seconds()), Scope: strings.Join(scopes, " ")}
}

// token answers the token endpoint.
func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	c, form, err := i.clientOf(r)
	if err != nil {
		i.failToken(w, r, err)
		return
	}
	var answer tokens
	switch grant := form.Get("grant_type"); {
	case grant == "authorization_code" && !c.machine:
		answer, err = i.exchangeCode(c, form)
	case grant == "refresh_token" && !c.machine:
		answer, err = i.exchangeRefresh(c, form)
	case grant == "client_credentials" && c.machine:
		answer, err = i.exchangeSecret(c, form)
	case slices.Contains([]string{"authorization_code", "refresh_token", "client_credentials"}, grant):
		err = &oauthError{errUnauthorizedClient, "this client may not use this grant_type"}
	default:
		err = &oauthError{errUnsupportedGrant, "grant_type must be authorization_code, refresh_token or client_credentials"}
	}
	if err != nil {
		i.failToken(w, r, err)
		return
	}
	i.writeJSON(w, r, http.StatusOK, answer)
}

func (i *Issuer) exchangeCode(c client, form url.Values) (tokens, error) {
	r := redemption{
		secret: form.Get("code"), client: c.id, redirect: form.Get("redirect_uri"), verifier: form.Get("code_verifier"),
	}
	var answer tokens
	err := i.codes.redeem(r, i.config.Now(), func(found code) (err error) {
		answer, err = i.answerPerson(found.authorization)
		if err == nil && slices.Contains(found.Scopes, scopeOffline) {
			answer.Refresh, err = i.beginRefresh(found.chain, found.authorization)
		}
		return err
	}, i.endRefresh)
	if errors.Is(err, errBadCode) {
		err = &oauthError{errInvalidGrant, "the code is unknown, expired or used, or does not fit client, redirect_uri or code_verifier"}
	}
	return answer, err
}

func (i *Issuer) exchangeRefresh(c client, form url.Values) (tokens, error) {
	refused := &oauthError{errInvalidGrant, "the refresh token is unknown, expired, revoked or was used before"}
	next, a, err := i.rotateRefresh(form.Get("refresh_token"), c.id)
	if errors.Is(err, errBadRefresh) {
		return tokens{}, refused
	}
	if err != nil {
		return tokens{}, err
	}
	answer, err := i.answerPerson(a)
	answer.Refresh = next
	return answer, err
}

// answerPerson makes the tokens of a person as he is now: groups may have changed.
func (i *Issuer) answerPerson(a authorization) (tokens, error) {
	id, err := i.readIdentity()
	if err != nil {
		return tokens{}, err
	}
	u, ok := id.user(bySubject(a.Subject))
	if !ok {
		return tokens{}, &oauthError{errInvalidGrant, "the user is gone"}
	}
	answer := bearer(a.Scopes)
	answer.Access, answer.ID, err = i.personTokens(a, u, i.config.Now())
	return answer, err
}

func (i *Issuer) exchangeSecret(c client, form url.Values) (tokens, error) {
	scopes, allowed := c.grantedScopes(form.Get("scope"))
	if !allowed {
		return tokens{}, &oauthError{errInvalidScope, "this client may ask for: " + strings.Join(c.scopes, " ")}
	}
	answer := bearer(scopes)
	var err error
	answer.Access, err = i.machineToken(c, scopes, i.config.Now())
	return answer, err
}

// revoke ends a refresh token with its whole chain (RFC 7009). An unknown token is
// no error.
func (i *Issuer) revoke(w http.ResponseWriter, r *http.Request) {
	c, form, err := i.clientOf(r)
	if err != nil {
		i.failToken(w, r, err)
		return
	}
	token := form.Get("token")
	if strings.Count(token, ".") == 2 { // a JWT
		i.failToken(w, r, &oauthError{errUnsupportedToken, "an access token can't be revoked: it ends by itself within an hour"})
		return
	}
	if err := i.revokeRefresh(token, c.id); err != nil {
		i.failToken(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

// clientOf reads the form and tells which client sends it. The machine client proves
// itself by its secret, in the Authorization header or in the form but not in both
// (RFC 6749, section 2.3.1); public clients have none.
func (i *Issuer) clientOf(r *http.Request) (client, url.Values, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return client{}, nil, &oauthError{errInvalidRequest, "the body must be application/x-www-form-urlencoded"}
	}
	if err := r.ParseForm(); err != nil {
		return client{}, nil, &oauthError{errInvalidRequest, "the form can't be read"}
	}
	form := r.PostForm // never the query, which ends in logs
	for _, values := range form {
		if len(values) > 1 {
			return client{}, nil, &oauthError{errInvalidRequest, "a parameter is given twice"}
		}
	}
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if r.Header.Get("Authorization") != "" {
		basicID, basicSecret, ok := basicAuth(r)
		if !ok || secret != "" || (id != "" && id != basicID) {
			return client{}, nil, &oauthError{errInvalidClient, "give the client's id and secret once, by HTTP Basic or in the form"}
		}
		id, secret = basicID, basicSecret
	}
	c, known := i.client(id)
	if !known || c.machine == (secret == "") {
		return client{}, nil, &oauthError{errInvalidClient, "unknown client, or a secret that is missing or not needed"}
	}
	if c.machine {
		if err := i.checkMachine(secret); err != nil {
			return client{}, nil, err
		}
	}
	return c, form, nil
}

// basicAuth reads HTTP Basic, in which id and secret are form-encoded once more.
func basicAuth(r *http.Request) (id, secret string, ok bool) {
	rawID, rawSecret, ok := r.BasicAuth()
	id, errID := url.QueryUnescape(rawID)
	secret, errSecret := url.QueryUnescape(rawSecret)
	return id, secret, ok && errID == nil && errSecret == nil
}

func (i *Issuer) checkMachine(secret string) error {
	id, err := i.readIdentity()
	if err != nil {
		return err
	}
	if !sameSecret(secret, id.MachineSecret) {
		return &oauthError{errInvalidClient, "the secret is wrong"}
	}
	return nil
}

// failToken answers with what the client did wrong, or with an error of ours that
// only the log explains.
func (i *Issuer) failToken(w http.ResponseWriter, r *http.Request, err error) {
	bad, isBad := errors.AsType[*oauthError](err)
	switch {
	case !isBad:
		i.config.Log.ErrorContext(r.Context(), "no token could be given", "error", err)
		i.writeJSON(w, r, http.StatusInternalServerError, oauthError{Code: "server_error"})
	case bad.Code == errInvalidClient:
		if r.Header.Get("Authorization") != "" { // otherwise browsers would ask for a password
			w.Header().Set("WWW-Authenticate", `Basic realm="outdial development issuer"`)
		}
		i.writeJSON(w, r, http.StatusUnauthorized, bad)
	default:
		i.writeJSON(w, r, http.StatusBadRequest, bad)
	}
}
