package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/outdial/outdial/contracts/api"
)

func (a *app) batchResultsCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "results BATCH_ID",
		Short: "Export the result of each call as CSV",
		Long: `Export the result of each call of a batch, in the order of its rows: as CSV, or with
--json as the calls' JSON. Calls that haven't ended are part of it as they are now.`,
		Example: `  outdial batch results batch_01KJPQ2M4N6P8R0S3T5V7W9XYZ > results.csv
  outdial batch results batch_01KJPQ2M4N6P8R0S3T5V7W9XYZ --output results.csv
  outdial batch results batch_01KJPQ2M4N6P8R0S3T5V7W9XYZ --json | jq '.calls[] | select(.status == "busy")'`,
		Args:              oneArg("the batch's id"),
		ValidArgsFunction: a.completeBatches,
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to this `file`, when all of it has come")
	cmd.RunE = a.ask(func(ctx context.Context, c *client, args []string) error {
		if output == "" {
			return c.exportTo(ctx, args[0], a.out)
		}
		// Only its owner may read it: it holds phone numbers.
		return replaceFile(output, func(f *os.File) error {
			to := newPrinter(Stream{Writer: f}, false, a.out.location)
			if err := c.exportTo(ctx, args[0], to); err != nil {
				return err
			}
			return to.err
		})
	})
	return cmd
}

func (c *client) exportTo(ctx context.Context, id string, to *printer) error {
	if c.flags.json {
		return list[api.Call]{
			client: c, to: to, flags: &listFlags{all: true}, key: "calls", page: maxPage,
			get: func(ctx context.Context, p pageParams) (*http.Response, error) {
				return c.api.ListBatchCalls(ctx, id, &api.ListBatchCallsParams{Cursor: p.cursor, Limit: p.limit})
			},
		}.run(ctx)
	}
	var read atomic.Int64
	defer c.meter(ctx, func() string { return megabytes(int(read.Load())) + " of results read" })()
	var cursor *string
	for {
		answer, err := c.do(ctx, func(ctx context.Context) (*http.Response, error) {
			return c.api.ExportBatchResults(ctx, id, &api.ExportBatchResultsParams{Cursor: cursor})
		})
		if err != nil {
			return err
		}
		if !strings.HasPrefix(answer.header.Get("Content-Type"), "text/csv") {
			return &exitError{code: exitUnexpected, message: "the answer is not Outdial's", advice: "Is that the server's URL? Name it with --url."}
		}
		to.write(to.harmless(answer.body))
		read.Add(int64(len(answer.body)))
		if to.err != nil {
			return to.err
		}
		if cursor, err = nextCursor(answer.header); err != nil || cursor == nil {
			return err
		}
	}
}

// nextCursor is the cursor in the link to the next page (RFC 8288); nil on the
// last page.
func nextCursor(h http.Header) (*string, error) {
	for _, link := range h.Values("Link") {
		target, params, ok := strings.Cut(link, ">")
		if !ok || !strings.Contains(params, `rel="next"`) {
			continue
		}
		u, err := url.Parse(strings.TrimPrefix(strings.TrimSpace(target), "<"))
		if err != nil {
			return nil, fmt.Errorf("the answer's link to the next page: %w", err)
		}
		cursor := u.Query().Get("cursor")
		if cursor == "" {
			return nil, fmt.Errorf("the answer's link to the next page has no cursor: %w", io.ErrUnexpectedEOF)
		}
		return &cursor, nil
	}
	return nil, nil
}
