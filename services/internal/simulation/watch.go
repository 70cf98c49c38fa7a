package simulation

import (
	"math"
	"slices"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/task"
)

// watchChange holds a change of a call that was just written against the promises.
func (w *world) watchChange(a *actor, ch call.Change) {
	w.watchRecord(ch)
	w.watchHistory(ch)
	w.watchEffort(a, ch)
	switch {
	case ch.Move == call.MoveAdmitted:
		w.watchAdmission(ch)
	case ch.Move == call.MoveCancelRequested:
		w.records.stopped[ch.After.ID] = w.steps
	case ch.Move == call.MoveExpired && !ch.At.After(ch.After.LastStart):
		w.violate("a call expires after its last start time", "%s", ch.After.ID)
	case ch.Move == call.MoveRedriven:
		w.watchRedrive(ch)
	case ch.Slots() < 0:
		w.watchSlotBack(ch)
	}
	w.records.put(ch)
	w.records.check(ch.After.BatchID)
}

// watchRecord: each change is made from the record as it is, as the table of
// moves allows, and what is final stays, redrive aside.
func (w *world) watchRecord(ch call.Change) {
	before, after := w.records.calls[ch.After.ID], ch.After
	if before.Version != ch.Before.Version || after.Version != before.Version+1 {
		w.violate("no change is lost", "%s: %s was made from version %d of %d", after.ID, ch.Move, ch.Before.Version, before.Version)
	}
	if !slices.Contains(call.Allowed[ch.Move][before.Status], after.Status) {
		w.violate("a call moves as the table of moves says", "%s: %s from %s to %s", after.ID, ch.Move, before.Status, after.Status)
	}
	redriven := ch.Move == call.MoveRedriven && before.DeadLettered()
	if before.Status.Final() && after.Status != before.Status && !redriven {
		w.violate("a final status stays", "%s was %s and is %s", after.ID, before.Status, after.Status)
	}
	if before.CancelRequested && !after.CancelRequested {
		w.violate("a cancel that was accepted holds", "%s: %s forgets the wish", after.ID, ch.Move)
	}
	if before.CancelRequested && after.Status == call.Queued {
		w.violate("a cancel that was accepted holds", "%s waits again", after.ID)
	}
	if before.CancelRequested && after.DeadLettered() {
		w.violate("a cancel that was accepted holds", "%s is dead-lettered", after.ID)
	}
	if after.Attempt < before.Attempt || after.Attempt > max(before.Attempt+1, 1) {
		w.violate("an attempt is a fence", "%s: %s from attempt %d to %d", after.ID, ch.Move, before.Attempt, after.Attempt)
	}
	if before.Status.Active() && after.Status == call.Queued && after.Attempt == before.Attempt {
		w.violate("an attempt is a fence", "%s: attempt %d waits again", after.ID, after.Attempt)
	}
}

// watchHistory: steps are only added, in the order of time if clocks are right.
func (w *world) watchHistory(ch call.Change) {
	old, now := w.records.calls[ch.After.ID].History, ch.After.History
	if len(now) < call.MaxHistory && (len(now) < len(old) || !slices.Equal(old, now[:len(old)])) {
		w.violate("history only grows", "%s: %s", ch.After.ID, ch.Move)
	}
	if len(now) > call.MaxHistory {
		w.violate("history is bounded", "%s has %d steps", ch.After.ID, len(now))
	}
	if len(now) < 2 {
		return
	}
	a, b := now[len(now)-2], now[len(now)-1]
	if b.Attempt < a.Attempt || (w.profile.clocksAreRight() && b.At.Before(a.At)) {
		w.violate("history is in order", "%s: %s", ch.After.ID, ch.Move)
	}
}

