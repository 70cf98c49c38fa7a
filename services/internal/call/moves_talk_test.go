package call_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

func rang(c call.Call) (call.Change, error) { return call.Rang(c, c.Attempt, "task/b", timing, noon) }

func answered(c call.Call) (call.Change, error) {
	return call.Answered(c, c.Attempt, "task/b", timing, noon)
}

func endedWith(o call.Outcome) moving {
	return func(c call.Call) (call.Change, error) { return call.Ended(c, c.Attempt, o, noon) }
}

func agentLost(reference string) moving {
	return func(c call.Call) (call.Change, error) { return call.AgentLost(c, c.Attempt, reference, noon) }
}

func cancelRequested(c call.Call) (call.Change, error) { return call.CancelRequested(c, timing, noon) }

func looked(seen string) moving {
	return func(c call.Call) (call.Change, error) { return call.Looked(c, seen, noon.Add(timing.Look), noon) }
}

func taskLost(c call.Call) (call.Change, error) {
	return call.TaskLost(c, c.Attempt, noon.Add(timing.Cancel), noon)
}

// nothing is the outcome of an agent that stopped without dialing.
var nothing = call.Outcome{}

// Outcomes as an agent notes them.
var (
	completed = call.Outcome{
		Status: call.Completed, Dialed: true, CarrierReference: "CA1", RingingAt: morning, AnsweredAt: morning, EndedAt: noon, Duration: 61,
	}
	busy         = call.Outcome{Status: call.Busy, Dialed: true, CarrierReference: "CA1"}
	noAnswer     = call.Outcome{Status: call.NoAnswer, Dialed: true, CarrierReference: "CA1"}
	hungUp       = call.Outcome{Status: call.Canceled, Dialed: true, CarrierReference: "CA1"}
	carrierError = call.Outcome{Status: call.Failed, Dialed: true, Reason: call.ReasonCarrierError, Message: "Unreachable."}
	unclear      = call.Outcome{Status: call.Failed, Dialed: true, Reason: call.ReasonCarrierUnclear, Message: "No answer."}
	agentError   = call.Outcome{Status: call.Failed, Dialed: true, Reason: call.ReasonAgentError, Message: "Out of memory."}
	refusedDial  = call.Outcome{Status: call.Failed, Reason: call.ReasonCarrierError, Message: "No such number."}
)

