package e2e_test

import (
	"fmt"
	"testing"

	"github.com/outdial/outdial/contracts/api"

	"github.com/outdial/outdial/e2e/internal/ecs"
	"github.com/outdial/outdial/e2e/internal/front"
	"github.com/outdial/outdial/e2e/internal/world"
)

// TestACallIsPlacedOnceWhateverGoesWrongAtItsLaunch: each story ends with one
// dial, and with a call that is completed.
func TestACallIsPlacedOnceWhateverGoesWrongAtItsLaunch(t *testing.T) {
	for name, c := range map[string]struct {
		spoil    func(w *world.World)
		attempts int
		tasks    int
	}{
		"RunTask is throttled":           {func(w *world.World) { w.ECS.Refuse(ecs.Throttled) }, 2, 1},
		"RunTask finds no capacity":      {func(w *world.World) { w.ECS.Refuse(ecs.NoCapacity) }, 2, 1},
		"RunTask's answer is lost":       {func(w *world.World) { w.Front.Inject(cut("RunTask", front.AfterEffect)) }, 1, 1},
		"RunTask's request is lost":      {func(w *world.World) { w.Front.Inject(cut("RunTask", front.BeforeEffect)) }, 1, 1},
		"the worker dies before RunTask": {func(w *world.World) { w.Front.Inject(deadly(w, front.Fault{Cut: front.BeforeEffect})) }, 1, 1},
		"the worker dies after RunTask":  {func(w *world.World) { w.Front.Inject(deadly(w, front.Fault{})) }, 1, 1},
		"every message comes five times": {func(w *world.World) {
			w.Front.Inject(front.Fault{Service: "sqs", Operation: "SendMessage", Repeat: 4})
		}, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world.Start(t, nil)
			ada := w.Person("ada")
			c.spoil(w)

			call := ada.Submit(t, answered)
			call = ada.Becomes(t, call.ID, api.CallStatusCompleted)

			if call.Attempt != c.attempts || len(w.ECS.Tasks()) != c.tasks || w.Front.Left() != 0 {
				t.Errorf("attempt %d, tasks %v, %d faults left", call.Attempt, w.ECS.Tasks(), w.Front.Left())
			}
			dials, err := w.Dials()
			if err != nil || len(dials) != 1 {
				t.Errorf("dials: %v %v", dials, err)
			}
		})
	}
}

// cut loses one request to ECS, or its answer.
func cut(operation string, when front.Cut) front.Fault {
	return front.Fault{Caller: "worker", Service: "ecs", Operation: operation, Times: 1, Cut: when}
}

// deadly kills the worker that asks for a task, before or after it gets it.
func deadly(w *world.World, f front.Fault) front.Fault {
	kill := func(c front.Call) { w.Worker.Kill(c.Key) }
	f.Caller, f.Service, f.Operation, f.Times = "worker", "ecs", "RunTask", 1
	if f.Cut == front.BeforeEffect {
		f.Before = kill
	} else {
		f.After = kill
	}
	return f
}

// TestTheLimitIsNeverExceededSeenFromECS counts tasks and asks nobody else.
func TestTheLimitIsNeverExceededSeenFromECS(t *testing.T) {
	t.Parallel()
	w := world.Start(t, nil)
	w.Admin("root").SetCapacity(t, 5, 20)
	ada := w.Person("ada")
	var ids []string
	for i := range 20 {
		ids = append(ids, ada.Submit(t, fmt.Sprintf("+1202555%04d", 1000+i)).ID)
	}
	for _, id := range ids {
		world.Eventually(t, "the call is over", func() api.Call { return ada.Call(t, id) },
			func(call api.Call) bool { return call.EndedAt != nil })
	}
	if most := w.ECS.Most(); most > 5 || most < 2 {
		t.Errorf("%d tasks ran at once, and the limit is 5", most)
	}
}
