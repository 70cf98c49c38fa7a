package cli_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// counts are a batch's counts, of 10 rows.
func batchWith(t *testing.T, status string, waiting, active, completed, failed int) map[string]any {
	t.Helper()
	return with(example(t, "batch_active"), map[string]any{
		"status": status, "rows": 10, "refused": 0, "refused_by_code": map[string]any{},
		"counts": map[string]any{
			"waiting": waiting, "active": active, "completed": completed, "failed": failed,
			"busy": 0, "no-answer": 0, "canceled": 0, "expired": 0,
		},
	})
}

func TestWaitingForABatch(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.on("GET /batches/{id}", answers(
		polled(batchWith(t, "active", 10, 0, 0, 0), "Retry-After", "1"),
		polled(batchWith(t, "active", 5, 5, 0, 0), "Retry-After", "6"),
		polled(batchWith(t, "active", 2, 3, 5, 0), "Retry-After", "6"),
		polled(batchWith(t, "completed", 0, 0, 8, 2)),
	))
	b := newBench(t, f)
	golden(t, "wait-for-batch.pipe", b.run(t, "batch", "get", batchID, "--wait").expect(t, 0))
	if want := []time.Duration{time.Second, 6 * time.Second, 6 * time.Second}; !slices.Equal(b.slept, want) {
		t.Errorf("it waited %v, and the server asked for %v", b.slept, want)
	}
}

func TestWaitingForABatchOnATerminal(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.on("GET /batches/{id}", answers(
		polled(batchWith(t, "active", 5, 5, 0, 0), "Retry-After", "2"),
		polled(batchWith(t, "active", 2, 3, 5, 0), "Retry-After", "1"),
		polled(batchWith(t, "paused", 2, 0, 8, 0), "Retry-After", "1"),
		polled(batchWith(t, "completed", 0, 0, 8, 2)),
	))
	b := newBench(t, f)
	b.terminal, b.width = true, 60
	golden(t, "wait-for-batch.terminal", b.run(t, "batch", "get", batchID, "--wait").expect(t, 0, "It is paused. To let it go on: outdial batch resume "+batchID))
}

func TestProgressFitsTheTerminal(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.on("GET /batches/{id}", answers(
		polled(batchWith(t, "active", 5, 5, 0, 0), "Retry-After", "1"),
		polled(batchWith(t, "completed", 0, 0, 8, 2)),
	))
	b := newBench(t, f)
	b.terminal, b.width, b.env["NO_COLOR"] = true, 20, "1"
	o := b.run(t, "batch", "get", batchID, "--wait").expect(t, 0)
	for line := range strings.SplitSeq(o.err, "\n") {
		_, drawn, _ := strings.Cut(line, "\x1b[J")
		if n := len([]rune(drawn)); n >= 20 && !strings.Contains(drawn, "outdial") {
			t.Errorf("a line of %d columns wraps, and can't be drawn over: %q", n, drawn)
		}
	}
}

// A call's steps are each shown once, whatever the polls see.
func TestWaitingForACall(t *testing.T) {
	t.Parallel()
	whole, ok := example(t, "call_completed")["history"].([]any)
	if !ok {
		t.Fatal("the example has no history")
	}
	at := func(status string, steps int, more map[string]any) map[string]any {
		call := with(example(t, "call_completed"), with(map[string]any{"status": status, "history": whole[:steps]}, more))
		if status != "completed" {
			delete(call, "ended_at")
			delete(call, "outcome")
		}
		return call
	}
	f := newFake(t)
	f.on("POST /calls", answer(http.StatusAccepted, example(t, "call_queued"), "Location", "/v1/calls/"+callID))
	f.on("GET /calls/{id}", answers(
		polled(at("queued", 1, map[string]any{"waiting": map[string]any{"reason": "capacity"}}), "Retry-After", "1"),
		polled(at("queued", 1, map[string]any{"waiting": map[string]any{"reason": "rate"}}), "Retry-After", "1"),
		polled(at("queued", 1, map[string]any{"waiting": map[string]any{"reason": "rate"}}), "Retry-After", "1"),
		polled(at("starting", 3, nil), "Retry-After", "1"),
		polled(at("in-progress", 5, nil), "Retry-After", "1"),
		polled(at("completed", 6, nil)),
	))
	b := newBench(t, f)
	golden(t, "wait-for-call.pipe", b.run(t, "call", "+12025550143", "--wait").expect(t, 0))
}

