package cli

import (
	"context"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/outdial/outdial/services/internal/prices"
	"github.com/outdial/outdial/services/internal/serve"
	"github.com/outdial/outdial/services/internal/simcarrier"
)

// dispatchers is how many loops launch calls at the same time, unless said otherwise.
const dispatchers = 4

func (a *app) serveCommand() *cobra.Command {
	c := serve.Config{
		Carrier: simcarrier.Default(""), Version: a.Version,
		Out: a.Out, Err: a.Err, ErrIsTerminal: a.Err.Terminal,
	}
	format := choices{allowed: []string{"auto", "text", "json"}, chosen: []string{"auto"}}
	level := choices{allowed: []string{"debug", "info", "warn", "error"}, chosen: []string{"info"}}
	var pricesFile string
	types := choices{allowed: []string{"premium_rate", "shared_cost", "short"}, several: true}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run Outdial on this machine",
		Long: `Run Outdial on this machine: API, queue, and a process for each call, which is placed
by a simulated carrier. Everything is kept in the data folder; stopped or killed and
started again, it goes on where it was.

At the first start it prints the first user's password, and takes --limit and --rate
for the new data folder; afterwards ` + "`outdial capacity set`" + ` changes them.`,
		Example: `  outdial serve
  outdial serve --data .data --listen 127.0.0.1:9090 --limit 50 --rate 5 --sim-speed 10
  outdial serve --issuer https://issuer.example.com --audience https://calls.example.com`,
		GroupID:           groupServer,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags := cmd.Flags()
	flags.StringVar(&c.Data, "data", a.defaultData(), "the data folder ("+envData+")")
	flags.StringVar(&c.Listen, "listen", "127.0.0.1:8080", "host:port to listen on")
	flags.IntVar(&c.Limit, "limit", 10, "of a new data folder: how many calls may be under way at once")
	flags.Float64Var(&c.Rate, "rate", 1, "of a new data folder: how many launches a second at most")
	flags.BoolVar(&c.FirstCall, "first-call", false, "place one simulated call and show its life")
	flags.IntVar(&c.Dispatchers, "dispatchers", dispatchers, "how many calls are launched at the same time")
	types.add(cmd, "allow-number-type", "call numbers of these kinds, which are refused otherwise")

	flags.Float64Var(&c.Carrier.Speed, "sim-speed", c.Carrier.Speed, "how much faster than real calls the simulated ones go")
	flags.Uint64Var(&c.Carrier.Seed, "sim-seed", c.Carrier.Seed, "what the simulated outcomes are drawn from")
	flags.Float64Var(&c.Carrier.Answer, "sim-answer", c.Carrier.Answer, "the share of calls that are answered, 0 to 1")
	flags.Float64Var(&c.Carrier.Busy, "sim-busy", c.Carrier.Busy, "the share that is busy")
	flags.Float64Var(&c.Carrier.Fail, "sim-fail", c.Carrier.Fail, "the share that can't be connected")
	flags.DurationVar(&c.Carrier.Talk, "sim-talk", c.Carrier.Talk, "how long they talk on average")
	flags.DurationVar(&c.Carrier.TalkMin, "sim-talk-min", c.Carrier.TalkMin, "how long they talk at least")
	flags.DurationVar(&c.Carrier.TalkMax, "sim-talk-max", c.Carrier.TalkMax, "how long they talk at most")

	flags.StringVar(&c.Issuer, "issuer", "", "the URL of an OpenID Connect issuer (default: the built-in development issuer)")
	flags.StringSliceVar(&c.Audiences, "audience", nil, "with --issuer: what aud means this API")
	flags.StringSliceVar(&c.ClientIDs, "client-id", nil, "with --issuer: clients accepted without aud")
	flags.StringVar(&c.Groups, "groups-claim", "", "with --issuer: the claim that lists a person's groups (default cognito:groups)")
	flags.StringVar(&c.ConsoleClient, "console-client", "", "with --issuer: the client that the console signs in as (default: the only --client-id, or outdial-console)")
	flags.StringVar(&pricesFile, "prices", "", "a JSON file of what a minute costs, for forms to show")
	flags.StringSliceVar(&c.Origins, "origin", nil, "an origin whose pages may call the API, such as https://console.example.com")
	format.add(cmd, "log-format", "auto is text on a terminal and JSON otherwise")
	level.add(cmd, "log-level", "what is logged")
	must(cmd.MarkFlagDirname("data"))
	cmd.RunE = a.run(func(ctx context.Context, _ []string) error {
		c.LogFormat, c.LogLevel, c.AllowedTypes = format.one(), level.one(), types.chosen
		var err error
		if c.Prices, err = readPrices(pricesFile); err != nil {
			return err
		}
		return a.serve(ctx, c)
	})
	return cmd
}

// readPrices reads the file of --prices, if one is named.
func readPrices(file string) (*prices.List, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, usageError("--prices: the file can't be read: %v", err)
	}
	list, err := prices.Parse(text)
	if err != nil {
		return nil, usageError("--prices: %s: %v", file, err)
	}
	return list, nil
}

func (a *app) serve(ctx context.Context, c serve.Config) error {
	if c.Data != "" {
		data, err := filepath.Abs(c.Data)
		if err != nil {
			return err
		}
		c.Data = data
		c.Carrier.Dir = filepath.Join(data, "carrier") // checked here; the server names its own
	}
	if err := c.Validate(); err != nil {
		return usageError("%v", err)
	}
	return a.Serve(ctx, c)
}

// agentCommand is what the server starts for each call.
func (a *app) agentCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "agent",
		Short:   "Place and follow one call, as the server starts it",
		Long:    "Place and follow one call. The server starts it and says by environment which.",
		Example: "  outdial agent",
		Hidden:  true,
		Args:    noArgs,
	}
	cmd.RunE = a.run(func(ctx context.Context, _ []string) error {
		// A signal must not cut off what the agent does to hang up and to report: it
		// takes signals itself.
		return a.Agent(context.WithoutCancel(ctx))
	})
	return cmd
}
