package tracking_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/task"
	"github.com/outdial/outdial/services/internal/testworld"
	"github.com/outdial/outdial/services/internal/tracking"
)

// cancel cancels a call, which must succeed.
func cancel(t testing.TB, w *testworld.World, id string) call.Call {
	t.Helper()
	c, err := w.Tracker.Cancel(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAWaitingCallIsCanceledThereAndThen(t *testing.T) {
	t.Parallel()
	waits := map[string]func(*call.NewCall){
		"for its turn":       func(*call.NewCall) {},
		"for its time":       func(n *call.NewCall) { n.NotBefore = n.CreatedAt.AddDate(100, 0, 0) },
		"with a last start":  func(n *call.NewCall) { n.LastStart = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC) },
		"with a time to try": retrying(3, time.Hour),
	}
	for name, with := range waits {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if name == "for its time" {
				with = func(n *call.NewCall) { n.NotBefore = w.Clock.Now().Add(time.Hour) }
			}
			id := w.Create("ann", with)
			c := cancel(t, w, id)
			if c.Status != call.Canceled || !c.Due.IsZero() || w.Call(id).Status != call.Canceled {
				t.Errorf("the call is %s, due %v", c.Status, c.Due)
			}
			w.RunUntilQuiet()
			if len(w.Tasks.All) != 0 {
				t.Error("a canceled call was launched")
			}
		})
	}
}

func TestACallWhoseClaimIsOpenIsCanceledThereAndThen(t *testing.T) {
	t.Parallel()
	worlds := map[string]func(t testing.TB) (*testworld.World, string){
		"launching": func(t testing.TB) (*testworld.World, string) { return launching(t, testworld.After) },
		"starting": func(t testing.TB) (*testworld.World, string) {
			w, id, _ := started(t)
			return w, id
		},
	}
	for name, open := range worlds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, id := open(t)
			cancel(t, w, id)
			is(t, w, id, call.Canceled, 1)
			if claim := w.Claim(id, 1); claim.Holder != call.HolderControl {
				t.Errorf("the claim is held by %q", claim.Holder)
			}
			if n := w.Room().InUse; n != 0 {
				t.Errorf("%d slots are taken", n)
			}
			if jobs := w.Jobs(); len(jobs) == 0 || !jobs[len(jobs)-1].Job.Fill {
				t.Error("the free slot is told to nobody")
			}
			if n := w.Asked("tasks.Stop"); (n == 1) != (name == "starting") {
				t.Errorf("the task was stopped %d times", n)
			}
			w.Tasks.Of(id, 1).Release()
			w.RunUntilQuiet()
			if n := len(w.Carrier.Legs); n != 0 {
				t.Errorf("%d dials after the cancel", n)
			}
		})
	}
}

func TestTheAgentOfACanceledCallHangsUp(t *testing.T) {
	t.Parallel()
	moments := []struct {
		name   string
		to     func(w *testworld.World, agent *testworld.Task)
		status call.Status
		dialed bool
	}{
		{"it has the claim and has not dialed", func(_ *testworld.World, a *testworld.Task) { a.To("agent.ClaimAndSettings") }, call.Starting, false},
		{"it has looked for a stop and is about to dial", func(_ *testworld.World, a *testworld.Task) { a.To("carrier.Create") }, call.Starting, true},
		{"it has dialed", func(_ *testworld.World, a *testworld.Task) { a.To("agent.NoteReference") }, call.Starting, true},
		{"the phone rings", func(w *testworld.World, a *testworld.Task) {
			a.Past("agent.Publish")
			w.Settle()
		}, call.Ringing, true},
		{"they talk", func(w *testworld.World, a *testworld.Task) {
			a.Past("agent.Publish")
			a.Past("agent.Publish")
			w.Settle()
		}, call.InProgress, true},
	}
	for _, moment := range moments {
		t.Run(moment.name, func(t *testing.T) {
			t.Parallel()
			w, id, agent := started(t, retrying(5, time.Minute))
			w.Carrier.Script = all(testworld.Endless)
			moment.to(w, agent)
			c := cancel(t, w, id)
			if !c.CancelRequested || c.Status != moment.status {
				t.Errorf("the call is %s, its cancel requested: %t", c.Status, c.CancelRequested)
			}
			if !w.Claim(id, 1).Stop {
				t.Error("the claim carries no stop")
			}
			if n := w.Asked("tasks.Stop"); n != 1 {
				t.Errorf("the task was stopped %d times", n)
			}
			agent.Release()
			w.RunUntilQuiet()
			is(t, w, id, call.Canceled, 1)
			if n := len(w.Carrier.Legs); (n == 1) != moment.dialed {
				t.Errorf("%d dials", n)
			}
		})
	}
}

