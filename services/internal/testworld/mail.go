package testworld

import (
	"context"
	"slices"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/queue"
)

// visibility is how long a message stays hidden whose handler failed.
const visibility = 30 * time.Second

// Sent is a message that was sent.
type Sent struct {
	Queue queue.Name
	Job   messages.Job   // of the calls queue and its dead-letter queue
	Event messages.Event // of the events queue
	Delay time.Duration
}

// Jobs are the jobs that were sent to the calls queue.
func (w *World) Jobs() []Sent { return w.sentTo(queue.Calls) }

// Marks are the marked jobs in the dead-letter queue.
func (w *World) Marks() []Sent { return w.sentTo(queue.CallsDead) }

// Events are the events that were sent.
func (w *World) Events() []Sent { return w.sentTo(queue.Events) }

func (w *World) sentTo(name queue.Name) []Sent {
	return slices.DeleteFunc(slices.Clone(w.Sent), func(s Sent) bool { return s.Queue != name })
}

// mailbox is the queues, and knows when a message may be seen next.
type mailbox struct {
	w     *World
	queue queue.Queue
	times []time.Time // when messages become visible
}

// Send sends messages past all faults.
func (m *mailbox) Send(ctx context.Context, name queue.Name, all ...queue.Message) error {
	if err := m.queue.Send(ctx, name, all...); err != nil {
		return err
	}
	for _, one := range all {
		sent := Sent{Queue: name, Delay: one.Delay}
		if name == queue.Events {
			event, err := messages.ParseEvent(one.Body)
			m.w.must(err)
			sent.Event = event
		} else {
			job, err := messages.ParseJob(one.Body)
			m.w.must(err)
			sent.Job = job
		}
		m.w.Sent = append(m.w.Sent, sent)
		if name.DeadLetterQueue() != "" { // nobody receives the others
			m.times = append(m.times, m.w.Clock.Now().Add(one.Delay))
		}
	}
	return nil
}

// next is when a message may be seen next; false when there is none.
func (m *mailbox) next() (time.Time, bool) {
	now := m.w.Clock.Now()
	m.times = slices.DeleteFunc(m.times, func(t time.Time) bool { return !t.After(now) })
	if len(m.times) == 0 {
		return time.Time{}, false
	}
	return slices.MinFunc(m.times, time.Time.Compare), true
}

// deliver handles one message of a queue, if one is visible.
func (m *mailbox) deliver(name queue.Name, handle func(body []byte) error) bool {
	got, err := m.queue.Receive(m.w.ctx, name, 1, visibility)
	m.w.must(err)
	if len(got) == 0 {
		return false
	}
	err = handle(got[0].Body)
	if m.w.Twice && err == nil {
		err = handle(got[0].Body)
	}
	if err == nil {
		err = survive(func() error {
			return write(m.w, "queue.Delete", func() error { return m.queue.Delete(m.w.ctx, name, got[0].Receipt) })
		})
	}
	if err != nil { // it comes back
		m.times = append(m.times, m.w.Clock.Now().Add(visibility))
	}
	return true
}

// sender is the sending half as worker, tracker, services and agents see it.
type sender struct{ w *World }

// Send sends messages.
func (s sender) Send(ctx context.Context, name queue.Name, all ...queue.Message) error {
	return write(s.w, "send:"+string(name), func() error { return s.w.mail.Send(ctx, name, all...) })
}