// acceptedInEveryActiveStatus: an end is taken from wherever the record stands,
// because the events before it may be late or lost.
func acceptedInEveryActiveStatus(s call.Status) []accepted {
	one := func(to *int) { *to = 1 }
	gone := func(to func(*call.Counts) *int) call.Counts {
		n := call.Counts{Active: -1}
		one(to(&n))
		return n
	}
	failed := gone(func(n *call.Counts) *int { return &n.Failed })
	none := call.LaneEffect{}
	dialed := func(w *call.Change, o call.Outcome) { w.After.Dials, w.After.Outcome = 1, &o }
	while := " while " + string(s)
	return []accepted{
		{"a completed call" + while, call.MoveEnded, in(s), endedWith(completed), func(w *call.Change) {
			dialed(w, completed)
			final(w, call.Completed, "carrier")
		}, -1, none, gone(func(n *call.Counts) *int { return &n.Completed })},
		{"a busy line" + while, call.MoveEnded, in(s), endedWith(busy), func(w *call.Change) {
			dialed(w, busy)
			final(w, call.Busy, "carrier")
		}, -1, none, gone(func(n *call.Counts) *int { return &n.Busy })},
		{"no answer" + while, call.MoveEnded, in(s), endedWith(noAnswer), func(w *call.Change) {
			dialed(w, noAnswer)
			final(w, call.NoAnswer, "carrier")
		}, -1, none, gone(func(n *call.Counts) *int { return &n.NoAnswer })},
		{"a call that was hung up" + while, call.MoveEnded, unwanted(in(s)), endedWith(hungUp), func(w *call.Change) {
			dialed(w, hungUp)
			final(w, call.Canceled, "carrier")
		}, -1, none, gone(func(n *call.Counts) *int { return &n.Canceled })},
		{"a call that was hung up though nobody had asked" + while, call.MoveEnded, in(s), endedWith(hungUp), func(w *call.Change) {
			outside := "The agent's task was stopped from outside before the call was over."
			dialed(w, call.Outcome{Status: call.Failed, Dialed: true, Reason: call.ReasonAgentError, Message: outside, CarrierReference: "CA1"})
			w.After.Failure = &call.Failure{Reason: call.ReasonAgentError, Message: outside}
			final(w, call.Failed, "agent_error")
		}, -1, none, failed},
		{"a carrier's error" + while, call.MoveEnded, in(s), endedWith(carrierError), func(w *call.Change) {
			dialed(w, carrierError)
			w.After.Failure = &call.Failure{Reason: call.ReasonCarrierError, Message: "Unreachable."}
			final(w, call.Failed, "carrier_error")
		}, -1, none, failed},
		{"an agent that dialed nothing" + while + ": the next attempt waits", call.MoveEnded, in(s), endedWith(nothing), func(w *call.Change) {
			w.After.Closed = 1
			nextAttempt(w, "not_dialed")
		}, -1, call.LaneEffect{Ready: 1}, call.Counts{Active: -1, Waiting: 1}},
		{"an agent that dialed nothing" + while + " of a call to be canceled", call.MoveEnded, unwanted(in(s)), endedWith(nothing), func(w *call.Change) {
			final(w, call.Canceled, "canceled")
		}, -1, none, gone(func(n *call.Counts) *int { return &n.Canceled })},
		{"a lost agent that dialed" + while, call.MoveAgentLost, lost(in(s)), agentLost("CA1"), func(w *call.Change) {
			dialed(w, call.Outcome{Status: call.Failed, Dialed: true, Reason: call.ReasonAgentLost, CarrierReference: "CA1", EndedAt: noon})
			w.After.Failure = &call.Failure{Reason: call.ReasonAgentLost, Message: "The agent's task ended during the call; the person may have been called."}
			final(w, call.Failed, "agent_lost")
		}, -1, none, failed},
		{"a lost agent whose dial nobody knows of" + while, call.MoveAgentLost, lost(in(s)), agentLost(""), func(w *call.Change) {
			w.After.Failure = &call.Failure{Reason: call.ReasonAgentLost, Message: "The agent's task ended during the call; the person may have been called."}
			final(w, call.Failed, "agent_lost")
		}, -1, none, failed},
		{"a cancel" + while + " asks the agent that holds the claim to stop", call.MoveCancelRequested, in(s), cancelRequested, func(w *call.Change) {
			w.After.CancelRequested, w.After.Due = true, noon.Add(timing.Cancel)
			note(w, "cancel_requested")
			w.Claim = call.ClaimStop
		}, 0, none, call.Counts{}},
		{"a look" + while + " moves due on", call.MoveLooked, in(s), looked(""), func(w *call.Change) {
			w.After.Due = noon.Add(timing.Look)
		}, 0, none, call.Counts{}},
		{"a look" + while + " remembers the task it saw", call.MoveLooked, in(s), looked(task), func(w *call.Change) {
			w.After.Due, w.After.TaskSeen = noon.Add(timing.Look), task
		}, 0, none, call.Counts{}},
		{"a look" + while + " that saw no task forgets none", call.MoveLooked, made(looked(task)(in(s))).After, looked(""), func(w *call.Change) {
			w.After.Due = noon.Add(timing.Look)
		}, 0, none, call.Counts{}},
		{"a lost task" + while + " keeps its slot until the carrier says the call is over", call.MoveTaskLost, in(s), taskLost, func(w *call.Change) {
			w.After.LostAt, w.After.Due = noon, noon.Add(timing.Cancel)
			note(w, "task_lost")
		}, 0, none, call.Counts{}},
	}
}

