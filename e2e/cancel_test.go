package e2e_test

import (
	"net/http"
	"testing"

	"github.com/outdial/outdial/contracts/api"

	"github.com/outdial/outdial/e2e/internal/front"
	"github.com/outdial/outdial/e2e/internal/world"
)

// unanswered rings until the ring timeout.
const unanswered = "+12025550102"

// cancelStory is how far a call gets before it is canceled.
type cancelStory struct {
	number string
	// brings the call there, given its submission, and gives what lets it go on.
	bring func(t *testing.T, w *world.World, ada world.Caller, submit func() api.Call) (call api.Call, release func())

	answer int // to the cancel: 200 when it is canceled there and then, 202 when somebody has to hang up
	dials  int
	tasks  int
	stops  int // of its task, at the least
}

// TestACallCanBeCanceledWhileIt is…: wherever it is, it ends as canceled, its slot
// is given back, and nobody is dialed whom the agent hasn't dialed before.
func TestACallCanBeCanceledWhileIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]cancelStory{
		"waits in its lane": {answered, inItsLane, http.StatusOK, 0, 0, 0},
		"is launched":       {answered, heldAt("worker", "ecs", "RunTask", api.CallStatusLaunching), http.StatusOK, 0, 1, 0},
		"starts":            {answered, heldAt("agent", "dynamodb", "UpdateItem", api.CallStatusStarting), http.StatusOK, 0, 1, 1},
		"starts, and its agent is about to dial it": {answered, heldAt("agent", "dynamodb", "GetItem", api.CallStatusStarting), http.StatusAccepted, 0, 1, 1},
		"rings":          {unanswered, atCarrier(api.CallStatusRinging), http.StatusAccepted, 1, 1, 1},
		"is in progress": {longTalk, atCarrier(api.CallStatusInProgress), http.StatusAccepted, 1, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world.Start(t, slowly)
			ada, root := w.Person("ada"), w.Admin("root")
			call, release := c.bring(t, w, ada, func() api.Call { return ada.Submit(t, c.number) })

			ada.Cancel(t, call.ID, c.answer)
			if now := root.Capacity(t); c.answer == http.StatusOK && now.InUse != 0 {
				t.Errorf("%d slots are taken right after the cancel", now.InUse)
			}
			release()

			call = ada.Becomes(t, call.ID, api.CallStatusCanceled)
			world.Eventually(t, "its task was started", func() int { return len(tasksOf(w, call.ID)) }, func(n int) bool { return n == c.tasks })
			allFree(t, w, root)
			dialed(t, w, call.ID, c.dials)
			if stops := w.Front.Count("api", "ecs", "StopTask"); call.Dials != c.dials || call.Attempt != 1 || stops < c.stops {
				t.Errorf("StopTask was called %d times, and the call is %+v", stops, call)
			}
			ada.Cancel(t, call.ID, http.StatusOK) // it is canceled already
		})
	}
}

// inItsLane has the call wait while all admission is stopped, and release it.
func inItsLane(t *testing.T, w *world.World, ada world.Caller, submit func() api.Call) (api.Call, func()) {
	root := w.Admin("root")
	root.Stop(t, true)
	call := submit()
	return call, func() {
		root.Stop(t, false)
		other := ada.Submit(t, busy) // what comes behind it shows that its turn has passed
		ada.Becomes(t, other.ID, api.CallStatusBusy)
	}
}

// heldAt holds the first call of a program to AWS, which the call's status is told by.
func heldAt(caller, service, operation string, status api.CallStatus) func(*testing.T, *world.World, world.Caller, func() api.Call) (api.Call, func()) {
	return func(t *testing.T, w *world.World, ada world.Caller, submit func() api.Call) (api.Call, func()) {
		request := hold(t, w, front.Fault{Caller: caller, Service: service, Operation: operation})
		call := submit()
		request.Come(t)
		return ada.Becomes(t, call.ID, status), request.Release
	}
}

// atCarrier has the call get as far as the carrier takes it.
func atCarrier(status api.CallStatus) func(*testing.T, *world.World, world.Caller, func() api.Call) (api.Call, func()) {
	return func(t *testing.T, _ *world.World, ada world.Caller, submit func() api.Call) (api.Call, func()) {
		return ada.Becomes(t, submit().ID, status), func() {}
	}
}

// deaf has an agent not see that it is asked to stop, and everybody but the
// tracker fail to stop its task.
func deaf(w *world.World) {
	w.Front.Inject(front.Fault{Caller: "agent", Service: "dynamodb", Operation: "GetItem", Refuse: front.Broken})
	w.Front.Inject(front.Fault{Caller: "api", Service: "ecs", Operation: "StopTask", Refuse: front.Broken})
}

func TestACancelThatNobodyHearsIsRepeated(t *testing.T) {
	t.Parallel()
	w := world.Start(t, slowly)
	ada, root := w.Person("ada"), w.Admin("root")

	call := ada.Submit(t, longTalk)
	ada.Becomes(t, call.ID, api.CallStatusInProgress)
	deaf(w)
	ada.Cancel(t, call.ID, http.StatusAccepted)
	w.Hasten(t)

	ada.Becomes(t, call.ID, api.CallStatusCanceled)
	allFree(t, w, root)
	if w.Front.Count("tracker", "ecs", "StopTask") == 0 {
		t.Error("the tracker did not ask ECS to stop the task")
	}
}