// watchAdmission: below the limit, not stopped, within the rate, and with no
// earlier attempt that could still dial or talk. The record holds the slot
// already, the world's records don't.
func (w *world) watchAdmission(ch call.Change) {
	room, _ := w.store.Capacity(w.ctx)
	switch {
	case w.records.active >= room.Limit:
		w.violate("nothing is admitted at or above the limit", "%s: %d active, limit %d", ch.After.ID, w.records.active, room.Limit)
	case room.Stopped:
		w.violate("nothing is admitted while stopped", "%s", ch.After.ID)
	case room.BackoffUntil.After(ch.At.Add(time.Millisecond)):
		w.violate("nothing is admitted during a backoff", "%s", ch.After.ID)
	}
	if last := ch.After.LastStart; !last.IsZero() && ch.At.After(last) {
		w.violate("nothing is admitted after its last start time", "%s", ch.After.ID)
	}
	if b, ok := w.records.batches[ch.After.BatchID]; ok && b.State != call.StateActive {
		w.violate("nothing is admitted of a batch that isn't active", "%s", ch.After.ID)
	}
	interval := time.Duration(math.Floor(float64(time.Second) / room.Rate))
	if ahead := ch.After.LaunchAt.Sub(ch.At); ahead > max(3*time.Second, interval)+10*time.Millisecond {
		w.violate("tokens are taken a few seconds ahead", "%s has one of %v ahead", ch.After.ID, ahead)
	}
	if last := w.records.rateAt; !last.IsZero() && ch.After.LaunchAt.Before(last.Add(interval)) {
		w.violate("tokens keep to the rate", "%s has the token of %v, the last one is of %v", ch.After.ID, ch.After.LaunchAt, last)
	}
	if !room.RateAt.Equal(ch.After.LaunchAt) {
		w.violate("tokens keep to the rate", "%s has the token of %v, and %v was written", ch.After.ID, ch.After.LaunchAt, room.RateAt)
	}
	w.records.rateAt = ch.After.LaunchAt
	w.watchTurn(ch.Before.Lane())
	for attempt := 1; attempt < ch.After.Attempt; attempt++ {
		w.watchOver(ch.After.ID, attempt, string(ch.Move))
	}
}

// watchSlotBack: a slot goes back with the claim closed, with its holder's
// outcome, or with proof that its task has ended and the call is over.
func (w *world) watchSlotBack(ch call.Change) {
	w.watchOver(ch.Before.ID, ch.Before.Attempt, string(ch.Move))
	claim, _ := w.store.Claim(w.ctx, ch.Before.ID, ch.Before.Attempt)
	if ch.Move == call.MoveAgentLost && claim.Outcome != nil {
		w.violate("what an agent noted counts", "%s is agent_lost, and its agent noted %s", ch.After.ID, claim.Outcome.Status)
	}
	if p := w.tasks.byARN[claim.Task]; ch.Move == call.MoveAgentLost && p != nil && p.over && p.err == nil {
		w.violate("what an agent saw is not lost", "%s is agent_lost, and its agent came to its end", ch.After.ID)
	}
}

// watchOver: an attempt can neither dial nor talk any more.
func (w *world) watchOver(id string, attempt int, when string) {
	claim, _ := w.store.Claim(w.ctx, id, attempt)
	switch {
	case claim.Holder == call.HolderNone:
		w.violate("an attempt without its slot can't dial", "%s/%d: its claim is open at %s", id, attempt, when)
	case claim.Holder == call.HolderAgent && claim.Outcome == nil:
		if p := w.tasks.byARN[claim.Task]; p != nil && !p.over {
			w.violate("an attempt without its slot can't dial", "%s/%d: its agent runs at %s", id, attempt, when)
		}
	}
	for _, l := range w.carrier.legs {
		if l.request.CallID == id && l.request.Attempt == attempt && w.carrier.live(l) && !w.unclear(id, attempt) {
			w.violate("an attempt without its slot doesn't talk", "%s/%d: %s is under way at %s", id, attempt, l.reference, when)
		}
	}
}

// unclear tells whether nobody knows if an attempt has dialed. That is final, and
// its slot can't be kept for ever (R8): its call may go on until its own limits.
func (w *world) unclear(id string, attempt int) bool {
	claim, _ := w.store.Claim(w.ctx, id, attempt)
	return claim.Outcome != nil && claim.Outcome.Reason == call.ReasonCarrierUnclear
}

// watchRedrive: only somebody's wish reopens a dead letter, and a redrive none twice.
func (w *world) watchRedrive(ch call.Change) {
	id, before := ch.After.ID, w.records.calls[ch.After.ID]
	if ch.After.RedriveID == before.RedriveID {
		if !w.records.marks[messages.Job{CallID: id, Attempt: before.Attempt, Dead: true}] {
			w.violate("only a redrive reopens a dead letter", "%s/%d", id, before.Attempt)
		}
		return
	}
	key := [2]string{ch.After.RedriveID, id}
	if w.records.redriven[key] {
		w.violate("a redrive takes no call twice", "%s, %s", ch.After.RedriveID, id)
	}
	w.records.redriven[key] = true
}

