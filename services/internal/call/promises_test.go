package call_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/outdial/outdial/services/internal/call"
)

// TestNoAttemptDialsTwiceOrWithoutItsSlot lets agents of every attempt, workers,
// trackers and people act on one call in any order. A change is applied as a
// store does: whole, if the record's version and the claim are as it requires.
func TestNoAttemptDialsTwiceOrWithoutItsSlot(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range 4 * steps() {
			if w.c.Status.Final() && pick(t, "another call", true, false, false, false, false, false, false, false) {
				w = newWorld(t)
			}
			w.step()
			w.check()
		}
	})
}

// world is a call with its claims, and the agents that act for its attempts.
type world struct {
	t      *rapid.T
	c      call.Call
	read   []call.Call
	claims map[int]call.Claim // by attempt
	agents []*agent
	inUse  int // slots
	told   []string
	acts   []func(call.Call)
}

func newWorld(t *rapid.T) *world {
	n := newCall(single)
	if pick(t, "retries", true, false) {
		retrying(&n)
		n.Retry.MaxDials = 100
	}
	w := &world{t: t, c: call.Created(n, noon).After, claims: map[int]call.Claim{}}
	w.acts = []func(call.Call){w.worker, w.worker, w.tracker, w.agent, w.agent, w.agent, w.agent}
	if pick(t, "may be canceled", true, false) {
		w.acts = append(w.acts, w.person)
	}
	return w
}

// step lets one of them act, perhaps on a record that was read a while ago.
func (w *world) step() {
	w.read = append(w.read, w.c)[max(0, len(w.read)-3):]
	pick(w.t, "who", w.acts...)(pick(w.t, "read", w.read...))
}

// agent is one start of an agent's process: an attempt may have several.
type agent struct {
	nonce   string
	attempt int
	dialed  bool // the phone may be ringing
	over    bool // the carrier says that the call is over
	dead    bool
}

// apply does what a store does with what a move gave.
func (w *world) apply(ch call.Change, err error) {
	if err != nil {
		return
	}
	claim, exists := w.claims[ch.Attempt()]
	switch {
	case ch.Before.Version != w.c.Version:
		return
	case ch.Claim == call.ClaimOpen && exists,
		ch.Claim == call.ClaimClose && (!exists || claim.Holder != call.HolderNone),
		ch.Claim == call.ClaimStop && claim.Holder != call.HolderAgent:
		return
	}
	switch ch.Claim {
	case call.ClaimOpen:
		claim = ch.Open
	case call.ClaimClose:
		claim.Holder = call.HolderControl
	case call.ClaimStop:
		claim.Stop = true
	}
	if ch.Claim != call.ClaimNone {
		w.claims[ch.Attempt()] = claim
	}
	w.inUse += ch.Slots()
	w.c = ch.After
	w.told = append(w.told, fmt.Sprintf("%s: %s in attempt %d", ch.Move, w.c.Status, w.c.Attempt))
}

func (w *world) worker(c call.Call) {
	now := c.UpdatedAt
	if !c.Ready() && c.Status == call.Queued {
		now = c.Wait.Until
		w.apply(call.Ready(c, now))
		return
	}
	launchAt, room := call.Capacity{Rate: 1}.Admit(now)
	switch pick(w.t, "worker", "admit", "launch", "launch", "launch", "launch", "no room", "refused", "redriven") {
	case "admit":
		w.apply(call.Admitted(c, launchAt, room, "agent:1", timing, now))
	case "launch":
		if c.Status == call.Launching { // RunTask does it, and does it twice when its token has expired
			w.agents = append(w.agents, &agent{nonce: fmt.Sprint("nonce ", len(w.agents)), attempt: c.Attempt})
		}
		if pick(w.t, "answer", true, true, false) {
			w.apply(call.TaskStarted(c, c.Attempt, task, timing, now))
		}
	case "no room":
		w.apply(call.LaunchRefusedForRoom(c, c.Attempt, backoff, now))
	case "refused":
		w.apply(call.LaunchRefusedForGood(c, c.Attempt, "No such image.", now))
	case "redriven":
		w.apply(call.Redriven(c, pick(w.t, "marked attempt", c.Attempt, c.Attempt-1), "", now))
	}
}

