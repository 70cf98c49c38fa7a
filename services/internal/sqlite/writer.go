package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/outdial/outdial/services/internal/call"
)

// maxGroup bounds the writes that share a transaction, and so how long the file
// is locked for other processes.
const maxGroup = 256

// writer runs all writes of this process. A commit costs a flush of the disk,
// whatever it holds: so all writes that wait while one group is being written
// are the next group, and share its transaction and its flush.
type writer struct {
	connect func() (*writeConn, error)
	turn    turnstile
	queue   chan *write
	closing chan struct{} // closed by close: no more writes
	done    chan struct{} // closed when all are answered
	once    sync.Once
	err     error // of closing the connection; read after done

	conn *writeConn // nil until the first write, and after an error that leaves it in doubt
	// commit ends a transaction. Tests replace it: a commit may fail before or
	// after it has taken effect.
	commit func(*writeConn) error
}

// write is one member of a group.
type write struct {
	do    func(*tx) error
	state atomic.Int32
	done  chan error
}

// The states of a write. A caller may leave while it waits, and not afterwards.
const (
	waiting int32 = iota
	started
	left
)

func startWriter(connect func() (*writeConn, error), turn turnstile) *writer {
	w := &writer{
		connect: connect,
		turn:    turn,
		queue:   make(chan *write, maxGroup),
		closing: make(chan struct{}),
		done:    make(chan struct{}),
		commit:  func(c *writeConn) error { return c.run("COMMIT") },
	}
	go w.loop()
	return w
}

// write runs do in a transaction. Nothing of it is written when it gives an
// error. It must read and check all before it writes, and may be run again from
// the start, after all that it wrote was rolled back.
//
// When ctx ends while the write waits for its turn, it is not written. Once it
// has begun its answer is waited for, because it may be written already.
func (w *writer) write(ctx context.Context, do func(*tx) error) error {
	m := &write{do: do, done: make(chan error, 1)}
	select {
	case w.queue <- m:
	case <-w.closing:
		return ErrClosed
	case <-ctx.Done():
		return notWritten(ctx)
	}
	select {
	case err := <-m.done:
		return err
	case <-ctx.Done():
		if m.state.CompareAndSwap(waiting, left) {
			return notWritten(ctx)
		}
		return <-m.done
	case <-w.done:
	}
	select {
	case err := <-m.done:
		return err
	default: // it came into the queue when the writer had gone
		return ErrClosed
	}
}

func notWritten(ctx context.Context) error {
	return fmt.Errorf("not written: %w", context.Cause(ctx))
}

func (w *writer) close() error {
	w.once.Do(func() { close(w.closing) })
	<-w.done
	return w.err
}

func (w *writer) loop() {
	defer close(w.done)
	for {
		select {
		case m := <-w.queue:
			w.group(w.gather(m))
		case <-w.closing:
			if rest := w.gather(nil); len(rest) > 0 {
				w.group(rest)
				continue
			}
			w.err = errors.Join(w.disconnect(), w.turn.close())
			return
		}
	}
}

// gather gives all writes that wait now.
func (w *writer) gather(first *write) []*write {
	var group []*write
	if first != nil {
		group = append(group, first)
	}
	for len(group) < maxGroup {
		select {
		case m := <-w.queue:
			group = append(group, m)
		default:
			return group
		}
	}
	return group
}

// group writes a group in one transaction. When one of its members fails after
// it has written something, all is rolled back and each is written alone, so
// that it costs the others nothing.
func (w *writer) group(group []*write) {
	if w.transaction(group) {
		return
	}
	for _, m := range group {
		w.transaction([]*write{m})
	}
}

// transaction writes the members of a group that are still there and answers
// them. It gives false, and answers nobody, when it was rolled back because of
// one member of several.
func (w *writer) transaction(group []*write) bool {
	answers := make([]error, len(group))
	t, err := w.begin()
	if err != nil {
		answer(group, answers, err)
		return true
	}
	for i, m := range group {
		if !m.begin() {
			continue
		}
		intact, err := t.member(m.do)
		if intact {
			answers[i] = err
			continue
		}
		err = errors.Join(err, w.rollback())
		if len(group) > 1 {
			return false
		}
		answer(group, answers, err)
		return true
	}
	answer(group, answers, w.end(t))
	return true
}

// member runs one member of the group. It tells whether the transaction still
// holds what its members have written: not after one that failed half way.
func (t *tx) member(do func(*tx) error) (intact bool, answer error) {
	t.wrote = false
	err := do(t)
	if t.failed != nil {
		return false, cmp.Or(err, t.failed)
	}
	return err == nil || !t.wrote, err
}

// answer gives each member its answer, or all of them the error that they share.
func answer(group []*write, answers []error, shared error) {
	for i, m := range group {
		m.done <- cmp.Or(shared, answers[i])
	}
}

// begin tells whether the write may start: whether its caller still waits.
func (m *write) begin() bool {
	return m.state.CompareAndSwap(waiting, started) || m.state.Load() == started
}

func (w *writer) begin() (*tx, error) {
	if w.conn == nil {
		conn, err := w.connect()
		if err != nil {
			return nil, translate(err)
		}
		w.conn = conn
	}
	leave := w.turn.enter()
	defer leave()
	if err := translate(w.conn.run("BEGIN IMMEDIATE")); err != nil {
		if !errors.Is(err, ErrLocked) {
			err = errors.Join(err, w.disconnect())
		}
		return nil, err
	}
	return &tx{conn: w.conn}, nil
}

// end commits. After a commit that failed nobody knows what a restart will find:
// its last page may be in the log although the flush failed.
func (w *writer) end(t *tx) error {
	if !t.dirty {
		return w.rollback()
	}
	err := w.commit(w.conn)
	if err == nil {
		return nil
	}
	return errors.Join(fmt.Errorf("%w: %w", call.ErrUnclear, translate(err)), w.disconnect())
}

// rollback undoes the transaction. SQLite may have rolled back by itself; the
// connection is given up when it isn't plain, and what it held with it.
func (w *writer) rollback() error {
	if err := w.conn.run("ROLLBACK"); err != nil {
		return w.disconnect()
	}
	return nil
}

func (w *writer) disconnect() error {
	if w.conn == nil {
		return nil
	}
	err := w.conn.close()
	w.conn = nil
	return err
}

// writeConn is the connection of the writer, with its prepared statements.
type writeConn struct {
	ctx   context.Context // never ends: a write that has begun is seen through
	db    *sql.DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

// connectWriter opens the connection. It outlives ctx.
func (o Options) connectWriter(ctx context.Context, p pool) (*writeConn, error) {
	ctx = context.WithoutCancel(ctx)
	db, err := o.connections(p.writeCache, "wal_autocheckpoint("+strconv.Itoa(p.autocheckpoint)+")")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &writeConn{ctx: ctx, db: db, conn: conn, stmts: make(map[string]*sql.Stmt)}, nil
}

// stmt gives the prepared statement of a query, whose text is constant.
func (c *writeConn) stmt(query string) (statement, error) {
	if s, ok := c.stmts[query]; ok {
		return s, nil
	}
	s, err := c.conn.PrepareContext(c.ctx, query)
	if err != nil {
		return nil, err
	}
	c.stmts[query] = s
	return s, nil
}

// run executes a statement without arguments.
func (c *writeConn) run(query string) error {
	s, err := c.stmt(query)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(c.ctx)
	return err
}

func (c *writeConn) close() error {
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	errs = append(errs, c.conn.Close(), c.db.Close())
	return translate(errors.Join(errs...))
}
