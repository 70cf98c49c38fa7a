package capacity_test

import (
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/memory"
	"github.com/outdial/outdial/services/internal/storetest"
	"github.com/outdial/outdial/services/internal/task"
	"github.com/outdial/outdial/services/internal/testworld"
)

func newWorld(t testing.TB) *testworld.World {
	clock := storetest.NewClock()
	return testworld.New(t, clock, memory.New(call.Capacity{}), memory.NewQueue(clock.Now))
}

// busy is a world with calls that talk until somebody ends them, in all slots
// but those left free, and one more call that waits.
func busy(t testing.TB, limit int) (w *testworld.World, waits string) {
	t.Helper()
	w = newWorld(t)
	w.SetRoom(limit, 1000)
	w.Carrier.Script = func(carrier.Request) testworld.Script { return testworld.Endless }
	for range limit {
		w.Submit("ann")
	}
	w.Run(20 * time.Second)
	if n := w.Room().InUse; n != limit {
		t.Fatalf("%d of %d slots are taken", n, limit)
	}
	return w, w.Submit("ann")
}

func limit(n int) call.CapacityUpdate    { return call.CapacityUpdate{Limit: &n} }
func rate(r float64) call.CapacityUpdate { return call.CapacityUpdate{Rate: &r} }
func stopped(s bool) call.CapacityUpdate { return call.CapacityUpdate{Stopped: &s} }

// set sets capacity, which must succeed.
func set(t testing.TB, w *testworld.World, u call.CapacityUpdate) call.Capacity {
	t.Helper()
	c, err := w.Capacity.Set(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWhatIsNotGivenStaysAsItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetRoom(3, 2)
	steps := []struct {
		update call.CapacityUpdate
		want   call.Capacity
	}{
		{limit(7), call.Capacity{Limit: 7, Rate: 2}},
		{rate(0.5), call.Capacity{Limit: 7, Rate: 0.5}},
		{stopped(true), call.Capacity{Limit: 7, Rate: 0.5, Stopped: true}},
		{limit(0), call.Capacity{Limit: 0, Rate: 0.5, Stopped: true}},
		{stopped(false), call.Capacity{Limit: 0, Rate: 0.5}},
	}
	for _, step := range steps {
		w.Clock.Advance(time.Second)
		for _, c := range []call.Capacity{set(t, w, step.update), w.Room()} {
			if c.Limit != step.want.Limit || c.Rate != step.want.Rate || c.Stopped != step.want.Stopped || !c.UpdatedAt.Equal(w.Clock.Now()) {
				t.Errorf("capacity is %+v, want %+v", c, step.want)
			}
		}
	}
}

func TestALowerLimitEndsNothingAndHoldsTheNext(t *testing.T) {
	t.Parallel()
	for _, lower := range []int{0, 1, 2} {
		w, waits := busy(t, 3)
		set(t, w, limit(lower))
		w.Run(5 * time.Minute)
		if n := w.Room().InUse; n != 3 {
			t.Errorf("limit %d: %d calls go on, want 3", lower, n)
		}
		for ended := range 3 {
			if c := w.Call(waits); c.Status != call.Queued {
				t.Errorf("limit %d: the next is %s while %d slots are taken", lower, c.Status, 3-ended)
			}
			if _, err := w.Tracker.Cancel(t.Context(), w.Calls()[ended].ID); err != nil {
				t.Fatal(err)
			}
			w.Run(10 * time.Second)
			if 3-ended-1 < lower {
				break
			}
		}
		if c := w.Call(waits); c.Status.Active() != (lower > 0) {
			t.Errorf("limit %d: the next is %s in the end", lower, c.Status)
		}
	}
}

func TestAHigherLimitFillsAtOnce(t *testing.T) {
	t.Parallel()
	w, waits := busy(t, 2)
	w.NoTicks = true
	w.Run(time.Second)
	if c := w.Call(waits); c.Status != call.Queued {
		t.Fatalf("the call is %s before the limit is raised", c.Status)
	}
	set(t, w, limit(3))
	w.Run(time.Second)
	if c := w.Call(waits); !c.Status.Active() {
		t.Errorf("the call is %s after the limit was raised", c.Status)
	}
}

func TestAStopOfAllAdmissionLetsGoOnWhatIsAdmitted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetRoom(10, 1)
	admitted, token := w.Submit("ann"), w.Submit("ann")
	w.Settle() // one is launched, the other has a token ahead
	if c := w.Call(token); c.Status != call.Launching {
		t.Fatalf("the second call is %s", c.Status)
	}
	set(t, w, stopped(true))
	waits := w.Submit("ann")
	w.Run(5 * time.Minute)
	for id, want := range map[string]call.Status{admitted: call.Completed, token: call.Completed, waits: call.Queued} {
		if c := w.Call(id); c.Status != want {
			t.Errorf("call %s is %s, want %s", id, c.Status, want)
		}
	}
	w.NoTicks = true
	set(t, w, stopped(false))
	w.RunUntilQuiet()
	if c := w.Call(waits); c.Status != call.Completed {
		t.Errorf("the call that waited is %s", c.Status)
	}
}

