package e2e_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/outdial/outdial/contracts/api"

	"github.com/outdial/outdial/e2e/internal/ecs"
	"github.com/outdial/outdial/e2e/internal/front"
	"github.com/outdial/outdial/e2e/internal/world"
)

// TestCallsThatECSRefusesForGoodAreDeadLettersUntilTheyAreRedriven, one of them
// first and then all, by whatever means there are.
func TestCallsThatECSRefusesForGoodAreDeadLettersUntilTheyAreRedriven(t *testing.T) {
	t.Parallel()
	for name, redrive := range map[string]struct {
		one func(t *testing.T, root world.Caller, id string)
		all func(t *testing.T, w *world.World, root world.Caller)
	}{
		"by the API":           {oneByAPI, allByAPI},
		"by the command line":  {oneByCLI, allByCLI},
		"by SQS's own redrive": {nil, allByAWS},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world.Start(t, nil)
			ada, root := w.Person("ada"), w.Admin("root")
			w.ECS.Refuse(ecs.Invalid, ecs.Invalid, ecs.Invalid)
			ids := threeDeadLetters(t, w, ada)
			if listed := deadLetters(t, root); !slices.Equal(listed, ids) {
				t.Errorf("dead letters: %v, want %v", listed, ids)
			}

			if redrive.one != nil {
				redrive.one(t, root, ids[0])
				ada.Becomes(t, ids[0], api.CallStatusCompleted)
				if listed := deadLetters(t, root); !slices.Equal(listed, ids[1:]) {
					t.Errorf("dead letters after one was redriven: %v, want %v", listed, ids[1:])
				}
			}
			redrive.all(t, w, root)

			for _, id := range ids {
				call := ada.Becomes(t, id, api.CallStatusCompleted)
				dialed(t, w, id, 1)
				if call.Attempt != 2 || call.Dials != 1 {
					t.Errorf("the call is %+v", call)
				}
			}
			if listed := deadLetters(t, root); len(listed) != 0 {
				t.Errorf("dead letters: %v", listed)
			}
		})
	}
}

// threeDeadLetters submits three calls and waits until each is a dead letter, seen
// in its queue.
func threeDeadLetters(t *testing.T, w *world.World, ada world.Caller) []string {
	t.Helper()
	var ids []string
	for range 3 {
		ids = append(ids, ada.Submit(t, answered).ID)
	}
	for _, id := range ids {
		call := ada.Becomes(t, id, api.CallStatusFailed)
		if call.Failure == nil || string(call.Failure.Reason) != "dead_lettered" || call.Dials != 0 {
			t.Errorf("the call is %+v", call)
		}
	}
	marked(t, w, ids...)
	return ids
}

// marked waits until each of the calls is seen in the dead-letter queue, be it more
// than once.
func marked(t *testing.T, w *world.World, ids ...string) {
	t.Helper()
	world.Eventually(t, "the calls are in the dead-letter queue", func() string { return strings.Join(w.Bodies(t, "CallsDeadLetterQueueUrl"), "\n") },
		func(bodies string) bool {
			return !slices.ContainsFunc(ids, func(id string) bool { return !strings.Contains(bodies, id) })
		})
}

// deadLetters are the ids of all, oldest first.
func deadLetters(t *testing.T, root world.Caller) []string {
	t.Helper()
	var ids []string
	for _, call := range world.Do[api.CallList](t, root, http.StatusOK, http.MethodGet, "/dead-letters?cause=launch_refused", nil).Calls {
		ids = append(ids, call.ID)
	}
	slices.Sort(ids)
	return ids
}

func oneByAPI(t *testing.T, root world.Caller, id string) {
	request := api.RedriveRequest{CallIds: []string{id}}
	got := world.Do[api.RedriveResult](t, root, http.StatusOK, http.MethodPost, "/dead-letters/redrive", request)
	if !slices.Equal(got.Redriven, request.CallIds) {
		t.Errorf("redriven: %+v", got)
	}
}

func allByAPI(t *testing.T, _ *world.World, root world.Caller) {
	yes := true
	started := world.Do[api.Redrive](t, root, http.StatusAccepted, http.MethodPost, "/dead-letters/redrive", api.RedriveRequest{All: &yes})
	end := world.Eventually(t, "the redrive is completed", func() api.Redrive {
		return world.Do[api.Redrive](t, root, http.StatusOK, http.MethodGet, "/dead-letters/redrives/"+started.ID, nil)
	}, func(r api.Redrive) bool { return r.Status == "completed" })
	if end.Redriven != 2 || end.Skipped != 0 {
		t.Errorf("the redrive is %+v", end)
	}
}

func oneByCLI(t *testing.T, root world.Caller, id string) {
	if printed := root.CLI(t, "dead-letters", "list"); !strings.Contains(printed, id) {
		t.Errorf("outdial dead-letters list prints\n%s", printed)
	}
	if printed := root.CLI(t, "dead-letters", "redrive", id); !strings.Contains(printed, id) {
		t.Errorf("outdial dead-letters redrive prints\n%s", printed)
	}
}

func allByCLI(t *testing.T, _ *world.World, root world.Caller) {
	root.CLI(t, "dead-letters", "redrive", "--all", "--wait")
}

func allByAWS(t *testing.T, w *world.World, _ world.Caller) {
	// The destination has to be named: the worker itself put the messages there.
	err := w.AWS.Call(t.Context(), "AmazonSQS.StartMessageMoveTask", map[string]string{
		"SourceArn": w.Data["CallsDeadLetterQueueArn"], "DestinationArn": w.Data["CallsQueueArn"],
	}, nil)
	if err != nil {
		t.Error(err)
	}
}

// TestADeadLetterThatTheWorkerCannotPutIntoItsQueueGetsThere, by the tracker: its
// record says that it is owed.
func TestADeadLetterThatTheWorkerCannotPutIntoItsQueueGetsThere(t *testing.T) {
	t.Parallel()
	w := world.Start(t, nil)
	ada := w.Person("ada")
	w.ECS.Refuse(ecs.Invalid)
	deadLetterQueue := []byte(w.Data["CallsDeadLetterQueueUrl"])
	w.Front.Inject(front.Fault{
		Caller: "worker", Service: "sqs", Refuse: front.Broken,
		Match: func(c front.Call) bool { return bytes.Contains(c.Body, deadLetterQueue) },
	})

	call := ada.Submit(t, answered)
	ada.Becomes(t, call.ID, api.CallStatusFailed)
	w.Hasten(t)
	marked(t, w, call.ID)
}

func TestAMessageThatNobodyCanReadGoesToTheDeadLetterQueue(t *testing.T) {
	t.Parallel()
	w := world.Start(t, nil)
	const poison = `{"schema":"job.v1","call_id":12}`
	for _, queue := range []string{"Calls", "Events"} {
		w.Send(t, queue+"QueueUrl", poison)
	}
	for _, queue := range []string{"Calls", "Events"} {
		w.Waits(t, queue+"DeadLetterQueueUrl", 1)
		if bodies := w.Bodies(t, queue+"DeadLetterQueueUrl"); !slices.Equal(bodies, []string{poison}) {
			t.Errorf("in the dead-letter queue of %s: %q", queue, bodies)
		}
	}
}
