package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/queue"
)

// QueueOpener gives new, empty queues for one test, and sees to their end with
// t.Cleanup. They take the time from the clock; queues whose clock nobody can
// move are opened by RunQueueInRealTime.
type QueueOpener func(t testing.TB, clock *Clock) queue.Queue

// RunQueue checks that a queue whose clock can be moved does what package queue says.
func RunQueue(t *testing.T, open QueueOpener) {
	runQueue(t, func(t *testing.T) *queueFixture {
		clock := NewClock()
		return &queueFixture{t: t, ctx: t.Context(), q: open(t, clock), unit: time.Minute, clock: clock}
	})
}

// RunQueueInRealTime checks that a queue with a clock of its own does what package
// queue says. Its timeouts are a few times unit, and what takes time is waited for.
func RunQueueInRealTime(t *testing.T, unit time.Duration, open func(t testing.TB) queue.Queue) {
	runQueue(t, func(t *testing.T) *queueFixture {
		return &queueFixture{t: t, ctx: t.Context(), q: open(t), unit: unit}
	})
}

func runQueue(t *testing.T, open func(t *testing.T) *queueFixture) {
	for _, one := range slices.Concat(queueTests, deadLetterQueueTests, queueConcurrencyTests) {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			one.run(open(t))
		})
	}
}

// queueTest is one test of the queue suite: its name reads as a sentence.
type queueTest struct {
	name string
	run  func(f *queueFixture)
}

// queueFixture is the queue of one test, with the time it goes by.
type queueFixture struct {
	t     *testing.T
	ctx   context.Context
	q     queue.Queue
	unit  time.Duration // the shortest timeout that the queue keeps
	clock *Clock        // nil: real time
}

// pass lets time pass. Real time passes by itself while something is waited for.
func (f *queueFixture) pass(d time.Duration) {
	if f.clock != nil {
		f.clock.Advance(d)
	}
}

func (f *queueFixture) send(name queue.Name, messages ...queue.Message) {
	f.t.Helper()
	must(f.t, f.q.Send(f.ctx, name, messages...))
}

// texts are messages with these bodies.
func texts(bodies ...string) []queue.Message {
	var messages []queue.Message
	for _, body := range bodies {
		messages = append(messages, queue.Message{Body: []byte(body)})
	}
	return messages
}

// receiveOnce receives what is visible now, at most max messages.
func (f *queueFixture) receiveOnce(name queue.Name, max int, visibility time.Duration) []queue.Received {
	f.t.Helper()
	got, err := f.q.Receive(f.ctx, name, max, visibility)
	must(f.t, err)
	if len(got) > max {
		f.t.Fatalf("%d messages received, more than %d", len(got), max)
	}
	return got
}

// patience is how long a test waits in real time for what must come.
const patience = 30 * time.Second

// receive receives n messages. With a clock that stands still they must all be
// visible now; in real time they are waited for.
func (f *queueFixture) receive(name queue.Name, n int, visibility time.Duration) []queue.Received {
	f.t.Helper()
	var got []queue.Received
	deadline := time.Now().Add(patience)
	for tries := 0; len(got) < n; tries++ {
		more := f.receiveOnce(name, min(n-len(got), queue.MaxBatch), visibility)
		got = append(got, more...)
		if len(more) > 0 {
			continue
		}
		if f.clock != nil || time.Now().After(deadline) {
			f.t.Fatalf("%d messages of %s received, not %d", len(got), name, n)
		}
		f.await(f.unit / 10)
	}
	return got
}

// await waits between two looks at a queue in real time.
func (f *queueFixture) await(d time.Duration) {
	select {
	case <-f.ctx.Done():
	case <-time.After(d):
	}
}

// nothing checks that no message is visible now.
func (f *queueFixture) nothing(name queue.Name, when string) {
	f.t.Helper()
	if got := f.receiveOnce(name, queue.MaxBatch, f.unit); len(got) > 0 {
		f.t.Fatalf("%s: %d messages of %s are visible, of which the first is %q", when, len(got), name, got[0].Body)
	}
}

func (f *queueFixture) delete(name queue.Name, receipts ...string) {
	f.t.Helper()
	must(f.t, f.q.Delete(f.ctx, name, receipts...))
}

func bodies(received []queue.Received) []string {
	var all []string
	for _, r := range received {
		all = append(all, string(r.Body))
	}
	slices.Sort(all)
	return all
}

