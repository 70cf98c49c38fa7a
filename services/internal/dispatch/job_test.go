package dispatch_test

import (
	"errors"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/dispatch"
	"github.com/outdial/outdial/services/internal/task"
	"github.com/outdial/outdial/services/internal/testworld"
)

func TestEveryJobEndsInAFill(t *testing.T) {
	t.Parallel()
	jobs := map[string]func(t *testing.T, w *testworld.World) messages.Job{
		"a fill": func(*testing.T, *testworld.World) messages.Job { return messages.Job{Fill: true} },
		"of an unknown call": func(*testing.T, *testworld.World) messages.Job {
			return messages.Job{CallID: "call_unknown", Attempt: 1}
		},
		"below the record's attempt": func(t *testing.T, w *testworld.World) messages.Job {
			id := w.Create("ann")
			w.Tasks.Answer = noRoom(1, task.ErrThrottled)
			work(t, w, job(w, id))
			w.Clock.Advance(time.Second)
			return messages.Job{CallID: id, Attempt: 1}
		},
		"ahead of the record": func(_ *testing.T, w *testworld.World) messages.Job {
			return messages.Job{CallID: w.Create("ann"), Attempt: 2}
		},
		"of a starting call": func(t *testing.T, w *testworld.World) messages.Job {
			id := w.Create("ann")
			work(t, w, job(w, id))
			return job(w, id)
		},
		"of a canceled call": func(t *testing.T, w *testworld.World) messages.Job {
			id := w.Create("ann")
			if _, err := w.Tracker.Cancel(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			return job(w, id)
		},
		"of a dead letter": func(t *testing.T, w *testworld.World) messages.Job { return job(w, deadLetter(t, w)) },
		"a mark":           func(t *testing.T, w *testworld.World) messages.Job { return mark(deadLetter(t, w), 1) },
		"of an unclear launch": func(_ *testing.T, w *testworld.World) messages.Job {
			id := w.Create("ann")
			w.Fail("tasks.Run", testworld.Unclear, testworld.Unclear)
			w.Fill()
			return job(w, id)
		},
	}
	for name, prepare := range jobs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Tasks.Hold = true
			j := prepare(t, w)
			other := w.Create("bob")
			_ = w.Work(j) // whatever it says of its own call
			if c := w.Call(other); !c.Status.Active() {
				t.Errorf("another owner's call is %s, want it admitted", c.Status)
			}
		})
	}
}

func TestAJobAheadOfItsRecordStaysInTheQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.Create("ann")
	if err := w.Work(messages.Job{CallID: id, Attempt: 2}); !errors.Is(err, dispatch.ErrAhead) {
		t.Errorf("answered %v, want %v", err, dispatch.ErrAhead)
	}
}

func TestAJobBelowItsRecordIsDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.Create("ann")
	w.Tasks.Answer = noRoom(1, task.ErrThrottled)
	work(t, w, job(w, id))
	w.Clock.Advance(time.Second)
	w.Tasks.Hold = true
	w.Fail("tasks.Run", testworld.After)
	w.Fill()
	is(t, w, id, call.Launching, 2)
	before := len(w.Tasks.Runs)
	work(t, w, messages.Job{CallID: id, Attempt: 1})
	if n := len(w.Tasks.Runs) - before; n != 0 {
		t.Errorf("a job of attempt 1 launched attempt 2")
	}
}

func TestAJobOfACallThatGotOnIsDropped(t *testing.T) {
	t.Parallel()
	moments := map[string]string{ // what its agent is about to do
		"starting": "agent.TakeClaim",
		"claimed":  "carrier.Create",
		"dialed":   "agent.NoteReference",
		"noted":    "agent.Publish",
	}
	for name, port := range moments {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Tasks.Hold = true
			id := w.Create("ann")
			work(t, w, job(w, id))
			w.Tasks.Of(id, 1).To(port)
			before := w.Call(id)
			work(t, w, job(w, id))
			if after := w.Call(id); after.Version != before.Version || len(w.Tasks.Runs) != 1 {
				t.Errorf("the job changed the record or launched again: %d launches", len(w.Tasks.Runs))
			}
		})
	}
}

func TestAnUnmarkedCopyOfADeadLetterPutsTheMarkAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := deadLetter(t, w)
	work(t, w, job(w, id))
	if c := w.Call(id); !c.DeadLettered() || c.Attempt != 1 {
		t.Errorf("an ordinary duplicate made the call %s at attempt %d", c.Status, c.Attempt)
	}
	if marks := w.Marks(); len(marks) != 2 || marks[1].Job != mark(id, 1) {
		t.Errorf("marks: %+v, want it again", marks)
	}
}

func TestAMarkThatCameBackReopensTheCallOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := deadLetter(t, w)
	for range 3 { // the queue delivers at least once
		work(t, w, mark(id, 1))
	}
	is(t, w, id, call.Starting, 2)
	if n := len(w.Tasks.All); n != 1 {
		t.Errorf("%d tasks were started, want 1", n)
	}
	w.RunUntilQuiet()
	is(t, w, id, call.Completed, 2)
}

func TestAMarkOfAnOlderAttemptIsDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := deadLetter(t, w)
	w.Tasks.Answer = func(task.Request) error { return task.ErrRefused }
	work(t, w, mark(id, 1))
	if c := w.Call(id); !c.DeadLettered() || c.Attempt != 2 {
		t.Fatalf("the call is %s at attempt %d, want a dead letter again", c.Status, c.Attempt)
	}
	w.Tasks.Answer = nil
	work(t, w, mark(id, 1))
	if c := w.Call(id); !c.DeadLettered() || c.Attempt != 2 {
		t.Errorf("the old mark made the call %s at attempt %d", c.Status, c.Attempt)
	}
}

func TestAMarkOfACanceledBatchIsDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := batch(t, w, "ann", 1)
	id := call.BatchCallID(b, 1)
	refuse(t, w, id)
	if _, err := w.Tracker.CancelBatch(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	work(t, w, mark(id, 1))
	if c := w.Call(id); !c.DeadLettered() {
		t.Errorf("the call is %s, want it to stay a dead letter", c.Status)
	}
	w.RunUntilQuiet()
}

func TestAMarkOfAPausedBatchReopensACallThatWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := batch(t, w, "ann", 1)
	id := call.BatchCallID(b, 1)
	refuse(t, w, id)
	if _, err := w.Tracker.PauseBatch(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	work(t, w, mark(id, 1))
	is(t, w, id, call.Queued, 2)
	if _, err := w.Tracker.ResumeBatch(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	w.RunUntilQuiet()
	is(t, w, id, call.Completed, 2)
}

func TestAMarkOfACallThatFailedOtherwiseIsDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Tasks.Hold = true
	id := w.Create("ann")
	work(t, w, job(w, id))
	agent := w.Tasks.Of(id, 1)
	agent.Past("carrier.Create")
	agent.Kill()
	w.RunUntilQuiet()
	if c := w.Call(id); c.Failure == nil || c.Failure.Reason != call.ReasonAgentLost {
		t.Fatalf("the call is %s with %+v, want its agent lost", c.Status, c.Failure)
	}
	work(t, w, mark(id, 1))
	is(t, w, id, call.Failed, 1)
}
