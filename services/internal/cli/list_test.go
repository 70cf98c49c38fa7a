package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// manyCalls is a list of n calls, by cursor, with pages of at most 200.
func manyCalls(t *testing.T, n int) http.HandlerFunc {
	t.Helper()
	base := example(t, "call_completed")
	return func(w http.ResponseWriter, r *http.Request) {
		limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
		if err != nil {
			limit = 50
		}
		from, err := strconv.Atoi(r.URL.Query().Get("cursor"))
		if err != nil {
			from = 0
		}
		calls := []any{}
		for i := from; i < min(n, from+limit); i++ {
			calls = append(calls, with(base, map[string]any{"id": fmt.Sprintf("%s-%06d", callID, i+1)}))
		}
		page := map[string]any{"calls": calls}
		if from+limit < n {
			page["next_cursor"] = strconv.Itoa(from + limit)
		}
		polled(page)(w, r)
	}
}

func TestListsFollowTheirCursors(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.on("GET /calls", manyCalls(t, 450))
	for name, c := range map[string]struct {
		args  []string
		calls int
		next  string
		says  string
	}{
		"50 by default":            {nil, 50, "50", "There are more: --all"},
		"fewer":                    {[]string{"--limit", "7"}, 7, "7", ""},
		"more than a page has":     {[]string{"--limit", "420"}, 420, "420", ""},
		"all":                      {[]string{"--all"}, 450, "", ""},
		"as many as there are":     {[]string{"--limit", "450"}, 450, "", ""},
		"from a cursor on":         {[]string{"--cursor", "440"}, 10, "", ""},
		"from behind the last one": {[]string{"--cursor", "450"}, 0, "", "There are no such calls."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, f)
			args := append([]string{"calls", "list"}, c.args...)
			o := b.run(t, args...).expect(t, 0, c.says)
			if got := strings.Count(o.out, "\n"); got != c.calls {
				t.Errorf("%d lines, want %d", got, c.calls)
			}
			if c.says == "" && o.err != "" {
				t.Errorf("it says %q", o.err)
			}
			var list struct {
				Calls []struct{ ID string }
				Next  string `json:"next_cursor"`
			}
			o = b.run(t, append(args, "--json")...).expect(t, 0)
			if err := json.Unmarshal([]byte(o.out), &list); err != nil {
				t.Fatal(err)
			}
			if len(list.Calls) != c.calls || list.Next != c.next || o.err != "" {
				t.Errorf("%d calls, next_cursor %q, and it says %q", len(list.Calls), list.Next, o.err)
			}
			seen := map[string]bool{}
			for _, call := range list.Calls {
				seen[call.ID] = true
			}
			if len(seen) != c.calls {
				t.Errorf("%d different calls", len(seen))
			}
		})
	}
	newBench(t, f).run(t, "calls", "list", "--limit", "0").expect(t, 2, "--limit: 0 is not at least 1")
}

func TestAListThatGoesInCircles(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.on("GET /calls", polled(example(t, "calls_page")))
	newBench(t, f).run(t, "calls", "list", "--all").expect(t, 1, "the same page again")
}

// A list that breaks off is never taken for a whole one.
func TestAListThatBreaksOff(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.on("GET /calls", answers(manyCalls(t, 450), problem(t, "internal")))
	o := newBench(t, f).run(t, "calls", "list", "--all", "--json").expect(t, 1, "request id")
	if json.Valid([]byte(o.out)) {
		t.Errorf("it is a valid document: %s", o.out)
	}
}

func TestFiltersArrive(t *testing.T) {
	t.Parallel()
	f := server(t)
	b := newBench(t, f)
	b.run(t, "calls", "list", "--status", "ringing,in-progress", "--status", "busy", "--batch", batchID, "--number", "+12025550143",
		"--from", "2026-03-02", "--to", "2026-03-02T10:00:00+01:00", "--limit", "3").expect(t, 0)
	b.run(t, "dead-letters", "list", "--cause", "launch_refused").expect(t, 0)
	b.run(t, "dead-letters", "list", "--batch", batchID).expect(t, 0)
	b.run(t, "dead-letters", "counts", "--batch", batchID).expect(t, 0)
	requests, _ := f.seen()
	query := requests[0].URL.Query()
	want := map[string]string{
		"status": "[ringing in-progress busy]", "batch": "[" + batchID + "]", "number": "[+12025550143]",
		"from": "[2026-03-02T00:00:00Z]", "to": "[2026-03-02T09:00:00Z]", "limit": "[3]",
	}
	for name, value := range want {
		if got := fmt.Sprint(query[name]); got != value {
			t.Errorf("%s is %s, want %s", name, got, value)
		}
	}
	for i, want := range map[int]string{3: "cause=launch_refused&limit=50", 2: "batch=" + batchID + "&limit=50", 1: "batch=" + batchID} {
		if got := requests[len(requests)-i].URL.Query().Encode(); got != want {
			t.Errorf("the query is %q, not %q", got, want)
		}
	}
}

