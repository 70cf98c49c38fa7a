package e2e_test

import (
	"net/http"
	"testing"

	"github.com/outdial/outdial/contracts/api"

	"github.com/outdial/outdial/e2e/internal/ecs"
	"github.com/outdial/outdial/e2e/internal/world"
)

func TestACallThatECSRefusesForGoodIsADeadLetterUntilItIsRedriven(t *testing.T) {
	for name, redrive := range map[string]func(t *testing.T, w *world.World, root world.Caller, id string){
		"by the API": func(t *testing.T, _ *world.World, root world.Caller, id string) {
			got := world.Do[api.RedriveResult](t, root, http.StatusOK, http.MethodPost, "/dead-letters/redrive", map[string]any{"call_ids": []string{id}})
			if len(got.Redriven) != 1 {
				t.Errorf("redriven: %+v", got)
			}
		},
		"by AWS": func(t *testing.T, w *world.World, _ world.Caller, _ string) {
			// The destination has to be named: the worker itself put the message there.
			err := w.AWS.Call(t.Context(), "AmazonSQS.StartMessageMoveTask", map[string]string{
				"SourceArn": w.Data["CallsDeadLetterQueueArn"], "DestinationArn": w.Data["CallsQueueArn"],
			}, nil)
			if err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world.Start(t, nil)
			ada, root := w.Person("ada"), w.Admin("root")
			w.ECS.Refuse(ecs.Invalid)

			call := ada.Submit(t, answered)
			call = ada.Becomes(t, call.ID, api.CallStatusFailed)
			if call.Failure == nil || string(call.Failure.Reason) != "dead_lettered" || call.Dials != 0 {
				t.Errorf("the call is %+v", call)
			}
			listed := world.Do[api.CallList](t, root, http.StatusOK, http.MethodGet, "/dead-letters?cause=launch_refused", nil)
			if len(listed.Calls) != 1 || listed.Calls[0].ID != call.ID {
				t.Errorf("dead letters: %+v", listed)
			}
			w.Waits(t, "CallsDeadLetterQueueUrl", 1)

			redrive(t, w, root, call.ID)
			call = ada.Becomes(t, call.ID, api.CallStatusCompleted)
			if call.Attempt != 2 || call.Dials != 1 {
				t.Errorf("the call is %+v", call)
			}
		})
	}
}

func TestAMessageThatNobodyCanReadGoesToTheDeadLetterQueue(t *testing.T) {
	t.Parallel()
	w := world.Start(t, nil)
	for _, queue := range []string{"Calls", "Events"} {
		w.Send(t, queue+"QueueUrl", `{"schema":"job.v1","call_id":12}`)
	}
	for _, queue := range []string{"Calls", "Events"} {
		w.Waits(t, queue+"DeadLetterQueueUrl", 1)
	}
}
