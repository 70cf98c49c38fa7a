package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/outdial/outdial/contracts/messages"
)

// Sender is the sending half of a Queue.
type Sender interface {
	Send(ctx context.Context, name Name, messages ...Message) error
}

// JobSender writes jobs for the worker. They have no Group: every job ends in a
// fill that takes all owners in turn, so none waits for the jobs of another, and a
// fair queue that held back the jobs of the busiest would hold back fills for all.
type JobSender struct{ Queue Sender }

// Send sends a job to the calls queue, to be seen after the delay (at most MaxDelay).
func (j JobSender) Send(ctx context.Context, delay time.Duration, job messages.Job) error {
	delay = min(max(delay, 0), MaxDelay)
	return j.Queue.Send(ctx, Calls, Message{Body: job.Encode(), Delay: delay})
}

// SendDead puts a marked job into the dead-letter queue of the calls queue.
func (j JobSender) SendDead(ctx context.Context, job messages.Job) error {
	return j.Queue.Send(ctx, CallsDead, Message{Body: job.Encode()})
}

// EventSender writes events for the tracker.
type EventSender struct{ Queue Sender }

// Publish sends an event to the events queue.
func (e EventSender) Publish(ctx context.Context, event messages.Event) error {
	body, err := messages.EncodeEvent(event)
	if err != nil {
		return fmt.Errorf("encode an event: %w", err)
	}
	return e.Queue.Send(ctx, Events, Message{Body: body})
}

// Look asks the tracker to look now at what is due. Should it get lost, the
// minute tick looks.
func (e EventSender) Look(ctx context.Context) error {
	return e.Publish(ctx, messages.Event{Type: messages.EventLook})
}
