package intake_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/intake"
)

var threeRows = intake.BatchRequest{
	Name: "March", Region: "GB",
	Agent:    intake.AgentSettings{Voice: "marin"},
	Metadata: map[string]string{"campaign": "march", "kind": "first"},
	Rows: []intake.Row{
		{PhoneNumber: "020 7946 0958", Metadata: map[string]string{"kind": "second"}},
		{PhoneNumber: "999"},
		{PhoneNumber: "0152 28817386", Region: "de"},
		{PhoneNumber: "+1 202 555 0143"},
		{},
	},
}

func TestAcceptedBatchIsDueWithItsRowsInChunks(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.Limits.ChunkRows = 2
	a, err := b.SubmitBatch(t.Context(), owner, threeRows, batchKey("k", "f"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"refused 0", "chunk 0", "chunk 1", "batch", "look"}
	if !slices.Equal(b.ports.writes, want) {
		t.Errorf("wrote %v, want %v: rows first, and the batch when all are there", b.ports.writes, want)
	}
	stored, err := b.store.Batch(t.Context(), a.Value.Batch.ID)
	if err != nil {
		t.Fatal(err)
	}
	if stored.Owner != owner || stored.Name != "March" || stored.State != call.StateActive || stored.Rows != 3 || stored.Refused != 2 ||
		stored.ChunkRows != 2 || stored.TimeLimit != 600 || stored.Settings.Voice != "marin" || !stored.Due.Equal(noon) {
		t.Errorf("stored %+v", stored)
	}
	if n := stored.RefusedByCode; len(n) != 2 || n[intake.CodeNumberNotCallable] != 1 || n[intake.CodePhoneNumberMissing] != 1 {
		t.Errorf("refused %v", n)
	}
	if counts, err := b.store.BatchCounts(t.Context(), stored.ID); err != nil || counts != (call.Counts{Waiting: 3}) {
		t.Errorf("counts %+v, error %v", counts, err)
	}
	rows := []string{
		"1 " + ada + " campaign=march kind=second",
		"3 " + juri + " campaign=march kind=first",
		"4 " + grace + " campaign=march kind=first",
	}
	if got := lines(b.rows(t, stored)); !slices.Equal(got, rows) {
		t.Errorf("stored rows %q, want %q", got, rows)
	}
	refused, err := b.store.Refused(t.Context(), stored.ID, 0, 10)
	if err != nil || !slices.Equal(refused, a.Value.RefusedRows) || !slices.Equal(refusals(refused), []string{"2 number_not_callable", "5 phone_number_missing"}) {
		t.Errorf("stored refused rows %v, answered %v, error %v", refused, a.Value.RefusedRows, err)
	}
	if a.Kept == nil || string(a.Kept.Body) != stored.ID || a.Replayed {
		t.Errorf("kept %+v, replayed %t", a.Kept, a.Replayed)
	}
	if again, err := b.SubmitBatch(t.Context(), owner, threeRows, batchKey("k", "f")); err != nil || !again.Replayed || string(again.Kept.Body) != stored.ID {
		t.Errorf("again: %+v, error %v", again, err)
	}
	if _, err := b.SubmitBatch(t.Context(), owner, threeRows, batchKey("k", "other")); !errors.Is(err, intake.ErrIdempotencyConflict) {
		t.Errorf("another list with the same key: error %v", err)
	}
	if !slices.Equal(b.ports.writes, want) {
		t.Errorf("the repeats wrote %v", b.ports.writes[len(want):])
	}
}

func TestDryRunFindsTheSameAndStoresNothing(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	r := threeRows
	r.DryRun = true
	a, err := b.SubmitBatch(t.Context(), owner, r, batchKey("k", "f"))
	if err != nil {
		t.Fatal(err)
	}
	got := a.Value
	if got.Batch.ID != "" || got.Batch.Rows != 3 || got.Batch.Refused != 2 || len(got.Batch.RefusedByCode) != 2 || len(got.RefusedRows) != 2 || a.Kept != nil {
		t.Errorf("got %+v", a)
	}
	if len(b.ports.writes) > 0 {
		t.Errorf("wrote %v", b.ports.writes)
	}
}

func TestListWithoutAGoodRowIsRefusedWithItsRows(t *testing.T) {
	t.Parallel()
	r := intake.BatchRequest{CSVBody: true, CSV: []byte("phone\n112\n\n" + strings.Repeat("n/a\n", 1_500))}
	b := newBundle(t)
	_, err := b.SubmitBatch(t.Context(), owner, r, nil)
	got := problems(t, err)
	if got[0].Code != intake.CodeNoCallableRows || got[0].Field != "body" || !strings.Contains(got[0].Detail, "1,501 rows") {
		t.Errorf("got %+v", got[0])
	}
	if len(got) != 101 || got[1].Row != 2 || got[1].Code != intake.CodeNumberNotCallable || got[2].Row != 4 || got[2].Code != intake.CodePhoneNumberInvalid {
		t.Errorf("got %d problems, the first rows %+v", len(got), got[1:3])
	}
	if len(b.ports.writes) > 0 {
		t.Errorf("wrote %v", b.ports.writes)
	}
	_, err = b.SubmitBatch(t.Context(), owner, intake.BatchRequest{Rows: []intake.Row{{}}}, nil)
	if got := problems(t, err); len(got) != 2 || got[0].Detail != "The only row is refused; errors has the reason." || got[1].Field != "/rows" || got[1].Row != 1 {
		t.Errorf("of one row: %+v", got)
	}
	r.DryRun = true
	a, err := b.SubmitBatch(t.Context(), owner, r, nil)
	if err != nil || a.Value.Batch.Rows != 0 || a.Value.Batch.Refused != 1_501 || len(a.Value.RefusedRows) != 1_000 {
		t.Errorf("a dry run: %d rows, %d refused, %d of them shown, error %v", a.Value.Batch.Rows, a.Value.Batch.Refused, len(a.Value.RefusedRows), err)
	}
}

func TestBatchWhoseStoreAnswersBadly(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		fail, lose func(string) error
		want       error
		batches    int
		looks      int
	}{
		{"a chunk of rows fails in the middle", times(1, "chunk 1", errDisk), nil, errDisk, 0, 0},
		{"a chunk of refused rows fails", times(1, "refused 0", errDisk), nil, errDisk, 0, 0},
		{"a chunk is unclear and written again", times(1, "chunk 1", call.ErrUnclear), times(1, "chunk 0", call.ErrUnclear), nil, 1, 1},
		{"a chunk is unclear every time", times(99, "chunk 1", call.ErrUnclear), nil, call.ErrUnclear, 0, 0},
		{"the batch fails", times(1, "batch", errDisk), nil, errDisk, 0, 0},
		{"the batch is unclear, though it was stored", nil, times(1, "batch", call.ErrUnclear), nil, 1, 1},
		{"the batch is unclear, and it was not stored", times(1, "batch", call.ErrUnclear), nil, nil, 1, 1},
		{"the batch is unclear every time", times(99, "batch", call.ErrUnclear), nil, call.ErrUnclear, 0, 0},
		{"the tracker can't be told", times(1, "look", errDisk), nil, nil, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			b.Limits.ChunkRows = 1
			b.ports.fail, b.ports.lose = tt.fail, tt.lose
			a, err := b.SubmitBatch(t.Context(), owner, threeRows, batchKey("k", "f"))
			if !errors.Is(err, tt.want) {
				t.Errorf("got error %v, want %v", err, tt.want)
			}
			if batches := len(b.batches(t)); batches != tt.batches || b.ports.looks != tt.looks {
				t.Errorf("%d batches and %d looks, want %d and %d", batches, b.ports.looks, tt.batches, tt.looks)
			}
			if err == nil && len(b.rows(t, a.Value.Batch)) != 3 {
				t.Error("the rows are not all there")
			}
		})
	}
}

