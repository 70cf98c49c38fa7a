package e2e_test

import (
	"testing"

	"github.com/outdial/outdial/contracts/api"

	"github.com/outdial/outdial/e2e/internal/lambda"
	"github.com/outdial/outdial/e2e/internal/world"
)

// TestLambdaDoesNotStopWhatFollowsFromItself: the worker's jobs for later lead to
// invocations of the worker, and the tracker's looks to those of the tracker.
// Lambda would stop either after 16 in a row.
func TestLambdaDoesNotStopWhatFollowsFromItself(t *testing.T) {
	t.Parallel()
	w := world.Start(t, world.Parameters{"Carrier": "simulated:FOLDER?speed=500"})
	w.Admin("root").SetCapacity(t, 10, 2)
	ada := w.Person("ada")
	list := ada.SubmitNumbers(t, numbers(6)...)
	world.Eventually(t, "the list is over", func() api.BatchCounts { return ada.Batch(t, list.ID).Counts },
		func(c api.BatchCounts) bool { return c.Waiting+c.Active == 0 })
	if n := w.Worker.LongestChain(); n < 2 {
		t.Errorf("the jobs for later don't tell what they follow from: the longest chain is %d", n)
	}

	const long = 100
	for _, c := range []struct {
		function    *lambda.Function
		queue, body string
	}{
		{w.Worker, "CallsQueueUrl", `{"schema":"job.v1","fill":true}`},
		{w.Tracker, "EventsQueueUrl", `{"schema":"call-event.v1","type":"look"}`},
	} {
		w.SendTraced(t, c.queue, c.body, c.function.Chain(long))
		world.Eventually(t, "the chain goes on in "+c.queue, c.function.LongestChain, func(n int) bool { return n == long+1 })
	}
}