// What hasn't changed costs a bodiless answer.
func TestPollingSendsTheETag(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.on("GET /batches/{id}", answers(
		answer(http.StatusOK, batchWith(t, "active", 5, 5, 0, 0), "ETag", `"7-a"`, "Retry-After", "2"),
		answer(http.StatusNotModified, nil, "ETag", `"7-a"`, "Retry-After", "4"),
		answer(http.StatusNotModified, nil, "ETag", `"7-a"`),
		answer(http.StatusOK, batchWith(t, "completed", 0, 0, 10, 0), "ETag", `"8-b"`),
	))
	b := newBench(t, f)
	b.run(t, "batch", "get", batchID, "--wait").expect(t, 0)
	requests, _ := f.seen()
	var sent []string
	for _, r := range requests {
		sent = append(sent, r.Header.Get("If-None-Match"))
	}
	if want := []string{"", `"7-a"`, `"7-a"`, `"7-a"`}; !slices.Equal(sent, want) {
		t.Errorf("If-None-Match was %q", sent)
	}
	if want := []time.Duration{2 * time.Second, 4 * time.Second, 2 * time.Second}; !slices.Equal(b.slept, want) {
		t.Errorf("it waited %v; 2 seconds are right where the server says nothing", b.slept)
	}
}

func TestAServerThatIsAwayForAWhileIsWaitedFor(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.on("GET /batches/{id}", answers(
		// On a connection that was used before, net/http itself tries once more.
		polled(batchWith(t, "active", 5, 5, 0, 0), "Retry-After", "1", "Connection", "close"),
		cutOff, cutOff, cutOff,
		problem(t, "unavailable"),
		notTheServer(answer(http.StatusBadGateway, "<html>", "Content-Type", "text/html")),
		problem(t, "internal"),
		notTheServer(answer(http.StatusTooManyRequests, "slow down", "Content-Type", "text/plain", "Retry-After", "90")),
		polled(batchWith(t, "completed", 0, 0, 10, 0)),
	))
	b := newBench(t, f)
	o := b.run(t, "batch", "get", batchID, "--wait").expect(t, 0, "answers again")
	if n := strings.Count(o.err, "still trying"); n != 1 {
		t.Errorf("it said %d times that it is still trying", n)
	}
	if len(b.slept) != 8 {
		t.Fatalf("it waited %v", b.slept)
	}
	waits := b.slept[1:]
	for i, longest := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 8 * time.Second, 16 * time.Second, 90 * time.Second} {
		shortest := longest / 2
		if i == 3 || i == 6 {
			shortest = longest // what the server asks for
		}
		if waits[i] < shortest || waits[i] > longest {
			t.Errorf("wait %d was %v; right is %v to %v", i+1, waits[i], shortest, longest)
		}
	}
}

func TestBackoffIsBounded(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.on("GET /calls/{id}", answers(slices.Concat(slices.Repeat([]http.HandlerFunc{cutOff}, 100), []http.HandlerFunc{polled(example(t, "call_completed"))})...))
	b := newBench(t, f)
	b.run(t, "calls", "watch", callID).expect(t, 0)
	if longest := slices.Max(b.slept); longest > 30*time.Second || longest < 20*time.Second {
		t.Errorf("the longest wait was %v", longest)
	}
}

// Ctrl-C stops watching and says how to come back.
func TestCtrlCWhileWaiting(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		back string
	}{
		"for a batch":           {[]string{"batch", "get", batchID, "--wait"}, "To come back: outdial batch get " + batchID + " --wait\n"},
		"for a submitted batch": {[]string{"batch", "submit", "-", "--wait"}, "To come back: outdial batch get " + batchID + " --wait\n"},
		"for a submitted call":  {[]string{"call", "+12025550143", "--wait"}, "To come back: outdial calls watch " + callID + "\n"},
		"for a call":            {[]string{"calls", "watch", callID, "--json"}, "To come back: outdial calls watch " + callID + "\n"},
		"for a redrive": {
			[]string{"dead-letters", "redrive", "--all", "--wait"},
			"To come back: outdial dead-letters progress redrive_01KJPR40VQ3D6F8H1K5M7P9STX --wait\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.on("POST /calls", answer(http.StatusAccepted, example(t, "call_queued"), "Location", "/v1/calls/"+callID))
			f.on("GET /calls/{id}", polled(example(t, "call_in_progress"), "Retry-After", "1"))
			f.on("POST /batches", submitBatch(t))
			f.on("GET /batches/{id}", polled(example(t, "batch_active"), "Retry-After", "1"))
			f.on("POST /dead-letters/redrive", redrive(t))
			f.on("GET /dead-letters/redrives/{id}", polled(example(t, "redrive_active")))
			ctx, interrupt := context.WithCancel(t.Context())
			b := newBench(t, f)
			b.in = "phone\n+12025550143\n"
			b.hook = func(sleeps int) {
				if sleeps == 3 {
					interrupt()
				}
			}
			o := b.runWith(ctx, c.args...)
			o.expect(t, 130, "stopped watching; the calls go on", c.back)
			if o.out != "" {
				t.Errorf("standard output has %q", o.out)
			}
			requests, _ := f.seen()
			for _, r := range requests {
				if strings.HasSuffix(r.URL.Path, "/cancel") {
					t.Error("it canceled")
				}
			}
		})
	}
}