func acceptedInTalk() []accepted {
	none := call.LaneEffect{}
	var cases []accepted
	for _, s := range active {
		cases = append(cases, acceptedInEveryActiveStatus(s)...)
	}
	for _, s := range []call.Status{call.Launching, call.Starting} {
		cases = append(cases, accepted{
			"the phone rings while " + string(s), call.MoveRang, in(s), rang, func(w *call.Change) {
				w.After.Task, w.After.Due = "task/b", noon.Add(timing.Ring+timing.Grace)
				step(w, call.Ringing, "carrier")
			}, 0, none, call.Counts{},
		})
	}
	for _, s := range []call.Status{call.Launching, call.Starting, call.Ringing} {
		cases = append(cases, accepted{
			"the call is answered while " + string(s), call.MoveAnswered, in(s), answered, func(w *call.Change) {
				w.After.Task, w.After.Due = "task/b", noon.Add(10*time.Minute+timing.Grace)
				step(w, call.InProgress, "carrier")
			}, 0, none, call.Counts{},
		})
	}
	for name, c := range map[string]call.Call{"a cancel": unwanted(starting()), "a lost task": lost(starting())} {
		cases = append(
			cases, accepted{"ringing does not put off " + name, call.MoveRang, c, rang, func(w *call.Change) {
				w.After.Task = "task/b"
				step(w, call.Ringing, "carrier")
			}, 0, none, call.Counts{}},
			accepted{"an answer does not put off " + name, call.MoveAnswered, c, answered, func(w *call.Change) {
				w.After.Task = "task/b"
				step(w, call.InProgress, "carrier")
			}, 0, none, call.Counts{}},
		)
	}
	last := made(call.TaskStarted(closedOften(call.MaxClosed-1), call.MaxClosed, task, timing, morning)).After
	return append(cases, accepted{
		"an agent that dialed nothing in the last of its attempts is a dead letter", call.MoveEnded, last, endedWith(nothing), func(w *call.Change) {
			w.After.Closed = call.MaxClosed
			deadLetter(w, call.CauseLaunchTriesUsed, "Its task did not start in any of several attempts; the last: not_dialed.")
		}, -1, none, call.Counts{Active: -1, Failed: 1},
	})
}

func refusedInTalk() []refused {
	return []refused{
		{"a cancel is requested once", call.MoveCancelRequested, unwanted(ringing()), cancelRequested, "its cancel is requested already"},
		{"a task is lost once", call.MoveTaskLost, lost(ringing()), taskLost, "it is known already"},
	}
}

func TestMovesOfATalk(t *testing.T) {
	t.Parallel()
	for _, m := range acceptedInTalk() {
		t.Run(m.name, m.test)
	}
	for _, m := range refusedInTalk() {
		t.Run(m.name, m.test)
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		from    call.Call
		outcome call.Outcome
		again   bool
	}{
		{"an outcome that the policy names is tried again", inProgress(retrying), busy, true},
		{"what the carrier stated as an error is tried again", inProgress(retrying), carrierError, true},
		{"a dial that the carrier refused is tried again", inProgress(retrying), refusedDial, true},
		{"an outcome that the policy does not name is final", inProgress(retrying), completed, false},
		{"without a policy every outcome is final", inProgress(), busy, false},
		{"an unclear dial is never tried again", inProgress(retrying), unclear, false},
		{"an agent's own error is never tried again", inProgress(retrying), agentError, false},
		{"after a cancel nothing is tried again", unwanted(inProgress(retrying)), busy, false},
		{"the last dial but one is tried again", dialedOften(1), busy, true},
		{"the last dial is final", dialedOften(2), busy, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := made(call.Ended(c.from, c.from.Attempt, c.outcome, noon))
			differ(t, "slots", got.Slots(), -1)
			if !c.again {
				if !got.After.Status.Final() || got.After.Attempt != c.from.Attempt {
					t.Errorf("the call is %s in attempt %d", got.After.Status, got.After.Attempt)
				}
				return
			}
			want := call.Change{Move: call.MoveEnded, Before: c.from, After: c.from.Clone(), At: noon}
			want.After.Version++
			want.After.UpdatedAt = noon
			want.After.Outcome = &c.outcome
			if c.outcome.Dialed {
				want.After.Dials++
			} else {
				want.After.Closed++
			}
			nextAttempt(&want, string(c.outcome.Status))
			want.After.ReadyAt = time.Time{}
			want.After.Wait = call.Wait{Reason: call.WaitRetry, Until: noon.Add(time.Hour)}
			want.After.Due = noon.Add(time.Hour)
			differ(t, "the change", got, want)
			differ(t, "the effect on the lane", got.Lane(), call.LaneEffect{Retry: 1})
		})
	}
}

