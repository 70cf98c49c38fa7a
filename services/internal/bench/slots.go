package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// slotsRow measures, in virtual time, how many of the slots are in use while
// calls wait: from admission to the slot's return, as the store counts.
func slotsRow() row {
	return row{
		name:    "slots in use while 100,000 calls wait, 100 slots, calls of mixed length (simulation)",
		against: "the limit",
		aim:     atLeast(0.99),
		run:     slotsInUse,
	}
}

// warmUp is left out: launches begin one after the other.
const warmUp = 10 * time.Minute

func slotsInUse(ctx context.Context, o options) (result, error) {
	calls, limit := o.size(100_000, 2_000), o.size(100, 20)
	ours, err := outdialDay(ctx, calls, limit)
	if err != nil {
		return result{}, err
	}
	o.tick()
	others, err := usualDays(ctx, calls, limit, ours.length, o)
	note := fmt.Sprintf("%.2f of %d slots over %.1f virtual hours, %.2f in the worst minute (%.0f talking), %d calls placed, none killed; "+
		"a slot is empty while news of an end and a job travel; %.1f launches a second, %d allowed. "+
		"A message per call, left in the queue while no slot is free, in the same time, by visibility timeout × receives: %s",
		ours.slots.mean, limit, ours.length.Hours(), ours.slots.worst, ours.talking.mean, calls,
		float64(calls)/ours.length.Seconds(), rate, others)
	return result{ratio: ours.slots.mean / float64(limit), note: note}, err
}

// oursDay is what came of Outdial.
type oursDay struct {
	slots, talking span          // while calls waited, after the warm-up
	length         time.Duration // until the last call was over
}

func outdialDay(ctx context.Context, calls, limit int) (d oursDay, err error) {
	w := newOutdial(ctx)
	defer w.close()
	if err := errors.Join(w.submit(calls), w.open(limit)); err != nil {
		return d, err
	}
	w.runWhile(func() bool { return w.passed < warmUp })
	w.inUse.restart()
	w.talking.restart()
	w.runWhile(func() bool { return w.waiting.value > 0 })
	d.slots, d.talking = w.inUse.span(), w.talking.span()
	w.runWhile(func() bool { return w.finished < calls })
	d.length = w.passed
	room, err := w.store.Capacity(ctx)
	if err := errors.Join(w.err, err); err != nil {
		return d, err
	}
	if room.InUse != 0 || w.inUse.value != 0 {
		return d, fmt.Errorf("all calls are over and %d slots are in use, counted as %d", room.InUse, w.inUse.value)
	}
	return d, nil
}

// usualDays tells of settings that many would choose, of the best one whose
// receive count is a usual one and kills nobody, and of the best one of all.
func usualDays(ctx context.Context, calls, limit int, length time.Duration, o options) (string, error) {
	var days []day
	for _, most := range []int{5, 10, 1000} {
		for _, visibility := range []time.Duration{30 * time.Second, 5 * time.Minute, time.Hour, 3 * time.Hour, 12 * time.Hour} {
			if err := ctx.Err(); err != nil {
				return "", err
			}
			days = append(days, newUsual(policy{visibility, most}, calls, limit).live(length))
			o.tick()
		}
	}
	best := func(fits func(day) bool) day {
		var best day
		for _, d := range days {
			if fits(d) && d.finished > best.finished {
				best = d
			}
		}
		return best
	}
	of := func(p policy) day { return best(func(d day) bool { return d.policy == p }) }
	return fmt.Sprintf("%s; %s; the best that kills nobody with at most 10 receives, %s; the best of all, whose dead-letter queue catches nothing, %s.",
		of(policy{30 * time.Second, 5}), of(policy{5 * time.Minute, 10}),
		best(func(d day) bool { return d.most <= 10 && d.killed == 0 }), best(func(day) bool { return true })), nil
}
