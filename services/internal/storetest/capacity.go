package storetest

import (
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

var capacityTests = []test{
	{"setting it writes limit, rate and stop, and leaves slots, rate time and backoff", setCapacity},
	{"setting it from an old version is a conflict", setCapacityConflict},
	{"who stopped admission and when is kept until it goes on", stopKept},
	{"an admission takes a slot, and each way out of the attempt gives it back", slots},
	{"each admission is counted, and nothing takes one back", admissionsCounted},
	{"a limit lowered below what is in use admits nobody until enough have ended", loweredLimit},
	{"the rate's time moves on with each admission and with nothing else", rateTime},
	{"the rate's time is kept to the nanosecond", ratePrecision},
	{"a backoff holds all admission until it is over", backoffHolds},
	{"a backoff that ends sooner than the stored one changes nothing", shorterBackoff},
}

func setCapacity(t *testing.T, open Opener) {
	f := newFixture(t, open)
	room := f.capacity()
	c := f.admit(f.create(call.NewCall{}))
	f.admit(f.create(call.NewCall{}))
	now := f.tick()
	f.apply(call.LaunchRefusedForRoom(c, 1, call.Backoff{Until: now.Add(time.Minute), Step: time.Minute}, now))
	want := f.capacity()
	limit, rate, stopped := 7, 2.5, true
	after := room.Set(call.CapacityUpdate{Limit: &limit, Rate: &rate, Stopped: &stopped, By: "root"}, f.tick())
	must(t, f.store.SetCapacity(f.ctx, room, after)) // read before the admissions, which are no conflict
	want.Limit, want.Rate, want.Stopped = limit, rate, stopped
	want.StoppedAt, want.StoppedBy = after.UpdatedAt, "root"
	want.Version, want.UpdatedAt = after.Version, after.UpdatedAt
	same(t, "the capacity", f.capacity(), want)
	if want.InUse != 1 || want.Admitted != 2 || want.RateAt.IsZero() || want.BackoffStep != time.Minute {
		t.Errorf("the capacity before it was set: %+v", want)
	}
}

func setCapacityConflict(t *testing.T, open Opener) {
	f := newFixture(t, open)
	old := f.capacity()
	f.setCapacity(5, 1, false)
	limit := 9
	f.unchanged("setting capacity from an old version", func() {
		err := f.store.SetCapacity(f.ctx, old, old.Set(call.CapacityUpdate{Limit: &limit}, f.clock.Now()))
		if !is(call.ErrConflict)(err) {
			t.Errorf("%v, not ErrConflict", err)
		}
	})
}

func stopKept(t *testing.T, open Opener) {
	f := newFixture(t, open)
	set := func(stopped bool, limit int, by string) call.Capacity {
		t.Helper()
		before := f.capacity()
		after := before.Set(call.CapacityUpdate{Stopped: &stopped, Limit: &limit, By: by}, f.tick())
		must(t, f.store.SetCapacity(f.ctx, before, after))
		same(t, "the capacity", f.capacity(), after)
		return after
	}
	c := f.admit(f.create(call.NewCall{}))
	stop := set(true, 5, "ann")
	if !stop.StoppedAt.Equal(stop.UpdatedAt) || stop.StoppedBy != "ann" {
		t.Errorf("stopped by ann: %+v", stop)
	}
	f.end(c, completed)
	if again := set(true, 6, "bob"); !again.StoppedAt.Equal(stop.StoppedAt) || again.StoppedBy != "ann" {
		t.Errorf("stopped by ann, and then by bob: %+v", again)
	}
	if open := set(false, 6, "bob"); !open.StoppedAt.IsZero() || open.StoppedBy != "" {
		t.Errorf("not stopped any more: %+v", open)
	}
}

// admissionsCounted: of two looks at the count, one tells how many were launched between them.
func admissionsCounted(t *testing.T, open Opener) {
	f := newFixture(t, open)
	admitted := func(after string, want int64) {
		t.Helper()
		if got := f.capacity().Admitted; got != want {
			t.Errorf("after %s, %d admissions are counted, not %d", after, got, want)
		}
	}
	admitted("nothing", 0)
	calls := f.creates("ann", 4)
	admitted("four were created", 0)
	first := f.admission(calls[0])
	c := f.apply(first, nil)
	admitted("an admission", 1)
	f.unchanged("an admission of what is admitted", func() {
		if err := f.store.Apply(f.ctx, first); err == nil {
			t.Error("the same admission was written twice")
		}
	})
	stale := f.admission(calls[1])
	f.setCapacity(0, startRate, false)
	f.unchanged("an admission over the limit", func() {
		if err := f.store.Apply(f.ctx, stale); !isRefused(call.ConditionLimit)(err) {
			t.Errorf("admission over the limit: %v", err)
		}
	})
	admitted("a limit", 1)
	f.setCapacity(startLimit, startRate, false)
	f.end(c, completed)
	admitted("the end", 1)
	dead := f.refuseLaunch(f.admit(calls[1]))
	admitted("a launch that was refused", 2)
	f.apply(call.CanceledBeforeDial(f.admit(calls[2]), "canceled", f.tick()))
	admitted("a cancel", 3)
	again := f.apply(call.Redriven(dead, dead.Attempt, "", f.tick()))
	admitted("a redrive", 3)
	f.admit(again)
	admitted("the redriven one's next admission", 4)
}

func slots(t *testing.T, open Opener) {
	ways := []struct {
		name string
		out  func(f *fixture, c call.Call)
	}{
		{"refused for lack of room", func(f *fixture, c call.Call) {
			f.apply(call.LaunchRefusedForRoom(c, 1, call.Backoff{}, f.tick()))
		}},
		{"refused for good", func(f *fixture, c call.Call) { f.refuseLaunch(c) }},
		{"not started", func(f *fixture, c call.Call) { f.apply(call.StartFailed(c, 1, "task_stopped", f.tick())) }},
		{"canceled", func(f *fixture, c call.Call) { f.apply(call.CanceledBeforeDial(c, "canceled", f.tick())) }},
		{"ended", func(f *fixture, c call.Call) { f.end(c, completed) }},
		{"not dialed", func(f *fixture, c call.Call) { f.end(c, call.Outcome{}) }},
		{"agent lost", func(f *fixture, c call.Call) {
			f.take(c, "nonce")
			f.apply(call.AgentLost(c, 1, "", f.tick()))
		}},
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			f := newFixture(t, open)
			f.admit(f.create(call.NewCall{}))
			c := f.admit(f.create(call.NewCall{}))
			want := f.capacity()
			if want.InUse != 2 || want.Admitted != 2 {
				t.Errorf("two admissions took %d slots and were counted as %d", want.InUse, want.Admitted)
			}
			way.out(f, c)
			want.InUse = 1
			same(t, "the capacity afterwards", f.capacity(), want)
		})
	}
}

