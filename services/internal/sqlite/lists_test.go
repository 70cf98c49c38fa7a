package sqlite_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/sqlite"
)

// The bounds of a list in time become bounds of ids, in which the time of their
// making stands: a little before the call's own, and for a batch long before its records'.
func TestTimesBoundAListAsTheCallsTellThem(t *testing.T) {
	t.Parallel()
	db := open(t, sqlite.Options{})
	at := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	idAt := func(made time.Time) string { return ulid.MustNew(ulid.Timestamp(made), nil).String() }

	single := call.Created(call.NewCall{ID: call.SingleID(idAt(at.Add(-5 * time.Second))), Owner: "ann", Number: "+493012345678"}, at)
	batch := call.BatchAccepted(call.Batch{ID: call.BatchID(idAt(at.Add(-20 * time.Second))), Owner: "ann", Rows: 1, ChunkRows: 1}, nil, at)
	slice, err := call.BatchExpanded(batch.After, rowsFrom(0, 1), at.Add(5*time.Hour))
	if err := errors.Join(err, db.Apply(t.Context(), single), db.ApplyBatch(t.Context(), batch), db.ApplyBatch(t.Context(), slice)); err != nil {
		t.Fatal(err)
	}
	both := []string{slice.Calls[0].After.ID, single.After.ID}

	for _, test := range []struct {
		name     string
		from, to time.Time
		want     []string
	}{
		{"from their time", at, time.Time{}, both},
		{"from a moment later", at.Add(time.Millisecond), time.Time{}, nil},
		{"to their time", time.Time{}, at, nil},
		{"to a moment later", time.Time{}, at.Add(time.Millisecond), both},
		{"from and to", at, at.Add(time.Millisecond), both},
		{"for ever", time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), both},
	} {
		for _, owner := range []string{"", "ann"} {
			calls, next, err := db.ListCalls(t.Context(), call.Filter{Owner: owner, From: test.from, To: test.to}, call.Page{Limit: 10})
			var ids []string
			for _, c := range calls {
				ids = append(ids, c.ID)
			}
			if err != nil || next != "" || !slices.Equal(ids, test.want) {
				t.Errorf("%s, owner %q: %v, next %q, %v; want %v", test.name, owner, ids, next, err, test.want)
			}
		}
	}
}
