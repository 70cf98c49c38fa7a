package call_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/outdial/outdial/services/internal/call"
)

// TestRandomMovesKeepTheRules lets anything happen to a record in any order, at
// times that also go back, and checks each change that a move gives.
func TestRandomMovesKeepTheRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := &random{t: t, now: noon}
		r.create()
		for range steps() {
			r.tick()
			if r.c.Status.Final() && !r.c.DeadLettered() && pick(t, "another call", true, false) {
				r.create()
			}
			r.move()
		}
	})
}

var moveNames = slices.Sorted(maps.Keys(moves))

// random is a record in the hands of chance, and what its changes add up to.
type random struct {
	t    *rapid.T
	now  time.Time
	c    call.Call
	long bool

	slots  int
	lane   call.LaneEffect
	counts call.Counts
	first  []call.Step // of the history, as long as they are kept
	held   map[int]int // attempts by how often they took or gave back a slot
}

func (r *random) create() {
	at := func(label string) time.Time {
		return pick(r.t, label, time.Time{}, time.Time{}, r.now.Add(-time.Minute), r.now.Add(30*time.Hour))
	}
	n := newCall(func(n *call.NewCall) { n.NotBefore, n.LastStart = at("not before"), at("last start") })
	if pick(r.t, "retries", true, false) {
		retrying(&n)
	}
	r.long = pick(r.t, "long story", true, false)
	ch := call.Created(n, r.now)
	r.c, r.lane, r.slots, r.held = ch.After, ch.Lane(), 0, map[int]int{}
	r.counts, r.first = call.Counts{Waiting: 1}, ch.After.History // its batch has counted the row
	r.checkRecord(ch)
}

func (r *random) tick() {
	switch pick(r.t, "clock", "still", "still", "to due", "astray") {
	case "to due":
		if !r.c.Due.IsZero() {
			r.now = r.c.Due
		}
	case "astray":
		r.now = r.now.Add(time.Duration(rapid.IntRange(-600, 7200).Draw(r.t, "seconds")) * time.Second)
	}
}

func (r *random) move() {
	fitting := slices.DeleteFunc(slices.Clone(moveNames), func(m call.Move) bool {
		_, fits := call.Allowed[m][r.c.Status]
		return !fits || (r.long && slices.Contains(ends, m))
	})
	from := moveNames
	if len(fitting) > 0 && pick(r.t, "fits", true, true, true, false) {
		from = fitting
	}
	name := pick(r.t, "move", from...)
	attempt := r.c.Attempt + pick(r.t, "attempt", 0, 0, 0, 0, 0, 0, -1, 1)
	switch {
	case name == call.MoveLaunchGivenUp && pick(r.t, "all jobs sent", true, false):
		r.useUpJobs()
	case name == call.MoveAdmitted && pick(r.t, "launches fail", true, false, false, false, false, false, false, false):
		r.failLaunches()
	}
	before := deepCopy(r.c)
	ch, err := r.do(name, attempt)
	if diff := diff(before, r.c); diff != "" {
		r.t.Fatalf("%s wrote to the record it was given:\n%s", name, diff)
	}
	if err != nil {
		if !call.NotAllowed(err) || diff(ch, call.Change{}) != "" {
			r.t.Fatalf("%s of %s gave %v and %+v", name, r.c.Status, err, ch)
		}
		return
	}
	r.check(name, attempt, ch)
	r.c = ch.After
}

// useUpJobs sends a launching call's job again until no more are left: chance alone never does.
func (r *random) useUpJobs() {
	for r.c.Status == call.Launching && !r.c.CancelRequested && r.c.Resends < timing.ResendLimit() {
		r.now = r.c.Due
		r.apply(call.MoveJobResent, made(call.JobResent(r.c, timing, r.now)))
	}
	if r.c.Status == call.Launching {
		r.now = r.c.Due
	}
}

