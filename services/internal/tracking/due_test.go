package tracking_test

import (
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/task"
	"github.com/outdial/outdial/services/internal/testworld"
)

func TestTheJobOfALaunchThatWasNeverAnsweredIsSentAgain(t *testing.T) {
	t.Parallel()
	w, id := launching(t, testworld.CrashBefore)
	toDue(t, w, id)
	before := len(w.Jobs())
	look(t, w)
	if jobs := w.Jobs(); len(jobs) != before+1 || jobs[before].Job != (messages.Job{CallID: id, Attempt: 1}) {
		t.Errorf("sent %+v, want the call's job", jobs[before:])
	}
	if c := w.Call(id); c.Resends != 1 || !c.Due.After(w.Clock.Now()) {
		t.Errorf("%d jobs are counted, due in %v", c.Resends, c.Due.Sub(w.Clock.Now()))
	}
}

func TestAJobThatCannotBeSentAgainIsSentAtTheNextLook(t *testing.T) {
	t.Parallel()
	w, id := launching(t, testworld.CrashBefore)
	toDue(t, w, id)
	w.Fail("send:calls", testworld.Before)
	if err := w.Look(); err == nil {
		t.Error("nothing tells that the job was not sent")
	}
	w.Tasks.Hold = false
	w.RunUntilQuiet()
	is(t, w, id, call.Completed, 1)
}

func TestJobsAreSentAgainEverMoreSeldomAndGivenUpAfterMoreThanADay(t *testing.T) {
	t.Parallel()
	w, id := launching(t, testworld.CrashBefore)
	began := w.Clock.Now()
	last := time.Duration(0)
	for c := w.Call(id); c.Status == call.Launching; c = w.Call(id) {
		wait := c.Due.Sub(w.Clock.Now())
		if wait < last || wait > call.MaxResend {
			t.Fatalf("wait %d is %v after one of %v", c.Resends, wait, last)
		}
		last = wait
		toDue(t, w, id)
		look(t, w)
	}
	if took := w.Clock.Now().Sub(began); took < 24*time.Hour || took > 28*time.Hour {
		t.Errorf("given up after %v", took)
	}
	c := w.Call(id)
	if !c.DeadLettered() || c.Failure.Cause != call.CauseLaunchTriesUsed || w.Room().InUse != 0 {
		t.Errorf("the call is %s with %+v, %d slots are taken", c.Status, c.Failure, w.Room().InUse)
	}
	if n := len(w.Marks()); n != 1 {
		t.Errorf("%d marks", n)
	}
	if claim := w.Claim(id, 1); claim.Holder != call.HolderControl {
		t.Errorf("the claim is held by %q", claim.Holder)
	}
}

func TestAnOutageOfADayKillsNoHealthyCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.Submit("ann")
	down := make([]testworld.Fault, 2000)
	for i := range down {
		down[i] = testworld.Unclear
	}
	w.Fail("tasks.Run", down...)
	w.Run(23*time.Hour + 50*time.Minute)
	is(t, w, id, call.Launching, 1)
	w.Heal("tasks.Run")
	w.RunUntilQuiet()
	is(t, w, id, call.Completed, 1)
}

func TestTwoTrackersThatLookAtTheSameTimeCountOneJob(t *testing.T) {
	t.Parallel()
	w, id := launching(t, testworld.CrashBefore)
	toDue(t, w, id)
	w.Before("store.Apply", func() { look(t, w) })
	look(t, w)
	if c := w.Call(id); c.Resends != 1 {
		t.Errorf("%d jobs are counted for one look's worth of time: a day's patience takes half a day", c.Resends)
	}
}

func TestAnAgentThatStartsJustBeforeItsCallIsGivenUpGoesOn(t *testing.T) {
	t.Parallel()
	w, id := launching(t, testworld.After)
	for w.Call(id).Resends < w.Tracker.Timing.ResendLimit() {
		toDue(t, w, id)
		look(t, w)
	}
	const ahead = 30 * time.Minute // the tracker's clock: by its own, the agent is in time
	w.Tracker.Now = func() time.Time { return w.Clock.Now().Add(ahead) }
	toDue(t, w, id)
	agent := w.Tasks.Of(id, 1)
	w.Before("store.Apply", func() { agent.Past("agent.TakeClaim") })
	look(t, w)
	is(t, w, id, call.Launching, 1)
	w.Tracker.Now = w.Clock.Now
	agent.Release()
	w.RunUntilQuiet()
	is(t, w, id, call.Completed, 1)
}