func TestAStopBetweenChoiceAndAdmissionHolds(t *testing.T) {
	t.Parallel()
	for name, update := range map[string]call.CapacityUpdate{"stopped": stopped(true), "limit 0": limit(0)} {
		w := newWorld(t)
		id := w.Create("ann")
		w.Before("store.Apply", func() { set(t, w, update) })
		w.Fill()
		if c := w.Call(id); c.Status != call.Queued {
			t.Errorf("%s: the call is %s", name, c.Status)
		}
	}
}

func TestTwoWhoSetAtOnceBothHaveTheirWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Before("store.SetCapacity", func() { set(t, w, rate(0.5)) })
	c := set(t, w, limit(7))
	if room := w.Room(); room.Limit != 7 || room.Rate != 0.5 || c.Rate != 0.5 {
		t.Errorf("capacity is %+v, answered %+v", room, c)
	}
}

func TestOthersWhoKeepSettingAreAConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := func() { w.SetRoom(w.Room().Limit+1, 1000) }
	for range 50 {
		w.Before("store.SetCapacity", other)
	}
	if _, err := w.Capacity.Set(t.Context(), limit(7)); !errors.Is(err, call.ErrConflict) {
		t.Errorf("answered %v", err)
	}
}

func TestAdmissionsMeanwhileAreNoConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Create("ann")
	w.Before("store.SetCapacity", w.Fill)
	set(t, w, limit(7))
	if room := w.Room(); room.Limit != 7 || room.InUse != 1 || w.Asked("store.SetCapacity") != 1 {
		t.Errorf("capacity is %+v after %d writes", room, w.Asked("store.SetCapacity"))
	}
	w.RunUntilQuiet()
}

func TestASetWithoutAnAnswerIsMadeAgain(t *testing.T) {
	t.Parallel()
	for _, fault := range []testworld.Fault{testworld.After, testworld.Unclear} {
		w := newWorld(t)
		w.Fail("store.SetCapacity", fault)
		if c := set(t, w, limit(7)); c.Limit != 7 || w.Room().Limit != 7 {
			t.Errorf("a write that %s: answered %+v, stored %+v", fault, c, w.Room())
		}
	}
	w := newWorld(t)
	w.Fail("store.SetCapacity", testworld.Before)
	if _, err := w.Capacity.Set(t.Context(), limit(7)); err == nil || w.Room().Limit == 7 {
		t.Errorf("a write that failed: %v, limit %d", err, w.Room().Limit)
	}
}

func TestASetHoldsThoughItsFillCannotBeAskedFor(t *testing.T) {
	t.Parallel()
	w, waits := busy(t, 1)
	w.Fail("send:calls", testworld.Before)
	set(t, w, limit(2))
	w.Run(2 * time.Minute) // the tick fills
	if c := w.Call(waits); !c.Status.Active() {
		t.Errorf("the call is %s", c.Status)
	}
}