// failLaunches lets many launches fail one after the other.
func (r *random) failLaunches() {
	name := pick(r.t, "failure", call.MoveLaunchRefused, call.MoveStartFailed)
	for range pick(r.t, "failures", 2, call.MaxClosed, call.MaxHistory) {
		ch, err := moves[call.MoveAdmitted][0](r.c, r.c.Attempt, r.now)
		if err != nil {
			return
		}
		r.apply(call.MoveAdmitted, ch)
		r.apply(name, made(moves[name][0](r.c, r.c.Attempt, r.now)))
	}
}

// apply takes over what a move of the current attempt gave.
func (r *random) apply(name call.Move, ch call.Change) {
	r.check(name, r.c.Attempt, ch)
	r.c = ch.After
}

// do makes the move, with random arguments where they matter.
func (r *random) do(name call.Move, attempt int) (call.Change, error) {
	switch name {
	case call.MoveEnded:
		return call.Ended(r.c, attempt, r.outcome(), r.now)
	case call.MoveRedriven:
		return call.Redriven(r.c, attempt, pick(r.t, "redrive", "", "redrive_1", "redrive_2"), r.now)
	}
	return pick(r.t, "variant", moves[name]...)(r.c, attempt, r.now)
}

// ends are the moves that end a call for good: without them it has a long story.
var ends = []call.Move{call.MoveCanceled, call.MoveCancelRequested, call.MoveExpired, call.MoveAgentLost}

func (r *random) outcome() call.Outcome {
	if r.long {
		return pick(r.t, "outcome", nothing, busy)
	}
	return call.Outcome{
		Status: pick(r.t, "outcome", append([]call.Status{"", "", "unknown"}, call.Statuses...)...),
		Dialed: pick(r.t, "dialed", true, false),
		Reason: pick(r.t, "reason", "", call.ReasonCarrierError, call.ReasonCarrierUnclear, call.ReasonAgentError,
			call.ReasonAgentLost, call.ReasonDeadLettered),
		CarrierReference: pick(r.t, "reference", "", "CA1"),
	}
}

// check holds a change to every rule.
func (r *random) check(name call.Move, attempt int, ch call.Change) {
	t, before, after := r.t, ch.Before, ch.After
	if diff := diff(before, r.c); diff != "" {
		t.Fatalf("%s starts from another record:\n%s", name, diff)
	}
	if ch.Move != name || !slices.Contains(call.Allowed[name][before.Status], after.Status) {
		t.Fatalf("%s led from %s to %s, which is not allowed", ch.Move, before.Status, after.Status)
	}
	if attempt != before.Attempt && !slices.Contains(namesNoAttempt, name) {
		t.Fatalf("%s of attempt %d moved attempt %d", name, attempt, before.Attempt)
	}
	if after.Version != before.Version+1 || ch.New() {
		t.Fatalf("%s made version %d of %d", name, after.Version, before.Version)
	}
	if before.Status.Final() && name != call.MoveRedriven && name != call.MoveMarkSent {
		t.Fatalf("%s moved a call that is %s", name, before.Status)
	}
	r.checkAttempt(name, ch)
	r.checkSlot(name, ch)
	r.checkConditions(ch)
	r.checkRecord(ch)
	r.lane = sum(r.lane, ch.Lane())
	n, err := r.counts.Plus(ch.Counts())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	r.counts = n
	r.checkSums(ch)
}

