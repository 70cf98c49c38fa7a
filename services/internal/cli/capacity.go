package cli

import (
	"context"
	"net/http"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/capacity"
)

func (a *app) capacityCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "capacity",
		Short: "See and set how many calls run at once, and how fast they start",
		Long:  "See and set how many calls run at once, and how fast they start.",
		Example: `  outdial capacity get
  outdial capacity set --limit 40 --rate 2`,
		GroupID: groupOps,
	}, a.capacityGetCommand(), a.capacitySetCommand())
}

func (a *app) capacityGetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "get",
		Short: "Show the capacity, and why calls wait",
		Example: `  outdial capacity get
  outdial capacity get --json | jq .in_use`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.RunE = a.ask(func(ctx context.Context, c *client, _ []string) error {
		return c.capacity(ctx, func(ctx context.Context) (*http.Response, error) {
			return c.api.GetCapacity(ctx, nil)
		})
	})
	return cmd
}

func (a *app) capacitySetCommand() *cobra.Command {
	var limit int
	var rate float64
	var stop, resume bool
	cmd := &cobra.Command{
		Use:   "set",
		Short: "Change the capacity",
		Long: `Change the capacity. What isn't given stays as it is. It holds at once; calls under
way go on. It takes an administrator.`,
		Example: `  outdial capacity set --limit 40 --rate 2
  outdial capacity set --stop
  outdial capacity set --resume`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().IntVar(&limit, "limit", 0, "how many calls may be under way at once")
	cmd.Flags().Float64Var(&rate, "rate", 0, "how many launches a second at most")
	cmd.Flags().BoolVar(&stop, "stop", false, "stop all admission")
	cmd.Flags().BoolVar(&resume, "resume", false, "let admission go on")
	for _, name := range []string{"limit", "rate"} {
		cmd.Flags().Lookup(name).DefValue = "" // as it is
	}
	cmd.MarkFlagsMutuallyExclusive("stop", "resume")
	cmd.MarkFlagsOneRequired("limit", "rate", "stop", "resume")
	cmd.RunE = a.run(func(ctx context.Context, _ []string) error {
		r := api.SetCapacityRequest{Limit: given(cmd.Flags(), "limit", limit), Rate: given(cmd.Flags(), "rate", rate)}
		if stop || resume {
			r.Stopped = &stop
		}
		if r.Rate != nil && !capacity.ValidRate(*r.Rate) {
			return usageError("--rate is %g; it must be from %g to %d launches a second", *r.Rate, capacity.MinRate, capacity.MaxRate)
		}
		if r == (api.SetCapacityRequest{}) {
			return usageError("there is nothing to change")
		}
		c, err := a.client()
		if err != nil {
			return err
		}
		return c.capacity(ctx, func(ctx context.Context) (*http.Response, error) {
			return c.api.SetCapacity(ctx, r)
		})
	})
	return cmd
}

// capacity prints the capacity that a request answers with.
func (c *client) capacity(ctx context.Context, r request) error {
	shown, answer, err := fetch[api.Capacity](ctx, c, r)
	if err != nil {
		return err
	}
	if c.flags.json {
		c.out.json(answer.body)
		return nil
	}
	pairs := []pair{
		{"limit", c.out.number(shown.Limit)},
		{"in use", c.out.number(shown.InUse)},
		{"rate", text(strconv.FormatFloat(shown.Rate, 'g', -1, 64) + "/s")},
		{"admission", toned(toneGood, "open")},
	}
	if shown.Stopped {
		pairs[3].cell = toned(toneBad, c.stopOf(shown))
	}
	if shown.BackoffUntil != nil {
		pairs = append(pairs, pair{"backoff", toned(toneWarn, "until "+c.out.time(*shown.BackoffUntil))})
	}
	c.out.record(append(pairs, pair{"changed", c.out.when(shown.UpdatedAt)}))
	if rows := c.waitingRows(shown.Waiting); len(rows) > 0 {
		c.out.line("")
		c.out.grid([]string{"WAITING FOR", "CALLS"}, rows)
	}
	return nil
}

// stopOf says since when admission is stopped and by whom, as far as that is known.
func (c *client) stopOf(shown api.Capacity) string {
	said := "stopped"
	if shown.StoppedAt != nil {
		said += " since " + c.out.time(*shown.StoppedAt)
	}
	if shown.StoppedBy != nil {
		said += " by " + *shown.StoppedBy
	}
	return said
}

func (c *client) waitingRows(w api.WaitingCounts) [][]cell {
	var rows [][]cell
	for _, reason := range []struct {
		name api.WaitingReason
		n    int
	}{
		{api.WaitingReasonCapacity, w.Capacity},
		{api.WaitingReasonRate, w.Rate},
		{api.WaitingReasonPaused, w.Paused},
		{api.WaitingReasonStopped, w.Stopped},
		{api.WaitingReasonBackoff, w.Backoff},
		{api.WaitingReasonSchedule, w.Schedule},
		{api.WaitingReasonRetry, w.Retry},
		{api.WaitingReasonWindow, w.Window},
	} {
		if reason.n > 0 {
			rows = append(rows, []cell{text(string(reason.name)), c.out.number(reason.n)})
		}
	}
	return rows
}
