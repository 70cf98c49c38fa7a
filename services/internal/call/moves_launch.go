package call

import "time"

// MaxClosed bounds the attempts of a call that are closed without a start for
// other causes than lack of capacity; then it is dead-lettered.
const MaxClosed = 5

// JobResent counts one more job sent for a launching call, and when the next is
// owed. It is refused before the call is due: else two trackers that look at the
// same time would use up the waits twice as fast, and a shorter outage would kill.
func JobResent(c Call, t Timing, now time.Time) (Change, error) {
	ch, err := start(MoveJobResent, c, now)
	if err != nil {
		return Change{}, err
	}
	if c.CancelRequested {
		return ch.refuse("its cancel is requested")
	}
	if c.Resends >= t.ResendLimit() {
		return ch.refuse("its jobs are used up")
	}
	if ch.At.Before(c.Due) {
		return ch.refuse("it is not due")
	}
	ch.After.Resends++
	ch.After.Due = ch.At.Add(t.resendAfter(ch.After.Resends))
	return *ch, nil
}

// LaunchRefusedForRoom says that RunTask gave a definite no for lack of
// capacity or by throttling: the claim is closed, the slot goes back, the next
// attempt waits, and all admission backs off, in one transaction. It costs the
// call nothing but time.
func LaunchRefusedForRoom(c Call, attempt int, b Backoff, now time.Time) (Change, error) {
	ch, err := startClosing(MoveLaunchRefused, c, attempt, now)
	if err != nil {
		return Change{}, err
	}
	ch.Backoff = &b
	ch.again("no_capacity")
	return *ch, nil
}

// LaunchRefusedForGood says that RunTask gave a definite no that asking again can't change.
func LaunchRefusedForGood(c Call, attempt int, message string, now time.Time) (Change, error) {
	ch, err := startClosing(MoveLaunchRefused, c, attempt, now)
	if err != nil {
		return Change{}, err
	}
	ch.deadLetter(CauseLaunchRefused, message)
	return *ch, nil
}

// LaunchGivenUp says that a launching call's jobs were sent again for more than
// a day and none led to a start.
func LaunchGivenUp(c Call, t Timing, now time.Time) (Change, error) {
	ch, err := startClosing(MoveLaunchGivenUp, c, c.Attempt, now)
	if err != nil {
		return Change{}, err
	}
	if c.Resends < t.ResendLimit() || ch.At.Before(c.Due) {
		return ch.refuse("its jobs are not used up")
	}
	ch.deadLetter(CauseLaunchTriesUsed, "No answer to the launch for more than a day.")
	return *ch, nil
}

// TaskStarted says that RunTask accepted the attempt's task.
func TaskStarted(c Call, attempt int, task string, t Timing, now time.Time) (Change, error) {
	ch, err := startAttempt(MoveTaskStarted, c, attempt, now)
	if err != nil {
		return Change{}, err
	}
	ch.After.Task = task
	ch.After.Due = ch.At.Add(t.Start)
	if c.ending() {
		ch.After.Due = c.Due
	}
	ch.to(Starting, "task_started")
	return *ch, nil
}

// StartFailed says that an attempt's task ended, or did not start in time,
// while its claim was open: the claim is closed, so nobody dials, and the next
// attempt is safe at once.
func StartFailed(c Call, attempt int, cause string, now time.Time) (Change, error) {
	ch, err := startClosing(MoveStartFailed, c, attempt, now)
	if err != nil {
		return Change{}, err
	}
	ch.closed(cause)
	return *ch, nil
}

// closed counts an attempt that ended without a dial, and lets the next one wait or gives up.
func (ch *Change) closed(cause string) {
	ch.After.Closed++
	if ch.After.Closed >= MaxClosed {
		ch.deadLetter(CauseLaunchTriesUsed, "Its task did not start in any of several attempts; the last: "+cause+".")
		return
	}
	ch.again(cause)
}

// startClosing begins a change that closes the attempt's open claim. A call
// whose cancel is requested is canceled instead: it never waits again.
func startClosing(m Move, c Call, attempt int, now time.Time) (*Change, error) {
	if c.CancelRequested {
		return nil, &MoveError{m, c.Status, "its cancel is requested"}
	}
	ch, err := startAttempt(m, c, attempt, now)
	if err != nil {
		return nil, err
	}
	ch.Claim = ClaimClose
	return ch, nil
}
