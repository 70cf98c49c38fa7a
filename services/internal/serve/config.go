// Package serve is `outdial serve`: the whole of Outdial on one machine, in one
// process with one data folder, and a process of its own for each call.
package serve

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/outdial/outdial/services/internal/capacity"
	"github.com/outdial/outdial/services/internal/intake"
	"github.com/outdial/outdial/services/internal/prices"
	"github.com/outdial/outdial/services/internal/simcarrier"
)

// Config is all that `outdial serve` can be told.
type Config struct {
	Data   string // the data folder; made when it isn't there
	Listen string // host:port; the host must be a loopback one while the development issuer is used

	// Of a new data folder only; afterwards PUT /capacity sets them.
	Limit int     // slots
	Rate  float64 // launches a second

	Carrier simcarrier.Config // the simulated carrier; its folder is set from Data

	// Sign-in by another OIDC issuer than the built-in development one.
	Issuer    string   // URL; empty: the development issuer
	Audiences []string // accepted in aud
	ClientIDs []string // accepted in client_id, for issuers whose access tokens have no aud
	Groups    string   // the claim with a person's groups; empty: Cognito's

	// The console's client at that issuer. Empty: the one of ClientIDs, if it is one.
	ConsoleClient string

	Prices *prices.List // of calls, for forms to show; nil: not known

	Origins       []string // of browsers on other origins that may call the API
	LogFormat     string   // "text", "json", or "auto": text on a terminal
	LogLevel      string   // debug, info, warn or error
	Dispatchers   int      // loops that launch calls at the same time
	AllowedTypes  []string // kinds of numbers that are called although they are refused by default: see intake.NumberKind
	FirstCall     bool     // place one simulated call once the server listens, and show its life
	Executable    string   // the binary that agents run; empty: this one
	Version       string
	Out, Err      io.Writer // what a person reads; the log
	ErrIsTerminal bool
}

// IssuerPath is where the development issuer is mounted.
const IssuerPath = "/dev-issuer"

// IssuerDir is where a data folder keeps the development issuer's keys and users.
func IssuerDir(data string) string { return filepath.Join(data, "issuer") }

// Paths in the data folder.
func (c Config) database() string   { return filepath.Join(c.Data, "outdial.db") }
func (c Config) lockFile() string   { return filepath.Join(c.Data, "serve.lock") }
func (c Config) tasksDir() string   { return filepath.Join(c.Data, "tasks") }
func (c Config) carrierDir() string { return filepath.Join(c.Data, "carrier") }

// Validate names every mistake, by flag.
func (c Config) Validate() error {
	var wrong []error
	bad := func(flag, format string, args ...any) {
		wrong = append(wrong, fmt.Errorf("--%s: %s", flag, fmt.Sprintf(format, args...)))
	}
	if c.Data == "" {
		bad("data", "name the data folder")
	}
	host, _, err := net.SplitHostPort(c.Listen)
	switch {
	case err != nil:
		bad("listen", "%q is not host:port, as 127.0.0.1:8080", c.Listen)
	case c.Issuer == "" && !loopback(host):
		bad("listen", "%q can be reached from elsewhere; the development issuer is for this machine only. Listen on 127.0.0.1, or name your own with --issuer", c.Listen)
	}
	if c.Limit < 0 || c.Limit > capacity.MaxLimit {
		bad("limit", "%d is not from 0 to %d", c.Limit, capacity.MaxLimit)
	}
	if !capacity.ValidRate(c.Rate) {
		bad("rate", "%g is not from %g to %d", c.Rate, capacity.MinRate, capacity.MaxRate)
	}
	simulated := c.Carrier
	simulated.Dir = "/" // where it is depends on --data alone
	if err := simulated.Validate(); err != nil {
		bad("sim", "%v", err)
	}
	if c.Issuer != "" {
		if u, err := url.Parse(c.Issuer); err != nil || u.Host == "" {
			bad("issuer", "%q is not a URL", c.Issuer)
		}
		if len(c.Audiences) == 0 && len(c.ClientIDs) == 0 {
			bad("audience", "name the audience of this API, or accepted clients with --client-id")
		}
	}
	if err := checkLog(c); err != nil {
		bad("log-level or --log-format", "%v", err)
	}
	for _, origin := range c.Origins {
		if u, err := url.Parse(origin); err != nil || u.Host == "" || strings.Contains(u.Host, "*") || strings.Trim(u.Path, "/") != "" {
			bad("origin", "%q is not an origin, as https://console.example.com", origin)
		}
	}
	if _, err := c.numbers(); err != nil {
		bad("allow-number-type", "%v", err)
	}
	if c.Dispatchers < 1 {
		bad("dispatchers", "at least 1")
	}
	return errors.Join(wrong...)
}

func (c Config) numbers() (intake.NumberPolicy, error) {
	return intake.ParseNumberPolicy(strings.Join(c.AllowedTypes, ","))
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

func (c Config) executable() (string, error) {
	if c.Executable != "" {
		return c.Executable, nil
	}
	return os.Executable()
}
