package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"time"
)

// queryer reads single rows: in a transaction of the writer, or by itself.
type queryer interface {
	// get scans the first row of a query. It tells whether there is one.
	get(query string, args []any, dest ...any) (bool, error)
}

// tx is the transaction of the group that is being written, as one member sees it.
type tx struct {
	conn   *writeConn
	dirty  bool  // something was written
	wrote  bool  // the member at work has written something
	failed error // a statement failed: SQLite may have rolled back
}

func (t *tx) get(query string, args []any, dest ...any) (bool, error) {
	s, err := t.conn.stmt(query)
	if err != nil {
		return false, t.fail(err)
	}
	found, err := scan(s.QueryRowContext(t.conn.ctx, args...), dest)
	return found, t.fail(err)
}

// exec runs a statement that writes, and gives the number of rows it changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	t.dirty, t.wrote = true, true
	s, err := t.conn.stmt(query)
	if err != nil {
		return 0, t.fail(err)
	}
	r, err := s.ExecContext(t.conn.ctx, args...)
	if err != nil {
		return 0, t.fail(err)
	}
	return r.RowsAffected()
}

// rows runs a query and calls each for every row.
func (t *tx) rows(query string, args []any, each func(scan func(dest ...any) error) error) error {
	s, err := t.conn.stmt(query)
	if err != nil {
		return t.fail(err)
	}
	rows, err := s.QueryContext(t.conn.ctx, args...)
	if err != nil {
		return t.fail(err)
	}
	return t.fail(forEach(rows, each))
}

func (t *tx) fail(err error) error {
	if err != nil {
		t.failed = err
	}
	return translate(err)
}

// effect is one part of a change. It checks its conditions, works out what is to
// be written and gives the function that writes it.
type effect func(t *tx) (write func() error, err error)

// apply checks all effects, in their order, and then writes them: so a refused
// change has written nothing that would have to be rolled back.
func (t *tx) apply(effects ...effect) error {
	writes := make([]func() error, 0, len(effects))
	for _, check := range effects {
		write, err := check(t)
		if err != nil {
			return err
		}
		if write != nil {
			writes = append(writes, write)
		}
	}
	for _, write := range writes {
		if err := write(); err != nil {
			return err
		}
	}
	return nil
}

// write applies a change in one transaction.
func (db *DB) write(ctx context.Context, effects ...effect) error {
	return db.writer.write(ctx, func(t *tx) error { return t.apply(effects...) })
}

// read is a queryer of single statements. Each sees the last commit, and none
// waits for the writer.
type read struct {
	ctx   context.Context
	whole context.Context // the same without its end
	db    *DB
}

func (db *DB) read(ctx context.Context) read { return read{ctx, context.WithoutCancel(ctx), db} }

func (r read) get(query string, args []any, dest ...any) (bool, error) {
	if err := r.ctx.Err(); err != nil {
		return false, err
	}
	s, err := r.db.stmt(r.ctx, query)
	if err != nil {
		return false, err
	}
	// One row takes some microseconds: to watch for the end of the context
	// meanwhile would cost two goroutines, and more than the read.
	found, err := scan(s.QueryRowContext(r.whole, args...), dest)
	return found, translate(err)
}

// statement is a prepared statement, which is closed with its connections.
type statement interface {
	ExecContext(ctx context.Context, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, args ...any) *sql.Row
}

// stmt gives the prepared statement of a query. There are not many texts: they
// never hold a value.
func (db *DB) stmt(ctx context.Context, query string) (statement, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if s, ok := db.prepared[query]; ok {
		return s, nil
	}
	s, err := db.reads.PrepareContext(ctx, query)
	if err != nil {
		return nil, translate(err)
	}
	db.prepared[query] = s
	return s, nil
}

// list reads all rows of a query.
func list[T any](ctx context.Context, db *DB, query string, args []any, item func(scan func(dest ...any) error) (T, error)) ([]T, error) {
	s, err := db.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return nil, translate(err)
	}
	var items []T
	err = forEach(rows, func(scan func(...any) error) error {
		i, err := item(scan)
		items = append(items, i)
		return err
	})
	return items, translate(err)
}

func forEach(rows *sql.Rows, each func(scan func(dest ...any) error) error) error {
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

func scan(row *sql.Row, dest []any) (bool, error) {
	err := row.Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// nanos is a time as it is stored; NULL for the zero time.
func nanos(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return unixNano(t)
}

// unixNano is a time in nanoseconds since 1970. A time that these can't tell,
// centuries away, is the last that they can.
func unixNano(t time.Time) int64 {
	switch {
	case t.Year() > 2261:
		return math.MaxInt64
	case t.Year() < 1678:
		return math.MinInt64
	}
	return t.UnixNano()
}

// instant is the time that was stored.
func instant(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.Unix(0, n.Int64).UTC()
}
