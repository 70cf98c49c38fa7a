package devissuer

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/outdial/outdial/services/internal/signin"
	"github.com/outdial/outdial/services/internal/signin/discovery"
)

// Config says where the issuer keeps its files, under which URL it is reached,
// and who may use it.
type Config struct {
	// Dir is the data folder. It is made if it isn't there.
	Dir string
	// Issuer is the issuer's URL, such as http://127.0.0.1:8080/dev-issuer. Its host
	// must be loopback; its path is where Handler expects to be mounted.
	Issuer string
	// ConsoleRedirects are the exact URLs that the console may be sent back to after
	// sign-in; ConsoleReturns those after sign-out.
	ConsoleRedirects []string
	ConsoleReturns   []string
	// Origins are the web origins whose scripts may ask for tokens (CORS).
	Origins []string
	// MachineScopes are what the machine client may ask for. Nil: calls/read and
	// calls/write. With calls/admin it sees everybody's calls, which somebody has
	// to decide.
	MachineScopes []string

	Now  func() time.Time // nil: time.Now
	Rand io.Reader        // must be safe for concurrent use; nil: crypto/rand
	Log  *slog.Logger     // nil: slog.Default
}

// Validate reports every mistake at once, by the field's name.
func (c Config) Validate() error {
	var mistakes []error
	mistake := func(format string, args ...any) {
		mistakes = append(mistakes, fmt.Errorf(format, args...))
	}
	if c.Dir == "" {
		mistake("Dir is missing: give the data folder")
	}
	if u, err := url.Parse(c.Issuer); err != nil || u.Scheme != "http" || !discovery.IsLoopback(u.Host) ||
		u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path == "" || strings.HasSuffix(u.Path, "/") {
		mistake("Issuer: %q must be a loopback URL with a path, such as http://127.0.0.1:8080/dev-issuer", c.Issuer)
	}
	for _, redirect := range c.ConsoleRedirects {
		if err := discovery.CheckURL(redirect); err != nil {
			mistake("ConsoleRedirects: %w", err)
		}
	}
	for _, back := range c.ConsoleReturns {
		if err := discovery.CheckURL(back); err != nil {
			mistake("ConsoleReturns: %w", err)
		}
	}
	for _, origin := range c.Origins {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin || strings.Contains(origin, "*") {
			mistake("Origins: %q must be scheme, host and port only, such as http://127.0.0.1:5173", origin)
		}
	}
	for _, scope := range c.MachineScopes {
		if !slices.Contains(signin.Scopes(), scope) {
			mistake("MachineScopes: %q is none of %s", scope, strings.Join(signin.Scopes(), ", "))
		}
	}
	return errors.Join(mistakes...)
}

func (c Config) withDefaults() Config {
	if c.MachineScopes == nil {
		c.MachineScopes = []string{signin.ScopeRead, signin.ScopeWrite}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

// path is where the issuer is mounted, without a slash at its end.
func (c Config) path() string {
	u, err := url.Parse(c.Issuer)
	if err != nil {
		return "" // Validate has refused it
	}
	return u.Path
}
