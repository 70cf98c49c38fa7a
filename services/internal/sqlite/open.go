package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	driver "modernc.org/sqlite"

	"github.com/outdial/outdial/services/internal/call"
)

// Options say which file to open, and how.
type Options struct {
	Path string // of the data file
	// Capacity is that of a new file; afterwards SetCapacity changes it.
	Capacity call.Capacity
	// Now is the clock by which messages become visible and chunks expire; nil: time.Now.
	Now func() time.Time
	// BusyTimeout is how long a write waits for other processes before it gives
	// ErrLocked; zero: 5 seconds.
	BusyTimeout time.Duration
}

const defaultBusyTimeout = 5 * time.Second

// DB is an open data file: store and queue in one. It is safe for concurrent use,
// and other processes may have the same file open.
type DB struct {
	o      Options
	reads  *sql.DB
	writer *writer
	wake   *wake

	mu       sync.Mutex
	prepared map[string]*sql.Stmt // of reads, by text
}

// Open opens the data file for a server: it creates the file when there is none,
// with access for this user only, and upgrades one of an older version.
func Open(ctx context.Context, o Options) (*DB, error) {
	o = o.withDefaults()
	if err := create(o.Path); err != nil {
		return nil, o.fail(err)
	}
	if err := o.patiently(ctx, prepareFile); err != nil {
		return nil, o.fail(err)
	}
	return open(ctx, o, serverPool)
}

// OpenExisting opens the data file for a process that lives for one call. It
// neither creates nor upgrades the file, and holds at most two connections.
func OpenExisting(ctx context.Context, o Options) (*DB, error) {
	o = o.withDefaults()
	if _, err := os.Stat(o.Path); errors.Is(err, fs.ErrNotExist) {
		return nil, o.fail(fmt.Errorf("%w: %w", ErrNoFile, err))
	}
	var db *DB
	err := o.patiently(ctx, func(ctx context.Context, o Options) (err error) {
		db, err = open(ctx, o, agentPool)
		return err
	})
	return db, err
}

// pool is how many resources a kind of process takes.
type pool struct {
	readers        int
	readCache      int // KiB of pages, for each reader
	writeCache     int // KiB of pages
	autocheckpoint int // pages of log after which a commit moves them to the file
}

var (
	serverPool = pool{readers: max(4, runtime.GOMAXPROCS(0)), readCache: 8 << 10, writeCache: 64 << 10, autocheckpoint: 4000}
	// An agent leaves moving the log to the server, which is nearly always there.
	agentPool = pool{readers: 1, readCache: 2 << 10, writeCache: 2 << 10, autocheckpoint: 16000}
)

// patience is how long a write stands in line behind other processes' writes.
const patience = time.Second

func open(ctx context.Context, o Options, p pool) (*DB, error) {
	reads, err := o.connections(p.readCache, "query_only(1)")
	if err != nil {
		return nil, o.fail(err)
	}
	reads.SetMaxOpenConns(p.readers)
	reads.SetMaxIdleConns(p.readers)
	if err := checkVersion(ctx, reads, o.Path); err != nil {
		return nil, o.fail(errors.Join(err, reads.Close()))
	}
	connect := func() (*writeConn, error) { return o.connectWriter(ctx, p) }
	turn := turnstile{path: o.Path + "-turn", patience: min(patience, o.BusyTimeout)}
	return &DB{o: o, reads: reads, writer: startWriter(connect, turn), wake: newWake(), prepared: make(map[string]*sql.Stmt)}, nil
}

func checkVersion(ctx context.Context, reads *sql.DB, path string) error {
	conn, err := reads.Conn(ctx)
	if err != nil {
		return translate(err)
	}
	v, err := version(ctx, conn, path)
	if err == nil && v < schemaVersion {
		err = ErrOlderVersion
	}
	return errors.Join(err, conn.Close())
}

// Close writes what is waiting to be written and closes the file.
func (db *DB) Close() error {
	err := db.writer.close()
	return errors.Join(err, translate(db.reads.Close()))
}

func (o Options) withDefaults() Options {
	if abs, err := filepath.Abs(o.Path); err == nil {
		o.Path = abs
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.BusyTimeout == 0 {
		o.BusyTimeout = defaultBusyTimeout
	}
	return o
}

func (o Options) fail(err error) error {
	if newer, ok := errors.AsType[*NewerVersionError](err); ok {
		return newer // it names the path
	}
	return fmt.Errorf("open %s: %w", o.Path, err)
}

// create makes an empty file that only this user may read, because phone numbers
// will be in it; SQLite gives its other files the same mode. A file that is
// there is never opened but by SQLite: closing it would drop SQLite's locks.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return fmt.Errorf("%w: %w", ErrCantOpen, err)
	}
	return f.Close()
}

// patiently does again what finds the file locked, until BusyTimeout is over:
// SQLite's own timeout does not cover the change to WAL mode, nor the moment in
// which another program opens or closes the file.
func (o Options) patiently(ctx context.Context, do func(context.Context, Options) error) error {
	patience := time.NewTimer(o.BusyTimeout)
	defer patience.Stop()
	for {
		err := do(ctx, o)
		if !errors.Is(err, ErrLocked) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-patience.C:
			return err
		case <-time.After(openPause):
		}
	}
}

// openPause is the pause between tries to open a locked file.
const openPause = 20 * time.Millisecond

// prepareFile makes the file one of this program's version, in WAL mode.
func prepareFile(ctx context.Context, o Options) (err error) {
	db, err := o.connections(serverPool.readCache)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return translate(err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := version(ctx, conn, o.Path); err != nil { // before anything is written
		return err
	}
	var mode string
	if err := conn.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode); err != nil {
		return translate(err)
	}
	if mode != "wal" {
		return fmt.Errorf("%w (the file system has no shared memory, as most network ones: use a local disk)", ErrCantOpen)
	}
	return migrate(ctx, conn, o)
}

// connections opens no connection yet: it says how they are opened.
func (o Options) connections(cacheKiB int, pragmas ...string) (*sql.DB, error) {
	query := url.Values{"mode": {"rw"}, "_error_rc": {"1"}, "_dqs": {"0"}, "_pragma": append([]string{
		"busy_timeout(" + strconv.FormatInt(o.BusyTimeout.Milliseconds(), 10) + ")",
		"synchronous(FULL)", // a commit that was answered outlives a loss of power
		"cache_size(-" + strconv.Itoa(cacheKiB) + ")",
		"journal_size_limit(" + strconv.Itoa(64<<20) + ")",
		"temp_store(MEMORY)",
	}, pragmas...)}
	file := url.URL{Scheme: "file", Path: filepath.ToSlash(o.Path), RawQuery: query.Encode()}
	connector, err := driver.NewConnector(file.String())
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}
