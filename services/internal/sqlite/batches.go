package sqlite

import (
	"context"
	"fmt"

	"github.com/outdial/outdial/services/internal/call"
)

const (
	selectBatch        = `SELECT record FROM batches WHERE id = ?`
	selectBatchVersion = `SELECT version FROM batches WHERE id = ?`
	selectBatchState   = `SELECT state FROM batches WHERE id = ?`
	insertBatch        = `INSERT INTO batches (id, owner, state, version, due, record) VALUES (?, ?, ?, ?, ?, ?)`
	updateBatch        = `UPDATE batches SET state = ?, version = ?, due = ?, record = ? WHERE id = ?`
	listBatches        = `SELECT id, record FROM batches WHERE `
	countColumns       = `waiting, active, completed, busy, no_answer, failed, canceled, expired`
	selectCounts       = `SELECT ` + countColumns + ` FROM batch_counts WHERE batch_id = ?`
	replaceCounts      = `REPLACE INTO batch_counts (batch_id, ` + countColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
)

// Batch reads a batch.
func (db *DB) Batch(ctx context.Context, id string) (call.Batch, error) {
	var b call.Batch
	var record []byte
	found, err := db.read(ctx).get(selectBatch, []any{id}, &record)
	if err != nil {
		return b, fmt.Errorf("read batch %s: %w", id, err)
	}
	if !found {
		return b, fmt.Errorf("batch %s: %w", id, call.ErrNotFound)
	}
	return b, decode(record, &b)
}

// BatchCounts reads the counters of a batch.
func (db *DB) BatchCounts(ctx context.Context, id string) (call.Counts, error) {
	n, found, err := readCounts(db.read(ctx), id)
	if err != nil {
		return n, fmt.Errorf("read the counts of batch %s: %w", id, err)
	}
	if !found {
		return n, fmt.Errorf("counts of batch %s: %w", id, call.ErrNotFound)
	}
	return n, nil
}

// ListBatches gives the batches of one owner, or of all, in the order of ids.
func (db *DB) ListBatches(ctx context.Context, owner string, p call.Page) ([]call.Batch, string, error) {
	query, args := batchesQuery(owner, p)
	batches, err := list(ctx, db, query, args, decoded[call.Batch])
	if err != nil {
		return nil, "", fmt.Errorf("list batches: %w", err)
	}
	batches, next := page(batches, p, func(b call.Batch) string { return b.ID })
	return batches, next, nil
}

func batchesQuery(owner string, p call.Page) (string, []any) {
	where, args := conditions(call.Filter{Owner: owner}, bounds{"", highest}.after(p))
	return listBatches + where + " ORDER BY id" + direction(p) + " LIMIT ?+0", append(args, p.Limit+1)
}

// ApplyBatch writes a change of a batch with the calls that it adds or cancels,
// or nothing.
func (db *DB) ApplyBatch(ctx context.Context, ch call.BatchChange) error {
	record, err := encode(&ch.After)
	if err != nil {
		return err
	}
	calls, err := callsEffect(ch.Calls)
	if err != nil {
		return err
	}
	effects := []effect{batchEffect(ch, record)}
	if ch.Key != nil {
		effects = append(effects, keyEffect(*ch.Key, ch.At))
	}
	effects = append(effects, calls)
	if ch.TouchesLane() {
		effects = append(effects, laneEffect(ch.After.Lane(), false, ch.At, func(l call.Lane) (call.Lane, error) {
			l, err := l.After(ch.Lane(), ch.At)
			return l.Open(ch.LaneOpen(), ch.At), err
		}))
	}
	if ch.New() || ch.Counts != (call.Counts{}) {
		effects = append(effects, countsEffect(ch.After.ID, ch.Counts))
	}
	return db.write(ctx, effects...)
}

// batchEffect writes a batch, if it has the version that the change was made from.
func batchEffect(ch call.BatchChange, record string) effect {
	b := ch.After
	return func(t *tx) (func() error, error) {
		var version int64
		found, err := t.get(selectBatchVersion, []any{b.ID}, &version)
		switch {
		case err != nil:
			return nil, err
		case ch.New() && found:
			return nil, call.Refuse(call.ConditionExists)
		case !ch.New() && version != ch.Before.Version:
			return nil, call.ErrConflict
		}
		return func() error {
			if ch.New() {
				_, err = t.exec(insertBatch, b.ID, b.Owner, string(b.State), b.Version, nanos(b.Due), record)
			} else {
				_, err = t.exec(updateBatch, string(b.State), b.Version, nanos(b.Due), record, b.ID)
			}
			return err
		}, nil
	}
}

// callsEffect writes the calls of a slice. Whether a new one is there already
// isn't asked beforehand, as it is for those that change: the version of the
// batch has answered that for all of them, and the index of ids sees to it.
func callsEffect(changes []call.Change) (effect, error) {
	records := make([]string, len(changes))
	for i := range changes {
		var err error
		if records[i], err = encode(&changes[i].After); err != nil {
			return nil, err
		}
	}
	return func(t *tx) (func() error, error) {
		writes := make([]func() error, len(changes))
		for i := range changes {
			if changes[i].New() {
				writes[i] = func() error { return t.addCall(changes[i].After, records[i]) }
				continue
			}
			var err error
			if writes[i], err = callEffect(changes[i], records[i])(t); err != nil {
				return nil, err
			}
		}
		return func() error {
			for _, write := range writes {
				if err := write(); err != nil {
					return err
				}
			}
			return nil
		}, nil
	}, nil
}

func (t *tx) addCall(c call.Call, record string) error {
	err := t.insertCall(c, record)
	if duplicate(err) {
		return call.Refuse(call.ConditionExists)
	}
	return err
}

// batchRequirement checks the state of a call's batch.
func batchRequirement(id string, r call.BatchRequirement) effect {
	return func(t *tx) (func() error, error) {
		var state string
		found, err := t.get(selectBatchState, []any{id}, &state)
		if err == nil && !found {
			err = fmt.Errorf("batch %s of a call is missing: %w", id, call.ErrCorrupt)
		}
		if err != nil {
			return nil, err
		}
		return nil, r.Check(call.BatchState(state))
	}
}

// countsEffect adds to the counters of a batch.
func countsEffect(id string, d call.Counts) effect {
	return func(t *tx) (func() error, error) {
		n, _, err := readCounts(t, id)
		if err != nil {
			return nil, err
		}
		if n, err = n.Plus(d); err != nil {
			return nil, err
		}
		return func() error {
			_, err := t.exec(replaceCounts, id, n.Waiting, n.Active, n.Completed, n.Busy, n.NoAnswer, n.Failed, n.Canceled, n.Expired)
			return err
		}, nil
	}
}

func readCounts(q queryer, id string) (n call.Counts, found bool, err error) {
	found, err = q.get(selectCounts, []any{id},
		&n.Waiting, &n.Active, &n.Completed, &n.Busy, &n.NoAnswer, &n.Failed, &n.Canceled, &n.Expired)
	return n, found, err
}
