package call_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

func TestARedriveThatIsRepeatedAfterOthersTakesNoCallTwice(t *testing.T) {
	t.Parallel()
	c := call.Call{ID: "call_1", Owner: "ann", Attempt: 1, Version: 1}
	redrive := func(id string) error {
		c.Status = call.Failed
		c.Failure = &call.Failure{Reason: call.ReasonDeadLettered, Cause: call.CauseLaunchRefused}
		change, err := call.Redriven(c, c.Attempt, id, time.Now())
		if err == nil {
			c = change.After
		}
		return err
	}
	for n := range call.MaxRedrives + 1 {
		if err := redrive(fmt.Sprintf("redrive_%02d", n)); err != nil {
			t.Fatal(err)
		}
	}
	for n := range call.MaxRedrives + 1 {
		if err := redrive(fmt.Sprintf("redrive_%02d", n)); !call.NotAllowed(err) {
			t.Errorf("redrive %d, repeated: %v, want it refused", n, err)
		}
	}
	if len(c.EarlierRedrives) != call.MaxRedrives {
		t.Errorf("%d earlier redrives are remembered, want %d", len(c.EarlierRedrives), call.MaxRedrives)
	}
}
