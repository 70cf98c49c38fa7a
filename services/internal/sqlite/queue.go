package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/outdial/outdial/services/internal/queue"
)

const (
	insertMessage   = `INSERT INTO messages (queue, visible_at, sent_at, grp, body) VALUES (?, ?, ?, ?, ?)`
	visibleMessages = `SELECT id, receive_count, receipt, sent_at, body FROM messages
		WHERE queue = ? AND visible_at <= ? ORDER BY visible_at, id LIMIT ?+0`
	receiveMessage = `UPDATE messages SET visible_at = ?, receive_count = receive_count + 1, receipt = receipt + 1 WHERE id = ?`
	buryMessage    = `UPDATE messages SET queue = ?, visible_at = ?, receive_count = 0 WHERE id = ?`
	deleteMessage  = `DELETE FROM messages WHERE id = ? AND queue = ? AND receipt = ?`
	showMessage    = `UPDATE messages SET visible_at = ? WHERE id = ? AND queue = ? AND receipt = ?`
	returnMessages = `UPDATE messages SET visible_at = ? WHERE receipt > 0 AND visible_at > ?`
	nextVisible    = `SELECT visible_at FROM messages WHERE queue = ? ORDER BY visible_at LIMIT 1`
)

// Send sends all messages or none.
func (db *DB) Send(ctx context.Context, name queue.Name, messages ...queue.Message) error {
	for _, m := range messages {
		if m.Delay < 0 || m.Delay > queue.MaxDelay {
			return fmt.Errorf("send to %s: a delay of %s is not between 0 and %s", name, m.Delay, queue.MaxDelay)
		}
	}
	now := db.o.Now()
	err := db.writer.write(ctx, func(t *tx) error {
		for _, m := range messages {
			body := append([]byte{}, m.Body...) // never NULL
			if _, err := t.exec(insertMessage, string(name), unixNano(now.Add(m.Delay)), unixNano(now), m.Group, body); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("send to %s: %w", name, err)
	}
	db.wake.up(name)
	return nil
}

// Receive gives up to max messages that are visible now, in the order in which
// they became visible, and hides them.
func (db *DB) Receive(ctx context.Context, name queue.Name, max int, visibility time.Duration) ([]queue.Received, error) {
	max = min(max, queue.MaxBatch)
	if next, err := db.nextVisible(ctx, name); err != nil || next.IsZero() || next.After(db.o.Now()) {
		return nil, err // asking costs no write
	}
	var received []queue.Received
	var buried bool
	err := db.writer.write(ctx, func(t *tx) error {
		r := receiving{tx: t, name: name, now: db.o.Now(), visibility: visibility}
		err := r.receive(max)
		received, buried = r.received, r.buried
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("receive from %s: %w", name, err)
	}
	if buried {
		db.wake.up(name.DeadLetterQueue())
	}
	return received, nil
}

// receiving is one receive in its transaction.
type receiving struct {
	*tx
	name       queue.Name
	now        time.Time
	visibility time.Duration

	received []queue.Received
	buried   bool
}

// receive takes visible messages. In the place of those that go to the
// dead-letter queue it takes others, until it has enough or there are no more.
func (r *receiving) receive(max int) error {
	for {
		found, err := r.visible(max - len(r.received))
		if err != nil {
			return err
		}
		before := len(r.received)
		for _, m := range found {
			if err := r.take(m); err != nil {
				return err
			}
		}
		if len(found) == 0 || len(found) == len(r.received)-before {
			return nil
		}
	}
}

// message is a row of a queue.
type message struct {
	id, receipt int64
	count       int
	sentAt      sql.NullInt64
	body        []byte
}

func (r *receiving) visible(limit int) (found []message, err error) {
	if limit <= 0 {
		return nil, nil
	}
	err = r.rows(visibleMessages, []any{string(r.name), unixNano(r.now), limit}, func(scan func(...any) error) error {
		var m message
		err := scan(&m.id, &m.count, &m.receipt, &m.sentAt, &m.body)
		found = append(found, m)
		return err
	})
	return found, err
}

// take hides a message, or moves it to the dead-letter queue when it was
// received too often.
func (r *receiving) take(m message) error {
	dead := r.name.DeadLetterQueue()
	if dead != "" && m.count >= queue.MaxReceives {
		r.buried = true
		_, err := r.exec(buryMessage, string(dead), unixNano(r.now), m.id)
		return err
	}
	r.received = append(r.received, queue.Received{
		ID:           strconv.FormatInt(m.id, 10),
		Body:         m.body,
		Receipt:      receipt(m.id, m.receipt+1),
		ReceiveCount: m.count + 1,
		SentAt:       instant(m.sentAt),
	})
	_, err := r.exec(receiveMessage, unixNano(r.now.Add(r.visibility)), m.id)
	return err
}

// Delete removes messages for good. A receipt of a message that somebody else
// has received since does nothing.
func (db *DB) Delete(ctx context.Context, name queue.Name, receipts ...string) error {
	err := db.writer.write(ctx, func(t *tx) error {
		for _, r := range receipts {
			id, n := parseReceipt(r)
			if _, err := t.exec(deleteMessage, id, string(name), n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete from %s: %w", name, err)
	}
	return nil
}

// ChangeVisibility makes a received message visible again after d from now,
// unless somebody else has received it since.
func (db *DB) ChangeVisibility(ctx context.Context, name queue.Name, rec string, d time.Duration) error {
	id, n := parseReceipt(rec)
	at := db.o.Now().Add(d)
	err := db.writer.write(ctx, func(t *tx) error {
		_, err := t.exec(showMessage, unixNano(at), id, string(name), n)
		return err
	})
	if err != nil {
		return fmt.Errorf("change visibility in %s: %w", name, err)
	}
	db.wake.up(name)
	return nil
}

// ReturnReceived makes all messages visible that were received and not deleted.
// It is for a server that starts and knows that it is the only one: whoever
// received them is gone, and they need not wait for their visibility timeouts.
func (db *DB) ReturnReceived(ctx context.Context) error {
	now := unixNano(db.o.Now())
	err := db.writer.write(ctx, func(t *tx) error {
		_, err := t.exec(returnMessages, now, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("return received messages: %w", err)
	}
	return nil
}

// receipt names one receive: the message, and how many there had been.
func receipt(id, n int64) string { return fmt.Sprintf("%d.%d", id, n) }

// parseReceipt gives what receipt was made from; of anything else, what no message has.
func parseReceipt(s string) (id, n int64) {
	left, right, _ := strings.Cut(s, ".")
	id, errID := strconv.ParseInt(left, 10, 64)
	n, errN := strconv.ParseInt(right, 10, 64)
	if errID != nil || errN != nil {
		return 0, 0
	}
	return id, n
}

// nextVisible is when the first message of a queue is or was visible; the zero
// time when there is none.
func (db *DB) nextVisible(ctx context.Context, name queue.Name) (time.Time, error) {
	var at sql.NullInt64
	if _, err := db.read(ctx).get(nextVisible, []any{string(name)}, &at); err != nil {
		return time.Time{}, fmt.Errorf("look into %s: %w", name, err)
	}
	return instant(at), nil
}
