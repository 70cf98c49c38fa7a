package dispatch_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/dispatch"
	"github.com/outdial/outdial/services/internal/memory"
	"github.com/outdial/outdial/services/internal/storetest"
	"github.com/outdial/outdial/services/internal/task"
	"github.com/outdial/outdial/services/internal/testworld"
)

func newWorld(t testing.TB) *testworld.World {
	clock := storetest.NewClock()
	return testworld.New(t, clock, memory.New(call.Capacity{}), memory.NewQueue(clock.Now))
}

// admitted are the calls that were admitted, in the order of their tokens.
func admitted(w *testworld.World) []call.Call {
	calls := slices.DeleteFunc(w.Calls(), func(c call.Call) bool { return c.LaunchAt.IsZero() })
	slices.SortFunc(calls, func(a, b call.Call) int { return cmp.Or(a.LaunchAt.Compare(b.LaunchAt), strings.Compare(a.ID, b.ID)) })
	return calls
}

// owners are the owners of the admitted calls, in order.
func owners(w *testworld.World) string {
	var names []string
	for _, c := range admitted(w) {
		names = append(names, c.Owner)
	}
	return strings.Join(names, " ")
}

// ids are the admitted calls, in order.
func ids(w *testworld.World) []string {
	var all []string
	for _, c := range admitted(w) {
		all = append(all, c.ID)
	}
	return all
}

// batch makes a batch and expands it.
func batch(t testing.TB, w *testworld.World, owner string, rows int) string {
	t.Helper()
	id := w.CreateBatch(owner, rows)
	if err := w.Look(); err != nil {
		t.Fatal(err)
	}
	return id
}

// job is the job of a call's current attempt.
func job(w *testworld.World, id string) messages.Job {
	return messages.Job{CallID: id, Attempt: w.Call(id).Attempt}
}

// mark is the marked job of an attempt.
func mark(id string, attempt int) messages.Job {
	return messages.Job{CallID: id, Attempt: attempt, Dead: true}
}

// deadLetter makes a call whose launch is refused for good.
func deadLetter(t testing.TB, w *testworld.World) string {
	t.Helper()
	id := w.Create("ann")
	refuse(t, w, id)
	return id
}

// refuse has the launch of a waiting call refused for good.
func refuse(t testing.TB, w *testworld.World, id string) {
	t.Helper()
	answer := w.Tasks.Answer
	w.Tasks.Answer = func(task.Request) error { return task.ErrRefused }
	work(t, w, job(w, id))
	w.Tasks.Answer = answer
	if !w.Call(id).DeadLettered() {
		t.Fatalf("the call is %s, not dead-lettered", w.Call(id).Status)
	}
}

// work has the worker handle a job a moment later, which must succeed.
func work(t testing.TB, w *testworld.World, j messages.Job) {
	t.Helper()
	w.Clock.Advance(10 * time.Millisecond)
	if err := w.Work(j); err != nil {
		t.Fatal(err)
	}
}

// is checks a status.
func is(t testing.TB, w *testworld.World, id string, want call.Status, attempt int) {
	t.Helper()
	if c := w.Call(id); c.Status != want || c.Attempt != attempt {
		t.Fatalf("the call is %s at attempt %d, want %s at attempt %d", c.Status, c.Attempt, want, attempt)
	}
}

// dispatchStore lets a test put itself before the store.
type dispatchStore = dispatch.Store
