package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/agent"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/dispatch"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/task"
)

// dispatchers and followers are how many loops of `outdial serve` launch calls, and follow them.
const dispatchers, followers = 4, 8

// runLoops runs what works in `outdial serve` behind the API, with agents in this
// process whose calls are over at once. The context that it gives ends with the
// first of them that fails; stop ends them all, and tells what failed.
func (h *house) runLoops(ctx context.Context) (working context.Context, stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	loops, ctx := errgroup.WithContext(ctx)
	tasks := &tasks{house: h}
	for range dispatchers {
		d := &dispatch.Dispatcher{
			Store: h.db, Tasks: tasks, Jobs: queue.JobSender{Queue: h.db},
			Now: time.Now, Timing: call.DefaultTiming(), Log: slog.New(slog.DiscardHandler), TaskDefinition: "bench",
		}
		loops.Go(func() error { return h.consume(ctx, queue.Calls, d.HandleMessages) })
	}
	for range followers {
		loops.Go(func() error { return h.consume(ctx, queue.Events, h.tracker.HandleMessages) })
	}
	return ctx, func() error {
		cancel()
		err := loops.Wait()
		tasks.running.Wait()
		return errors.Join(err, tasks.failed.get())
	}
}

// consume handles the messages of a queue until ctx ends.
func (h *house) consume(ctx context.Context, name queue.Name, handle func(context.Context, [][]byte) []error) error {
	whole := context.WithoutCancel(ctx) // messages are handled to their end
	for ctx.Err() == nil {
		received, err := h.db.Receive(whole, name, queue.MaxBatch, time.Minute)
		if err != nil {
			return err
		}
		if len(received) == 0 {
			if err := h.db.WaitMessage(ctx, name, 200*time.Millisecond); err != nil && ctx.Err() == nil {
				return err
			}
			continue
		}
		bodies, receipts := make([][]byte, len(received)), make([]string, len(received))
		for i, m := range received {
			bodies[i], receipts[i] = m.Body, m.Receipt
		}
		if err := errors.Join(append(handle(whole, bodies), h.db.Delete(whole, name, receipts...))...); err != nil {
			return err
		}
	}
	return nil
}

// tasks starts an agent in this process for each launch, and tells its end.
type tasks struct {
	*house
	started atomic.Int64
	running sync.WaitGroup
	failed  failures
}

// Run starts an agent.
func (t *tasks) Run(ctx context.Context, r task.Request) (arn string, err error) {
	arn = fmt.Sprintf("arn:aws:ecs:bench:0:task/%d", t.started.Add(1))
	ctx = context.WithoutCancel(ctx)
	t.running.Go(func() { t.failed.add(t.place(ctx, arn, r)) })
	return arn, nil
}

func (t *tasks) place(ctx context.Context, arn string, r task.Request) error {
	events := queue.EventSender{Queue: t.db}
	err := agent.Run(ctx,
		agent.Config{CallID: r.CallID, Attempt: r.Attempt, Task: arn, StartBy: r.StartBy, Timing: agent.DefaultTiming()},
		agent.Ports{
			Store: t.db, Events: events, Carrier: over{}, Clock: agent.SystemClock{}, NewNonce: rand.Text, Log: slog.New(slog.DiscardHandler),
		}, nil)
	return errors.Join(err, events.Publish(ctx, messages.Event{
		Type: messages.EventTaskStopped, CallID: r.CallID, Attempt: r.Attempt, Task: arn, At: time.Now().UTC(), Version: 1, Reason: "exit 0",
	}))
}

// failures keeps what has failed.
type failures struct {
	mu  sync.Mutex
	all error
}

func (f *failures) add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = errors.Join(f.all, err)
}

func (f *failures) get() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.all
}

// over is a carrier whose calls are over as soon as they are dialed.
type over struct{}

// Create dials.
func (over) Create(_ context.Context, r carrier.Request) (string, error) { return "CA" + r.Nonce, nil }

// Find finds every call.
func (over) Find(_ context.Context, _ string, _ int, nonce string) (string, bool, error) {
	return "CA" + nonce, true, nil
}

// Status says that the call is over.
func (over) Status(context.Context, string) (carrier.State, error) {
	now := time.Now()
	return carrier.State{Status: carrier.Completed, RingingAt: now, AnsweredAt: now, EndedAt: now, Duration: time.Second}, nil
}

// End does nothing.
func (over) End(context.Context, string) error { return nil }