// tracker is told of events, proves ends and looks at what is due. What it may
// say is bound to what it read on the claim (R5, R8).
func (w *world) tracker(c call.Call) {
	now := c.UpdatedAt
	attempt := pick(w.t, "event of attempt", c.Attempt, c.Attempt, max(1, c.Attempt-1))
	claim := w.claims[attempt]
	holder := w.holder(claim)
	switch pick(w.t, "tracker", "progress", "end", "end", "start failed", "give up", "lost") {
	case "progress":
		if holder != nil {
			w.apply(pick(w.t, "progress", call.Rang, call.Answered)(c, attempt, task, timing, now))
		}
	case "end":
		if claim.Outcome != nil {
			w.apply(call.Ended(c, attempt, *claim.Outcome, now))
		}
	case "start failed":
		w.apply(call.StartFailed(c, attempt, "start_timeout", now))
	case "give up":
		c.Resends = timing.ResendLimit()
		w.apply(call.LaunchGivenUp(c, timing, c.Due))
	case "lost":
		if holder != nil && holder.dead && claim.Outcome == nil {
			holder.over = true // the carrier was asked to end the call, and says that it is over
			w.apply(call.AgentLost(c, attempt, claim.CarrierReference, now))
		}
	}
}

func (w *world) person(c call.Call) {
	before := w.c.Version
	w.apply(call.CanceledBeforeDial(c, "canceled", c.UpdatedAt))
	if w.c.Version == before {
		w.apply(call.CancelRequested(c, timing, c.UpdatedAt))
	}
}

// holder is the agent that holds the claim.
func (w *world) holder(claim call.Claim) *agent {
	for _, a := range w.agents {
		if claim.HeldBy(a.nonce) {
			return a
		}
	}
	return nil
}

// agent lets one agent take its next step (R4).
func (w *world) agent(call.Call) {
	living := slices.DeleteFunc(slices.Clone(w.agents), func(a *agent) bool { return a.dead })
	if len(living) == 0 {
		return
	}
	a := pick(w.t, "agent", living...)
	claim, exists := w.claims[a.attempt]
	if !exists {
		return
	}
	if !claim.HeldBy(a.nonce) {
		if taken, err := claim.Take(a.nonce, task, w.c.UpdatedAt); err == nil {
			w.claims[a.attempt] = taken
		} else {
			a.dead = true // it exits without a word
		}
		return
	}
	if claim.Outcome != nil {
		return
	}
	switch pick(w.t, "step", "go on", "go on", "go on", "die") {
	case "die":
		a.dead = true
	case "go on":
		w.goOn(a, claim)
	}
}

func (w *world) goOn(a *agent, claim call.Claim) {
	switch {
	case !a.dialed && (claim.Stop || pick(w.t, "asked to end", true, false, false, false)):
		claim.Outcome = &call.Outcome{}
	case !a.dialed:
		a.dialed = true
		w.told = append(w.told, fmt.Sprintf("%s dials for attempt %d", a.nonce, a.attempt))
	case !a.over:
		a.over = true
	default:
		claim.CarrierReference = "CA1"
		claim.Outcome = pick(w.t, "outcome", &completed, &busy, &busy, &carrierError, &unclear)
	}
	w.claims[a.attempt] = claim
}

func (w *world) check() {
	if err := w.violation(); err != nil {
		w.t.Fatalf("%v\n%q", err, w.told)
	}
}

// violation is a promise that does not hold.
func (w *world) violation() error {
	dials := map[int]int{}
	for _, a := range w.agents {
		runs := w.c.Status.Active() && a.attempt == w.c.Attempt
		if a.dialed {
			dials[a.attempt]++
		}
		if dials[a.attempt] > 1 {
			return fmt.Errorf("attempt %d dialed twice", a.attempt)
		}
		if a.dialed && !a.over && !runs {
			return fmt.Errorf("a phone rings for attempt %d, while the call is %s in attempt %d", a.attempt, w.c.Status, w.c.Attempt)
		}
	}
	for attempt, claim := range w.claims {
		runs := w.c.Status.Active() && attempt == w.c.Attempt
		if claim.Holder == call.HolderNone && !runs {
			return fmt.Errorf("an agent may take attempt %d, while the call is %s in attempt %d", attempt, w.c.Status, w.c.Attempt)
		}
		if claim.Holder == call.HolderControl && runs {
			return fmt.Errorf("nobody can end attempt %d, which is %s", attempt, w.c.Status)
		}
	}
	if used := w.inUse == 1; used != w.c.Status.Active() || w.inUse < 0 || w.inUse > 1 {
		return fmt.Errorf("%d slots in use, while the call is %s", w.inUse, w.c.Status)
	}
	if _, claimed := w.claims[w.c.Attempt]; w.c.Status.Active() && !claimed {
		return errors.New("an attempt runs without a claim")
	}
	if w.c.Dials > len(dials) {
		return fmt.Errorf("%d dials are counted, %d attempts dialed", w.c.Dials, len(dials))
	}
	return nil
}
