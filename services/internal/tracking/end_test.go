package tracking_test

import (
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/task"
	"github.com/outdial/outdial/services/internal/testworld"
)

func TestATaskThatStopsBeforeItTakesTheClaimIsFollowedByTheNextAttempt(t *testing.T) {
	t.Parallel()
	w, id, agent := started(t)
	agent.Kill()
	if err := w.Follow(agent.Event()); err != nil {
		t.Fatal(err)
	}
	is(t, w, id, call.Queued, 2)
	if claim := w.Claim(id, 1); claim.Holder != call.HolderControl {
		t.Errorf("the claim of attempt 1 is held by %q", claim.Holder)
	}
	if c := w.Call(id); c.Closed != 1 || c.Dials != 0 || w.Room().InUse != 0 {
		t.Errorf("closed %d, dials %d, slots %d; want 1, 0, 0", c.Closed, c.Dials, w.Room().InUse)
	}
	if jobs := w.Jobs(); len(jobs) == 0 || !jobs[len(jobs)-1].Job.Fill {
		t.Error("the free slot is told to nobody")
	}
	w.Tasks.Hold = false
	w.RunUntilQuiet()
	is(t, w, id, call.Completed, 2)
}

func TestTasksThatNeverStartEndTheCallAsADeadLetter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Tasks.Hold = true
	id := w.Submit("ann")
	for attempt := 1; attempt <= call.MaxClosed; attempt++ {
		w.Settle()
		w.Tasks.Of(id, attempt).Kill()
		w.Clock.Advance(time.Second)
	}
	w.RunUntilQuiet()
	c := w.Call(id)
	if !c.DeadLettered() || c.Failure.Cause != call.CauseLaunchTriesUsed || c.Attempt != call.MaxClosed {
		t.Errorf("the call is %s with %+v at attempt %d", c.Status, c.Failure, c.Attempt)
	}
	want := messages.Job{CallID: id, Attempt: call.MaxClosed, Dead: true}
	if marks := w.Marks(); len(marks) != 1 || marks[0].Job != want {
		t.Errorf("marks: %+v, want %+v", marks, want)
	}
}

func TestAHolderThatStopsAfterItNotedTheOutcomeIsBelieved(t *testing.T) {
	t.Parallel()
	w, id, agent := started(t)
	agent.Past("agent.NoteOutcome")
	agent.Kill() // its own event is never sent
	if err := w.Follow(agent.Event()); err != nil {
		t.Fatal(err)
	}
	is(t, w, id, call.Completed, 1)
}

func TestALostCallKeepsItsSlotUntilTheCarrierSaysThatItIsOver(t *testing.T) {
	t.Parallel()
	w, id, agent := started(t)
	deaf := testworld.Endless
	deaf.Deaf = true
	w.Carrier.Script = all(deaf)
	agent.Past("agent.NoteReference")
	agent.Kill()
	w.Run(30 * time.Minute)
	if c := w.Call(id); !c.Status.Active() || w.Room().InUse != 1 {
		t.Fatalf("the call is %s and %d slots are taken while the carrier goes on", c.Status, w.Room().InUse)
	}
	if n := w.Asked("carrier.End"); n < 29 {
		t.Errorf("the carrier was asked to end the call %d times in half an hour", n)
	}
	w.Carrier.Listen()
	w.RunUntilQuiet()
	failedFor(t, w, id, call.ReasonAgentLost)
	if c := w.Call(id); c.Dials != 1 || c.Outcome == nil || c.Outcome.CarrierReference != "leg-1" {
		t.Errorf("dials %d, outcome %+v", c.Dials, c.Outcome)
	}
}

func TestALostCallIsNeverRetried(t *testing.T) {
	t.Parallel()
	w, id, agent := started(t, retrying(5, time.Minute))
	agent.Past("carrier.Create")
	agent.Kill()
	w.RunUntilQuiet()
	failedFor(t, w, id, call.ReasonAgentLost)
	is(t, w, id, call.Failed, 1)
}