func TestSameListFiftyTimesAtOnceIsOneBatch(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	var all sync.WaitGroup
	answers := make([]string, 50)
	for i := range answers {
		all.Go(func() {
			a, err := b.SubmitBatch(context.Background(), owner, threeRows, batchKey("k", "f"))
			if err != nil {
				answers[i] = err.Error()
				return
			}
			answers[i] = string(a.Kept.Body)
		})
	}
	all.Wait()
	batches := b.batches(t)
	if len(batches) != 1 {
		t.Fatalf("stored %d batches", len(batches))
	}
	for i, answer := range answers {
		if answer != batches[0].ID {
			t.Errorf("answer %d is %q, want %q", i, answer, batches[0].ID)
		}
	}
}

func TestListThatLosesTheRaceForItsKeyGivesTheFirstAnswer(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.ports.fail = between("batch", func() {
		winner := call.IdempotencyKey{Owner: owner, Key: "k", Fingerprint: "f", Status: 202, Body: []byte("first"), ExpiresAt: noon.Add(time.Hour)}
		if err := b.store.PutKey(t.Context(), winner, noon); err != nil {
			t.Error(err)
		}
	})
	a, err := b.SubmitBatch(t.Context(), owner, threeRows, batchKey("k", "f"))
	if err != nil || !a.Replayed || string(a.Kept.Body) != "first" || len(b.batches(t)) != 0 {
		t.Errorf("got %+v, error %v, %d batches", a, err, len(b.batches(t)))
	}
}

