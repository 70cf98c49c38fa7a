package testworld

import (
	"fmt"
	"strings"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/verify"
)

// patience is the longest that anything may take to come to its end.
const patience = 72 * time.Hour

// Settle lets everything happen that can happen now.
func (w *World) Settle() {
	w.t.Helper()
	for again := true; again; {
		again = w.mail.deliver(queue.Calls, func(body []byte) error {
			job, err := messages.ParseJob(body)
			w.must(err)
			return w.Work(job)
		})
		again = w.mail.deliver(queue.Events, func(body []byte) error {
			event, err := messages.ParseEvent(body)
			w.must(err)
			return w.Follow(event)
		}) || again
		again = w.Tasks.goOn() || again
	}
}

// Run lets a time pass, with all that happens in it.
func (w *World) Run(d time.Duration) {
	w.t.Helper()
	until := w.Clock.Now().Add(d)
	for {
		w.Settle()
		next, ok := w.next()
		if !ok || next.After(until) {
			w.moveTo(until)
			w.Settle()
			return
		}
		w.moveTo(next)
	}
}

// RunUntilQuiet lets time pass until every call has ended and nothing is left
// to do. Then no slot may be taken, no call may be under way at the carrier, and
// the store must not contradict itself.
func (w *World) RunUntilQuiet() {
	w.t.Helper()
	until := w.Clock.Now().Add(patience)
	for w.Settle(); !w.quiet(); w.Settle() {
		next, ok := w.next()
		if !ok || next.After(until) {
			w.t.Fatalf("not everything came to its end: %s", w.state())
		}
		w.moveTo(next)
	}
	w.Check()
	if room := w.Room(); room.InUse != 0 {
		w.t.Errorf("%d slots are still taken", room.InUse)
	}
	for _, leg := range w.Carrier.Legs {
		if w.live(leg) {
			w.t.Errorf("call %s, attempt %d: still under way at the carrier", leg.Request.CallID, leg.Request.Attempt)
		}
	}
}

// Check fails the test if the store contradicts itself.
func (w *World) Check() {
	w.t.Helper()
	if err := verify.Check(w.ctx, w.store); err != nil {
		w.t.Error(err)
	}
}

// quiet tells whether nothing is left to do.
func (w *World) quiet() bool {
	if _, mail := w.mail.next(); mail || len(w.Due()) > 0 || w.Tasks.running() {
		return false
	}
	lanes, err := w.store.WaitingLanes(w.ctx)
	w.must(err)
	return len(lanes) == 0
}

// next is when something may happen next.
func (w *World) next() (next time.Time, ok bool) {
	earlier := func(t time.Time) {
		if !ok || t.Before(next) {
			next, ok = t, true
		}
	}
	if t, mail := w.mail.next(); mail {
		earlier(t)
	}
	if !w.NoTicks {
		earlier(w.tick)
	}
	for _, t := range w.Tasks.sleeping() {
		earlier(t.wakeAt)
	}
	return next, ok
}

func (w *World) moveTo(t time.Time) {
	if d := t.Sub(w.Clock.Now()); d > 0 {
		w.Clock.Advance(d)
	}
	if now := w.Clock.Now(); !w.NoTicks && !now.Before(w.tick) {
		w.tick = now.Add(time.Minute)
		_ = w.Tick() // what fails is met again at the next
	}
}

// Tick has the minute tick come.
func (w *World) Tick() error {
	return survive(func() error { return w.Tracker.Tick(w.ctx) })
}

// state tells what is not over, for a person.
func (w *World) state() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%+v\n", w.Room())
	for _, c := range w.Calls() {
		if c.Status.Final() && c.Due.IsZero() {
			continue
		}
		fmt.Fprintf(&s, "%s %s, attempt %d, due %v; claim %+v\n", c.ID, c.Status, c.Attempt, c.Due, w.Claim(c.ID, c.Attempt))
		for _, step := range c.History {
			fmt.Fprintf(&s, "\t%s %s %d %s\n", step.At.Format(time.TimeOnly), step.Status, step.Attempt, step.Cause)
		}
	}
	for _, item := range w.Due() {
		fmt.Fprintf(&s, "due: %+v\n", item)
	}
	return s.String()
}
