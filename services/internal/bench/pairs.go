package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// side does one round of one side's work. What it must prepare it does before
// it measures with timed.
type side func(ctx context.Context) (effort, error)

// timed measures a piece of work that says how much it has done.
func timed(work func() (int, error)) (effort, error) {
	runtime.GC() // what was left over by what came before isn't counted
	began, cpu := time.Now(), cpuTime()
	done, err := work()
	return effort{work: done, wall: time.Since(began), cpu: cpuTime() - cpu}, err
}

// cpuTime is what this process has used of the processors.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// pairs are the rounds of two sides.
type pairs struct{ ours, theirs []effort }

// inPairs lets two sides do the same work in turn, round by round, so that a
// machine that gets slower or is shared with others does so for both. Who begins
// changes with every round. The first round warms up and isn't counted, save in a
// quick run, which has no other.
func inPairs(ctx context.Context, o options, rounds int, ours, theirs side) (pairs, error) {
	var p pairs
	if o.quick {
		err := p.round(ctx, ours, theirs, true)
		return p, err
	}
	for n := range rounds + 1 {
		if err := p.round(ctx, ours, theirs, n%2 == 0); err != nil {
			return p, err
		}
		if n == 0 {
			p = pairs{}
		}
		o.tick()
	}
	return p, nil
}

// round lets both sides work once, and checks that they did as much.
func (p *pairs) round(ctx context.Context, ours, theirs side, oursFirst bool) error {
	var a, b effort
	one := func(name string, s side, e *effort) error {
		var err error
		if *e, err = s(ctx); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return ctx.Err()
	}
	first, second := func() error { return one("ours", ours, &a) }, func() error { return one("the other", theirs, &b) }
	if !oursFirst {
		first, second = second, first
	}
	if err := first(); err != nil {
		return err
	}
	if err := second(); err != nil {
		return err
	}
	if a.work != b.work || a.work < 1 {
		return fmt.Errorf("the sides did not do the same work: ours %d, the other's %d", a.work, b.work)
	}
	p.ours, p.theirs = append(p.ours, a), append(p.theirs, b)
	return nil
}

// costs is the result of a row that aims at a cost: ours, divided by the other's.
func (p pairs) costs(cost by, note string) result { return p.result(cost, note, false) }

// rates is the result of a row that aims at a rate.
func (p pairs) rates(cost by, note string) result { return p.result(cost, note, true) }

func (p pairs) result(cost by, note string, inverse bool) result {
	ratios := make([]float64, len(p.ours))
	for i := range p.ours {
		ratios[i] = cost(p.ours[i]) / cost(p.theirs[i])
		if inverse {
			ratios[i] = 1 / ratios[i]
		}
	}
	return result{ratio: median(ratios), spread: (quantile(ratios, 0.75) - quantile(ratios, 0.25)) / 2, note: note}
}

// typical is the median cost of a side's unit of work, in seconds.
func typical(side []effort, cost by) float64 {
	costs := make([]float64, len(side))
	for i, e := range side {
		costs[i] = cost(e)
	}
	return median(costs)
}

func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile is the value below which the share q of the values lies, between the
// two that are next to it.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}
