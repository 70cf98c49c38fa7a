package cli

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/outdial/outdial/contracts/api"
)

// watchBatch follows a batch until all its calls have ended, and prints how.
func (c *client) watchBatch(ctx context.Context, id string) error {
	view := batchView{app: c.app, begin: c.Now()}
	last, document, err := watch[api.Batch]{
		client: c,
		what:   fmt.Sprintf("Following %s. Ctrl-C stops watching, not the calls.", plain(id)),
		get: func(ctx context.Context, etag *string) (*http.Response, error) {
			return c.api.GetBatch(ctx, id, &api.GetBatchParams{IfNoneMatch: etag})
		},
		show: view.show,
		done: isOver,
	}.run(ctx)
	c.screen.clear()
	if err != nil {
		return c.stopped(ctx, err, document != nil, "outdial batch get "+shellWord(id)+" --wait")
	}
	view.finish(last)
	if c.flags.json {
		c.out.json(document)
		return nil
	}
	c.showBatch(last)
	if err := c.showRefused(ctx, last); err != nil {
		return err
	}
	c.screen.note("Each call's result: outdial batch results %s", plain(id))
	return nil
}

// inlineRefused is how many refused rows are shown with a batch.
const inlineRefused = 10

// showRefused prints the first refused rows of a batch.
func (c *client) showRefused(ctx context.Context, b api.Batch) error {
	if b.Refused == 0 {
		return nil
	}
	page, _, err := fetch[api.RefusedRowList](ctx, c, func(ctx context.Context) (*http.Response, error) {
		limit := inlineRefused
		return c.api.ListBatchRefused(ctx, b.ID, &api.ListBatchRefusedParams{Limit: &limit})
	})
	if err != nil {
		return err
	}
	c.tableOfRefused(page.RefusedRows, b.Refused, b.ID)
	return nil
}

// tableOfRefused prints the first of the refused rows, and how to see more. A dry
// run has no batch and so no id.
func (a *app) tableOfRefused(rows []api.RefusedRow, refused int, id string) {
	if len(rows) == 0 {
		return
	}
	rows = rows[:min(len(rows), inlineRefused)]
	cells := make([][]cell, len(rows))
	for i, r := range rows {
		cells[i] = a.refusedRow(r)
	}
	a.out.line("")
	a.out.grid(refusedHeader, cells)
	switch {
	case len(rows) == refused:
	case id == "":
		a.screen.note("These are the first %d of %s refused rows. The first 1,000 are shown with --json.", len(rows), withCommas(refused))
	default:
		a.screen.note("These are the first %d of %s refused rows. All: outdial batch refused %s --all", len(rows), withCommas(refused), plain(id))
	}
}

const (
	// quietTime is between two lines of progress in a pipe.
	quietTime = 5 * time.Second
	// rateWindow is over which time the rate is taken.
	rateWindow = time.Minute
	barWidth   = 30
)

// batchView shows the progress of a batch: drawn anew on a terminal; in a pipe a
// line when something has changed, every few seconds.
type batchView struct {
	*app
	begin   time.Time
	samples []sample // of the last minute, oldest first
	told    time.Time
	line    string // told last
	paused  bool
}

// sample is how many calls had ended at a time.
type sample struct {
	at    time.Time
	ended int
}

func (v *batchView) show(b api.Batch) {
	now := v.Now()
	v.sample(now, ended(b.Counts))
	if paused := b.Status == api.BatchStatusPaused; paused != v.paused {
		v.paused = paused
		if paused {
			v.screen.note("It is paused. To let it go on: outdial batch resume %s", plain(b.ID))
		}
	}
	if v.screen.Terminal {
		v.screen.draw(v.lines(b, now)...)
		return
	}
	if now.Sub(v.told) >= quietTime {
		v.tell(b, now)
	}
}

// finish tells the last state in a pipe, however soon it came.
func (v *batchView) finish(b api.Batch) {
	if !v.screen.Terminal {
		v.tell(b, v.Now())
	}
}

func (v *batchView) tell(b api.Batch, now time.Time) {
	line := v.summary(b)
	if line == v.line {
		return
	}
	v.line, v.told = line, now
	if rate := v.rate(); rate > 0 {
		line += fmt.Sprintf(", %.1f/s", rate)
	}
	v.screen.note("%s  %s", elapsed(now.Sub(v.begin)), line)
}

// summary is "5120 of 9872 ended (51 %): waiting 3265, active 14, completed 4000, …".
func (v *batchView) summary(b api.Batch) string {
	done := ended(b.Counts)
	parts := []string{fmt.Sprintf("waiting %d", b.Counts.Waiting), fmt.Sprintf("active %d", b.Counts.Active)}
	for _, o := range outcomes(b.Counts) {
		if o.n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", o.name, o.n))
		}
	}
	return fmt.Sprintf("%d of %d ended (%d %%): %s", done, b.Rows, percent(done, b.Rows), strings.Join(parts, ", "))
}

func (v *batchView) lines(b api.Batch, now time.Time) [][]cell {
	done := ended(b.Counts)
	filled := barWidth * done / max(1, b.Rows)
	head := []cell{
		toned(toneGood, strings.Repeat("█", filled)), toned(toneDim, strings.Repeat("░", barWidth-filled)),
		toned(toneStrong, fmt.Sprintf(" %3d %%", percent(done, b.Rows))),
		text(fmt.Sprintf("  %s of %s", v.screen.count(done), v.screen.count(b.Rows))),
		toned(toneDim, "  "+elapsed(now.Sub(v.begin))),
	}
	if rate := v.rate(); rate > 0 {
		left := time.Duration(float64(b.Rows-done) / rate * float64(time.Second))
		head = append(head, toned(toneDim, fmt.Sprintf("  %.1f/s", rate)))
		if left > 0 {
			head = append(head, toned(toneDim, "  about "+elapsed(left)+" left"))
		}
	}
	counts := []cell{
		text("waiting " + v.screen.count(b.Counts.Waiting)),
		text("  "), toned(toneLive, "active "+v.screen.count(b.Counts.Active)),
	}
	for _, o := range outcomes(b.Counts) {
		if o.n > 0 {
			counts = append(counts, text("  "), toned(o.tone, o.name+" "+v.screen.count(o.n)))
		}
	}
	return [][]cell{head, counts}
}

func (v *batchView) sample(now time.Time, ended int) {
	v.samples = append(v.samples, sample{now, ended})
	for len(v.samples) > 2 && now.Sub(v.samples[1].at) >= rateWindow {
		v.samples = v.samples[1:]
	}
}

// rate is how many calls end in a second; 0 while that isn't known.
func (v *batchView) rate() float64 {
	if len(v.samples) < 2 {
		return 0
	}
	from, to := v.samples[0], v.samples[len(v.samples)-1]
	passed := to.at.Sub(from.at).Seconds()
	if passed < 1 || to.ended < from.ended {
		return 0
	}
	return float64(to.ended-from.ended) / passed
}
