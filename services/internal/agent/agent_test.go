package agent_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/simcarrier"
)

func TestACallGoesToItsEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, number string
		want         call.Outcome // status, reason and dialed are compared
		events       string
	}{
		{"answered", simcarrier.NumberAnswered, call.Outcome{Status: call.Completed, Dialed: true}, "ringing answered ended"},
		{"until the time limit", simcarrier.NumberLongTalk, call.Outcome{Status: call.Completed, Dialed: true}, "ringing answered ended"},
		{"busy", simcarrier.NumberBusy, call.Outcome{Status: call.Busy, Dialed: true}, "ended"},
		{"nobody answers", simcarrier.NumberNoAnswer, call.Outcome{Status: call.NoAnswer, Dialed: true}, "ringing ended"},
		{"the carrier fails", simcarrier.NumberFailure, call.Outcome{Status: call.Failed, Reason: call.ReasonCarrierError, Dialed: true}, "ended"},
		{"the carrier refuses", simcarrier.NumberRefused, call.Outcome{Status: call.Failed, Reason: call.ReasonCarrierError}, "ended"},
		{"the line is dead", simcarrier.NumberDeadLine, call.Outcome{Status: call.Failed, Reason: call.ReasonCarrierUnclear, Dialed: true}, "ended"},
		{"the carrier's answer is lost", simcarrier.NumberLostAnswer, call.Outcome{Status: call.Completed, Dialed: true}, "ringing answered ended"},
		{"it never rings: ended at its limits", simcarrier.NumberStuck, call.Outcome{Status: call.Failed, Reason: call.ReasonCarrierError, Dialed: true}, "ended"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.number)
			began := w.now
			if err := w.run(); err != nil {
				t.Fatal(err)
			}
			got := *w.claim.Outcome
			if got.Status != c.want.Status || got.Reason != c.want.Reason || got.Dialed != c.want.Dialed {
				t.Errorf("the outcome is %+v, want %+v", got, c.want)
			}
			if w.types() != c.events {
				t.Errorf("told %q, want %q", w.types(), c.events)
			}
			if (got.Status == call.Failed) != (got.Message != "") {
				t.Errorf("%s with the message %q", got.Status, got.Message)
			}
			if w.claim.CarrierReference != got.CarrierReference {
				t.Errorf("noted the reference %q, want %q", w.claim.CarrierReference, got.CarrierReference)
			}
			if last := began.Add((30 + 60 + 60 + 2) * time.Second); w.now.After(last) {
				t.Errorf("took until %s, want at most its limits and the grace, %s", w.now, last)
			}
		})
	}
}

func TestTheOrderOfThingsIsTheProtocols(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simcarrier.NumberBusy)
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
	order := slices.Compact(w.asked)
	first := []string{"TakeClaim", "LookAndSettings", "Create", "NoteReference", "Status"}
	last := []string{"Status", "NoteOutcome", "Publish"}
	if !slices.Equal(order[:len(first)], first) || !slices.Equal(order[len(order)-len(last):], last) {
		t.Errorf("the order was %v", order)
	}
}

func TestAnAgentWithoutTheClaimDoesNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w *world){
		"another start of an agent holds it": func(w *world) { w.claim.Holder, w.claim.Nonce = call.HolderAgent, "nonce-2" },
		"the control plane closed it":        func(w *world) { w.claim.Holder = call.HolderControl },
		"it carries a stop":                  func(w *world) { w.claim.Stop = true },
		"there is none":                      func(w *world) { w.claim = nil },
		"another takes it, and the answer to our try is unclear": func(w *world) {
			w.claim.Holder, w.claim.Nonce = call.HolderAgent, "nonce-2"
			w.faults["TakeClaim"] = &fault{kind: unclear, times: 2}
		},
		"it vanishes, and the answer to our try is unclear": func(w *world) {
			w.claim = nil
			w.faults["TakeClaim"] = &fault{kind: unclear, times: 2}
		},
		"asked to stop before it starts": func(w *world) { close(w.stop) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simcarrier.NumberAnswered)
			change(w)
			if err := w.run(); err != nil {
				t.Errorf("gave %v, want a quiet exit", err)
			}
			if w.mine() || len(w.dials()) > 0 || len(w.events) > 0 {
				t.Errorf("claim %+v, %d dials, events %q; want nothing done", w.claim, len(w.dials()), w.types())
			}
		})
	}
}