func TestADialUnderWayWhenItsAgentDiedIsWaitedFor(t *testing.T) {
	t.Parallel()
	w, id, agent := started(t)
	slow := testworld.Endless
	slow.Hidden = 50 * time.Second // shows at the carrier so much later
	w.Carrier.Script = all(slow)
	w.Fail("carrier.Create", testworld.CrashAfter)
	agent.Finish()
	w.Run(45 * time.Second)
	if c := w.Call(id); !c.Status.Active() {
		t.Fatalf("the call is %s before its dial could show", c.Status)
	}
	w.RunUntilQuiet() // no call may be left at the carrier
	failedFor(t, w, id, call.ReasonAgentLost)
	if o := w.Call(id).Outcome; o == nil || o.CarrierReference != "leg-1" {
		t.Errorf("outcome %+v, want the reference that was found", o)
	}
}

func TestALostCallThatTheCarrierNeverHadIsOverAfterAWhile(t *testing.T) {
	t.Parallel()
	w, id, agent := started(t)
	agent.To("carrier.Create")
	agent.Kill()
	died := w.Clock.Now()
	w.RunUntilQuiet()
	failedFor(t, w, id, call.ReasonAgentLost)
	c := w.Call(id)
	if waited := c.EndedAt.Sub(died); waited < w.Tracker.Timing.Settle {
		t.Errorf("given up after %v, want at least %v", waited, w.Tracker.Timing.Settle)
	}
	if c.Dials != 0 {
		t.Errorf("%d dials are counted of a call that was never dialed", c.Dials)
	}
}

func TestACarrierThatAnswersWithErrorsIsAskedAgain(t *testing.T) {
	t.Parallel()
	for _, port := range []string{"carrier.Find", "carrier.End", "carrier.Status"} {
		t.Run(port, func(t *testing.T) {
			t.Parallel()
			w, id, agent := started(t)
			w.Carrier.Script = all(testworld.Endless)
			agent.Past("carrier.Create") // the reference is not noted
			agent.Kill()
			w.Fail(port, testworld.Before, testworld.Before, testworld.Before)
			if err := w.Follow(agent.Event()); err != nil {
				t.Fatal(err)
			}
			if c := w.Call(id); !c.Status.Active() || w.Room().InUse != 1 {
				t.Fatalf("the call is %s while %s fails", c.Status, port)
			}
			w.RunUntilQuiet()
			failedFor(t, w, id, call.ReasonAgentLost)
		})
	}
}

func TestACallThatIsOverIsOverThoughItsEndCannotBeAsked(t *testing.T) {
	t.Parallel()
	w, id, agent := started(t)
	w.Carrier.Script = all(testworld.Busy)
	agent.Past("agent.NoteReference")
	agent.Kill()
	w.Clock.Advance(time.Minute)
	w.Fail("carrier.End", testworld.Before)
	if err := w.Follow(agent.Event()); err != nil {
		t.Fatal(err)
	}
	failedFor(t, w, id, call.ReasonAgentLost)
}

func TestAReferenceThatTheCarrierDoesNotKnowIsNoCall(t *testing.T) {
	t.Parallel()
	w, id, agent := started(t)
	unknown := testworld.Endless
	unknown.Hidden, unknown.End, unknown.Status = time.Hour, time.Second, "busy"
	w.Carrier.Script = all(unknown)
	agent.Past("agent.NoteReference")
	agent.Kill()
	w.Clock.Advance(time.Second)
	if err := w.Follow(agent.Event()); err != nil {
		t.Fatal(err)
	}
	failedFor(t, w, id, call.ReasonAgentLost)
}

// twoTasks is a world with a call that has two tasks of one attempt, since the
// task service has forgotten the client token. The record knows the one given.
func twoTasks(t testing.TB, known int) (w *testworld.World, id string, tasks []*testworld.Task) {
	t.Helper()
	w, id = launching(t, testworld.After)
	if known == 1 {
		if err := w.Work(messages.Job{CallID: id, Attempt: 1}); err != nil {
			t.Fatal(err)
		}
		w.Tasks.Forget(id, 1)
		if _, err := w.Tasks.Run(t.Context(), w.Tasks.Runs[0]); err != nil {
			t.Fatal(err)
		}
	} else {
		w.Tasks.Forget(id, 1)
		if err := w.Work(messages.Job{CallID: id, Attempt: 1}); err != nil {
			t.Fatal(err)
		}
	}
	is(t, w, id, call.Starting, 1)
	if len(w.Tasks.All) != 2 || w.Call(id).Task != w.Tasks.All[known-1].ARN {
		t.Fatalf("%d tasks, the record knows %s", len(w.Tasks.All), w.Call(id).Task)
	}
	return w, id, w.Tasks.All
}

