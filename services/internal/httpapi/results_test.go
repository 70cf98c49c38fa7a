package httpapi_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
)

// export reads the results by following the links, and puts them together.
func (b *bundle) export(path string) (file []byte, pages int) {
	b.t.Helper()
	for path != "" {
		got := b.anna.get(path).is(http.StatusOK)
		file, pages = append(file, got.body...), pages+1
		path = strings.TrimSuffix(strings.TrimPrefix(got.header.Get("Link"), "<"), `>; rel="next"`)
	}
	return file, pages
}

func TestPagesOfResultsPutTogetherAreOneFile(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	var lines []string
	for i := range 9 {
		lines = append(lines, fmt.Sprintf("+120255501%02d", i))
	}
	id := b.anna.batch(lines...).ID
	b.complete(call.BatchCallID(id, 4))
	whole, pages := b.export("/v1/batches/" + id + "/results.csv")
	if pages != 1 || !bytes.HasPrefix(whole, []byte("row,phone_number,status,id,attempt,dials,duration,")) || bytes.Count(whole, []byte("\r\n")) != 10 {
		t.Fatalf("in %d pages it is\n%s", pages, whole)
	}
	for limit, want := range map[int]int{1: 9, 2: 5, 8: 2, 9: 1, 10: 1} {
		if file, pages := b.export(fmt.Sprintf("/v1/batches/%s/results.csv?limit=%d", id, limit)); !bytes.Equal(file, whole) || pages != want {
			t.Errorf("%d a page: in %d pages it is\n%s", limit, pages, file)
		}
	}
}

func TestAPageOfResultsMayHaveMoreRowsThanAreReadAtOnce(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	const rows = 1_203
	var lines []string
	for i := range rows {
		lines = append(lines, fmt.Sprintf("+1202555%04d", i))
	}
	id := b.anna.batch(lines...).ID
	for limit, want := range map[int]int{rows - 1: 2, rows: 1, rows + 1: 1, 500: 3, 10_000: 1} {
		file, pages := b.export(fmt.Sprintf("/v1/batches/%s/results.csv?limit=%d", id, limit))
		last := call.BatchCallID(id, rows) + ","
		if got := bytes.Count(file, []byte("\r\n")); got != 1+rows || bytes.Count(file, []byte(last)) != 1 || pages != want {
			t.Errorf("%d a page: %d lines in %d pages", limit, got, pages)
		}
	}
}

func TestResultsSayWhatBecameOfEachCall(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	list := "phone,name\n+442079460958,Ada\n\n+12025550143,\"Grace, \"\"G\"\"\"\n+12025550144,Linus\n+12025550145,Zoë\n"
	id := decode[api.SubmittedBatch](b.anna.post("/v1/batches", list, "Content-Type", "text/csv").is(http.StatusAccepted)).ID
	b.expand()
	now := b.clock.Now()
	b.end(call.BatchCallID(id, 1), call.Outcome{
		Status: call.Completed, Dialed: true, CarrierReference: "CA1", RingingAt: now, AnsweredAt: now, EndedAt: now, Duration: 41,
	})
	b.deadLetter(call.BatchCallID(id, 2))
	b.end(call.BatchCallID(id, 3), call.Outcome{Status: call.Failed, Dialed: true, Reason: call.ReasonCarrierError, Message: "=HYPERLINK(\"http://x\")\nnext line"})
	file, _ := b.export("/v1/batches/" + id + "/results.csv")
	rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	b.must(err)
	const at = "2026-03-02T09:00:00.000Z"
	want := [][]string{
		{"row", "phone_number", "status", "id", "attempt", "dials", "duration", "ringing_at", "answered_at", "ended_at", "carrier_reference", "reason", "cause", "message", "metadata"},
		{"2", "+442079460958", "completed", call.BatchCallID(id, 1), "1", "1", "41", at, at, at, "CA1", "", "", "", `{"name":"Ada"}`},
		{"4", "+12025550143", "failed", call.BatchCallID(id, 2), "1", "0", "", "", "", at, "", "dead_lettered", "launch_refused", "There is no such task definition.", `{"name":"Grace, \"G\""}`},
		{"5", "+12025550144", "failed", call.BatchCallID(id, 3), "1", "1", "", "", "", at, "", "carrier_error", "", "'=HYPERLINK(\"http://x\")\nnext line", `{"name":"Linus"}`},
		{"6", "+12025550145", "queued", call.BatchCallID(id, 4), "1", "0", "", "", "", "", "", "", "", "", `{"name":"Zoë"}`},
	}
	for i, row := range rows {
		if i >= len(want) || !slices.Equal(row, want[i]) {
			t.Errorf("line %d is\n%q, not\n%q", i+1, row, want[min(i, len(want)-1)])
		}
	}
	if len(rows) != len(want) {
		t.Errorf("there are %d lines", len(rows))
	}
}

