package tracking_test

import (
	"testing"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/testworld"
)

func TestATickThatFailsInPartIsDoneBecauseWhatFailedIsStillDue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.NoTicks = true
	id := w.CreateBatch("ann", 4)
	w.Fail("store.Chunk", testworld.Before)
	tick(t, w)
	if jobs := w.Jobs(); len(jobs) == 0 || !jobs[0].Job.Fill {
		t.Errorf("it asks for no fill: %+v", jobs)
	}
	tick(t, w)
	if b, _ := w.Batch(id); b.Expanded != 4 {
		t.Errorf("%d of 4 rows are expanded after the next tick", b.Expanded)
	}
}

func tick(t *testing.T, w *testworld.World) {
	t.Helper()
	if err := w.Follow(messages.Event{Type: messages.EventTick}); err != nil {
		t.Errorf("the event comes back: %v", err)
	}
}

func TestALookThatFailsInPartIsDoneBecauseWhatFailedIsStillDue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.CreateBatch("ann", 4)
	w.Fail("store.Chunk", testworld.Before)
	if err := w.Follow(messages.Event{Type: messages.EventLook}); err != nil {
		t.Errorf("the event comes back: %v", err)
	}
	look(t, w)
	if b, _ := w.Batch(id); b.Expanded != 4 {
		t.Errorf("%d of 4 rows are expanded after the next look", b.Expanded)
	}
}
