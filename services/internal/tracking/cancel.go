package tracking

import (
	"context"
	"errors"
	"fmt"

	"github.com/outdial/outdial/services/internal/call"
)

// ErrFinal says that a call has ended in another way and can't be canceled any more.
var ErrFinal = errors.New("the call has ended")

// cancelTries bounds the races between a cancel and an agent that starts.
const cancelTries = 10

// Cancel cancels a call and gives its record. A call that waits, or that no
// agent holds yet, is canceled there and then. Else its agent is asked to hang
// up: the record says CancelRequested, and the call ends as canceled, or as what
// really happened if it was over first. A call that has ended otherwise gives ErrFinal.
func (t *Tracker) Cancel(ctx context.Context, id string) (call.Call, error) {
	return t.cancel(ctx, id, "canceled")
}

func (t *Tracker) cancel(ctx context.Context, id, cause string) (call.Call, error) {
	var err error
	for range cancelTries {
		var c call.Call
		if c, err = t.Store.Call(ctx, id); err != nil {
			return c, err
		}
		switch {
		case c.Status == call.Canceled:
			return c, nil
		case c.Status.Final():
			return c, ErrFinal
		case c.CancelRequested:
			return c, t.stopHolder(ctx, c)
		}
		var after call.Call
		if after, err = t.cancelOnce(ctx, c, cause); err == nil {
			return after, nil
		}
		if !racing(err) {
			return c, err
		}
	}
	return call.Call{}, fmt.Errorf("cancel call %s: %w", id, err)
}

// racing tells whether somebody else got on: the record or its claim has moved.
func racing(err error) bool {
	return errors.Is(err, call.ErrConflict) || errors.Is(err, call.ErrUnclear) ||
		call.NotAllowed(err) || call.RefusedFor(err, call.ConditionClaim)
}

// cancelOnce closes the claim, or else writes the wish and asks the agent that
// holds the claim to stop, each in one transaction with the record.
func (t *Tracker) cancelOnce(ctx context.Context, c call.Call, cause string) (call.Call, error) {
	after, err := call.ApplyTo(ctx, t.Store, c, func(c call.Call) (call.Change, error) {
		return call.CanceledBeforeDial(c, cause, t.Now())
	})
	if err == nil {
		if c.Status.Active() {
			t.canceledAttempt(ctx, c)
		}
		return after, nil
	}
	if !call.NotAllowed(err) && !call.RefusedFor(err, call.ConditionClaim) {
		return c, err
	}
	after, err = call.ApplyTo(ctx, t.Store, c, func(c call.Call) (call.Change, error) {
		return call.CancelRequested(c, t.Timing, t.Now())
	})
	if err != nil {
		return c, err
	}
	return after, t.stopHolder(ctx, after)
}

// canceledAttempt gives the slot of a canceled attempt to the next one. Its
// task, if there is one, would end by itself when it finds the claim closed.
func (t *Tracker) canceledAttempt(ctx context.Context, c call.Call) {
	t.fill(ctx)
	if c.Task != "" {
		t.stop(ctx, c.Task, "canceled")
	}
}

// stopHolder stops the task that holds the claim. The look at what is due repeats it.
func (t *Tracker) stopHolder(ctx context.Context, c call.Call) error {
	claim, err := t.Store.Claim(ctx, c.ID, c.Attempt)
	if err != nil {
		t.Log.WarnContext(ctx, "claim of a canceled call not read", "call", c.ID, "cause", err)
		return nil
	}
	if claim.Task != "" && claim.Outcome == nil {
		t.stop(ctx, claim.Task, "canceled")
	}
	return nil
}
