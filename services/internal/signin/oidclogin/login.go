// Package oidclogin signs a person in on the command line with any OpenID Connect
// issuer: authorization code with PKCE, by way of the browser and a redirect to a
// port of this machine (RFC 8252).
package oidclogin

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"

	"github.com/outdial/outdial/services/internal/signin/discovery"
)

const (
	defaultRedirect = "http://127.0.0.1:0/callback"
	defaultTimeout  = 5 * time.Minute
	// answerTimeout bounds one request to the issuer.
	answerTimeout = 15 * time.Second
)

// Config says with whom to sign in and how to reach the person.
type Config struct {
	Issuer   string
	ClientID string // of a public client: it has no secret
	Scopes   []string
	// Redirect is the loopback URL that the issuer sends the browser back to. Port 0
	// takes any free one, which RFC 8252 wants issuers to allow; where the issuer
	// compares the whole URL, as Cognito does, name the registered one. Empty:
	// http://127.0.0.1:0/callback.
	Redirect string

	// ShowURL tells the person where to sign in. It is always called, because there
	// may be no browser here, or the wrong one.
	ShowURL func(address string)
	// OpenBrowser opens the address and doesn't wait; nil, or an error, leaves it to
	// the person.
	OpenBrowser func(address string) error
	// Timeout is how long the person may take; 0: 5 minutes.
	Timeout time.Duration

	Client *http.Client     // nil: http.DefaultClient
	Now    func() time.Time // nil: time.Now
	Rand   io.Reader        // nil: crypto/rand
}

// Tokens are what a sign-in gives.
type Tokens struct {
	Access  string
	Refresh string    // empty if the issuer gives none
	Expiry  time.Time // of Access; zero if the issuer doesn't say
}

// ErrTimeout says that nobody signed in within the time.
var ErrTimeout = errors.New("nobody signed in within the time; start again")

// IssuerError is the issuer's refusal, in its own words (RFC 6749, sections 4.1.2.1
// and 5.2). invalid_grant on a refresh means: sign in again.
type IssuerError struct {
	Code        string
	Description string
}

func (e *IssuerError) Error() string {
	if e.Description == "" {
		return "the issuer refused: " + e.Code
	}
	return fmt.Sprintf("the issuer refused: %s (%s)", e.Description, e.Code)
}

// Login signs a person in. It waits for the browser to come back; ending ctx ends
// the waiting and gives the context's error.
func Login(ctx context.Context, c Config) (Tokens, error) {
	c = c.withDefaults()
	ctx, cancel := context.WithTimeoutCause(ctx, c.Timeout, ErrTimeout)
	defer cancel()
	doc, err := c.discover(ctx)
	if err != nil {
		return Tokens{}, err
	}
	listener, redirect, err := listen(ctx, c.Redirect)
	if err != nil {
		return Tokens{}, err
	}
	state, err := randomWord(c.Rand)
	if err != nil {
		return Tokens{}, errors.Join(err, listener.Close())
	}
	verifier, err := randomWord(c.Rand)
	if err != nil {
		return Tokens{}, errors.Join(err, listener.Close())
	}
	client := c.oauth(doc)
	client.RedirectURL = redirect.String()
	cb := newCallback(redirect.Path, state, doc, func(code string) (Tokens, error) {
		return c.exchange(ctx, client, code, verifier)
	})
	defer cb.serve(ctx, listener)()

	address := client.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier))
	if c.ShowURL != nil {
		c.ShowURL(address)
	}
	if c.OpenBrowser != nil {
		_ = c.OpenBrowser(address) // ShowURL has said where to go instead
	}
	return cb.wait(ctx)
}

// Refresh takes a refresh token and gives new tokens. Where the issuer rotates them
// the old one is void afterwards, so whoever keeps tokens must let one process
// refresh at a time and keep the new ones before anything else.
func Refresh(ctx context.Context, c Config, token string) (Tokens, error) {
	c = c.withDefaults()
	doc, err := c.discover(ctx)
	if err != nil {
		return Tokens{}, err
	}
	ctx, cancel := context.WithTimeout(c.withClient(ctx), answerTimeout)
	defer cancel()
	answer, err := c.oauth(doc).TokenSource(ctx, &oauth2.Token{RefreshToken: token}).Token()
	return c.tokens(answer, err)
}

