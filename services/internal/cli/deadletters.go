package cli

import (
	"context"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/outdial/outdial/contracts/api"
)

func (a *app) deadLettersCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "dead-letters",
		Short: "See calls that could not be launched, and send them again",
		Long:  "See calls that could not be launched, and send them again. It takes an administrator.",
		Example: `  outdial dead-letters counts
  outdial dead-letters list
  outdial dead-letters redrive --all --wait`,
		GroupID: groupOps,
	}, a.deadLettersListCommand(), a.deadLettersCountsCommand(), a.redriveCommand(), a.redriveProgressCommand())
}

func (a *app) deadLettersListCommand() *cobra.Command {
	var flags listFlags
	var batch string
	cause := choices{allowed: failureCauses}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List dead letters, newest first",
		Example: `  outdial dead-letters list
  outdial dead-letters list --cause launch_refused --all | cut -f 1`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cause.add(cmd, "cause", "calls with this cause")
	a.ofBatch(cmd, &batch, "calls of this batch")
	flags.add(cmd)
	cmd.RunE = a.ask(func(ctx context.Context, c *client, _ []string) error {
		return list[api.Call]{
			client: c, flags: &flags, key: "calls", page: maxPage, header: callHeader, row: a.callRow,
			none: "There are no dead letters.",
			get: func(ctx context.Context, p pageParams) (*http.Response, error) {
				return c.api.ListDeadLetters(ctx, &api.ListDeadLettersParams{
					Cause: optional(api.FailureCause(cause.one())), Batch: optional(batch), Cursor: p.cursor, Limit: p.limit,
				})
			},
		}.run(ctx)
	})
	return cmd
}

// ofBatch adds the flag --batch.
func (a *app) ofBatch(cmd *cobra.Command, batch *string, usage string) {
	cmd.Flags().StringVar(batch, "batch", "", usage)
	must(cmd.RegisterFlagCompletionFunc("batch", a.completeBatches))
}

