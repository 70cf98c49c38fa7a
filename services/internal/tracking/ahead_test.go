package tracking_test

import (
	"slices"
	"testing"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/testworld"
)

// TestTheEventsOfOneReceiveAreReadTogether, and all of a call's events may be in it,
// in any order.
func TestTheEventsOfOneReceiveAreReadTogether(t *testing.T) {
	t.Parallel()
	permute(4, func(order []int) {
		w, id, events := told(t)
		received := slices.Clone(events[:0])
		for _, i := range order {
			received = append(received, events[i])
		}
		for i, err := range w.Tracker.HandleAll(t.Context(), received) {
			if err != nil {
				t.Errorf("order %v: event %d: %v", order, order[i], err)
			}
		}
		is(t, w, id, call.Completed, 1)
		if n := w.Asked("store.ReadAhead"); n != 1 {
			t.Errorf("order %v: read ahead %d times", order, n)
		}
	})

	w, id, events := told(t)
	before := w.Asked("store.Call") + w.Asked("store.Claim")
	if err := w.Follow(events[0]); err != nil {
		t.Error(err)
	}
	if n := w.Asked("store.Call") + w.Asked("store.Claim") - before; n > 0 {
		t.Errorf("%d records and claims were read once more", n)
	}
	is(t, w, id, call.Ringing, 1)
}

// TestWhatWasReadAheadAndMovedOnIsReadAgain: nothing is written from an old record.
func TestWhatWasReadAheadAndMovedOnIsReadAgain(t *testing.T) {
	t.Parallel()
	w, id, events := told(t)
	w.Before("store.Apply", func() {
		if err := w.Follow(events[2]); err != nil { // another tracker gets the end first
			t.Error(err)
		}
	})
	if err := w.Follow(events[0]); err != nil {
		t.Error(err)
	}
	is(t, w, id, call.Completed, 1)
}

func TestWhenReadingAheadFailsEachIsReadAlone(t *testing.T) {
	t.Parallel()
	w, id, events := told(t)
	w.Fail("store.ReadAhead", testworld.Before)
	for i, err := range w.Tracker.HandleAll(t.Context(), events) {
		if err != nil {
			t.Errorf("event %d: %v", i, err)
		}
	}
	is(t, w, id, call.Completed, 1)
}
