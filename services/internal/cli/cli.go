package cli

import (
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/outdial/outdial/services/internal/cloudformation"
	"github.com/outdial/outdial/services/internal/serve"
	"github.com/outdial/outdial/services/internal/signin/discovery"
)

// Options are what the command takes from outside.
type Options struct {
	Version string
	Args    []string  // without the program's name
	In      io.Reader // `batch submit -` reads it
	Out     Stream    // results
	Err     Stream    // progress, notes and errors

	Serve func(ctx context.Context, c serve.Config) error // outdial serve
	Agent func(ctx context.Context) error                 // outdial agent

	StackOutputs func(ctx context.Context, stack string) (map[string]string, error) // nil: cloudformation.Outputs

	Env         func(name string) string                                    // nil: os.Getenv
	Tick        func(d time.Duration) (ticks <-chan time.Time, stop func()) // nil: a time.Ticker; paces what is shown during a request
	Now         func() time.Time                                            // nil: time.Now; times are shown in its location
	Sleep       func(ctx context.Context, d time.Duration) error            // nil: waits; gives the context's error if that ends first
	Rand        io.Reader                                                   // nil: crypto/rand
	OpenBrowser func(ctx context.Context, address string) error             // nil: the desktop's browser
}

// Stream is a place to write to.
type Stream struct {
	io.Writer
	Terminal bool       // somebody reads it as it is written, and lines can be drawn anew
	Width    func() int // of a terminal, in columns; 0 if it isn't known
}

// FileStream is a file of this process, such as os.Stdout.
func FileStream(f *os.File) Stream {
	fd := int(f.Fd())
	return Stream{Writer: f, Terminal: term.IsTerminal(fd), Width: func() int {
		width, _, err := term.GetSize(fd)
		if err != nil {
			return 0
		}
		return width
	}}
}

// Run does what the arguments say and gives the exit code. Ending ctx stops the
// command, but not the calls.
func Run(ctx context.Context, o Options) int {
	a := newApp(o)
	root := a.rootCommand() //nolint:contextcheck // commands get theirs from ExecuteContextC
	root.SetArgs(o.Args)
	root.SetIn(o.In)
	root.SetOut(o.Out)
	root.SetErr(o.Err)
	cmd, err := root.ExecuteContextC(ctx)
	a.screen.clear()
	if err == nil {
		err = a.out.err // what couldn't be written was not done
	}
	return a.exit(ctx, cmd, err)
}

// app is one run of the command.
type app struct {
	Options
	flags   globalFlags
	out     *printer
	screen  *screen
	http    *http.Client
	started bool // the arguments were right, and the command has begun
}

type globalFlags struct {
	url, token    string
	json, noColor bool
}

const (
	connectTime = 10 * time.Second
	answerTime  = time.Minute      // for what the server has to think about
	requestTime = 10 * time.Minute // for a whole request, with a large list on a slow line
)

