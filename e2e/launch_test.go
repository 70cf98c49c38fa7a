package e2e_test

import (
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"

	"github.com/outdial/outdial/e2e/internal/ecs"
	"github.com/outdial/outdial/e2e/internal/front"
	"github.com/outdial/outdial/e2e/internal/mapping"
	"github.com/outdial/outdial/e2e/internal/world"
)

// TestACallIsPlacedOnceWhateverGoesWrongAtItsLaunch: each story ends with one
// dial, and with a call that is completed.
func TestACallIsPlacedOnceWhateverGoesWrongAtItsLaunch(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil    func(w *world.World)
		attempts int
		tasks    int
	}{
		"RunTask is throttled":           {func(w *world.World) { w.ECS.Refuse(ecs.Throttled) }, 2, 1},
		"RunTask finds no capacity":      {func(w *world.World) { w.ECS.Refuse(ecs.NoCapacity) }, 2, 1},
		"the task definition is gone":    {func(w *world.World) { w.ECS.Refuse(ecs.Inactive) }, 2, 1},
		"RunTask's answer is lost":       {func(w *world.World) { w.Front.Inject(cut("RunTask", front.AfterEffect)) }, 1, 1},
		"RunTask's request is lost":      {func(w *world.World) { w.Front.Inject(cut("RunTask", front.BeforeEffect)) }, 1, 1},
		"the worker dies before RunTask": {func(w *world.World) { w.Front.Inject(deadly(w, front.Fault{Cut: front.BeforeEffect})) }, 1, 1},
		"the worker dies after RunTask":  {func(w *world.World) { w.Front.Inject(deadly(w, front.Fault{})) }, 1, 1},
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
			allFree(t, w, w.Admin("root"))
			dialed(t, w, call.ID, 1)
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

// TestALaunchThatIsRepeatedDialsOnce: the agent hasn't come far when the request for
// its task comes again, be it to the same task or to a second one.
func TestALaunchThatIsRepeatedDialsOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		passes time.Duration // after the first request
		tasks  int
	}{
		"while ECS knows its client token":        {0, 1},
		"when ECS has forgotten its client token": {25 * time.Hour, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world.Start(t, nil)
			ada := w.Person("ada")
			death := deadly(w, front.Fault{})
			kill := death.After
			death.After = func(request front.Call) {
				w.ECS.Later(c.passes)
				kill(request)
			}
			w.Front.Inject(death)
			claim := hold(t, w, front.Fault{Caller: "agent", Service: "dynamodb", Operation: "UpdateItem"})

			call := ada.Submit(t, answered)
			claim.Come(t)
			world.Eventually(t, "the request is repeated", func() int { return w.Front.Count("worker", "ecs", "RunTask") }, func(n int) bool { return n == 2 })
			world.Eventually(t, "the tasks are there", func() int { return len(w.ECS.Tasks()) }, func(n int) bool { return n == c.tasks })
			if c.tasks == 1 {
				claim.Release()
			}
			call = ada.Becomes(t, call.ID, api.CallStatusCompleted)
			claim.Release() // a second agent has dialed: the first must not

			allFree(t, w, w.Admin("root"))
			if call.Attempt != 1 || call.Dials != 1 || len(w.ECS.Tasks()) != c.tasks {
				t.Errorf("attempt %d, dials %d, tasks %v", call.Attempt, call.Dials, w.ECS.Tasks())
			}
			dialed(t, w, call.ID, 1)
		})
	}
}

// TestACallWhoseMessagesComeFiveTimesIsPlacedOnce: SQS delivers at least once.
func TestACallWhoseMessagesComeFiveTimesIsPlacedOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil       func(w *world.World)
		invocations int // of the worker, at the least
	}{
		"its job is sent five times": {func(w *world.World) {
			w.Front.Inject(front.Fault{Caller: "api", Service: "sqs", Operation: "SendMessageBatch", Times: 1, Repeat: 4})
		}, 1},
		"the very same messages come, to several processes at once": {func(w *world.World) {
			w.Deliver(mapping.Copies{AtOnce: 4})
		}, 5},
		"the very same messages come again after they were handled": {func(w *world.World) {
			w.Deliver(mapping.Copies{Afterwards: 4})
		}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world.Start(t, nil)
			ada := w.Person("ada")
			c.spoil(w)

			call := ada.Submit(t, answered)
			call = ada.Becomes(t, call.ID, api.CallStatusCompleted)
			world.Eventually(t, "the worker got all of them", w.Worker.Invocations, func(n int) bool { return n >= c.invocations })
			allFree(t, w, w.Admin("root"))

			if call.Attempt != 1 || len(w.ECS.Tasks()) != 1 || w.Front.Left() != 0 {
				t.Errorf("attempt %d, tasks %v, %d faults left", call.Attempt, w.ECS.Tasks(), w.Front.Left())
			}
			dialed(t, w, call.ID, 1)
			if again := ada.Call(t, call.ID); len(again.History) != len(call.History) {
				t.Errorf("a final call moved on: %+v", again)
			}
		})
	}
}

// TestADeployInTheMiddleOfALaunchChangesNothingForIt: what was admitted before is
// launched as it was going to be.
func TestADeployInTheMiddleOfALaunchChangesNothingForIt(t *testing.T) {
	t.Parallel()
	w := world.Start(t, nil)
	ada := w.Person("ada")
	request := hold(t, w, front.Fault{Caller: "worker", Service: "ecs", Operation: "RunTask", Cut: front.BeforeEffect})

	before := ada.Submit(t, answered)
	worker := request.Come(t)
	w.DeployAgain(t)
	w.Worker.Kill(worker.Key)
	request.Release()
	ada.Becomes(t, before.ID, api.CallStatusCompleted)
	after := ada.Submit(t, busy)
	ada.Becomes(t, after.ID, api.CallStatusBusy)

	for id, revision := range map[string]string{before.ID: ":1", after.ID: ":2"} {
		tasks := tasksOf(w, id)
		if len(tasks) != 1 || !strings.HasSuffix(tasks[0].Definition, revision) {
			t.Errorf("tasks: %+v, want one of revision %s", tasks, revision)
		}
	}
}
