package serve

import (
	"context"
	"log/slog"
	"time"

	"github.com/outdial/outdial/services/internal/queue"
)

// Queue is what a consumer needs of a queue.
type Queue interface {
	queue.Queue
	// WaitMessage returns when a message may be visible, at the latest after poll.
	WaitMessage(ctx context.Context, name queue.Name, poll time.Duration) error
}

// consumer is one loop that handles the messages of one queue, as a Lambda
// mapping does on AWS: what is handled is deleted, what fails comes back later.
type consumer struct {
	queue  Queue
	name   queue.Name
	handle func(ctx context.Context, bodies [][]byte) []error // an error for each, nil for what is done
	log    *slog.Logger
}

const (
	visibility = 30 * time.Second       // longer than a handler takes
	poll       = 200 * time.Millisecond // how soon a message of another process is seen
	firstRetry = 500 * time.Millisecond
	maxRetry   = 20 * time.Second
)

// run handles messages until ctx ends. Those that were received then are handled
// to their end.
func (c consumer) run(ctx context.Context) {
	for ctx.Err() == nil {
		received, err := c.queue.Receive(ctx, c.name, queue.MaxBatch, visibility)
		if err != nil {
			c.pause(ctx, err)
			continue
		}
		if len(received) > 0 {
			c.all(context.WithoutCancel(ctx), received)
		} else if err := c.queue.WaitMessage(ctx, c.name, poll); err != nil {
			c.pause(ctx, err)
		}
	}
}

// all handles messages, and deletes in one write what was handled.
func (c consumer) all(ctx context.Context, received []queue.Received) {
	bodies := make([][]byte, len(received))
	for i, m := range received {
		bodies[i] = m.Body
	}
	var done []string
	for i, err := range c.handle(ctx, bodies) {
		m := received[i]
		if err == nil {
			done = append(done, m.Receipt)
			continue
		}
		c.log.WarnContext(ctx, "message comes back later", "queue", c.name, "message", m.ID, "receives", m.ReceiveCount, "cause", err)
		c.giveBack(ctx, m, retryAfter(m.ReceiveCount))
	}
	if len(done) == 0 {
		return
	}
	if err := c.queue.Delete(ctx, c.name, done...); err != nil {
		c.log.WarnContext(ctx, "messages not deleted; they will be handled again", "queue", c.name, "messages", len(done), "cause", err)
	}
}

func (c consumer) giveBack(ctx context.Context, m queue.Received, after time.Duration) {
	if err := c.queue.ChangeVisibility(ctx, c.name, m.Receipt, after); err != nil {
		c.log.WarnContext(ctx, "message not given back; it comes back by itself", "queue", c.name, "message", m.ID, "cause", err)
	}
}

// retryAfter doubles with each receive.
func retryAfter(receives int) time.Duration {
	d := firstRetry
	for range receives - 1 {
		if d *= 2; d >= maxRetry {
			return maxRetry
		}
	}
	return d
}

// pause waits a moment after a queue that can't be read.
func (c consumer) pause(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	c.log.ErrorContext(ctx, "messages can't be received", "queue", c.name, "cause", err)
	select {
	case <-ctx.Done():
	case <-time.After(firstRetry):
	}
}
