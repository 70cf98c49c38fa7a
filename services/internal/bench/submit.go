package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/outdial/outdial/services/internal/call"
)

// clients is how many submit, or write, at the same time.
const clients = 16

// submitRow measures single calls.
func submitRow() row {
	return row{
		name:    "one call submitted, 16 clients, `synchronous=FULL`",
		against: "bare guarded SQLite updates, 16 writers, committed one by one",
		aim:     atLeast(1),
		run:     runSubmit,
	}
}

func runSubmit(ctx context.Context, o options) (_ result, err error) {
	h, err := openHouse(ctx, o.dir, "ours")
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	p, err := openUpdates(ctx, o.dir, "plain", clients)
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	each := o.size(100, 5)
	measured, err := inPairs(ctx, o, 10,
		func(ctx context.Context) (effort, error) {
			return timed(func() (int, error) { return together(ctx, each, h.submitOne) })
		},
		func(ctx context.Context) (effort, error) {
			return timed(func() (int, error) { return together(ctx, each, p.updateOne) })
		})
	if err != nil {
		return result{}, err
	}
	return measured.rates(byWall, fmt.Sprintf(
		"%.0f calls a second over HTTP against %.0f updates; %.0f µs of the processor against %.0f µs",
		1/typical(measured.ours, byWall), 1/typical(measured.theirs, byWall),
		1e6*typical(measured.ours, byCPU), 1e6*typical(measured.theirs, byCPU))), nil
}

// together lets all clients do something so many times each, and tells how often it was done.
func together(ctx context.Context, each int, do func(ctx context.Context, client int) error) (int, error) {
	var done atomic.Int64
	all, ctx := errgroup.WithContext(ctx)
	for client := range clients {
		all.Go(func() error {
			for range each {
				if err := do(ctx, client); err != nil {
					return err
				}
				done.Add(1)
			}
			return nil
		})
	}
	err := all.Wait()
	return int(done.Load()), err
}

var oneCall = []byte(`{"phone_number": "+49 30 901820", "metadata": {"name": "Somebody"}}`)

func (h *house) submitOne(ctx context.Context, _ int) error {
	_, err := h.post(ctx, "/calls", "application/json", oneCall, http.StatusAccepted)
	return err
}

// updates are guarded updates of the records of a few calls: each writes a
// record if it has the version that it is made from.
type updates struct {
	*plain
	update  *sql.Stmt
	calls   []call.Call
	records []string
}

func openUpdates(ctx context.Context, dir, name string, calls int) (*updates, error) {
	p, err := openPlain(ctx, dir, name)
	if err != nil {
		return nil, err
	}
	u := &updates{plain: p}
	for range calls {
		u.calls = append(u.calls, call.Created(call.NewCall{
			ID: call.SingleID(newULID()), Owner: clientID, Number: "+4930901820", TimeLimit: 600, Metadata: map[string]string{"name": "Somebody"},
		}, time.Now()).After)
	}
	if err := u.prepare(ctx); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return u, nil
}

func (u *updates) prepare(ctx context.Context) error {
	rows, err := columns(u.calls)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := u.conn.ExecContext(ctx, insertCall, row...); err != nil {
			return err
		}
		record, _ := row[len(row)-1].(string) // as columns made it
		u.records = append(u.records, record)
	}
	u.update, err = u.conn.PrepareContext(ctx, `UPDATE calls SET version = version + 1, record = ? WHERE id = ? AND version = ?`)
	return err
}

func (u *updates) close() error { return errors.Join(u.update.Close(), u.plain.close()) }

// updateOne is one guarded update in a transaction of its own.
func (u *updates) updateOne(ctx context.Context, n int) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.guarded(ctx, n)
}

// guarded updates a call once: in the transaction of the caller, or alone.
func (u *updates) guarded(ctx context.Context, n int) error {
	c := &u.calls[n]
	done, err := u.update.ExecContext(ctx, u.records[n], c.ID, c.Version)
	if err != nil {
		return err
	}
	if rows, err := done.RowsAffected(); err != nil || rows != 1 {
		return errors.Join(err, fmt.Errorf("%d rows updated, not 1", rows))
	}
	c.Version++
	return nil
}
