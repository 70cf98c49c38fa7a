package call

import (
	"slices"
	"time"
)

// Rang says that the phone rings.
func Rang(c Call, attempt int, task string, t Timing, now time.Time) (Change, error) {
	return progressed(MoveRang, c, attempt, task, Ringing, t.Ring+t.Grace, now)
}

// Answered says that the call was answered.
func Answered(c Call, attempt int, task string, t Timing, now time.Time) (Change, error) {
	limit := time.Duration(c.TimeLimit)*time.Second + t.Grace
	return progressed(MoveAnswered, c, attempt, task, InProgress, limit, now)
}

func progressed(m Move, c Call, attempt int, task string, to Status, limit time.Duration, now time.Time) (Change, error) {
	ch, err := startAttempt(m, c, attempt, now)
	if err != nil {
		return Change{}, err
	}
	ch.After.Task = task
	if !c.ending() {
		ch.After.Due = ch.At.Add(limit)
	}
	ch.to(to, "carrier")
	return *ch, nil
}

// ending tells whether the attempt's end is pursued already: then what is due for
// that stays due, and no late event puts it off to the call's own limits.
func (c Call) ending() bool { return c.CancelRequested || !c.LostAt.IsZero() }

// Ended takes the outcome that the holder of the attempt's claim noted. It is
// final, unless nothing was dialed, or the retry policy tries it again.
func Ended(c Call, attempt int, o Outcome, now time.Time) (Change, error) {
	ch, err := startAttempt(MoveEnded, c, attempt, now)
	if err != nil {
		return Change{}, err
	}
	o = o.known(c.CancelRequested)
	if o.Dialed {
		ch.After.Dials++
	}
	if o.Status == "" { // stopped, not dialed
		if c.CancelRequested {
			ch.end(Canceled, "canceled")
		} else {
			ch.closed("not_dialed")
		}
		return *ch, nil
	}
	if !o.Dialed { // the carrier refused: such attempts are bounded like those that did not start
		ch.After.Closed++
	}
	ch.After.Outcome = &o
	switch {
	case ch.retries(o):
		ch.again(string(o.Status))
		ch.waitUntil(WaitRetry, ch.At.Add(c.Retry.Delay))
	case o.Status == Failed:
		ch.fail(Failure{Reason: o.Reason, Message: o.Message})
	default:
		ch.end(o.Status, "carrier")
	}
	return *ch, nil
}

// known is the outcome if it is one that an agent may note, else the agent's
// error: canceled, for one, is only what somebody asked to cancel, and not a talk
// whose task was stopped from outside. It is not refused: the attempt is over all the same, what is noted stays
// noted, and nobody else could end the call. Nor is it tried again, since nobody
// knows what was dialed.
func (o Outcome) known(cancelRequested bool) Outcome {
	o.Dialed = o.Dialed || o.CarrierReference != ""
	switch o.Status {
	case Completed, Busy, NoAnswer:
		o.Dialed = true
		return o
	case Canceled:
		if cancelRequested {
			return o
		}
		o.Message = "The agent's task was stopped from outside before the call was over."
	case Failed:
		if o.Reason == ReasonCarrierError || o.Reason == ReasonCarrierUnclear || o.Reason == ReasonAgentError {
			return o
		}
	case "":
		if !o.Dialed {
			return o
		}
	}
	o.Status, o.Reason = Failed, ReasonAgentError
	if o.Message == "" {
		o.Message = "The agent's outcome makes no sense; the person may have been called."
	}
	return o
}

// retries tells whether the retry policy tries the outcome again. Only what the
// carrier stated may be (R8), and never after a cancel (R7).
func (ch *Change) retries(o Outcome) bool {
	p := ch.Before.Retry
	if p == nil || ch.Before.CancelRequested || !slices.Contains(p.On, o.Status) {
		return false
	}
	stated := o.Reason == "" || o.Reason == ReasonCarrierError
	return stated && ch.After.Dials < p.MaxDials && ch.After.Closed < MaxClosed
}

// AgentLost says that the holder's task has ended without an outcome, and that
// the carrier says the call is over. The person may have been called, so it is
// final: neither retried nor redriven.
func AgentLost(c Call, attempt int, carrierReference string, now time.Time) (Change, error) {
	ch, err := startAttempt(MoveAgentLost, c, attempt, now)
	if err != nil {
		return Change{}, err
	}
	if carrierReference != "" {
		ch.After.Dials++
		ch.After.Outcome = &Outcome{Status: Failed, Dialed: true, Reason: ReasonAgentLost, CarrierReference: carrierReference, EndedAt: ch.At}
	}
	ch.fail(Failure{Reason: ReasonAgentLost, Message: "The agent's task ended during the call; the person may have been called."})
	return *ch, nil
}

// CancelRequested writes the wish to cancel a call whose agent holds the claim,
// and asks the agent to stop.
func CancelRequested(c Call, t Timing, now time.Time) (Change, error) {
	ch, err := start(MoveCancelRequested, c, now)
	if err != nil {
		return Change{}, err
	}
	if c.CancelRequested {
		return ch.refuse("its cancel is requested already")
	}
	ch.After.CancelRequested = true
	ch.After.Due = ch.At.Add(t.Cancel)
	ch.After.log(ch.At, "cancel_requested")
	ch.Claim = ClaimStop
	return *ch, nil
}

// CanceledBeforeDial cancels a call that no agent holds: a waiting one there and
// then, an admitted one by closing its claim.
func CanceledBeforeDial(c Call, cause string, now time.Time) (Change, error) {
	ch, err := start(MoveCanceled, c, now)
	if err != nil {
		return Change{}, err
	}
	if c.Status.Active() {
		ch.Claim = ClaimClose
	}
	ch.end(Canceled, cause)
	return *ch, nil
}

// Looked moves due on after a look at an active call that changed nothing else.
// A task that the look found running is remembered in seen, else it is "".
func Looked(c Call, seen string, due, now time.Time) (Change, error) {
	ch, err := start(MoveLooked, c, now)
	if err != nil {
		return Change{}, err
	}
	if seen != "" {
		ch.After.TaskSeen = seen
	}
	ch.After.Due = stamp(due)
	return *ch, nil
}

// TaskLost notes that the task of the claim's holder has ended without an
// outcome. The slot stays taken until the carrier says the call is over.
func TaskLost(c Call, attempt int, due, now time.Time) (Change, error) {
	ch, err := startAttempt(MoveTaskLost, c, attempt, now)
	if err != nil {
		return Change{}, err
	}
	if !c.LostAt.IsZero() {
		return ch.refuse("it is known already")
	}
	ch.After.LostAt = ch.At
	ch.After.Due = stamp(due)
	ch.After.log(ch.At, "task_lost")
	return *ch, nil
}
