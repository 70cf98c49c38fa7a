package main

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"sync"

	"github.com/outdial/outdial/services/internal/sqlite"
)

// plain is one bare connection to a data file, with the schema, the durability
// and the sizes of Outdial's own writer: what is measured against. Those who
// write at the same time wait for each other here and not in SQLite, whose
// waiting is a poll.
type plain struct {
	mu   sync.Mutex
	db   *sql.DB
	conn *sql.Conn
}

// openPlain makes a new data file in a folder and opens it.
func openPlain(ctx context.Context, dir, name string) (*plain, error) {
	path := filepath.Join(dir, name+".db")
	made, err := sqlite.Open(ctx, sqlite.Options{Path: path})
	if err == nil {
		err = made.Close()
	}
	if err != nil {
		return nil, err
	}
	query := url.Values{"_pragma": {"synchronous(FULL)", "cache_size(-65536)", "wal_autocheckpoint(4000)", "busy_timeout(5000)"}}
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path)+"?"+query.Encode())
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &plain{db: db, conn: conn}, nil
}

func (p *plain) close() error { return errors.Join(p.conn.Close(), p.db.Close()) }

// transaction runs do in a transaction, alone.
func (p *plain) transaction(ctx context.Context, do func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := do(); err != nil {
		_, rollback := p.conn.ExecContext(ctx, "ROLLBACK")
		return errors.Join(err, rollback)
	}
	_, err := p.conn.ExecContext(ctx, "COMMIT")
	return err
}

// count counts the rows of a table.
func (p *plain) count(ctx context.Context, table string) (n int, err error) {
	return n, p.conn.QueryRowContext(ctx, "SELECT count(*) FROM "+table).Scan(&n)
}
