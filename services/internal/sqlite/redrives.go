package sqlite

import (
	"context"
	"fmt"

	"github.com/outdial/outdial/services/internal/call"
)

const (
	selectRedrive        = `SELECT record FROM redrives WHERE id = ?`
	selectRedriveVersion = `SELECT version FROM redrives WHERE id = ?`
	insertRedrive        = `INSERT INTO redrives (id, version, due, record) VALUES (?, ?, ?, ?)`
	updateRedrive        = `UPDATE redrives SET version = ?, due = ?, record = ? WHERE id = ?`
)

// Redrive reads a redrive.
func (db *DB) Redrive(ctx context.Context, id string) (call.Redrive, error) {
	var r call.Redrive
	var record []byte
	found, err := db.read(ctx).get(selectRedrive, []any{id}, &record)
	if err != nil {
		return r, fmt.Errorf("read redrive %s: %w", id, err)
	}
	if !found {
		return r, fmt.Errorf("redrive %s: %w", id, call.ErrNotFound)
	}
	return r, decode(record, &r)
}

// ApplyRedrive writes a change of a redrive that reopens no call.
func (db *DB) ApplyRedrive(ctx context.Context, ch call.RedriveChange) error {
	effects := []effect{redriveEffect(ch)}
	if ch.Key != nil {
		effects = append(effects, keyEffect(*ch.Key, ch.After.UpdatedAt))
	}
	return db.write(ctx, effects...)
}

// redriveEffect writes a redrive, if it has the version that the change was made from.
func redriveEffect(ch call.RedriveChange) effect {
	r := ch.After
	return func(t *tx) (func() error, error) {
		record, err := encode(r)
		if err != nil {
			return nil, err
		}
		isNew := ch.Before.Version == 0
		var version int64
		found, err := t.get(selectRedriveVersion, []any{r.ID}, &version)
		switch {
		case err != nil:
			return nil, err
		case isNew && found:
			return nil, call.Refuse(call.ConditionExists)
		case !isNew && version != ch.Before.Version:
			return nil, call.ErrConflict
		}
		return func() error {
			if isNew {
				_, err = t.exec(insertRedrive, r.ID, r.Version, nanos(r.Due), record)
			} else {
				_, err = t.exec(updateRedrive, r.Version, nanos(r.Due), record, r.ID)
			}
			return err
		}, nil
	}
}
