package e2e_test

import (
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

func TestACallInProgressThatIsCanceledIsHungUp(t *testing.T) {
	t.Parallel()
	w := world.Start(t, slowly)
	ada := w.Person("ada")

	call := ada.Submit(t, longTalk)
	ada.Becomes(t, call.ID, api.CallStatusInProgress)
	world.Do[api.Call](t, ada, http.StatusAccepted, http.MethodPost, "/calls/"+call.ID+"/cancel", nil)

	call = world.Eventually(t, "the call is over", func() api.Call { return ada.Call(t, call.ID) },
		func(call api.Call) bool { return call.EndedAt != nil })
	if call.Status != api.CallStatusCanceled && call.Status != api.CallStatusCompleted {
		t.Errorf("the call is %+v", call)
	}
	if w.Front.Count("api", "ecs", "StopTask") == 0 {
		t.Error("nobody asked ECS to stop the task")
	}
}

func TestACallOutlivesTheTimeThatAServiceIsDown(t *testing.T) {
	for _, service := range []string{"dynamodb", "sqs"} {
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
