package call

import "time"

// NewCall is what a call is made from.
type NewCall struct {
	ID, Owner, BatchID string
	Row                int // line of the batch's file, from 1
	Number             string
	Settings           *Settings // nil: the batch's
	TimeLimit          int       // seconds of talk
	Metadata           map[string]string
	NotBefore          time.Time // zero: at once
	LastStart          time.Time // zero: no limit
	Retry              *RetryPolicy
	CreatedAt          time.Time // zero: now
}

// Created makes a call that waits in its lane: for its turn or for its time.
func Created(n NewCall, now time.Time) Change {
	ch := n.change(now)
	ch.After.ReadyAt = ch.At
	ch.After.Due = ch.After.LastStart
	if n.NotBefore.After(ch.At) {
		ch.waitUntil(WaitSchedule, n.NotBefore)
	}
	ch.to(Queued, "created")
	return *ch
}

// createdCanceled makes a call of a batch that is canceled already.
func createdCanceled(n NewCall, now time.Time) Change {
	ch := n.change(now)
	ch.end(Canceled, "batch_canceled")
	return *ch
}

func (n NewCall) change(now time.Time) *Change {
	now = stamp(now)
	created := stamp(n.CreatedAt)
	if created.IsZero() {
		created = now
	}
	return &Change{Move: MoveCreated, At: now, After: Call{
		ID: n.ID, Owner: n.Owner, BatchID: n.BatchID, Row: n.Row, Number: n.Number,
		Settings: n.Settings, TimeLimit: n.TimeLimit, Metadata: n.Metadata, Retry: n.Retry,
		LastStart: stamp(n.LastStart), Attempt: 1, Version: 1, CreatedAt: created, UpdatedAt: now,
	}}
}

// Ready says that the time a call waited for has come: it joins its lane.
func Ready(c Call, now time.Time) (Change, error) {
	ch, err := start(MoveReady, c, now)
	if err != nil {
		return Change{}, err
	}
	if c.Wait.Reason == "" {
		return ch.refuse("it is ready already")
	}
	if ch.At.Before(c.Wait.Until) {
		return ch.refuse("its time has not come")
	}
	if c.late(ch.At) {
		return ch.refuse("its last start time has passed")
	}
	a := &ch.After
	a.Wait, a.ReadyAt, a.Due = Wait{}, ch.At, c.LastStart
	ch.to(Queued, "ready")
	return *ch, nil
}

// WindowClosed says that a ready call stands outside the hours in which it may
// be placed: it waits until they begin again, and lets others pass.
func WindowClosed(c Call, opens, now time.Time) (Change, error) {
	ch, err := start(MoveWindowClosed, c, now)
	if err != nil {
		return Change{}, err
	}
	if !c.Ready() {
		return ch.refuse("it is not ready")
	}
	if !opens.After(ch.At) {
		return ch.refuse("its hours have begun")
	}
	ch.waitUntil(WaitWindow, opens)
	ch.to(Queued, "outside_window")
	return *ch, nil
}

// LastStartPassed says that a call's last start time passed while it waited.
func LastStartPassed(c Call, now time.Time) (Change, error) {
	ch, err := start(MoveExpired, c, now)
	if err != nil {
		return Change{}, err
	}
	if !c.late(ch.At) {
		return ch.refuse("it may still start")
	}
	ch.end(Expired, "last_start_passed")
	return *ch, nil
}

func (c Call) late(now time.Time) bool {
	return !c.LastStart.IsZero() && now.After(c.LastStart)
}

// Admitted takes a slot and a rate token and opens the attempt's claim. All
// that RunTask will be asked is fixed here, so that it can be repeated exactly.
func Admitted(c Call, launchAt time.Time, a Admission, taskDefinition string, t Timing, now time.Time) (Change, error) {
	ch, err := start(MoveAdmitted, c, now)
	if err != nil {
		return Change{}, err
	}
	if !c.Ready() || c.CancelRequested {
		return ch.refuse("it is not ready")
	}
	if c.late(ch.At) {
		return ch.refuse("its last start time has passed")
	}
	after := &ch.After
	after.ReadyAt = time.Time{}
	after.LaunchAt = launchAt.UTC()
	after.StartBy = stamp(launchAt).Add(launchOutage + MaxResend)
	after.TaskDefinition = taskDefinition
	after.Outcome = nil
	after.Due = stamp(launchAt).Add(t.resendAfter(0))
	ch.to(Launching, "admitted")
	ch.Claim = ClaimOpen
	ch.Open = Claim{
		CallID: c.ID, Attempt: c.Attempt, BatchID: c.BatchID, Number: c.Number, Settings: c.Settings,
		RingTimeout: int(t.Ring.Seconds()), TimeLimit: c.TimeLimit, OpenedAt: ch.At,
	}
	ch.Admission = &a
	if c.BatchID != "" {
		ch.Batch = BatchActive
	}
	return *ch, nil
}

// Redriven reopens a dead-lettered call as its next attempt. Only a wish for
// the attempt that was dead-lettered does: an older one was served already.
func Redriven(c Call, attempt int, redriveID string, now time.Time) (Change, error) {
	ch, err := startAttempt(MoveRedriven, c, attempt, now)
	if err != nil {
		return Change{}, err
	}
	if !c.DeadLettered() {
		return ch.refuse("it was not dead-lettered")
	}
	if c.RedrivenBy(redriveID) {
		return ch.refuse("this redrive has reopened it before")
	}
	ch.After.Failure, ch.After.Closed = nil, 0
	if redriveID != "" { // else by its marked copy, which is no redrive of ours
		ch.After.remember(redriveID)
	}
	ch.again("redriven")
	if c.BatchID != "" {
		ch.Batch = BatchNotCanceled
	}
	return *ch, nil
}

// MarkSent says that the marked copy of a dead-lettered call's job is in the dead-letter queue.
func MarkSent(c Call, attempt int, now time.Time) (Change, error) {
	ch, err := startAttempt(MoveMarkSent, c, attempt, now)
	if err != nil {
		return Change{}, err
	}
	if !c.DeadLettered() || c.Due.IsZero() {
		return ch.refuse("no mark is owed")
	}
	ch.After.Due = time.Time{}
	return *ch, nil
}
