package tracking_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/testworld"
	"github.com/outdial/outdial/services/internal/tracking"
)

// Each of these runs a flow once for every call of a port that it makes and for
// every way in which that call can go wrong: see testworld.EveryFault.

func TestWhateverFailsOnceARetriedCallReachesItsEnd(t *testing.T) {
	t.Parallel()
	testworld.EveryFault(t, newWorld, func(w *testworld.World) {
		w.Carrier.Script = func(r carrier.Request) testworld.Script {
			if r.Attempt == 1 {
				return testworld.Busy
			}
			return testworld.Talk
		}
		w.Submit("ann", retrying(2, time.Minute))
	})
}

func TestWhateverFailsOnceEventsMayComeTwice(t *testing.T) {
	t.Parallel()
	testworld.EveryFault(t, newWorld, func(w *testworld.World) {
		w.Twice = true
		w.Submit("ann")
	})
}

func TestWhateverFailsOnceACallIsCanceledWhileItRings(t *testing.T) {
	t.Parallel()
	testworld.EveryFault(t, newWorld, func(w *testworld.World) {
		w.Carrier.Script = all(testworld.Endless)
		id := w.Submit("ann")
		w.Run(7 * time.Second)
		w.Press(func(ctx context.Context) error {
			_, err := w.Tracker.Cancel(ctx, id)
			if errors.Is(err, tracking.ErrFinal) {
				return nil
			}
			return err
		})
	})
}

func TestWhateverFailsOnceALostCallReachesItsEnd(t *testing.T) {
	t.Parallel()
	for _, port := range []string{"agent.Claim", "agent.NoteReference", "agent.NoteOutcome"} {
		testworld.EveryFault(t, newWorld, func(w *testworld.World) {
			w.Carrier.Script = all(testworld.Busy)
			w.Submit("ann")
			w.Fail(port, testworld.CrashBefore)
		})
	}
}

func TestWhateverFailsOnceABatchIsExpandedAndCalled(t *testing.T) {
	t.Parallel()
	testworld.EveryFault(t, newWorld, func(w *testworld.World) {
		w.ChunkRows = 2
		w.Carrier.Script = all(testworld.Busy)
		w.SetRoom(1, 1000)
		w.SubmitBatch("ann", 3)
	})
}

func TestWhateverFailsOnceABatchIsCanceledInTheMiddle(t *testing.T) {
	t.Parallel()
	open := func(t testing.TB) *testworld.World {
		w := newWorld(t)
		t.Cleanup(func() {
			for _, c := range w.Calls() {
				if c.Status == call.Queued || c.Status.Active() {
					t.Errorf("row %d is %s in a canceled batch", c.Row, c.Status)
				}
			}
		})
		return w
	}
	testworld.EveryFault(t, open, func(w *testworld.World) {
		w.ChunkRows = 2
		w.Carrier.Script = all(testworld.Endless)
		w.SetRoom(1, 1000)
		id := w.SubmitBatch("ann", 3)
		w.Run(2 * time.Second)
		w.Press(func(ctx context.Context) error {
			_, err := w.Tracker.CancelBatch(ctx, id)
			return err
		})
	})
}
