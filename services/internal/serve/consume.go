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
	handle func(ctx context.Context, body []byte) error
	log    *slog.Logger
}

const (
	visibility = 30 * time.Second       // longer than a handler takes
	poll       = 200 * time.Millisecond // how soon a message of another process is seen
	firstRetry = 500 * time.Millisecond
	maxRetry   = 20 * time.Second
)

// run handles messages until ctx ends. A message under way is handled to its
// end; those received and not begun are given back.
func (c consumer) run(ctx context.Context) {
	for ctx.Err() == nil {
		received, err := c.queue.Receive(ctx, c.name, queue.MaxBatch, visibility)
		if err != nil {
			c.pause(ctx, err)
			continue
		}
		for _, m := range received {
			c.one(ctx, m)
		}
		if len(received) == 0 {
			if err := c.queue.WaitMessage(ctx, c.name, poll); err != nil {
				c.pause(ctx, err)
			}
		}
	}
}

func (c consumer) one(ctx context.Context, m queue.Received) {
	whole := context.WithoutCancel(ctx)
	if ctx.Err() != nil {
		c.giveBack(whole, m, 0)
		return
	}
	if err := c.handle(whole, m.Body); err != nil {
		c.log.WarnContext(ctx, "message comes back later", "queue", c.name, "message", m.ID, "receives", m.ReceiveCount, "cause", err)
		c.giveBack(whole, m, retryAfter(m.ReceiveCount))
		return
	}
	if err := c.queue.Delete(whole, c.name, m.Receipt); err != nil {
		c.log.WarnContext(ctx, "message not deleted; it will be handled again", "queue", c.name, "message", m.ID, "cause", err)
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
