package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
)

// report notes the outcome on the claim and then tells it. Once it is noted it
// is safe: without the event, the end of the task makes the tracker read it.
func (a *attempt) report(ctx context.Context, o call.Outcome) error {
	a.log.InfoContext(ctx, "over", "status", o.Status, "dialed", o.Dialed, "reason", o.Reason, "seconds", o.Duration)
	until := a.expiry()
	if now := a.Clock.Now(); now.After(until) {
		until = now
	}
	err := a.persist(ctx, until.Add(a.Timing.Grace), "note the outcome", func(ctx context.Context) error {
		return a.Store.NoteOutcome(ctx, a.CallID, a.Attempt, a.nonce, o)
	})
	if err != nil {
		return fmt.Errorf("note the outcome: %w", errors.Join(ErrGaveUp, err))
	}
	e := a.event(messages.EventEnded, o.EndedAt)
	e.Outcome = told(o)
	until = a.Clock.Now().Add(a.Timing.Publish)
	err = a.persist(ctx, until, "tell the outcome", func(ctx context.Context) error {
		return a.Events.Publish(ctx, e)
	})
	if err != nil {
		return fmt.Errorf("tell the outcome: %w", err)
	}
	return nil
}

// event is an event of this agent; at is now when the carrier gives no time.
func (a *attempt) event(t messages.EventType, at time.Time) messages.Event {
	if at.IsZero() {
		at = a.Clock.Now()
	}
	return messages.Event{Type: t, CallID: a.CallID, Attempt: a.Attempt, Nonce: a.nonce, Task: a.Task, At: stamp(at)}
}

// told is the outcome in the words of the contract.
func told(o call.Outcome) *messages.Outcome {
	return &messages.Outcome{
		Dialed: o.Dialed, Status: messages.Status(o.Status), Reason: messages.Reason(o.Reason), Message: o.Message,
		CarrierReference: o.CarrierReference, RingingAt: o.RingingAt, AnsweredAt: o.AnsweredAt, EndedAt: o.EndedAt,
		Duration: float64(o.Duration),
	}
}

func failed(dialed bool, reason call.FailureReason, message string) *call.Outcome {
	return &call.Outcome{Status: call.Failed, Dialed: dialed, Reason: reason, Message: cut(message)}
}

// sentence joins what happened with what the carrier said about it.
func sentence(what, message, code string) string {
	if message != "" {
		what += ": " + message
	}
	if code != "" {
		what += " (" + code + ")"
	}
	return what
}

// maxMessage is well below what the contract allows.
const maxMessage = 500

// cut shortens a carrier's sentence to maxMessage characters.
func cut(message string) string {
	r := []rune(message)
	return string(r[:min(len(r), maxMessage)])
}

// seconds counts a second that was begun, as carriers do.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// stamp is the precision of stored times: milliseconds, in UTC.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
