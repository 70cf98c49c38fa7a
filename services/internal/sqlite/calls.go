package sqlite

import (
	"context"
	"fmt"

	"github.com/outdial/outdial/services/internal/call"
)

const (
	selectCall    = `SELECT record FROM calls WHERE id = ?`
	selectVersion = `SELECT rowid, version FROM calls WHERE id = ?`
	insertCall    = `INSERT INTO calls (id, owner, lane, number, status, version, ready_at, due, dead_cause, created_at, record)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	updateCall = `UPDATE calls SET version = ?, ready_at = ?, due = ?, dead_cause = ?, record = ? WHERE rowid = ?`
	// moveCall writes the status too, and with it the two indexes that hold it.
	moveCall = `UPDATE calls SET version = ?, ready_at = ?, due = ?, dead_cause = ?, record = ?, status = ? WHERE rowid = ?`
)

// Call reads the record of a call.
func (db *DB) Call(ctx context.Context, id string) (call.Call, error) {
	var c call.Call
	var record []byte
	found, err := db.read(ctx).get(selectCall, []any{id}, &record)
	if err != nil {
		return c, fmt.Errorf("read call %s: %w", id, err)
	}
	if !found {
		return c, fmt.Errorf("call %s: %w", id, call.ErrNotFound)
	}
	return c, decode(record, &c)
}

// Apply writes a change of a call with all its effects, or nothing.
func (db *DB) Apply(ctx context.Context, ch call.Change) error {
	record, err := encode(&ch.After)
	if err != nil {
		return err
	}
	effects := []effect{callEffect(ch, record)}
	if ch.Redrive != nil {
		effects = append(effects, redriveEffect(*ch.Redrive))
	}
	if ch.Key != nil {
		effects = append(effects, keyEffect(*ch.Key, ch.At))
	}
	if ch.Claim != call.ClaimNone {
		effects = append(effects, claimEffect(ch))
	}
	if ch.Batch != call.BatchAny {
		effects = append(effects, batchRequirement(ch.After.BatchID, ch.Batch))
	}
	if ch.Slots() != 0 || ch.Admission != nil || ch.Backoff != nil {
		effects = append(effects, capacityEffect(ch))
	}
	if ch.TouchesLane() {
		effect := ch.Lane()
		effects = append(effects, laneEffect(ch.After.Lane(), effect.Served, ch.At, func(l call.Lane) (call.Lane, error) {
			return l.After(effect, ch.At)
		}))
	}
	if n := ch.Counts(); n != (call.Counts{}) {
		effects = append(effects, countsEffect(ch.After.BatchID, n))
	}
	return db.write(ctx, effects...)
}

// callEffect writes the record of a call, if it has the version that the change was made from.
func callEffect(ch call.Change, record string) effect {
	return func(t *tx) (func() error, error) {
		var rowid, version int64
		found, err := t.get(selectVersion, []any{ch.After.ID}, &rowid, &version)
		switch {
		case err != nil:
			return nil, err
		case ch.New() && found:
			return nil, call.Refuse(call.ConditionExists)
		case ch.New():
			return func() error { return t.insertCall(ch.After, record) }, nil
		case version != ch.Before.Version:
			return nil, call.ErrConflict
		}
		return func() error { return t.updateCall(rowid, ch, record) }, nil
	}
}

func (t *tx) insertCall(c call.Call, record string) error {
	readyAt, due, cause := indexed(c)
	_, err := t.exec(insertCall, c.ID, c.Owner, c.Lane().String(), c.Number, string(c.Status), c.Version,
		readyAt, due, cause, unixNano(c.CreatedAt), record)
	return err
}

func (t *tx) updateCall(rowid int64, ch call.Change, record string) error {
	readyAt, due, cause := indexed(ch.After)
	var err error
	if ch.After.Status == ch.Before.Status {
		_, err = t.exec(updateCall, ch.After.Version, readyAt, due, cause, record, rowid)
	} else {
		_, err = t.exec(moveCall, ch.After.Version, readyAt, due, cause, record, string(ch.After.Status), rowid)
	}
	return err
}

// indexed gives the columns of the partial indexes: NULL where a call is not in one.
func indexed(c call.Call) (readyAt, due, cause any) {
	if c.Ready() {
		readyAt = unixNano(c.ReadyAt)
	}
	if c.DeadLettered() {
		cause = string(c.Failure.Cause)
	}
	return readyAt, nanos(c.Due), cause
}
