package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
)

// recordsRow measures how fast an accepted batch becomes calls.
func recordsRow() row {
	return row{
		name:    "records of that batch created",
		against: "plain bulk insert of the same rows into SQLite: same indexes, same transactions, `synchronous=FULL`",
		aim:     atLeast(0.6),
		run:     runRecords,
	}
}

func runRecords(ctx context.Context, o options) (result, error) {
	list := callList(numbers(o.size(100_000, 1_500)))
	var made []call.Call
	ours := func(ctx context.Context) (e effort, err error) {
		e, made, err = expandList(ctx, o.dir, list)
		return e, err
	}
	// Ours comes first in the first round, so there is something to insert.
	insert := func(perTransaction int) side {
		return func(ctx context.Context) (effort, error) { return insertCalls(ctx, o.dir, made, perTransaction) }
	}
	p, err := inPairs(ctx, o, 4, ours, insert(slice))
	if err != nil {
		return result{}, err
	}
	one, err := insert(len(made))(ctx)
	if err != nil {
		return result{}, err
	}
	return p.rates(byWall, fmt.Sprintf(
		"%.0f records a second against %.0f (in one transaction %.0f), %d in a transaction",
		1/typical(p.ours, byWall), 1/typical(p.theirs, byWall), 1/byWall(one), slice)), nil
}

// expandList submits a call list and measures its expansion into calls, which it gives.
func expandList(ctx context.Context, dir string, list []byte) (_ effort, _ []call.Call, err error) {
	dir, err = os.MkdirTemp(dir, "")
	if err != nil {
		return effort{}, nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	h, err := openHouse(ctx, dir, "ours")
	if err != nil {
		return effort{}, nil, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	answer, err := h.post(ctx, "/batches?region="+region, "text/csv", list, http.StatusAccepted)
	if err != nil {
		return effort{}, nil, err
	}
	var accepted api.Batch
	if err := json.Unmarshal(answer, &accepted); err != nil {
		return effort{}, nil, err
	}
	e, err := timed(func() (int, error) {
		if err := h.tracker.LookAtDue(ctx); err != nil {
			return 0, err
		}
		b, err := h.db.Batch(ctx, accepted.ID)
		return b.Expanded, err
	})
	if err != nil {
		return e, nil, err
	}
	calls, _, err := h.db.ListCalls(ctx, call.Filter{BatchID: accepted.ID}, call.Page{Limit: accepted.Rows})
	return e, calls, err
}

// insertCalls measures the insertion of calls into a file of its own, many in
// each transaction. What is inserted is ready before.
func insertCalls(ctx context.Context, dir string, calls []call.Call, perTransaction int) (_ effort, err error) {
	dir, err = os.MkdirTemp(dir, "")
	if err != nil {
		return effort{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	p, err := openPlain(ctx, dir, "plain")
	if err != nil {
		return effort{}, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	insert, err := p.conn.PrepareContext(ctx, insertCall)
	if err != nil {
		return effort{}, err
	}
	defer func() { err = errors.Join(err, insert.Close()) }()
	rows, err := columns(calls)
	if err != nil {
		return effort{}, err
	}
	return timed(func() (int, error) {
		for some := range slices.Chunk(rows, perTransaction) {
			err := p.transaction(ctx, func() error {
				for _, row := range some {
					if _, err := insert.ExecContext(ctx, row...); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return 0, err
			}
		}
		return p.count(ctx, "calls")
	})
}

const insertCall = `INSERT INTO calls (id, owner, lane, number, status, version, ready_at, due, dead_cause, created_at, record)
	VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL, ?, ?)`

// columns are the values that insertCall writes of ready calls.
func columns(calls []call.Call) ([][]any, error) {
	rows := make([][]any, len(calls))
	for i, c := range calls {
		record, err := json.Marshal(c)
		if err != nil {
			return nil, err
		}
		rows[i] = []any{
			c.ID, c.Owner, c.Lane().String(), c.Number, string(c.Status), c.Version, c.ReadyAt.UnixNano(), c.CreatedAt.UnixNano(), string(record),
		}
	}
	return rows, nil
}
