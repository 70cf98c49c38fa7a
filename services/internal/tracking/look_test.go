package tracking_test

import (
	"testing"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/testworld"
)

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
