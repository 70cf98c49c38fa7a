package testworld

import (
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/task"
)

// watch holds every change of a call against the promises.
func (w *World) watch(ch call.Change) {
	w.t.Helper()
	room := w.Room()
	if ch.Move == call.MoveAdmitted && room.InUse > room.Limit {
		w.t.Errorf("call %s is admitted over the limit: %d of %d slots", ch.After.ID, room.InUse, room.Limit)
	}
	if room.RateAt.Before(w.rateAt) {
		w.t.Errorf("the rate's stored time went back from %v to %v", w.rateAt, room.RateAt)
	}
	w.rateAt = room.RateAt
	if ch.Slots() >= 0 {
		return
	}
	id, attempt := ch.Before.ID, ch.Before.Attempt
	if claim := w.Claim(id, attempt); claim.Holder == call.HolderNone {
		w.t.Errorf("call %s, attempt %d: %s gives its slot back while an agent may still dial", id, attempt, ch.Move)
	}
	for _, leg := range w.Carrier.Legs {
		if leg.Request.CallID == id && w.live(leg) && !unclear(ch.After) {
			w.t.Errorf("call %s, attempt %d: %s gives its slot back while the call goes on at the carrier", id, attempt, ch.Move)
		}
	}
}

// watchBatch: a cancel never runs ahead of the expansion, no cursor goes back,
// due stays exactly until the end of both, and canceled is last.
func (w *World) watchBatch(ch call.BatchChange) {
	w.t.Helper()
	a, b := ch.Before, ch.After
	if b.CanceledTo > b.Expanded || b.Expanded < a.Expanded || b.CanceledTo < a.CanceledTo {
		w.t.Errorf("batch %s is expanded to %d and canceled to %d, after %d and %d", b.ID, b.Expanded, b.CanceledTo, a.Expanded, a.CanceledTo)
	}
	unfinished := b.Expanded < b.Rows || (b.State == call.StateCanceled && b.CanceledTo < b.Rows)
	if unfinished == b.Due.IsZero() {
		w.t.Errorf("batch %s is %s, expanded to %d and canceled to %d of %d rows, and due %v", b.ID, b.State, b.Expanded, b.CanceledTo, b.Rows, b.Due)
	}
	if a.State == call.StateCanceled && b.State != call.StateCanceled {
		w.t.Errorf("batch %s was canceled and is %s", b.ID, b.State)
	}
}

// unclear: the carrier never said whether it dialed. The call is final then, and
// its slot can't be kept for ever (R8).
func unclear(c call.Call) bool {
	return c.Failure != nil && c.Failure.Reason == call.ReasonCarrierUnclear
}

// watchLaunch: nothing is launched before its rate token's time, nor what was never admitted.
func (w *World) watchLaunch(r task.Request) {
	w.t.Helper()
	c := w.Call(r.CallID)
	if r.Attempt > c.Attempt || (r.Attempt == c.Attempt && c.Status == call.Queued) {
		w.t.Errorf("call %s, attempt %d, is launched and was not admitted", r.CallID, r.Attempt)
	}
	if now := w.Clock.Now(); r.Attempt == c.Attempt && now.Before(c.LaunchAt) {
		w.t.Errorf("call %s, attempt %d, is launched at %v, before its token's time %v", r.CallID, r.Attempt, now, c.LaunchAt)
	}
}

// watchDial: an attempt dials at most once, by the agent that holds its claim,
// while the attempt has its slot and no earlier one is under way.
func (w *World) watchDial(r carrier.Request) {
	w.t.Helper()
	c := w.Call(r.CallID)
	if !c.Status.Active() || c.Attempt != r.Attempt {
		w.t.Errorf("attempt %d of call %s dials without a slot: the call is %s at attempt %d", r.Attempt, r.CallID, c.Status, c.Attempt)
	}
	if !w.Claim(r.CallID, r.Attempt).HeldBy(r.Nonce) {
		w.t.Errorf("attempt %d of call %s dials without its claim", r.Attempt, r.CallID)
	}
	for _, leg := range w.Carrier.Legs {
		if leg.Request.CallID != r.CallID {
			continue
		}
		if leg.Request.Attempt == r.Attempt {
			w.t.Errorf("attempt %d of call %s dials twice", r.Attempt, r.CallID)
		}
		if w.live(leg) {
			w.t.Errorf("attempt %d of call %s dials while attempt %d is under way", r.Attempt, r.CallID, leg.Request.Attempt)
		}
	}
}

func (w *World) live(l *Leg) bool { return !l.state(w.Clock.Now()).Status.Final() }
