package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
)

// following is a dialed call until the carrier says that it is over.
type following struct {
	*attempt
	noted   bool           // the reference is on the claim, or never will be
	told    carrier.Status // the last status that an event told
	ending  ending
	endedAt time.Time // when the carrier was first asked to end the call
}

// ending is why the carrier was asked to end the call.
type ending int

const (
	byItself ending = iota
	byStop          // the agent was asked to end
	byLimit         // the call went on beyond its limits
)

// follow looks at the call until it is over. Nothing that fails on the way ends
// it: the carrier's word does, or, long after the call's limits, giving up.
func (f *following) follow(ctx context.Context) (call.Outcome, error) {
	giveUp := f.expiry().Add(f.Timing.Grace)
	for {
		f.noteReference(ctx)
		state, err := f.status(ctx)
		switch {
		case ctx.Err() != nil:
			return call.Outcome{}, fmt.Errorf("follow the call: %w", ctx.Err())
		case err == nil && state.Status.Final():
			return f.outcome(state), nil
		case f.Clock.Now().After(giveUp):
			return call.Outcome{}, fmt.Errorf("the carrier does not say that the call is over: %w", errors.Join(ErrGaveUp, err))
		case err != nil:
			f.log.WarnContext(ctx, "the carrier does not say how the call is", "cause", err)
		default:
			f.tell(ctx, state)
		}
		f.endIfAsked(ctx)
		f.Clock.Sleep(ctx, f.Timing.Poll, f.wake())
	}
}

// noteReference puts the carrier's reference on the claim, so that the tracker
// can end the call should this agent die. It is tried at every look.
func (f *following) noteReference(ctx context.Context) {
	if f.noted {
		return
	}
	err := f.ask(ctx, func(ctx context.Context) error {
		return f.Store.NoteReference(ctx, f.CallID, f.Attempt, f.nonce, f.reference)
	})
	if err != nil {
		f.log.WarnContext(ctx, "the carrier's reference was not noted", "cause", err)
	}
	f.noted = err == nil || hopeless(err)
}

func (f *following) status(ctx context.Context) (state carrier.State, err error) {
	err = f.ask(ctx, func(ctx context.Context) error {
		state, err = f.Carrier.Status(ctx, f.reference)
		return err
	})
	return state, err
}

// tell publishes that the phone rings or was answered, once each. It may get
// lost: the outcome tells the times again.
func (f *following) tell(ctx context.Context, s carrier.State) {
	if s.Status == f.told {
		return
	}
	var e messages.Event
	switch s.Status {
	case carrier.Ringing:
		e = f.event(messages.EventRinging, s.RingingAt)
	case carrier.InProgress:
		e = f.event(messages.EventAnswered, s.AnsweredAt)
	default:
		return
	}
	err := f.ask(ctx, func(ctx context.Context) error { return f.Events.Publish(ctx, e) })
	if err != nil {
		f.log.WarnContext(ctx, "event not sent", "type", e.Type, "cause", err)
		return
	}
	f.told = s.Status
}

// endIfAsked asks the carrier to end the call when somebody asked the agent to,
// or when the call is over its limits, and again at every look until it is over.
func (f *following) endIfAsked(ctx context.Context) {
	if !f.stopAsked() && !f.Clock.Now().Before(f.lookedAt.Add(f.Timing.Look)) {
		// A stop on the claim reaches an agent whose signal got lost again and again.
		if err := f.ask(ctx, f.lookForStop); err != nil {
			f.log.WarnContext(ctx, "the claim was not looked at", "cause", err)
		}
	}
	if f.ending == byItself {
		switch {
		case f.stopping:
			f.ending = byStop
		case f.Clock.Now().After(f.expiry()):
			f.ending = byLimit
		default:
			return
		}
		f.endedAt = f.Clock.Now()
	}
	err := f.ask(ctx, func(ctx context.Context) error { return f.Carrier.End(ctx, f.reference) })
	if err != nil {
		f.log.WarnContext(ctx, "the carrier was asked to end the call and did not say yes", "cause", err)
	}
}

// outcome is what the carrier said, as the call's outcome.
func (f *following) outcome(s carrier.State) call.Outcome {
	o := call.Outcome{
		Dialed:           true,
		Status:           call.Status(s.Status),
		CarrierReference: f.reference,
		RingingAt:        stamp(s.RingingAt),
		AnsweredAt:       stamp(s.AnsweredAt),
		EndedAt:          stamp(s.EndedAt),
		Duration:         seconds(s.Duration),
	}
	if o.EndedAt.IsZero() {
		o.EndedAt = stamp(f.Clock.Now())
	}
	switch {
	case s.Status == carrier.Failed:
		o.Reason, o.Message = call.ReasonCarrierError, cut(sentence("The carrier could not place the call", s.ErrorMessage, s.ErrorCode))
	case f.hungUp(s) && f.ending == byStop:
		o.Status = call.Canceled
	case f.hungUp(s) && s.Status == carrier.Canceled:
		o.Status, o.Reason = call.Failed, call.ReasonCarrierError
		o.Message = "The call was neither answered nor over within its limits."
	}
	return o
}

// hungUp tells whether the end of the call is this agent's doing, and not the
// call's own just before. Carriers give times in whole seconds.
func (f *following) hungUp(s carrier.State) bool {
	ended := s.Status == carrier.Completed || s.Status == carrier.Canceled
	itself := !s.EndedAt.IsZero() && s.EndedAt.Before(f.endedAt.Truncate(time.Second))
	return f.ending != byItself && ended && !itself
}