func numbered(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"n":%03d}`, i))
	}
	return all
}

var queueTests = []queueTest{
	{"nothing is received from an empty queue", func(f *queueFixture) {
		f.nothing(queue.Calls, "in a new queue")
	}},
	{"a message is received as it was sent", func(f *queueFixture) {
		body := `{"text":"Grüße \"👋\" <&>"}`
		f.send(queue.Calls, texts(body)...)
		got := f.receive(queue.Calls, 1, f.unit)[0]
		if string(got.Body) != body || got.ID == "" || got.Receipt == "" || got.ReceiveCount != 1 || got.SentAt.IsZero() {
			f.t.Errorf("received %+v", got)
		}
		if f.clock != nil && !got.SentAt.Equal(f.clock.Now()) {
			f.t.Errorf("sent at %v, not %v", got.SentAt, f.clock.Now())
		}
	}},
	{"a message is in its own queue alone", func(f *queueFixture) {
		names := []queue.Name{queue.Calls, queue.CallsDead, queue.Events, queue.EventsDead}
		for _, name := range names {
			f.send(name, texts(string(name))...)
		}
		for _, name := range names {
			if got := f.receive(name, 1, f.unit); string(got[0].Body) != string(name) {
				f.t.Errorf("queue %s gave %q", name, got[0].Body)
			}
			f.nothing(name, "after its only message")
		}
	}},
	{"as many messages as one likes are sent at once, ten at most received", func(f *queueFixture) {
		f.send(queue.Calls, texts(numbered(25)...)...)
		var got []queue.Received
		for _, n := range []int{queue.MaxBatch, 3, queue.MaxBatch, 2} {
			got = append(got, f.receive(queue.Calls, n, 100*f.unit)...)
		}
		same(f.t, "the messages", bodies(got), numbered(25))
		f.nothing(queue.Calls, "after all were received")
	}},
	{"sending no message is no error", func(f *queueFixture) {
		f.send(queue.Calls)
		f.nothing(queue.Calls, "after nothing was sent")
	}},
	{"messages of groups are received like others", func(f *queueFixture) {
		f.send(queue.Calls, queue.Message{Body: []byte("1"), Group: "ann"}, queue.Message{Body: []byte("2"), Group: "bob"}, queue.Message{Body: []byte("3"), Group: "ann"})
		same(f.t, "the messages", bodies(f.receive(queue.Calls, 3, f.unit)), []string{"1", "2", "3"})
	}},
	{"a received message is hidden until its timeout is over, then it is received again", func(f *queueFixture) {
		f.send(queue.Calls, texts("1")...)
		first := f.receive(queue.Calls, 1, 2*f.unit)[0]
		f.nothing(queue.Calls, "just after it was received")
		f.pass(2*f.unit - time.Millisecond)
		f.nothingYet(queue.Calls, "before its timeout")
		f.pass(time.Millisecond)
		second := f.receive(queue.Calls, 1, 2*f.unit)[0]
		if second.ReceiveCount != 2 || second.ID != first.ID || second.Receipt == first.Receipt || !second.SentAt.Equal(first.SentAt) {
			f.t.Errorf("received first as %+v, then as %+v", first, second)
		}
		f.nothing(queue.Calls, "just after it was received again")
	}},
	{"a delayed message is hidden until its delay is over", func(f *queueFixture) {
		f.send(queue.Events, queue.Message{Body: []byte("late"), Delay: 2 * f.unit}, queue.Message{Body: []byte("now")})
		if got := f.receive(queue.Events, 1, 100*f.unit)[0]; string(got.Body) != "now" {
			f.t.Errorf("received %q before its delay was over", got.Body)
		}
		f.pass(2*f.unit - time.Millisecond)
		f.nothingYet(queue.Events, "before its delay")
		f.pass(time.Millisecond)
		if got := f.receive(queue.Events, 1, f.unit)[0]; string(got.Body) != "late" || got.ReceiveCount != 1 {
			f.t.Errorf("received %+v after the delay", got)
		}
	}},
	{"the longest delay is taken, a longer one is refused and nothing is sent", func(f *queueFixture) {
		f.send(queue.Calls, queue.Message{Body: []byte("1"), Delay: queue.MaxDelay})
		err := f.q.Send(f.ctx, queue.Calls, queue.Message{Body: []byte("2"), Delay: queue.MaxDelay + time.Second})
		if err == nil {
			f.t.Error("a delay of more than MaxDelay was taken")
		}
		f.nothing(queue.Calls, "before the delay")
		if f.clock == nil {
			return // a quarter of an hour is too long to wait for
		}
		f.pass(queue.MaxDelay)
		same(f.t, "the messages", bodies(f.receive(queue.Calls, 1, f.unit)), []string{"1"})
		f.nothing(queue.Calls, "after the only one that was sent")
	}},
	{"a deleted message never comes back", func(f *queueFixture) {
		f.send(queue.Calls, texts("1", "2", "3")...)
		got := f.receive(queue.Calls, 3, f.unit)
		f.delete(queue.Calls, got[0].Receipt, got[1].Receipt)
		f.delete(queue.Calls, got[0].Receipt) // again
		f.pass(f.unit)
		if again := f.receive(queue.Calls, 1, f.unit)[0]; again.ID != got[2].ID {
			f.t.Errorf("received %q, which was deleted", again.Body)
		}
		f.nothing(queue.Calls, "after the only one left")
	}},
	{"more than ten messages are deleted at once", func(f *queueFixture) {
		f.send(queue.Calls, texts(numbered(12)...)...)
		var receipts []string
		for _, r := range f.receive(queue.Calls, 12, 2*f.unit) {
			receipts = append(receipts, r.Receipt)
		}
		f.send(queue.Calls, texts("last")...)
		f.delete(queue.Calls, receipts...)
		f.pass(3 * f.unit)
		same(f.t, "the messages", bodies(f.receive(queue.Calls, 1, f.unit)), []string{"last"})
		f.nothing(queue.Calls, "after the only one left")
	}},
	{"a receipt whose timeout is over deletes as long as nobody else received the message", func(f *queueFixture) {
		f.send(queue.Calls, texts("1")...)
		got := f.receive(queue.Calls, 1, 0)[0]
		f.delete(queue.Calls, got.Receipt)
		f.nothing(queue.Calls, "after it was deleted")
	}},
	{"a receipt is dead once another received the message", func(f *queueFixture) {
		f.send(queue.Calls, texts("1")...)
		first := f.receive(queue.Calls, 1, 0)[0]
		second := f.receive(queue.Calls, 1, 2*f.unit)[0]
		if err := f.q.Delete(f.ctx, queue.Calls, first.Receipt); err != nil {
			f.t.Errorf("deleting with a dead receipt, which does nothing: %v", err)
		}
		_ = f.q.ChangeVisibility(f.ctx, queue.Calls, first.Receipt, 0) // may be an error; must not show the message
		f.nothing(queue.Calls, "while the second holds it")
		f.pass(2 * f.unit)
		third := f.receive(queue.Calls, 1, f.unit)[0]
		if third.ID != second.ID || third.ReceiveCount != 3 {
			f.t.Errorf("received %+v", third)
		}
	}},
	{"a message that is given back is visible at once", func(f *queueFixture) {
		f.send(queue.Calls, texts("1")...)
		got := f.receive(queue.Calls, 1, 100*f.unit)[0]
		must(f.t, f.q.ChangeVisibility(f.ctx, queue.Calls, got.Receipt, 0))
		if again := f.receive(queue.Calls, 1, f.unit)[0]; again.ID != got.ID || again.ReceiveCount != 2 {
			f.t.Errorf("received %+v", again)
		}
	}},
	{"a longer timeout keeps a message hidden, counted from when it was asked for", func(f *queueFixture) {
		f.send(queue.Calls, texts("1")...)
		got := f.receive(queue.Calls, 1, 2*f.unit)[0]
		f.pass(f.unit)
		must(f.t, f.q.ChangeVisibility(f.ctx, queue.Calls, got.Receipt, 3*f.unit))
		f.pass(3*f.unit - time.Millisecond)
		f.nothingYet(queue.Calls, "before the longer timeout")
		f.pass(time.Millisecond)
		f.receive(queue.Calls, 1, f.unit)
	}},
	{"what was given and received may be written to afterwards", func(f *queueFixture) {
		body := []byte("text")
		f.send(queue.Calls, queue.Message{Body: body})
		copy(body, "gone")
		got := f.receive(queue.Calls, 1, 0)[0]
		copy(got.Body, "lost")
		if again := f.receive(queue.Calls, 1, f.unit)[0]; string(again.Body) != "text" {
			f.t.Errorf("received %q", again.Body)
		}
	}},
}

// nothingYet checks that no message is visible just before its time, which can be
// said only of a clock that stands still.
func (f *queueFixture) nothingYet(name queue.Name, when string) {
	f.t.Helper()
	if f.clock != nil {
		f.nothing(name, when)
	}
}
