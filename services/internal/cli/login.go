package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/outdial/outdial/services/internal/serve"
	"github.com/outdial/outdial/services/internal/signin"
	"github.com/outdial/outdial/services/internal/signin/devissuer"
	"github.com/outdial/outdial/services/internal/signin/oidclogin"
)

// scopeOffline asks the development issuer for a refresh token.
const scopeOffline = "offline_access"

type loginFlags struct {
	data, stack, issuer, clientID, redirect string
	scopes                                  []string
	noBrowser                               bool
}

func (a *app) loginCommand() *cobra.Command {
	var flags loginFlags
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Sign in to a server",
		Long: `Sign in to a server, and remember both.

In the browser (OAuth authorization code with PKCE), by default with the server's own
development issuer; for a server with another issuer name it with --issuer and
--client-id. The issuer sends the browser back to a free port of this machine; where
it compares the whole address, as Cognito does, give the registered one with
--redirect. Many issuers give a refresh token only for the scope offline_access.

With --data the sign-in is the data folder of a server on this machine: whoever can
read that is its first user, and needs no browser.

With --stack all of it is read from the outputs of a CloudFormation stack, with the
region and the credentials that the AWS command line would use.`,
		Example: `  outdial login
  outdial login --data ~/.local/share/outdial
  outdial login --stack outdial
  outdial login --url https://calls.example.com --issuer https://issuer.example.com --client-id outdial-cli`,
		GroupID:           groupSignIn,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().StringVar(&flags.data, "data", "", "the data folder of a server on this machine")
	cmd.Flags().StringVar(&flags.stack, "stack", "", "the CloudFormation stack of a server on AWS")
	cmd.Flags().StringVar(&flags.issuer, "issuer", "", "the issuer's URL (default: the server's development issuer)")
	cmd.Flags().StringVar(&flags.clientID, "client-id", "", "this program's id at the issuer (default \""+devissuer.ClientCLI+"\")")
	cmd.Flags().StringVar(&flags.redirect, "redirect", "", "the registered loopback URL to come back to")
	cmd.Flags().StringSliceVar(&flags.scopes, "scope", nil, "what to ask for (default: all scopes of the API)")
	cmd.Flags().BoolVar(&flags.noBrowser, "no-browser", false, "only print where to sign in")
	must(cmd.MarkFlagDirname("data"))
	for _, other := range []string{"issuer", "client-id", "redirect", "scope", "no-browser"} {
		cmd.MarkFlagsMutuallyExclusive("data", other)
	}
	for _, other := range []string{"data", "issuer", "client-id", "redirect"} {
		cmd.MarkFlagsMutuallyExclusive("stack", other)
	}
	cmd.RunE = a.run(func(ctx context.Context, _ []string) error {
		switch {
		case flags.data != "":
			return a.loginWithFolder(flags.data)
		case flags.stack != "":
			return a.loginWithStack(ctx, flags)
		}
		server, err := a.loginServer()
		if err != nil {
			return err
		}
		return a.loginWithBrowser(ctx, server, flags)
	})
	return cmd
}

// loginWithFolder remembers a data folder. The folder knows its server's URL,
// unless another name for it is given.
func (a *app) loginWithFolder(data string) error {
	data, err := filepath.Abs(data)
	if err != nil {
		return err
	}
	folder := folderTokens{dir: data, now: a.Now}
	server, err := folder.server()
	if err != nil {
		return err
	}
	kept := config{Login: &login{Data: data}}
	if asked, from := first(named{a.flags.url, "--url"}, named{a.Env(envURL), envURL}); asked != "" {
		if kept.URL, err = tidyURL(asked); err != nil {
			return usageError("%s: %v", from, err)
		}
		server = kept.URL
	}
	if err := a.keepLogin(kept); err != nil {
		return err
	}
	return a.tellLogin(loggedIn{URL: server, User: folder.claims.Username, Data: data})
}

func (a *app) loginWithBrowser(ctx context.Context, server string, flags loginFlags) error {
	c := oidclogin.Config{
		Issuer: flags.issuer, ClientID: flags.clientID, Scopes: flags.scopes, Redirect: flags.redirect,
		Client: a.http, Now: a.Now, Rand: a.Rand,
		ShowURL: func(address string) {
			a.screen.note("Sign in at\n  %s\nWaiting for the browser. Ctrl-C stops.", plain(address))
		},
	}
	if !flags.noBrowser {
		c.OpenBrowser = func(address string) error { return a.OpenBrowser(ctx, address) }
	}
	if c.ClientID == "" {
		c.ClientID = devissuer.ClientCLI
	}
	if len(c.Scopes) == 0 {
		c.Scopes = signin.Scopes()
	}
	if c.Issuer == "" {
		c.Issuer = devIssuer(server)
		if len(flags.scopes) == 0 {
			c.Scopes = append(c.Scopes, scopeOffline)
		}
	}
	got, err := oidclogin.Login(ctx, c)
	if err != nil {
		return a.loginError(ctx, err, server, flags.issuer)
	}
	signedIn := &login{Issuer: c.Issuer, ClientID: c.ClientID}
	signedIn.keep(got)
	if err := a.keepLogin(config{URL: server, Login: signedIn}); err != nil {
		return err
	}
	if got.Refresh == "" {
		a.screen.note("The issuer gave no refresh token: sign in again when the access token has expired.")
	}
	return a.tellLogin(loggedIn{URL: server, Issuer: c.Issuer, ClientID: c.ClientID})
}

