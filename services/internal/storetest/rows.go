package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

var rowTests = []test{
	{"a chunk is read as it was written, with every field", chunkReadsBack},
	{"a chunk that was never written is not found", chunkNotFound},
	{"a chunk may be written again before its batch is accepted", chunkAgain},
	{"chunks that are kept read as before", keptChunks},
	{"a large chunk is kept whole", largeChunk},
	{"refused rows are listed in the order of lines, from any line on", refusedRows},
}

func chunkReadsBack(t *testing.T, open Opener) {
	f := newFixture(t, open)
	now := f.tick()
	rows := []call.Row{
		{Line: 2, Number: "+493012345678"},
		{
			Line: 7, Number: "+33123456789", Metadata: map[string]string{"name": "Zoë", "note": ""},
			NotBefore: now.Add(time.Hour), LastStart: now.Add(2 * time.Hour),
			Retry: &call.RetryPolicy{MaxDials: 3, Delay: 90 * time.Second, On: []call.Status{call.Busy, call.NoAnswer}},
		},
	}
	must(t, f.store.PutChunk(f.ctx, "batch_1", 1, rows))
	got, err := f.store.Chunk(f.ctx, "batch_1", 1)
	must(t, err)
	same(t, "the chunk", got, rows)
}

func chunkNotFound(t *testing.T, open Opener) {
	f := newFixture(t, open)
	must(t, f.store.PutChunk(f.ctx, "batch_1", 1, f.rows(1)))
	for _, one := range []struct {
		batch string
		n     int
	}{{"batch_1", 0}, {"batch_1", 2}, {"batch_2", 1}} {
		if rows, err := f.store.Chunk(f.ctx, one.batch, one.n); !is(call.ErrNotFound)(err) {
			t.Errorf("chunk %d of %s: %v, %v, not ErrNotFound", one.n, one.batch, rows, err)
		}
	}
}

// chunkAgain: a request that is repeated writes its rows again.
func chunkAgain(t *testing.T, open Opener) {
	f := newFixture(t, open)
	must(t, f.store.PutChunk(f.ctx, "batch_1", 0, f.rows(3)))
	must(t, f.store.PutChunk(f.ctx, "batch_1", 0, f.rows(2)))
	got, err := f.store.Chunk(f.ctx, "batch_1", 0)
	must(t, err)
	same(t, "the chunk", got, f.rows(2))

	refused := []call.RefusedRow{{Line: 4, Value: "12", Code: "phone_number_invalid", Message: "Too short."}}
	must(t, f.store.PutRefused(f.ctx, "batch_1", 0, refused))
	must(t, f.store.PutRefused(f.ctx, "batch_1", 0, refused))
	listed, err := f.store.Refused(f.ctx, "batch_1", 0, many)
	must(t, err)
	same(t, "the refused rows", listed, refused)
}

func keptChunks(t *testing.T, open Opener) {
	f := newFixture(t, open)
	for n := range 30 {
		must(t, f.store.PutChunk(f.ctx, "batch_1", n, []call.Row{{Line: n + 1, Number: fmt.Sprintf("+4930%06d", n)}}))
	}
	must(t, f.store.PutChunk(f.ctx, "batch_2", 0, f.rows(1)))
	for range 2 { // an expansion whose first slice is repeated keeps them again
		must(t, f.store.KeepChunks(f.ctx, "batch_1"))
	}
	for n := range 30 {
		rows, err := f.store.Chunk(f.ctx, "batch_1", n)
		must(t, err)
		same(t, "the chunk", rows, []call.Row{{Line: n + 1, Number: fmt.Sprintf("+4930%06d", n)}})
	}
}

func largeChunk(t *testing.T, open Opener) {
	f := newFixture(t, open)
	rows := f.rows(1000)
	for i := range rows {
		rows[i].Metadata = map[string]string{"n": fmt.Sprint(i), "text": "a text of some length for each row"}
	}
	must(t, f.store.PutChunk(f.ctx, "batch_1", 0, rows))
	got, err := f.store.Chunk(f.ctx, "batch_1", 0)
	must(t, err)
	same(t, "the chunk", got, rows)
}

func refusedRows(t *testing.T, open Opener) {
	f := newFixture(t, open)
	var want []call.RefusedRow
	for n := range 3 {
		var chunk []call.RefusedRow
		for i := range 4 {
			line := 2 + 10*(4*n+i)
			chunk = append(chunk, call.RefusedRow{Line: line, Value: "+49…99", Code: "duplicate_number", Message: "Zweimal „+49…99“."})
		}
		want = append(want, chunk...)
	}
	for _, n := range []int{2, 0, 1} {
		must(t, f.store.PutRefused(f.ctx, "batch_1", n, want[4*n:4*n+4]))
	}
	must(t, f.store.PutRefused(f.ctx, "batch_2", 0, []call.RefusedRow{{Line: 5, Code: "duplicate_number"}}))
	for _, one := range []struct {
		name         string
		after, limit int
		want         []call.RefusedRow
	}{
		{"all", 0, many, want},
		{"the first five, over the end of a chunk", 0, 5, want[:5]},
		{"those behind a refused line", want[4].Line, 5, want[5:10]},
		{"those behind a line that was accepted", want[4].Line + 1, 3, want[5:8]},
		{"exactly the rest", want[9].Line, 2, want[10:]},
		{"those behind the last", want[11].Line, 5, nil},
	} {
		got, err := f.store.Refused(f.ctx, "batch_1", one.after, one.limit)
		must(t, err)
		same(t, one.name, got, one.want)
	}
	none, err := f.store.Refused(f.ctx, "batch_none", 0, many)
	must(t, err)
	same(t, "those of a batch without any", none, []call.RefusedRow(nil))
}