func (c Config) withDefaults() Config {
	if c.Redirect == "" {
		c.Redirect = defaultRedirect
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Client == nil {
		c.Client = http.DefaultClient
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	return c
}

// discover reads where to sign in and where to fetch tokens.
func (c Config) discover(ctx context.Context) (discovery.Document, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	doc, err := discovery.Fetch(ctx, c.Client, c.Issuer)
	if err != nil {
		return doc, fmt.Errorf("ask the issuer how to sign in: %w", err)
	}
	for _, endpoint := range []string{doc.AuthorizationEndpoint, doc.TokenEndpoint} {
		if err := discovery.CheckURL(endpoint); err != nil {
			return doc, fmt.Errorf("the issuer's discovery document: %w", err)
		}
	}
	return doc, nil
}

func (c Config) oauth(doc discovery.Document) *oauth2.Config {
	return &oauth2.Config{
		ClientID: c.ClientID,
		Scopes:   c.Scopes,
		Endpoint: oauth2.Endpoint{
			AuthURL:  doc.AuthorizationEndpoint,
			TokenURL: doc.TokenEndpoint,
			// Named, because finding out would try twice, and a code is good for once.
			AuthStyle: oauth2.AuthStyleInParams,
		},
	}
}

func (c Config) exchange(ctx context.Context, client *oauth2.Config, code, verifier string) (Tokens, error) {
	ctx, cancel := context.WithTimeout(c.withClient(ctx), answerTimeout)
	defer cancel()
	answer, err := client.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	return c.tokens(answer, err)
}

func (c Config) withClient(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, discovery.WithoutRedirects(c.Client))
}

// tokens translates the library's answer. Its error could hold the whole body of the
// answer, so only the issuer's own words are taken from it.
func (c Config) tokens(answer *oauth2.Token, err error) (Tokens, error) {
	refused, isRefusal := errors.AsType[*oauth2.RetrieveError](err)
	switch {
	case isRefusal && refused.ErrorCode != "":
		return Tokens{}, &IssuerError{Code: printable(refused.ErrorCode), Description: printable(refused.ErrorDescription)}
	case isRefusal:
		return Tokens{}, fmt.Errorf("the issuer's token endpoint answered %s", refused.Response.Status)
	case err != nil:
		return Tokens{}, fmt.Errorf("fetch tokens: %w", err)
	}
	tokens := Tokens{Access: answer.AccessToken, Refresh: answer.RefreshToken}
	if answer.ExpiresIn > 0 {
		tokens.Expiry = c.Now().Add(time.Duration(answer.ExpiresIn) * time.Second)
	}
	return tokens, nil
}

// listen opens the port of the redirect and gives the redirect with that port. It
// listens on loopback only, by whichever name the redirect has.
func listen(ctx context.Context, redirect string) (net.Listener, *url.URL, error) {
	u, err := url.Parse(redirect)
	if err != nil || u.Scheme != "http" || !discovery.IsLoopback(u.Host) || u.Port() == "" || u.Path == "" || u.RawQuery != "" {
		return nil, nil, fmt.Errorf("the redirect %q must be like %s", redirect, defaultRedirect)
	}
	host := u.Hostname()
	if net.ParseIP(host) == nil {
		host = "127.0.0.1" // localhost
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, u.Port()))
	if err != nil {
		return nil, nil, fmt.Errorf("open a port for the browser to come back to: %w", err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return nil, nil, errors.Join(err, listener.Close())
	}
	u.Host = net.JoinHostPort(u.Hostname(), port)
	return listener, u, nil
}

// randomWord gives 256 bits as 43 characters, which suits state and PKCE alike.
func randomWord(random io.Reader) (string, error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// printable keeps what others write from steering the terminal.
func printable(s string) string {
	const longest = 300
	out := make([]rune, 0, min(len(s), longest))
	for _, c := range s {
		if len(out) == longest {
			break
		}
		if c < ' ' || c > '~' {
			c = '?'
		}
		out = append(out, c)
	}
	return string(out)
}
