package serve_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/simcarrier"
	"github.com/outdial/outdial/services/internal/sqlite"
)

var (
	loadClients  = flag.Int("load.clients", 0, "how many clients submit and poll at the same time; 0: some")
	loadDuration = flag.Duration("load.duration", 0, "how long they do; 0: not for long")
)

// Agents get this much of the machine while the clients are there: what is
// measured is the server.
const (
	loadLimit = 4   // slots
	loadRate  = 4.0 // launches a second
	loadRows  = 4_000
)

// TestLoad: with many clients that submit and poll while a batch runs, no request
// fails, the server's memory stays flat, and every call that was accepted is there
// once, final or waiting.
func TestLoad(t *testing.T) {
	clients, duration := 50, 10*time.Second
	if testing.Short() {
		clients, duration = 10, 2*time.Second
	}
	if *loadClients > 0 {
		clients = *loadClients
	}
	if *loadDuration > 0 {
		duration = *loadDuration
	}
	l := newLoad(t)
	began := time.Now()
	l.run(clients, duration)
	l.report(time.Since(began))
	l.stop()
	l.checkCalls()
	if duration >= 10*time.Second { // or there are too few samples
		l.checkMemory()
	}
}

// load is a server under load.
type load struct {
	t       *testing.T
	server  *running
	process *exec.Cmd
	batch   *api.SubmittedBatch
	seen    *observed
	clients []*loadClient
	memory  []int64 // resident bytes of the server, in the order of time
}

func newLoad(t *testing.T) *load {
	l := &load{t: t, seen: newObserved()}
	l.server, l.process = startProcess(t, t.TempDir())
	limit, rate := loadLimit, loadRate
	l.setCapacity(api.SetCapacityRequest{Limit: &limit, Rate: &rate})
	l.batch = l.server.submitList(loadRows)
	return l
}

func (l *load) setCapacity(r api.SetCapacityRequest) {
	l.t.Helper()
	answer, err := l.server.client.SetCapacityWithResponse(l.t.Context(), r)
	if err != nil || answer.JSON200 == nil {
		l.t.Fatalf("set the capacity: %v %s", err, answer.Body)
	}
}

// run has the clients work for a time, and samples memory meanwhile.
func (l *load) run(clients int, duration time.Duration) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), duration)
	defer cancel()
	var working sync.WaitGroup
	for n := range clients {
		c, err := newLoadClient(n, l.server.client.ClientInterface, l.seen)
		if err != nil {
			l.t.Fatal(err)
		}
		l.clients = append(l.clients, c)
		working.Go(func() { c.work(ctx) })
	}
	ticker := time.NewTicker(min(time.Second, duration/40))
	defer ticker.Stop()
	for ctx.Err() == nil {
		l.memory = append(l.memory, l.resident())
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	working.Wait()
}

// resident is how much memory the server has, in bytes: as Linux tells, or else
// as ps does.
func (l *load) resident() int64 {
	l.t.Helper()
	pid := strconv.Itoa(l.process.Process.Pid)
	text := ""
	if status, err := os.ReadFile("/proc/" + pid + "/status"); err == nil {
		_, rest, _ := strings.Cut(string(status), "VmRSS:")
		text, _, _ = strings.Cut(rest, "kB")
	} else if said, err := exec.CommandContext(l.t.Context(), "ps", "-o", "rss=", "-p", pid).Output(); err == nil {
		text = string(said)
	}
	kilobytes, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		l.t.Fatalf("the server's memory can't be read: %v", err)
	}
	return kilobytes << 10
}