func newApp(o Options) *app {
	if o.Env == nil {
		o.Env = os.Getenv
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Tick == nil {
		o.Tick = tick
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.StackOutputs == nil {
		o.StackOutputs = cloudformation.Outputs
	}
	if o.OpenBrowser == nil {
		o.OpenBrowser = desktopBrowser(o.Env)
	}
	if o.Env("TERM") == "dumb" { // it can't draw a line anew
		o.Out.Terminal, o.Err.Terminal = false, false
	}
	color := o.Env("NO_COLOR") == ""
	location := o.Now().Location()
	return &app{
		Options: o,
		out:     newPrinter(o.Out, color, location),
		screen:  &screen{printer: newPrinter(o.Err, color, location)},
		// A redirect is never followed: it would carry the token elsewhere.
		http: discovery.WithoutRedirects(&http.Client{Timeout: requestTime, Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: connectTime}).DialContext,
			TLSHandshakeTimeout:   connectTime,
			ForceAttemptHTTP2:     true,
			ResponseHeaderTimeout: answerTime,
			IdleConnTimeout:       answerTime,
		}}),
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func tick(d time.Duration) (<-chan time.Time, func()) {
	ticker := time.NewTicker(d)
	return ticker.C, ticker.Stop
}

// The groups in which `outdial --help` lists the commands.
const (
	groupCalls  = "calls"
	groupOps    = "ops"
	groupSignIn = "signin"
	groupServer = "server"
)

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "outdial",
		Short: "Queue AI phone calls and follow them",
		Long: `Queue AI phone calls and follow each one to its end.

Settings: --url and --token win over OUTDIAL_URL and OUTDIAL_TOKEN, which win over
what ` + "`outdial login`" + ` keeps in ~/.config/outdial/config.json (OUTDIAL_CONFIG names
another file).

Output: on a terminal, tables in colour (NO_COLOR or --no-color: without). In a pipe
a list is one line for each thing, with tabs between its fields and no header. With
--json it is the API's JSON. Progress and errors go to standard error.

Exit codes:
  0    done; with --wait on a batch: all its calls ended, however they ended
  1    something unexpected, here or on the server, or findings of verify
  2    wrong usage
  3    not signed in, or not allowed
  4    not found
  5    refused: a bad number or setting, a list without a good row, a conflict
  6    the awaited call ended otherwise than completed
  7    the server can't be reached
  130  stopped by Ctrl-C; the calls go on`,
		Example: `  outdial serve
  outdial login --data ~/.local/share/outdial
  outdial call +12025550143 --wait
  outdial batch submit numbers.csv --wait`,
		Version:           a.Version,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		PersistentPreRun: func(*cobra.Command, []string) {
			if a.flags.noColor {
				a.out.colorless()
				a.screen.colorless()
			}
		},
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.flags.url, "url", "", "the server (OUTDIAL_URL; default "+defaultURL+")")
	flags.StringVar(&a.flags.token, "token", "", "an access token (OUTDIAL_TOKEN; default: that of the login)")
	flags.BoolVar(&a.flags.json, "json", false, "print the API's JSON")
	flags.BoolVar(&a.flags.noColor, "no-color", false, "print without colour")
	root.SetGlobalNormalizationFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "key" {
			name = keyFlag
		}
		return pflag.NormalizedName(name)
	})
	root.SetVersionTemplate("outdial {{.Version}}\n")
	// A command that only holds others can be run, to name a typing error, but
	// that isn't a way to use it.
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), "{{if .Runnable}}", "{{if and .Runnable (not .HasAvailableSubCommands)}}", 1))
	root.AddGroup(
		&cobra.Group{ID: groupCalls, Title: "Calls:"},
		&cobra.Group{ID: groupOps, Title: "Operations:"},
		&cobra.Group{ID: groupSignIn, Title: "Signing in:"},
		&cobra.Group{ID: groupServer, Title: "Server:"},
	)
	root.AddCommand(
		a.callCommand(), a.callsCommand(), a.batchCommand(),
		a.deadLettersCommand(), a.capacityCommand(),
		a.loginCommand(), a.logoutCommand(), a.tokenCommand(),
		a.serveCommand(), a.verifyCommand(), a.agentCommand(),
		a.versionCommand(), a.completionCommand(),
	)
	return root
}

// run makes the body of a command. What fails before it is wrong usage.
func (a *app) run(do func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a.started = true
		return do(cmd.Context(), args)
	}
}

// ask is run for a command that asks the server.
func (a *app) ask(do func(ctx context.Context, c *client, args []string) error) func(*cobra.Command, []string) error {
	return a.run(func(ctx context.Context, args []string) error {
		c, err := a.client()
		if err != nil {
			return err
		}
		return do(ctx, c, args)
	})
}

// group is a command that only holds others.
func group(c *cobra.Command, members ...*cobra.Command) *cobra.Command {
	c.SuggestionsMinimumDistance = 2
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return unknownCommand(cmd, args[0])
	}
	c.AddCommand(members...)
	return c
}
