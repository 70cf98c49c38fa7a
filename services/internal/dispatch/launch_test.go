package dispatch_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/task"
	"github.com/outdial/outdial/services/internal/testworld"
)

// noRoom answers the first n launches like that, and starts a task for all others.
func noRoom(n int, err error) func(task.Request) error {
	return func(task.Request) error {
		if n--; n >= 0 {
			return fmt.Errorf("run task: %w", err)
		}
		return nil
	}
}

func TestALaunchRefusedForLackOfRoomCostsTheCallNothingButTime(t *testing.T) {
	t.Parallel()
	for _, refusal := range []error{task.ErrNoCapacity, task.ErrThrottled} {
		t.Run(refusal.Error(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.Create("ann")
			w.Tasks.Answer = noRoom(1, refusal)
			work(t, w, job(w, id))

			is(t, w, id, call.Queued, 2)
			if n := w.Asked("store.Apply"); n != 2 {
				t.Errorf("%d writes, want one for the admission and one for all that the refusal means", n)
			}
			if c := w.Call(id); c.Closed != 0 || c.Dials != 0 || !c.Ready() {
				t.Errorf("closed %d, dials %d, ready %t; want a ready call that has lost nothing", c.Closed, c.Dials, c.Ready())
			}
			if claim := w.Claim(id, 1); claim.Holder != call.HolderControl {
				t.Errorf("the attempt's claim is held by %q", claim.Holder)
			}
			room := w.Room()
			if backoff := room.BackoffUntil.Sub(w.Clock.Now()); room.InUse != 0 || backoff != time.Second {
				t.Errorf("%d slots in use, backoff of %v; want none and a second", room.InUse, backoff)
			}
			jobs := w.Jobs()
			if last := jobs[len(jobs)-1]; last.Job != (messages.Job{Fill: true}) || last.Delay != time.Second {
				t.Errorf("sent %+v, want a fill at the end of the backoff", last)
			}
			w.NoTicks = true
			w.RunUntilQuiet()
			is(t, w, id, call.Completed, 2)
		})
	}
}

func TestTheBackoffDoublesWhileRefusalsFollowEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.Create("ann")
	w.Tasks.Answer = noRoom(9, task.ErrNoCapacity)
	w.NoTicks = true
	for attempt, seconds := range []int{1, 2, 4, 8, 16, 32, 60, 60, 60} {
		work(t, w, job(w, id))
		is(t, w, id, call.Queued, attempt+2)
		backoff := w.Room().BackoffUntil.Sub(w.Clock.Now())
		if backoff.Seconds() != float64(seconds) {
			t.Errorf("refusal %d: backoff of %v, want %d seconds", attempt+1, backoff, seconds)
		}
		w.Clock.Advance(backoff)
	}
	work(t, w, job(w, id))
	is(t, w, id, call.Starting, 10)
}

func TestTheBackoffBeginsAnewAfterAWhileWithoutRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.Create("ann")
	w.Tasks.Answer = noRoom(3, task.ErrThrottled)
	work(t, w, job(w, id))
	w.Clock.Advance(time.Second)
	work(t, w, job(w, id))
	w.Clock.Advance(time.Minute)
	work(t, w, job(w, id))
	if got := w.Room().BackoffUntil.Sub(w.Clock.Now()); got != time.Second {
		t.Errorf("backoff of %v, want a second", got)
	}
}

func TestRefusalsOfOneMomentAreOneTrouble(t *testing.T) {
	t.Parallel()
	w := paced(t, 4, 1)
	w.Tasks.Hold = false
	w.Fill() // one launched, three with tokens ahead
	w.Tasks.Answer = noRoom(2, task.ErrThrottled)
	w.Clock.Advance(3 * time.Second)
	for _, c := range admitted(w)[1:3] {
		work(t, w, job(w, c.ID))
	}
	if step := w.Room().BackoffStep; step != time.Second {
		t.Errorf("the backoff's step is %v after two refusals of one moment, want a second", step)
	}
	w.RunUntilQuiet()
}

func TestNothingIsAdmittedDuringABackoff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.Create("ann")
	w.Tasks.Answer = noRoom(1, task.ErrNoCapacity)
	work(t, w, job(w, id))
	other := w.Create("bob")
	work(t, w, job(w, other))
	is(t, w, other, call.Queued, 1)
	w.Clock.Advance(time.Second)
	work(t, w, job(w, other))
	if c := w.Call(other); !c.Status.Active() {
		t.Errorf("the call is %s after the backoff, want it admitted", c.Status)
	}
}

