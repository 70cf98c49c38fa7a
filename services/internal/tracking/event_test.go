package tracking_test

import (
	"slices"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/task"
	"github.com/outdial/outdial/services/internal/testworld"
)

// told is a world in which a call is over at its agent, and its events are still
// under way.
func told(t testing.TB) (w *testworld.World, id string, events []messages.Event) {
	t.Helper()
	w, id, agent := started(t)
	agent.Finish()
	for _, sent := range w.Events() {
		events = append(events, sent.Event)
	}
	if len(events) != 4 {
		t.Fatalf("%d events, want ringing, answered, ended and task-stopped", len(events))
	}
	return w, id, events
}

func TestEventsMakeACallsLife(t *testing.T) {
	t.Parallel()
	w, id, events := told(t)
	for i, want := range []call.Status{call.Ringing, call.InProgress, call.Completed, call.Completed} {
		if err := w.Follow(events[i]); err != nil {
			t.Fatal(err)
		}
		is(t, w, id, want, 1)
	}
	c := w.Call(id)
	if o := c.Outcome; c.Dials != 1 || o == nil || o.Duration != 7 || o.CarrierReference != "leg-1" {
		t.Errorf("dials %d, outcome %+v", c.Dials, o)
	}
}

func TestEventsInAnyOrderAndTwiceMakeNoStepBack(t *testing.T) {
	t.Parallel()
	rank := func(s call.Status) int { return slices.Index(call.Statuses, s) }
	permute(4, func(order []int) {
		w, id, events := told(t)
		before := w.Call(id)
		for _, i := range append(order, order...) {
			if err := w.Follow(events[i]); err != nil {
				t.Fatalf("order %v: %v", order, err)
			}
			after := w.Call(id)
			if rank(after.Status) < rank(before.Status) {
				t.Errorf("order %v: from %s back to %s", order, before.Status, after.Status)
			}
			before = after
		}
		is(t, w, id, call.Completed, 1)
		if before.Dials != 1 {
			t.Errorf("order %v: %d dials are counted", order, before.Dials)
		}
		w.RunUntilQuiet() // the queue has every event once more
		is(t, w, id, call.Completed, 1)
	})
}

// permute gives each order of n things.
func permute(n int, each func(order []int)) {
	var extend func(order []int)
	extend = func(order []int) {
		if len(order) == n {
			each(slices.Clone(order))
		}
		for i := range n {
			if !slices.Contains(order, i) {
				extend(append(order, i))
			}
		}
	}
	extend(nil)
}

func TestAnEventFromAnybodyButTheHolderChangesNothing(t *testing.T) {
	t.Parallel()
	moments := map[string]func(*testworld.Task){
		"while the claim is open":     func(*testworld.Task) {},
		"while the holder dials":      func(a *testworld.Task) { a.To("carrier.Create") },
		"after the holder has noted":  func(a *testworld.Task) { a.Past("agent.NoteOutcome") },
		"after the holder has exited": func(a *testworld.Task) { a.Finish() },
	}
	for moment, agentTo := range moments {
		for _, kind := range []messages.EventType{messages.EventRinging, messages.EventAnswered, messages.EventEnded} {
			t.Run(string(kind)+" "+moment, func(t *testing.T) {
				t.Parallel()
				w, id, agent := started(t)
				agentTo(agent)
				e := messages.Event{
					Type: kind, CallID: id, Attempt: 1, Nonce: "foreign", Task: "arn:task/foreign", At: w.Clock.Now(),
					Outcome: &messages.Outcome{Dialed: true, Status: messages.StatusBusy},
				}
				unchanged(t, w, id, func() {
					if err := w.Follow(e); err != nil {
						t.Error(err)
					}
				})
				agent.Release()
				w.RunUntilQuiet()
				is(t, w, id, call.Completed, 1)
			})
		}
	}
}