func (a *app) deadLettersCountsCommand() *cobra.Command {
	var batch string
	cmd := &cobra.Command{
		Use:   "counts",
		Short: "Count dead letters by cause",
		Long: `Count dead letters by cause, each with what was said of the last of them. Of very
many, the newest are counted.`,
		Example:           "  outdial dead-letters counts",
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	a.ofBatch(cmd, &batch, "calls of this batch")
	cmd.RunE = a.ask(func(ctx context.Context, c *client, _ []string) error {
		counts, answer, err := fetch[api.DeadLetterCounts](ctx, c, func(ctx context.Context) (*http.Response, error) {
			return c.api.CountDeadLetters(ctx, &api.CountDeadLettersParams{Batch: optional(batch)})
		})
		if err != nil {
			return err
		}
		c.showDeadLetterCounts(counts, answer.body)
		return nil
	})
	return cmd
}

func (c *client) showDeadLetterCounts(counts api.DeadLetterCounts, document []byte) {
	if c.flags.json {
		c.out.json(document)
		return
	}
	var rows [][]cell
	for _, of := range counts.Causes {
		rows = append(rows, []cell{text(string(of.Cause)), c.out.number(of.Count), c.out.when(of.FirstAt), c.out.when(of.LastAt), text(of.Message)})
	}
	c.out.list([]string{"CAUSE", "CALLS", "FIRST", "LAST", "LAST MESSAGE"}, rows)
	switch {
	case counts.Total == 0:
		c.screen.note("There are no dead letters.")
	case counts.CountedUpTo != nil:
		c.screen.note("There are more; these are the newest %s.", c.screen.count(*counts.CountedUpTo))
	}
}

func (a *app) redriveCommand() *cobra.Command {
	var all, wait bool
	var batch string
	cause := choices{allowed: failureCauses}
	cmd := &cobra.Command{
		Use:   "redrive CALL_ID... | --all",
		Short: "Send dead letters again",
		Long: `Send dead letters again: each waits for its turn as a new attempt. A call that isn't
dead-lettered any more is skipped, so doing it twice makes one new attempt. If every
named call was skipped, the exit code is 5.`,
		Example: `  outdial dead-letters redrive call_01KJPQ7Z5W8XN2T4V6R9C3M1GJ
  outdial dead-letters redrive --all --cause launch_refused --wait`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case all && len(args) > 0:
				return usageError("name calls or give --all, not both")
			case !all && len(args) == 0:
				return usageError("name the calls' ids, or give --all")
			case !all && (wait || cause.one() != "" || batch != ""):
				return usageError("--wait, --cause and --batch go with --all")
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().BoolVar(&all, "all", false, "all dead letters")
	cause.add(cmd, "cause", "with --all, those with this cause")
	a.ofBatch(cmd, &batch, "with --all, those of this batch")
	cmd.Flags().BoolVar(&wait, "wait", false, "with --all, until every call was looked at")
	cmd.RunE = a.ask(func(ctx context.Context, c *client, args []string) error {
		if !all {
			return c.redriveChosen(ctx, args)
		}
		return c.redriveAll(ctx, api.RedriveRequest{All: &all, Cause: optional(api.FailureCause(cause.one())), Batch: optional(batch)}, wait)
	})
	return cmd
}

func (c *client) redrive(ctx context.Context, r api.RedriveRequest) (request, error) {
	key, err := c.idempotencyKey("")
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (*http.Response, error) {
		return c.api.Redrive(ctx, &api.RedriveParams{IdempotencyKey: key}, r)
	}, ctx.Err()
}

func (c *client) redriveChosen(ctx context.Context, ids []string) error {
	send, err := c.redrive(ctx, api.RedriveRequest{CallIds: ids})
	if err != nil {
		return err
	}
	result, answer, err := fetch[api.RedriveResult](ctx, c, send)
	if err != nil {
		return err
	}
	if c.flags.json {
		c.out.json(answer.body)
	} else {
		var rows [][]cell
		for _, id := range result.Redriven {
			rows = append(rows, []cell{text(id), toned(toneGood, "redriven"), text("")})
		}
		for _, s := range result.Skipped {
			rows = append(rows, []cell{text(s.ID), toned(toneWarn, string(s.Code)), text(s.Message)})
		}
		c.out.list([]string{"ID", "RESULT", "REASON"}, rows)
	}
	if len(result.Redriven) == 0 {
		return &exitError{code: exitRefused, message: "no call was redriven"}
	}
	return nil
}

func (c *client) redriveAll(ctx context.Context, r api.RedriveRequest, wait bool) error {
	send, err := c.redrive(ctx, r)
	if err != nil {
		return err
	}
	progress, answer, err := fetch[api.Redrive](ctx, c, send)
	if err != nil {
		return err
	}
	if wait {
		return c.watchRedrive(ctx, progress.ID)
	}
	c.showRedrive(progress, answer.body)
	c.screen.note("To follow it: outdial dead-letters progress %s --wait", plain(progress.ID))
	return nil
}

func (a *app) redriveProgressCommand() *cobra.Command {
	var wait bool
	cmd := &cobra.Command{
		Use:   "progress REDRIVE_ID",
		Short: "Show how far a redrive of all is",
		Example: `  outdial dead-letters progress redrive_01KJPR40VQ3D6F8H1K5M7P9STX
  outdial dead-letters progress redrive_01KJPR40VQ3D6F8H1K5M7P9STX --wait`,
		Args:              oneArg("the redrive's id"),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "until every call was looked at")
	cmd.RunE = a.ask(func(ctx context.Context, c *client, args []string) error {
		if wait {
			return c.watchRedrive(ctx, args[0])
		}
		progress, answer, err := fetch[api.Redrive](ctx, c, func(ctx context.Context) (*http.Response, error) {
			return c.api.GetRedrive(ctx, args[0], nil)
		})
		if err != nil {
			return err
		}
		c.showRedrive(progress, answer.body)
		return nil
	})
	return cmd
}

func (c *client) watchRedrive(ctx context.Context, id string) error {
	last, document, err := watch[api.Redrive]{
		client: c,
		what:   fmt.Sprintf("Following %s. Ctrl-C stops watching, not the redrive.", plain(id)),
		get: func(ctx context.Context, etag *string) (*http.Response, error) {
			return c.api.GetRedrive(ctx, id, &api.GetRedriveParams{IfNoneMatch: etag})
		},
		show: func(r api.Redrive) {
			c.screen.draw([]cell{text(fmt.Sprintf("redriven %s, skipped %s", c.screen.count(r.Redriven), c.screen.count(r.Skipped)))})
		},
		done: func(r api.Redrive) bool { return r.Status == api.RedriveStatusCompleted },
	}.run(ctx)
	c.screen.clear()
	if err != nil {
		return c.stopped(ctx, err, document != nil, "outdial dead-letters progress "+shellWord(id)+" --wait")
	}
	c.showRedrive(last, document)
	return nil
}

func (c *client) showRedrive(r api.Redrive, document []byte) {
	if c.flags.json {
		c.out.json(document)
		return
	}
	pairs := []pair{{"id", text(r.ID)}, {"status", text(string(r.Status))}}
	if r.Cause != nil {
		pairs = append(pairs, pair{"cause", text(string(*r.Cause))})
	}
	if r.Batch != nil {
		pairs = append(pairs, pair{"batch", text(*r.Batch)})
	}
	c.out.record(append(
		pairs,
		pair{"redriven", c.out.number(r.Redriven)}, pair{"skipped", c.countByCode(r.Skipped, r.SkippedByCode)},
		pair{"created", c.out.when(r.CreatedAt)}, pair{"updated", c.out.when(r.UpdatedAt)},
	))
}
