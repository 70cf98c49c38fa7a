package tracking_test

import (
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/memory"
	"github.com/outdial/outdial/services/internal/storetest"
	"github.com/outdial/outdial/services/internal/testworld"
)

func newWorld(t testing.TB) *testworld.World {
	clock := storetest.NewClock()
	return testworld.New(t, clock, memory.New(call.Capacity{}), memory.NewQueue(clock.Now))
}

// started is a world with one call whose task is started and held.
func started(t testing.TB, with ...func(*call.NewCall)) (w *testworld.World, id string, agent *testworld.Task) {
	t.Helper()
	w = newWorld(t)
	w.Tasks.Hold = true
	id = w.Create("ann", with...)
	w.Fill()
	return w, id, w.Tasks.Of(id, 1)
}

// launching is a world with one call whose launch was never answered. Its task,
// if it was started, is held.
func launching(t testing.TB, fault testworld.Fault) (w *testworld.World, id string) {
	t.Helper()
	w = newWorld(t)
	w.Tasks.Hold = true
	id = w.Create("ann")
	w.Fail("tasks.Run", fault)
	_ = w.Work(messages.Job{Fill: true})
	is(t, w, id, call.Launching, 1)
	return w, id
}

// all is a script for every call.
func all(s testworld.Script) func(carrier.Request) testworld.Script {
	return func(carrier.Request) testworld.Script { return s }
}

// retrying is a policy that tries again what was busy.
func retrying(dials int, delay time.Duration) func(*call.NewCall) {
	return func(n *call.NewCall) {
		n.Retry = &call.RetryPolicy{MaxDials: dials, Delay: delay, On: []call.Status{call.Busy, call.Failed}}
	}
}

// is checks a status.
func is(t testing.TB, w *testworld.World, id string, want call.Status, attempt int) {
	t.Helper()
	if c := w.Call(id); c.Status != want || c.Attempt != attempt {
		t.Fatalf("the call is %s at attempt %d (%+v), want %s at attempt %d", c.Status, c.Attempt, c.Failure, want, attempt)
	}
}

// failedFor checks that a call failed, and why.
func failedFor(t testing.TB, w *testworld.World, id string, want call.FailureReason) {
	t.Helper()
	if c := w.Call(id); c.Failure == nil || c.Failure.Reason != want || c.Status != call.Failed {
		t.Fatalf("the call is %s with %+v, want failed for %s", c.Status, c.Failure, want)
	}
}

// look has the tracker look at what is due, which must succeed.
func look(t testing.TB, w *testworld.World) {
	t.Helper()
	if err := w.Look(); err != nil {
		t.Fatal(err)
	}
}

// toDue moves the clock on until the tracker's shows a call's due.
func toDue(t testing.TB, w *testworld.World, id string) {
	t.Helper()
	due := w.Call(id).Due
	if due.IsZero() {
		t.Fatal("the call is not due at any time")
	}
	w.Clock.Advance(max(due.Sub(w.Tracker.Now()), 0))
}

// unchanged checks that nothing changes a call's record.
func unchanged(t testing.TB, w *testworld.World, id string, happens func()) {
	t.Helper()
	before := w.Call(id)
	happens()
	if after := w.Call(id); after.Version != before.Version {
		t.Errorf("the call went from %s to %s (version %d to %d), want no change", before.Status, after.Status, before.Version, after.Version)
	}
}