func TestATaskThatDoesNotStartInTimeIsFollowedByTheNextAttempt(t *testing.T) {
	t.Parallel()
	w, id, agent := started(t)
	w.Clock.Advance(w.Tracker.Timing.Start - time.Second)
	look(t, w)
	is(t, w, id, call.Starting, 1)
	w.Clock.Advance(time.Second)
	look(t, w)
	is(t, w, id, call.Queued, 2)
	if n := w.Asked("tasks.Stop"); n != 1 {
		t.Errorf("the task was stopped %d times", n)
	}
	agent.Release()
	w.Tasks.Hold = false
	w.RunUntilQuiet()
	is(t, w, id, call.Completed, 2)
	for _, leg := range w.Carrier.Legs {
		if leg.Request.Attempt == 1 {
			t.Error("the attempt that was closed has dialed")
		}
	}
}

func TestAnAgentThatTakesItsClaimAtTheLastMomentIsLeftAlone(t *testing.T) {
	t.Parallel()
	w, id, agent := started(t)
	w.Clock.Advance(w.Tracker.Timing.Start)
	w.Before("store.Apply", func() { agent.Past("agent.TakeClaim") })
	look(t, w)
	is(t, w, id, call.Starting, 1)
	agent.Release()
	w.RunUntilQuiet()
	is(t, w, id, call.Completed, 1)
}

func TestACallOfLostEventsIsFoundByTheLookAtItsTask(t *testing.T) {
	t.Parallel()
	moments := []string{"agent.ClaimAndSettings", "carrier.Create", "agent.NoteReference", "carrier.Status", "agent.NoteOutcome", "agent.Publish"}
	for _, port := range moments {
		t.Run("it dies before "+port, func(t *testing.T) {
			t.Parallel()
			w, id, agent := started(t)
			w.Tasks.Silent = true
			agent.To(port)
			agent.Kill()
			w.RunUntilQuiet()
			if c := w.Call(id); c.Status != call.Completed {
				failedFor(t, w, id, call.ReasonAgentLost)
			}
		})
	}
}

func TestAnOutcomeOnTheClaimIsTakenThoughTheTaskRunsOn(t *testing.T) {
	t.Parallel()
	w, id, agent := started(t)
	agent.Past("agent.NoteOutcome") // and hangs: neither an event nor the end of its task
	toDue(t, w, id)
	look(t, w)
	is(t, w, id, call.Completed, 1)
	if n := w.Room().InUse; n != 0 {
		t.Errorf("%d slots are taken", n)
	}
	agent.Release()
	w.RunUntilQuiet()
}

func TestAnIndexThatShowsAnOldDueMakesNoEarlyLook(t *testing.T) {
	t.Parallel()
	w, id := launching(t, testworld.CrashBefore)
	old := w.Due()
	toDue(t, w, id)
	w.Lists.Due = func([]call.DueItem) []call.DueItem { return old }
	for range 3 {
		look(t, w)
	}
	if c := w.Call(id); c.Resends != 1 || len(w.Jobs()) != 1 {
		t.Errorf("%d jobs are counted and %d sent, want 1", c.Resends, len(w.Jobs()))
	}
}

func TestATaskThatRunsBeyondItsCallsLimitsIsStopped(t *testing.T) {
	t.Parallel()
	w, id, agent := started(t)
	w.Carrier.Script = all(testworld.Endless)
	agent.Past("agent.NoteReference") // and hangs
	limits := w.Claim(id, 1).Expiry(w.Tracker.Timing)
	w.Run(limits.Sub(w.Clock.Now()))
	if n := w.Asked("tasks.Stop"); n != 0 {
		t.Fatalf("the task was stopped %d times within its limits", n)
	}
	if seen := w.Call(id).TaskSeen; seen != agent.ARN {
		t.Errorf("the task that runs is remembered as %q", seen)
	}
	w.Run(3 * time.Minute)
	if n := w.Asked("tasks.Stop"); n < 2 {
		t.Errorf("the task was asked to stop %d times, want again and again", n)
	}
	agent.Release()
	w.RunUntilQuiet()
	if c := w.Call(id); !c.Status.Final() {
		t.Errorf("the call is %s", c.Status)
	}
}

func TestAnItemThatFailsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ids []string
	for range 3 {
		ids = append(ids, w.Create("ann", func(n *call.NewCall) { n.NotBefore = w.Clock.Now().Add(time.Minute) }))
	}
	w.Clock.Advance(2 * time.Minute)
	w.Fail("store.Call", testworld.Before)
	if err := w.Look(); err == nil {
		t.Error("nothing tells that a look failed")
	}
	if c := w.Call(ids[0]); c.Ready() {
		t.Error("the first call is ready although it could not be read")
	}
	for _, id := range ids[1:] {
		if c := w.Call(id); !c.Ready() {
			t.Errorf("call %s still waits for %s", id, c.Wait.Reason)
		}
	}
	look(t, w)
	if c := w.Call(ids[0]); !c.Ready() {
		t.Error("the first call was forgotten")
	}
}

func TestMoreThanOnePageThatFailsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const many = 150 // more than are read at once
	for range many + 1 {
		w.Create("ann", func(n *call.NewCall) { n.NotBefore = w.Clock.Now().Add(time.Minute) })
	}
	w.Clock.Advance(2 * time.Minute)
	broken := make([]testworld.Fault, many)
	for i := range broken {
		broken[i] = testworld.Before
	}
	w.Fail("store.Call", broken...)
	if err := w.Look(); err == nil {
		t.Error("nothing tells that looks failed")
	}
	calls := w.Calls()
	if last := calls[many]; !last.Ready() {
		t.Error("the last call was not looked at")
	}
}

func TestAnIndexThatStillShowsWhatIsDoneDoesNoHarm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.Create("ann", func(n *call.NewCall) { n.NotBefore = w.Clock.Now().Add(time.Minute) })
	b := w.CreateBatch("ann", 2)
	r, err := w.DeadLetters.Request(t.Context(), call.Redrive{ID: call.RedriveID("1")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(2 * time.Minute)
	old := w.Due()
	reads := 0
	w.Lists.Due = func([]call.DueItem) []call.DueItem {
		if reads++; reads > 100 {
			t.Fatal("the look goes round and round")
		}
		return old
	}
	for range 3 {
		look(t, w)
	}
	if c := w.Call(id); !c.Ready() {
		t.Errorf("the call waits for %s", c.Wait.Reason)
	}
	if b, _ := w.Batch(b); b.Expanded != 2 {
		t.Errorf("%d of 2 rows are expanded", b.Expanded)
	}
	if !w.Redrive(r.ID).Done {
		t.Error("the redrive is not done")
	}
}

func TestALookEndsWithItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Tracker.Budget = time.Second
	b := w.CreateBatch("ann", 30)
	for range 5 {
		w.Before("store.ApplyBatch", func() { w.Clock.Advance(400 * time.Millisecond) })
	}
	look(t, w)
	if b, _ := w.Batch(b); b.Expanded == 0 || b.Expanded == 30 {
		t.Errorf("%d of 30 rows are expanded within the time", b.Expanded)
	}
	w.RunUntilQuiet()
}

// A tracker whose clock is ahead sees everything early. That may cost attempts,
// and nothing else.
func TestATrackerWhoseClockIsMinutesAheadBreaksNoPromise(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{30 * time.Second, 4 * time.Minute, 20 * time.Minute, 3 * time.Hour, 30 * time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.SetRoom(2, 0.1)
			w.Tracker.Now = func() time.Time { return w.Clock.Now().Add(ahead) }
			w.Carrier.Script = func(r carrier.Request) testworld.Script {
				if r.Attempt == 1 {
					return testworld.Busy
				}
				return testworld.Talk
			}
			for range 4 {
				w.Submit("ann", retrying(2, time.Minute))
			}
			w.SubmitBatch("bob", 5)
			for range 30 {
				w.Run(20 * time.Second)
				if err := w.Tick(); err != nil {
					t.Error(err)
				}
				w.Check()
			}
			w.RunUntilQuiet() // the world watches the dials, the rate and the slots
			for _, c := range w.Calls() {
				if !c.Status.Final() {
					t.Errorf("call %s is %s", c.ID, c.Status)
				}
			}
		})
	}
}

func TestAnEarlyLookLaunchesNothingBeforeItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetRoom(10, 0.01)
	for range 2 {
		w.Create("ann")
	}
	w.Fill()
	w.Tracker.Now = func() time.Time { return w.Clock.Now().Add(10 * time.Minute) }
	look(t, w)
	w.Settle() // the jobs that were sent again
	if n := len(w.Tasks.All); n != 1 {
		t.Errorf("%d tasks were started, want the one whose time has come", n)
	}
}

func TestTheTickFills(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.Create("ann") // its job is lost
	if err := w.Tick(); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	is(t, w, id, call.Starting, 1)
}

func TestAMarkThatIsOwedIsSentByTheLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Tasks.Answer = func(task.Request) error { return task.ErrRefused }
	id := w.Create("ann")
	w.Fail("send:calls-dead-letters", testworld.CrashBefore)
	_ = w.Work(messages.Job{Fill: true})
	if n := len(w.Marks()); n != 0 || !w.Call(id).DeadLettered() {
		t.Fatalf("%d marks of a call that is %s", n, w.Call(id).Status)
	}
	w.Fail("send:calls-dead-letters", testworld.Before)
	if err := w.Look(); err == nil {
		t.Error("nothing tells that the mark was not sent")
	}
	look(t, w)
	look(t, w)
	if marks := w.Marks(); len(marks) != 1 || marks[0].Job != (messages.Job{CallID: id, Attempt: 1, Dead: true}) {
		t.Errorf("marks: %+v, want one", marks)
	}
}
