package deadletters_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/deadletters"
	"github.com/outdial/outdial/services/internal/testworld"
)

// done checks that a redrive is through, and what it counts.
func done(t testing.TB, w *testworld.World, id string, redriven, skipped int) {
	t.Helper()
	r := w.Redrive(id)
	if !r.Done || !r.Due.IsZero() || r.Redriven != redriven || r.Skipped != skipped {
		t.Errorf("the redrive: done %t, due %v, redriven %d, skipped %d; want %d and %d", r.Done, r.Due, r.Redriven, r.Skipped, redriven, skipped)
	}
}

func TestARedriveOfAllReopensEveryDeadLetterOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t) // slices of two
	ids := dead(w, "ann", 4)
	ids = append(ids, dead(w, "bob", 3)...)
	request(t, w, call.Redrive{ID: "redrive_1", Owner: "root"})
	w.NoTicks = true // the request asks for the look
	w.Settle()
	done(t, w, "redrive_1", 7, 0)
	w.RunUntilQuiet()
	for _, id := range ids {
		is(t, w, id, call.Completed, 2)
		if got := w.Call(id).RedriveID; got != "redrive_1" {
			t.Errorf("call %s carries the redrive %q", id, got)
		}
	}
}

func TestARedriveOfAllTakesOnlyWhatMatches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, bob := dead(w, "ann", 2), dead(w, "bob", 2)
	w.Tasks.Hold = true // a dead letter of another cause
	tired := w.Submit("ann")
	for attempt := 1; attempt <= call.MaxClosed; attempt++ {
		w.Settle()
		w.Tasks.Of(tired, attempt).Kill()
		w.Clock.Advance(time.Second)
	}
	w.RunUntilQuiet()
	w.Tasks.Hold = false

	request(t, w, call.Redrive{ID: "redrive_1", Only: "ann", Cause: call.CauseLaunchRefused})
	w.RunUntilQuiet()
	done(t, w, "redrive_1", 2, 0)
	for _, id := range ann {
		is(t, w, id, call.Completed, 2)
	}
	for _, id := range bob {
		is(t, w, id, call.Failed, 1)
	}
	is(t, w, tired, call.Failed, call.MaxClosed)

	request(t, w, call.Redrive{ID: "redrive_2", Cause: call.CauseLaunchTriesUsed})
	w.RunUntilQuiet()
	done(t, w, "redrive_2", 1, 0)
	is(t, w, tired, call.Completed, call.MaxClosed+1)
}

func TestARedriveOfAllSkipsAndCountsTheCallsOfCanceledBatches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	canceled, rows := deadInBatch(w, "ann", 3)
	_, others := deadInBatch(w, "ann", 2)
	if _, err := w.Tracker.CancelBatch(t.Context(), canceled); err != nil {
		t.Fatal(err)
	}
	request(t, w, call.Redrive{ID: "redrive_1"})
	w.RunUntilQuiet()
	done(t, w, "redrive_1", 2, 3)
	for _, id := range rows {
		is(t, w, id, call.Failed, 1)
	}
	for _, id := range others {
		is(t, w, id, call.Completed, 2)
	}
}

func TestARedriveOfAllTakesNoCallTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := dead(w, "ann", 5)
	w.Tasks.Answer = refusing // whatever is reopened dies again at once
	request(t, w, call.Redrive{ID: "redrive_1"})
	for range 4 {
		w.Before("store.ListDeadLetters", func() { w.Fill(); w.Clock.Advance(time.Second) })
	}
	w.RunUntilQuiet()
	done(t, w, "redrive_1", 5, 0)
	for _, id := range ids {
		is(t, w, id, call.Failed, 2)
	}
}

func TestARedriveOfAllTellsWhyItSkipped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gone := dead(w, "ann", 1)
	dead(w, "bob", 2)
	w.SetRoom(0, 1000) // nothing is launched meanwhile
	request(t, w, call.Redrive{ID: "redrive_1"})
	w.Before("store.Call", func() {
		if _, err := w.DeadLetters.Chosen(t.Context(), "redrive_2", gone); err != nil {
			t.Error(err)
		}
	})
	w.Settle()
	done(t, w, "redrive_1", 2, 1)
	if got := w.Redrive("redrive_1").SkippedByCode; len(got) != 1 || got[deadletters.CodeNotDeadLettered] != 1 {
		t.Errorf("skipped by code: %v", got)
	}
}

func TestTwoRedrivesOfAllReopenEveryDeadLetterOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := dead(w, "ann", 5)
	w.SetRoom(0, 1000) // nothing is launched meanwhile
	request(t, w, call.Redrive{ID: "redrive_1"})
	request(t, w, call.Redrive{ID: "redrive_2"})
	w.Settle()
	first, second := w.Redrive("redrive_1"), w.Redrive("redrive_2")
	if !first.Done || !second.Done || first.Redriven+second.Redriven != 5 {
		t.Errorf("redriven %d and %d of 5", first.Redriven, second.Redriven)
	}
	for _, id := range ids {
		is(t, w, id, call.Queued, 2)
	}
}

