package sqlite

import (
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// plan asks SQLite how it would answer a query.
func plan(t *testing.T, db *DB, query string, args []any) string {
	t.Helper()
	steps, err := list(t.Context(), db, "EXPLAIN QUERY PLAN "+query, args, func(scan func(...any) error) (step string, err error) {
		var id, parent, unused int
		return step, scan(&id, &parent, &unused, &step)
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return strings.Join(steps, "\n")
}

// Each of these is asked while calls run, so it must not cost more the more calls
// there are: it goes through an index that is in the order that is asked for.
func TestHotQueriesReadNoMoreThanTheyGive(t *testing.T) {
	t.Parallel()
	db := openFile(t, Options{})
	for _, test := range []struct {
		query string
		args  []any
		index string
	}{
		{selectCall, []any{"call"}, "calls_by_id (id=?)"},
		{selectVersion, []any{"call"}, "calls_by_id (id=?)"},
		{updateCall, []any{1, 1, 1, "", "", 1}, "INTEGER PRIMARY KEY (rowid=?)"},
		{moveCall, []any{1, 1, 1, "", "", "", 1}, "INTEGER PRIMARY KEY (rowid=?)"},
		{selectClaim, []any{"call", 1}, "PRIMARY KEY (call_id=? AND attempt=?)"},
		{takeClaim, []any{"", "", "", 1, "call", 1}, "PRIMARY KEY (call_id=? AND attempt=?)"},
		{selectLane, []any{"ann", ""}, "PRIMARY KEY (owner=? AND batch_id=?)"},
		{selectTurn, []any{"ann"}, "PRIMARY KEY (owner=?)"},
		{nextTurns, []any{10}, "SCAN turns USING INDEX turns_in_turn"},
		{nextLanes, []any{"ann", 10}, "lanes_in_turn (owner=?)"},
		{nextReadyCalls, []any{"lane", 10}, "COVERING INDEX calls_ready (lane=?"},
		{waitingLanes, nil, "SCAN lanes USING INDEX lanes_waiting"},
		{selectCapacity, nil, "INTEGER PRIMARY KEY (rowid=?)"},
		{selectBatchVersion, []any{"batch"}, "sqlite_autoindex_batches_1 (id=?)"},
		{selectCounts, []any{"batch"}, "PRIMARY KEY (batch_id=?)"},
		{selectChunk, []any{"batch", 1}, "sqlite_autoindex_chunks_1 (batch_id=? AND n=?)"},
		{selectRefused, []any{"batch", 1, 1}, "sqlite_autoindex_refused_1 (batch_id=?)"},
		{selectDue, []any{1, 10}, "COVERING INDEX calls_due (due<?)"},
		{selectDue, []any{1, 10}, "COVERING INDEX batches_due (due<?)"},
		{selectDue, []any{1, 10}, "COVERING INDEX redrives_due (due<?)"},
		{keyTaken, []any{"ann", "key", 1}, "sqlite_autoindex_keys_1 (owner=? AND key=?)"},
		{deleteKeys, []any{1, 10}, "keys_by_expiry (expires_at<?)"},
		{deleteSamples, []any{1, 10}, "COVERING INDEX samples_by_minute (minute<?)"},
		{selectSamples, []any{"capacity", 2, "capacity", 1}, "PRIMARY KEY (series=? AND minute>? AND minute<?)"},
		{selectActive, nil, "COVERING INDEX calls_by_status (status=?)"},
		{expiredBatch, []any{1}, "chunk_expiry_by_time (expires_at<?)"},
		{visibleMessages, []any{"calls", 1, 10}, "messages_visible (queue=? AND visible_at<?)"},
		{nextVisible, []any{"calls"}, "messages_visible (queue=?)"},
		{deleteMessage, []any{1, "calls", 1}, "INTEGER PRIMARY KEY (rowid=?)"},
	} {
		explain(t, db, test.query, test.args, test.index)
	}
}

func TestListsReadNoMoreThanTheirPage(t *testing.T) {
	t.Parallel()
	db := openFile(t, Options{})
	busy := []call.Status{call.Busy}
	several := []call.Status{call.Busy, call.NoAnswer, call.Failed}
	for _, test := range []struct {
		filter call.Filter
		index  string
	}{
		{call.Filter{}, "calls_by_id (id>? AND id<?)"},
		{call.Filter{From: now, To: now}, "calls_by_id (id>? AND id<?)"},
		{call.Filter{BatchID: "batch_1"}, "calls_by_id (id>? AND id<?)"},
		{call.Filter{Owner: "ann", BatchID: "batch_1"}, "calls_by_id (id>? AND id<?)"},
		{call.Filter{Owner: "ann"}, "calls_by_owner (owner=? AND status=? AND id>? AND id<?)"},
		{call.Filter{Owner: "ann", Statuses: busy}, "calls_by_owner (owner=? AND status=? AND id>? AND id<?)"},
		{call.Filter{Owner: "ann", Statuses: several, From: now}, "calls_by_owner (owner=? AND status=? AND id>? AND id<?)"},
		{call.Filter{Owner: "ann", Statuses: several, BatchID: "batch_1"}, "calls_by_owner (owner=? AND status=? AND id>? AND id<?)"},
		{call.Filter{Statuses: busy}, "calls_by_status (status=? AND id>? AND id<?)"},
		{call.Filter{Statuses: several}, "calls_by_status (status=? AND id>? AND id<?)"},
	} {
		for _, desc := range []bool{false, true} {
			query, args := callsQuery(test.filter, call.Page{After: "call_1", Limit: 50, Desc: desc})
			explain(t, db, query, args, test.index)
		}
	}
	for _, test := range []struct {
		filter call.DeadLetterFilter
		index  string
	}{
		{call.DeadLetterFilter{}, "calls_dead (id>? AND id<?)"},
		{call.DeadLetterFilter{Cause: call.CauseLaunchRefused}, "calls_dead (id>? AND id<?)"},
		{call.DeadLetterFilter{Owner: "ann"}, "calls_dead_by_owner (owner=? AND id>? AND id<?)"},
		{call.DeadLetterFilter{BatchID: "batch_1"}, "calls_dead (id>? AND id<?)"},
	} {
		query, args := deadLettersQuery(test.filter, call.Page{Limit: 50, Desc: true})
		explain(t, db, query, args, test.index)
	}
	of, within := deadLettersQuery(call.DeadLetterFilter{BatchID: "batch_1"}, call.Page{Limit: 50})
	if within[0] != "call_1-" || within[1] != "call_1-~" {
		t.Errorf("dead letters of a batch are looked for from %v to %v, by %s", within[0], within[1], of)
	}
	query, args := batchesQuery("ann", call.Page{Limit: 50, Desc: true})
	explain(t, db, query, args, "batches_by_owner (owner=? AND id>? AND id<?)")
	query, args = batchesQuery("", call.Page{Limit: 50, Desc: true})
	explain(t, db, query, args, "sqlite_autoindex_batches_1 (id>? AND id<?)")
}

// The calls of one number are few: they are found by index, and sorted.
func TestCallsOfANumberAreFoundByIndex(t *testing.T) {
	t.Parallel()
	db := openFile(t, Options{})
	query, args := callsQuery(call.Filter{Owner: "ann", Number: "+493012345678", Statuses: []call.Status{call.Busy}, From: now.Add(-time.Hour)}, call.Page{Limit: 50})
	if p := plan(t, db, query, args); !strings.Contains(p, "calls_by_number (number=?)") || strings.Contains(p, "SCAN") {
		t.Errorf("plan:\n%s", p)
	}
}

// explain checks that a query uses an index, sorts nothing and reads no table through.
func explain(t *testing.T, db *DB, query string, args []any, index string) {
	t.Helper()
	p := plan(t, db, query, args)
	scans := strings.Count(p, "SCAN")
	if strings.HasPrefix(index, "SCAN") { // of a partial index that holds nothing but what is asked for
		scans--
	}
	if !strings.Contains(p, index) || strings.Contains(p, "TEMP B-TREE") || scans > 0 {
		t.Errorf("%s\nuses:\n%s\nnot only: %s", query, p, index)
	}
}