// reasons are the situations in which one call waits for a reason.
var reasons = []struct {
	reason call.WaitReason
	make   func(t *testing.T, w *testworld.World) (id string)
}{
	{call.WaitSchedule, func(_ *testing.T, w *testworld.World) string {
		return w.Submit("ann", func(n *call.NewCall) { n.NotBefore = w.Clock.Now().Add(time.Hour) })
	}},
	{call.WaitRetry, func(_ *testing.T, w *testworld.World) string {
		w.Carrier.Script = func(carrier.Request) testworld.Script { return testworld.Busy }
		id := w.Submit("ann", func(n *call.NewCall) {
			n.Retry = &call.RetryPolicy{MaxDials: 2, Delay: time.Hour, On: []call.Status{call.Busy}}
		})
		w.Run(10 * time.Second)
		return id
	}},
	{call.WaitCapacity, func(_ *testing.T, w *testworld.World) string {
		w.SetRoom(1, 1000)
		w.Submit("bob")
		w.Settle()
		return w.Submit("ann")
	}},
	{call.WaitCapacity, func(_ *testing.T, w *testworld.World) string { return w.Create("ann") }}, // its turn is about to come
	{call.WaitRate, func(_ *testing.T, w *testworld.World) string {
		w.SetRoom(10, 1.0/3600)
		w.Submit("bob")
		w.Settle()
		return w.Submit("ann")
	}},
	{call.WaitStopped, func(t *testing.T, w *testworld.World) string {
		set(t, w, stopped(true))
		return w.Submit("ann")
	}},
	{call.WaitBackoff, func(_ *testing.T, w *testworld.World) string {
		w.Tasks.Answer = func(task.Request) error { return task.ErrNoCapacity }
		id := w.Submit("ann")
		w.Settle()
		return id
	}},
	{call.WaitPaused, func(t *testing.T, w *testworld.World) string {
		batch := w.CreateBatch("ann", 1)
		if err := w.Look(); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Tracker.PauseBatch(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		set(t, w, stopped(true)) // it would wait for its batch even so
		return call.BatchCallID(batch, 1)
	}},
}

func TestACallSaysWhyItWaits(t *testing.T) {
	t.Parallel()
	for _, test := range reasons {
		w := newWorld(t)
		id := test.make(t, w)
		if got, err := w.Capacity.WaitReason(t.Context(), w.Call(id)); err != nil || got != test.reason {
			t.Errorf("the call waits for %q (%v), want %q", got, err, test.reason)
		}
	}
}

func TestACallThatWaitsForItsWindowSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := call.Call{Status: call.Queued, Wait: call.Wait{Reason: call.WaitWindow, Until: w.Clock.Now().Add(time.Hour)}}
	if got, err := w.Capacity.WaitReason(t.Context(), c); err != nil || got != call.WaitWindow {
		t.Errorf("the call waits for %q (%v)", got, err)
	}
}

func TestACallThatDoesNotWaitHasNoReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.Submit("ann")
	for w.Settle(); ; w.Run(10 * time.Second) {
		c := w.Call(id)
		if got, err := w.Capacity.WaitReason(t.Context(), c); err != nil || got != "" {
			t.Errorf("a call that is %s waits for %q (%v)", c.Status, got, err)
		}
		if c.Status.Final() {
			return
		}
	}
}

func TestCapacityCountsWhoWaitsByReason(t *testing.T) {
	t.Parallel()
	for _, test := range reasons {
		w := newWorld(t)
		test.make(t, w)
		room, waiting, err := w.Capacity.Get(t.Context())
		if err != nil || !maps.Equal(waiting, call.Waiting{test.reason: 1}) {
			t.Errorf("waiting: %v (%v), want one for %s", waiting, err, test.reason)
		}
		if room != w.Room() {
			t.Errorf("capacity is %+v, want %+v", room, w.Room())
		}
	}
}

func TestCapacityCountsAllLanes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetRoom(0, 1000)
	w.SubmitBatch("ann", 5)
	paused := w.SubmitBatch("ann", 3)
	w.Settle()
	if _, err := w.Tracker.PauseBatch(t.Context(), paused); err != nil {
		t.Fatal(err)
	}
	w.Submit("bob")
	w.Submit("bob", func(n *call.NewCall) { n.NotBefore = w.Clock.Now().Add(time.Hour) })
	_, waiting, err := w.Capacity.Get(t.Context())
	if want := (call.Waiting{call.WaitCapacity: 6, call.WaitPaused: 3, call.WaitSchedule: 1}); err != nil || !maps.Equal(waiting, want) {
		t.Errorf("waiting: %v (%v), want %v", waiting, err, want)
	}
}

func TestAStoreThatFailsIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := call.BatchCallID(w.SubmitBatch("ann", 1), 1)
	w.SetRoom(0, 1000)
	w.Settle()
	for _, port := range []string{"store.Capacity", "store.Lane"} {
		w.Fail(port, testworld.Before)
		if _, err := w.Capacity.WaitReason(t.Context(), w.Call(id)); err == nil {
			t.Errorf("%s failed and the reason is known", port)
		}
	}
	w.Fail("store.Capacity", testworld.Before, testworld.Before)
	if _, _, err := w.Capacity.Get(t.Context()); err == nil {
		t.Error("store.Capacity failed and the capacity is known")
	}
	if _, err := w.Capacity.Set(t.Context(), limit(1)); err == nil {
		t.Error("store.Capacity failed and the capacity is set")
	}
}

func TestASetAsksForAFill(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	set(t, w, limit(7))
	if jobs := w.Jobs(); len(jobs) != 1 || jobs[0].Job != (messages.Job{Fill: true}) {
		t.Errorf("sent %+v, want one fill", jobs)
	}
}