// dialedOften is a call in talk that was busy n times before.
func dialedOften(n int) call.Call {
	c := inProgress(retrying)
	for range n {
		c = made(call.Ended(c, c.Attempt, busy, morning)).After
		c = made(call.Ready(c, c.Wait.Until)).After
		c = made(call.Answered(admit(c, c.UpdatedAt), c.Attempt, task, timing, c.UpdatedAt)).After
	}
	return c
}

// A carrier that refuses every dial must not be asked for ever.
func TestRefusedDialsAreBounded(t *testing.T) {
	t.Parallel()
	c := launching(retrying)
	for range call.MaxClosed + 1 {
		c = made(call.Ended(c, c.Attempt, refusedDial, c.UpdatedAt)).After
		if c.Status.Final() {
			break
		}
		c = admit(made(call.Ready(c, c.Wait.Until)).After, c.Wait.Until)
	}
	if c.Status != call.Failed || c.Attempt != call.MaxClosed || c.Dials != 0 || c.DeadLettered() {
		t.Errorf("the call is %s in attempt %d after %d dials: %+v", c.Status, c.Attempt, c.Dials, c.Failure)
	}
}

// What is noted stays noted, so an outcome that makes no sense must end the
// attempt as well: nobody else could, and its slot would be taken for ever.
func TestAnOutcomeThatMakesNoSenseIsTheAgentsError(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]call.Outcome{
		"dialed without an end":             {Dialed: true},
		"a carrier's reference without end": {CarrierReference: "CA1"},
		"an unknown status":                 {Status: "voicemail", Dialed: true},
		"a status that is no end":           {Status: call.InProgress, Dialed: true},
		"an end that no agent can see":      {Status: call.Expired},
		"a failure without a reason":        {Status: call.Failed, Dialed: true},
		"a failure that could be redriven":  {Status: call.Failed, Reason: call.ReasonDeadLettered},
		"a failure that only others notice": {Status: call.Failed, Reason: call.ReasonAgentLost, Message: "Lost."},
	} {
		for _, s := range active {
			t.Run(fmt.Sprintf("%s, %s", name, s), func(t *testing.T) {
				t.Parallel()
				c := made(call.Ended(in(s, retrying), 1, o, noon)).After
				if c.Status != call.Failed || c.Failure.Reason != call.ReasonAgentError || c.Failure.Message == "" {
					t.Errorf("the call is %s: %+v", c.Status, c.Failure)
				}
				if dialed := o.Dialed || o.CarrierReference != ""; c.Outcome.Dialed != dialed || (c.Dials == 1) != dialed {
					t.Errorf("dials: %d, dialed: %t", c.Dials, c.Outcome.Dialed)
				}
			})
		}
	}
}

func TestAStatedEndWasDialed(t *testing.T) {
	t.Parallel()
	for _, s := range []call.Status{call.Completed, call.Busy, call.NoAnswer} {
		c := made(call.Ended(ringing(), 1, call.Outcome{Status: s}, noon)).After
		if c.Status != s || c.Dials != 1 {
			t.Errorf("%s counts %d dials as %s", s, c.Dials, c.Status)
		}
	}
}
