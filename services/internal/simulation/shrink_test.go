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

func TestABrokenPromiseIsFoundAndShownByAShorterHistory(t *testing.T) {
	t.Parallel()
	const promise = "no attempt dials twice"
	broken := simulation.Options{Ports: func(p *simulation.Ports) { p.Carrier = redialing{p.Carrier} }}
	for broken.Seed = range 2000 {
		h := simulation.Run(broken)
		if h.Promise != promise {
			continue
		}
		small := simulation.Shrink(broken, h)
		if small.Promise != promise {
			t.Fatalf("the shrunk history breaks %q and not %q", small.Promise, promise)
		}
		if small.Weight() >= h.Weight() {
			t.Errorf("the shrunk history has a weight of %d, and the one that was found %d", small.Weight(), h.Weight())
		}
		replayed := simulation.Options{Choices: small.Choices, Ports: broken.Ports, Trace: true}
		if again := simulation.Run(replayed); !slices.Equal(again.Trace, small.Trace) {
			t.Error("the shrunk history, run again, is another")
		}
		return
	}
	t.Fatalf("2,000 histories with a client that dials twice, and none broke %q", promise)
}
