package verify

import (
	"slices"

	"github.com/outdial/outdial/services/internal/call"
)

// outcome checks that a call has an outcome and a failure exactly when its
// status says so, and that they agree.
func (k *checker) outcome(c call.Call) {
	if why := outcomeFault(c); why != "" {
		k.find(CheckOutcome, c.ID, "call %s is %s, %s", c.ID, c.Status, why)
	}
}

func outcomeFault(c call.Call) string {
	if (c.Status == call.Failed) != (c.Failure != nil) {
		return "and exactly a failed call must have a failure"
	}
	var status call.Status // of the outcome
	if c.Outcome != nil {
		status = c.Outcome.Status
	}
	switch c.Status {
	case call.Completed, call.Busy, call.NoAnswer:
		if status != c.Status {
			return "but its outcome is " + orNone(status)
		}
	case call.Failed:
		return failureFault(c, status)
	case call.Launching, call.Starting, call.Ringing, call.InProgress:
		if c.Outcome != nil {
			return "but has an outcome already: " + orNone(status)
		}
	case call.Queued, call.Expired:
		return earlierFault(c, status)
	case call.Canceled:
		if status != call.Canceled {
			return earlierFault(c, status)
		}
	}
	return ""
}

// failureFault: a call failed for want of a launch, because its agent was lost,
// or because its outcome says so, for the same reason.
func failureFault(c call.Call, outcome call.Status) string {
	switch f := c.Failure; {
	case f.Reason == call.ReasonDeadLettered:
		if f.Cause != call.CauseLaunchRefused && f.Cause != call.CauseLaunchTriesUsed {
			return "dead-lettered for no known cause: " + orNone(f.Cause)
		}
	case f.Reason == call.ReasonAgentLost && c.Outcome == nil: // nothing shows that it was dialed
	case outcome != call.Failed:
		return "reason " + orNone(f.Reason) + ", but its outcome is " + orNone(outcome)
	case c.Outcome.Reason != f.Reason:
		return "reason " + orNone(f.Reason) + ", but its outcome's reason is " + orNone(c.Outcome.Reason)
	}
	return ""
}

// earlierFault: what a call that waits again has from the attempt before is an
// outcome that its policy tries again.
func earlierFault(c call.Call, outcome call.Status) string {
	if c.Outcome == nil {
		return ""
	}
	if c.Retry != nil && c.Attempt > 1 && slices.Contains(c.Retry.On, outcome) {
		return ""
	}
	return "but has an outcome that is not tried again: " + orNone(outcome)
}

func orNone[T ~string](s T) string {
	if s == "" {
		return "none"
	}
	return string(s)
}

// dials counts the attempts that dialed by their claims, and holds the record's
// count and its policy against it.
func (k *checker) dials(c call.Call, claims []call.Claim) {
	n := 0
	for _, claim := range claims {
		switch {
		case claim.Attempt == c.Attempt && c.Status.Active(): // not over
		case claim.Attempt == c.Attempt && lostItsAgent(c): // by the carrier's word; what a late agent noted doesn't count
			if c.Outcome != nil {
				n++
			}
		case claim.Outcome != nil && dialed(*claim.Outcome):
			n++
		}
	}
	most := 1
	if c.Retry != nil {
		most = max(most, c.Retry.MaxDials)
	}
	if c.Dials != n {
		k.find(CheckDials, c.ID, "call %s counts %d dials, but by its claims %d attempts dialed: both must be equal", c.ID, c.Dials, n)
	}
	if c.Dials > most {
		k.find(CheckDials, c.ID, "call %s was dialed %d times: at most %d by its policy", c.ID, c.Dials, most)
	}
}

// dialed tells whether an outcome says that the carrier was asked to dial.
func dialed(o call.Outcome) bool {
	return o.Dialed || o.CarrierReference != "" || o.Status == call.Completed || o.Status == call.Busy || o.Status == call.NoAnswer
}

// settledFault says how a final record differs from what the domain makes of the
// outcome that the claim's holder noted, or "".
func settledFault(c call.Call, noted call.Outcome) string {
	before := c.Clone()
	before.Status, before.Outcome, before.Failure = call.InProgress, nil, nil
	if dialed(noted) {
		before.Dials--
	} else {
		before.Closed--
	}
	ended, err := call.Ended(before, c.Attempt, noted, c.EndedAt)
	if err != nil {
		return err.Error()
	}
	want := ended.After
	switch {
	case want.Status != c.Status:
		return "makes it " + string(want.Status)
	case want.Failure != nil && c.Failure != nil && want.Failure.Reason != c.Failure.Reason:
		return "makes it failed for " + string(want.Failure.Reason)
	case want.Outcome != nil && (c.Outcome == nil || *want.Outcome != *c.Outcome):
		return "is another than the record's"
	}
	return ""
}
