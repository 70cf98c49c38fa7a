package agent_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/agent"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/simcarrier"
)

const (
	callID  = "call_01JX"
	taskARN = "local:task/call_01JX-1"
	nonce   = "nonce-1"
)

// world is all that an agent can touch, in a time that moves only while the
// agent sleeps: a store with one claim, an event bus, and the simulated carrier.
type world struct {
	t       *testing.T
	now     time.Time
	plans   []plan
	claim   *call.Claim
	batches map[string]call.Settings
	events  []messages.Event
	sim     *simcarrier.Carrier
	dir     string
	faults  map[string]*fault
	asked   []string // the ports in the order they were asked
	log     strings.Builder
	stop    chan struct{}
	startBy time.Time
	coarse  bool // the carrier gives times in whole seconds
}

// plan is something that happens at a time, whatever the agent does.
type plan struct {
	at time.Time
	do func()
}

// fault makes a port fail: before it does anything, after it did, or without
// anything done but unclear. A negative number of times is always.
type fault struct {
	kind  faultKind
	times int
	err   error // instead of the kind's own
}

type faultKind string

const (
	before  faultKind = "before"  // nothing happened, and a plain error
	after   faultKind = "after"   // it happened, and an unclear error
	unclear faultKind = "unclear" // nothing happened, and an unclear error
)

// look is how long a stop on the claim alone may take to be seen.
const look = 5 * time.Second

func newWorld(t *testing.T, number string) *world {
	t.Helper()
	w := &world{
		t: t, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), dir: t.TempDir(),
		batches: map[string]call.Settings{"batch_1": {Voice: "verse"}},
		faults:  map[string]*fault{}, stop: make(chan struct{}),
	}
	w.startBy = w.now.Add(time.Hour)
	var err error
	if w.sim, err = simcarrier.Open(simcarrier.Default(w.dir), w.Now); err != nil {
		t.Fatal(err)
	}
	w.claim = &call.Claim{
		CallID: callID, Attempt: 1, BatchID: "batch_1", Number: number,
		RingTimeout: 30, TimeLimit: 60, OpenedAt: w.now,
	}
	return w
}

// run runs an agent in the world and checks what must hold whatever happened.
func (w *world) run() error {
	w.t.Helper()
	err := w.runIn(w.t.Context())
	w.check(err)
	return err
}

func (w *world) runIn(ctx context.Context) error {
	timing := agent.DefaultTiming()
	timing.Poll, timing.Look = 500*time.Millisecond, look
	return agent.Run(ctx, agent.Config{
		CallID: callID, Attempt: 1, Task: taskARN, StartBy: w.startBy, Timing: timing,
	}, agent.Ports{
		Store: w, Events: w, Carrier: w, Clock: w,
		NewNonce: func() string { return nonce },
		Log:      slog.New(slog.NewTextHandler(&w.log, nil)),
	}, w.stop)
}

// at plans something for so long after now.
func (w *world) at(d time.Duration, do func()) {
	w.plans = append(w.plans, plan{w.now.Add(d), do})
	slices.SortStableFunc(w.plans, func(a, b plan) int { return a.at.Compare(b.at) })
}

func (w *world) Now() time.Time { return w.now }

func (w *world) Sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	until := w.now.Add(d)
	for ctx.Err() == nil && !w.now.After(until) {
		select {
		case <-wake:
			return
		default:
		}
		if len(w.plans) == 0 || w.plans[0].at.After(until) {
			w.now = until
			return
		}
		next := w.plans[0]
		w.plans = w.plans[1:]
		w.now = next.at
		next.do()
	}
}

