package dispatch_test

import (
	"testing"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/task"
	"github.com/outdial/outdial/services/internal/testworld"
)

func TestWhateverFailsOnceACallReachesItsEnd(t *testing.T) {
	t.Parallel()
	testworld.EveryFault(t, newWorld, func(w *testworld.World) { w.Submit("ann") })
}

func TestWhateverFailsOnceARefusedLaunchReachesItsEnd(t *testing.T) {
	t.Parallel()
	flow := func(w *testworld.World) {
		w.Tasks.Answer = noRoom(1, task.ErrNoCapacity)
		w.SetRoom(1, 1)
		w.Submit("ann")
		w.Submit("bob")
	}
	testworld.EveryFault(t, newWorld, flow)
}

func TestWhateverFailsOnceADeadLetterIsReopenedByItsMark(t *testing.T) {
	t.Parallel()
	open := func(t testing.TB) *testworld.World {
		w := newWorld(t)
		t.Cleanup(func() {
			for _, c := range w.Calls() {
				if !c.Status.Final() || c.Status == call.Failed && c.Attempt < 2 {
					t.Errorf("the call is %s at attempt %d; its mark is lost", c.Status, c.Attempt)
				}
			}
		})
		return w
	}
	flow := func(w *testworld.World) {
		w.Tasks.Answer = noRoom(1, task.ErrRefused)
		w.Submit("ann")
		w.RunUntilQuiet()
		for _, sent := range w.Marks() { // as AWS's own redrive puts them back
			w.Send(sent.Job)
		}
	}
	testworld.EveryFault(t, open, flow)
}
