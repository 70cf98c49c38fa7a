package storetest

import (
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

var refusalTests = []test{
	{"each condition that does not hold is told apart, and nothing is written", refusals},
	{"of several conditions that do not hold, the first in order is told", refusalOrder},
	{"a change that would count below zero is corrupt, and nothing is written", belowZero},
}

// refusal is a change that a store must not write.
type refusal struct {
	name    string
	prepare func(f *fixture) call.Change
	told    func(error) bool
}

// refusals tries the conditions that the tests of claims, capacity, batches,
// keys and redrives leave out.
func refusals(t *testing.T, open Opener) {
	for _, r := range append(recordRefusals, append(claimRefusals, roomRefusals...)...) {
		t.Run(r.name, func(t *testing.T) {
			f := newFixture(t, open)
			f.expand(f.accept("zoe", 3), 2) // others, who must not be touched
			f.admit(f.create(call.NewCall{Owner: "zoe"}))
			ch := r.prepare(f)
			f.known.change(ch)
			f.unchanged("the refusal", func() {
				if err := f.store.Apply(f.ctx, ch); !r.told(err) {
					t.Errorf("%s: %v", ch.Move, err)
				}
			})
		})
	}
}

var recordRefusals = []refusal{
	{"a new call whose id is taken", func(f *fixture) call.Change {
		c := f.create(call.NewCall{})
		return call.Created(f.newCall(call.NewCall{ID: c.ID, Owner: "bob"}), f.tick())
	}, isRefused(call.ConditionExists)},
	{"a new call whose id an ended call has", func(f *fixture) call.Change {
		c := f.end(f.admit(f.create(call.NewCall{})), completed)
		return call.Created(f.newCall(call.NewCall{ID: c.ID}), f.tick())
	}, isRefused(call.ConditionExists)},
	{"a change of a call that was never created", func(f *fixture) call.Change {
		return f.admission(call.Created(f.newCall(call.NewCall{}), f.tick()).After)
	}, is(call.ErrConflict)},
	{"a change made from an older version", func(f *fixture) call.Change {
		c := f.admit(f.create(call.NewCall{}))
		late, err := call.TaskStarted(c, 1, taskOf(c), f.timing, f.tick())
		must(f.t, err)
		f.apply(call.Looked(c, "", f.tick(), f.tick()))
		return late
	}, is(call.ErrConflict)},
	{"a change that was applied already", func(f *fixture) call.Change {
		c := f.create(call.NewCall{})
		ch := f.admission(c)
		f.apply(ch, nil)
		ch.Admission.RateBefore = ch.Admission.RateAfter
		return ch
	}, is(call.ErrConflict)},
	{"a change of another life of the call", func(f *fixture) call.Change {
		c := f.admit(f.create(call.NewCall{}))
		stale, err := call.CanceledBeforeDial(c, "canceled", f.tick())
		must(f.t, err)
		c = f.apply(call.StartFailed(c, 1, "task_stopped", f.tick()))
		f.admit(c)
		return stale
	}, is(call.ErrConflict)},
}

// reverted is a change that makes the call what it was, as no move does: so the
// claim can be in a state that moves alone would not leave it in.
func (f *fixture) reverted(now, was call.Call) call.Call {
	ch := call.Change{Move: call.MoveLooked, Before: now, After: was.Clone(), At: f.tick()}
	ch.After.Version = now.Version + 1
	return f.apply(ch, nil)
}

var claimRefusals = []refusal{
	{"an admission whose claim is there already", func(f *fixture) call.Change {
		c := f.create(call.NewCall{})
		return f.admission(f.reverted(f.admit(c), c))
	}, isRefused(call.ConditionClaim)},
	{"closing a claim that an agent took", func(f *fixture) call.Change {
		c := f.admit(f.create(call.NewCall{}))
		f.take(c, "nonce")
		ch, err := call.StartFailed(c, 1, "task_stopped", f.tick())
		must(f.t, err)
		return ch
	}, isRefused(call.ConditionClaim)},
	{"closing a claim whose agent noted its outcome", func(f *fixture) call.Change {
		c := f.admit(f.create(call.NewCall{}))
		f.take(c, "nonce")
		must(f.t, f.store.NoteOutcome(f.ctx, c.ID, 1, "nonce", call.Outcome{}))
		ch, err := call.LaunchRefusedForRoom(c, 1, call.Backoff{Until: f.tick().Add(time.Hour), Step: time.Second}, f.tick())
		must(f.t, err)
		return ch
	}, isRefused(call.ConditionClaim)},
	{"closing a claim that is closed", func(f *fixture) call.Change {
		c := f.admit(f.create(call.NewCall{}))
		closed := f.apply(call.StartFailed(c, 1, "task_stopped", f.tick()))
		ch, err := call.StartFailed(f.reverted(closed, c), 1, "task_stopped", f.tick())
		must(f.t, err)
		return ch
	}, isRefused(call.ConditionClaim)},
	{"closing a claim that isn't there", func(f *fixture) call.Change {
		c := f.create(call.NewCall{})
		admitted := f.admission(c).After
		admitted.Version = c.Version
		ch, err := call.StartFailed(admitted, 1, "task_stopped", f.tick())
		must(f.t, err)
		return ch
	}, isRefused(call.ConditionClaim)},
	{"stopping the holder of a claim that is open", func(f *fixture) call.Change {
		ch, err := call.CancelRequested(f.admit(f.create(call.NewCall{})), f.timing, f.tick())
		must(f.t, err)
		return ch
	}, isRefused(call.ConditionClaim)},
	{"stopping the holder of a claim that is closed", func(f *fixture) call.Change {
		c := f.admit(f.create(call.NewCall{}))
		closed := f.apply(call.StartFailed(c, 1, "task_stopped", f.tick()))
		ch, err := call.CancelRequested(f.reverted(closed, c), f.timing, f.tick())
		must(f.t, err)
		return ch
	}, isRefused(call.ConditionClaim)},
	{"stopping the holder of a claim that isn't there", func(f *fixture) call.Change {
		c := f.create(call.NewCall{})
		admitted := f.admission(c).After
		admitted.Version = c.Version
		ch, err := call.CancelRequested(admitted, f.timing, f.tick())
		must(f.t, err)
		return ch
	}, isRefused(call.ConditionClaim)},
}

var roomRefusals = []refusal{
	{"an admission while all slots are taken", func(f *fixture) call.Change {
		f.setCapacity(1, startRate, false)
		return f.admission(f.create(call.NewCall{}))
	}, isRefused(call.ConditionLimit)},
	{"an admission while all admission is stopped", func(f *fixture) call.Change {
		f.setCapacity(startLimit, startRate, true)
		return f.admission(f.create(call.NewCall{}))
	}, isRefused(call.ConditionStopped)},
	{"an admission at a rate that is not the one", func(f *fixture) call.Change {
		ch := f.admission(f.create(call.NewCall{}))
		f.setCapacity(startLimit, startRate/2, false)
		return ch
	}, isRefused(call.ConditionRate)},
	{"an admission whose rate token is gone", func(f *fixture) call.Change {
		calls := f.creates("ann", 2)
		ch := f.admission(calls[0])
		f.admit(calls[1])
		return ch
	}, isRefused(call.ConditionRate)},
	{"an admission during a backoff", func(f *fixture) call.Change {
		c := f.admit(f.create(call.NewCall{}))
		b := call.Backoff{Until: f.clock.Now().Add(time.Hour), Step: time.Minute}
		c = f.apply(call.LaunchRefusedForRoom(c, 1, b, f.tick()))
		return f.admission(c)
	}, isRefused(call.ConditionBackoff)},
	{"an admission from a paused batch", func(f *fixture) call.Change {
		b, calls := f.expand(f.accept("bob", 1), 1)
		f.pause(b)
		return f.admission(calls[0])
	}, isRefused(call.ConditionPaused)},
	{"an admission from a canceled batch", func(f *fixture) call.Change {
		b, calls := f.expand(f.accept("bob", 1), 1)
		f.cancel(f.pause(b))
		return f.admission(calls[0])
	}, isRefused(call.ConditionCanceled)},
}

// refusalOrder makes an admission against which everything stands, and lifts one
// condition after the other.
func refusalOrder(t *testing.T, open Opener) {
	f := newFixture(t, open)
	b, calls := f.expand(f.accept("bob", 1), 1)
	ch := f.admission(calls[0])
	queued := f.reverted(f.admit(calls[0]), calls[0]) // newer version, claim there, rate token gone
	b = f.pause(b)
	refused := f.admit(f.create(call.NewCall{}))
	f.admit(f.create(call.NewCall{}))
	backoff := call.Backoff{Until: f.clock.Now().Add(time.Hour), Step: time.Minute}
	f.apply(call.LaunchRefusedForRoom(refused, 1, backoff, f.tick()))
	f.setCapacity(1, startRate, true)

	for _, condition := range []struct {
		name string
		told func(error) bool
		lift func()
	}{
		{"version", is(call.ErrConflict), func() { ch.Before.Version, ch.After.Version = queued.Version, queued.Version+1 }},
		{"claim", isRefused(call.ConditionClaim), func() { ch.Before.Attempt, ch.After.Attempt, ch.Open.Attempt = 2, 2, 2 }},
		{"batch", isRefused(call.ConditionPaused), func() { f.resume(b) }},
		{"stop", isRefused(call.ConditionStopped), func() { f.setCapacity(1, startRate, false) }},
		{"backoff", isRefused(call.ConditionBackoff), func() { ch.Admission.Now = backoff.Until }},
		{"limit", isRefused(call.ConditionLimit), func() { f.setCapacity(2, startRate, false) }},
		{"rate", isRefused(call.ConditionRate), func() { ch.Admission.RateBefore = f.capacity().RateAt }},
		{"settings of the rate", isRefused(call.ConditionRate), func() { ch.Admission.Version = f.capacity().Version }},
	} {
		f.unchanged("a refusal for "+condition.name, func() {
			if err := f.store.Apply(f.ctx, ch); !condition.told(err) {
				t.Errorf("when the %s is the first that does not hold: %v", condition.name, err)
			}
		})
		condition.lift()
	}
	f.apply(ch, nil)
}

// belowZero tries changes that no move makes from the record there is.
func belowZero(t *testing.T, open Opener) {
	f := newFixture(t, open)
	waiting := f.create(call.NewCall{})
	admitted := f.admit(f.create(call.NewCall{Owner: "cleo"}))
	f.end(admitted, completed)
	b, calls := f.expand(f.accept("bob", 2), 1)
	as := func(c call.Call, before, after call.Status) call.Change {
		ch := call.Change{Move: call.MoveLooked, Before: c, After: c.Clone(), At: f.tick()}
		ch.Before.Status, ch.After.Status = before, after
		ch.After.Version++
		return ch
	}
	stored := f.call(admitted.ID)
	for _, one := range []struct {
		name string
		ch   call.Change
	}{
		{"slots", as(waiting, call.Ringing, call.Completed)},
		{"lane", as(stored, call.Queued, call.Canceled)},
		{"counts", as(calls[0], call.Busy, call.NoAnswer)},
	} {
		f.unchanged("a change that would count "+one.name+" below zero", func() {
			if err := f.store.Apply(f.ctx, one.ch); !is(call.ErrCorrupt)(err) {
				t.Errorf("%s below zero: %v, not ErrCorrupt", one.name, err)
			}
		})
	}
	slice := f.expansion(b, 1)
	slice.Counts.Waiting = -3
	f.unchanged("a slice that would count below zero", func() {
		if err := f.store.ApplyBatch(f.ctx, slice); !is(call.ErrCorrupt)(err) {
			t.Errorf("a slice below zero: %v, not ErrCorrupt", err)
		}
	})
}
