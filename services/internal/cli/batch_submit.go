package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/outdial/outdial/contracts/api"
)

func (a *app) batchSubmitCommand() *cobra.Command {
	var flags submitFlags
	var params api.SubmitBatchParams
	var name, numberColumn string
	var dryRun, allowDuplicates bool
	cmd := &cobra.Command{
		Use:   "submit FILE",
		Short: "Submit a call list",
		Long: `Submit a call list as a CSV file, as spreadsheets save it: UTF-8, with commas,
semicolons or tabs, and column names in the first line. The column phone_number (or
phone, number, mobile, …) holds the numbers, a column region their regions, and every
other column becomes the call's metadata. With "-" the list is read from standard
input.

Bad rows are refused one by one, and never stop good ones; if no row is good, the
exit code is 5. With --wait the batch is followed until all its calls have ended; the
exit code is then 0, however they ended. Ctrl-C stops watching, not the calls.`,
		Example: `  outdial batch submit numbers.csv --wait
  outdial batch submit numbers.csv --dry-run
  outdial batch submit numbers.csv --region GB --name "Appointments of 3 March" --instructions-file reminder.txt
  grep London customers.csv | cat header.csv - | outdial batch submit - --number-column Telephone`,
		Args: oneArg(`the CSV file, or "-" for standard input`),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return []cobra.Completion{"csv", "tsv", "txt"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	flags.add(cmd, "follow the batch until all its calls have ended")
	cmd.Flags().StringVar(&name, "name", "", "a name for people")
	cmd.Flags().StringVar(&numberColumn, "number-column", "", "the column that holds the numbers")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "check the list and submit nothing")
	cmd.Flags().BoolVar(&allowDuplicates, "allow-duplicates", false, "call a number as often as it stands in the list")
	cmd.MarkFlagsMutuallyExclusive("dry-run", "wait")
	cmd.RunE = a.run(func(ctx context.Context, args []string) error {
		settings, err := flags.agent.settings(cmd)
		if err != nil {
			return err
		}
		params = api.SubmitBatchParams{
			DryRun: optional(dryRun), Name: optional(name), Region: flags.regionCode(),
			AllowDuplicates: optional(allowDuplicates), NumberColumn: optional(numberColumn),
			Instructions: settings.Instructions, Voice: settings.Voice, FirstWords: settings.FirstWords,
			Language: settings.Language, TimeLimit: settings.TimeLimit,
		}
		if params.IdempotencyKey, err = a.idempotencyKey(flags.key); err != nil {
			return err
		}
		csv, err := a.readList(args[0])
		if err != nil {
			return err
		}
		c, err := a.client()
		if err != nil {
			return err
		}
		if dryRun {
			return c.previewBatch(ctx, params, csv)
		}
		return c.submitBatch(ctx, params, csv, flags.wait)
	})
	return cmd
}

// readList reads the file to its last byte, as it is.
func (a *app) readList(name string) ([]byte, error) {
	in := a.In
	if name != "-" {
		f, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, usageError("there is no file %s", name)
		}
		if err != nil {
			return nil, usageError("the list can't be read: %v", err)
		}
		defer func() { _ = f.Close() }() // it was read only
		in = f
	}
	csv, err := io.ReadAll(io.LimitReader(in, api.MaxBodyBytes+1))
	if err != nil {
		return nil, usageError("the list can't be read: %v", err)
	}
	if len(csv) > api.MaxBodyBytes {
		return nil, &exitError{
			code: exitRefused, message: fmt.Sprintf("the list has more than %s bytes", withCommas(api.MaxBodyBytes)),
			advice: "Split it, and submit each part. The column names must stand first in each.",
		}
	}
	return csv, nil
}

// upload sends the list and says how far it is, if that takes long.
func (c *client) upload(ctx context.Context, params api.SubmitBatchParams, csv []byte) (*reply, error) {
	var sent atomic.Int64
	total := len(csv)
	defer c.meter(ctx, func() string {
		n := int(sent.Load())
		if n >= total {
			return "the server is checking the rows"
		}
		return fmt.Sprintf("uploading: %s of %s (%d %%)", megabytes(n), megabytes(total), percent(n, total))
	})()
	answer, err := c.do(ctx, func(ctx context.Context) (*http.Response, error) {
		sent.Store(0)
		return c.api.SubmitBatchWithBody(ctx, &params, "text/csv", bytes.NewReader(csv), func(_ context.Context, r *http.Request) error {
			r.Body = countedBody{r.Body, &sent} // its length stays known
			return nil
		})
	})
	switch {
	case err != nil && params.DryRun == nil:
		return nil, c.perhapsAccepted(ctx, err, *params.IdempotencyKey)
	case err != nil:
		return nil, err
	}
	c.tellReplay(answer)
	return answer, nil
}

// countedBody counts what is read of a request's body.
type countedBody struct {
	io.ReadCloser
	read *atomic.Int64
}

// Read counts (io.Reader).
func (b countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read.Add(int64(n))
	return n, err
}

func megabytes(n int) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

func (c *client) previewBatch(ctx context.Context, params api.SubmitBatchParams, csv []byte) error {
	answer, err := c.upload(ctx, params, csv)
	if err != nil {
		return err
	}
	preview, err := decode[api.BatchPreview](answer)
	if err != nil {
		return err
	}
	if c.flags.json {
		c.out.json(answer.body)
	} else {
		c.out.record([]pair{{"rows", c.out.number(preview.Rows)}, {"refused", c.countByCode(preview.Refused, preview.RefusedByCode)}})
		c.tableOfRefused(preview.RefusedRows, preview.Refused, "")
		c.screen.note("A dry run: nothing was submitted.")
	}
	return allRefused(preview.Rows, preview.Refused)
}

func (c *client) submitBatch(ctx context.Context, params api.SubmitBatchParams, csv []byte, wait bool) error {
	answer, err := c.upload(ctx, params, csv)
	if err != nil {
		return err
	}
	submitted, err := decode[api.SubmittedBatch](answer)
	if err != nil {
		return err
	}
	if err := allRefused(submitted.Rows, submitted.Refused); err != nil || !wait {
		c.showSubmitted(submitted, answer.body)
		return err
	}
	return c.watchBatch(ctx, submitted.ID)
}

func (c *client) showSubmitted(b api.SubmittedBatch, document []byte) {
	if c.flags.json {
		c.out.json(document)
		return
	}
	c.showBatch(api.Batch{
		ID: b.ID, Name: b.Name, Status: b.Status, Rows: b.Rows, Refused: b.Refused, RefusedByCode: b.RefusedByCode,
		Counts: b.Counts, Agent: b.Agent, CreatedAt: b.CreatedAt, UpdatedAt: b.UpdatedAt,
	})
	c.tableOfRefused(b.RefusedRows, b.Refused, b.ID)
	if b.Rows > 0 {
		c.screen.note("To follow it: outdial batch get %s --wait", plain(b.ID))
	}
}

func allRefused(rows, refused int) error {
	if rows > 0 || refused == 0 {
		return nil
	}
	return &exitError{code: exitRefused, message: fmt.Sprintf("all %s rows were refused", withCommas(refused))}
}
