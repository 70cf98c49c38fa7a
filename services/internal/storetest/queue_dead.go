package storetest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/outdial/outdial/services/internal/queue"
)

var deadLetterQueueTests = []queueTest{
	{"a message received too often moves to the dead-letter queue, as it is", func(f *queueFixture) {
		for _, name := range []queue.Name{queue.Calls, queue.Events} {
			f.send(name, texts("poison of "+string(name))...)
			for n := 1; n <= queue.MaxReceives; n++ {
				if got := f.receive(name, 1, 0)[0]; got.ReceiveCount != n {
					f.t.Fatalf("receive %d has count %d", n, got.ReceiveCount)
				}
			}
			f.nothing(name, "after the last receive")
			got := f.receive(name.DeadLetterQueue(), 1, f.unit)[0]
			if string(got.Body) != "poison of "+string(name) {
				f.t.Errorf("the dead-letter queue of %s gave %q", name, got.Body)
			}
			f.nothing(name.DeadLetterQueue(), "after its only message")
		}
	}},
	{"a message that moved to the dead-letter queue holds up no other", func(f *queueFixture) {
		f.send(queue.Calls, texts("poison")...)
		for range queue.MaxReceives {
			f.receive(queue.Calls, 1, 0)
		}
		f.send(queue.Calls, texts("good")...)
		if got := f.receive(queue.Calls, 1, f.unit)[0]; string(got.Body) != "good" || got.ReceiveCount != 1 {
			f.t.Errorf("received %+v", got)
		}
	}},
	{"a message deleted at its last receive goes nowhere", func(f *queueFixture) {
		f.send(queue.Calls, texts("1")...)
		var last queue.Received
		for range queue.MaxReceives {
			last = f.receive(queue.Calls, 1, 0)[0]
		}
		f.delete(queue.Calls, last.Receipt)
		f.nothing(queue.Calls, "after it was deleted")
		f.nothing(queue.CallsDead, "after it was deleted")
	}},
	{"a dead-letter queue keeps its messages however often they are received", func(f *queueFixture) {
		f.send(queue.CallsDead, texts("1")...)
		for range queue.MaxReceives + 2 {
			f.receive(queue.CallsDead, 1, 0)
		}
		got := f.receive(queue.CallsDead, 1, f.unit)[0]
		f.delete(queue.CallsDead, got.Receipt)
		f.pass(f.unit)
		f.nothing(queue.CallsDead, "after it was deleted")
	}},
}

var queueConcurrencyTests = []queueTest{
	{"what many send at once is received by one each", func(f *queueFixture) {
		const senders, each = 4, 25
		must(f.t, all(senders, func(i int) error {
			for n := range each {
				if err := f.q.Send(f.ctx, queue.Calls, texts(fmt.Sprintf("%d-%02d", i, n))...); err != nil {
					return err
				}
			}
			return nil
		}))
		var mu sync.Mutex
		times := map[string]int{}
		must(f.t, all(4, func(int) error {
			return f.drain(func(got queue.Received) {
				mu.Lock()
				defer mu.Unlock()
				times[string(got.Body)]++
			}, func() bool {
				mu.Lock()
				defer mu.Unlock()
				return len(times) == senders*each
			})
		}))
		for body, n := range times {
			if n != 1 {
				f.t.Errorf("message %s was received %d times", body, n)
			}
		}
	}},
}

// drain receives and deletes until done says that all messages were seen.
func (f *queueFixture) drain(seen func(queue.Received), done func() bool) error {
	deadline := time.Now().Add(patience)
	for !done() {
		got, err := f.q.Receive(f.ctx, queue.Calls, 3, 100*f.unit)
		if err != nil {
			return err
		}
		for _, r := range got {
			seen(r)
			if err := f.q.Delete(f.ctx, queue.Calls, r.Receipt); err != nil {
				return err
			}
		}
		if time.Now().After(deadline) {
			return errors.New("messages that were sent did not come")
		}
	}
	return nil
}
