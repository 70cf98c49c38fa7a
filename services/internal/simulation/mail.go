package simulation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/queue"
)

// visibility is how long a message stays hidden while it is handled.
const visibility = 30 * time.Second

// message is a job or an event in its queue.
type message struct {
	id        int
	job       *messages.Job // else an event
	event     messages.Event
	visibleAt time.Time
	receives  int
}

func (m *message) String() string {
	switch {
	case m.job == nil && m.event.Type == messages.EventLook:
		return fmt.Sprintf("#%d look", m.id)
	case m.job == nil:
		return fmt.Sprintf("#%d %s %s/%d", m.id, m.event.Type, m.event.CallID, m.event.Attempt)
	}
	return fmt.Sprintf("#%d %s", m.id, jobString(*m.job))
}

func jobString(j messages.Job) string {
	switch {
	case j.Fill:
		return "fill"
	case j.Dead:
		return fmt.Sprintf("%s/%d dead", j.CallID, j.Attempt)
	}
	return fmt.Sprintf("%s/%d", j.CallID, j.Attempt)
}

// mail is the queues: at least once, in any order.
type mail struct {
	w    *world
	sent int
	jobs []*message
	news []*message
	dead []messages.Job // the dead-letter queue of the jobs
}

func (m *mail) put(one *message, delay time.Duration) {
	m.sent++
	one.id = m.sent
	if m.w.fault(one.row(), Late) == Late {
		delay += m.w.aWhile()
	} else {
		m.w.coverage.count(one.row(), None)
	}
	one.visibleAt = m.w.now.Add(delay)
	if one.job != nil {
		m.jobs = append(m.jobs, one)
	} else {
		m.news = append(m.news, one)
	}
}

// row is where a message is counted in the coverage.
func (m *message) row() string {
	if m.job != nil {
		return "job"
	}
	return "event " + string(m.event.Type)
}

// tell puts an event into its queue, or loses it: so do event buses.
func (m *mail) tell(e messages.Event) {
	one := &message{event: e}
	switch m.w.fault(one.row(), Lost, Repeated) {
	case Lost:
		m.w.notef("event lost: %s of %s/%d", e.Type, e.CallID, e.Attempt)
		return
	case Repeated:
		m.put(&message{event: e}, m.w.aWhile())
	}
	m.put(one, 0)
}

// forge puts an event into its queue that nobody had reason to send.
func (m *mail) forge(c call.Call) {
	e := messages.Event{
		Type:   pick(m.w.choices, messages.EventAnswered, messages.EventRinging, messages.EventEnded, messages.EventTaskStopped),
		CallID: c.ID, Attempt: max(1, c.Attempt-m.w.choices.below(2)), Nonce: "foreign", Task: "arn:task/foreign",
	}
	m.w.coverage.count("event "+string(e.Type), Foreign)
	m.w.notef("somebody sends %s of %s/%d", e.Type, e.CallID, e.Attempt)
	m.put(&message{event: e}, 0)
}

// can adds each delivery that can be made now.
func (m *mail) can(can []func()) []func() {
	if m.w.handlers.workers < m.w.most.workers {
		can = m.deliveries(can, m.jobs, m.work)
	}
	if m.w.handlers.trackers < m.w.most.trackers {
		can = m.deliveries(can, m.news, m.follow)
	}
	return can
}

func (m *mail) deliveries(can []func(), all []*message, deliver func(*message)) []func() {
	for _, one := range all {
		if !one.visibleAt.After(m.w.now) {
			can = append(can, func() { deliver(one) })
		}
	}
	return can
}

func (m *mail) next(earlier func(time.Time)) {
	if m.w.handlers.workers < m.w.most.workers {
		for _, one := range m.jobs {
			earlier(one.visibleAt)
		}
	}
	if m.w.handlers.trackers < m.w.most.trackers {
		for _, one := range m.news {
			earlier(one.visibleAt)
		}
	}
}

// received hides a message, or moves it away: then it is false.
func (m *mail) received(one *message) bool {
	dead := one.job != nil && m.w.fault(one.row(), Dead) == Dead
	if dead || one.receives >= queue.MaxReceives {
		m.w.notef("the queue moves %s to its dead letters", one)
		if one.job != nil {
			m.dead = append(m.dead, *one.job)
		}
		m.remove(one)
		return false
	}
	one.receives++
	one.visibleAt = m.w.now.Add(visibility)
	return true
}