func TestABackoffThatBeginsBetweenChoiceAndAdmissionHolds(t *testing.T) {
	t.Parallel()
	w := paced(t, 2, 1)
	w.Fill() // one launched, one with a token ahead
	ahead := admitted(w)[1].ID
	w.Clock.Advance(time.Second)
	id := w.Create("bob")
	w.Tasks.Answer = noRoom(1, task.ErrThrottled)
	w.Before("store.Apply", func() { work(t, w, job(w, ahead)) })
	w.Fill()
	is(t, w, ahead, call.Queued, 2)
	is(t, w, id, call.Queued, 1)
	w.RunUntilQuiet()
}

func TestARefusedCallGoesToTheEndOfItsLane(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetRoom(1, 1000)
	refused, next := w.Create("ann"), w.Create("ann")
	w.Tasks.Answer = noRoom(1, task.ErrNoCapacity)
	w.Clock.Advance(time.Second)
	w.Fill()
	is(t, w, refused, call.Queued, 2)
	w.Clock.Advance(time.Second)
	w.Fill()
	is(t, w, next, call.Starting, 1)
	is(t, w, refused, call.Queued, 2)
}

func TestARefusedCallIsNotChosenAgainInTheSameFill(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.Create("ann")
	w.Tasks.Answer = noRoom(1, task.ErrNoCapacity)
	w.Before("store.Capacity", func() {})
	w.Before("store.Capacity", func() {})
	w.Before("store.Capacity", func() { w.Clock.Advance(time.Minute) }) // the backoff is over within the fill
	work(t, w, job(w, id))
	is(t, w, id, call.Queued, 2)
}

func TestALaunchWithoutAnAnswerIsRepeatedAsTheVerySameRequest(t *testing.T) {
	t.Parallel()
	for _, fault := range []testworld.Fault{testworld.Before, testworld.After, testworld.Unclear, testworld.CrashBefore, testworld.CrashAfter} {
		t.Run("it "+string(fault), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.Submit("ann")
			w.Fail("tasks.Run", fault, fault)
			w.Before("tasks.Run", func() {})
			w.Before("tasks.Run", func() { w.Dispatcher.TaskDefinition = "agent:2" })
			w.NoTicks = true
			w.Tasks.Hold = true // else the agent may be quicker than the repeats
			w.Run(10 * time.Minute)
			w.Tasks.Of(id, 1).Release()
			w.NoTicks = false
			w.RunUntilQuiet() // the task service checks that a repeat is the same
			is(t, w, id, call.Completed, 1)
			if n := len(w.Tasks.All); n != 1 {
				t.Errorf("%d tasks were started", n)
			}
			if got := w.Tasks.Runs[len(w.Tasks.Runs)-1].TaskDefinition; got != "agent:1" {
				t.Errorf("launched as %s, want what its admission stored", got)
			}
		})
	}
}

func TestAnUnclearLaunchKeepsItsSlotAndItsMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.Create("ann")
	w.Tasks.Hold = true
	w.Fail("tasks.Run", testworld.Unclear, testworld.Unclear)
	w.Fill()
	is(t, w, id, call.Launching, 1)
	if jobs := w.Jobs(); len(jobs) != 1 || jobs[0].Job != job(w, id) || jobs[0].Delay == 0 {
		t.Errorf("after an unclear launch in a fill were sent %+v, want its job with a delay", jobs)
	}
	if err := w.Work(job(w, id)); err == nil {
		t.Error("the job of an unclear launch was acknowledged")
	}
	is(t, w, id, call.Launching, 1)
	if n := w.Room().InUse; n != 1 {
		t.Errorf("%d slots in use, want 1", n)
	}
}

// R1's first story: RunTask worked but its answer was lost, and its repeat is throttled.
func TestTheFirstTaskOfAThrottledRepeatNeverDials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.Create("ann")
	w.Tasks.Hold = true
	w.Fail("tasks.Run", testworld.After)
	w.Fill()
	first := w.Tasks.Of(id, 1)
	w.Tasks.Forget(id, 1)
	w.Tasks.Answer = noRoom(1, task.ErrThrottled)
	work(t, w, job(w, id))
	is(t, w, id, call.Queued, 2)
	first.Finish()
	if n := len(w.Carrier.Legs); n != 0 {
		t.Errorf("the closed attempt dialed %d times", n)
	}
	w.Tasks.Hold = false
	w.RunUntilQuiet()
	is(t, w, id, call.Completed, 2)
}

