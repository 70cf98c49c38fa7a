package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
)

// slots is how many calls run at the same time.
const slots = 100

// finishRow measures calls from their list to their end.
func finishRow() row {
	return row{
		name:    "calls finished per second, task that ends at once, SQLite",
		against: "bare guarded updates, as many as a call's moves, as many in each transaction",
		aim:     atLeast(0.5),
		run:     runFinish,
	}
}

func runFinish(ctx context.Context, o options) (result, error) {
	n := o.size(1_000, 20)
	list := callList(numbers(n))
	var w writes // of the last round
	p, err := inPairs(ctx, o, 5,
		func(ctx context.Context) (e effort, err error) {
			e, w, err = finishList(ctx, o.dir, list)
			return e, err
		},
		// Ours comes first in the first round, so it is known how many updates.
		func(ctx context.Context) (effort, error) { return updateCalls(ctx, o.dir, n, w) })
	if err != nil {
		return result{}, err
	}
	return p.rates(byWall, fmt.Sprintf(
		"%.0f calls a second against %.0f; %.0f µs of the processor a call against %.0f µs; a call has %.1f moves in %.1f commits",
		1/typical(p.ours, byWall), 1/typical(p.theirs, byWall), 1e6*typical(p.ours, byCPU), 1e6*typical(p.theirs, byCPU),
		float64(w.moves)/float64(n), float64(w.commits)/float64(n))), nil
}

// writes is what was written for some calls: moves, in so many transactions,
// which hold the claims and the messages too.
type writes struct{ moves, commits int }

// group is how many moves share a transaction.
func (w writes) group() int { return max(1, int(math.Round(float64(w.moves)/float64(w.commits)))) }

// finishList measures a call list from its submission to the end of its last call.
func finishList(ctx context.Context, dir string, list []byte) (_ effort, w writes, err error) {
	dir, err = os.MkdirTemp(dir, "")
	if err != nil {
		return effort{}, w, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	h, err := openHouse(ctx, dir, "ours")
	if err != nil {
		return effort{}, w, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	if err := h.setLimit(ctx, slots); err != nil {
		return effort{}, w, err
	}
	working, stop := h.runLoops(ctx)
	defer func() { err = errors.Join(err, stop()) }()
	before := committed.Load()
	e, err := timed(func() (int, error) { return h.finish(working, list) })
	if err != nil {
		return e, w, err
	}
	w.commits = int(committed.Load() - before)
	calls, _, err := h.db.ListCalls(ctx, call.Filter{}, call.Page{Limit: e.work})
	for _, c := range calls {
		w.moves += int(c.Version)
	}
	return e, w, err
}

func (h *house) setLimit(ctx context.Context, limit int) error {
	before, err := h.db.Capacity(ctx)
	if err != nil {
		return err
	}
	return h.db.SetCapacity(ctx, before, before.Set(call.CapacityUpdate{Limit: &limit}, time.Now()))
}

// finish submits a call list, waits until all its calls are completed, and tells how many they are.
func (h *house) finish(ctx context.Context, list []byte) (int, error) {
	answer, err := h.post(ctx, "/batches?region="+region, "text/csv", list, http.StatusAccepted)
	if err != nil {
		return 0, err
	}
	var accepted api.Batch
	if err := json.Unmarshal(answer, &accepted); err != nil {
		return 0, err
	}
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		n, err := h.db.BatchCounts(ctx, accepted.ID)
		if err != nil || n.Completed == accepted.Rows {
			return n.Completed, err
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return 0, fmt.Errorf("%w; the calls are %+v", context.Cause(ctx), n)
		}
	}
}

// updateCalls measures the updates of n calls, so many of each as they have made
// moves, and as many in each transaction as there were moves in one of Outdial's.
func updateCalls(ctx context.Context, dir string, n int, w writes) (_ effort, err error) {
	dir, err = os.MkdirTemp(dir, "")
	if err != nil {
		return effort{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	u, err := openUpdates(ctx, dir, "plain", n)
	if err != nil {
		return effort{}, err
	}
	defer func() { err = errors.Join(err, u.close()) }()
	return timed(func() (int, error) {
		for done := 0; done < w.moves; done += w.group() {
			err := u.transaction(ctx, func() error {
				for i := done; i < min(done+w.group(), w.moves); i++ {
					if err := u.guarded(ctx, i%n); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return 0, err
			}
		}
		return n, nil
	})
}