func TestAStopOnTheClaimReachesAnAgentWhoseSignalGotLost(t *testing.T) {
	t.Parallel()
	for _, port := range []string{"agent.ClaimAndSettings", "agent.NoteReference"} {
		w, id, agent := started(t)
		w.Carrier.Script = all(testworld.Endless)
		agent.To(port)
		lost := make([]testworld.Fault, 100)
		for i := range lost {
			lost[i] = testworld.Before
		}
		w.Fail("tasks.Stop", lost...)
		cancel(t, w, id)
		agent.Release()
		w.RunUntilQuiet()
		is(t, w, id, call.Canceled, 1)
	}
}

func TestTheLookRepeatsTheStopUntilTheAgentHasEnded(t *testing.T) {
	t.Parallel()
	w, id, agent := started(t)
	w.Carrier.Script = all(testworld.Endless)
	agent.Past("agent.NoteReference")
	w.Fail("tasks.Stop", testworld.Before, testworld.Before, testworld.Before)
	cancel(t, w, id)
	for n := 2; n <= 5; n++ {
		toDue(t, w, id)
		look(t, w)
		if got := w.Asked("tasks.Stop"); got != n {
			t.Errorf("the task was stopped %d times, want %d", got, n)
		}
		if wait := w.Call(id).Due.Sub(w.Clock.Now()); wait != w.Tracker.Timing.Cancel {
			t.Errorf("the next look is in %v", wait)
		}
	}
	agent.Release()
	w.RunUntilQuiet()
	is(t, w, id, call.Canceled, 1)
}

// R7's story: what was busy when its cancel came is not tried again.
func TestACallThatWasOverFirstEndsAsWhatHappened(t *testing.T) {
	t.Parallel()
	tests := []struct {
		script testworld.Script
		want   call.Status
	}{
		{testworld.Talk, call.Completed},
		{testworld.Busy, call.Busy},
	}
	for _, test := range tests {
		t.Run(string(test.want), func(t *testing.T) {
			t.Parallel()
			w, id, agent := started(t, retrying(5, time.Minute))
			w.Carrier.Script = all(test.script)
			agent.Past("agent.NoteOutcome")
			if c := cancel(t, w, id); !c.CancelRequested {
				t.Errorf("the call is %s", c.Status)
			}
			agent.Release()
			w.RunUntilQuiet()
			is(t, w, id, test.want, 1)
		})
	}
}

func TestCancelingTwiceIsCancelingOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	waiting := w.Create("ann")
	cancel(t, w, waiting)
	unchanged(t, w, waiting, func() { cancel(t, w, waiting) })

	w, talking, agent := started(t)
	agent.Past("agent.NoteReference")
	cancel(t, w, talking)
	unchanged(t, w, talking, func() { cancel(t, w, talking) })
	if n := w.Asked("tasks.Stop"); n != 2 {
		t.Errorf("the task was stopped %d times, want each time it was asked for", n)
	}
}

func TestACallThatHasEndedOtherwiseCannotBeCanceled(t *testing.T) {
	t.Parallel()
	w, id, agent := started(t)
	agent.Finish()
	w.RunUntilQuiet()
	unchanged(t, w, id, func() {
		if c, err := w.Tracker.Cancel(t.Context(), id); !errors.Is(err, tracking.ErrFinal) || c.Status != call.Completed {
			t.Errorf("answered %s, %v; want completed, %v", c.Status, err, tracking.ErrFinal)
		}
	})
	if _, err := w.Tracker.Cancel(t.Context(), "call_unknown"); !errors.Is(err, call.ErrNotFound) {
		t.Errorf("answered %v for an unknown call", err)
	}
}

