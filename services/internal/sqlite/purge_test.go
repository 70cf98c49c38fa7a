package sqlite_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/sqlite"
	"github.com/outdial/outdial/services/internal/storetest"
)

// upload writes chunks of a batch that is not accepted yet.
func upload(t *testing.T, db *sqlite.DB, id string, chunks int) {
	t.Helper()
	for n := range chunks {
		err := errors.Join(
			db.PutChunk(t.Context(), id, n, []call.Row{{Line: n + 2, Number: "+493012345678"}}),
			db.PutRefused(t.Context(), id, n, []call.RefusedRow{{Line: 1000 + n, Value: "+4…", Code: "phone_number_invalid"}}),
		)
		if err != nil {
			t.Fatal(err)
		}
	}
}

func accept(t *testing.T, db *sqlite.DB, id string, chunks int, now time.Time) {
	t.Helper()
	b := call.Batch{ID: id, Owner: "ann", Rows: chunks, ChunkRows: 1}
	if err := db.ApplyBatch(t.Context(), call.BatchAccepted(b, nil, now)); err != nil {
		t.Fatal(err)
	}
}

// left counts the rows of a batch that are still there.
func left(t *testing.T, db *sqlite.DB, id string, chunks int) (rows, refused int) {
	t.Helper()
	for n := range chunks {
		_, err := db.Chunk(t.Context(), id, n)
		switch {
		case err == nil:
			rows++
		case !errors.Is(err, call.ErrNotFound):
			t.Fatal(err)
		}
	}
	list, err := db.Refused(t.Context(), id, 0, 10*chunks)
	if err != nil {
		t.Fatal(err)
	}
	return rows, len(list)
}

func purge(t *testing.T, db *sqlite.DB, now time.Time) int {
	t.Helper()
	n, err := db.Purge(t.Context(), now)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRowsOfBatchesThatWereNeverAcceptedGoAfterADay(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock()
	db := open(t, sqlite.Options{Now: clock.Now})
	const chunks = 120 // more than one slice
	never, kept, late := call.BatchID(newULID()), call.BatchID(newULID()), call.BatchID(newULID())
	upload(t, db, never, chunks)
	upload(t, db, kept, chunks)
	upload(t, db, late, chunks)
	accept(t, db, kept, chunks, clock.Now())
	if err := db.KeepChunks(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	accept(t, db, late, chunks, clock.Now()) // and nobody comes to KeepChunks

	if n := purge(t, db, clock.Advance(23*time.Hour)); n != 0 {
		t.Errorf("%d rows went within the day", n)
	}
	if n := purge(t, db, clock.Advance(2*time.Hour)); n != 2*chunks {
		t.Errorf("%d rows went after a day, not %d", n, 2*chunks)
	}
	for _, test := range []struct {
		id   string
		want int
	}{{never, 0}, {kept, chunks}, {late, chunks}} {
		if rows, refused := left(t, db, test.id, chunks); rows != test.want || refused != test.want {
			t.Errorf("%s has %d chunks and %d refused rows, not %d", test.id, rows, refused, test.want)
		}
	}
	if n := purge(t, db, clock.Now()); n != 0 {
		t.Errorf("%d rows went at the second time", n)
	}
}

func TestExpiredKeysGo(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock()
	db := open(t, sqlite.Options{Now: clock.Now})
	put := func(name string) {
		t.Helper()
		k := call.IdempotencyKey{Owner: "ann", Key: name, Body: []byte("{}"), ExpiresAt: clock.Now().Add(call.KeyLife)}
		if err := db.PutKey(t.Context(), k, clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 130 { // more than one slice
		put(fmt.Sprint("old ", i))
	}
	clock.Advance(time.Hour)
	put("young")
	if n := purge(t, db, clock.Advance(call.KeyLife-time.Hour)); n != 130 {
		t.Errorf("%d keys went, not 130", n)
	}
	if _, err := db.Key(t.Context(), "ann", "young", clock.Now()); err != nil {
		t.Errorf("a key that has not expired: %v", err)
	}
}

func TestSamplesGoADayAfterTheirWeek(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock()
	db := open(t, sqlite.Options{Now: clock.Now})
	put := func(n int) {
		t.Helper()
		look := call.Samples{
			Capacity: call.CapacitySample{At: clock.Now(), Limit: n},
			Batches:  map[string]call.Counts{"batch_1": {Active: n}},
		}
		before, err := db.LastSamples(t.Context())
		if err == nil {
			err = db.PutSamples(t.Context(), before, look)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	began := clock.Now()
	for n := range 130 { // more than one slice
		put(n)
		clock.Advance(time.Minute)
	}
	clock.Advance(time.Hour)
	put(130)
	if n := purge(t, db, began.Add(call.SampleKept-time.Second)); n != 0 {
		t.Errorf("%d samples went too early", n)
	}
	if n := purge(t, db, began.Add(call.SampleKept+129*time.Minute)); n != 260 {
		t.Errorf("%d samples went, not 260", n)
	}
	room, err := db.CapacitySamples(t.Context(), began, clock.Now().Add(time.Minute))
	if err != nil || len(room) != 1 || room[0].Limit != 130 {
		t.Errorf("left of the capacity: %+v, %v", room, err)
	}
	batch, err := db.BatchSamples(t.Context(), "batch_1", began, clock.Now().Add(time.Minute))
	if err != nil || len(batch) != 1 || batch[0].Counts.Active != 130 {
		t.Errorf("left of the batch: %+v, %v", batch, err)
	}
}
