package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"

	sqlite "modernc.org/sqlite"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/queue"
)

// Snapshot is the data file as it was at one moment, while others go on writing
// to it. It changes no data; SQLite may add the files that it keeps beside the
// data file.
type Snapshot struct{ *DB }

// errSnapshot is the answer to a write.
var errSnapshot = errors.New("a snapshot can't be written")

// OpenSnapshot takes a snapshot of the data file, also of one whose server runs
// or was killed. All reads are of one connection and one transaction, and other
// processes can't make the log shorter while it is open.
func OpenSnapshot(ctx context.Context, path string) (*Snapshot, error) {
	o := Options{Path: path}.withDefaults()
	if _, err := os.Stat(o.Path); errors.Is(err, fs.ErrNotExist) {
		return nil, o.fail(fmt.Errorf("%w: %w", ErrNoFile, err))
	}
	var s *Snapshot
	err := o.patiently(ctx, func(ctx context.Context, o Options) (err error) {
		s, err = o.snapshot(ctx)
		return err
	})
	if err != nil {
		return nil, o.fail(err)
	}
	return s, nil
}

func (o Options) snapshot(ctx context.Context) (*Snapshot, error) {
	query := url.Values{"mode": {"ro"}, "_error_rc": {"1"}, "_dqs": {"0"}, "_pragma": {
		"busy_timeout(" + strconv.FormatInt(o.BusyTimeout.Milliseconds(), 10) + ")", "query_only(1)",
		"cache_size(-" + strconv.Itoa(serverPool.writeCache) + ")", "temp_store(MEMORY)",
	}}
	file := url.URL{Scheme: "file", Path: filepath.ToSlash(o.Path), RawQuery: query.Encode()}
	connector, err := sqlite.NewConnector(file.String())
	if err != nil {
		return nil, err
	}
	reads := sql.OpenDB(&once{Connector: connector})
	reads.SetMaxOpenConns(1)
	if _, err = reads.ExecContext(ctx, "BEGIN"); err == nil { // the first read takes the snapshot
		err = checkVersion(ctx, reads, o.Path)
	}
	if err != nil {
		return nil, errors.Join(translate(err), reads.Close())
	}
	refuse := func() (*writeConn, error) { return nil, errSnapshot }
	return &Snapshot{&DB{o: o, reads: reads, writer: startWriter(refuse, turnstile{}), wake: newWake(), prepared: make(map[string]*sql.Stmt)}}, nil
}

// once connects once: another connection would be of another moment.
type once struct {
	driver.Connector
	connected atomic.Bool
}

// Connect connects, the first time (driver.Connector).
func (o *once) Connect(ctx context.Context) (driver.Conn, error) {
	if o.connected.Swap(true) {
		return nil, errors.New("the snapshot of the data file is gone, because a read of it was interrupted")
	}
	return o.Connector.Connect(ctx)
}

const (
	integrityCheck = `SELECT integrity_check FROM pragma_integrity_check LIMIT 20`
	// Columns that stand beside a record repeat what it says.
	differingCalls = `SELECT id FROM calls WHERE id IS NOT record ->> 'id' OR owner IS NOT record ->> 'owner' OR status IS NOT record ->> 'status'
		OR number IS NOT record ->> 'number' OR version IS NOT record ->> 'version' OR (due IS NULL) IS NOT (record ->> 'due' IS NULL)
		OR (ready_at IS NULL) IS NOT (record ->> 'ready_at' IS NULL)
		OR dead_cause IS NOT CASE status WHEN 'failed' THEN record ->> '$.failure.cause' END LIMIT 20`
	differingBatches = `SELECT id FROM batches WHERE id IS NOT record ->> 'id' OR owner IS NOT record ->> 'owner' OR state IS NOT record ->> 'state'
		OR version IS NOT record ->> 'version' OR (due IS NULL) IS NOT (record ->> 'due' IS NULL) LIMIT 20`
	strayClaims = `SELECT call_id, attempt FROM claims LEFT JOIN calls ON id = call_id
		WHERE id IS NULL OR attempt < 1 OR attempt > record ->> 'attempt' ORDER BY call_id, attempt LIMIT 1000`
	listRedrives = `SELECT id, record FROM redrives WHERE id > ? ORDER BY id LIMIT ?`
	listKeys     = `SELECT owner, key, status, location, expires_at FROM keys WHERE (owner, key) > (?, ?) ORDER BY owner, key LIMIT ?`
	listMessages = `SELECT id, receive_count, sent_at, body FROM messages WHERE queue = ? AND id > ? ORDER BY id LIMIT ?`
)

