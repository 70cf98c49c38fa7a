package e2e_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"

	"github.com/outdial/outdial/e2e/internal/ecs"
	"github.com/outdial/outdial/e2e/internal/front"
	"github.com/outdial/outdial/e2e/internal/world"
)

// held is a call to AWS that has come, and has no effect before it is released.
type held struct {
	come    chan front.Call
	Release func() // may be called again
}

// hold keeps the next call that fits.
func hold(t *testing.T, w *world.World, fault front.Fault) *held {
	t.Helper()
	gate := make(chan struct{})
	h := &held{make(chan front.Call, 1), sync.OnceFunc(func() { close(gate) })}
	t.Cleanup(h.Release) // before the system ends, which waits for it
	fault.Times = 1
	fault.Before = func(c front.Call) {
		h.come <- c
		<-gate
	}
	w.Front.Inject(fault)
	return h
}

// Come waits until the call has come.
func (h *held) Come(t *testing.T) front.Call {
	t.Helper()
	return within(t, "the call that is to be held", h.come)
}

// within waits for something that has to come.
func within[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(time.Minute):
		t.Fatalf("%s: not within a minute", what)
		panic("unreachable")
	}
}

// allFree waits until no slot is taken and no task runs.
func allFree(t *testing.T, w *world.World, root world.Caller) {
	t.Helper()
	world.Eventually(t, "no slot is taken", func() api.Capacity { return root.Capacity(t) },
		func(c api.Capacity) bool { return c.InUse == 0 })
	world.Eventually(t, "no task runs", w.ECS.Running, func(n int) bool { return n == 0 })
}

// over waits until a call has ended.
func over(t *testing.T, who world.Caller, id string) api.Call {
	t.Helper()
	return world.Eventually(t, "the call is over", func() api.Call { return who.Call(t, id) },
		func(call api.Call) bool { return call.EndedAt != nil })
}

// dialed checks how often the carrier was asked to dial for a call.
func dialed(t *testing.T, w *world.World, id string, want int) {
	t.Helper()
	dials, err := w.Dials()
	if err != nil {
		t.Fatal(err)
	}
	dials = slices.DeleteFunc(dials, func(d world.Dial) bool { return d.CallID != id })
	if len(dials) != want {
		t.Errorf("%d dials, want %d: %v", len(dials), want, dials)
	}
}

// tasksOf are all the tasks that were started for a call, oldest first.
func tasksOf(w *world.World, id string) []ecs.Task {
	return slices.DeleteFunc(w.ECS.Tasks(), func(task ecs.Task) bool { return task.Overrides["OUTDIAL_CALL_ID"] != id })
}
