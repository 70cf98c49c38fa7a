package tracking

import (
	"context"
	"errors"
	"fmt"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
)

// settle ends the attempt with the outcome on its claim.
func (t *Tracker) settle(ctx context.Context, claim call.Claim) error {
	after, err := call.Update(ctx, t.Store, claim.CallID, func(c call.Call) (call.Change, error) {
		return call.Ended(c, claim.Attempt, *claim.Outcome, t.Now())
	})
	if err != nil {
		return err
	}
	return t.freed(ctx, after)
}

// freed follows the end of an attempt: its slot is for the next one.
func (t *Tracker) freed(ctx context.Context, c call.Call) error {
	t.fill(ctx)
	if c.DeadLettered() {
		return t.mark(ctx, c)
	}
	return nil
}

// stopped ends an attempt of which one task is proven to have ended. Only the
// holder's task counts (R5): another task of the attempt may be running.
func (t *Tracker) stopped(ctx context.Context, c call.Call, arn string) error {
	claim, err := t.Store.Claim(ctx, c.ID, c.Attempt)
	if err != nil {
		return fmt.Errorf("read the claim: %w", err)
	}
	switch {
	case claim.Holder == call.HolderNone && (c.Task == "" || c.Task == arn):
		_, err := t.startFailed(ctx, c, "task_stopped")
		return err
	case claim.Holder != call.HolderAgent || claim.Task != arn:
		return nil
	case claim.Outcome != nil:
		return t.settle(ctx, claim)
	}
	return t.lost(ctx, c, claim)
}

// startFailed closes the open claim of an attempt that can't start any more, and
// says whether it did. If an agent takes the claim first, its own end will be seen.
func (t *Tracker) startFailed(ctx context.Context, c call.Call, cause string) (closed bool, err error) {
	after, err := call.Update(ctx, t.Store, c.ID, func(now call.Call) (call.Change, error) {
		return call.StartFailed(now, c.Attempt, cause, t.Now())
	})
	if call.RefusedFor(err, call.ConditionClaim) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, t.freed(ctx, after)
}

// lost sees a call to its end whose agent died holding the claim, without an
// outcome. The slot stays taken until the carrier says that the call is over.
func (t *Tracker) lost(ctx context.Context, c call.Call, claim call.Claim) error {
	if c.LostAt.IsZero() {
		after, err := call.Update(ctx, t.Store, c.ID, func(now call.Call) (call.Change, error) {
			return call.TaskLost(now, c.Attempt, t.Now().Add(t.Timing.Cancel), t.Now())
		})
		if err != nil {
			return err
		}
		c = after
	}
	reference, over, err := t.overAtCarrier(ctx, c, claim)
	if err != nil || !over {
		t.Log.WarnContext(ctx, "the carrier does not say yet that a lost call is over", "call", c.ID, "attempt", c.Attempt, "cause", err)
		return t.lookAgain(ctx, c, "")
	}
	after, err := call.Update(ctx, t.Store, c.ID, func(now call.Call) (call.Change, error) {
		return call.AgentLost(now, c.Attempt, reference, t.Now())
	})
	if err != nil {
		return err
	}
	return t.freed(ctx, after)
}

// overAtCarrier asks the carrier to end the call, and whether it is over. A call
// that the carrier doesn't know is over only after a while: the request of the
// dying agent may still have been under way.
func (t *Tracker) overAtCarrier(ctx context.Context, c call.Call, claim call.Claim) (reference string, over bool, err error) {
	reference = claim.CarrierReference
	if reference == "" {
		found := false
		if reference, found, err = t.Carrier.Find(ctx, c.ID, c.Attempt, claim.Nonce); err != nil {
			return "", false, err
		}
		if !found {
			return "", !t.Now().Before(c.LostAt.Add(t.Timing.Settle)), nil
		}
	}
	endErr := t.Carrier.End(ctx, reference)
	state, err := t.Carrier.Status(ctx, reference)
	if errors.Is(err, carrier.ErrNotFound) {
		return reference, true, nil // nothing is there that could be running
	}
	if err != nil {
		return reference, false, errors.Join(endErr, err)
	}
	if state.Status.Final() {
		return reference, true, nil // whatever came of asking for it
	}
	return reference, false, endErr
}
