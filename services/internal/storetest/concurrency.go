package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/outdial/outdial/services/internal/call"
)

var concurrencyTests = []test{
	{"many that admit never take more slots than there are", limitHolds},
	{"a call that many admit is admitted once", admittedOnce},
	{"a claim that many agents take is taken once", takenOnce},
	{"of an agent that takes a claim and a control that closes it, one wins", takeOrClose},
	{"fifty calls created at once with one idempotency key are one call", oneKeyOneCall},
	{"rows expanded by many at once become one call each", expandedOnce},
	{"a redrive worked off by many at once reopens each call once", redrivenOnce},
	{"admissions, ends, pauses and cancels at once leave all counters right", countersStayRight},
}

// all runs n at once and gives their first error.
func all(n int, run func(i int) error) error {
	var g errgroup.Group
	start := make(chan struct{})
	for i := range n {
		g.Go(func() error {
			<-start
			return run(i)
		})
	}
	close(start)
	return g.Wait()
}

// lostRace tells whether somebody else got on: an answer that a race may have.
func lostRace(err error) bool {
	var refused *call.RefusedError
	return errors.Is(err, call.ErrConflict) || errors.Is(err, call.ErrUnclear) ||
		errors.As(err, &refused) || call.NotAllowed(err)
}

// racer does what the use cases do, on a store that others write to.
type racer struct {
	ctx   context.Context
	store Store
	clock *Clock
	t     call.Timing
}

func (f *fixture) racer() racer { return racer{f.ctx, f.store, f.clock, f.timing} }

// admit tries to admit a call until it was admitted, or can't be for another
// reason than the rate's time, over which all admissions race.
func (r racer) admit(id string) error {
	for {
		c, err := r.store.Call(r.ctx, id)
		if err != nil {
			return err
		}
		room, err := r.store.Capacity(r.ctx)
		if err != nil {
			return err
		}
		now := r.clock.Advance(time.Millisecond)
		launchAt, a := room.Admit(now)
		ch, err := call.Admitted(c, launchAt, a, "agent:1", r.t, now)
		if err != nil {
			return err
		}
		err = r.store.Apply(r.ctx, ch)
		if call.RefusedFor(err, call.ConditionRate) || errors.Is(err, call.ErrUnclear) {
			continue
		}
		return err
	}
}

// end ends an admitted call as its agent would.
func (r racer) end(c call.Call) error {
	if _, err := r.store.TakeClaim(r.ctx, c.ID, c.Attempt, "nonce", "task", r.clock.Now()); err != nil {
		return err
	}
	if err := r.store.NoteOutcome(r.ctx, c.ID, c.Attempt, "nonce", completed); err != nil {
		return err
	}
	_, err := call.Update(r.ctx, r.store, c.ID, func(now call.Call) (call.Change, error) {
		return call.Ended(now, c.Attempt, completed, r.clock.Advance(time.Millisecond))
	})
	return err
}

func limitHolds(t *testing.T, open Opener) {
	f := newFixture(t, open)
	const limit = 7
	f.setCapacity(limit, startRate, false)
	calls := f.creates("ann", 24)
	r := f.racer()
	var admitted atomic.Int64
	must(t, all(len(calls), func(i int) error {
		err := r.admit(calls[i].ID)
		if err == nil {
			admitted.Add(1)
			return nil
		}
		if !call.RefusedFor(err, call.ConditionLimit) {
			return fmt.Errorf("admission: %w", err)
		}
		return nil
	}))
	if n, counted := admitted.Load(), f.capacity().Admitted; n != limit || counted != n {
		t.Errorf("%d calls were admitted into %d slots, and %d counted", n, limit, counted)
	}
	f.check()
}

func admittedOnce(t *testing.T, open Opener) {
	f := newFixture(t, open)
	r := f.racer()
	for _, c := range f.creates("ann", 5) {
		var admitted atomic.Int64
		must(t, all(8, func(int) error {
			err := r.admit(c.ID)
			if err == nil {
				admitted.Add(1)
			} else if !lostRace(err) {
				return err
			}
			return nil
		}))
		if n := admitted.Load(); n != 1 {
			t.Errorf("a call was admitted %d times", n)
		}
	}
	if counted := f.capacity().Admitted; counted != 5 {
		t.Errorf("five admissions were counted as %d", counted)
	}
	f.check()
}

