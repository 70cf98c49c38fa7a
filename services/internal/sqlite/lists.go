package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/outdial/outdial/services/internal/call"
)

// ListCalls gives the calls that match, in the order of ids, and the cursor of
// the next page.
//
// Each status of an owner is a range of an index in the order of ids. A list of
// several statuses, or of all, merges their ranges, so that no page costs more
// than its own rows however many calls there are. Batches and times are bounds
// of the ids.
func (db *DB) ListCalls(ctx context.Context, f call.Filter, p call.Page) ([]call.Call, string, error) {
	query, args := callsQuery(f, p)
	calls, err := list(ctx, db, query, args, decoded[call.Call])
	if err != nil {
		return nil, "", fmt.Errorf("list calls: %w", err)
	}
	calls, next := page(calls, p, func(c call.Call) string { return c.ID })
	return calls, next, nil
}

func callsQuery(f call.Filter, p call.Page) (string, []any) {
	where, args := conditions(f, idBounds(f).after(p))
	tail := " ORDER BY id" + direction(p) + " LIMIT ?+0"
	if f.Number != "" {
		// The index of numbers has no ids: find the rows of the page without their records first.
		where, args = numberConditions(f, where, args)
		return "SELECT id, record FROM calls WHERE rowid IN (SELECT rowid FROM calls INDEXED BY calls_by_number WHERE " + where + tail +
			") ORDER BY id" + direction(p), append(args, p.Limit+1)
	}
	statuses := f.Statuses
	if len(statuses) == 0 && (f.Owner == "" || f.BatchID != "") {
		return "SELECT id, record FROM calls INDEXED BY calls_by_id WHERE " + where + tail, append(args, p.Limit+1)
	}
	if len(statuses) == 0 {
		statuses = call.Statuses
	}
	index := "calls_by_owner"
	if f.Owner == "" {
		index = "calls_by_status"
	}
	var arms []string
	var all []any
	for _, status := range slices.Compact(slices.Sorted(slices.Values(statuses))) {
		arms = append(arms, "SELECT id, record FROM calls INDEXED BY "+index+" WHERE status = ? AND "+where)
		all = append(append(all, string(status)), args...)
	}
	return strings.Join(arms, " UNION ALL ") + tail, append(all, p.Limit+1)
}

// conditions are those of every list: their text depends only on which fields
// of the filter are set, so that the prepared statements are few.
func conditions(f call.Filter, b bounds) (string, []any) {
	where := "id > ? AND id < ?"
	args := []any{b.above, b.below}
	if f.Owner != "" {
		where += " AND owner = ?"
		args = append(args, f.Owner)
	}
	if f.BatchID != "" {
		where += " AND lane = ?"
		args = append(args, f.BatchID)
	}
	if !f.From.IsZero() {
		where += " AND created_at >= ?"
		args = append(args, unixNano(f.From))
	}
	if !f.To.IsZero() {
		where += " AND created_at < ?"
		args = append(args, unixNano(f.To))
	}
	return where, args
}

func numberConditions(f call.Filter, where string, args []any) (string, []any) {
	where, args = "number = ? AND "+where, append([]any{f.Number}, args...)
	if len(f.Statuses) > 0 {
		where += " AND status IN (?" + strings.Repeat(", ?", len(f.Statuses)-1) + ")"
		for _, s := range f.Statuses {
			args = append(args, string(s))
		}
	}
	return where, args
}

// bounds are the ids between which a list lies, both exclusive.
type bounds struct{ above, below string }

// highest sorts behind every id.
const highest = "~"

func (b bounds) narrow(above, below string) bounds {
	return bounds{max(b.above, above), min(b.below, below)}
}

// after are the bounds of what stands behind the page's cursor.
func (b bounds) after(p call.Page) bounds {
	switch {
	case p.After == "":
		return b
	case p.Desc:
		return b.narrow("", p.After)
	}
	return b.narrow(p.After, highest)
}

// clockSlack is how far the time in an id may be from the call's time of
// creation: the id is made first, and the calls of a batch have the batch's.
const clockSlack = time.Minute

// idBounds are the bounds that batch and times put on ids: those of a batch's
// calls begin with the batch's ULID, and every ULID begins with its time.
func idBounds(f call.Filter) bounds {
	b := bounds{"", highest}
	if f.BatchID != "" {
		first := strings.TrimRight(call.BatchCallID(f.BatchID, 0), "0")
		b = b.narrow(first, first+highest)
	}
	if !f.From.IsZero() {
		b = b.narrow(call.SingleID(ulidTime(f.From.Add(-clockSlack))), highest)
	}
	if !f.To.IsZero() {
		b = b.narrow("", call.SingleID(ulidTime(f.To.Add(clockSlack))))
	}
	return b
}

// ulidTime is how the ULIDs of a time begin.
func ulidTime(t time.Time) string {
	var u ulid.ULID
	ms := min(max(t.UnixMilli(), 0), int64(ulid.MaxTime()))
	if err := u.SetTime(uint64(ms)); err != nil {
		return ""
	}
	return u.String()[:10]
}

// ListDeadLetters gives the dead-lettered calls that match, in the order of ids.
func (db *DB) ListDeadLetters(ctx context.Context, f call.DeadLetterFilter, p call.Page) ([]call.Call, string, error) {
	query, args := deadLettersQuery(f, p)
	calls, err := list(ctx, db, query, args, decoded[call.Call])
	if err != nil {
		return nil, "", fmt.Errorf("list dead letters: %w", err)
	}
	calls, next := page(calls, p, func(c call.Call) string { return c.ID })
	return calls, next, nil
}

func deadLettersQuery(f call.DeadLetterFilter, p call.Page) (string, []any) {
	index := "calls_dead"
	of := call.Filter{Owner: f.Owner, BatchID: f.BatchID}
	where, args := conditions(of, idBounds(of).after(p))
	if f.Owner != "" {
		index = "calls_dead_by_owner"
	}
	if f.Cause != "" {
		where += " AND dead_cause = ?"
		args = append(args, string(f.Cause))
	}
	return "SELECT id, record FROM calls INDEXED BY " + index + " WHERE dead_cause IS NOT NULL AND " + where +
		" ORDER BY id" + direction(p) + " LIMIT ?+0", append(args, p.Limit+1)
}

func direction(p call.Page) string {
	if p.Desc {
		return " DESC"
	}
	return ""
}

// page cuts what was read, one more than asked for, and gives the next page's cursor.
func page[T any](items []T, p call.Page, id func(T) string) ([]T, string) {
	if len(items) <= p.Limit {
		return items, ""
	}
	items = items[:p.Limit]
	if len(items) == 0 {
		return items, p.After
	}
	return items, id(items[p.Limit-1])
}
