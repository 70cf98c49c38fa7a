package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/sqlite"
	"github.com/outdial/outdial/services/internal/storetest"
)

var (
	_ storetest.Store = (*sqlite.DB)(nil)
	_ queue.Queue     = (*sqlite.DB)(nil)
)

func TestStoreDoesWhatEveryStoreDoes(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) storetest.Store { return open(t, sqlite.Options{}) })
}

func TestQueueDoesWhatEveryQueueDoes(t *testing.T) {
	t.Parallel()
	storetest.RunQueue(t, func(t testing.TB, clock *storetest.Clock) queue.Queue {
		return open(t, sqlite.Options{Now: clock.Now})
	})
}

// open gives a data file for one test, by default a new one with plenty of room.
func open(t testing.TB, o sqlite.Options) *sqlite.DB {
	t.Helper()
	if o.Path == "" {
		o.Path = filepath.Join(t.TempDir(), "outdial.db")
	}
	if o.Capacity.Limit == 0 {
		o.Capacity = call.Capacity{Limit: 1000, Rate: 1e6}
	}
	db, err := sqlite.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// create stores a single call.
func create(t testing.TB, db *sqlite.DB) call.Call {
	t.Helper()
	change := call.Created(call.NewCall{ID: call.SingleID(ulid.Make().String()), Owner: "ann", Number: "+493012345678", TimeLimit: 600}, time.Now())
	if err := db.Apply(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	return change.After
}
