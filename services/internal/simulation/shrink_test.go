package simulation_test

import (
	"context"
	"slices"
	"testing"

	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/simulation"
)

// redialing is a carrier's client that makes the mistake of repeating a dial that
// gave no answer.
type redialing struct{ carrier.Carrier }

func (c redialing) Create(ctx context.Context, r carrier.Request) (string, error) {
	if reference, err := c.Carrier.Create(ctx, r); err == nil {
		return reference, nil
	}
	return c.Carrier.Create(ctx, r)
}

func redialingCarrier(p *simulation.Ports) { p.Carrier = redialing{p.Carrier} }

func TestABrokenPromiseIsFoundAndShownByAFewDozenLines(t *testing.T) {
	t.Parallel()
	const promise, lines = "no attempt dials twice", 50
	broken := simulation.Options{Ports: redialingCarrier}
	h := simulation.History{}
	for broken.Seed = 1; h.Promise != promise; broken.Seed++ {
		if broken.Seed > 2000 {
			t.Fatalf("2,000 histories with a client that dials twice, and none broke %q", promise)
		}
		h = simulation.Run(broken)
	}
	part := 0.0
	small := simulation.Shrink(t.Context(), broken, h, func(now float64) {
		if now < part || now > 1 {
			t.Errorf("the search is at %v after %v", now, part)
		}
		part = now
	})
	if small.Promise != promise {
		t.Fatalf("the shrunk history breaks %q and not %q", small.Promise, promise)
	}
	if len(small.Trace) > lines || small.Weight() >= h.Weight() {
		t.Errorf("the shrunk history has %d lines, want %d at most; it had %d steps\n%s", len(small.Trace), lines, h.Steps, small.Story())
	}
	again := simulation.Run(simulation.Options{Choices: small.Choices, Ports: broken.Ports, Trace: true})
	if !slices.Equal(again.Trace, small.Trace) {
		t.Error("the shrunk history, run again, is another")
	}
}

func TestAShrinkThatIsStoppedGivesWhatItHas(t *testing.T) {
	t.Parallel()
	broken := simulation.Options{Ports: redialingCarrier}
	h := simulation.Run(broken)
	for ; h.Violation == ""; h = simulation.Run(broken) {
		broken.Seed++
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if got := simulation.Shrink(ctx, broken, h, nil); got.Violation != h.Violation {
		t.Errorf("it breaks %q, want %q", got.Violation, h.Violation)
	}
}