func loweredLimit(t *testing.T, open Opener) {
	f := newFixture(t, open)
	calls := f.creates("ann", 4)
	for i := range 3 {
		calls[i] = f.admit(calls[i])
	}
	f.setCapacity(2, startRate, false)
	if in := f.capacity().InUse; in != 3 {
		t.Errorf("%d slots in use after the limit was lowered, not 3", in)
	}
	for i := range 2 {
		f.unchanged("an admission over the limit", func() {
			if err := f.store.Apply(f.ctx, f.admission(calls[3])); !isRefused(call.ConditionLimit)(err) {
				t.Errorf("admission over the limit: %v", err)
			}
		})
		f.end(calls[i], completed)
	}
	f.admit(calls[3])
}

func rateTime(t *testing.T, open Opener) {
	f := newFixture(t, open)
	f.setCapacity(startLimit, 10, false)
	calls := f.creates("ann", 3)
	first := f.admission(calls[0])
	stale := f.admission(calls[1])
	c := f.apply(first, nil)
	if got := f.capacity().RateAt; !got.Equal(first.Admission.RateAfter) {
		t.Errorf("the rate's time is %v after the admission, not %v", got, first.Admission.RateAfter)
	}
	f.unchanged("an admission with a token that is gone", func() {
		if err := f.store.Apply(f.ctx, stale); !isRefused(call.ConditionRate)(err) {
			t.Errorf("a token taken twice: %v", err)
		}
	})
	before := f.capacity().RateAt
	f.end(c, completed)
	f.setCapacity(startLimit, 20, false)
	if got := f.capacity().RateAt; !got.Equal(before) {
		t.Errorf("the rate's time moved from %v to %v without an admission", before, got)
	}
	f.admit(calls[1])
	if got := f.capacity().RateAt; !got.After(before) {
		t.Errorf("the rate's time went from %v to %v", before, got)
	}
}

// ratePrecision: a token's time that is cut off would be handed out too early, or
// never fit the condition of the next admission.
func ratePrecision(t *testing.T, open Opener) {
	f := newFixture(t, open)
	f.setCapacity(startLimit, 3, false)
	calls := f.creates("ann", 2)
	now := f.tick().Add(123456789)
	launchAt, a := f.capacity().Admit(now)
	f.apply(call.Admitted(calls[0], launchAt, a, "agent:1", f.timing, now))
	if got := f.capacity().RateAt; !got.Equal(a.RateAfter) {
		t.Errorf("the rate's time is %v, not %v", got, a.RateAfter)
	}
	launchAt, a = f.capacity().Admit(now)
	c := f.apply(call.Admitted(calls[1], launchAt, a, "agent:1", f.timing, now))
	same(t, "the record", f.call(c.ID), c)
}

func backoffHolds(t *testing.T, open Opener) {
	f := newFixture(t, open)
	calls := f.creates("ann", 2)
	c := f.admit(calls[0])
	now := f.tick()
	b := call.Backoff{Until: now.Add(time.Minute), Step: 30 * time.Second}
	f.apply(call.LaunchRefusedForRoom(c, 1, b, now))
	room := f.capacity()
	if !room.BackoffUntil.Equal(b.Until) || room.BackoffStep != b.Step {
		t.Errorf("the backoff is stored as %v, %v", room.BackoffUntil, room.BackoffStep)
	}
	f.unchanged("an admission during the backoff", func() {
		if err := f.store.Apply(f.ctx, f.admission(calls[1])); !isRefused(call.ConditionBackoff)(err) {
			t.Errorf("admission during the backoff: %v", err)
		}
	})
	f.clock.Advance(time.Minute)
	f.admit(calls[1])
}

func shorterBackoff(t *testing.T, open Opener) {
	f := newFixture(t, open)
	first, second := f.admit(f.create(call.NewCall{})), f.admit(f.create(call.NewCall{}))
	now := f.tick()
	long := call.Backoff{Until: now.Add(time.Hour), Step: time.Minute}
	short := call.Backoff{Until: now.Add(time.Minute), Step: time.Second}
	f.apply(call.LaunchRefusedForRoom(first, 1, long, now))
	want := f.capacity()
	f.apply(call.LaunchRefusedForRoom(second, 1, short, now))
	want.InUse--
	same(t, "the capacity", f.capacity(), want)
	if !want.BackoffUntil.Equal(long.Until) {
		t.Errorf("the backoff lasts until %v, not %v", want.BackoffUntil, long.Until)
	}
}
