package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/outdial/outdial/services/internal/simulation"
)

// progress shows how far something is: on a terminal in one line that is written
// again and again, else in a line for every twentieth part. Nothing is shown of
// what takes less than two seconds.
type progress struct {
	to       io.Writer
	terminal bool
	began    time.Time
	shown    time.Time
	parts    int // of twenty
}

func newProgress(to io.Writer, terminal bool) *progress {
	now := time.Now()
	return &progress{to: to, terminal: terminal, began: now, shown: now.Add(2 * time.Second)}
}

// show shows that a part from 0 to 1 is done.
func (p *progress) show(part float64, what string) {
	now := time.Now()
	if now.Before(p.shown) || part <= 0 {
		return
	}
	left := time.Duration(float64(now.Sub(p.began)) * (1 - part) / part)
	line := fmt.Sprintf("%s, %s left", what, left.Round(time.Second))
	if p.terminal {
		p.shown = now.Add(200 * time.Millisecond)
		fmt.Fprintf(p.to, "\r\x1b[K%s", line)
		return
	}
	if parts := int(part * 20); parts > p.parts {
		p.parts = parts
		fmt.Fprintln(p.to, line)
	}
}

// end leaves the line empty for what comes next.
func (p *progress) end() {
	if p.terminal {
		fmt.Fprint(p.to, "\r\x1b[K")
	}
}

func rate(histories int, took time.Duration) string {
	return fmt.Sprintf("%.0f histories/s", float64(histories)/max(took.Seconds(), 0.001))
}

// failure shows the history that broke a promise, or a smaller one.
func failure(ctx context.Context, out io.Writer, p *progress, r simulation.Result, shrink bool) {
	fmt.Fprintf(out, "seed %d: %s\n\n", r.Seed, r.Failure.Violation)
	o := simulation.Options{Seed: r.Seed}
	if shrink {
		h := simulation.Shrink(ctx, o, r.Failure, func(part float64) { p.show(part, "looking for the shortest history") })
		p.end()
		fmt.Fprintf(out, "The shortest history found that breaks this promise, of %d steps (seed %d has %d):\n%s\n\n",
			h.Steps, r.Seed, r.Failure.Steps, h.Story())
	} else {
		o.Trace = true
		fmt.Fprintf(out, "%s\n\n", simulation.Run(o).Story())
	}
	fmt.Fprintf(out, "Show it again: make prove REPLAY=%d\n\n", r.Seed)
}

// totals is the last line.
func totals(r simulation.Result, first uint64, took time.Duration) string {
	seeds := "none"
	if r.Histories > 0 {
		seeds = fmt.Sprintf("%d–%d", first, first+uint64(r.Histories)-1)
	}
	met, all := r.Coverage.Met()
	return fmt.Sprintf("%d histories, %d steps, seeds %s, %s, %s, %d of %d moves × faults met, %d violations",
		r.Histories, r.Steps, seeds, took.Round(time.Millisecond), rate(r.Histories, took), met, all, r.Failures)
}