// checkAttempt: an attempt is a fence (R2).
func (r *random) checkAttempt(name call.Move, ch call.Change) {
	t, before, after := r.t, ch.Before, ch.After
	waitsAgain := after.Status == call.Queued && before.Status != call.Queued
	want := before.Attempt
	if waitsAgain {
		want++
	}
	if after.Attempt != want {
		t.Fatalf("%s led from attempt %d, %s, to attempt %d, %s", name, before.Attempt, before.Status, after.Attempt, after.Status)
	}
	if waitsAgain && (after.Task != "" || after.TaskSeen != "" || after.TaskDefinition != "" || after.Resends != 0 ||
		!after.LaunchAt.IsZero() || !after.StartBy.IsZero() || !after.LostAt.IsZero()) {
		t.Fatalf("%s left something of the attempt before: %+v", name, after)
	}
	closes := before.Status == call.Launching || before.Status == call.Starting
	if ch.Claim == call.ClaimClose && (!closes || (after.Attempt == before.Attempt && !after.Status.Final())) {
		t.Fatalf("%s closed the claim of a call that goes from %s to %s in attempt %d", name, before.Status, after.Status, after.Attempt)
	}
	if before.CancelRequested && (waitsAgain || name == call.MoveAdmitted || after.DeadLettered() || !after.CancelRequested) {
		t.Fatalf("%s made a call whose cancel is requested %s: %+v", name, after.Status, after.Failure)
	}
	if after.Status != call.Queued && !after.DeadLettered() && after.Closed > call.MaxClosed || after.Dials > after.Attempt {
		t.Fatalf("%s: %d attempts, %d of them closed and %d dialed", name, after.Attempt, after.Closed, after.Dials)
	}
}

// checkSlot: each attempt takes one slot and gives it back once, and not without
// closing the claim, the outcome of its holder, or the carrier's word (R1).
func (r *random) checkSlot(name call.Move, ch call.Change) {
	t := r.t
	slots := ch.Slots()
	r.slots += slots
	r.held[ch.Before.Attempt] += slots * slots
	switch {
	case slots == 1 && (ch.After.Status != call.Launching || ch.Claim != call.ClaimOpen || ch.Admission == nil):
		t.Fatalf("%s took a slot: %s, claim %q, admission %v", name, ch.After.Status, ch.Claim, ch.Admission)
	case slots == -1 && ch.Claim != call.ClaimClose && name != call.MoveEnded && name != call.MoveAgentLost:
		t.Fatalf("%s gave a slot back and left the claim open", name)
	case slots == 0 && (ch.Claim == call.ClaimOpen || ch.Claim == call.ClaimClose):
		t.Fatalf("%s touched the claim (%s) and no slot", name, ch.Claim)
	case r.slots != 0 && r.slots != 1, (r.slots == 1) != ch.After.Status.Active(), r.held[ch.Before.Attempt] > 2:
		t.Fatalf("%s: %d slots in all, while the call is %s; attempt %d moved one %d times",
			name, r.slots, ch.After.Status, ch.Before.Attempt, r.held[ch.Before.Attempt])
	}
}

// checkConditions: what is required of others, and what they are told.
func (r *random) checkConditions(ch call.Change) {
	want := call.BatchAny
	switch ch.Move {
	case call.MoveAdmitted:
		want = call.BatchActive
	case call.MoveRedriven:
		want = call.BatchNotCanceled
	}
	room := ch.Move == call.MoveLaunchRefused && ch.After.Status == call.Queued
	if ch.Batch != want || (ch.Claim == call.ClaimStop) != (ch.Move == call.MoveCancelRequested) ||
		(ch.Admission != nil) != (ch.Move == call.MoveAdmitted) || (ch.Backoff != nil) != room {
		r.t.Fatalf("%s requires the batch %q, touches the claim %q, admission %v, backoff %v", ch.Move, ch.Batch, ch.Claim, ch.Admission, ch.Backoff)
	}
	if ch.Claim == call.ClaimOpen && (ch.Open.CallID != ch.After.ID || ch.Open.Attempt != ch.Attempt() ||
		ch.Open.Number != ch.After.Number || ch.Open.Holder != call.HolderNone) {
		r.t.Fatalf("%s opens the claim %+v", ch.Move, ch.Open)
	}
}

