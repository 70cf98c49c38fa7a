package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

const (
	selectCapacity = `SELECT slots, in_use, rate, stopped, rate_at, backoff_until, backoff_step, version, updated_at FROM capacity WHERE id = 1`
	// firstCapacity is written with the schema of a new file.
	firstCapacity = `INSERT INTO capacity (id, slots, in_use, rate, stopped, backoff_step, version, updated_at) VALUES (1, ?, 0, ?, ?, 0, ?, ?)`
	useCapacity   = `UPDATE capacity SET in_use = ?, rate_at = ?, backoff_until = ?, backoff_step = ? WHERE id = 1`
	setCapacity   = `UPDATE capacity SET slots = ?, rate = ?, stopped = ?, version = ?, updated_at = ? WHERE id = 1`
)

// Capacity reads slots, rate and stop.
func (db *DB) Capacity(ctx context.Context) (call.Capacity, error) {
	c, err := readCapacity(db.read(ctx))
	if err != nil {
		return c, fmt.Errorf("read the capacity: %w", err)
	}
	return c, nil
}

// SetCapacity writes limit, rate and stop of after, and nothing else of it.
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
			_, err := t.exec(setCapacity, after.Limit, after.Rate, after.Stopped, after.Version, nanos(after.UpdatedAt))
			return err
		}, nil
	})
}

// capacityEffect takes or gives back a slot, takes a rate token, and starts a backoff.
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
		}
		if ch.Backoff != nil && ch.Backoff.Until.After(c.BackoffUntil) { // a longer one that another refusal began stays
			c.BackoffUntil, c.BackoffStep = ch.Backoff.Until, ch.Backoff.Step
		}
		if c.InUse += ch.Slots(); c.InUse < 0 {
			return nil, fmt.Errorf("slots in use would be below zero: %w", call.ErrCorrupt)
		}
		return func() error {
			_, err := t.exec(useCapacity, c.InUse, nanos(c.RateAt), nanos(c.BackoffUntil), int64(c.BackoffStep))
			return err
		}, nil
	}
}

func readCapacity(q queryer) (c call.Capacity, err error) {
	var rateAt, backoffUntil, updatedAt sql.NullInt64
	var step int64
	found, err := q.get(selectCapacity, nil,
		&c.Limit, &c.InUse, &c.Rate, &c.Stopped, &rateAt, &backoffUntil, &step, &c.Version, &updatedAt)
	if err == nil && !found {
		err = fmt.Errorf("the capacity is missing: %w", call.ErrCorrupt)
	}
	c.RateAt, c.BackoffUntil, c.UpdatedAt = instant(rateAt), instant(backoffUntil), instant(updatedAt)
	c.BackoffStep = time.Duration(step)
	return c, err
}

func insertCapacity(ctx context.Context, conn *sql.Conn, c call.Capacity) error {
	_, err := conn.ExecContext(ctx, firstCapacity, c.Limit, c.Rate, c.Stopped, c.Version, nanos(c.UpdatedAt))
	return err
}