// Faults are what is wrong with the file itself, and where a record differs from
// the columns beside it, a sentence each.
func (s *Snapshot) Faults(ctx context.Context) ([]string, error) {
	var faults []string
	for _, look := range []struct{ query, sentence string }{
		{integrityCheck, "the data file is damaged: %s"},
		{differingCalls, "call %s: its columns differ from its record, so lists and indexes tell something else than the call"},
		{differingBatches, "batch %s: its columns differ from its record, so lists and indexes tell something else than the batch"},
	} {
		found, err := list(ctx, s.DB, look.query, nil, func(scan func(...any) error) (text string, err error) {
			return text, scan(&text)
		})
		if err != nil {
			return faults, fmt.Errorf("check the file: %w", err)
		}
		for _, text := range found {
			if text != "ok" { // of integrity_check
				faults = append(faults, fmt.Sprintf(look.sentence, text))
			}
		}
	}
	return faults, nil
}

// StrayClaims are the claims of calls, or attempts, that there are none of.
func (s *Snapshot) StrayClaims(ctx context.Context) ([]call.Claim, error) {
	claims, err := list(ctx, s.DB, strayClaims, nil, func(scan func(...any) error) (c call.Claim, err error) {
		return c, scan(&c.CallID, &c.Attempt)
	})
	if err != nil {
		return nil, fmt.Errorf("look for claims of no call: %w", err)
	}
	return claims, nil
}

// Redrives lists redrives in the order of ids, from behind after.
func (s *Snapshot) Redrives(ctx context.Context, after string, limit int) ([]call.Redrive, error) {
	redrives, err := list(ctx, s.DB, listRedrives, []any{after, limit}, decoded[call.Redrive])
	if err != nil {
		return nil, fmt.Errorf("list redrives: %w", err)
	}
	return redrives, nil
}

// Keys lists idempotency keys, also expired ones, without their answers' bodies,
// in the order of owner and key, from behind after.
func (s *Snapshot) Keys(ctx context.Context, after call.IdempotencyKey, limit int) ([]call.IdempotencyKey, error) {
	keys, err := list(ctx, s.DB, listKeys, []any{after.Owner, after.Key, limit}, func(scan func(...any) error) (k call.IdempotencyKey, err error) {
		var expires sql.NullInt64
		err = scan(&k.Owner, &k.Key, &k.Status, &k.Location, &expires)
		k.ExpiresAt = instant(expires)
		return k, err
	})
	if err != nil {
		return nil, fmt.Errorf("list idempotency keys: %w", err)
	}
	return keys, nil
}

// Messages lists the messages of a queue, visible or not, in the order of ids,
// from behind after.
func (s *Snapshot) Messages(ctx context.Context, name queue.Name, after string, limit int) ([]queue.Received, error) {
	id, err := strconv.ParseInt("0"+after, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("list messages of %s: %w", name, err)
	}
	found, err := list(ctx, s.DB, listMessages, []any{string(name), id, limit}, func(scan func(...any) error) (m queue.Received, err error) {
		var sent sql.NullInt64
		err = scan(&m.ID, &m.ReceiveCount, &sent, &m.Body)
		m.SentAt = instant(sent)
		return m, err
	})
	if err != nil {
		return nil, fmt.Errorf("list messages of %s: %w", name, err)
	}
	return found, nil
}
