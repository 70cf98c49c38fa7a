package simulation_test

import (
	"context"
	"slices"
	"testing"

	"github.com/outdial/outdial/services/internal/simulation"
)

func TestThePromisesHoldUnderEveryFault(t *testing.T) {
	t.Parallel()
	n := 20_000
	switch {
	case raceDetector:
		n = 100
	case testing.Short():
		n = 1_000
	}
	r := simulation.Prove(t.Context(), simulation.Proof{First: 1, Histories: n})
	if r.Failures > 0 {
		small := simulation.Shrink(t.Context(), simulation.Options{Seed: r.Seed}, r.Failure, nil)
		t.Fatalf("seed %d: %s\n\nThe shortest history found that breaks this promise:\n%s\n\nShow it again: make prove REPLAY=%d",
			r.Seed, r.Failure.Violation, small.Story(), r.Seed)
	}
	t.Logf("%d histories, %d steps; none broke a promise\n%s", r.Histories, r.Steps, r.Coverage)
	if n >= 1_000 {
		everyFaultIsMet(t, r.Coverage)
	}
	if n >= 20_000 {
		everyCellIsMet(t, r.Coverage)
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

// everyCellIsMet fails when a port or a move never met one of its faults.
func everyCellIsMet(t *testing.T, met simulation.Coverage) {
	t.Helper()
	for _, cell := range met.Unmet() {
		t.Errorf("no history met %s: make it come more often, or say in the list of what can't be met why", cell)
	}
	for _, cell := range met.Strays() {
		t.Errorf("%s was met %d times, and no group of the coverage has it, or the list says that it can't be met", cell, met[cell])
	}
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

func TestOfSeveralFailuresTheOneWithTheSmallestSeedCounts(t *testing.T) {
	t.Parallel()
	want := uint64(1)
	for simulation.Run(simulation.Options{Seed: want, Ports: redialingCarrier}).Violation == "" {
		want++
	}
	for range 3 {
		r := simulation.Prove(t.Context(), simulation.Proof{First: 1, Histories: 5_000, Ports: redialingCarrier})
		if r.Seed != want || r.Failure.Violation == "" || r.Histories < int(want) {
			t.Fatalf("of %d histories the first failure was that of seed %d (%q), want seed %d", r.Histories, r.Seed, r.Failure.Violation, want)
		}
	}
}

func TestAProofThatIsStoppedGivesWhatItHas(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	last := 0
	r := simulation.Prove(ctx, simulation.Proof{First: 1, Histories: 1_000_000, Progress: func(done int) {
		if last++; done != last {
			t.Errorf("%d histories are done after %d", done, last)
		}
		if done == 20 {
			stop()
		}
	}})
	if r.Histories < 20 || r.Histories > 100 || r.Steps == 0 || r.Failures > 0 {
		t.Errorf("stopped after 20 histories, and it ran %d, of %d steps", r.Histories, r.Steps)
	}
}
