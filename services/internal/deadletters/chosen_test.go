package deadletters_test

import (
	"slices"
	"testing"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/deadletters"
	"github.com/outdial/outdial/services/internal/testworld"
)

func TestAChosenDeadLetterIsReopenedAsTheNextAttempt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := dead(w, "ann", 2)
	result := chosen(t, w, "redrive_1", ids...)
	if !slices.Equal(result.Redriven, ids) || len(result.Skipped) != 0 {
		t.Errorf("result: %+v", result)
	}
	for _, id := range ids {
		is(t, w, id, call.Queued, 2)
		if c := w.Call(id); c.Failure != nil || c.RedriveID != "redrive_1" || !c.EndedAt.IsZero() {
			t.Errorf("the reopened call has %+v, %q, ended %v", c.Failure, c.RedriveID, c.EndedAt)
		}
	}
	w.NoTicks = true // the redrive asks for the fill
	w.RunUntilQuiet()
	for _, id := range ids {
		is(t, w, id, call.Completed, 2)
	}
}

func TestWhatIsNoDeadLetterIsSkippedAndSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	talked := w.Submit("ann")
	w.RunUntilQuiet()
	lost := w.Submit("ann")
	w.Fail("agent.NoteReference", testworld.CrashBefore)
	w.RunUntilQuiet()
	good := dead(w, "bob", 1)[0]
	batch, rows := deadInBatch(w, "cyd", 1)
	if _, err := w.Tracker.CancelBatch(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	waits := w.Create("ann")

	result := chosen(t, w, "redrive_1", "call_unknown", talked, lost, good, rows[0], waits, good)
	codes := map[string]string{}
	for _, s := range result.Skipped {
		codes[s.ID] = s.Code
		if s.Message == "" {
			t.Errorf("no sentence says why %s is skipped", s.ID)
		}
	}
	want := map[string]string{
		"call_unknown": deadletters.CodeCallNotFound,
		talked:         deadletters.CodeNotDeadLettered,
		lost:           deadletters.CodeNotDeadLettered, // the person may have been called (R8)
		rows[0]:        deadletters.CodeBatchCanceled,
		waits:          deadletters.CodeNotDeadLettered,
	}
	for id, code := range want {
		if codes[id] != code {
			t.Errorf("%s is skipped with %q, want %q", id, codes[id], code)
		}
	}
	if !slices.Equal(result.Redriven, []string{good}) || len(result.Skipped) != len(want) {
		t.Errorf("result: %+v", result)
	}
	if c := w.Call(lost); c.Failure == nil || c.Failure.Reason != call.ReasonAgentLost || c.Attempt != 1 {
		t.Errorf("the lost call is %s with %+v", c.Status, c.Failure)
	}
	w.RunUntilQuiet()
}

func TestARedrivePressedTwiceMakesOneAttempt(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]string{"with the same id": "redrive_1", "with another id": "redrive_2"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := dead(w, "ann", 1)[0]
			chosen(t, w, "redrive_1", id)
			again := chosen(t, w, second, id)
			if repeated := second == "redrive_1"; repeated != (len(again.Redriven) == 1) || repeated == (len(again.Skipped) == 1) {
				t.Errorf("the second press answered %+v", again)
			}
			is(t, w, id, call.Queued, 2)
			w.RunUntilQuiet()
			is(t, w, id, call.Completed, 2)
		})
	}
}

func TestARedriveReopensACallOnceThoughItDiesAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := dead(w, "ann", 1)[0]
	w.Tasks.Answer = refusing
	chosen(t, w, "redrive_1", id)
	w.RunUntilQuiet()
	is(t, w, id, call.Failed, 2)
	chosen(t, w, "redrive_1", id) // the same request, repeated late
	is(t, w, id, call.Failed, 2)
	chosen(t, w, "redrive_2", id)
	is(t, w, id, call.Queued, 3)
}

func TestARedriveAndItsMarkMakeOneAttempt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := dead(w, "ann", 1)[0]
	w.Before("store.Apply", func() {
		if err := w.Work(mark(id, 1)); err != nil {
			t.Error(err)
		}
	})
	result := chosen(t, w, "redrive_1", id)
	if len(result.Redriven) != 0 {
		t.Errorf("the call that its mark has reopened is told as redriven: %+v", result)
	}
	w.RunUntilQuiet()
	is(t, w, id, call.Completed, 2)

	id = dead(w, "ann", 1)[0]
	chosen(t, w, "redrive_2", id)
	if err := w.Work(mark(id, 1)); err != nil { // the old mark comes back as well
		t.Fatal(err)
	}
	w.RunUntilQuiet()
	is(t, w, id, call.Completed, 2)
}

func TestARedriveThatFailsHalfWayIsRepeated(t *testing.T) {
	t.Parallel()
	for _, fault := range []testworld.Fault{testworld.Before, testworld.After, testworld.Unclear} {
		w := newWorld(t)
		ids := dead(w, "ann", 3)
		w.Fail("store.Apply", testworld.None, fault)
		_, err := w.DeadLetters.Chosen(t.Context(), "redrive_1", ids)
		if (err != nil) != (fault == testworld.Before) {
			t.Errorf("a write that %s: %v", fault, err)
		}
		result := chosen(t, w, "redrive_1", ids...)
		if !slices.Equal(result.Redriven, ids) {
			t.Errorf("a write that %s, repeated: %+v", fault, result)
		}
		w.RunUntilQuiet()
		for _, id := range ids {
			is(t, w, id, call.Completed, 2)
		}
	}
}
