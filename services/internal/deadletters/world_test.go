package deadletters_test

import (
	"testing"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/deadletters"
	"github.com/outdial/outdial/services/internal/memory"
	"github.com/outdial/outdial/services/internal/storetest"
	"github.com/outdial/outdial/services/internal/task"
	"github.com/outdial/outdial/services/internal/testworld"
)

func newWorld(t testing.TB) *testworld.World {
	clock := storetest.NewClock()
	return testworld.New(t, clock, memory.New(call.Capacity{}), memory.NewQueue(clock.Now))
}

func refusing(task.Request) error { return task.ErrRefused }

// dead makes n dead letters of an owner; their marks are in the dead-letter queue.
func dead(w *testworld.World, owner string, n int) []string {
	var ids []string
	answer := w.Tasks.Answer
	w.Tasks.Answer = refusing
	for range n {
		ids = append(ids, w.Submit(owner))
	}
	w.RunUntilQuiet()
	w.Tasks.Answer = answer
	return ids
}

// deadInBatch makes a batch of dead letters.
func deadInBatch(w *testworld.World, owner string, n int) (batch string, ids []string) {
	w.Tasks.Answer = refusing
	batch = w.SubmitBatch(owner, n)
	w.RunUntilQuiet()
	w.Tasks.Answer = nil
	for row := range n {
		ids = append(ids, call.BatchCallID(batch, row+1))
	}
	return batch, ids
}

// chosen redrives the given calls, which must succeed.
func chosen(t testing.TB, w *testworld.World, id string, calls ...string) deadletters.Result {
	t.Helper()
	result, err := w.DeadLetters.Chosen(t.Context(), id, calls)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// request asks for a redrive of all that match, which must succeed.
func request(t testing.TB, w *testworld.World, r call.Redrive) {
	t.Helper()
	if _, err := w.DeadLetters.Request(t.Context(), r, nil); err != nil {
		t.Fatal(err)
	}
}

// is checks a status.
func is(t testing.TB, w *testworld.World, id string, want call.Status, attempt int) {
	t.Helper()
	if c := w.Call(id); c.Status != want || c.Attempt != attempt {
		t.Errorf("call %s is %s at attempt %d, want %s at attempt %d", id, c.Status, c.Attempt, want, attempt)
	}
}

// mark is the marked job of an attempt.
func mark(id string, attempt int) messages.Job {
	return messages.Job{CallID: id, Attempt: attempt, Dead: true}
}
