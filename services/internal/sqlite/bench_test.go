package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/sqlite"
)

func openBench(b *testing.B) *sqlite.DB {
	b.Helper()
	db, err := sqlite.Open(b.Context(), sqlite.Options{
		Path:     filepath.Join(b.TempDir(), "outdial.db"),
		Capacity: call.Capacity{Limit: 1 << 30, Rate: 1e9},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	return db
}

func newULID() string { return ulid.Make().String() }

func acceptBatch(tb testing.TB, db *sqlite.DB, owner string, rows int) call.Batch {
	tb.Helper()
	change := call.BatchAccepted(call.Batch{
		ID: call.BatchID(newULID()), Owner: owner, Rows: rows, ChunkRows: 1000, TimeLimit: 600,
	}, nil, time.Now())
	if err := db.ApplyBatch(context.Background(), change); err != nil {
		tb.Fatal(err)
	}
	return change.After
}

func rowsFrom(first, n int) []call.Row {
	rows := make([]call.Row, n)
	for i := range rows {
		// Numbers of a list come in no order.
		number := fmt.Sprintf("+1415%07d", (first+i)*7_919_317%10_000_000)
		rows[i] = call.Row{Line: first + i + 2, Number: number, Metadata: map[string]string{"name": "Somebody", "city": "Springfield"}}
	}
	return rows
}

func expand(tb testing.TB, db *sqlite.DB, b call.Batch, slice int) call.Batch {
	tb.Helper()
	change, err := call.BatchExpanded(b, rowsFrom(b.Expanded, slice), time.Now())
	if err != nil {
		tb.Fatal(err)
	}
	if err := db.ApplyBatch(context.Background(), change); err != nil {
		tb.Fatal(err)
	}
	return change.After
}

// live is one call's way from waiting to completed.
func live(ctx context.Context, db *sqlite.DB, id string) error {
	timing := call.DefaultTiming()
	if err := admit(ctx, db, id); err != nil {
		return err
	}
	steps := []func(c call.Call) (call.Change, error){
		func(c call.Call) (call.Change, error) { return call.TaskStarted(c, 1, "task", timing, time.Now()) },
		func(c call.Call) (call.Change, error) { return call.Rang(c, 1, "task", timing, time.Now()) },
		func(c call.Call) (call.Change, error) { return call.Answered(c, 1, "task", timing, time.Now()) },
		func(c call.Call) (call.Change, error) {
			return call.Ended(c, 1, call.Outcome{Status: call.Completed, Dialed: true, Duration: 30}, time.Now())
		},
	}
	for i, step := range steps {
		if i == 1 {
			if _, err := db.TakeClaim(ctx, id, 1, "nonce", "task", time.Now()); err != nil {
				return err
			}
		}
		if i == len(steps)-1 {
			if err := db.NoteOutcome(ctx, id, 1, "nonce", call.Outcome{Status: call.Completed, Dialed: true, Duration: 30}); err != nil {
				return err
			}
		}
		if _, err := call.Update(ctx, db, id, step); err != nil {
			return err
		}
	}
	return nil
}

// admission is one at a time, as in the dispatcher.
var admission sync.Mutex

// admit admits a call, again whenever another process's admission came first.
func admit(ctx context.Context, db *sqlite.DB, id string) error {
	admission.Lock()
	defer admission.Unlock()
	for {
		room, err := db.Capacity(ctx)
		if err != nil {
			return err
		}
		launchAt, admission := room.Admit(time.Now())
		_, err = call.Update(ctx, db, id, func(c call.Call) (call.Change, error) {
			return call.Admitted(c, launchAt, admission, "definition", call.DefaultTiming(), time.Now())
		})
		if err == nil || !call.RefusedFor(err, call.ConditionRate) {
			return err
		}
	}
}

func BenchmarkPutAndReadChunk1000(b *testing.B) {
	db, ctx := openBench(b), context.Background()
	id, rows := call.BatchID(newULID()), rowsFrom(0, 1000)
	for n := 0; b.Loop(); n++ {
		if err := db.PutChunk(ctx, id, n, rows); err != nil {
			b.Fatal(err)
		}
		if _, err := db.Chunk(ctx, id, n); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkReceiveDelete(b *testing.B) {
	db := openBench(b)
	ctx := context.Background()
	messages := make([]queue.Message, queue.MaxBatch)
	for i := range messages {
		messages[i].Body = []byte(`{"call_id":"call_01JABCDEFGHJKMNPQRSTVWXYZ0-000001","attempt":1}`)
	}
	for b.Loop() {
		if err := errors.Join(db.Send(ctx, queue.Calls, messages...)); err != nil {
			b.Fatal(err)
		}
		received, err := db.Receive(ctx, queue.Calls, queue.MaxBatch, time.Minute)
		if err != nil || len(received) != queue.MaxBatch {
			b.Fatal(len(received), err)
		}
		receipts := make([]string, len(received))
		for i, m := range received {
			receipts[i] = m.Receipt
		}
		if err := db.Delete(ctx, queue.Calls, receipts...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*queue.MaxBatch)/b.Elapsed().Seconds(), "messages/s")
}

func BenchmarkOpenExisting(b *testing.B) {
	path := filepath.Join(b.TempDir(), "outdial.db")
	server, err := sqlite.Open(b.Context(), sqlite.Options{Path: path})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	for b.Loop() {
		db, err := sqlite.OpenExisting(b.Context(), sqlite.Options{Path: path})
		if err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
