package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

// row is a line of the table: what is measured, against which peer or bound of
// the same run.
type row struct {
	name, against string
	aim           aim
	// run measures. It does its work with errors, not with a ratio, when the two
	// sides did not do the same.
	run func(ctx context.Context, o options) (result, error)
}

// rows is the table. Each file gives its own.
func rows() []row {
	return []row{
		checkRow(),
		recordsRow(),
		submitRow(),
		statusRow(),
		slotsRow(),
		finishRow(),
		waitingRow(),
		memoryRow(),
		coldStartRow(),
		sizeRow(),
		invocationsRow(),
	}
}

// options say how a row is measured.
type options struct {
	quick   bool   // small sizes: whether it works, not how fast
	million bool   // with 1,000,000 calls waiting, where the row has them
	dir     string // an empty folder for the row's files, on the disk that is measured
	tick    func() // something was done: progress is shown
}

// size is full, or less of it in a quick run.
func (o options) size(full, quick int) int {
	if o.quick {
		return quick
	}
	return full
}

// result is what a row has measured.
type result struct {
	ratio  float64 // ours : the other's
	spread float64 // half the distance between the quartiles of the rounds' ratios; 0 when there is one round
	note   string  // absolute figures, and what bounds them
}

// aim is what a ratio should be.
type aim struct {
	bound float64
	least bool // the bound is the smallest, not the largest, that is well
}

// atMost is the aim of a cost.
func atMost(bound float64) aim { return aim{bound: bound} }

// atLeast is the aim of a rate.
func atLeast(bound float64) aim { return aim{bound: bound, least: true} }

func (a aim) met(ratio float64) bool {
	if a.least {
		return ratio >= a.bound
	}
	return ratio <= a.bound
}

func (a aim) String() string {
	if a.least {
		return fmt.Sprintf("≥ %g", a.bound)
	}
	return fmt.Sprintf("≤ %g", a.bound)
}

// measure runs a row, and checks that it gave a figure.
func measure(ctx context.Context, r row, o options) (result, error) {
	if o.tick == nil {
		o.tick = func() {}
	}
	got, err := r.run(ctx, o)
	if err == nil && (math.IsNaN(got.ratio) || math.IsInf(got.ratio, 0) || got.ratio <= 0) {
		err = errors.New("the ratio is no number")
	}
	return got, err
}

// effort is what a side spent on a piece of work.
type effort struct {
	work int           // how much was done, in the row's own unit
	wall time.Duration // on the clock
	cpu  time.Duration // of this process, on all cores
}

// by tells what a unit of work cost: on the clock, or of the processor.
type by func(effort) float64

func byWall(e effort) float64 { return e.wall.Seconds() / float64(e.work) }
func byCPU(e effort) float64  { return e.cpu.Seconds() / float64(e.work) }
