package mutants_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/simulation"
)

// mutant is one way of breaking the system on purpose.
type mutant struct {
	name     string                  // what is broken
	edits    []edit                  // of the source
	ports    func(*simulation.Ports) // or what is put before the ports
	within   int                     // so many histories, from seed 1 on, must find it
	promises []string                // one of these must be the one that is broken

	rule   string
	number int // names it in a woven program
}

// rules are the protocol's, each with the mutants that break it.
var rules = []struct {
	name    string
	mutants []mutant
}{
	{"R1 claim", claimMutants},
	{"R2 attempt", attemptMutants},
	{"R3 worker", workerMutants},
	{"R4 agent", agentMutants},
	{"R5 proof of end", endMutants},
	{"R6 dead letters", deadLetterMutants},
	{"R7 cancel", cancelMutants},
	{"R8 carrier", carrierMutants},
	{"R9 filling", fillMutants},
	{"R10 batches", batchMutants},
	{"blunders", blunders},
	{"clients and stores", portMutants},
}

// all are the mutants with their numbers.
func all() []mutant {
	var all []mutant
	for _, r := range rules {
		for _, m := range r.mutants {
			m.rule, m.number = r.name, len(all)+1
			all = append(all, m)
		}
	}
	return all
}

// inShortMode is how many mutants are tried in short mode.
const inShortMode = 3

// chosen are the mutants to be tried. Compiling them takes too long in a hurry,
// and a history that is ten times slower finds no more in them.
func chosen() []mutant {
	chosen := all()
	switch {
	case raceDetector:
		return nil
	case testing.Short():
		slices.SortStableFunc(chosen, func(a, b mutant) int { return cmp.Compare(a.within, b.within) })
		return chosen[:inShortMode]
	}
	return chosen
}

func TestEachPatchApplies(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, m := range all() {
		if known[m.name] {
			t.Errorf("two mutants are called %q", m.name)
		}
		known[m.name] = true
		if _, err := m.patched(); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}

func TestMutants(t *testing.T) {
	t.Parallel()
	mutants := chosen()
	if len(mutants) == 0 {
		return
	}
	r := &report{}
	t.Cleanup(func() { t.Log(r) })
	built := programs{}
	built.weaveAll(t, append(all(), mutant{})) // the last is none
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			for _, m := range mutants {
				if m.rule == rule.name {
					t.Run(m.name, func(t *testing.T) {
						t.Parallel()
						r.add(m, m.mustFind(t, built))
					})
				}
			}
		})
	}
	t.Run("nothing is broken", func(t *testing.T) {
		if f := built[0].prove(t, 0, r.most()); f.seed != 0 {
			t.Fatalf("without a mutant, seed %d: %s: %s", f.seed, f.promise, f.detail)
		}
	})
}

// mustFind fails when the simulation does not find the mutant, or finds something else.
func (m mutant) mustFind(t *testing.T, built programs) finding {
	t.Helper()
	f := m.find(t, built)
	switch {
	case f.seed == 0:
		t.Fatalf("it survives %d histories: a check is missing", m.within)
	case !slices.Contains(m.promises, f.promise):
		t.Fatalf("it is found by another promise, at seed %d: %s: %s", f.seed, f.promise, f.detail)
	}
	return f
}

// finding is the first history that broke a promise; its seed is 0 when none did.
type finding struct {
	seed            uint64
	promise, detail string
}

// find runs histories with the mutant.
func (m mutant) find(t *testing.T, built programs) finding {
	t.Helper()
	if m.ports == nil {
		return built[m.number].prove(t, m.number, m.within)
	}
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	r := simulation.Prove(ctx, simulation.Proof{First: 1, Histories: m.within, Ports: m.ports})
	if r.Failures == 0 {
		return finding{}
	}
	return finding{r.Seed, r.Failure.Promise, r.Failure.Violation}
}

// patience is how long a mutant may take, on a machine that has other things to do.
const patience = 5 * time.Minute

// report is the table of what found each mutant.
type report struct {
	mu    sync.Mutex
	lines []line
}

type line struct {
	mutant
	finding
}

func (r *report) add(m mutant, f finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line{m, f})
}

// most is how many histories it took to find all of them.
func (r *report) most() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	most := 1
	for _, l := range r.lines {
		most = max(most, int(l.seed))
	}
	return most
}

func (r *report) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.SortFunc(r.lines, func(a, b line) int { return cmp.Compare(a.number, b.number) })
	var s strings.Builder
	fmt.Fprintf(&s, "%d mutants were found\n", len(r.lines))
	rule := ""
	for _, l := range r.lines {
		if l.rule != rule {
			rule = l.rule
			fmt.Fprintf(&s, "\n%s\n", rule)
		}
		fmt.Fprintf(&s, "  %5d of %5d  %s — %s\n", l.seed, l.within, l.name, l.promise)
	}
	return s.String()
}