// ask does what a port does, with its fault.
func (w *world) ask(port string, do func() error) error {
	w.asked = append(w.asked, port)
	f := w.faults[port]
	if f == nil || f.times == 0 {
		return do()
	}
	f.times--
	if f.err != nil {
		return f.err
	}
	switch f.kind {
	case before:
		return errors.New("the port is down")
	case after:
		if err := do(); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: %w, %w", port, call.ErrUnclear, carrier.ErrUnclear)
}

func (w *world) TakeClaim(_ context.Context, id string, attempt int, nonce, task string, now time.Time) (c call.Claim, err error) {
	return c, w.ask("TakeClaim", func() error {
		if c, err = w.read(id, attempt); err != nil {
			return err
		}
		if c, err = c.Take(nonce, task, now); err == nil {
			*w.claim = c
		}
		return err
	})
}

func (w *world) Claim(_ context.Context, id string, attempt int) (c call.Claim, err error) {
	return c, w.ask("Claim", func() error {
		c, err = w.read(id, attempt)
		return err
	})
}

func (w *world) ClaimAndSettings(_ context.Context, id string, attempt int, batchID string) (c call.Claim, s *call.Settings, err error) {
	port := "Look"
	if batchID != "" {
		port = "LookAndSettings"
	}
	return c, s, w.ask(port, func() error {
		if one, found := w.batches[batchID]; found {
			s = &one
		}
		c, err = w.read(id, attempt)
		return err
	})
}

func (w *world) NoteReference(_ context.Context, id string, attempt int, nonce, reference string) error {
	return w.ask("NoteReference", func() error {
		return w.note(id, attempt, nonce, func() { w.claim.CarrierReference = reference })
	})
}

func (w *world) NoteOutcome(_ context.Context, id string, attempt int, nonce string, o call.Outcome) error {
	return w.ask("NoteOutcome", func() error {
		return w.note(id, attempt, nonce, func() {
			if w.claim.Outcome == nil {
				w.claim.Outcome = &o
			}
		})
	})
}

func (w *world) note(id string, attempt int, nonce string, write func()) error {
	c, err := w.read(id, attempt)
	if err != nil {
		return err
	}
	if !c.HeldBy(nonce) {
		return call.Refuse(call.ConditionNonce)
	}
	write()
	return nil
}

func (w *world) read(id string, attempt int) (call.Claim, error) {
	if w.claim == nil || w.claim.CallID != id || w.claim.Attempt != attempt {
		return call.Claim{}, call.ErrNotFound
	}
	return *w.claim, nil
}

func (w *world) Publish(_ context.Context, e messages.Event) error {
	return w.ask("Publish", func() error {
		if _, err := messages.EncodeEvent(e); err != nil {
			w.t.Errorf("an event that the contract refuses: %v", err)
		}
		w.events = append(w.events, e)
		return nil
	})
}

func (w *world) Create(ctx context.Context, r carrier.Request) (ref string, err error) {
	if r.Nonce != nonce || r.RingTimeout != 30*time.Second || r.TimeLimit != time.Minute || r.Settings.Voice != "verse" {
		w.t.Errorf("the carrier is asked for %+v, not what the claim says", r)
	}
	return ref, w.ask("Create", func() error {
		ref, err = w.sim.Create(ctx, r)
		return err
	})
}

func (w *world) Find(ctx context.Context, id string, attempt int, nonce string) (ref string, found bool, err error) {
	return ref, found, w.ask("Find", func() error {
		ref, found, err = w.sim.Find(ctx, id, attempt, nonce)
		return err
	})
}

func (w *world) Status(ctx context.Context, ref string) (s carrier.State, err error) {
	return s, w.ask("Status", func() error {
		s, err = w.sim.Status(ctx, ref)
		if w.coarse {
			s.RingingAt, s.AnsweredAt, s.EndedAt = s.RingingAt.Truncate(time.Second), s.AnsweredAt.Truncate(time.Second), s.EndedAt.Truncate(time.Second)
		}
		return err
	})
}

func (w *world) End(ctx context.Context, ref string) error {
	return w.ask("End", func() error { return w.sim.End(ctx, ref) })
}

func (w *world) dials() []simcarrier.Dial {
	w.t.Helper()
	dials, err := simcarrier.ReadDials(w.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	return dials
}

// times counts how often a port was asked.
func (w *world) times(port string) int {
	n := 0
	for _, asked := range w.asked {
		if asked == port {
			n++
		}
	}
	return n
}

// mine tells whether the agent holds the claim.
func (w *world) mine() bool { return w.claim != nil && w.claim.HeldBy(nonce) }

// types are the types of all events, in order.
func (w *world) types() string {
	var types []string
	for _, e := range w.events {
		types = append(types, string(e.Type))
	}
	return strings.Join(types, " ")
}

// check holds what must be true after every run, whatever failed in it.
func (w *world) check(err error) {
	w.t.Helper()
	dials := w.dials()
	if len(dials) > 1 {
		w.t.Errorf("dialed %d times", len(dials))
	}
	if f := w.faults["Create"]; w.times("Create") > 1 && (f == nil || f.err == nil) {
		w.t.Errorf("asked the carrier to dial %d times", w.times("Create"))
	}
	if len(dials) > 0 && !w.mine() {
		w.t.Error("dialed without the claim")
	}
	if !w.mine() && len(w.events) > 0 {
		w.t.Errorf("told %q without the claim", w.types())
	}
	if strings.Contains(w.log.String(), "+1202555") {
		w.t.Errorf("a phone number in the log:\n%s", &w.log)
	}
	for _, e := range w.events {
		if e.Nonce != nonce || e.Task != taskARN || e.CallID != callID || e.Attempt != 1 {
			w.t.Errorf("the event is not this agent's: %+v", e)
		}
	}
	if !w.mine() {
		return
	}
	ended := w.events[max(0, len(w.events)-1):]
	if len(ended) == 1 && ended[0].Type == messages.EventEnded && w.claim.Outcome == nil {
		w.t.Error("the end was told and not noted")
	}
	if err == nil && (w.claim.Outcome == nil || len(ended) == 0 || ended[0].Type != messages.EventEnded) {
		w.t.Errorf("ended well, with outcome %+v and events %q", w.claim.Outcome, w.types())
	}
	w.checkOutcome(dials)
}

// checkOutcome compares the outcome on the claim with the carrier's truth.
func (w *world) checkOutcome(dials []simcarrier.Dial) {
	w.t.Helper()
	o := w.claim.Outcome
	if o == nil || o.Reason == call.ReasonCarrierUnclear || w.coarse {
		return
	}
	if o.Dialed != (len(dials) == 1) {
		w.t.Errorf("the outcome says dialed %t, the carrier counts %d dials", o.Dialed, len(dials))
	}
	if len(dials) == 0 {
		return
	}
	s := dials[0].State(w.now)
	if !s.Status.Final() {
		w.t.Errorf("an outcome %s is noted while the call is %s", o.Status, s.Status)
	}
	stopped := o.Status == call.Canceled && !dials[0].HungUpAt.IsZero()
	limited := o.Status == call.Failed && s.Status == carrier.Canceled
	if string(o.Status) != string(s.Status) && !stopped && !limited {
		w.t.Errorf("the outcome is %s, the carrier says %s", o.Status, s.Status)
	}
	talk := int((s.Duration + time.Second - 1) / time.Second)
	if o.CarrierReference != dials[0].Reference || o.Duration != talk || !o.EndedAt.Equal(s.EndedAt.Truncate(time.Millisecond)) {
		w.t.Errorf("the outcome is %+v, the carrier says %+v", o, s)
	}
}
