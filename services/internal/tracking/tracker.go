// Package tracking follows calls to their end: it turns the events of agents
// and tasks into moves, looks at all that is due, and works off batches and
// redrives slice by slice.
//
// No promise depends on an event being on time, or on its coming at all: an
// event is only a reason to look early at what is due anyway.
package tracking

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/task"
)

// Store is what the tracker reads and changes.
type Store interface {
	call.Records
	Batches
	Claim(ctx context.Context, callID string, attempt int) (call.Claim, error)
	ReadAhead(ctx context.Context, attempts []call.AttemptID) (call.Ahead, error)
	Due(ctx context.Context, at time.Time, limit int) ([]call.DueItem, error)
}

// Batches reads and changes batches.
type Batches interface {
	Batch(ctx context.Context, id string) (call.Batch, error)
	ApplyBatch(ctx context.Context, change call.BatchChange) error
	Chunk(ctx context.Context, batchID string, n int) ([]call.Row, error)
	KeepChunks(ctx context.Context, batchID string) error
}

// Tasks stops and describes tasks. A task that the service doesn't know is
// task.Missing, which is no proof of its end.
type Tasks interface {
	Stop(ctx context.Context, arn, reason string) error
	Describe(ctx context.Context, arn string) (task.State, error)
}

// Carrier looks up and ends calls whose agent is gone.
type Carrier interface {
	Find(ctx context.Context, callID string, attempt int, nonce string) (reference string, found bool, err error)
	Status(ctx context.Context, reference string) (carrier.State, error)
	End(ctx context.Context, reference string) error
}

// Jobs sends jobs to the calls queue, and marked ones to its dead-letter queue.
type Jobs interface {
	Send(ctx context.Context, delay time.Duration, job messages.Job) error
	SendDead(ctx context.Context, job messages.Job) error
}

// Looks asks for an early look at what is due.
type Looks interface {
	Look(ctx context.Context) error
}

// Redrives works off one slice of a redrive, and says whether there is more.
type Redrives interface {
	Work(ctx context.Context, id string) (more bool, err error)
}

// Tracker handles events and what is due. It is sequential: one value serves one loop.
type Tracker struct {
	Store    Store
	Tasks    Tasks
	Carrier  Carrier
	Jobs     Jobs
	Looks    Looks
	Redrives Redrives
	Now      func() time.Time
	Timing   call.Timing
	Log      *slog.Logger

	Slice  int           // calls of a batch that are written in one transaction
	Budget time.Duration // after this no further event is begun, and a look at what is due ends; zero: no end
}

// Handle takes one event. After an error the event must be delivered again. A
// late or repeated event changes nothing.
func (t *Tracker) Handle(ctx context.Context, e messages.Event) error {
	return t.HandleAll(ctx, []messages.Event{e})[0]
}

func (t *Tracker) handle(ctx context.Context, e messages.Event) error {
	switch e.Type {
	case messages.EventRinging:
		return t.progressed(ctx, e, call.Rang)
	case messages.EventAnswered:
		return t.progressed(ctx, e, call.Answered)
	case messages.EventEnded:
		return t.ended(ctx, e)
	case messages.EventTaskStopped:
		return t.taskStopped(ctx, e)
	case messages.EventLook:
		t.looked(ctx, t.LookAtDue(ctx))
		return nil
	case messages.EventTick:
		t.looked(ctx, t.Tick(ctx))
		return nil
	}
	return fmt.Errorf("event of unknown type %q", e.Type)
}

// looked forgives what failed in a look: it is due, so the next look meets it again.
func (t *Tracker) looked(ctx context.Context, err error) {
	if err != nil {
		t.Log.ErrorContext(ctx, "a look at what is due failed in part", "cause", err)
	}
}

type progress func(c call.Call, attempt int, task string, t call.Timing, now time.Time) (call.Change, error)

// progressed takes the word of the claim's holder. Anybody else's would make the
// record say that a call goes on which nobody has dialed.
func (t *Tracker) progressed(ctx context.Context, e messages.Event, move progress) error {
	claim, err := t.Store.Claim(ctx, e.CallID, e.Attempt)
	if err != nil {
		return t.dropped(ctx, e, err)
	}
	if !claim.HeldBy(e.Nonce) {
		return nil
	}
	_, err = call.Update(ctx, t.Store, e.CallID, func(c call.Call) (call.Change, error) {
		return move(c, e.Attempt, claim.Task, t.Timing, t.Now())
	})
	return t.dropped(ctx, e, err)
}

// ended takes the outcome from the claim, where its holder noted it before it
// sent the event: the event itself may be from anyone.
func (t *Tracker) ended(ctx context.Context, e messages.Event) error {
	claim, err := t.Store.Claim(ctx, e.CallID, e.Attempt)
	if err != nil {
		return t.dropped(ctx, e, err)
	}
	if !claim.HeldBy(e.Nonce) || claim.Outcome == nil {
		return nil
	}
	return t.dropped(ctx, e, t.settle(ctx, claim))
}

// taskStopped takes the proof that a task has ended. Only then is the claim read.
func (t *Tracker) taskStopped(ctx context.Context, e messages.Event) error {
	c, err := t.Store.Call(ctx, e.CallID)
	if err != nil {
		return t.dropped(ctx, e, err)
	}
	if !c.Status.Active() || c.Attempt != e.Attempt {
		return nil
	}
	return t.dropped(ctx, e, t.stopped(ctx, c, e.Task))
}

// dropped forgives what makes an event late, repeated or foreign.
func (t *Tracker) dropped(ctx context.Context, e messages.Event, err error) error {
	if err == nil || call.NotAllowed(err) {
		return nil
	}
	if errors.Is(err, call.ErrNotFound) {
		t.Log.WarnContext(ctx, "event of an unknown call dropped", "type", e.Type, "call", e.CallID, "attempt", e.Attempt)
		return nil
	}
	return fmt.Errorf("%s of call %s, attempt %d: %w", e.Type, e.CallID, e.Attempt, err)
}

// fill asks the worker to fill. Should this get lost, the minute tick fills.
func (t *Tracker) fill(ctx context.Context) {
	if err := t.Jobs.Send(ctx, 0, messages.Job{Fill: true}); err != nil {
		t.Log.WarnContext(ctx, "fill not sent", "cause", err)
	}
}
