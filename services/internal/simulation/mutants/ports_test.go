package mutants_test

import (
	"context"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/simulation"
	"github.com/outdial/outdial/services/internal/storetest"
	"github.com/outdial/outdial/services/internal/task"
)

// What a client library or a store does wrong between the use cases and their ports.
var portMutants = []mutant{
	{
		name:   "the carrier's client repeats a dial that got no answer",
		ports:  func(p *simulation.Ports) { p.Carrier = redialing{p.Carrier} },
		within: 200, promises: []string{"an attempt without its slot doesn't talk", "no attempt dials twice", "an attempt without its slot can't dial"},
	},
	{
		name:   "the carrier's client says that a call is over when it gets no answer",
		ports:  func(p *simulation.Ports) { p.Carrier = hasty{p.Carrier} },
		within: 200, promises: []string{"an attempt without its slot doesn't talk", "an outcome is what happened"},
	},
	{
		name:   "the task service's client makes a new client token when it gets no answer",
		ports:  func(p *simulation.Ports) { p.Tasks = retoken{p.Tasks} },
		within: 200, promises: []string{"a launch is repeated with the very same request"},
	},
	{
		name:   "the task service's client says that a task has stopped when it gets no answer",
		ports:  func(p *simulation.Ports) { p.Tasks = pessimist{p.Tasks} },
		within: 20000, promises: []string{"an attempt without its slot can't dial"},
	},
	{
		name:   "the store answers an agent from a copy of its own, in which the claim is open",
		ports:  func(p *simulation.Ports) { p.Store = &ownCopy{Store: p.Store} },
		within: 200, promises: []string{"only the claim's holder dials", "an attempt without its slot can't dial"},
	},
	{
		name:   "the store's client says yes to a write that failed",
		ports:  func(p *simulation.Ports) { p.Store = yes{p.Store} },
		within: 200, promises: []string{"only what is admitted is launched"},
	},
	{
		name:   "the store forgets the outcome that an agent notes",
		ports:  func(p *simulation.Ports) { p.Store = forgetful{p.Store} },
		within: 200, promises: []string{"what an agent saw is not lost"},
	},
}

type redialing struct{ carrier.Carrier }

func (c redialing) Create(ctx context.Context, r carrier.Request) (string, error) {
	reference, err := c.Carrier.Create(ctx, r)
	if err != nil {
		return c.Carrier.Create(ctx, r)
	}
	return reference, nil
}

type hasty struct{ carrier.Carrier }

func (c hasty) Status(ctx context.Context, reference string) (carrier.State, error) {
	if s, err := c.Carrier.Status(ctx, reference); err == nil {
		return s, nil
	}
	return carrier.State{Status: carrier.Completed}, nil
}

type retoken struct{ simulation.Tasks }

func (t retoken) Run(ctx context.Context, r task.Request) (string, error) {
	arn, err := t.Tasks.Run(ctx, r)
	if err != nil {
		r.ClientToken += "-again"
		return t.Tasks.Run(ctx, r)
	}
	return arn, nil
}

type pessimist struct{ simulation.Tasks }

func (t pessimist) Describe(ctx context.Context, arn string) (task.State, error) {
	if s, err := t.Tasks.Describe(ctx, arn); err == nil {
		return s, nil
	}
	return task.Stopped, nil
}

type ownCopy struct {
	storetest.Store
	claim *call.Claim
}

func (s *ownCopy) TakeClaim(ctx context.Context, callID string, attempt int, nonce, arn string, now time.Time) (call.Claim, error) {
	claim, err := s.Store.TakeClaim(ctx, callID, attempt, nonce, arn, now)
	if err == nil {
		return claim, nil
	}
	if claim, err = s.Store.Claim(ctx, callID, attempt); err != nil {
		return claim, err
	}
	claim.Holder, claim.Nonce, claim.Task, claim.TakenAt, claim.Stop = call.HolderAgent, nonce, arn, now, false
	s.claim = &claim
	return claim, nil
}

func (s *ownCopy) Claim(ctx context.Context, callID string, attempt int) (call.Claim, error) {
	if s.claim != nil {
		return *s.claim, nil
	}
	return s.Store.Claim(ctx, callID, attempt)
}

func (s *ownCopy) ClaimAndSettings(ctx context.Context, callID string, attempt int, batchID string) (call.Claim, *call.Settings, error) {
	claim, settings, err := s.Store.ClaimAndSettings(ctx, callID, attempt, batchID)
	if s.claim != nil {
		claim = *s.claim
	}
	return claim, settings, err
}

type yes struct{ storetest.Store }

func (s yes) Apply(ctx context.Context, change call.Change) error {
	err := s.Store.Apply(ctx, change)
	if err != nil && !call.RefusedFor(err, call.ConditionClaim) {
		return nil
	}
	return err
}

type forgetful struct{ storetest.Store }

func (forgetful) NoteOutcome(context.Context, string, int, string, call.Outcome) error { return nil }