func TestTwoWorkersOnOneRedriveCountEveryCallOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dead(w, "ann", 5)
	request(t, w, call.Redrive{ID: "redrive_1"})
	w.Before("store.Apply", func() {
		if more, err := w.DeadLetters.Work(t.Context(), "redrive_1"); err != nil || !more {
			t.Errorf("one worker: more %t, %v", more, err)
		}
	})
	if more, err := w.DeadLetters.Work(t.Context(), "redrive_1"); err != nil || !more {
		t.Errorf("the other worker: more %t, %v", more, err)
	}
	w.RunUntilQuiet()
	done(t, w, "redrive_1", 5, 0)
}

func TestARedriveThatIsDoneReopensNothingMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dead(w, "ann", 1)
	request(t, w, call.Redrive{ID: "redrive_1"})
	w.RunUntilQuiet()
	late := dead(w, "ann", 1)[0]
	if more, err := w.DeadLetters.Work(t.Context(), "redrive_1"); err != nil || more {
		t.Errorf("more %t, %v", more, err)
	}
	is(t, w, late, call.Failed, 1)
	done(t, w, "redrive_1", 1, 0)
}

func TestAListThatStillShowsWhatWasReopenedIsPassed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := dead(w, "ann", 3)
	gone := w.Call(ids[1])
	chosen(t, w, "redrive_0", gone.ID)
	w.Lists.Dead = func(truth []call.Call) []call.Call {
		if len(truth) > 0 && truth[0].ID == ids[0] {
			return []call.Call{truth[0], gone}
		}
		return truth
	}
	request(t, w, call.Redrive{ID: "redrive_1"})
	w.RunUntilQuiet()
	done(t, w, "redrive_1", 2, 1)
	for _, id := range ids {
		is(t, w, id, call.Completed, 2)
	}
}

func TestARequestWithoutAnAnswerIsReadBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Fail("store.ApplyRedrive", testworld.After)
	r, err := w.DeadLetters.Request(t.Context(), call.Redrive{ID: "redrive_1"}, nil)
	if err != nil || r.Version != 1 {
		t.Errorf("a request that was stored is answered %+v, %v", r, err)
	}
	w.Fail("store.ApplyRedrive", testworld.Unclear)
	if _, err := w.DeadLetters.Request(t.Context(), call.Redrive{ID: "redrive_2"}, nil); !errors.Is(err, call.ErrUnclear) || errors.Is(err, call.ErrNotFound) {
		t.Errorf("a request that was not stored is answered %v", err)
	}
}

func TestARequestWithAKeyThatIsTakenIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := &call.IdempotencyKey{Owner: "root", Key: "k", ExpiresAt: w.Clock.Now().Add(call.KeyLife)}
	if _, err := w.DeadLetters.Request(t.Context(), call.Redrive{ID: "redrive_1"}, key); err != nil {
		t.Fatal(err)
	}
	if _, err := w.DeadLetters.Request(t.Context(), call.Redrive{ID: "redrive_2"}, key); !call.RefusedFor(err, call.ConditionKey) {
		t.Errorf("answered %v", err)
	}
}

// Redrive of all, with everything going wrong once: the counts are exact, and
// every call is reopened exactly once.
func TestWhateverFailsOnceARedriveOfAllIsExact(t *testing.T) {
	t.Parallel()
	open := func(t testing.TB) *testworld.World {
		w := newWorld(t)
		t.Cleanup(func() {
			done(t, w, "redrive_1", 2, 1)
			for _, c := range w.Calls() {
				want := 2
				if c.BatchID != "" {
					want = 1
				}
				if c.Attempt != want && c.Closed == 0 { // an agent that died may have cost an attempt
					t.Errorf("call %s is %s at attempt %d, want %d", c.ID, c.Status, c.Attempt, want)
				}
			}
		})
		w.DeadLetters.Slice = 1
		dead(w, "ann", 2)
		batch, _ := deadInBatch(w, "bob", 1)
		if _, err := w.Tracker.CancelBatch(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		w.Carrier.Script = func(carrier.Request) testworld.Script { return testworld.Busy }
		return w
	}
	testworld.EveryFault(t, open, func(w *testworld.World) {
		w.Press(func(ctx context.Context) error {
			_, err := w.DeadLetters.Request(ctx, call.Redrive{ID: "redrive_1"}, nil)
			if call.RefusedFor(err, call.ConditionExists) {
				return nil // the request before was stored
			}
			return err
		})
	})
}