func TestAnswerToAListThatCantBeEncodedAcceptsNothing(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	i := batchKey("k", "f")
	i.Answer = func(intake.BatchResult) (int, string, []byte, error) { return 0, "", nil, errDisk }
	if _, err := b.SubmitBatch(t.Context(), owner, threeRows, i); !errors.Is(err, errDisk) || len(b.batches(t)) != 0 {
		t.Errorf("%d batches, error %v", len(b.batches(t)), err)
	}
}

func TestLimitsOfAListAreThoseOfTheAPI(t *testing.T) {
	t.Parallel()
	rows := make([]intake.Row, 100_001)
	_, err := preview(t, intake.BatchRequest{Rows: rows})
	if p := problems(t, err)[0]; p.Code != intake.CodeTooManyRows || p.Field != "/rows" || p.Row != 100_001 || !strings.Contains(p.Detail, "at most 100,000") {
		t.Errorf("got %+v", p)
	}
	rows[0].PhoneNumber = ada
	result, err := preview(t, intake.BatchRequest{Rows: rows[:100_000]})
	if err != nil || result.Batch.Rows != 1 || result.Batch.Refused != 99_999 || len(result.RefusedRows) != 1_000 {
		t.Errorf("%d rows, %d refused, %d of them shown, error %v", result.Batch.Rows, result.Batch.Refused, len(result.RefusedRows), err)
	}
}

func TestMetadataOfBatchAndRowTogetherHasItsLimit(t *testing.T) {
	t.Parallel()
	many := func(prefix string, n int) map[string]string {
		m := map[string]string{}
		for i := range n {
			m[fmt.Sprintf("%s%d", prefix, i)] = "v"
		}
		return m
	}
	accepted, refused := accept(t, intake.BatchRequest{Metadata: many("a", 30), Rows: []intake.Row{
		{PhoneNumber: ada, Metadata: many("b", 20)},
		{PhoneNumber: grace, Metadata: many("b", 21)},
		{PhoneNumber: juri, Metadata: many("a", 30)},
	}})
	if len(accepted) != 2 || len(accepted[0].Metadata) != 50 || len(accepted[1].Metadata) != 30 {
		t.Errorf("accepted %q", lines(accepted))
	}
	if got := refusals(refused); !slices.Equal(got, []string{"2 metadata_invalid"}) || !strings.Contains(refused[0].Message, "51 keys") {
		t.Errorf("refused %v", refused)
	}
}
