package main

import (
	"fmt"
	"time"
)

// usual is the usual design: every call is a message. A function takes messages
// from the queue, and when no slot is free it leaves them there: they come back
// after the visibility timeout. What was received too often goes to the
// dead-letter queue, whoever is to blame.
//
// Task service, carrier and events are those of Outdial. What else could go wrong
// is left out: its count of slots is never wrong, nothing crashes, and nothing is
// delivered twice.
type usual struct {
	*timeline
	chance
	meters
	policy
	limit    int
	queue    []*envelope // in the order in which they become visible
	received int         // messages, in all
	killed   int
}

// policy is how the queue of the usual design is set.
type policy struct {
	visibility time.Duration // SQS: at most 12 h
	most       int           // maxReceiveCount; SQS: at most 1,000
}

// envelope is the message of one call.
type envelope struct {
	visibleAt time.Duration // since the beginning
	receives  int
	deleted   bool
}

// How the queue feeds the functions.
const (
	functions = 5
	batchSize = 10
	fetchTime = 20 * time.Millisecond // of a batch, until its function runs
)

func newUsual(p policy, calls, limit int) *usual {
	t := newTimeline()
	u := &usual{timeline: t, chance: newChance(1), meters: newMeters(t), policy: p, limit: limit}
	for range calls {
		u.queue = append(u.queue, &envelope{})
	}
	u.waiting.add(calls)
	for range functions {
		u.after(0, u.fetch)
	}
	return u
}

// fetch takes the next messages that are visible, or waits for one.
func (u *usual) fetch() {
	var batch []*envelope
	for len(batch) < batchSize && len(u.queue) > 0 {
		m := u.queue[0]
		if m.visibleAt > u.passed {
			break
		}
		u.queue = u.queue[1:]
		switch {
		case m.deleted:
		case m.receives == u.most:
			u.killed++
			u.waiting.add(-1)
		default:
			m.receives++
			u.received++
			m.visibleAt = u.passed + u.visibility
			u.queue = append(u.queue, m)
			batch = append(batch, m)
		}
	}
	switch {
	case len(batch) > 0:
		u.after(fetchTime, func() { u.handle(batch) })
	case len(u.queue) > 0:
		u.after(u.queue[0].visibleAt-u.passed, u.fetch)
	}
}

// handle is one run of the function.
func (u *usual) handle(batch []*envelope) {
	if len(batch) == 0 {
		u.fetch()
		return
	}
	u.after(writeTime, func() { // takes a slot if there is one
		if u.inUse.value >= u.limit {
			u.handle(batch[1:])
			return
		}
		u.inUse.add(1)
		u.waiting.add(-1)
		u.after(u.launch(), func() {
			u.launched(batch[0])
			u.handle(batch[1:])
		})
	})
}

func (u *usual) launched(m *envelope) {
	if u.refused() {
		u.inUse.add(-1)
		u.waiting.add(1)
		return
	}
	m.deleted = true
	c := u.course()
	u.after(u.startup()+dialTime, func() { u.watchTalk(u.timeline, c) })
	over := u.startup() + dialTime + c.end + u.between(0, poll) + u.bus()
	u.after(over, func() {
		u.inUse.add(-1)
		u.finished++
	})
}

// live lets it run for as long as Outdial took for the same calls.
func (u *usual) live(length time.Duration) day {
	calls := len(u.queue)
	for len(u.plan) > 0 && u.plan[0].at <= length {
		u.step()
	}
	u.moveTo(length)
	return day{
		policy: u.policy, slots: u.inUse.span(), finished: u.finished, killed: u.killed,
		received: float64(u.received) / float64(calls),
	}
}

// day is what came of the usual design.
type day struct {
	policy
	slots            span
	finished, killed int
	received         float64 // how often a message was, on average
}

func (d day) String() string {
	return fmt.Sprintf("%s × %d: %.1f slots, %d calls placed, %d killed, %.0f receives a call",
		shortly(d.visibility), d.most, d.slots.mean, d.finished, d.killed, d.received)
}

func shortly(d time.Duration) string {
	switch {
	case d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}
