package cli_test

import (
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file in testdata. Escape sequences are written as ␛.
func golden(t *testing.T, name string, o outcome) {
	t.Helper()
	got := strings.ReplaceAll("== standard output\n"+o.out+"== standard error\n"+o.err, "\x1b", "␛")
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; if that is right, run this test with -update. Now it is:\n%s", path, got)
	}
}

// server answers everything with the contract's examples.
func server(t *testing.T) *fake {
	t.Helper()
	f := newFake(t)
	f.on("POST /calls", answer(http.StatusAccepted, example(t, "call_queued"), "Location", "/v1/calls/"+callID))
	f.on("GET /calls/{id}", polled(example(t, "call_completed")))
	f.on("GET /calls", pages(t, "calls_page", "calls"))
	f.on("POST /calls/{id}/cancel", answer(http.StatusAccepted, example(t, "call_hanging_up")))
	f.on("POST /batches", submitBatch(t))
	f.on("GET /batches", polled(example(t, "batches_page")))
	f.on("GET /batches/{id}", polled(example(t, "batch_completed")))
	f.on("GET /batches/{id}/refused", answer(http.StatusOK, example(t, "refused_page")))
	f.on("GET /batches/{id}/calls", polled(example(t, "batch_calls_page")))
	f.on("POST /batches/{id}/cancel", answer(http.StatusAccepted, example(t, "batch_canceled")))
	f.on("POST /batches/{id}/pause", answer(http.StatusAccepted, example(t, "batch_paused")))
	f.on("POST /batches/{id}/resume", answer(http.StatusAccepted, example(t, "batch_active")))
	f.on("GET /dead-letters", polled(example(t, "dead_letters_page")))
	f.on("GET /dead-letters/counts", polled(example(t, "dead_letter_counts_cut")))
	f.on("POST /dead-letters/redrive", redrive(t))
	f.on("GET /dead-letters/redrives/{id}", polled(example(t, "redrive_completed")))
	f.on("GET /capacity", polled(example(t, "capacity_busy")))
	f.on("PUT /capacity", answer(http.StatusOK, example(t, "capacity_stopped")))
	return f
}

// pages are the page of the example, and an empty one after it.
func pages(t *testing.T, name, key string) http.HandlerFunc {
	t.Helper()
	first := polled(example(t, name))
	last := polled(map[string]any{key: []any{}})
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("cursor") == "" {
			first(w, r)
			return
		}
		last(w, r)
	}
}

func submitBatch(t *testing.T) http.HandlerFunc {
	t.Helper()
	preview := answer(http.StatusOK, example(t, "batch_preview"))
	submitted := answer(http.StatusAccepted, example(t, "batch_submitted"), "Location", "/v1/batches/"+batchID)
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("dry_run") == "true" {
			preview(w, r)
			return
		}
		submitted(w, r)
	}
}

func redrive(t *testing.T) http.HandlerFunc {
	t.Helper()
	chosen := answer(http.StatusOK, example(t, "redrive_result"))
	all := answer(http.StatusAccepted, example(t, "redrive_active"), "Location", "/v1/dead-letters/redrives/redrive_01KJPR40VQ3D6F8H1K5M7P9STX")
	return func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			All bool `json:"all"`
		}
		if json.NewDecoder(r.Body).Decode(&body) == nil && body.All {
			all(w, r)
			return
		}
		chosen(w, r)
	}
}

