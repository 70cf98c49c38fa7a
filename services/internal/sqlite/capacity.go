package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

const (
	selectCapacity = `SELECT slots, in_use, admitted, rate, stopped, stopped_at, stopped_by, rate_at, backoff_until, backoff_step, version, updated_at
		FROM capacity WHERE id = 1`
	// firstCapacity is written with the schema of a new file.
	firstCapacity = `INSERT INTO capacity (id, slots, in_use, rate, stopped, backoff_step, version, updated_at) VALUES (1, ?, 0, ?, ?, 0, ?, ?)`
	useCapacity   = `UPDATE capacity SET in_use = ?, admitted = ?, rate_at = ?, backoff_until = ?, backoff_step = ? WHERE id = 1`
	setCapacity   = `UPDATE capacity SET slots = ?, rate = ?, stopped = ?, stopped_at = ?, stopped_by = ?, version = ?, updated_at = ? WHERE id = 1`
)

// Capacity reads slots, rate and stop.
func (db *DB) Capacity(ctx context.Context) (call.Capacity, error) {
	c, err := readCapacity(db.read(ctx))
	if err != nil {
		return c, fmt.Errorf("read the capacity: %w", err)
	}
	return c, nil
}

// SetCapacity writes limit, rate, stop with its time and author, version and time of after.
func (db *DB) SetCapacity(ctx context.Context, before, after call.Capacity) error {
	return db.write(ctx, func(t *tx) (func() error, error) {
		c, err := readCapacity(t)
		if err != nil {
			return nil, err
		}
		if c.Version != before.Version {
			return nil, call.ErrConflict
		}
		return func() error {
			_, err := t.exec(setCapacity, after.Limit, after.Rate, after.Stopped, nanos(after.StoppedAt), after.StoppedBy,
				after.Version, nanos(after.UpdatedAt))
			return err
		}, nil
	})
}

// capacityEffect takes or gives back a slot, takes a rate token, counts an admission,
// and starts a backoff.
func capacityEffect(ch call.Change) effect {
	return func(t *tx) (func() error, error) {
		c, err := readCapacity(t)
		if err != nil {
			return nil, err
		}
		if ch.Admission != nil {
			if err := c.Check(*ch.Admission); err != nil {
				return nil, err
			}
			c.RateAt = ch.Admission.RateAfter
			c.Admitted++
		}
		if ch.Backoff != nil && ch.Backoff.Until.After(c.BackoffUntil) { // a longer one that another refusal began stays
			c.BackoffUntil, c.BackoffStep = ch.Backoff.Until, ch.Backoff.Step
		}
		if c.InUse += ch.Slots(); c.InUse < 0 {
			return nil, fmt.Errorf("slots in use would be below zero: %w", call.ErrCorrupt)
		}
		return func() error {
			_, err := t.exec(useCapacity, c.InUse, c.Admitted, nanos(c.RateAt), nanos(c.BackoffUntil), int64(c.BackoffStep))
			return err
		}, nil
	}
}

func readCapacity(q queryer) (c call.Capacity, err error) {
	var stoppedAt, rateAt, backoffUntil, updatedAt sql.NullInt64
	var step int64
	found, err := q.get(selectCapacity, nil,
		&c.Limit, &c.InUse, &c.Admitted, &c.Rate, &c.Stopped, &stoppedAt, &c.StoppedBy, &rateAt, &backoffUntil, &step, &c.Version, &updatedAt)
	if err == nil && !found {
		err = fmt.Errorf("the capacity is missing: %w", call.ErrCorrupt)
	}
	c.StoppedAt, c.RateAt = instant(stoppedAt), instant(rateAt)
	c.BackoffUntil, c.UpdatedAt = instant(backoffUntil), instant(updatedAt)
	c.BackoffStep = time.Duration(step)
	return c, err
}

func insertCapacity(ctx context.Context, conn *sql.Conn, c call.Capacity) error {
	_, err := conn.ExecContext(ctx, firstCapacity, c.Limit, c.Rate, c.Stopped, c.Version, nanos(c.UpdatedAt))
	return err
}
