package simulation_test

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/outdial/outdial/services/internal/simulation"
)

var (
	seed      = flag.Uint64("seed", 1, "the first seed")
	histories = flag.Int("histories", 0, "how many histories; 0: 20,000, 1,000 in short mode, 100 under the race detector")
	noShrink  = flag.Bool("noshrink", false, "show a failure without looking for the shortest history")
)

func TestThePromisesHoldUnderEveryFault(t *testing.T) {
	t.Parallel()
	n := *histories
	switch {
	case n > 0:
	case raceDetector:
		n = 100
	case testing.Short():
		n = 1_000
	default:
		n = 20_000
	}
	p := &proof{first: *seed, last: *seed + uint64(n) - 1, progress: *histories > 0}
	p.run()
	if p.failed {
		fail(t, p.failure)
	}
	t.Logf("%d histories, %d steps; none broke a promise\n%s", n, p.steps, p.met)
	if n >= 1000 {
		everyFaultIsMet(t, p.met)
	}
}

// everyFaultIsMet fails when a fault never came up: then nothing is proven about it.
func everyFaultIsMet(t *testing.T, met simulation.Coverage) {
	t.Helper()
	for _, f := range simulation.Faults() {
		if met.Of(f) == 0 {
			t.Errorf("no history met the fault %q", f)
		}
	}
}

// proof runs histories on all cores.
type proof struct {
	first, last uint64 // seeds
	progress    bool

	next    atomic.Uint64
	mu      sync.Mutex
	failed  bool
	failure uint64 // the smallest seed that failed
	steps   int
	done    int
	met     simulation.Coverage
}

func (p *proof) run() {
	p.met = simulation.Coverage{}
	p.next.Store(p.first)
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for seed := p.next.Add(1) - 1; seed <= p.last && !p.stop(seed); seed = p.next.Add(1) - 1 {
				p.note(seed, simulation.Run(simulation.Options{Seed: seed}))
			}
		})
	}
	all.Wait()
}

func (p *proof) stop(seed uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed && seed > p.failure
}

func (p *proof) note(seed uint64, h simulation.History) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.met.Add(h.Coverage)
	p.steps += h.Steps
	p.done++
	if h.Violation != "" && (!p.failed || seed < p.failure) {
		p.failed, p.failure = true, seed
	}
	if total := int(p.last - p.first + 1); p.progress && total >= 20 && p.done%(total/20) == 0 {
		fmt.Fprintf(os.Stderr, "%d of %d histories\n", p.done, total)
	}
}

// TestReplay runs the one history of -seed and shows its trace.
func TestReplay(t *testing.T) {
	t.Parallel()
	h := simulation.Run(simulation.Options{Seed: *seed, Trace: true})
	if h.Violation != "" {
		fail(t, *seed)
	}
	t.Log(strings.Join(h.Trace, "\n"))
}

// fail shows the shortest history found that breaks the same promise as a seed's.
func fail(t *testing.T, seed uint64) {
	t.Helper()
	h := simulation.Run(simulation.Options{Seed: seed})
	if *noShrink {
		t.Fatalf("seed %d: %s", seed, h.Violation)
	}
	small := simulation.Shrink(simulation.Options{Seed: seed}, h)
	t.Fatalf("seed %d: %s\n\nThe shortest history found, of %d steps (it had %d):\n%s\n\nReplay: go test ./internal/simulation -run TestReplay -seed %d",
		seed, h.Violation, small.Steps, h.Steps, strings.Join(small.Trace, "\n"), seed)
}

func TestTheSameSeedGivesTheSameHistory(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		a := simulation.Run(simulation.Options{Seed: seed, Trace: true})
		b := simulation.Run(simulation.Options{Seed: seed, Trace: true})
		if !slices.Equal(a.Trace, b.Trace) || !slices.Equal(a.Choices, b.Choices) {
			t.Fatalf("seed %d gives two histories", seed)
		}
		again := simulation.Run(simulation.Options{Choices: a.Choices, Trace: true})
		if !slices.Equal(a.Trace, again.Trace) {
			t.Fatalf("the choices of seed %d give another history", seed)
		}
	}
}