func TestACancelRacesWithWhatHappensMeanwhile(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		meanwhile func(w *testworld.World, id string) // between the cancel's read and its write
		want      call.Status
		fails     error
	}{
		{"its agent takes the claim", func(w *testworld.World, id string) { w.Tasks.Of(id, 1).Past("agent.TakeClaim") }, call.Canceled, nil},
		{"its agent dials", func(w *testworld.World, id string) { w.Tasks.Of(id, 1).Past("carrier.Create") }, call.Canceled, nil},
		{"its phone rings", func(w *testworld.World, id string) {
			w.Tasks.Of(id, 1).Past("agent.Publish")
			w.Settle()
		}, call.Canceled, nil},
		{"it is over", func(w *testworld.World, id string) {
			w.Tasks.Of(id, 1).Finish()
			w.Settle()
		}, call.Completed, tracking.ErrFinal},
		{"its task ends", func(w *testworld.World, id string) {
			w.Tasks.Of(id, 1).Kill()
			w.Tasks.Hold = true
			w.Settle()
		}, call.Canceled, nil},
		{"somebody else cancels it", func(w *testworld.World, id string) {
			if _, err := w.Tracker.Cancel(context.Background(), id); err != nil {
				panic(err)
			}
		}, call.Canceled, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w, id, agent := started(t)
			w.Before("store.Apply", func() { test.meanwhile(w, id) })
			if _, err := w.Tracker.Cancel(t.Context(), id); !errors.Is(err, test.fails) {
				t.Fatalf("answered %v", err)
			}
			agent.Release()
			w.RunUntilQuiet()
			if c := w.Call(id); c.Status != test.want {
				t.Errorf("the call is %s, want %s", c.Status, test.want)
			}
		})
	}
}

func TestACancelRacesWithAnAdmission(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Tasks.Hold = true
	id := w.Create("ann")
	w.Before("store.Apply", w.Fill)
	cancel(t, w, id)
	is(t, w, id, call.Canceled, 1)
	w.Tasks.Of(id, 1).Release()
	w.RunUntilQuiet()
	if n := len(w.Carrier.Legs); n != 0 {
		t.Errorf("%d dials", n)
	}
}

func TestACancelWithoutAnAnswerIsReadBack(t *testing.T) {
	t.Parallel()
	for _, fault := range []testworld.Fault{testworld.After, testworld.Unclear} {
		w := newWorld(t)
		id := w.Create("ann")
		w.Fail("store.Apply", fault)
		if c := cancel(t, w, id); c.Status != call.Canceled {
			t.Errorf("%s: answered %s", fault, c.Status)
		}
		w, id, agent := started(t)
		agent.Past("agent.NoteReference")
		w.Fail("store.Apply", testworld.None, fault) // the claim can't be closed; the wish is written
		if c := cancel(t, w, id); !c.CancelRequested {
			t.Errorf("%s: answered %s without the wish", fault, c.Status)
		}
		agent.Release()
		w.RunUntilQuiet()
		is(t, w, id, call.Canceled, 1)
	}
}

func TestACanceledCallWhoseAgentDiesEndsWhenTheCarrierSaysSo(t *testing.T) {
	t.Parallel()
	w, id, agent := started(t)
	w.Carrier.Script = all(testworld.Endless)
	agent.Past("agent.NoteReference")
	cancel(t, w, id)
	agent.Kill()
	w.RunUntilQuiet()
	failedFor(t, w, id, call.ReasonAgentLost)
}

func TestACanceledCallIsNeitherLaunchedAgainNorGivenUp(t *testing.T) {
	t.Parallel()
	w, id := launching(t, testworld.After)
	agent := w.Tasks.Of(id, 1)
	agent.Past("agent.TakeClaim")
	cancel(t, w, id)
	w.Tasks.Forget(id, 1)
	w.Tasks.Answer = func(task.Request) error { return task.ErrRefused }
	if err := w.Work(messages.Job{CallID: id, Attempt: 1}); err != nil {
		t.Fatal(err)
	}
	is(t, w, id, call.Launching, 1)
	agent.Release()
	w.RunUntilQuiet()
	is(t, w, id, call.Canceled, 1)
}

func TestAStepOfACanceledCallKeepsItsNextStopSoon(t *testing.T) {
	t.Parallel()
	w, id, agent := started(t)
	agent.Past("agent.Publish") // it rings
	cancel(t, w, id)
	due := w.Call(id).Due
	w.Settle() // the ringing arrives
	is(t, w, id, call.Ringing, 1)
	if after := w.Call(id).Due; !after.Equal(due) {
		t.Errorf("due %v later, want the stop to be repeated soon", after.Sub(due))
	}
	agent.Release()
	w.RunUntilQuiet()
}
