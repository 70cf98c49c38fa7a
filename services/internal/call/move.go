package call

import (
	"fmt"
	"time"
)

// Move is the name of what happened to a call.
type Move string

// The moves.
const (
	MoveCreated         Move = "Created"
	MoveReady           Move = "Ready"
	MoveWindowClosed    Move = "WindowClosed"
	MoveAdmitted        Move = "Admitted"
	MoveJobResent       Move = "JobResent"
	MoveLaunchRefused   Move = "LaunchRefused"
	MoveTaskStarted     Move = "TaskStarted"
	MoveStartFailed     Move = "StartFailed"
	MoveLaunchGivenUp   Move = "LaunchGivenUp"
	MoveRang            Move = "Rang"
	MoveAnswered        Move = "Answered"
	MoveEnded           Move = "Ended"
	MoveTaskLost        Move = "TaskLost"
	MoveAgentLost       Move = "AgentLost"
	MoveCancelRequested Move = "CancelRequested"
	MoveCanceled        Move = "Canceled"
	MoveExpired         Move = "Expired"
	MoveLooked          Move = "Looked"
	MoveMarkSent        Move = "MarkSent"
	MoveRedriven        Move = "Redriven"
)

// none is the status before a call exists.
const none Status = ""

// Allowed is the one table of moves: from which status each may start, and in
// which it may end. Every move checks its start against it; the diagram in the
// package's documentation shows the same.
var Allowed = map[Move]map[Status][]Status{
	MoveCreated:      {none: {Queued, Canceled}},
	MoveReady:        {Queued: {Queued}},
	MoveWindowClosed: {Queued: {Queued}},
	MoveAdmitted: {
		Queued: {Launching},
	},
	MoveJobResent:     {Launching: {Launching}},
	MoveLaunchRefused: {Launching: {Queued, Failed}},
	MoveTaskStarted:   {Launching: {Starting}},
	MoveStartFailed: {
		Launching: {Queued, Failed},
		Starting:  {Queued, Failed},
	},
	MoveLaunchGivenUp: {Launching: {Failed}},
	MoveRang: {
		Launching: {Ringing},
		Starting:  {Ringing},
	},
	MoveAnswered: {
		Launching: {InProgress},
		Starting:  {InProgress},
		Ringing:   {InProgress},
	},
	MoveEnded: {
		Launching:  ended,
		Starting:   ended,
		Ringing:    ended,
		InProgress: ended,
	},
	MoveTaskLost: {
		Launching:  {Launching},
		Starting:   {Starting},
		Ringing:    {Ringing},
		InProgress: {InProgress},
	},
	MoveAgentLost: {
		Launching:  {Failed},
		Starting:   {Failed},
		Ringing:    {Failed},
		InProgress: {Failed},
	},
	MoveCancelRequested: {
		Launching:  {Launching},
		Starting:   {Starting},
		Ringing:    {Ringing},
		InProgress: {InProgress},
	},
	MoveCanceled: {
		Queued:    {Canceled},
		Launching: {Canceled},
		Starting:  {Canceled},
	},
	MoveExpired: {Queued: {Expired}},
	MoveLooked: {
		Launching:  {Launching},
		Starting:   {Starting},
		Ringing:    {Ringing},
		InProgress: {InProgress},
	},
	MoveMarkSent: {Failed: {Failed}},
	MoveRedriven: {Failed: {Queued}},
}

// ended: an outcome is final, or, by the retry policy or because nothing was
// dialed, the call waits for its next attempt.
var ended = []Status{Completed, Busy, NoAnswer, Failed, Canceled, Queued}

// start begins a change from c. It refuses when the move may not start from c's status.
func start(m Move, c Call, now time.Time) (*Change, error) {
	if _, ok := Allowed[m][c.Status]; !ok {
		return nil, &MoveError{m, c.Status, "not allowed from this status"}
	}
	change := &Change{Move: m, Before: c, After: c.Clone(), At: stamp(now)}
	change.After.Version++
	change.After.UpdatedAt = change.At
	return change, nil
}

// startAttempt is start for a move that speaks of one attempt.
func startAttempt(m Move, c Call, attempt int, now time.Time) (*Change, error) {
	if attempt != c.Attempt {
		return nil, &MoveError{m, c.Status, fmt.Sprintf("attempt %d, not %d", c.Attempt, attempt)}
	}
	return start(m, c, now)
}

func (ch *Change) refuse(why string) (Change, error) {
	return Change{}, &MoveError{ch.Move, ch.Before.Status, why}
}

// to sets the status and writes the step to the history.
func (ch *Change) to(s Status, cause string) {
	ch.After.Status = s
	ch.After.log(ch.At, cause)
}

// end makes the call final.
func (ch *Change) end(s Status, cause string) {
	c := &ch.After
	c.Due, c.Wait, c.ReadyAt = time.Time{}, Wait{}, time.Time{}
	c.EndedAt = ch.At
	ch.to(s, cause)
}

// maxMessage bounds a failure's sentence, in characters: a vendor's error may be
// long, and a stored item has a largest size.
const maxMessage = 500

// fail makes the call final as failed.
func (ch *Change) fail(f Failure) {
	if r := []rune(f.Message); len(r) > maxMessage {
		f.Message = string(r[:maxMessage-1]) + "…"
	}
	ch.After.Failure = &f
	cause := string(f.Reason)
	if f.Cause != "" {
		cause = string(f.Cause)
	}
	ch.end(Failed, cause)
}

// deadLetter ends the call for want of a launch. Its due stays until its mark
// is in the dead-letter queue (MarkSent).
func (ch *Change) deadLetter(cause DeadLetterCause, message string) {
	ch.fail(Failure{Reason: ReasonDeadLettered, Cause: cause, Message: message})
	ch.After.Due = ch.At
}

// again makes the call wait for its turn as its next attempt. The number goes
// up because an attempt is a fence (R2): the old one can never run any more.
func (ch *Change) again(cause string) {
	c := &ch.After
	c.Attempt++
	c.Task, c.TaskSeen, c.TaskDefinition, c.Resends = "", "", "", 0
	c.LaunchAt, c.StartBy, c.LostAt, c.EndedAt = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	c.ReadyAt, c.Wait, c.Due = ch.At, Wait{}, c.LastStart
	ch.to(Queued, cause)
}

// waitUntil makes the queued call wait for a time.
func (ch *Change) waitUntil(reason WaitReason, until time.Time) {
	c := &ch.After
	c.Wait = Wait{Reason: reason, Until: stamp(until)}
	c.ReadyAt = time.Time{}
	c.Due = earlier(c.Wait.Until, c.LastStart)
}

// earlier is the earlier of two times, of which b may be unset.
func earlier(a, b time.Time) time.Time {
	if !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// stamp is the precision of stored times: milliseconds, in UTC.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