// report prints what was measured, and fails the test for each kind of error.
func (l *load) report(took time.Duration) {
	l.t.Helper()
	var out bytes.Buffer
	total := 0
	fmt.Fprintf(&out, "%d clients, %v\n%-8s %9s %9s %8s %8s %8s\n", len(l.clients), took.Round(time.Millisecond), "", "requests", "a second", "p50", "p95", "p99")
	for _, what := range slices.Sorted(maps.Keys(l.seen.times)) {
		times := l.seen.times[what]
		slices.Sort(times)
		total += len(times)
		at := func(share float64) time.Duration {
			return times[int(share*float64(len(times)-1))].Round(100 * time.Microsecond)
		}
		fmt.Fprintf(&out, "%-8s %9d %9.0f %8v %8v %8v\n", what, len(times), float64(len(times))/took.Seconds(), at(.5), at(.95), at(.99))
	}
	batch := l.server.batch(l.batch.ID)
	fmt.Fprintf(&out, "%-8s %9d %9.0f\nerrors   %9d\n", "all", total, float64(total)/took.Seconds(), l.seen.errors)
	fmt.Fprintf(&out, "batch    %9d calls ended meanwhile, of %d\n", batch.Rows-batch.Counts.Waiting-batch.Counts.Active, batch.Rows)
	dials, err := simcarrier.ReadDials(filepath.Join(l.server.data, "carrier"))
	if err != nil {
		l.t.Fatal(err)
	}
	fmt.Fprintf(&out, "dials    %9d\n", len(dials))
	fmt.Fprintf(&out, "memory   %5d MiB at the start, %d at most, %d at the end\n", l.memory[0]>>20, slices.Max(l.memory)>>20, l.memory[len(l.memory)-1]>>20)
	l.t.Log("\n" + out.String())
	for _, sample := range l.seen.samples {
		l.t.Error(sample)
	}
	if total == 0 || batch.Counts.Waiting+batch.Counts.Active == 0 {
		l.t.Errorf("after %d requests the batch has %+v: there was no load, or no batch", total, batch.Counts)
	}
}

// checkMemory: flat means that the last quarter is no higher than the second, give
// or take a quarter. In the first the heap grows to what this many clients need.
// After that it swings with the garbage collector, so medians of many samples are
// compared, which neither one collection nor a slow moment moves. Records go to
// the disk: a server that kept a kilobyte of each request would not pass a minute.
func (l *load) checkMemory() {
	l.t.Helper()
	quarter := len(l.memory) / 4
	second, last := median(l.memory[quarter:2*quarter]), median(l.memory[3*quarter:])
	if float64(last) > 1.25*float64(second) {
		l.t.Errorf("the server's memory is not flat: %d MiB in the second quarter, %d in the last; samples in MiB: %v", second>>20, last>>20, inMiB(l.memory))
	}
}

func median(values []int64) int64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func inMiB(values []int64) []int64 {
	shown := make([]int64, len(values))
	for i, v := range values {
		shown[i] = v >> 20
	}
	return shown
}

// stop lets the calls that were launched come to their end, and ends the server.
func (l *load) stop() {
	l.t.Helper()
	stopped := true
	l.setCapacity(api.SetCapacityRequest{Stopped: &stopped})
	eventually(l.t, "no slot is taken", func() (bool, any) {
		answer, err := l.server.client.GetCapacityWithResponse(l.t.Context(), nil)
		return err == nil && answer.JSON200 != nil && answer.JSON200.InUse == 0, err
	})
	eventually(l.t, "the batch's last row is a call", func() (bool, any) {
		answer, err := l.server.client.GetCallWithResponse(l.t.Context(), call.BatchCallID(l.batch.ID, l.batch.Rows), nil)
		return err == nil && answer.JSON200 != nil, err
	})
	if err := l.process.Process.Kill(); err != nil {
		l.t.Fatal(err)
	}
	_ = l.process.Wait()
}

// checkCalls reads the folder of the server that was ended: the rules hold, and
// each accepted call is there, final or waiting, and no other.
func (l *load) checkCalls() {
	l.t.Helper()
	for _, finding := range verified(l.t, l.server.data).Findings {
		l.t.Error(finding)
	}
	statuses := l.statuses()
	accepted := 0
	for _, c := range l.clients {
		accepted += len(c.accepted)
		for key, id := range c.accepted {
			status, there := statuses[id]
			if !there || !status.Final() && status != call.Queued || c.canceled[id] && status != call.Canceled {
				l.t.Errorf("the call %s of the key %s is %q in the end (canceled: %t)", id, key, status, c.canceled[id])
			}
		}
	}
	if len(statuses) != accepted+l.batch.Rows {
		l.t.Errorf("%d calls are there; %d were accepted, and %d are the batch's", len(statuses), accepted, l.batch.Rows)
	}
}

// statuses are those of all calls in the store.
func (l *load) statuses() map[string]call.Status {
	l.t.Helper()
	db, err := sqlite.OpenSnapshot(l.t.Context(), filepath.Join(l.server.data, "outdial.db"))
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	statuses := map[string]call.Status{}
	for page := (call.Page{Limit: 1_000}); ; {
		calls, next, err := db.ListCalls(l.t.Context(), call.Filter{}, page)
		if err != nil {
			l.t.Fatal(err)
		}
		for _, c := range calls {
			statuses[c.ID] = c.Status
		}
		if page.After = next; next == "" {
			return statuses
		}
	}
}