// watchBatch holds a change of a batch that was just written against the promises.
func (w *world) watchBatch(ch call.BatchChange) {
	before, after := w.records.batches[ch.After.ID], ch.After
	if before.Version != ch.Before.Version || after.Version != before.Version+1 {
		w.violate("no change is lost", "%s was changed from version %d of %d", after.ID, ch.Before.Version, before.Version)
	}
	if after.CanceledTo > after.Expanded || after.Expanded < before.Expanded || after.CanceledTo < before.CanceledTo {
		w.violate("a batch's cursors go on", "%s is expanded to %d and canceled to %d, after %d and %d",
			after.ID, after.Expanded, after.CanceledTo, before.Expanded, before.CanceledTo)
	}
	if before.State == call.StateCanceled && after.State != call.StateCanceled {
		w.violate("canceled is a batch's last state", "%s is %s", after.ID, after.State)
	}
	if after.Expanded > before.Expanded && !w.effort.kept[after.ID] {
		w.violate("rows are kept before they are expanded", "%s", after.ID)
	}
	if ch.New() {
		w.records.batchIDs = append(w.records.batchIDs, after.ID)
		w.records.counts[after.ID] = &call.Counts{}
	}
	w.records.batches[after.ID] = after
	for _, c := range ch.Calls {
		w.watchRecord(c)
		w.watchHistory(c)
		w.records.put(c)
		w.coverage.count(string(c.Move), None)
	}
	w.records.check(after.ID)
}

// watchLaunch: only what is admitted is launched, and not before its token's time
// by the clock of who launches.
func (w *world) watchLaunch(r task.Request, now time.Time) {
	c := w.records.calls[r.CallID]
	if r.Attempt > c.Attempt || (r.Attempt == c.Attempt && c.Status == call.Queued) {
		w.violate("only what is admitted is launched", "%s/%d", r.CallID, r.Attempt)
	}
	if r.Attempt == c.Attempt && now.Before(c.LaunchAt) {
		w.violate("nothing is launched before its token's time", "%s/%d at %v, its token is of %v", r.CallID, r.Attempt, now, c.LaunchAt)
	}
}

// watchDial: an attempt dials at most once, by the holder of its claim, while it
// has its slot and no other attempt is under way. Looked is the step at which its
// agent could see a stop for the last time.
func (w *world) watchDial(r carrier.Request, looked int) {
	c := w.records.calls[r.CallID]
	if at, ok := w.records.stopped[r.CallID]; ok && at < looked {
		w.violate("an agent that can know of a cancel doesn't dial", "%s/%d", r.CallID, r.Attempt)
	}
	claim, _ := w.store.Claim(w.ctx, r.CallID, r.Attempt)
	switch {
	case !c.Status.Active() || c.Attempt != r.Attempt:
		w.violate("an attempt without its slot can't dial", "%s/%d dials while the call is %s at attempt %d", r.CallID, r.Attempt, c.Status, c.Attempt)
	case !claim.HeldBy(r.Nonce):
		w.violate("only the claim's holder dials", "%s/%d", r.CallID, r.Attempt)
	}
	dials := 1
	for _, l := range w.carrier.legs {
		if l.request.CallID != r.CallID {
			continue
		}
		dials++
		if l.request.Attempt == r.Attempt {
			w.violate("no attempt dials twice", "%s/%d", r.CallID, r.Attempt)
		}
		if w.carrier.live(l) {
			w.violate("no two attempts talk at once", "%s/%d dials while attempt %d is under way", r.CallID, r.Attempt, l.request.Attempt)
		}
	}
	most := 1
	if c.Retry != nil {
		most = max(1, c.Retry.MaxDials)
	}
	if dials > most {
		w.violate("no call dials more often than its policy says", "%s dials for the %d. time of %d", r.CallID, dials, most)
	}
}

// checkOutcome: a record says what happened at the carrier.
func (w *world) checkOutcome(c call.Call) {
	var last *leg
	for _, l := range w.carrier.legs {
		if l.request.CallID == c.ID {
			last = l
		}
	}
	switch c.Status {
	case call.Completed, call.Busy, call.NoAnswer:
	default:
		return
	}
	if last == nil || last.request.Attempt != c.Attempt || c.Outcome == nil || c.Outcome.CarrierReference != last.reference {
		w.violate("an outcome is what happened", "%s is %s, and the carrier knows no such call", c.ID, c.Status)
		return
	}
	if got := last.state(w.now).Status; string(got) != string(c.Status) {
		w.violate("an outcome is what happened", "%s is %s, and the carrier says %s", c.ID, c.Status, got)
	}
}
