package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// selectDue merges three indexes, so it reads no more than it gives.
const selectDue = `SELECT 'call' AS kind, id, due FROM calls WHERE due <= ?1
	UNION ALL SELECT 'batch', id, due FROM batches WHERE due <= ?1
	UNION ALL SELECT 'redrive', id, due FROM redrives WHERE due <= ?1
	ORDER BY due, id LIMIT ?2+0`

// Due lists what is due at or before the given time, the longest overdue first.
func (db *DB) Due(ctx context.Context, at time.Time, limit int) ([]call.DueItem, error) {
	items, err := list(ctx, db, selectDue, []any{unixNano(at), limit}, func(scan func(...any) error) (i call.DueItem, err error) {
		var kind string
		var due sql.NullInt64
		err = scan(&kind, &i.ID, &due)
		i.Kind, i.Due = call.DueKind(kind), instant(due)
		return i, err
	})
	if err != nil {
		return nil, fmt.Errorf("list what is due: %w", err)
	}
	return items, nil
}
