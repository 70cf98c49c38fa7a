package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// purgeSlice bounds the rows that one transaction deletes.
const purgeSlice = 50

const (
	deleteKeys = `DELETE FROM keys WHERE rowid IN (SELECT rowid FROM keys WHERE expires_at <= ? LIMIT ?+0)`
	// An accepted batch needs its chunks, even when nobody has come to KeepChunks within a day.
	expiredBatch = `SELECT batch_id, EXISTS (SELECT 1 FROM batches WHERE id = batch_id) FROM chunk_expiry
		WHERE expires_at <= ? ORDER BY expires_at LIMIT 1`
	deleteChunks  = `DELETE FROM chunks WHERE rowid IN (SELECT rowid FROM chunks WHERE batch_id = ? LIMIT ?+0)`
	deleteSamples = `DELETE FROM samples WHERE (series, minute) IN (SELECT series, minute FROM samples WHERE minute <= ? LIMIT ?+0)`
	deleteRefused = `DELETE FROM refused WHERE rowid IN (SELECT rowid FROM refused WHERE batch_id = ? LIMIT ?+0)`
)

// Purge deletes what has expired: idempotency keys, samples, and the rows of batches
// that were never accepted. It works in slices, between which other writes go on, and
// gives the number of rows deleted.
func (db *DB) Purge(ctx context.Context, now time.Time) (deleted int, err error) {
	for _, slice := range []func(*tx, int64) (int64, bool, error){purgeKeys, purgeSamples, purgeChunks} {
		for more := true; more; {
			var n int64
			err := db.writer.write(ctx, func(t *tx) (err error) {
				n, more, err = slice(t, unixNano(now))
				return err
			})
			if err != nil {
				return deleted, fmt.Errorf("purge: %w", err)
			}
			deleted += int(n)
		}
	}
	return deleted, nil
}

func purgeKeys(t *tx, now int64) (n int64, more bool, err error) {
	n, err = t.exec(deleteKeys, now, purgeSlice)
	return n, n == purgeSlice, err
}

func purgeSamples(t *tx, now int64) (n int64, more bool, err error) {
	n, err = t.exec(deleteSamples, now-int64(call.SampleKept), purgeSlice)
	return n, n == purgeSlice, err
}

func purgeChunks(t *tx, now int64) (n int64, more bool, err error) {
	var batchID string
	var accepted bool
	found, err := t.get(expiredBatch, []any{now}, &batchID, &accepted)
	if err != nil || !found {
		return 0, false, err
	}
	if !accepted {
		for _, query := range []string{deleteChunks, deleteRefused} {
			if n, err = t.exec(query, batchID, purgeSlice); err != nil || n > 0 {
				return n, true, err
			}
		}
	}
	_, err = t.exec(deleteExpiry, batchID)
	return 0, true, err
}