func TestComingBackNamesTheServerThatWasNamed(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.on("GET /batches/{id}", polled(example(t, "batch_active"), "Retry-After", "1"))
	ctx, interrupt := context.WithCancel(t.Context())
	b := newBench(t, f)
	b.env = map[string]string{"HOME": t.TempDir()}
	b.hook = func(int) { interrupt() }
	o := b.runWith(ctx, "batch", "get", batchID, "--wait", "--url", f.URL, "--token", "secret-token")
	o.expect(t, 130, "outdial batch get "+batchID+" --wait --url "+f.URL+"\n")
	if strings.Contains(o.err, "secret-token") {
		t.Error("it shows the token")
	}
}

// Ctrl-C during a request ends it at once.
func TestCtrlCDuringARequest(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	arrived := make(chan struct{})
	f := newFake(t)
	f.on("GET /calls/{id}", func(w http.ResponseWriter, r *http.Request) {
		interrupt()
		<-arrived
		notTheServer(answer(http.StatusOK, nil))(w, r)
	})
	o := newBench(t, f).runWith(ctx, "calls", "get", callID)
	close(arrived)
	o.expect(t, 130, "outdial: stopped\n")
}

// A wait that can't go on says how to come back, too.
func TestAWaitWhoseTokenExpires(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.on("GET /batches/{id}", answers(polled(example(t, "batch_active"), "Retry-After", "1"), problem(t, "unauthorized")))
	newBench(t, f).run(t, "batch", "get", batchID, "--wait").
		expect(t, 3, "The token expired", "OUTDIAL_TOKEN", "To come back: outdial batch get "+batchID+" --wait")
}

// Where there is nothing to watch there is nothing to come back to.
func TestWaitingForWhatIsNotThere(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.on("GET /batches/{id}", problem(t, "batch_not_found"))
	o := newBench(t, f).run(t, "batch", "get", batchID, "--wait").expect(t, 4, "`outdial batch list`")
	if strings.Contains(o.err, "Following") || strings.Contains(o.err, "come back") {
		t.Errorf("it says %q", o.err)
	}
}

// What takes long says so: soon on a terminal, rarely in a pipe.
func TestASlowAnswerIsAnnounced(t *testing.T) {
	t.Parallel()
	for name, terminal := range map[string]bool{"on a terminal": true, "in a pipe": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			b.terminal, b.ticks = terminal, make(chan time.Time)
			f := newFake(t)
			f.on("GET /calls/{id}", func(w http.ResponseWriter, r *http.Request) {
				for range 60 { // 15 seconds
					b.advance(250 * time.Millisecond)
					b.ticks <- b.Now()
				}
				polled(example(t, "call_completed"))(w, r)
			})
			b.env["OUTDIAL_URL"], b.env["OUTDIAL_TOKEN"] = f.URL, "test-token"
			o := b.run(t, "calls", "get", callID).expect(t, 0)
			n := strings.Count(o.err, "waiting for "+f.URL)
			if terminal && (n < 50 || !strings.HasSuffix(o.err, "\x1b[1F\x1b[J")) {
				t.Errorf("drawn %d times, and not taken away: %q", n, o.err)
			}
			if !terminal && n != 2 {
				t.Errorf("told %d times in 15 seconds", n)
			}
			if strings.Contains(o.out, "waiting") {
				t.Errorf("standard output: %s", o.out)
			}
		})
	}
}
