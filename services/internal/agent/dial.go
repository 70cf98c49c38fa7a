package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
)

// take takes the claim, or gives errLost when somebody else won it.
func (a *attempt) take(ctx context.Context) error {
	until := a.Clock.Now().Add(a.Timing.Claim)
	if a.StartBy.Before(until) {
		until = a.StartBy
	}
	return a.persist(ctx, until, "take the claim", a.takeOnce)
}

// takeOnce settles everything but a clear yes by a strong read: after an unclear
// answer even a refusal may mean that the claim is this agent's already.
func (a *attempt) takeOnce(ctx context.Context) error {
	claim, err := a.Store.TakeClaim(ctx, a.CallID, a.Attempt, a.nonce, a.Task, a.Clock.Now())
	if errors.Is(err, call.ErrNotFound) {
		return errLost
	}
	if err != nil {
		read, readErr := a.Store.Claim(ctx, a.CallID, a.Attempt)
		switch {
		case errors.Is(readErr, call.ErrNotFound):
			return errLost
		case readErr != nil:
			return errors.Join(err, readErr)
		case read.HeldBy(a.nonce):
			claim = read
		case read.Holder != call.HolderNone || read.Stop:
			return errLost
		default:
			return err // open still: again
		}
	}
	a.claim, a.settings = claim, claim.Settings
	if claim.BatchID == "" && claim.Settings == nil {
		a.settings = &call.Settings{}
	}
	return nil
}

// dial asks the carrier for the call. It gives the outcome when there is no call
// to follow. What isn't dialed soon after the claim was taken isn't dialed at
// all: the machine may have slept, or store or carrier may be out of order.
func (a *attempt) dial(ctx context.Context) (done *call.Outcome, err error) {
	by := a.claim.TakenAt.Add(a.Timing.Grace / 2)
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		if err := a.lookBeforeDial(ctx, by); err != nil || a.stopping {
			return a.notDialed(ctx, err)
		}
		if a.settings == nil {
			return failed(false, call.ReasonAgentError, "The settings of the call's batch are gone."), nil
		}
		done, again, err := a.create(ctx, *a.settings)
		if !again {
			return done, err
		}
		if a.Clock.Now().Add(pause).After(by) {
			return done, nil
		}
		a.Clock.Sleep(ctx, pause, a.wake())
	}
}

// lookBeforeDial is the last look for a stop, by signal or on the claim. One
// that comes later can't prevent the dial, only end the call.
func (a *attempt) lookBeforeDial(ctx context.Context, by time.Time) error {
	err := a.persist(ctx, by, "look for a stop", a.lookForStop)
	a.stopAsked()
	if err == nil && a.Clock.Now().After(by) {
		return errors.New("too long after the claim was taken")
	}
	return err
}

// lookForStop looks at the claim, and brings the settings of the call's batch as
// long as the agent has none.
func (a *attempt) lookForStop(ctx context.Context) error {
	batchID := ""
	if a.settings == nil {
		batchID = a.claim.BatchID
	}
	claim, settings, err := a.Store.ClaimAndSettings(ctx, a.CallID, a.Attempt, batchID)
	if err != nil {
		return err
	}
	if settings != nil {
		a.settings = settings
	}
	a.lookedAt = a.Clock.Now()
	if !claim.HeldBy(a.nonce) {
		return errLost
	}
	a.stopping = a.stopping || claim.Stop
	return nil
}

// notDialed is the outcome of an agent that ends before it dials. The call is
// canceled if that was wished, else its next attempt waits.
func (a *attempt) notDialed(ctx context.Context, cause error) (*call.Outcome, error) {
	if ctx.Err() != nil || errors.Is(cause, errLost) || errors.Is(cause, call.ErrNotFound) {
		return nil, fmt.Errorf("before the dial: %w", errors.Join(cause, ctx.Err()))
	}
	a.log.InfoContext(ctx, "not dialing", "asked_to_stop", a.stopping, "cause", cause)
	return &call.Outcome{}, nil
}

// create asks the carrier once. Again tells that nothing was dialed and that the
// same request may be accepted in a moment.
func (a *attempt) create(ctx context.Context, s call.Settings) (done *call.Outcome, again bool, err error) {
	request := carrier.Request{
		CallID: a.CallID, Attempt: a.Attempt, Nonce: a.nonce, Number: a.claim.Number,
		RingTimeout: time.Duration(a.claim.RingTimeout) * time.Second,
		TimeLimit:   time.Duration(a.claim.TimeLimit) * time.Second,
		Settings:    carrier.Settings(s),
	}
	a.log.InfoContext(ctx, "dialing", "number", call.Mask(a.claim.Number))
	err = a.ask(ctx, func(ctx context.Context) (err error) {
		a.reference, err = a.Carrier.Create(ctx, request)
		return err
	})
	var refused *carrier.RefusedError
	switch {
	case err == nil:
		return nil, false, nil
	case errors.As(err, &refused):
		a.log.WarnContext(ctx, "the carrier refused", "code", refused.Code, "message", refused.Message)
		message := sentence("The carrier refused the call", refused.Message, refused.Code)
		return failed(false, call.ReasonCarrierError, message), refused.Temporary, nil
	}
	a.log.WarnContext(ctx, "unclear whether the carrier dialed; looking the call up", "cause", err)
	done, err = a.find(ctx)
	return done, false, err
}

// find looks up the call of an unclear create. It is never created again, and
// what can't be found is final: the phone may be ringing (R8).
func (a *attempt) find(ctx context.Context) (*call.Outcome, error) {
	until := a.Clock.Now().Add(a.Timing.Find)
	err := a.persist(ctx, until, "look the call up", func(ctx context.Context) error {
		reference, found, err := a.Carrier.Find(ctx, a.CallID, a.Attempt, a.nonce)
		if err == nil && !found {
			return errors.New("no such call shows at the carrier")
		}
		a.reference = reference
		return err
	})
	if ctx.Err() != nil {
		return nil, fmt.Errorf("look the call up: %w", ctx.Err())
	}
	if err != nil {
		a.log.ErrorContext(ctx, "the call can't be found at the carrier", "cause", err)
		return failed(true, call.ReasonCarrierUnclear, "The carrier gave no answer, and the call could not be found there; the person may have been called."), nil
	}
	return nil, nil
}
