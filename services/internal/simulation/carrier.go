package simulation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/outdial/outdial/services/internal/carrier"
)

// leg is a call at the carrier. How it is follows from its times alone.
type leg struct {
	request   carrier.Request
	reference string
	at        time.Time // of the dial
	foundAt   time.Time // Find shows it from then on
	ring      time.Duration
	answer    time.Duration // 0: never
	end       time.Duration
	how       carrier.Status
	endedAt   time.Time // by End; zero: never
}

// phones is the carrier.
type phones struct {
	w    *world
	legs []*leg
	late []lateDial

	silentUntil time.Time // Find fails before this
}

// lateDial is a dial that is still to come, though its Create gave no answer.
type lateDial struct {
	at      time.Time
	request carrier.Request
	looked  int
}

// lag is how late the carrier may be: see the package's documentation.
const lag = 30 * time.Second

// phone is the carrier as an actor sees it.
type phone struct{ *actor }

// Create dials.
func (p phone) Create(_ context.Context, r carrier.Request) (reference string, err error) {
	about := fmt.Sprintf("%s/%d", r.CallID, r.Attempt)
	looked := p.asked
	err = p.ask("carrier.Create", about, func() error {
		f := p.w.fault("carrier.Create", dialFaults...)
		switch f {
		case Rejected:
			return &carrier.RefusedError{Code: "21214", Message: "The number can't be reached"}
		case Busy:
			return &carrier.RefusedError{Code: "20429", Message: "Too many requests", Temporary: true}
		case LateDial:
			after := time.Duration(1+p.w.choices.below(int(lag/time.Second))) * time.Second
			p.w.carrier.late = append(p.w.carrier.late, lateDial{p.w.now.Add(after), r, looked})
			return errUnclear
		}
		reference = p.w.carrier.dial(r, f, looked).reference
		return nil
	})
	if err != nil {
		return "", err
	}
	return reference, nil
}

// dial begins a call, whose course is left to chance.
func (s *phones) dial(r carrier.Request, f Fault, looked int) *leg {
	s.w.watchDial(r, looked)
	c := s.w.choices
	l := &leg{request: r, reference: fmt.Sprintf("leg-%d", len(s.legs)+1), at: s.w.now, foundAt: s.w.now}
	if f == FindLag {
		l.foundAt = s.w.now.Add(lag)
	}
	talk := pick(c, 10*time.Second, 40*time.Second, r.TimeLimit)
	l.ring, l.how = 2*time.Second, pick(c, carrier.Completed, carrier.Busy, carrier.NoAnswer, carrier.Failed)
	if f == Unlimited {
		l.how, talk = pick(c, carrier.Completed, carrier.NoAnswer), r.TimeLimit
	}
	switch l.how {
	case carrier.Completed:
		l.answer = 7 * time.Second
		l.end = l.answer + min(talk, r.TimeLimit)
	case carrier.NoAnswer:
		l.end = r.RingTimeout
	default:
		l.end = 3 * time.Second
	}
	s.legs = append(s.legs, l)
	return l
}

// catchUp dials what is to be dialed by now. The carrier waits for nobody.
func (s *phones) catchUp() {
	for i := 0; i < len(s.late); i++ {
		if d := s.late[i]; !d.at.After(s.w.now) {
			s.late = slices.Delete(s.late, i, i+1)
			i--
			s.w.notef("the carrier dials %s/%d at last", d.request.CallID, d.request.Attempt)
			s.dial(d.request, None, d.looked)
		}
	}
}

func (s *phones) next(earlier func(time.Time)) {
	for _, d := range s.late {
		earlier(d.at)
	}
}

// Find looks a call up.
func (p phone) Find(_ context.Context, callID string, attempt int, nonce string) (reference string, found bool, err error) {
	p.looked = true
	err = p.ask("carrier.Find", fmt.Sprintf("%s/%d", callID, attempt), func() error {
		s := &p.w.carrier
		if p.w.now.Before(s.silentUntil) {
			return errDown
		}
		if p.w.fault("carrier.Find", Silent) == Silent {
			s.silentUntil = p.w.now.Add(5 * time.Minute)
			return errDown
		}
		for _, l := range s.legs {
			r := l.request
			if r.CallID == callID && r.Attempt == attempt && r.Nonce == nonce && !p.w.now.Before(l.foundAt) {
				reference, found = l.reference, true
			}
		}
		return nil
	})
	return reference, found, err
}

// Status tells how a call is.
func (p phone) Status(_ context.Context, reference string) (carrier.State, error) {
	return read(p.actor, "carrier.Status", reference, func() (carrier.State, error) {
		if l := p.w.carrier.leg(reference); l != nil {
			return l.state(p.w.now), nil
		}
		return carrier.State{}, carrier.ErrNotFound
	})
}

// End hangs up.
func (p phone) End(_ context.Context, reference string) error {
	return p.ask("carrier.End", reference, func() error {
		l := p.w.carrier.leg(reference)
		if l == nil {
			return carrier.ErrNotFound
		}
		if p.w.carrier.live(l) && l.endedAt.IsZero() {
			l.endedAt = p.w.now
			if p.w.fault("carrier.End", EndLag) == EndLag {
				l.endedAt = p.w.now.Add(lag)
			}
		}
		return nil
	})
}

func (s *phones) leg(reference string) *leg {
	for _, l := range s.legs {
		if l.reference == reference {
			return l
		}
	}
	return nil
}

// live tells whether a call is under way.
func (s *phones) live(l *leg) bool { return !l.state(s.w.now).Status.Final() }

// state is how the call is at a time.
func (l *leg) state(now time.Time) carrier.State {
	s := carrier.State{Status: carrier.Queued}
	passed := func(d time.Duration) bool {
		t := l.at.Add(d)
		return d > 0 && !now.Before(t) && (l.endedAt.IsZero() || !t.After(l.endedAt))
	}
	if passed(l.ring) {
		s.Status, s.RingingAt = carrier.Ringing, l.at.Add(l.ring)
	}
	if passed(l.answer) {
		s.Status, s.AnsweredAt = carrier.InProgress, l.at.Add(l.answer)
	}
	switch {
	case passed(l.end):
		s.Status, s.EndedAt = l.how, l.at.Add(l.end)
	case l.endedAt.IsZero() || now.Before(l.endedAt):
		return s
	case s.AnsweredAt.IsZero():
		s.Status, s.EndedAt = carrier.Canceled, l.endedAt
	default:
		s.Status, s.EndedAt = carrier.Completed, l.endedAt
	}
	if !s.AnsweredAt.IsZero() {
		s.Duration = s.EndedAt.Sub(s.AnsweredAt)
	}
	return s
}
