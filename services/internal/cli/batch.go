package cli

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/outdial/outdial/contracts/api"
)

func (a *app) batchCommand() *cobra.Command {
	return group(
		&cobra.Command{
			Use:     "batch",
			Aliases: []string{"batches"},
			Short:   "Submit call lists and follow them",
			Long:    "Submit call lists, and follow, pause and cancel each as one.",
			Example: `  outdial batch submit numbers.csv --wait
  outdial batch list`,
			GroupID: groupCalls,
		},
		a.batchSubmitCommand(), a.batchGetCommand(), a.batchListCommand(),
		a.batchChangeCommand(change{
			name: "cancel", short: "Cancel a batch",
			long: `Cancel a batch: none of its waiting calls starts any more, and calls under way are
hung up. It can't be undone.`,
			send: func(ctx context.Context, c *client, id string, key *string) (*http.Response, error) {
				return c.api.CancelBatch(ctx, id, &api.CancelBatchParams{IdempotencyKey: key})
			},
		}),
		a.batchChangeCommand(change{
			name: "pause", short: "Pause a batch",
			long: "Pause a batch: none of its waiting calls starts; calls under way go on.",
			send: func(ctx context.Context, c *client, id string, key *string) (*http.Response, error) {
				return c.api.PauseBatch(ctx, id, &api.PauseBatchParams{IdempotencyKey: key})
			},
		}),
		a.batchChangeCommand(change{
			name: "resume", short: "Let a paused batch go on",
			long: "Let a paused batch go on: its waiting calls take their turn again.",
			send: func(ctx context.Context, c *client, id string, key *string) (*http.Response, error) {
				return c.api.ResumeBatch(ctx, id, &api.ResumeBatchParams{IdempotencyKey: key})
			},
		}),
		a.batchResultsCommand(), a.batchRefusedCommand(),
	)
}

func (a *app) batchGetCommand() *cobra.Command {
	var wait bool
	cmd := &cobra.Command{
		Use:   "get BATCH_ID",
		Short: "Show a batch",
		Long: `Show a batch with its counts. With --wait it is followed until all its calls have
ended; the exit code is then 0, however they ended. Ctrl-C stops watching, not the
calls.`,
		Example: `  outdial batch get batch_01KJPQ2M4N6P8R0S3T5V7W9XYZ
  outdial batch get batch_01KJPQ2M4N6P8R0S3T5V7W9XYZ --wait
  outdial batch get batch_01KJPQ2M4N6P8R0S3T5V7W9XYZ --json | jq .counts`,
		Args:              oneArg("the batch's id"),
		ValidArgsFunction: a.completeBatches,
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "follow the batch until all its calls have ended")
	cmd.RunE = a.ask(func(ctx context.Context, c *client, args []string) error {
		if wait {
			return c.watchBatch(ctx, args[0])
		}
		b, answer, err := fetch[api.Batch](ctx, c, func(ctx context.Context) (*http.Response, error) {
			return c.api.GetBatch(ctx, args[0], nil)
		})
		if err != nil {
			return err
		}
		if a.flags.json {
			a.out.json(answer.body)
			return nil
		}
		a.showBatch(b)
		return c.showRefused(ctx, b)
	})
	return cmd
}

func (a *app) batchListCommand() *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List batches, newest first",
		Long:  "List your batches, newest first; an administrator sees everybody's.",
		Example: `  outdial batch list
  outdial batch list --limit 1 | cut -f 1`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.add(cmd)
	cmd.RunE = a.ask(func(ctx context.Context, c *client, _ []string) error {
		return list[api.Batch]{
			client: c, flags: &flags, key: "batches", page: maxPage, header: batchHeader, row: a.batchRow,
			none: "There are no batches yet. Submit one with `outdial batch submit numbers.csv`.",
			get: func(ctx context.Context, p pageParams) (*http.Response, error) {
				return c.api.ListBatches(ctx, &api.ListBatchesParams{Cursor: p.cursor, Limit: p.limit})
			},
		}.run(ctx)
	})
	return cmd
}

// change is a command that changes the state of a batch.
type change struct {
	name, short, long string
	send              func(ctx context.Context, c *client, id string, key *string) (*http.Response, error)
}

func (a *app) batchChangeCommand(change change) *cobra.Command {
	cmd := &cobra.Command{
		Use:               change.name + " BATCH_ID",
		Short:             change.short,
		Long:              change.long,
		Example:           "  outdial batch " + change.name + " batch_01KJPQ2M4N6P8R0S3T5V7W9XYZ",
		Args:              oneArg("the batch's id"),
		ValidArgsFunction: a.completeBatches,
	}
	cmd.RunE = a.ask(func(ctx context.Context, c *client, args []string) error {
		key, err := a.idempotencyKey("")
		if err != nil {
			return err
		}
		b, answer, err := fetch[api.Batch](ctx, c, func(ctx context.Context) (*http.Response, error) {
			return change.send(ctx, c, args[0], key)
		})
		if err != nil {
			return err
		}
		if a.flags.json {
			a.out.json(answer.body)
		} else {
			a.showBatch(b)
		}
		return nil
	})
	return cmd
}

// maxRefusedPage is how many refused rows one page may have.
const maxRefusedPage = 1000

func (a *app) batchRefusedCommand() *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{
		Use:   "refused BATCH_ID",
		Short: "List the refused rows of a batch",
		Long:  "List the rows that were refused, with the reason. ROW is the line in the CSV file.",
		Example: `  outdial batch refused batch_01KJPQ2M4N6P8R0S3T5V7W9XYZ --all
  outdial batch refused batch_01KJPQ2M4N6P8R0S3T5V7W9XYZ --all --json | jq '.refused_rows[].row'`,
		Args:              oneArg("the batch's id"),
		ValidArgsFunction: a.completeBatches,
	}
	flags.add(cmd)
	cmd.RunE = a.ask(func(ctx context.Context, c *client, args []string) error {
		return list[api.RefusedRow]{
			client: c, flags: &flags, key: "refused_rows", page: maxRefusedPage, header: refusedHeader, row: a.refusedRow,
			none: "No row was refused.",
			get: func(ctx context.Context, p pageParams) (*http.Response, error) {
				return c.api.ListBatchRefused(ctx, args[0], &api.ListBatchRefusedParams{Cursor: p.cursor, Limit: p.limit})
			},
		}.run(ctx)
	})
	return cmd
}
