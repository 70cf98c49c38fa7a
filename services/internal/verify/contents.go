package verify

import (
	"context"
	"errors"
	"strings"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/queue"
)

// Contents lists what a store has no other reason to list.
type Contents interface {
	// Faults are what is wrong with the file itself, a sentence each.
	Faults(ctx context.Context) ([]string, error)
	// StrayClaims are the claims of calls, or attempts, that there are none of.
	StrayClaims(ctx context.Context) ([]call.Claim, error)
	// Redrives lists redrives in the order of ids, from behind after.
	Redrives(ctx context.Context, after string, limit int) ([]call.Redrive, error)
	// Keys lists idempotency keys, also expired ones, in the order of owner and key, from behind after.
	Keys(ctx context.Context, after call.IdempotencyKey, limit int) ([]call.IdempotencyKey, error)
	// Messages lists the messages of a queue, visible or not, in the order of ids, from behind after.
	Messages(ctx context.Context, name queue.Name, after string, limit int) ([]queue.Received, error)
	// Chunk reads the n-th chunk of a batch's accepted rows; call.ErrNotFound if there is none.
	Chunk(ctx context.Context, batchID string, n int) ([]call.Row, error)
	// Refused lists a batch's refused rows whose line is above after.
	Refused(ctx context.Context, batchID string, after, limit int) ([]call.RefusedRow, error)
}

func (k *checker) file() error {
	faults, err := k.Contents.Faults(k.ctx)
	for _, fault := range faults {
		k.find(CheckFile, "", "%s", fault)
	}
	return err
}

func (k *checker) strayClaims() error {
	claims, err := k.Contents.StrayClaims(k.ctx)
	for _, c := range claims {
		k.find(CheckClaims, c.CallID, "claim of call %s, attempt %d: there is no such attempt", c.CallID, c.Attempt)
	}
	return err
}

func (k *checker) redrives() error {
	after := ""
	for {
		redrives, err := k.Contents.Redrives(k.ctx, after, page)
		if err != nil {
			return err
		}
		for _, r := range redrives {
			after = r.ID
			k.report.Checked.Redrives++
			if r.Done != r.Due.IsZero() {
				k.find(CheckDue, r.ID, "redrive %s is done: %t, and has a due: %t: it must be due exactly while it isn't done", r.ID, r.Done, !r.Due.IsZero())
			}
		}
		if len(redrives) < page {
			return nil
		}
	}
}

// keys checks that each idempotency key answers with something that is there.
func (k *checker) keys() error {
	var after call.IdempotencyKey
	for {
		keys, err := k.Contents.Keys(k.ctx, after, page)
		if err != nil {
			return err
		}
		for _, key := range keys {
			after = key
			k.report.Checked.Keys++
			there, err := k.there(key.Location)
			if err != nil {
				return err
			}
			if !there {
				k.find(CheckKeys, key.Location, "the idempotency key %q of %s answers with %s, which is not there: what was accepted may not get lost",
					key.Key, key.Owner, key.Location)
			}
		}
		if len(keys) < page {
			return nil
		}
	}
}

// there tells whether what a location names is there. An answer may have no location.
func (k *checker) there(location string) (bool, error) {
	id := location[strings.LastIndexByte(location, '/')+1:]
	var err error
	switch {
	case location == "":
		return true, nil
	case strings.Contains(location, "/calls/"):
		_, err = k.Store.Call(k.ctx, id)
	case strings.Contains(location, "/batches/"):
		_, err = k.Store.Batch(k.ctx, id)
	case strings.Contains(location, "/redrives/"):
		_, err = k.Store.Redrive(k.ctx, id)
	default:
		return false, nil
	}
	if errors.Is(err, call.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// readMarks finds the marked jobs, which dead-lettered calls must have.
func (k *checker) readMarks() error {
	return k.eachMessage(func(name queue.Name, m queue.Received) error {
		if name != queue.Calls && name != queue.CallsDead {
			return nil
		}
		if job, err := messages.ParseJob(m.Body); err == nil && job.Dead {
			k.marks[attempt{job.CallID, job.Attempt}] = true
		}
		return nil
	})
}

// mark: a dead-lettered call whose mark is not owed any more has one.
func (k *checker) mark(c call.Call) {
	if c.DeadLettered() && c.Due.IsZero() && !k.marks[attempt{c.ID, c.Attempt}] {
		k.find(CheckMessages, c.ID, "call %s is dead-lettered at attempt %d, but its marked job is neither owed nor in the dead-letter queue", c.ID, c.Attempt)
	}
}

func (k *checker) messages() error {
	return k.eachMessage(k.message)
}

func (k *checker) eachMessage(do func(queue.Name, queue.Received) error) error {
	for _, name := range []queue.Name{queue.Calls, queue.CallsDead, queue.Events, queue.EventsDead} {
		after := ""
		for {
			list, err := k.Contents.Messages(k.ctx, name, after, page)
			if err != nil {
				return err
			}
			for _, m := range list {
				after = m.ID
				if err := do(name, m); err != nil {
					return err
				}
			}
			if len(list) < page {
				break
			}
		}
	}
	return nil
}

// message checks that a message can be read and is about a call that is there.
// What nobody could read ends in a dead-letter queue, as it should.
func (k *checker) message(name queue.Name, m queue.Received) error {
	k.report.Checked.Messages++
	id, n, err := about(name, m.Body)
	if err != nil {
		if name.DeadLetterQueue() != "" {
			k.find(CheckMessages, m.ID, "message %s of queue %s can't be read: %v", m.ID, name, err)
		}
		return nil
	}
	if id == "" { // a fill, a look, or the end of a task that tells no call
		return nil
	}
	c, err := k.Store.Call(k.ctx, id)
	switch {
	case errors.Is(err, call.ErrNotFound):
		k.find(CheckMessages, id, "message %s of queue %s is about call %s, which is not there: a call is stored before it is spoken of", m.ID, name, id)
	case err != nil:
		return err
	case n > c.Attempt:
		k.find(CheckMessages, id, "message %s of queue %s is about attempt %d of call %s, which is at attempt %d", m.ID, name, n, id, c.Attempt)
	}
	return nil
}

// about is the call and the attempt that a message is about, if any.
func about(name queue.Name, body []byte) (id string, n int, err error) {
	if name == queue.Calls || name == queue.CallsDead {
		job, err := messages.ParseJob(body)
		return job.CallID, job.Attempt, err
	}
	event, err := messages.ParseEvent(body)
	return event.CallID, event.Attempt, err
}