func TestARefusalIsDroppedWhenAnAgentHoldsTheClaim(t *testing.T) {
	t.Parallel()
	for _, refusal := range []error{task.ErrThrottled, task.ErrRefused} {
		t.Run(refusal.Error(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.Create("ann")
			w.Tasks.Hold = true
			w.Fail("tasks.Run", testworld.After)
			w.Fill()
			w.Tasks.Of(id, 1).Past("agent.TakeClaim")
			w.Tasks.Forget(id, 1)
			w.Tasks.Answer = noRoom(1, refusal)
			work(t, w, job(w, id))
			is(t, w, id, call.Launching, 1)
			if room := w.Room(); room.InUse != 1 || !room.BackoffUntil.IsZero() {
				t.Errorf("%+v: want the slot taken and no backoff", room)
			}
			if n := len(w.Marks()); n != 0 {
				t.Errorf("%d marks are in the dead-letter queue for a call that is no dead letter", n)
			}
			w.Tasks.Of(id, 1).Release()
			w.RunUntilQuiet()
			is(t, w, id, call.Completed, 1)
		})
	}
}

func TestALaunchRefusedForGoodIsADeadLetterWithAMark(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.Create("ann")
	w.Tasks.Answer = func(task.Request) error { return fmt.Errorf("no such task definition: %w", task.ErrRefused) }
	work(t, w, job(w, id))
	c := w.Call(id)
	if !c.DeadLettered() || c.Failure.Cause != call.CauseLaunchRefused || c.Attempt != 1 {
		t.Errorf("the call is %s with %+v at attempt %d", c.Status, c.Failure, c.Attempt)
	}
	if marks := w.Marks(); len(marks) != 1 || marks[0].Job != mark(id, 1) {
		t.Errorf("marks: %+v", marks)
	}
	if !c.Due.IsZero() {
		t.Error("the mark is sent and still owed")
	}
	w.RunUntilQuiet()
}

func TestAMarkThatWasNotSentIsOwedAndSentLater(t *testing.T) {
	t.Parallel()
	for _, fault := range []testworld.Fault{testworld.Before, testworld.CrashBefore} {
		t.Run("sending it "+string(fault), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.Submit("ann")
			w.Tasks.Answer = func(task.Request) error { return task.ErrRefused }
			w.Fail("send:calls-dead-letters", fault)
			w.Settle()
			if c := w.Call(id); !c.DeadLettered() || c.Due.IsZero() {
				t.Fatalf("the call is %s, due %v; want a dead letter whose mark is owed", c.Status, c.Due)
			}
			w.RunUntilQuiet()
			if marks := w.Marks(); len(marks) == 0 || marks[0].Job != mark(id, 1) {
				t.Errorf("marks: %+v", marks)
			}
		})
	}
}

func TestWhatATaskHasToldAlreadyIsNotTakenBackByItsLaunch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.Create("ann")
	w.Tasks.Hold = true
	w.Before("store.Apply", func() {}) // the admission
	w.Before("store.Apply", func() {
		w.Tasks.Of(id, 1).Past("agent.Publish") // the phone rings before TaskStarted is written
		w.Settle()
	})
	work(t, w, job(w, id))
	is(t, w, id, call.Ringing, 1)
	w.Tasks.Of(id, 1).Release()
	w.RunUntilQuiet()
	is(t, w, id, call.Completed, 1)
}

func TestALaunchingCallIsLaunchedThoughItsBatchIsPausedMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := batch(t, w, "ann", 1)
	id := call.BatchCallID(b, 1)
	w.Fail("tasks.Run", testworld.After)
	w.Tasks.Hold = true
	w.Fill()
	if _, err := w.Tracker.PauseBatch(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	work(t, w, job(w, id))
	is(t, w, id, call.Starting, 1)
}

func TestALaunchingCallWhoseCancelIsRequestedIsNotLaunchedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.Create("ann")
	w.Fail("tasks.Run", testworld.After)
	w.Tasks.Hold = true
	w.Fill()
	w.Tasks.Of(id, 1).Past("agent.TakeClaim")
	if _, err := w.Tracker.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	before := len(w.Tasks.Runs)
	work(t, w, job(w, id))
	if n := len(w.Tasks.Runs) - before; n != 0 {
		t.Errorf("%d more launches", n)
	}
}

func TestAnErrorOfTheStoreBringsTheJobBack(t *testing.T) {
	t.Parallel()
	for _, port := range []string{"store.Call", "store.Capacity", "store.Turns", "store.Lanes", "store.ReadyCalls", "store.Apply"} {
		t.Run(port, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.Create("ann")
			w.Fail(port, testworld.Before)
			if err := w.Work(job(w, id)); err == nil || errors.Is(err, call.ErrUnclear) {
				t.Errorf("the job was answered %v, want the store's error", err)
			}
			work(t, w, job(w, id))
			is(t, w, id, call.Starting, 1)
		})
	}
}