// checkRecord holds the record after to what is true of every record.
func (r *random) checkRecord(ch call.Change) {
	t, c := r.t, ch.After
	if !c.UpdatedAt.Equal(ch.At) {
		t.Fatalf("%s: updated at %v, not %v", ch.Move, c.UpdatedAt, ch.At)
	}
	waits := c.Status == call.Queued
	due := c.Status.Active() || (waits && (!c.Ready() || !c.LastStart.IsZero()))
	if c.Due.IsZero() && due || !c.Due.IsZero() && !due && !c.DeadLettered() {
		t.Fatalf("%s: the call is %s (%s) and due %v", ch.Move, c.Status, c.Wait.Reason, c.Due)
	}
	if waits && !c.LastStart.IsZero() && c.Due.After(c.LastStart) {
		t.Fatalf("%s: due %v, after the last start at %v", ch.Move, c.Due, c.LastStart)
	}
	if c.Ready() == c.ReadyAt.IsZero() || (c.Wait != call.Wait{}) != (waits && !c.Ready()) {
		t.Fatalf("%s: the call is %s, waits for %+v, ready since %v", ch.Move, c.Status, c.Wait, c.ReadyAt)
	}
	if c.Status.Final() == c.EndedAt.IsZero() || (c.Status == call.Failed) != (c.Failure != nil) {
		t.Fatalf("%s: the call is %s, ended at %v, failure %+v", ch.Move, c.Status, c.EndedAt, c.Failure)
	}
	if c.Status.Active() && c.Outcome != nil {
		t.Fatalf("%s: the call is %s and has the outcome %+v", ch.Move, c.Status, c.Outcome)
	}
	r.checkHistory(ch)
}

// checkHistory: it is bounded, its beginning stays, and its last step is where the call stands.
func (r *random) checkHistory(ch call.Change) {
	t, h := r.t, ch.After.History
	last := h[len(h)-1]
	if len(h) > call.MaxHistory || last.Status != ch.After.Status || last.Attempt > ch.After.Attempt {
		t.Fatalf("%s: a history of %d steps, the last %+v, while the call is %s", ch.Move, len(h), last, ch.After.Status)
	}
	if ch.Before.Status != ch.After.Status && (!last.At.Equal(ch.At) || last.Attempt != ch.After.Attempt || last.Cause == "") {
		t.Fatalf("%s at %v ends the history with %+v", ch.Move, ch.At, last)
	}
	const kept = call.MaxHistory / 3
	if len(r.first) < kept {
		r.first = slices.Clone(h[:min(len(h), kept)])
	}
	if !slices.Equal(r.first, h[:len(r.first)]) {
		t.Fatalf("%s: the beginning of the history was %+v and is %+v", ch.Move, r.first, h[:len(r.first)])
	}
}

// checkSums: lane and batch count the call where its record says it is.
func (r *random) checkSums(ch call.Change) {
	want, counts := call.LaneEffect{}, call.Counts{}
	c := ch.After
	switch {
	case c.Ready():
		want.Ready = 1
	case c.Wait.Reason == call.WaitSchedule:
		want.Schedule = 1
	case c.Wait.Reason == call.WaitRetry:
		want.Retry = 1
	case c.Wait.Reason == call.WaitWindow:
		want.Window = 1
	}
	*counted(&counts, c.Status) = 1
	if r.lane != want || r.counts != counts {
		r.t.Fatalf("%s: the lane counts %+v and the batch %+v, while the call is %s (%s)", ch.Move, r.lane, r.counts, c.Status, c.Wait.Reason)
	}
	if ch.Lane().Served != (ch.Move == call.MoveAdmitted) {
		r.t.Fatalf("%s: served %t", ch.Move, ch.Lane().Served)
	}
}

// counted is the count that a call in this status belongs to.
func counted(n *call.Counts, s call.Status) *int {
	switch s {
	case call.Queued:
		return &n.Waiting
	case call.Completed:
		return &n.Completed
	case call.Busy:
		return &n.Busy
	case call.NoAnswer:
		return &n.NoAnswer
	case call.Failed:
		return &n.Failed
	case call.Canceled:
		return &n.Canceled
	case call.Expired:
		return &n.Expired
	}
	return &n.Active
}

// sum is both effects together; served is no count.
func sum(a, b call.LaneEffect) call.LaneEffect {
	return call.LaneEffect{Ready: a.Ready + b.Ready, Schedule: a.Schedule + b.Schedule, Retry: a.Retry + b.Retry, Window: a.Window + b.Window}
}
