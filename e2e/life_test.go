package e2e_test

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"

	"github.com/outdial/outdial/e2e/internal/ecs"
	"github.com/outdial/outdial/e2e/internal/front"
	"github.com/outdial/outdial/e2e/internal/world"
)

// longTalk is answered and talks until the time limit.
const longTalk = "+12025550105"

// slowly is a carrier that leaves time to do something while a call goes on.
var slowly = world.Parameters{"Carrier": "simulated:FOLDER?speed=5"}

func TestEventsMayComeLateTwiceAndOutOfOrder(t *testing.T) {
	t.Parallel()
	w := world.Start(t, nil)
	ada := w.Person("ada")
	w.ECS.Deliver(func(ecs.Event) []time.Duration { return []time.Duration{0, 2 * time.Second, 0} })
	w.Front.Inject(front.Fault{Caller: "agent", Service: "events", Repeat: 2})

	call := ada.Submit(t, answered)
	call = ada.Becomes(t, call.ID, api.CallStatusCompleted)
	next := ada.Submit(t, busy)
	ada.Becomes(t, next.ID, api.CallStatusBusy)

	if again := ada.Call(t, call.ID); len(again.History) != len(call.History) || again.Status != call.Status {
		t.Errorf("a final call moved on: %+v", again)
	}
}

func TestACallWhoseTaskDiesBeforeTheDialIsLaunchedAgain(t *testing.T) {
	t.Parallel()
	w := world.Start(t, nil)
	ada := w.Person("ada")
	kill := func(front.Call) { w.ECS.Kill(w.ECS.Tasks()[0].ARN) }
	w.Front.Inject(front.Fault{Caller: "agent", Service: "dynamodb", Operation: "UpdateItem", Times: 1, Before: kill, Cut: front.BeforeEffect})

	call := ada.Submit(t, answered)
	call = ada.Becomes(t, call.ID, api.CallStatusCompleted)
	if call.Attempt != 2 || call.Dials != 1 {
		t.Errorf("attempt %d, dials %d", call.Attempt, call.Dials)
	}
}

func TestACallWhoseTaskDiesAfterTheDialIsNeverPlacedAgain(t *testing.T) {
	t.Parallel()
	w := world.Start(t, slowly)
	ada := w.Person("ada")

	call := ada.Submit(t, longTalk)
	ada.Becomes(t, call.ID, api.CallStatusInProgress)
	w.ECS.Kill(w.ECS.Tasks()[0].ARN)

	call = ada.Becomes(t, call.ID, api.CallStatusFailed)
	if call.Failure == nil || string(call.Failure.Reason) != "agent_lost" || call.Attempt != 1 {
		t.Errorf("the call is %+v", call)
	}
}

func TestACallOutlivesTheTimeThatAServiceIsDown(t *testing.T) {
	for _, service := range []string{"dynamodb", "sqs", "events"} {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			w := world.Start(t, nil)
			ada := w.Person("ada")
			down := make(chan struct{}, 100)
			lift := w.Front.Inject(front.Fault{
				Service: service, Refuse: front.Broken,
				Match: func(c front.Call) bool { return c.Caller != "api" },
				Before: func(front.Call) {
					select {
					case down <- struct{}{}:
					default:
					}
				},
			})
			call := ada.Submit(t, answered)
			for range 5 {
				<-down
			}
			lift()
			ada.Becomes(t, call.ID, api.CallStatusCompleted)
		})
	}
}

