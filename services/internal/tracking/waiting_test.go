package tracking_test

import (
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/testworld"
)

func TestACallThatWaitsForItsTimeJoinsItsLaneThen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.Clock.Now().Add(10 * time.Minute)
	id := w.Submit("ann", func(n *call.NewCall) { n.NotBefore = at })
	w.Run(9 * time.Minute)
	is(t, w, id, call.Queued, 1)
	if c := w.Call(id); c.Ready() || c.Wait.Reason != call.WaitSchedule {
		t.Errorf("the call waits for %q", c.Wait.Reason)
	}
	w.RunUntilQuiet()
	is(t, w, id, call.Completed, 1)
	if c := w.Call(id); c.LaunchAt.Before(at) || c.LaunchAt.After(at.Add(time.Minute)) {
		t.Errorf("launched at %v, want soon after %v", c.LaunchAt, at)
	}
}

func TestACallWhoseTimeHasComeAsksForAFill(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.NoTicks = true
	id := w.Create("ann", func(n *call.NewCall) { n.NotBefore = w.Clock.Now().Add(time.Minute) })
	w.Clock.Advance(time.Minute)
	look(t, w)
	w.Settle()
	is(t, w, id, call.Starting, 1)
	w.RunUntilQuiet()
}

func TestCallsWhoseTimeComesTogetherAskForOneFill(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.NoTicks = true
	for range 50 {
		w.Create("ann", func(n *call.NewCall) { n.NotBefore = w.Clock.Now().Add(time.Minute) })
	}
	w.Clock.Advance(time.Minute)
	look(t, w)
	if jobs := w.Jobs(); len(jobs) != 1 || !jobs[0].Job.Fill {
		t.Errorf("50 calls that came due together sent %d jobs, want one fill", len(jobs))
	}
	w.NoTicks = false
	w.RunUntilQuiet()
}

func TestAnOutcomeOfTheRetryPolicyIsTriedAgainAfterThePause(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Carrier.Script = func(r carrier.Request) testworld.Script {
		if r.Attempt <= 2 {
			return testworld.Busy
		}
		return testworld.Talk
	}
	id := w.Submit("ann", retrying(3, 10*time.Minute))
	w.Run(5 * time.Minute)
	is(t, w, id, call.Queued, 2)
	if c := w.Call(id); c.Wait.Reason != call.WaitRetry || w.Room().InUse != 0 {
		t.Errorf("the call waits for %q, %d slots are taken", c.Wait.Reason, w.Room().InUse)
	}
	w.RunUntilQuiet()
	is(t, w, id, call.Completed, 3)
	if n := w.Call(id).Dials; n != 3 {
		t.Errorf("%d dials", n)
	}
}

func TestARetryPolicyCountsDialsAndNotAttempts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Carrier.Script = all(testworld.Busy)
	w.Tasks.Hold = true
	id := w.Submit("ann", retrying(2, time.Minute))
	w.Settle()
	w.Tasks.Of(id, 1).Kill() // closed, not dialed
	w.Tasks.Hold = false
	w.RunUntilQuiet()
	is(t, w, id, call.Busy, 3)
	if n := len(w.Carrier.Legs); n != 2 {
		t.Errorf("%d dials, want 2", n)
	}
}

func TestWithoutAPolicyEveryOutcomeIsFinal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Carrier.Script = all(testworld.Busy)
	id := w.Submit("ann")
	w.RunUntilQuiet()
	is(t, w, id, call.Busy, 1)
}

// An unclear create that can't be looked up is final, whatever the policy says (R8).
func TestAnUnclearDialIsNeverRetried(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hidden := testworld.Talk
	hidden.Hidden = time.Hour
	w.Carrier.Script = all(hidden)
	w.Fail("carrier.Create", testworld.After)
	id := w.Submit("ann", retrying(5, time.Minute))
	w.RunUntilQuiet()
	failedFor(t, w, id, call.ReasonCarrierUnclear)
	is(t, w, id, call.Failed, 1)
}

func TestACallExpiresWhenItsLastStartPassesWhileItWaits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		notBefore time.Duration // zero: at once
	}{
		{"for room", 0},
		{"for a time before it", 5 * time.Minute},
		{"for a time after it", time.Hour},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.SetRoom(0, 1000)
			last := w.Clock.Now().Add(10 * time.Minute)
			id := w.Submit("ann", func(n *call.NewCall) {
				n.LastStart = last
				if test.notBefore > 0 {
					n.NotBefore = w.Clock.Now().Add(test.notBefore)
				}
			})
			w.Run(10 * time.Minute)
			is(t, w, id, call.Queued, 1)
			w.Run(2 * time.Minute)
			is(t, w, id, call.Expired, 1)
			w.RunUntilQuiet()
		})
	}
}

func TestACallIsNotAdmittedAfterItsLastStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.NoTicks = true
	id := w.Create("ann", func(n *call.NewCall) { n.LastStart = w.Clock.Now().Add(time.Minute) })
	other := w.Create("ann")
	w.Clock.Advance(2 * time.Minute)
	w.Fill()
	is(t, w, id, call.Queued, 1)
	is(t, w, other, call.Starting, 1)
}

func TestACallThatComesBackFromItsTaskAfterItsLastStartExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Tasks.Hold = true
	id := w.Create("ann", func(n *call.NewCall) { n.LastStart = w.Clock.Now().Add(time.Minute) })
	w.Fill()
	is(t, w, id, call.Starting, 1)
	w.Clock.Advance(2 * time.Minute)
	w.Tasks.Of(id, 1).Kill()
	w.RunUntilQuiet()
	is(t, w, id, call.Expired, 2)
}