func TestNoClaimIsTakenAfterTheTimeToStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simcarrier.NumberAnswered)
	w.startBy = w.now.Add(-time.Millisecond)
	if err := w.run(); err != nil || len(w.asked) > 0 {
		t.Errorf("gave %v and asked %v; want nothing done", err, w.asked)
	}

	w = newWorld(t, simcarrier.NumberAnswered)
	w.startBy = w.now.Add(10 * time.Second)
	w.faults["TakeClaim"] = &fault{kind: unclear, times: -1}
	if err := w.run(); err == nil || w.now.After(w.startBy) {
		t.Errorf("gave %v at %s; want an error by %s", err, w.now, w.startBy)
	}
}

func TestAStopBeforeTheDialPreventsIt(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w *world){
		"on the claim, just after it was taken": func(w *world) {
			w.faults["LookAndSettings"] = &fault{kind: before, times: 1}
			w.at(100*time.Millisecond, func() { w.claim.Stop = true })
		},
		"by signal, just after the claim was taken": func(w *world) {
			w.faults["LookAndSettings"] = &fault{kind: before, times: 1}
			w.at(100*time.Millisecond, func() { close(w.stop) })
		},
		"while the carrier refuses for a moment": func(w *world) {
			w.faults["Create"] = &fault{times: -1, err: &carrier.RefusedError{Code: "20429", Temporary: true}}
			w.at(time.Second, func() { close(w.stop) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simcarrier.NumberAnswered)
			change(w)
			if err := w.run(); err != nil {
				t.Fatal(err)
			}
			if len(w.dials()) > 0 || *w.claim.Outcome != (call.Outcome{}) {
				t.Errorf("%d dials and the outcome %+v; want none, stopped and not dialed", len(w.dials()), w.claim.Outcome)
			}
		})
	}
}

func TestAStopDuringTheCallHangsUp(t *testing.T) {
	t.Parallel()
	signal := func(w *world) { close(w.stop) }
	onClaim := func(w *world) { w.claim.Stop = true } // and the signal is lost
	const soon = 5 * time.Second
	for _, c := range []struct {
		name, number string
		at           time.Duration
		stop         func(w *world)
		within       time.Duration
		want         call.Status
		talked       bool
	}{
		{"by signal, before it rings", simcarrier.NumberStuck, 5 * time.Second, signal, soon, call.Canceled, false},
		{"by signal, while it rings", simcarrier.NumberNoAnswer, 10 * time.Second, signal, soon, call.Canceled, false},
		{"by signal, during the talk", simcarrier.NumberLongTalk, 40 * time.Second, signal, soon, call.Canceled, true},
		{"on the claim, while it rings", simcarrier.NumberNoAnswer, 10 * time.Second, onClaim, look + soon, call.Canceled, false},
		{"on the claim, during the talk", simcarrier.NumberLongTalk, 40 * time.Second, onClaim, look + soon, call.Canceled, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.number)
			asked := w.now.Add(c.at)
			w.at(c.at, func() { c.stop(w) })
			if err := w.run(); err != nil {
				t.Fatal(err)
			}
			o := w.claim.Outcome
			if o.Status != c.want || !o.Dialed || (o.Duration > 0) != c.talked {
				t.Errorf("the outcome is %+v, want %s, talked %t", o, c.want, c.talked)
			}
			if late := w.now.Sub(asked); late > c.within {
				t.Errorf("ended %s after it was asked to", late)
			}
		})
	}
}

// A stop does not make up an end: what the call did by itself before is what happened.
func TestAStopOfACallThatIsOverChangesNothing(t *testing.T) {
	t.Parallel()
	for _, number := range []string{simcarrier.NumberBusy, simcarrier.NumberAnswered, simcarrier.NumberNoAnswer} {
		t.Run(number, func(t *testing.T) {
			t.Parallel()
			quietly := newWorld(t, number)
			if err := quietly.run(); err != nil {
				t.Fatal(err)
			}
			w := newWorld(t, number)
			w.at(quietly.claim.Outcome.EndedAt.Sub(w.now)+time.Millisecond, func() { close(w.stop) })
			if err := w.run(); err != nil {
				t.Fatal(err)
			}
			if *w.claim.Outcome != *quietly.claim.Outcome {
				t.Errorf("the outcome is %+v, want %+v", w.claim.Outcome, quietly.claim.Outcome)
			}
		})
	}
}