func TestNoCellOfTheResultsRunsAsAFormula(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for written, want := range map[string]string{
		"=1+1": "'=1+1", "+1+1": "'+1+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx", "\rx": "'x", // the reader takes the line end
		"+": "+", "+12025550142": "+12025550142", "+1 202": "'+1 202", "1=1": "1=1", "": "", "'": "'", "a@b": "a@b", "+1202x": "'+1202x", "＝1": "＝1",
	} {
		id := b.anna.batch("+12025550142").ID
		b.end(call.BatchCallID(id, 1), call.Outcome{Status: call.Failed, Dialed: true, Reason: call.ReasonCarrierError, Message: written})
		file, _ := b.export("/v1/batches/" + id + "/results.csv")
		rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
		b.must(err)
		if got := rows[1][13]; got != want {
			t.Errorf("%q is exported as %q, not %q", written, got, want)
		}
	}
}

func TestResultsOfABatchThatIsNotExpandedAreAHeader(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	id := decode[api.SubmittedBatch](b.anna.post("/v1/batches", `{"rows":[{"phone_number":"+12025550142"}]}`)).ID
	got := b.anna.get("/v1/batches/" + id + "/results.csv").is(http.StatusOK)
	if strings.Count(string(got.body), "\r\n") != 1 || got.header.Get("Content-Type") != "text/csv" {
		t.Errorf("it is %q", got.body)
	}
}

func TestResultsMayBeginFurtherDown(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	const rows = 1_203
	var lines []string
	for i := range rows {
		lines = append(lines, fmt.Sprintf("+1202555%04d", i))
	}
	id := b.anna.batch(lines...).ID
	path := "/v1/batches/" + id + "/results.csv"
	whole, _ := b.export(path + "?limit=10000")
	all := strings.SplitAfter(strings.TrimSuffix(string(whole), "\r\n"), "\r\n")
	for _, skip := range []int{0, 1, 499, 500, 777, rows - 1, rows, rows + 1, 100_000, 1_000_000, 1<<63 - 1} {
		want := all[0] + strings.Join(all[min(skip, rows)+1:], "")
		file, _ := b.export(fmt.Sprintf("%s?skip=%d&limit=300", path, skip))
		if got := strings.TrimSuffix(string(file), "\r\n"); got != strings.TrimSuffix(want, "\r\n") {
			t.Errorf("skip %d: %d lines, not %d, beginning with\n%.200s", skip, strings.Count(got, "\n"), strings.Count(want, "\n"), got)
		}
	}
	reads := b.store.reads.Load()
	b.anna.get(path + "?skip=1200&limit=1").is(http.StatusOK)
	skipped := b.store.reads.Load() - reads
	b.anna.get(path + "?limit=1").is(http.StatusOK)
	if first := b.store.reads.Load() - reads - skipped; skipped != first {
		t.Errorf("the store is asked %d times for the first call and %d times for one behind 1,200", first, skipped)
	}
}

func TestTheDurationIsEmptyWhereNobodyAnswered(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	now := b.clock.Now()
	id := b.anna.batch("+12025550142", "+12025550143", "+12025550144").ID
	b.end(call.BatchCallID(id, 1), call.Outcome{Status: call.NoAnswer, Dialed: true, RingingAt: now, EndedAt: now})
	b.end(call.BatchCallID(id, 2), call.Outcome{Status: call.Completed, Dialed: true, RingingAt: now, AnsweredAt: now, EndedAt: now})
	b.end(call.BatchCallID(id, 3), call.Outcome{Status: call.Completed, Dialed: true, Duration: 7})
	file, _ := b.export("/v1/batches/" + id + "/results.csv")
	rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	b.must(err)
	for i, want := range []string{"", "0", "7"} {
		if got := rows[i+1][6]; got != want {
			t.Errorf("a call that is %s has the duration %q, not %q", rows[i+1][2], got, want)
		}
	}
}
