package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// LIMIT ?+0, here and elsewhere: SQLite prepares a statement anew whenever a bare
// LIMIT ? is bound to another number.
const (
	laneColumns    = `owner, batch_id, ready, schedule, retry, hours, closed, turn`
	selectLane     = `SELECT ` + laneColumns + ` FROM lanes WHERE owner = ? AND batch_id = ?`
	replaceLane    = `REPLACE INTO lanes (` + laneColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	selectTurn     = `SELECT owner, lanes, turn FROM turns WHERE owner = ?`
	replaceTurn    = `REPLACE INTO turns (owner, lanes, turn) VALUES (?, ?, ?)`
	nextTurns      = `SELECT owner, lanes, turn FROM turns WHERE lanes > 0 ORDER BY turn, owner LIMIT ?+0`
	nextLanes      = `SELECT ` + laneColumns + ` FROM lanes WHERE owner = ? AND ready > 0 AND closed = 0 ORDER BY turn, batch_id LIMIT ?+0`
	nextReadyCalls = `SELECT id FROM calls WHERE lane = ? AND ready_at IS NOT NULL ORDER BY ready_at, id LIMIT ?+0`
	waitingLanes   = `SELECT ` + laneColumns + ` FROM lanes WHERE ready + schedule + retry + hours > 0 ORDER BY owner, batch_id`
)

// Turns lists the owners in turn, the next first.
func (db *DB) Turns(ctx context.Context, limit int) ([]call.Turn, error) {
	turns, err := list(ctx, db, nextTurns, []any{limit}, scanTurn)
	if err != nil {
		return nil, fmt.Errorf("list turns: %w", err)
	}
	return turns, nil
}

// Lanes lists an owner's lanes in turn, the next first.
func (db *DB) Lanes(ctx context.Context, owner string, limit int) ([]call.Lane, error) {
	lanes, err := list(ctx, db, nextLanes, []any{owner, limit}, scanLane)
	if err != nil {
		return nil, fmt.Errorf("list lanes: %w", err)
	}
	return lanes, nil
}

// ReadyCalls lists the ids of a lane's ready calls, the first to have joined first.
func (db *DB) ReadyCalls(ctx context.Context, lane call.LaneKey, limit int) ([]string, error) {
	ids, err := list(ctx, db, nextReadyCalls, []any{lane.String(), limit}, func(scan func(...any) error) (id string, err error) {
		return id, scan(&id)
	})
	if err != nil {
		return nil, fmt.Errorf("list ready calls: %w", err)
	}
	return ids, nil
}

// Lane reads one lane; an empty one when there is none yet.
func (db *DB) Lane(ctx context.Context, key call.LaneKey) (call.Lane, error) {
	l, err := readLane(db.read(ctx), key)
	if err != nil {
		return l, fmt.Errorf("read lane %s: %w", key, err)
	}
	return l, nil
}

// WaitingLanes lists every lane in which a call waits, in turn or not.
func (db *DB) WaitingLanes(ctx context.Context) ([]call.Lane, error) {
	lanes, err := list(ctx, db, waitingLanes, nil, scanLane)
	if err != nil {
		return nil, fmt.Errorf("list waiting lanes: %w", err)
	}
	return lanes, nil
}

// laneEffect changes a lane, and with it its owner's turn.
func laneEffect(key call.LaneKey, served bool, at time.Time, change func(call.Lane) (call.Lane, error)) effect {
	return func(t *tx) (func() error, error) {
		before, err := readLane(t, key)
		if err != nil {
			return nil, err
		}
		after, err := change(before)
		if err != nil {
			return nil, err
		}
		turn := call.Turn{Owner: key.Owner}
		if _, err := t.get(selectTurn, []any{key.Owner}, &turn.Owner, &turn.Lanes, &turn.Turn); err != nil {
			return nil, err
		}
		next, err := turn.After(before, after, served, at)
		if err != nil {
			return nil, err
		}
		return func() error {
			if err := t.putLane(after); err != nil || next == turn {
				return err
			}
			_, err := t.exec(replaceTurn, next.Owner, next.Lanes, next.Turn)
			return err
		}, nil
	}
}

func (t *tx) putLane(l call.Lane) error {
	_, err := t.exec(replaceLane, l.Owner, l.BatchID, l.Ready, l.Schedule, l.Retry, l.Window, l.Closed, l.Turn)
	return err
}

func readLane(q queryer, key call.LaneKey) (call.Lane, error) {
	l := call.Lane{LaneKey: key}
	_, err := q.get(selectLane, []any{key.Owner, key.BatchID}, laneFields(&l)...)
	return l, err
}

func scanLane(scan func(dest ...any) error) (l call.Lane, err error) {
	return l, scan(laneFields(&l)...)
}

func laneFields(l *call.Lane) []any {
	return []any{&l.Owner, &l.BatchID, &l.Ready, &l.Schedule, &l.Retry, &l.Window, &l.Closed, &l.Turn}
}

func scanTurn(scan func(dest ...any) error) (t call.Turn, err error) {
	return t, scan(&t.Owner, &t.Lanes, &t.Turn)
}
