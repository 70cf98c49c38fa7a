package cli

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/outdial/outdial/services/internal/serve"
	"github.com/outdial/outdial/services/internal/sqlite"
	"github.com/outdial/outdial/services/internal/verify"
)

// clockSkew is how far this machine's clock may have been set back, unless said otherwise.
const clockSkew = time.Second

func (a *app) verifyCommand() *cobra.Command {
	var data string
	skew := clockSkew
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check a data folder against the rules",
		Long: `Check a data folder against the rules: each call's history, outcome and dial claims,
slots, lanes, counters, batches and their rows, what is due, idempotency keys, the
messages in the queues, and the simulated carrier's own log.

It changes nothing. The server may run meanwhile, be stopped or be killed: what is
checked is the folder as it was at one moment. Each finding is a sentence with an id;
with any, the exit code is 1. A finding is a bug of Outdial, a damaged disk, or
somebody's edit: keep a copy of the folder.`,
		Example: `  outdial verify
  outdial verify --data .data
  outdial verify --data .data --json | jq .findings`,
		GroupID:           groupServer,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().StringVar(&data, "data", a.defaultData(), "the data folder ("+envData+")")
	cmd.Flags().DurationVar(&skew, "clock-skew", skew, "how far this machine's clock may have been set back while calls ran")
	must(cmd.MarkFlagDirname("data"))
	cmd.RunE = a.run(func(ctx context.Context, _ []string) error {
		if data == "" {
			return usageError("--data: name the data folder")
		}
		if skew < 0 {
			return usageError("--clock-skew is %s; it must not be negative", skew)
		}
		report, err := a.verify(ctx, data, skew)
		if err != nil {
			return notVerified(err)
		}
		return a.verified(data, report)
	})
	return cmd
}

func (a *app) verify(ctx context.Context, data string, skew time.Duration) (verify.Report, error) {
	var now atomic.Pointer[verify.Checked]
	now.Store(&verify.Checked{})
	defer a.meter(ctx, func() string {
		c := now.Load()
		return fmt.Sprintf("%s calls and %s claims checked", withCommas(c.Calls), withCommas(c.Claims))
	})()
	return serve.Verify(ctx, data, skew, func(c verify.Checked) { now.Store(&c) })
}

// notVerified gives a folder that isn't there its exit code.
func notVerified(err error) error {
	if errors.Is(err, serve.ErrNoFolder) || errors.Is(err, sqlite.ErrNoFile) {
		return &exitError{code: exitNotFound, message: err.Error(), cause: err}
	}
	return err
}

// verified prints what was checked and found.
func (a *app) verified(data string, r verify.Report) error {
	found := len(r.Findings) + r.More
	if a.flags.json {
		if err := a.out.value(r); err != nil {
			return err
		}
	} else {
		a.showChecked(r)
	}
	if found == 0 {
		return nil
	}
	things := "things"
	if found == 1 {
		things = "thing"
	}
	return &exitError{
		code: exitUnexpected, message: fmt.Sprintf("%s: %s %s found that can't be", data, withCommas(found), things),
		advice: "Keep a copy of the folder: it shows what went wrong.",
	}
}

func (a *app) showChecked(r verify.Report) {
	c := r.Checked
	tone := toneGood
	if len(r.Findings) > 0 {
		tone = toneBad
	}
	pairs := []pair{
		{"calls", a.out.number(c.Calls)},
		{"history entries", a.out.number(c.Steps)},
		{"claims", a.out.number(c.Claims)},
		{"active calls", a.out.number(c.Active)},
		{"slots in use", a.out.number(c.Slots)},
		{"batches", a.out.number(c.Batches)},
		{"rows of batches", a.out.number(c.Rows)},
		{"lanes", a.out.number(c.Lanes)},
		{"due", a.out.number(c.Due)},
		{"redrives", a.out.number(c.Redrives)},
		{"idempotency keys", a.out.number(c.Keys)},
		{"messages", a.out.number(c.Messages)},
		{"dials", a.out.number(c.Dials)},
		{"findings", toned(tone, a.out.count(len(r.Findings)+r.More))},
	}
	a.out.record(pairs)
	if len(r.Findings) == 0 {
		return
	}
	a.out.line("")
	rows := make([][]cell, len(r.Findings))
	for i, f := range r.Findings {
		rows[i] = []cell{toned(toneWarn, f.Check), text(f.ID), text(f.Sentence)}
		if a.out.Terminal { // the sentence has the id, too, and needs the room
			rows[i] = []cell{rows[i][0], rows[i][2]}
		}
	}
	a.out.list([]string{"CHECK", "FINDING"}, rows)
	if r.More > 0 {
		a.out.line("and %s more", a.out.count(r.More))
	}
}