func TestTheOutcomeComesFromTheClaimAndNotFromTheEvent(t *testing.T) {
	t.Parallel()
	w, id, events := told(t)
	ended := events[2]
	ended.Outcome = &messages.Outcome{Dialed: true, Status: messages.StatusBusy, CarrierReference: "leg-9"}
	if err := w.Follow(ended); err != nil {
		t.Fatal(err)
	}
	is(t, w, id, call.Completed, 1)
	if got := w.Call(id).Outcome.CarrierReference; got != "leg-1" {
		t.Errorf("the outcome's reference is %s, want the claim's", got)
	}
}

func TestAnEndThatIsNotOnTheClaimIsNoEnd(t *testing.T) {
	t.Parallel()
	w, id, agent := started(t)
	agent.To("agent.NoteOutcome")
	ended := messages.Event{
		Type: messages.EventEnded, CallID: id, Attempt: 1, Nonce: w.Claim(id, 1).Nonce, Task: agent.ARN, At: w.Clock.Now(),
		Outcome: &messages.Outcome{Dialed: true, Status: messages.StatusCompleted},
	}
	unchanged(t, w, id, func() {
		if err := w.Follow(ended); err != nil {
			t.Error(err)
		}
	})
}

func TestEventsOfAnEarlierAttemptAreDropped(t *testing.T) {
	t.Parallel()
	w, id, first := started(t)
	first.Kill() // before it takes the claim
	w.Run(time.Second)
	is(t, w, id, call.Starting, 2)
	second := w.Tasks.Of(id, 2)
	second.Past("agent.TakeClaim")
	late := []messages.Event{
		{Type: messages.EventRinging, CallID: id, Attempt: 1, Nonce: "nonce-1", Task: first.ARN, At: w.Clock.Now()},
		{Type: messages.EventAnswered, CallID: id, Attempt: 1, Nonce: w.Claim(id, 2).Nonce, Task: first.ARN, At: w.Clock.Now()},
		first.Event(),
	}
	for _, e := range late {
		unchanged(t, w, id, func() {
			if err := w.Follow(e); err != nil {
				t.Error(err)
			}
		})
	}
	second.Release()
	w.RunUntilQuiet()
	is(t, w, id, call.Completed, 2)
}

func TestAFinalStatusIsFinal(t *testing.T) {
	t.Parallel()
	w, id, events := told(t)
	w.RunUntilQuiet()
	for _, e := range events {
		unchanged(t, w, id, func() {
			if err := w.Follow(e); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnEventOfAnUnknownCallIsDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, kind := range []messages.EventType{messages.EventRinging, messages.EventAnswered, messages.EventEnded, messages.EventTaskStopped} {
		e := messages.Event{Type: kind, CallID: "call_unknown", Attempt: 1, Nonce: "n", Task: "arn:task/1", At: w.Clock.Now()}
		if err := w.Follow(e); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestAnEventOfUnknownTypeIsAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.Follow(messages.Event{Type: "rang-twice"}); err == nil {
		t.Error("an event that nobody understands was acknowledged")
	}
}

func TestAnEventComesBackWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	for i, port := range []string{"store.Claim", "store.Call", "store.Apply"} {
		w, id, events := told(t)
		ended := events[2]
		w.Fail("store.ReadAhead", testworld.Before) // so each is read alone
		w.Fail(port, testworld.Before)
		if err := w.Follow(ended); err == nil {
			t.Errorf("%s failed and the event was acknowledged", port)
		}
		if err := w.Follow(ended); err != nil {
			t.Errorf("%d: %v", i, err)
		}
		is(t, w, id, call.Completed, 1)
	}
}

func TestALateStepOfALostCallHoldsUpNothing(t *testing.T) {
	t.Parallel()
	w, id, agent := started(t)
	w.Carrier.Script = all(testworld.Endless)
	agent.To("agent.Publish") // it is about to tell that the phone rings
	agent.Past("agent.Publish")
	agent.Kill()
	if agent.State != task.Stopped {
		t.Fatal("the agent lives")
	}
	events := w.Events()
	for _, i := range []int{1, 0} { // task-stopped, and only then ringing
		if err := w.Follow(events[i].Event); err != nil {
			t.Fatal(err)
		}
	}
	w.RunUntilQuiet()
	failedFor(t, w, id, call.ReasonAgentLost)
}