// A day begins at midnight where the person is, and times are shown there.
func TestTimesAreThePersons(t *testing.T) {
	t.Parallel()
	f := server(t)
	b := newBench(t, f)
	b.now = b.now.In(time.FixedZone("", -5*60*60))
	b.terminal = true
	o := b.run(t, "calls", "list", "--from", "2026-03-02").expect(t, 0)
	requests, _ := f.seen()
	if got := requests[0].URL.Query().Get("from"); got != "2026-03-02T05:00:00Z" {
		t.Errorf("from is %s", got)
	}
	if !strings.Contains(o.out, "2026-03-02 04:15:04") {
		t.Errorf("%s", o.out)
	}
	b.terminal = false
	if o := b.run(t, "calls", "list").expect(t, 0); !strings.Contains(o.out, "2026-03-02T09:15:04.412Z") {
		t.Errorf("%s", o.out)
	}
}

// exported answers with pages of a CSV file.
func exported(parts ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		at, err := strconv.Atoi(r.URL.Query().Get("cursor"))
		if err != nil {
			at = 0
		}
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("ETag", `"1"`)
		if at+1 < len(parts) {
			w.Header().Set("Link", fmt.Sprintf(`</v1/batches/%s/results.csv?cursor=%d&limit=1000>; rel="next"`, batchID, at+1))
		}
		_, _ = w.Write([]byte(parts[at]))
	}
}

func TestResultsAreOneFile(t *testing.T) {
	t.Parallel()
	parts := []string{"row,status\r\n2,completed\r\n", "3,\"no\r\nanswer\"\r\n", "4,busy\r\n"}
	whole := strings.Join(parts, "")
	f := newFake(t)
	f.on("GET /batches/{id}/results.csv", exported(parts...))
	b := newBench(t, f)
	if o := b.run(t, "batch", "results", batchID).expect(t, 0); o.out != whole || o.err != "" {
		t.Errorf("%q, and it says %q", o.out, o.err)
	}
	path := filepath.Join(t.TempDir(), "results.csv")
	if o := b.run(t, "batch", "results", batchID, "--output", path).expect(t, 0); o.out != "" {
		t.Errorf("standard output has %q", o.out)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != whole {
		t.Errorf("the file has %q, %v", data, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("phone numbers are for their owner: %v, %v", info.Mode(), err)
	}
}

// What isn't a file is written to, and stays what it is: somebody may name
// /dev/null. The test uses a pipe of its own, which may break if the code does.
func TestResultsToWhatIsNotAFile(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.on("GET /batches/{id}/results.csv", exported("row,status\r\n", "2,completed\r\n"))
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	// Opened for both, so that neither side waits for the other to open it.
	pipe, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	newBench(t, f).run(t, "batch", "results", batchID, "--output", path).expect(t, 0)
	if info, err := os.Lstat(path); err != nil || info.Mode().Type() != os.ModeNamedPipe {
		t.Fatalf("it is now %v, %v", info.Mode(), err)
	}
	const whole = "row,status\r\n2,completed\r\n"
	got := make([]byte, len(whole))
	if _, err := io.ReadFull(pipe, got); err != nil || string(got) != whole {
		t.Errorf("it got %q, %v", got, err)
	}
	if err := pipe.Close(); err != nil {
		t.Error(err)
	}
}

// A download that breaks off leaves the file as it was.
func TestResultsThatBreakOff(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.on("GET /batches/{id}/results.csv", answers(exported("a\r\n", "b\r\n"), problem(t, "internal")))
	dir := t.TempDir()
	path := filepath.Join(dir, "results.csv")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	newBench(t, f).run(t, "batch", "results", batchID, "-o", path).expect(t, 1)
	if data, err := os.ReadFile(path); err != nil || string(data) != "old" {
		t.Errorf("the file has %q, %v", data, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v is left, %v", left, err)
	}
}

func TestManyRefusedRowsLeadToAll(t *testing.T) {
	t.Parallel()
	var rows []any
	for i := range 25 {
		rows = append(rows, map[string]any{"row": i + 2, "value": "12…", "code": "phone_number_invalid", "message": "Too short."})
	}
	more := map[string]any{"refused": 25, "refused_by_code": map[string]any{"phone_number_invalid": 25}}
	f := newFake(t)
	submitted := answer(http.StatusAccepted, with(with(example(t, "batch_submitted"), more), map[string]any{"refused_rows": rows}), "Location", "/v1/x")
	preview := answer(http.StatusOK, with(with(example(t, "batch_preview"), more), map[string]any{"refused_rows": rows}))
	f.on("POST /batches", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("dry_run") {
			preview(w, r)
		} else {
			submitted(w, r)
		}
	})
	f.on("GET /batches/{id}", polled(with(example(t, "batch_completed"), more)))
	f.on("GET /batches/{id}/refused", answer(http.StatusOK, map[string]any{"refused_rows": rows[:10], "next_cursor": "x"}))
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"submitted":       {[]string{"batch", "submit", "-"}, "first 10 of 25 refused rows. All: outdial batch refused " + batchID + " --all"},
		"submit and wait": {[]string{"batch", "submit", "-", "--wait"}, "first 10 of 25 refused rows. All: outdial batch refused " + batchID + " --all"},
		"shown":           {[]string{"batch", "get", batchID}, "first 10 of 25 refused rows. All: outdial batch refused " + batchID + " --all"},
		"dry run":         {[]string{"batch", "submit", "-", "--dry-run"}, "first 10 of 25 refused rows. The first 1,000 are shown with --json."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newBench(t, f).run(t, c.args...).expect(t, 0, c.says)
			if n := strings.Count(o.out, "Too short."); n != 10 {
				t.Errorf("%d rows are shown", n)
			}
		})
	}
}
