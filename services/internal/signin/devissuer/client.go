package devissuer

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/outdial/outdial/services/internal/signin"
)

// The clients, by their ids.
const (
	ClientCLI     = "outdial-cli"
	ClientConsole = "outdial-console"
	ClientMachine = "outdial-machine"
)

// ClientIDs gives all clients, for the configuration of who checks tokens.
func ClientIDs() []string { return []string{ClientCLI, ClientConsole, ClientMachine} }

const (
	scopeOpenID  = "openid"
	scopeProfile = "profile"
	scopeEmail   = "email"
	scopeOffline = "offline_access" // asks for a refresh token
)

// anyPort stands in a registered loopback redirect for whatever port was free
// (RFC 8252, section 7.3).
const anyPort = "*"

type client struct {
	id        string
	name      string   // as people read it
	redirects []string // exact, but for anyPort
	returns   []string // where sign-out may lead to
	scopes    []string
	machine   bool // has a secret and signs in by itself
	// native: anybody's program on this machine can listen on a loopback port and
	// pretend to be this client, so a session alone gives it nothing: the person is
	// asked each time (RFC 8252, section 8.6).
	native bool
}

func clients(c Config) []client {
	person := slices.Concat([]string{scopeOpenID, scopeProfile, scopeEmail, scopeOffline}, signin.Scopes())
	return []client{
		{
			id: ClientCLI, name: "the outdial command", scopes: person, native: true,
			redirects: []string{"http://127.0.0.1:" + anyPort + "/callback"},
		},
		{
			id: ClientConsole, name: "the Outdial console", scopes: person,
			redirects: c.ConsoleRedirects, returns: c.ConsoleReturns,
		},
		{id: ClientMachine, name: "a program", scopes: c.MachineScopes, machine: true},
	}
}

func (i *Issuer) client(id string) (client, bool) {
	at := slices.IndexFunc(i.clients, func(c client) bool { return c.id == id })
	if at < 0 {
		return client{}, false
	}
	return i.clients[at], true
}

// allowsRedirect compares to the letter (RFC 9700, section 2.1). With anyPort, the
// URL is put together again from the port alone, so nothing else can differ.
func (c client) allowsRedirect(redirect string) bool {
	return slices.ContainsFunc(c.redirects, func(registered string) bool {
		before, after, open := strings.Cut(registered, ":"+anyPort)
		if !open {
			return registered == redirect
		}
		u, err := url.Parse(redirect)
		if err != nil {
			return false
		}
		port, err := strconv.ParseUint(u.Port(), 10, 16)
		return err == nil && port > 0 && redirect == before+":"+strconv.FormatUint(port, 10)+after
	})
}

// grantedScopes gives what is asked for, each once; all that the client may have,
// if nothing is named, as Cognito does; and false for a scope that it may not.
func (c client) grantedScopes(asked string) ([]string, bool) {
	list := strings.Fields(asked)
	if len(list) == 0 {
		return c.scopes, true
	}
	slices.Sort(list)
	list = slices.Compact(list)
	for _, scope := range list {
		if !slices.Contains(c.scopes, scope) {
			return nil, false
		}
	}
	return list, true
}