func takenOnce(t *testing.T, open Opener) {
	f := newFixture(t, open)
	for _, c := range f.creates("ann", 5) {
		f.admit(c)
		var winners sync.Map
		var wins atomic.Int64
		must(t, all(16, func(i int) error {
			nonce := fmt.Sprintf("nonce-%d", i)
			claim, err := f.store.TakeClaim(f.ctx, c.ID, 1, nonce, "task", f.clock.Now())
			if err == nil {
				wins.Add(1)
				winners.Store(claim.Nonce, true)
				return f.store.NoteReference(f.ctx, c.ID, 1, nonce, "carrier-"+nonce)
			}
			if !call.RefusedFor(err, call.ConditionClaim) {
				return err
			}
			return nil
		}))
		claim := f.claim(c)
		if _, won := winners.Load(claim.Nonce); wins.Load() != 1 || !won || claim.CarrierReference != "carrier-"+claim.Nonce {
			t.Errorf("%d took the claim, which is %+v", wins.Load(), claim)
		}
	}
}

func takeOrClose(t *testing.T, open Opener) {
	f := newFixture(t, open)
	f.setCapacity(100, startRate, false)
	for _, c := range f.creates("ann", 20) {
		c = f.admit(c)
		closing, err := call.StartFailed(c, 1, "start_timeout", f.tick())
		must(t, err)
		answers := make([]error, 2)
		must(t, all(2, func(i int) error {
			if i == 0 {
				_, answers[0] = f.store.TakeClaim(f.ctx, c.ID, 1, "nonce", "task", f.clock.Now())
			} else {
				answers[1] = f.store.Apply(f.ctx, closing)
			}
			return nil
		}))
		took, closed := answers[0] == nil, answers[1] == nil
		if took == closed {
			t.Fatalf("taking: %v; closing: %v", answers[0], answers[1])
		}
		want := call.HolderAgent
		if closed {
			want = call.HolderControl
		}
		if got := f.claim(c).Holder; got != want {
			t.Errorf("the claim is held by %q, not %q", got, want)
		}
		for _, err := range answers {
			if err != nil && !call.RefusedFor(err, call.ConditionClaim) {
				t.Errorf("the answer to the one that lost: %v", err)
			}
		}
	}
	f.check()
}

func oneKeyOneCall(t *testing.T, open Opener) {
	f := newFixture(t, open)
	now := f.tick()
	changes := make([]call.Change, 50)
	for i := range changes {
		changes[i] = call.Created(f.newCall(call.NewCall{}), now)
		k := f.key("ann", "k1")
		k.Location = "/v1/calls/" + changes[i].After.ID
		changes[i].Key = &k
	}
	var winner atomic.Value
	must(t, all(len(changes), func(i int) error {
		err := f.store.Apply(f.ctx, changes[i])
		if err == nil {
			winner.Store(changes[i])
		} else if !call.RefusedFor(err, call.ConditionKey) {
			return err
		}
		return nil
	}))
	calls, _, err := f.store.ListCalls(f.ctx, call.Filter{}, call.Page{Limit: many})
	must(t, err)
	key, err := f.store.Key(f.ctx, "ann", "k1", now)
	must(t, err)
	won, ok := winner.Load().(call.Change)
	if !ok || len(calls) != 1 {
		t.Fatalf("%d calls were created", len(calls))
	}
	same(t, "the call", calls[0], won.After)
	same(t, "the key", key, *won.Key)
	f.check()
}

func expandedOnce(t *testing.T, open Opener) {
	f := newFixture(t, open)
	b := f.accept("bob", 40)
	rows := f.rows(40)
	now := f.tick()
	must(t, all(4, func(int) error {
		for {
			b, err := f.store.Batch(f.ctx, b.ID)
			if err != nil || b.Expanded == b.Rows {
				return err
			}
			ch, err := call.BatchExpanded(b, rows[b.Expanded:min(b.Expanded+5, b.Rows)], now)
			if err != nil {
				return err
			}
			if err := f.store.ApplyBatch(f.ctx, ch); err != nil && !errors.Is(err, call.ErrConflict) {
				return err
			}
		}
	}))
	same(t, "the counts", f.counts(b), call.Counts{Waiting: 40})
	f.check()
}

