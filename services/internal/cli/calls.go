package cli

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/outdial/outdial/contracts/api"
)

func (a *app) callsCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "calls",
		Short: "List, follow and cancel calls",
		Long:  "List, look at, follow and cancel calls.",
		Example: `  outdial calls list --status ringing,in-progress
  outdial calls watch call_01KJPQ7Z5W8XN2T4V6R9C3M1GH`,
		GroupID: groupCalls,
	}, a.callsListCommand(), a.callsGetCommand(), a.callsCancelCommand(), a.callsWatchCommand())
}

// maxPage is how many calls, batches or dead letters one page may have.
const maxPage = 200

func (a *app) callsListCommand() *cobra.Command {
	var flags listFlags
	var batch, number string
	status := choices{allowed: callStatuses, several: true}
	from, to := timeFlag{location: a.out.location}, timeFlag{location: a.out.location}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List calls, newest first",
		Long:  "List your calls, newest first; an administrator sees everybody's. Filters combine with \"and\".",
		Example: `  outdial calls list
  outdial calls list --status failed --all --json
  outdial calls list --batch batch_01KJPQ2M4N6P8R0S3T5V7W9XYZ --status busy,no-answer
  outdial calls list --from 2026-03-02 --to 2026-03-03 --all | cut -f 1,2`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	status.add(cmd, "status", "calls in these statuses")
	cmd.Flags().StringVar(&batch, "batch", "", "calls of this batch")
	cmd.Flags().StringVar(&number, "number", "", "calls to this number, in E.164")
	cmd.Flags().Var(&from, "from", "calls created at this time or later")
	cmd.Flags().Var(&to, "to", "calls created before this time")
	flags.add(cmd)
	must(cmd.RegisterFlagCompletionFunc("batch", a.completeBatches))
	cmd.RunE = a.ask(func(ctx context.Context, c *client, _ []string) error {
		params := api.ListCallsParams{Batch: optional(batch), Number: optional(number), From: optional(from.Time), To: optional(to.Time)}
		for _, s := range status.chosen {
			params.Status = append(params.Status, api.CallStatus(s))
		}
		return list[api.Call]{
			client: c, flags: &flags, key: "calls", page: maxPage, header: callHeader, row: a.callRow,
			none: "There are no such calls.",
			get: func(ctx context.Context, p pageParams) (*http.Response, error) {
				page := params
				page.Cursor, page.Limit = p.cursor, p.limit
				return c.api.ListCalls(ctx, &page)
			},
		}.run(ctx)
	})
	return cmd
}

func (a *app) callsGetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "get CALL_ID",
		Short: "Show a call with its history",
		Example: `  outdial calls get call_01KJPQ7Z5W8XN2T4V6R9C3M1GH
  outdial calls get call_01KJPQ7Z5W8XN2T4V6R9C3M1GH --json | jq .status`,
		Args:              oneArg("the call's id"),
		ValidArgsFunction: a.completeCalls,
	}
	cmd.RunE = a.ask(func(ctx context.Context, c *client, args []string) error {
		call, answer, err := fetch[api.Call](ctx, c, func(ctx context.Context) (*http.Response, error) {
			return c.api.GetCall(ctx, args[0], nil)
		})
		if err != nil {
			return err
		}
		if a.flags.json {
			a.out.json(answer.body)
			return nil
		}
		a.showCall(call, true)
		return nil
	})
	return cmd
}

func (a *app) callsCancelCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cancel CALL_ID",
		Short: "Cancel a call",
		Long: `Cancel a call. Before the dial it is canceled at once; after it the agent is asked
to hang up, and the call ends as canceled, or as what really happened if it was over
first.`,
		Example:           `  outdial calls cancel call_01KJPQ7Z5W8XN2T4V6R9C3M1GH`,
		Args:              oneArg("the call's id"),
		ValidArgsFunction: a.completeCalls,
	}
	cmd.RunE = a.ask(func(ctx context.Context, c *client, args []string) error {
		key, err := a.idempotencyKey("")
		if err != nil {
			return err
		}
		call, answer, err := fetch[api.Call](ctx, c, func(ctx context.Context) (*http.Response, error) {
			return c.api.CancelCall(ctx, args[0], &api.CancelCallParams{IdempotencyKey: key})
		})
		if err != nil {
			return err
		}
		if a.flags.json {
			a.out.json(answer.body)
			return nil
		}
		a.showCall(call, false)
		if answer.status == http.StatusAccepted {
			a.screen.note("The agent has been asked to hang up. To see how it ends: outdial calls watch %s", plain(call.ID))
		}
		return nil
	})
	return cmd
}

func (a *app) callsWatchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "watch CALL_ID",
		Short: "Follow a call to its end",
		Long: `Follow a call to its end: each step as it happens on standard error, and then how
it ended. The exit code is 6 unless it ended as completed. Ctrl-C stops watching, not
the call.`,
		Example: `  outdial calls watch call_01KJPQ7Z5W8XN2T4V6R9C3M1GH
  outdial calls watch call_01KJPQ7Z5W8XN2T4V6R9C3M1GH --json | jq .outcome.duration`,
		Args:              oneArg("the call's id"),
		ValidArgsFunction: a.completeCalls,
	}
	cmd.RunE = a.ask(func(ctx context.Context, c *client, args []string) error {
		return c.watchCall(ctx, args[0])
	})
	return cmd
}
