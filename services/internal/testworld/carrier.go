package testworld

import (
	"context"
	"fmt"
	"time"

	"github.com/outdial/outdial/services/internal/carrier"
)

// Carrier places calls that go as their script says.
type Carrier struct {
	Script func(r carrier.Request) Script // nil: Talk for all
	Legs   []*Leg                         // all calls that were dialed, in order

	w *World
}

// Script says what becomes of a call. Times count from its Create; zero is never.
type Script struct {
	Ring, Answer, End time.Duration
	Status            carrier.Status // at the end
	Hidden            time.Duration  // Find and Status show nothing before this
	Deaf              bool           // asked to end the call, the carrier says yes and does nothing
	Refuse            *carrier.RefusedError
}

// What becomes of calls.
var (
	Talk    = Script{Ring: 2 * time.Second, Answer: 7 * time.Second, End: 14 * time.Second, Status: carrier.Completed}
	Busy    = Script{End: 2 * time.Second, Status: carrier.Busy}
	Endless = Script{Ring: 2 * time.Second, Answer: 7 * time.Second} // until somebody ends it
)

// Leg is one call that was dialed.
type Leg struct {
	Request   carrier.Request
	Reference string
	script    Script
	at        time.Time // of its Create
	endedAt   time.Time // by End
}

// Create dials.
func (c *Carrier) Create(_ context.Context, r carrier.Request) (reference string, err error) {
	err = write(c.w, "carrier.Create", func() error {
		script := Talk
		if c.Script != nil {
			script = c.Script(r)
		}
		if script.Refuse != nil {
			return script.Refuse
		}
		c.w.watchDial(r)
		leg := &Leg{Request: r, Reference: fmt.Sprintf("leg-%d", len(c.Legs)+1), script: script, at: c.w.Clock.Now()}
		c.Legs = append(c.Legs, leg)
		reference = leg.Reference
		return nil
	})
	if err != nil {
		return "", err
	}
	return reference, nil
}

// Find looks a call up.
func (c *Carrier) Find(_ context.Context, callID string, attempt int, nonce string) (reference string, found bool, err error) {
	reference, err = read(c.w, "carrier.Find", func() (string, error) {
		for _, leg := range c.Legs {
			r := leg.Request
			if r.CallID == callID && r.Attempt == attempt && r.Nonce == nonce && !c.hidden(leg) {
				return leg.Reference, nil
			}
		}
		return "", nil
	})
	return reference, reference != "", err
}

// Status tells how a call is.
func (c *Carrier) Status(_ context.Context, reference string) (carrier.State, error) {
	return read(c.w, "carrier.Status", func() (carrier.State, error) {
		leg := c.leg(reference)
		if leg == nil || c.hidden(leg) {
			return carrier.State{}, carrier.ErrNotFound
		}
		return leg.state(c.w.Clock.Now()), nil
	})
}

// End hangs up.
func (c *Carrier) End(_ context.Context, reference string) error {
	return write(c.w, "carrier.End", func() error {
		leg := c.leg(reference)
		if leg == nil || c.hidden(leg) {
			return carrier.ErrNotFound
		}
		if now := c.w.Clock.Now(); !leg.script.Deaf && !leg.state(now).Status.Final() {
			leg.endedAt = now
		}
		return nil
	})
}

// Listen makes the carrier end deaf calls from now on.
func (c *Carrier) Listen() {
	for _, leg := range c.Legs {
		leg.script.Deaf = false
	}
}

func (c *Carrier) leg(reference string) *Leg {
	for _, leg := range c.Legs {
		if leg.Reference == reference {
			return leg
		}
	}
	return nil
}

func (c *Carrier) hidden(l *Leg) bool { return c.w.Clock.Now().Before(l.at.Add(l.script.Hidden)) }

// state is how the call is at a time.
func (l *Leg) state(now time.Time) carrier.State {
	s := carrier.State{Status: carrier.Queued}
	passed := func(d time.Duration) (time.Time, bool) {
		t := l.at.Add(d)
		return t, d > 0 && !now.Before(t) && (l.endedAt.IsZero() || !t.After(l.endedAt))
	}
	if t, ok := passed(l.script.Ring); ok {
		s.Status, s.RingingAt = carrier.Ringing, t
	}
	if t, ok := passed(l.script.Answer); ok {
		s.Status, s.AnsweredAt = carrier.InProgress, t
	}
	end, over := passed(l.script.End)
	switch {
	case over:
		s.Status, s.EndedAt = l.script.Status, end
	case !l.endedAt.IsZero() && s.AnsweredAt.IsZero():
		s.Status, s.EndedAt = carrier.Canceled, l.endedAt
	case !l.endedAt.IsZero():
		s.Status, s.EndedAt = carrier.Completed, l.endedAt
	}
	if !s.AnsweredAt.IsZero() && !s.EndedAt.IsZero() {
		s.Duration = s.EndedAt.Sub(s.AnsweredAt)
	}
	return s
}