func redrivenOnce(t *testing.T, open Opener) {
	f := newFixture(t, open)
	for _, c := range f.creates("ann", 8) {
		f.refuseLaunch(f.admit(c))
	}
	r := f.redrive()
	must(t, all(4, func(int) error { return workOff(f, r.ID) }))
	r, err := f.store.Redrive(f.ctx, r.ID)
	must(t, err)
	if r.Redriven != 8 || r.Skipped != 0 {
		t.Errorf("the redrive: %+v", r)
	}
	if lane := f.lane(call.LaneKey{Owner: "ann"}); lane.Ready != 8 {
		t.Errorf("the lane: %+v", lane)
	}
	f.check()
}

// workOff reopens dead letters for a redrive until there are none.
func workOff(f *fixture, id string) error {
	for {
		r, err := f.store.Redrive(f.ctx, id)
		if err != nil {
			return err
		}
		dead, _, err := f.store.ListDeadLetters(f.ctx, call.DeadLetterFilter{}, call.Page{After: r.Cursor, Limit: 1})
		if err != nil || len(dead) == 0 {
			return err
		}
		now := f.clock.Advance(time.Millisecond)
		ch, err := call.Redriven(dead[0], dead[0].Attempt, id, now)
		if err == nil {
			progress := r.Reopening(dead[0].ID, now)
			ch.Redrive = &progress
			err = f.store.Apply(f.ctx, ch)
		}
		if err != nil && !lostRace(err) {
			return err
		}
	}
}

// countersStayRight lets six admit and end the calls of two batches and of one
// owner, while others pause, resume and expand, and one cancels.
func countersStayRight(t *testing.T, open Opener) {
	f := newFixture(t, open)
	f.setCapacity(3, startRate, false)
	b1, first := f.expand(f.accept("bob", 12), 8)
	_, second := f.expand(f.accept("cleo", 8), 8)
	ids := idsOf(append(append(f.creates("ann", 8), first...), second...))
	r := f.racer()
	must(t, all(8, func(i int) error {
		switch i {
		case 0:
			return r.setStates(b1.ID, 6)
		case 1:
			return r.cancelSome(ids)
		}
		for n := range ids {
			if err := r.admitAndEnd(ids[(n+5*i)%len(ids)]); err != nil {
				return err
			}
		}
		return nil
	}))
	f.check()
	if told, counted := f.admissionsTold(ids), f.capacity().Admitted; counted != told {
		t.Errorf("%d admissions are in the calls' histories, and %d counted", told, counted)
	}
}

// admissionsTold is how often calls were admitted, by their own histories.
func (f *fixture) admissionsTold(ids []string) (n int64) {
	f.t.Helper()
	for _, id := range ids {
		for _, step := range f.call(id).History {
			if step.Status == call.Launching {
				n++
			}
		}
	}
	return n
}

func (r racer) admitAndEnd(id string) error {
	err := r.admit(id)
	var c call.Call
	if err == nil {
		if c, err = r.store.Call(r.ctx, id); err == nil {
			err = r.end(c)
		}
	}
	if err != nil && !lostRace(err) {
		return fmt.Errorf("admit and end %s: %w", id, err)
	}
	return nil
}

// setStates pauses and resumes a batch so many times.
func (r racer) setStates(id string, times int) error {
	for n := range times {
		b, err := r.store.Batch(r.ctx, id)
		if err != nil {
			return err
		}
		move := call.BatchPaused
		if n%2 == 1 {
			move = call.BatchResumed
		}
		ch, err := move(b, r.clock.Advance(time.Millisecond))
		if err == nil {
			err = r.store.ApplyBatch(r.ctx, ch)
		}
		if err != nil && !lostRace(err) {
			return fmt.Errorf("set the state of a batch: %w", err)
		}
	}
	return nil
}

// cancelSome cancels every third call, if nobody holds it.
func (r racer) cancelSome(ids []string) error {
	for i := 0; i < len(ids); i += 3 {
		_, err := call.Update(r.ctx, r.store, ids[i], func(c call.Call) (call.Change, error) {
			return call.CanceledBeforeDial(c, "canceled", r.clock.Advance(time.Millisecond))
		})
		if err != nil && !lostRace(err) {
			return fmt.Errorf("cancel %s: %w", ids[i], err)
		}
	}
	return nil
}
