package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

const (
	selectKey = `SELECT fingerprint, status, location, expires_at, body FROM keys WHERE owner = ? AND key = ? AND expires_at > ?`
	keyTaken  = `SELECT 1 FROM keys WHERE owner = ? AND key = ? AND expires_at > ?`
	// replaceKey takes the place of a key that has expired.
	replaceKey = `INSERT INTO keys (owner, key, fingerprint, status, location, expires_at, body) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (owner, key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status,
			location = excluded.location, expires_at = excluded.expires_at, body = excluded.body`
)

// Key reads a key that has not expired at now.
func (db *DB) Key(ctx context.Context, owner, key string, now time.Time) (call.IdempotencyKey, error) {
	k := call.IdempotencyKey{Owner: owner, Key: key}
	var expires sql.NullInt64
	found, err := db.read(ctx).get(selectKey, []any{owner, key, unixNano(now)}, &k.Fingerprint, &k.Status, &k.Location, &expires, &k.Body)
	if err != nil {
		return k, fmt.Errorf("read an idempotency key: %w", err)
	}
	if !found {
		return k, fmt.Errorf("idempotency key: %w", call.ErrNotFound)
	}
	k.ExpiresAt = instant(expires)
	return k, nil
}

// PutKey writes a key, unless there is one that has not expired at now.
func (db *DB) PutKey(ctx context.Context, k call.IdempotencyKey, now time.Time) error {
	return db.write(ctx, keyEffect(k, now))
}

func keyEffect(k call.IdempotencyKey, now time.Time) effect {
	return func(t *tx) (func() error, error) {
		var one int
		taken, err := t.get(keyTaken, []any{k.Owner, k.Key, unixNano(now)}, &one)
		if err != nil {
			return nil, err
		}
		if taken {
			return nil, call.Refuse(call.ConditionKey)
		}
		return func() error {
			body := k.Body
			if body == nil {
				body = []byte{} // NULL otherwise
			}
			_, err := t.exec(replaceKey, k.Owner, k.Key, k.Fingerprint, k.Status, k.Location, unixNano(k.ExpiresAt), body)
			return err
		}, nil
	}
}