// What a person sees on a terminal, and a script in a pipe.
func TestOutputOfEveryCommand(t *testing.T) {
	t.Parallel()
	list := filepath.Join(t.TempDir(), "numbers.csv")
	if err := os.WriteFile(list, []byte("phone_number\n+12025550143\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"call":                  {"call", "+12025550143"},
		"calls-get":             {"calls", "get", callID},
		"calls-list":            {"calls", "list"},
		"calls-cancel":          {"calls", "cancel", callID},
		"calls-watch":           {"calls", "watch", callID},
		"batch-submit":          {"batch", "submit", list},
		"batch-submit-wait":     {"batch", "submit", list, "--wait"},
		"batch-submit-dry-run":  {"batch", "submit", list, "--dry-run"},
		"batch-get":             {"batch", "get", batchID},
		"batch-list":            {"batch", "list"},
		"batch-cancel":          {"batch", "cancel", batchID},
		"batch-pause":           {"batch", "pause", batchID},
		"batch-resume":          {"batch", "resume", batchID},
		"batch-refused":         {"batch", "refused", batchID},
		"dead-letters-list":     {"dead-letters", "list"},
		"dead-letters-counts":   {"dead-letters", "counts"},
		"dead-letters-redrive":  {"dead-letters", "redrive", callID},
		"dead-letters-all":      {"dead-letters", "redrive", "--all"},
		"dead-letters-all-wait": {"dead-letters", "redrive", "--all", "--wait"},
		"dead-letters-progress": {"dead-letters", "progress", "redrive_01KJPR40VQ3D6F8H1K5M7P9STX"},
		"capacity-get":          {"capacity", "get"},
		"capacity-set":          {"capacity", "set", "--stop"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, server(t))
			golden(t, name+".pipe", b.run(t, args...).expect(t, 0))
			b.terminal = true
			golden(t, name+".terminal", b.run(t, args...).expect(t, 0))
		})
	}
}

func TestColourIsLeftOut(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*bench) []string{
		"by NO_COLOR":                       func(b *bench) []string { b.env["NO_COLOR"] = "1"; return nil },
		"by a flag":                         func(*bench) []string { return []string{"--no-color"} },
		"on a terminal that can do nothing": func(b *bench) []string { b.env["TERM"] = "dumb"; return nil },
		"in a pipe":                         func(b *bench) []string { b.terminal = false; return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, server(t))
			b.terminal = true
			o := b.run(t, append([]string{"batch", "get", batchID}, change(b)...)...).expect(t, 0)
			if !strings.Contains(o.out, "completed") || strings.Contains(o.out+o.err, "\x1b") {
				t.Errorf("%q", o.out+o.err)
			}
		})
	}
}

// With --json standard output is one document, the API's own.
func TestJSONIsTheAPIsOwn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"call", "+12025550143"}, "call_queued"},
		{[]string{"call", "+12025550143", "--wait"}, "call_completed"},
		{[]string{"calls", "get", callID}, "call_completed"},
		{[]string{"calls", "watch", callID}, "call_completed"},
		{[]string{"calls", "cancel", callID}, "call_hanging_up"},
		{[]string{"calls", "list", "--limit", "2"}, "calls_page"},
		{[]string{"batch", "submit", "-"}, "batch_submitted"},
		{[]string{"batch", "submit", "-", "--dry-run"}, "batch_preview"},
		{[]string{"batch", "submit", "-", "--wait"}, "batch_completed"},
		{[]string{"batch", "get", batchID}, "batch_completed"},
		{[]string{"batch", "get", batchID, "--wait"}, "batch_completed"},
		{[]string{"batch", "list"}, "batches_page"},
		{[]string{"batch", "pause", batchID}, "batch_paused"},
		{[]string{"batch", "refused", batchID}, "refused_page"},
		{[]string{"batch", "results", batchID}, "batch_calls_page"},
		{[]string{"dead-letters", "list"}, "dead_letters_page"},
		{[]string{"dead-letters", "counts"}, "dead_letter_counts_cut"},
		{[]string{"dead-letters", "redrive", callID}, "redrive_result"},
		{[]string{"dead-letters", "redrive", "--all"}, "redrive_active"},
		{[]string{"dead-letters", "redrive", "--all", "--wait"}, "redrive_completed"},
		{[]string{"capacity", "get"}, "capacity_busy"},
		{[]string{"capacity", "set", "--stop"}, "capacity_stopped"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, server(t))
			for _, b.terminal = range []bool{false, true} {
				b.in = "phone_number\n+12025550143\n"
				o := b.run(t, append(c.args, "--json")...).expect(t, 0)
				var got any
				if err := json.Unmarshal([]byte(o.out), &got); err != nil {
					t.Fatalf("not one document: %v\n%s", err, o.out)
				}
				if want := any(example(t, c.want)); !equalJSON(t, got, want) {
					t.Errorf("it isn't the contract's %s:\n%s", c.want, o.out)
				}
			}
		})
	}
}

func equalJSON(t *testing.T, a, b any) bool {
	t.Helper()
	first, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	second, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(first) == string(second)
}