func (m *mail) remove(one *message) {
	is := func(other *message) bool { return other == one }
	m.jobs = slices.DeleteFunc(m.jobs, is)
	m.news = slices.DeleteFunc(m.news, is)
}

// work has a worker handle a job, and perhaps others that can be received with it.
func (m *mail) work(one *message) {
	batch := m.batch(m.jobs, one)
	if len(batch) == 0 {
		return
	}
	w := m.w
	w.handlers.workers++
	n := w.handlers.workers
	w.current = w.start(fmt.Sprintf("worker %s", batch), w.clock(n), func(a *actor) error {
		var jobs []messages.Job
		var before []call.Call
		for _, one := range batch {
			jobs, before = append(jobs, *one.job), append(before, w.records.calls[one.job.CallID])
		}
		errs := a.dispatcher().HandleAll(w.ctx, jobs)
		w.watchJobs(a, jobs, before, errs)
		return a.deleteHandled(batch, errs)
	}, func(error) { w.handlers.workers-- })
}

// batch is what one receive gives: a message, and perhaps more that are visible.
func (m *mail) batch(all []*message, one *message) (batch []*message) {
	for _, other := range slices.Clone(all) {
		takes := other == one || !other.visibleAt.After(m.w.now) && m.w.choices.chance(200)
		if takes && len(batch) < queue.MaxBatch && m.received(other) {
			batch = append(batch, other)
		}
	}
	return batch
}

// follow has a tracker handle an event, and perhaps others that can be received with it.
func (m *mail) follow(one *message) {
	batch := m.batch(m.news, one)
	if len(batch) == 0 {
		return
	}
	w := m.w
	w.handlers.trackers++
	n := w.handlers.trackers
	w.current = w.start(fmt.Sprintf("tracker %s", batch), w.clock(n+2), func(a *actor) error {
		var events []messages.Event
		for _, one := range batch {
			events = append(events, one.event)
		}
		return a.deleteHandled(batch, a.tracker().HandleAll(w.ctx, events))
	}, func(error) { w.handlers.trackers-- })
}

// deleteHandled removes the messages that were handled.
func (a *actor) deleteHandled(batch []*message, errs []error) error {
	for i, err := range errs {
		if err != nil {
			continue
		}
		if err := a.delete(batch[i]); err != nil {
			return err
		}
	}
	return nil
}

// delete removes a message that was handled, unless it is to come again.
func (a *actor) delete(one *message) error {
	return a.ask("delete", "", func() error {
		if a.w.fault(one.row(), Repeated) == Repeated {
			one.visibleAt = a.w.now.Add(a.w.aWhile())
			return nil
		}
		a.w.mail.remove(one)
		return nil
	})
}

// jobs is queue.JobSender as an actor sees it.
type jobs struct{ *actor }

// Send sends a job.
func (j jobs) Send(_ context.Context, delay time.Duration, job messages.Job) error {
	delay = min(max(delay, 0), queue.MaxDelay)
	return j.ask("send job", fmt.Sprintf("%s in %s", jobString(job), delay.Truncate(time.Millisecond)), func() error {
		j.w.mail.put(&message{job: &job}, delay)
		return nil
	})
}

// SendDead puts a marked job into the dead-letter queue.
func (j jobs) SendDead(_ context.Context, job messages.Job) error {
	return j.ask("send dead letter", jobString(job), func() error {
		j.w.mail.dead = append(j.w.mail.dead, job)
		return nil
	})
}

// events is queue.EventSender as an actor sees it.
type events struct{ *actor }

// Publish sends an event, which may get lost.
func (e events) Publish(_ context.Context, event messages.Event) error {
	if _, err := messages.EncodeEvent(event); err != nil {
		e.w.violate("messages fit their contract", "%v", err)
	}
	return e.ask("publish", string(event.Type), func() error {
		e.w.mail.tell(event)
		return nil
	})
}

// Look asks for an early look at what is due.
func (e events) Look(context.Context) error {
	return e.ask("send look", "", func() error {
		e.w.mail.put(&message{event: messages.Event{Type: messages.EventLook}}, 0)
		return nil
	})
}
