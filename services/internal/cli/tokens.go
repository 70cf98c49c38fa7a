package cli

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/outdial/outdial/services/internal/serve"
	"github.com/outdial/outdial/services/internal/signin"
	"github.com/outdial/outdial/services/internal/signin/devissuer"
	"github.com/outdial/outdial/services/internal/signin/oidclogin"
)

// tokenSource gives access tokens for one server.
type tokenSource interface {
	// token gives one that still holds for a while. Was one just refused, it is
	// named, and another is given; errNoOther says that there is none.
	token(ctx context.Context, refused string) (string, error)
	// advice says what to do when the server refuses the tokens.
	advice() string
}

var errNoOther = errors.New("there is no other token")

// freshFor is how long a token must still hold to be used: a request may take a
// while, and clocks differ.
const freshFor = time.Minute

// givenToken is a token from a flag or the environment.
type givenToken struct{ value, from string }

func (t givenToken) token(_ context.Context, refused string) (string, error) {
	if refused != "" {
		return "", errNoOther
	}
	return t.value, nil
}

func (t givenToken) advice() string {
	return fmt.Sprintf("The token comes from %s: give another, or leave it out and sign in with `outdial login`.", t.from)
}

// noTokens is nobody signed in.
type noTokens struct{ err error }

func (t noTokens) token(context.Context, string) (string, error) { return "", t.err }
func (t noTokens) advice() string                                { return "" }

// notSignedIn says so; elsewhere is the server that the login is for, if there is one.
func (a *app) notSignedIn(server, elsewhere string) error {
	e := &exitError{code: exitForbidden, message: "you are not signed in to " + server}
	if elsewhere != "" {
		e.message += fmt.Sprintf(" (your sign-in is for %s)", elsewhere)
	}
	data := "DIR"
	if dir := a.defaultData(); dir != "" {
		if _, err := os.Stat(serve.IssuerDir(dir)); err == nil {
			data = dir
		}
	}
	e.advice = "Sign in with `outdial login --data " + data + "` to a server of this machine by its data folder,\n" +
		"or with `outdial login --url " + server + "` in the browser."
	return e
}

// loginTokens is what the config file has: the server it is for, and its tokens;
// nil if nobody is signed in.
func (a *app) loginTokens(file configFile, c config) (server string, tokens tokenSource, err error) {
	switch {
	case c.Login == nil:
		return "", nil, nil
	case c.Login.Data != "":
		folder := &folderTokens{dir: c.Login.Data, now: a.Now}
		server := c.URL
		if server == "" {
			// The folder knows, also after the server has moved to another port.
			if server, err = folder.server(); err != nil {
				return "", nil, err
			}
		}
		return server, folder, nil
	default:
		return c.URL, &issuedTokens{file: file, server: c.URL, http: a.http, now: a.Now}, nil
	}
}

// folderTokens makes tokens with the key in the data folder of a server on this
// machine, for its first user and with all scopes.
type folderTokens struct {
	dir     string
	now     func() time.Time
	current string
	claims  claims
}

func (f *folderTokens) token(_ context.Context, refused string) (string, error) {
	if f.current == "" || f.current == refused || f.claims.expiresBefore(f.now().Add(freshFor)) {
		if err := f.mint(); err != nil {
			return "", err
		}
	}
	return f.current, nil
}

func (f *folderTokens) mint() error {
	token, err := mint(f.dir, f.now())
	if err != nil {
		return err
	}
	f.current = token
	f.claims, err = readClaims(token)
	return err
}

// server is the URL under which the server of this folder was started last.
func (f *folderTokens) server() (string, error) {
	if err := f.mint(); err != nil {
		return "", err
	}
	u, err := url.Parse(f.claims.Issuer)
	if err != nil {
		return "", fmt.Errorf("the data folder's issuer: %w", err)
	}
	return u.Scheme + "://" + u.Host, nil
}

func (f *folderTokens) advice() string {
	return fmt.Sprintf("The token was made from the data folder %s: is it that server's?", f.dir)
}

// mint makes an access token for a folder's first user, a member of admins, with
// all scopes. The server may run or not.
func mint(data string, now time.Time) (string, error) {
	issuer, err := devissuer.Load(devissuer.Config{Dir: serve.IssuerDir(data)})
	if errors.Is(err, devissuer.ErrNotStarted) {
		return "", &exitError{
			code: exitForbidden, message: "there are no users in the data folder " + data, cause: err,
			advice: "Is it the right one? Start the server with it once: `outdial serve --data " + data + "`.",
		}
	}
	if err != nil {
		return "", err
	}
	user, err := issuer.FirstUser()
	if err != nil {
		return "", err
	}
	return issuer.MintAccessToken(user, signin.Scopes(), now)
}

// claims are what the command line reads of a token that it got itself. It
// doesn't check the signature, because it trusts nothing to them.
type claims struct {
	Issuer   string `json:"iss"`
	Username string `json:"username"`
	Expires  int64  `json:"exp"`
}

func (c claims) expires() time.Time             { return time.Unix(c.Expires, 0) }
func (c claims) expiresBefore(t time.Time) bool { return c.Expires != 0 && c.expires().Before(t) }
func readClaims(token string) (c claims, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c, errors.New("the token is not a JWT")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(payload, &c)
	}
	if err != nil {
		return c, fmt.Errorf("the token is not a JWT: %w", err)
	}
	return c, nil
}

// issuedTokens are those that an issuer gave at `outdial login`. They are
// refreshed shortly before they expire.
type issuedTokens struct {
	file   configFile
	server string
	http   *http.Client
	now    func() time.Time
}

func (t *issuedTokens) token(ctx context.Context, refused string) (string, error) {
	c, err := t.file.load()
	if err != nil {
		return "", err
	}
	if t.usable(c.Login, refused) {
		return c.Login.AccessToken, nil
	}
	var token string
	err = t.file.update(func(c *config) error {
		// Another process may have refreshed, or signed out, in the meantime.
		if !t.usable(c.Login, refused) {
			if err := t.refresh(ctx, c); err != nil {
				return err
			}
		}
		token = c.Login.AccessToken
		return nil
	})
	return token, err
}

func (t *issuedTokens) usable(l *login, refused string) bool {
	return l != nil && l.AccessToken != "" && l.AccessToken != refused &&
		(l.ExpiresAt.IsZero() || l.ExpiresAt.After(t.now().Add(freshFor)))
}

func (t *issuedTokens) refresh(ctx context.Context, c *config) error {
	ended := &exitError{code: exitForbidden, message: "your sign-in to " + t.server + " has ended", advice: t.advice()}
	if c.Login == nil || c.Login.RefreshToken == "" || c.URL != t.server {
		return ended
	}
	got, err := oidclogin.Refresh(ctx, oidclogin.Config{
		Issuer: c.Login.Issuer, ClientID: c.Login.ClientID, Client: t.http, Now: t.now,
	}, c.Login.RefreshToken)
	refused, isRefusal := errors.AsType[*oidclogin.IssuerError](err)
	switch {
	case isRefusal:
		ended.details, ended.cause = []string{refused.Error()}, err
		return ended
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return &networkError{url: c.Login.Issuer, err: innermost(err)}
	}
	c.Login.keep(got)
	return nil
}

// keep takes over new tokens. An issuer that doesn't rotate refresh tokens gives none.
func (l *login) keep(got oidclogin.Tokens) {
	l.AccessToken, l.ExpiresAt = got.Access, got.Expiry
	if got.Refresh != "" {
		l.RefreshToken = got.Refresh
	}
}

func (t *issuedTokens) advice() string {
	return "Sign in again: `outdial login --url " + t.server + "`."
}
