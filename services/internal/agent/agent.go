// Package agent is the program in an attempt's task: it takes the attempt's
// claim, dials, follows the call to its end, and reports.
//
// The order is what keeps a call from being dialed twice and its outcome from
// being lost, so nothing here runs side by side (R4):
//
//	claim → look for a stop → dial → note the carrier's reference →
//	the carrier says it is over → note the outcome → event → exit
//
// Each step may fail before, after or without telling. An unclear claim is
// settled by reading whose nonce it carries, an unclear dial by looking the call
// up; writes to the claim are repeated, because they are idempotent; and a dial
// is never repeated, because it is not.
package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// Config says which attempt an agent is for.
type Config struct {
	CallID  string
	Attempt int       // from 1
	Task    string    // ARN of the agent's own task
	StartBy time.Time // takes no claim after this
	Timing  Timing
}

// Timing holds how long an agent waits and tries. No promise rests on it.
type Timing struct {
	Poll    time.Duration // between looks at the call
	Look    time.Duration // between looks for a stop on the claim, while the call goes on
	Request time.Duration // for one answer from store, carrier or event bus
	Claim   time.Duration // for taking the claim, at most
	Find    time.Duration // for an unclear dial to show at the carrier
	Publish time.Duration // for the last event; the outcome is safe on the claim by then
	Grace   time.Duration // on top of the call's limits: as in call.Timing
}

// DefaultTiming fits a real carrier.
func DefaultTiming() Timing {
	return Timing{
		Poll:    time.Second,
		Look:    time.Minute,
		Request: 10 * time.Second,
		Claim:   5 * time.Minute,
		Find:    time.Minute,
		Publish: 30 * time.Second,
		Grace:   call.DefaultTiming().Grace,
	}
}

// ErrGaveUp says that the agent ended without noting an outcome: the carrier or
// the store did not answer until the call's limits and the grace had passed. The
// tracker then sees the call to its end.
var ErrGaveUp = errors.New("gave up without an outcome")

// errLost: the claim is not this agent's, so it must not dial.
var errLost = errors.New("the claim is not this agent's")

// Run is an agent's whole life. Closing stop asks it to end: it then does not
// dial, or hangs up, and still notes and reports what happened. Canceling ctx
// drops everything at once, as the death of the process would.
//
// It gives nil when there is nothing left to do: also when another holds the
// claim, when the claim is closed, or when it is too late to take it.
func Run(ctx context.Context, c Config, p Ports, stop <-chan struct{}) error {
	a := &attempt{
		Config: c, Ports: p, stop: stop, nonce: p.NewNonce(),
		log: p.Log.With("call", c.CallID, "attempt", c.Attempt),
	}
	if a.stopAsked() || a.Clock.Now().After(c.StartBy) {
		a.log.InfoContext(ctx, "the claim is left alone: asked to stop, or too late")
		return nil
	}
	err := a.take(ctx)
	if errors.Is(err, errLost) {
		a.log.InfoContext(ctx, "not dialing: the claim is taken or closed")
		return nil
	}
	if err != nil {
		return fmt.Errorf("take the claim: %w", err)
	}
	outcome, err := a.place(ctx)
	if err != nil {
		return err
	}
	return a.report(ctx, outcome)
}

// attempt is the state of one run.
type attempt struct {
	Config
	Ports
	stop  <-chan struct{}
	nonce string
	log   *slog.Logger

	claim     call.Claim
	settings  *call.Settings // nil: the batch's, not read yet
	lookedAt  time.Time      // at the claim, for a stop
	reference string         // the carrier's, once dialed
	stopping  bool           // asked to end, by signal or on the claim
}

// place dials and follows the call to its outcome.
func (a *attempt) place(ctx context.Context) (call.Outcome, error) {
	done, err := a.dial(ctx)
	if err != nil || done != nil {
		return orNone(done), err
	}
	f := &following{attempt: a}
	return f.follow(ctx)
}

func orNone(o *call.Outcome) call.Outcome {
	if o == nil {
		return call.Outcome{}
	}
	return *o
}

// stopAsked tells whether the agent was asked to end, and remembers it.
func (a *attempt) stopAsked() bool {
	select {
	case <-a.stop:
		a.stopping = true
	default:
	}
	return a.stopping
}

// wake ends a sleep when the agent is asked to end for the first time.
func (a *attempt) wake() <-chan struct{} {
	if a.stopping {
		return nil
	}
	return a.stop
}

// expiry is when the call must be over by its own limits.
func (a *attempt) expiry() time.Time {
	return a.claim.Expiry(call.Timing{Grace: a.Timing.Grace})
}

const (
	firstPause = 200 * time.Millisecond
	maxPause   = 5 * time.Second
)

// persist repeats a request that may be repeated, with growing pauses, until it
// succeeds, can't succeed any more, or the time is over; it gives the last error.
func (a *attempt) persist(ctx context.Context, until time.Time, what string, request func(context.Context) error) error {
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		err := a.ask(ctx, request)
		if err == nil || ctx.Err() != nil || hopeless(err) {
			return err
		}
		if a.Clock.Now().Add(pause).After(until) {
			return err
		}
		a.log.WarnContext(ctx, "trying again", "to", what, "pause", pause, "cause", err)
		a.Clock.Sleep(ctx, pause, nil)
	}
}

// hopeless tells whether repeating can't help.
func hopeless(err error) bool {
	return errors.Is(err, errLost) || errors.Is(err, call.ErrNotFound) || call.RefusedFor(err, call.ConditionNonce)
}

// ask makes one request, and waits for its answer no longer than Timing.Request.
// Once ctx is canceled nothing is asked any more.
func (a *attempt) ask(ctx context.Context, request func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, a.Timing.Request)
	defer cancel()
	return request(ctx)
}
