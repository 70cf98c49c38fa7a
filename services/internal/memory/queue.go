package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tidwall/btree"

	"github.com/outdial/outdial/services/internal/queue"
)

// Queue is a set of queues in memory. Messages come in the order in which they
// became visible, those of the same moment in the order in which they were sent.
type Queue struct {
	now func() time.Time

	mu       sync.Mutex
	sent     int                                    // messages so far
	queues   map[queue.Name]*btree.BTreeG[*message] // by the time they become visible
	received map[queue.Name]map[string]*message     // by the receipt of their latest receive
}

type message struct {
	id        string
	number    int // in the order of sending
	body      []byte
	sentAt    time.Time
	visibleAt time.Time
	receipt   string
	receives  int
}

// NewQueue gives empty queues that take the time from now.
func NewQueue(now func() time.Time) *Queue {
	return &Queue{
		now:      now,
		queues:   map[queue.Name]*btree.BTreeG[*message]{},
		received: map[queue.Name]map[string]*message{},
	}
}

// Send sends all messages, or none when a delay is out of bounds.
func (q *Queue) Send(_ context.Context, name queue.Name, messages ...queue.Message) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range messages {
		if m.Delay < 0 || m.Delay > queue.MaxDelay {
			return fmt.Errorf("delay of a message is %s; it must be between 0 and %s", m.Delay, queue.MaxDelay)
		}
	}
	now := q.now()
	for _, m := range messages {
		q.sent++
		q.put(name, &message{
			id: fmt.Sprintf("message-%d", q.sent), number: q.sent, body: slices.Clone(m.Body),
			sentAt: now, visibleAt: now.Add(m.Delay),
		})
	}
	return nil
}

// Receive gives up to max messages that are visible now, and hides them.
func (q *Queue) Receive(_ context.Context, name queue.Name, max int, visibility time.Duration) ([]queue.Received, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	live, spent := q.visible(name, now, min(max, queue.MaxBatch))
	for _, m := range spent {
		q.take(name, m)
		m.receives, m.receipt, m.visibleAt = 0, "", now
		q.put(name.DeadLetterQueue(), m)
	}
	var got []queue.Received
	for _, m := range live {
		q.take(name, m)
		m.receives++
		m.receipt = fmt.Sprintf("%s, receive %d", m.id, m.receives)
		q.hide(name, m, now.Add(visibility))
		got = append(got, queue.Received{
			ID: m.id, Body: slices.Clone(m.body), Receipt: m.receipt, ReceiveCount: m.receives, SentAt: m.sentAt,
		})
	}
	return got, nil
}

// visible gives up to max messages that may be received now, and those among
// them that were received too often already.
func (q *Queue) visible(name queue.Name, now time.Time, max int) (live, spent []*message) {
	q.tree(name).Scan(func(m *message) bool {
		switch {
		case m.visibleAt.After(now) || len(live) == max:
			return false
		case m.receives >= queue.MaxReceives && name.DeadLetterQueue() != "":
			spent = append(spent, m)
		default:
			live = append(live, m)
		}
		return true
	})
	return live, spent
}

// Delete removes messages for good. A receipt that is not the latest does nothing.
func (q *Queue) Delete(_ context.Context, name queue.Name, receipts ...string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, receipt := range receipts {
		if m := q.received[name][receipt]; m != nil {
			q.take(name, m)
		}
	}
	return nil
}

// ChangeVisibility makes a received message visible again after d from now. A
// receipt that is not the latest does nothing.
func (q *Queue) ChangeVisibility(_ context.Context, name queue.Name, receipt string, d time.Duration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if m := q.received[name][receipt]; m != nil {
		q.take(name, m)
		q.hide(name, m, q.now().Add(d))
	}
	return nil
}

func (q *Queue) put(name queue.Name, m *message) { q.tree(name).Set(m) }

// hide puts a received message back until its visibility timeout is over.
func (q *Queue) hide(name queue.Name, m *message, until time.Time) {
	m.visibleAt = until
	q.put(name, m)
	if q.received[name] == nil {
		q.received[name] = map[string]*message{}
	}
	q.received[name][m.receipt] = m
}

// take removes a message and its receipt.
func (q *Queue) take(name queue.Name, m *message) {
	q.tree(name).Delete(m)
	delete(q.received[name], m.receipt)
}

func (q *Queue) tree(name queue.Name) *btree.BTreeG[*message] {
	if q.queues[name] == nil {
		q.queues[name] = tree(func(a, b *message) bool {
			return cmp.Or(a.visibleAt.Compare(b.visibleAt), cmp.Compare(a.number, b.number)) < 0
		})
	}
	return q.queues[name]
}