// TestWithoutEventsTheTickFindsEveryEnd: nothing that agents and tasks tell of an
// end ever arrives, and yet each call ends, and as it did.
func TestWithoutEventsTheTickFindsEveryEnd(t *testing.T) {
	t.Parallel()
	w := world.Start(t, slowly)
	ada, root := w.Person("ada"), w.Admin("root")
	w.ECS.Deliver(func(ecs.Event) []time.Duration { return nil })
	w.Front.Inject(front.Fault{
		Caller: "agent", Service: "events", Refuse: front.Broken,
		Match: func(c front.Call) bool { return bytes.Contains(c.Body, []byte(`\"ended\"`)) },
	})
	briefly := func(number string, seconds int) string {
		request := api.SubmitCallRequest{PhoneNumber: number, Agent: &api.AgentSettings{TimeLimit: &seconds}}
		return world.Do[api.Call](t, ada, http.StatusAccepted, http.MethodPost, "/calls", request).ID
	}

	ends, dies := briefly(answered, 10), briefly(longTalk, 20)
	ada.Becomes(t, dies, api.CallStatusInProgress)
	w.ECS.Kill(tasksOf(w, dies)[0].ARN)
	w.Hasten(t)

	ada.Becomes(t, ends, api.CallStatusCompleted)
	lost := ada.Becomes(t, dies, api.CallStatusFailed)
	if lost.Failure == nil || string(lost.Failure.Reason) != "agent_lost" || lost.Attempt != 1 {
		t.Errorf("the call is %+v", lost)
	}
	allFree(t, w, root)
}

// TestACallWhoseAgentCanTellNobodyEndsWithItsTask: EventBridge takes nothing from
// agents, and the task's own end is enough.
func TestACallWhoseAgentCanTellNobodyEndsWithItsTask(t *testing.T) {
	t.Parallel()
	w := world.Start(t, nil)
	ada := w.Person("ada")
	w.Front.Inject(front.Fault{Caller: "agent", Service: "events", Refuse: front.Broken})

	call := ada.Submit(t, answered)
	call = ada.Becomes(t, call.ID, api.CallStatusCompleted)
	if call.Outcome == nil || call.Outcome.AnsweredAt == nil || call.Attempt != 1 {
		t.Errorf("the call is %+v", call)
	}
	allFree(t, w, w.Admin("root"))
}

// TestATaskThatECSHasForgottenHasEnded if ECS has shown it before: its call doesn't
// wait for an hour (R5).
func TestATaskThatECSHasForgottenHasEnded(t *testing.T) {
	t.Parallel()
	w := world.Start(t, slowly)
	ada, root := w.Person("ada"), w.Admin("root")
	call := ada.Submit(t, longTalk)
	ada.Becomes(t, call.ID, api.CallStatusInProgress)
	deaf(w)
	w.Front.Inject(front.Fault{Caller: "tracker", Service: "ecs", Operation: "StopTask", Refuse: front.Broken})
	ada.Cancel(t, call.ID, http.StatusAccepted) // so that it is looked at soon
	w.Hasten(t)
	stops := func() int { return w.Front.Count("tracker", "ecs", "StopTask") }
	world.Eventually(t, "ECS has shown the task", stops, func(n int) bool { return n > 0 })

	w.ECS.Deliver(func(ecs.Event) []time.Duration { return nil })
	w.ECS.Kill(w.ECS.Tasks()[0].ARN)
	w.ECS.Later(2 * time.Hour)

	call = ada.Becomes(t, call.ID, api.CallStatusFailed)
	if call.Failure == nil || string(call.Failure.Reason) != "agent_lost" || call.Dials != 1 {
		t.Errorf("the call is %+v", call)
	}
	allFree(t, w, root)
}

func TestOwnersDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	w := world.Start(t, nil)
	ada, bob, root := w.Person("ada"), w.Person("bob"), w.Admin("root")
	call := ada.Submit(t, answered)

	got, err := bob.Request(t.Context(), http.MethodGet, "/calls/"+call.ID, nil)
	if err != nil || got.Status != http.StatusNotFound {
		t.Errorf("bob reads it: %d %s %v", got.Status, got.Body, err)
	}
	for who, c := range map[string]struct {
		caller world.Caller
		sees   int
	}{"ada": {ada, 1}, "bob": {bob, 0}, "the administrator": {root, 1}} {
		if list := world.Do[api.CallList](t, c.caller, http.StatusOK, http.MethodGet, "/calls", nil); len(list.Calls) != c.sees {
			t.Errorf("%s sees %d calls, want %d", who, len(list.Calls), c.sees)
		}
	}
	ada.Becomes(t, call.ID, api.CallStatusCompleted)
}
