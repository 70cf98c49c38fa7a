package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/agent"
	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/task"
)

// leg is a call at the carrier.
type leg struct {
	course
	dialed time.Time
}

// poll is how often an agent looks at its call. The end of a call shows so much
// later; its slot is taken meanwhile.
const poll = 2 * time.Second

// startAgent starts the real agent of an attempt, and tells when its task has ended.
func (w *outdial) startAgent(arn string, r task.Request) {
	if w.ctx.Err() != nil {
		return
	}
	timing := agent.DefaultTiming()
	timing.Poll, timing.Request = poll, time.Hour // of the machine's clock, which hardly moves
	c := agent.Config{CallID: r.CallID, Attempt: r.Attempt, Task: arn, StartBy: r.StartBy, Timing: timing}
	w.start(func(a *actor) {
		ports := agent.Ports{
			Store: w.store, Events: agentEvents{w}, Carrier: phone{w, a}, Clock: agentClock{w, a},
			NewNonce: func() string { return arn[len("arn:task/"):] }, Log: slog.New(slog.DiscardHandler),
		}
		if err := agent.Run(w.ctx, c, ports, nil); err != nil {
			w.fail(fmt.Errorf("agent of call %s: %w", r.CallID, err))
		}
	}, func() {
		w.events.send(0, messages.Event{
			Type: messages.EventTaskStopped, CallID: r.CallID, Attempt: r.Attempt, Task: arn, At: w.now, Version: 3,
		})
	})
}

// agentClock is virtual time.
type agentClock struct {
	w *outdial
	a *actor
}

// Now is the time.
func (c agentClock) Now() time.Time { return c.w.now }

// Sleep waits. Nobody wakes an agent here.
func (c agentClock) Sleep(_ context.Context, d time.Duration, _ <-chan struct{}) { c.a.sleep(d) }

// agentEvents is the event bus.
type agentEvents struct{ w *outdial }

// Publish sends an event.
func (e agentEvents) Publish(_ context.Context, event messages.Event) error {
	e.w.events.send(0, event)
	return nil
}

// phone is the carrier.
type phone struct {
	w *outdial
	a *actor // the agent; nil: the tracker, which never has to ask
}

// dialTime is how long the carrier takes to answer a Create.
const dialTime = 300 * time.Millisecond

// Create dials.
func (p phone) Create(_ context.Context, r carrier.Request) (string, error) {
	p.a.sleep(dialTime)
	l := leg{course: p.w.course(), dialed: p.w.now}
	p.w.legs[r.Nonce] = l
	p.w.watchTalk(p.w.timeline, l.course)
	return r.Nonce, nil
}

// watchTalk has the gauge show a talk while it lasts.
func (m *meters) watchTalk(t *timeline, c course) {
	if c.answer > 0 {
		t.after(c.answer, func() { m.talking.add(1) })
		t.after(c.end, func() { m.talking.add(-1) })
	}
}

// Find must not happen: every Create is answered.
func (p phone) Find(_ context.Context, callID string, _ int, _ string) (string, bool, error) {
	p.w.fail(fmt.Errorf("call %s is looked up", callID))
	return "", false, nil
}

// Status tells how a call is.
func (p phone) Status(_ context.Context, reference string) (carrier.State, error) {
	l, ok := p.w.legs[reference]
	if !ok {
		return carrier.State{}, carrier.ErrNotFound
	}
	s := l.state(l.dialed, p.w.now)
	if s.Status.Final() {
		delete(p.w.legs, reference) // the agent asks no more
	}
	return s, nil
}

// End must not happen: every call ends by itself within its limits.
func (p phone) End(_ context.Context, reference string) error {
	p.w.fail(fmt.Errorf("call %s is hung up", reference))
	return nil
}