func TestTheStopOfATaskThatDoesNotHoldTheClaimEndsNothing(t *testing.T) {
	t.Parallel()
	for known := 1; known <= 2; known++ {
		w, id, tasks := twoTasks(t, known)
		loser, holder := tasks[0], tasks[1]
		holder.Past("agent.TakeClaim")
		loser.Finish()
		unchanged(t, w, id, func() {
			if err := w.Follow(loser.Event()); err != nil {
				t.Error(err)
			}
		})
		holder.Release()
		w.RunUntilQuiet()
		is(t, w, id, call.Completed, 1)
	}
}

func TestTheStopOfATaskThatTheRecordDoesNotKnowLeavesTheOther(t *testing.T) {
	t.Parallel()
	w, id, tasks := twoTasks(t, 1)
	tasks[1].Kill() // before it took the claim
	unchanged(t, w, id, func() {
		if err := w.Follow(tasks[1].Event()); err != nil {
			t.Error(err)
		}
	})
	tasks[0].Release()
	w.RunUntilQuiet()
	is(t, w, id, call.Completed, 1)
}

func TestOfTwoTasksOneDials(t *testing.T) {
	t.Parallel()
	w, id, tasks := twoTasks(t, 2)
	for _, agent := range tasks { // both are about to ask for the claim
		agent.To("agent.TakeClaim")
	}
	w.Fail("agent.TakeClaim", testworld.After, testworld.Unclear) // and neither gets an answer
	for _, agent := range tasks {
		agent.Release()
	}
	w.RunUntilQuiet() // the world watches the dials
	is(t, w, id, call.Completed, 1)
	if n := len(w.Carrier.Legs); n != 1 {
		t.Errorf("%d dials", n)
	}
}

func TestAnOutcomeNotedJustBeforeTheTaskStopsIsNotOverlooked(t *testing.T) {
	t.Parallel()
	w, id, agent := started(t)
	agent.To("agent.NoteOutcome")
	w.Clock.Advance(2 * time.Hour)                        // over all limits
	w.Before("tasks.Describe", func() { agent.Finish() }) // the claim was read before
	look(t, w)
	is(t, w, id, call.Completed, 1)
}

func TestATaskThatCannotBeFoundHasEndedOnlyIfItWasSeenBefore(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		seen bool
	}{
		{"a task that was described before", true},
		{"a task that was never described", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w, id, agent := started(t)
			w.Carrier.Script = all(testworld.Endless)
			w.Tasks.Silent = true
			agent.Past("agent.NoteReference")
			toDue(t, w, id)
			w.Tasks.Unknown = !test.seen
			look(t, w)
			if seen := w.Call(id).TaskSeen != ""; seen != test.seen {
				t.Fatalf("the record says that its task was seen: %t", seen)
			}
			agent.Kill()
			w.Tasks.Unknown = true
			ends := w.Claim(id, 1).Expiry(w.Tracker.Timing).Add(call.MissingTaskWait)
			if !test.seen {
				w.Run(ends.Sub(w.Clock.Now()) - time.Minute)
				if c := w.Call(id); !c.Status.Active() {
					t.Fatalf("the call is %s although its task may run", c.Status)
				}
			}
			w.Run(5 * time.Minute)
			failedFor(t, w, id, call.ReasonAgentLost)
			w.RunUntilQuiet()
		})
	}
}

func TestATaskThatCannotBeDescribedIsLookedAtLater(t *testing.T) {
	t.Parallel()
	w, id, agent := started(t)
	agent.Past("agent.NoteReference")
	toDue(t, w, id)
	w.Fail("tasks.Describe", testworld.Before)
	look(t, w)
	c := w.Call(id)
	if c.TaskSeen != "" || c.Status != call.Starting || c.Due.Sub(w.Clock.Now()) != w.Tracker.Timing.Look {
		t.Errorf("the call is %s, its task seen %q, due in %v", c.Status, c.TaskSeen, c.Due.Sub(w.Clock.Now()))
	}
	if agent.State != task.Running {
		t.Error("the task was stopped")
	}
	agent.Release()
	w.RunUntilQuiet()
	is(t, w, id, call.Completed, 1)
}
