package e2e_test

import (
	"slices"
	"testing"

	"github.com/outdial/outdial/contracts/api"

	"github.com/outdial/outdial/e2e/internal/world"
)

// Numbers that always go the same way with the simulated carrier.
const (
	answered = "+12025550100"
	busy     = "+12025550101"
)

func TestASingleCallGoesToItsEnd(t *testing.T) {
	t.Parallel()
	w := world.Start(t, nil)
	ada := w.Person("ada")

	call := ada.Submit(t, answered)
	call = ada.Becomes(t, call.ID, api.CallStatusCompleted)

	if call.Attempt != 1 || call.Dials != 1 || call.Outcome == nil || call.Outcome.CarrierReference == nil {
		t.Errorf("the call is %+v", call)
	}
	var steps []string
	for _, entry := range call.History {
		steps = append(steps, string(entry.Status))
	}
	if want := []string{"queued", "launching", "starting", "ringing", "in-progress", "completed"}; !inOrder(steps, want) {
		t.Errorf("its history is %v", steps)
	}
	tasks := w.ECS.Tasks()
	if len(tasks) != 1 {
		t.Fatalf("tasks: %v", tasks)
	}
	if len(tasks[0].Overrides) != 3 {
		t.Errorf("the overrides, which everybody in the account sees, are %v", tasks[0].Overrides)
	}
}

// inOrder tells whether all of some come in this order. Events may come late, so
// one of them may be missing: an end is an end.
func inOrder(steps, want []string) bool {
	last := -1
	for _, step := range steps {
		at := slices.Index(want, step)
		if at <= last {
			return false
		}
		last = at
	}
	return len(steps) > 1 && steps[0] == want[0] && steps[len(steps)-1] == want[len(want)-1]
}
