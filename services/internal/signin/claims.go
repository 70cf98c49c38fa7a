package signin

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	// leeway is granted to clocks that differ.
	leeway = 30 * time.Second
	// maxSubject is the longest sub there is, in bytes (OpenID Connect Core 1.0,
	// section 2).
	maxSubject = 255
)

// claims are what a token says, of which nothing is believed before the
// signature is checked.
type claims struct {
	Issuer    string           `json:"iss"`
	Subject   string           `json:"sub"`
	Audience  jwt.Audience     `json:"aud"`
	Expiry    *jwt.NumericDate `json:"exp"`
	NotBefore *jwt.NumericDate `json:"nbf"`
	IssuedAt  *jwt.NumericDate `json:"iat"`
	ClientID  string           `json:"client_id"`
	TokenUse  string           `json:"token_use"`
	Scope     words            `json:"scope"`
	Scp       words            `json:"scp"` // what some issuers call scope; API Gateway reads both

	// Only a person's token has these.
	Username          string `json:"username"`
	PreferredUsername string `json:"preferred_username"`

	// Only an ID token has these (OpenID Connect Core 1.0, sections 2 and 3.1.3.6).
	Nonce           string `json:"nonce"`
	AccessTokenHash string `json:"at_hash"`
	CodeHash        string `json:"c_hash"`

	groups names // their claim's name is configured
}

// words is a list that stands in JSON as a string with spaces or as an array.
type words []string

// UnmarshalJSON takes either form.
func (w *words) UnmarshalJSON(data []byte) error {
	var list []string
	if err := json.Unmarshal(data, &list); err == nil {
		*w = list
		return nil
	}
	var line string
	if err := json.Unmarshal(data, &line); err != nil {
		return err
	}
	*w = strings.Fields(line)
	return nil
}

// names is a list that stands in JSON as an array, or as a string if there is one
// only. A name may hold spaces: were it taken apart at them, who is in the group
// "not admins" would be in the group "admins".
type names []string

// UnmarshalJSON takes either form.
func (n *names) UnmarshalJSON(data []byte) error {
	var list []string
	if err := json.Unmarshal(data, &list); err == nil {
		*n = list
		return nil
	}
	var one string
	if err := json.Unmarshal(data, &one); err != nil {
		return err
	}
	*n = names{one}
	return nil
}

// set gives the list sorted, each entry once; nil if it is empty.
func set(list []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// checkTime refuses a token whose time is over or has not come.
func (c *claims) checkTime(now time.Time) error {
	switch {
	case c.Expiry == nil:
		return refuse(CodeMalformed, "the token has no exp")
	case now.Add(-leeway).After(c.Expiry.Time()):
		return refuse(CodeExpired, "the token has expired")
	case c.NotBefore != nil && now.Add(leeway).Before(c.NotBefore.Time()):
		return refuse(CodeNotYetValid, "the token is not valid yet")
	case c.IssuedAt != nil && now.Add(leeway).Before(c.IssuedAt.Time()):
		return refuse(CodeNotYetValid, "the token was issued in the future")
	}
	return nil
}

// checkUse refuses what isn't an access token. typ is the header's type, in
// lower case.
func (c *claims) checkUse(typ string) error {
	notAccess := refuse(CodeNotAccessToken, "this is not an access token")
	switch strings.TrimPrefix(typ, "application/") {
	case "at+jwt":
		if c.TokenUse != "" && c.TokenUse != "access" {
			return notAccess
		}
		return nil
	case "", "jwt":
	default: // a logout token, a security event, somebody's own type
		return notAccess
	}
	if c.TokenUse != "" {
		if c.TokenUse != "access" {
			return notAccess
		}
		return nil
	}
	// The token doesn't say what it is. The audience, checked by whoever calls,
	// speaks for it, unless it looks like an ID token.
	looksLikeID := c.Nonce != "" || c.AccessTokenHash != "" || c.CodeHash != ""
	if looksLikeID || len(c.scopes()) == 0 || len(c.Audience) == 0 {
		return notAccess
	}
	return nil
}

// checkAudience refuses what is meant for another API. Only a token without aud
// may be known by its client: one that has an aud says itself for whom it is.
func (c *claims) checkAudience(audiences, clientIDs []string) error {
	if len(c.Audience) == 0 {
		if !slices.Contains(clientIDs, c.ClientID) {
			return refuse(CodeWrongAudience, "the token was given to a client that this API does not accept")
		}
		return nil
	}
	if !slices.ContainsFunc(audiences, c.Audience.Contains) {
		return refuse(CodeWrongAudience, "the token is meant for another audience")
	}
	return nil
}

func (c *claims) scopes() []string { return slices.Concat(c.Scope, c.Scp) }

// isMachine: see the package's documentation for the rule and its reason.
func (c *claims) isMachine() bool {
	return c.ClientID != "" && c.Subject == c.ClientID &&
		c.Username == "" && c.PreferredUsername == "" && len(c.groups) == 0
}

// principal makes of checked claims who it is.
func (c *claims) principal() (Principal, error) {
	if !isSubject(c.Subject) {
		return Principal{}, refuse(CodeMalformed, "sub must have 1 to 255 printable ASCII characters")
	}
	return Principal{
		Owner:    c.Subject,
		Subject:  c.Subject,
		ClientID: c.ClientID,
		Scopes:   set(c.scopes()),
		Groups:   set(c.groups),
		Machine:  c.isMachine(),
		Expires:  c.Expiry.Time().UTC(),
	}, nil
}

// isSubject holds sub to what the standard allows, because it becomes part of
// keys in stores and of lines in logs.
func isSubject(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return s != "" && len(s) <= maxSubject
}

// PrincipalFromClaims makes the principal from claims that API Gateway's JWT
// authorizer has checked: requestContext.authorizer.jwt.claims, all of them
// strings. The authorizer has checked signature, issuer, audience and times; it
// doesn't know ID tokens from access tokens, so that is checked here.
//
// A list arrives as "[a b]". Groups are read from DefaultGroupsClaim only: group
// names of Cognito have no spaces, so this form can be taken apart again.
func PrincipalFromClaims(checked map[string]string) (Principal, error) {
	exp, err := strconv.ParseFloat(checked["exp"], 64)
	if err != nil || !(exp > 0 && exp < 1<<40) { // NaN is neither
		return Principal{}, refuse(CodeMalformed, "exp must be a number of seconds")
	}
	c := claims{
		Subject:           checked["sub"],
		Audience:          unbracket(checked["aud"]),
		Expiry:            jwt.NewNumericDate(time.Unix(int64(exp), 0)),
		ClientID:          checked["client_id"],
		TokenUse:          checked["token_use"],
		Scope:             unbracket(checked["scope"]),
		Scp:               unbracket(checked["scp"]),
		Username:          checked["username"],
		PreferredUsername: checked["preferred_username"],
		Nonce:             checked["nonce"],
		AccessTokenHash:   checked["at_hash"],
		CodeHash:          checked["c_hash"],
		groups:            unbracket(checked[DefaultGroupsClaim]),
	}
	if err := c.checkUse(""); err != nil {
		return Principal{}, err
	}
	return c.principal()
}

// unbracket takes "[a b]" or "a b" apart.
func unbracket(s string) []string {
	if inner, ok := strings.CutPrefix(s, "["); ok && strings.HasSuffix(inner, "]") {
		s = strings.TrimSuffix(inner, "]")
	}
	return strings.Fields(s)
}