// The call may end between the last look and the hanging up. Then the carrier's
// times tell whose doing it was.
func TestACallThatEndsJustBeforeItIsHungUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simcarrier.NumberLongTalk)
	w.at(40*time.Second, func() {
		w.faults["Status"] = &fault{kind: before, times: 4} // looks fail while the person hangs up
		if err := w.sim.End(t.Context(), w.claim.CarrierReference); err != nil {
			t.Error(err)
		}
	})
	w.at(41100*time.Millisecond, func() { close(w.stop) })
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(w.asked, "End") {
		t.Fatal("the agent did not ask to hang up, so nothing is shown")
	}
	if w.claim.Outcome.Status != call.Completed {
		t.Errorf("the outcome is %+v, want completed: the person hung up first", w.claim.Outcome)
	}
}

// A carrier that gives whole seconds seems to have ended the call before it was asked to.
func TestAStopIsACancelWithACarrierOfWholeSeconds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simcarrier.NumberLongTalk)
	w.coarse = true
	w.at(40900*time.Millisecond, func() { close(w.stop) })
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
	if w.claim.Outcome.Status != call.Canceled {
		t.Errorf("the outcome is %+v, want canceled", w.claim.Outcome)
	}
}

func TestARefusalForAMomentIsAskedAgain(t *testing.T) {
	t.Parallel()
	busy := &carrier.RefusedError{Code: "20429", Message: "Too many requests.", Temporary: true}
	w := newWorld(t, simcarrier.NumberAnswered)
	w.faults["Create"] = &fault{times: 3, err: fmt.Errorf("create: %w", busy)}
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
	if w.claim.Outcome.Status != call.Completed || len(w.dials()) != 1 {
		t.Errorf("%d dials and the outcome %+v", len(w.dials()), w.claim.Outcome)
	}

	w = newWorld(t, simcarrier.NumberAnswered)
	w.faults["Create"] = &fault{times: -1, err: busy}
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
	if o := w.claim.Outcome; o.Status != call.Failed || o.Dialed || !strings.Contains(o.Message, "20429") {
		t.Errorf("the outcome is %+v, want failed, not dialed, with the carrier's code", o)
	}
}

func TestAMachineThatSleptDoesNotDial(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simcarrier.NumberAnswered)
	w.faults["LookAndSettings"] = &fault{kind: before, times: 1}
	w.at(100*time.Millisecond, func() { w.plans = nil; w.now = w.now.Add(8 * time.Hour) })
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
	if len(w.dials()) > 0 || *w.claim.Outcome != (call.Outcome{}) {
		t.Errorf("%d dials and the outcome %+v; want none, not dialed", len(w.dials()), w.claim.Outcome)
	}
}

func TestMissingSettingsFailTheCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simcarrier.NumberAnswered)
	w.batches = nil
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
	if o := w.claim.Outcome; o.Reason != call.ReasonAgentError || len(w.dials()) > 0 {
		t.Errorf("%d dials and the outcome %+v; want none, agent_error", len(w.dials()), o)
	}
}

func TestSettingsOfTheClaimComeFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simcarrier.NumberBusy)
	w.claim.Settings = &call.Settings{Voice: "verse"}
	w.batches = nil
	if err := w.run(); err != nil || slices.Contains(w.asked, "LookAndSettings") {
		t.Errorf("gave %v and asked %v", err, w.asked)
	}
}

// A canceled context is the death of the process: nothing more is done.
func TestAHardCancelDropsEverything(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Duration{50 * time.Millisecond, 10 * time.Second} {
		w := newWorld(t, simcarrier.NumberLongTalk)
		w.faults["LookAndSettings"] = &fault{kind: before, times: 1}
		ctx, cancel := context.WithCancel(t.Context())
		done := 0
		w.at(at, func() { cancel(); done = len(w.asked) })
		err := w.runIn(ctx)
		w.check(err)
		if !errors.Is(err, context.Canceled) || w.claim.Outcome != nil {
			t.Errorf("canceled after %s: gave %v with the outcome %+v", at, err, w.claim.Outcome)
		}
		if more := w.asked[done:]; len(more) > 0 {
			t.Errorf("canceled after %s and asked for more: %v", at, more)
		}
	}
}

// Nobody but the holder notes: should the claim be another's after all, nothing is told.
func TestAClaimThatIsNotMineIsNotWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simcarrier.NumberLongTalk)
	w.at(40*time.Second, func() { w.claim.Nonce = "nonce-2" })
	err := w.runIn(t.Context())
	if !call.RefusedFor(err, call.ConditionNonce) {
		t.Errorf("gave %v, want the refusal", err)
	}
	if w.claim.Outcome != nil || strings.Contains(w.types(), "ended") || w.times("NoteOutcome") != 1 {
		t.Errorf("noted %+v in %d tries and told %q", w.claim.Outcome, w.times("NoteOutcome"), w.types())
	}
}
