package verify

import (
	"errors"

	"github.com/outdial/outdial/services/internal/call"
)

// claims reads and checks the claims of all attempts of a call.
func (k *checker) claims(c call.Call) (claims []call.Claim, err error) {
	for n := 1; n <= c.Attempt+1; n++ {
		claim, err := k.Store.Claim(k.ctx, c.ID, n)
		if err != nil && !errors.Is(err, call.ErrNotFound) {
			return nil, err
		}
		exists := err == nil
		if exists {
			k.report.Checked.Claims++
			claims = append(claims, claim)
		}
		why := claimFault(c, claim, n, exists)
		if why == "" && exists {
			why = holderFault(c, claim, n)
		}
		if why != "" {
			k.find(CheckClaims, c.ID, "call %s is %s at attempt %d: claim of attempt %d %s", c.ID, c.Status, c.Attempt, n, why)
		}
	}
	return claims, nil
}

// claimFault says what is wrong with who holds the claim of one of a call's attempts, or "".
func claimFault(c call.Call, claim call.Claim, n int, exists bool) string {
	over := claim.Holder == call.HolderControl || (claim.Holder == call.HolderAgent && claim.Outcome != nil)
	lost := lostItsAgent(c) && claim.Holder == call.HolderAgent
	talks := c.Status == call.Ringing || c.Status == call.InProgress
	switch {
	case n > c.Attempt || (n == c.Attempt && c.Status == call.Queued):
		if exists {
			return "is there before the attempt was admitted"
		}
	case n < c.Attempt:
		if !exists || !over {
			return "is not closed, though the attempt is over"
		}
	case c.Status.Final(): // absent, when the call ended while it waited
		if exists && !over && !lost {
			return "is not closed, though the call is over"
		}
	case !exists || claim.Holder == call.HolderControl:
		return "is closed or absent, though the attempt runs"
	case (talks || c.CancelRequested) && claim.Holder != call.HolderAgent:
		return "is held by no agent"
	case c.CancelRequested && !claim.Stop:
		return "carries no stop, though the cancel is requested"
	}
	return ""
}

func lostItsAgent(c call.Call) bool {
	return c.Failure != nil && c.Failure.Reason == call.ReasonAgentLost
}

// holderFault says what is wrong with what a claim tells, or "".
func holderFault(c call.Call, claim call.Claim, n int) string {
	byAgent := claim.Holder == call.HolderAgent
	switch {
	case claim.CallID != c.ID || claim.Attempt != n || claim.BatchID != c.BatchID || claim.Number != c.Number:
		return "offers another call, attempt, batch or number: the person called would be another"
	case byAgent && (claim.Nonce == "" || claim.Task == "" || claim.TakenAt.IsZero()):
		return "is held by an agent, but doesn't tell its nonce, its task and when it was taken"
	case !byAgent && (claim.Nonce != "" || claim.Outcome != nil || claim.CarrierReference != "" || claim.Stop):
		return "is held by no agent, but tells a nonce, a stop, a reference or an outcome: only its agent has these"
	case byAgent && n == c.Attempt && c.Status.Final() && claim.Outcome != nil && !lostItsAgent(c):
		if why := settledFault(c, *claim.Outcome); why != "" {
			return "has an outcome (" + orNone(claim.Outcome.Status) + ") that " + why
		}
	}
	return ""
}