// loginServer is the server to sign in to, found as for every command.
func (a *app) loginServer() (string, error) {
	file := a.configFile()
	c, err := file.load()
	if err != nil {
		return "", err
	}
	before, _, err := a.loginTokens(file, c)
	if err != nil {
		before = "" // a sign-in that is of no use any more doesn't stop the next one
	}
	return a.serverURL(file, c, before)
}

// devIssuer is the URL of a server's development issuer, which calls itself by
// address and never by the name localhost.
func devIssuer(server string) string {
	u, err := url.Parse(server)
	if err == nil && u.Hostname() == "localhost" {
		u.Host = "127.0.0.1"
		if port := portOf(server); port != "" {
			u.Host = net.JoinHostPort(u.Host, port)
		}
		server = u.String()
	}
	return server + serve.IssuerPath
}

func portOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Port()
}

func (a *app) loginError(ctx context.Context, err error, server, issuer string) error {
	_, isRefusal := errors.AsType[*oidclogin.IssuerError](err)
	_, isNetwork := errors.AsType[*url.Error](err)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case isRefusal, errors.Is(err, oidclogin.ErrTimeout):
		return &exitError{code: exitForbidden, message: err.Error(), cause: err}
	case isNetwork:
		return &networkError{url: server, err: innermost(err)}
	case issuer == "":
		return &exitError{
			code: exitUnexpected, message: err.Error(), cause: err,
			advice: "If this server has another issuer than its development issuer, name it with --issuer and --client-id.",
		}
	default:
		return err
	}
}

func (a *app) keepLogin(kept config) error {
	return a.configFile().update(func(c *config) error {
		*c = kept
		return nil
	})
}

// loggedIn is what `login` and `logout` print.
type loggedIn struct {
	URL      string `json:"url"`
	User     string `json:"user,omitempty"`
	Data     string `json:"data,omitempty"`
	Issuer   string `json:"issuer,omitempty"`
	ClientID string `json:"client_id,omitempty"`
}

func (a *app) tellLogin(l loggedIn) error {
	if a.flags.json {
		return a.out.value(l)
	}
	as := ""
	if l.User != "" {
		as = " as " + plain(l.User)
	}
	a.out.line("Signed in to %s%s.", plain(l.URL), as)
	return nil
}

func (a *app) logoutCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:               "logout",
		Short:             "Forget the sign-in",
		Long:              "Forget the sign-in. The server's URL is remembered.",
		Example:           "  outdial logout",
		GroupID:           groupSignIn,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.RunE = a.run(func(context.Context, []string) error {
		file := a.configFile()
		before, err := file.load()
		if err != nil {
			return err
		}
		if before.Login != nil {
			err := file.update(func(c *config) error {
				c.Login = nil
				return nil
			})
			if err != nil {
				return err
			}
		}
		if a.flags.json {
			return a.out.value(loggedIn{URL: before.URL})
		}
		a.out.line("Signed out.")
		return nil
	})
	return cmd
}

func (a *app) tokenCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Print an access token",
		Long: `Print the access token of the sign-in, refreshed if it is about to expire.

With --data it is a new one made from the data folder of a server on this machine, for
its first user, an administrator, with all scopes. The server may run or not. Whoever
has the token can do everything for an hour.`,
		Example: `  outdial token --data ~/.local/share/outdial
  curl -H "Authorization: Bearer $(outdial token)" http://127.0.0.1:8080/v1/capacity`,
		GroupID:           groupSignIn,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().StringVar(&data, "data", "", "the data folder of a server on this machine")
	must(cmd.MarkFlagDirname("data"))
	cmd.RunE = a.run(func(ctx context.Context, _ []string) error {
		token, err := a.currentToken(ctx, data)
		if err != nil {
			return err
		}
		if a.flags.json {
			return a.out.value(map[string]string{"access_token": token})
		}
		a.out.line("%s", token)
		return nil
	})
	return cmd
}

func (a *app) currentToken(ctx context.Context, data string) (string, error) {
	if data != "" {
		return mint(data, a.Now())
	}
	s, err := a.session()
	if err != nil {
		return "", err
	}
	token, err := s.tokens.token(ctx, "")
	if err != nil {
		return "", fmt.Errorf("get a token: %w", err)
	}
	return token, nil
}
