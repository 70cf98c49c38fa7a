package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// chunkLife is how long the chunks of a batch are kept that is not accepted.
const chunkLife = 24 * time.Hour

const (
	replaceChunk = `INSERT INTO chunks (batch_id, n, rows) VALUES (?, ?, ?)
		ON CONFLICT (batch_id, n) DO UPDATE SET rows = excluded.rows`
	selectChunk    = `SELECT rows FROM chunks WHERE batch_id = ? AND n = ?`
	replaceRefused = `INSERT INTO refused (batch_id, n, last_line, rows) VALUES (?, ?, ?, ?)
		ON CONFLICT (batch_id, n) DO UPDATE SET last_line = excluded.last_line, rows = excluded.rows`
	selectRefused = `SELECT rows FROM refused WHERE batch_id = ? AND last_line > ? ORDER BY n LIMIT ?+0`
	replaceExpiry = `REPLACE INTO chunk_expiry (batch_id, expires_at) VALUES (?, ?)`
	deleteExpiry  = `DELETE FROM chunk_expiry WHERE batch_id = ?`
)

// PutChunk writes the n-th chunk of a batch's accepted rows.
func (db *DB) PutChunk(ctx context.Context, batchID string, n int, rows []call.Row) error {
	blob, err := deflate(rows)
	if err != nil {
		return err
	}
	return db.writeChunk(ctx, batchID, replaceChunk, batchID, n, blob)
}

// PutRefused writes the n-th chunk of a batch's refused rows, which are in the order of lines.
func (db *DB) PutRefused(ctx context.Context, batchID string, n int, rows []call.RefusedRow) error {
	if len(rows) == 0 {
		return nil
	}
	blob, err := deflate(rows)
	if err != nil {
		return err
	}
	return db.writeChunk(ctx, batchID, replaceRefused, batchID, n, rows[len(rows)-1].Line, blob)
}

func (db *DB) writeChunk(ctx context.Context, batchID, query string, args ...any) error {
	expires := db.o.Now().Add(chunkLife)
	return db.write(ctx, func(t *tx) (func() error, error) {
		return func() error {
			if _, err := t.exec(query, args...); err != nil {
				return err
			}
			_, err := t.exec(replaceExpiry, batchID, nanos(expires))
			return err
		}, nil
	})
}

// Chunk reads the n-th chunk of a batch's accepted rows.
func (db *DB) Chunk(ctx context.Context, batchID string, n int) ([]call.Row, error) {
	var blob []byte
	found, err := db.read(ctx).get(selectChunk, []any{batchID, n}, &blob)
	if err != nil {
		return nil, fmt.Errorf("read chunk %d of batch %s: %w", n, batchID, err)
	}
	if !found {
		return nil, fmt.Errorf("chunk %d of batch %s: %w", n, batchID, call.ErrNotFound)
	}
	return inflate[call.Row](blob)
}

// Refused lists refused rows whose line is above after, in the order of lines.
func (db *DB) Refused(ctx context.Context, batchID string, after, limit int) ([]call.RefusedRow, error) {
	var refused []call.RefusedRow
	for len(refused) < limit {
		// One chunk at a time: most pages lie in one, and a chunk is large.
		chunks, err := list(ctx, db, selectRefused, []any{batchID, after, 1}, scanRefused)
		if err != nil {
			return nil, fmt.Errorf("list refused rows of batch %s: %w", batchID, err)
		}
		if len(chunks) == 0 {
			break
		}
		for _, row := range chunks[0] {
			if row.Line > after && len(refused) < limit {
				refused = append(refused, row)
			}
		}
		after = max(after, chunks[0][len(chunks[0])-1].Line)
	}
	return refused, nil
}

func scanRefused(scan func(dest ...any) error) ([]call.RefusedRow, error) {
	var blob []byte
	if err := scan(&blob); err != nil {
		return nil, err
	}
	return inflate[call.RefusedRow](blob)
}

// KeepChunks takes the expiry off all chunks of a batch.
func (db *DB) KeepChunks(ctx context.Context, batchID string) error {
	return db.write(ctx, func(t *tx) (func() error, error) {
		return func() error {
			_, err := t.exec(deleteExpiry, batchID)
			return err
		}, nil
	})
}
