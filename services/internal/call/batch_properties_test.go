package call_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/outdial/outdial/services/internal/call"
)

// TestABatchKeepsItsRules expands, pauses, resumes and cancels a batch in any
// order, in slices of any size, while its calls are admitted and end; and then
// does what is due until nothing is.
func TestABatchKeepsItsRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := &batchWorld{t: t, calls: map[string]call.Call{}, rows: rows(pick(t, "rows", 0, 1, 2, 3, 5, 8, 13, 20))}
		b.apply(call.BatchAccepted(call.Batch{ID: "batch_01J", Owner: "ada", Rows: len(b.rows), ChunkRows: 5}, nil, noon), nil)
		for range steps() / 4 {
			pick(t, "what happens", b.expand, b.cancelSlice, b.state, b.callMoves, b.callMoves, b.callMoves)()
		}
		b.workOff()
	})
}

// batchWorld is a batch with its calls, as a store keeps them.
type batchWorld struct {
	t      *rapid.T
	rows   []call.Row
	b      call.Batch
	calls  map[string]call.Call
	counts call.Counts
	lane   call.Lane
	last   bool // canceled once
}

func (w *batchWorld) apply(ch call.BatchChange, err error) {
	t := w.t
	if err != nil {
		t.Fatal(err)
	}
	if ch.Before.Version != w.b.Version || ch.After.Version != w.b.Version+1 {
		t.Fatalf("version %d of %d, while it is %d", ch.After.Version, ch.Before.Version, w.b.Version)
	}
	if ch.TouchesLane() {
		w.lane, err = w.lane.Open(ch.LaneOpen(), ch.At).After(ch.Lane(), ch.At)
		if err != nil {
			t.Fatal(err)
		}
	}
	if w.counts, err = w.counts.Plus(ch.Counts); err != nil {
		t.Fatal(err)
	}
	for _, c := range ch.Calls {
		if before, exists := w.calls[c.After.ID]; exists == c.New() || before.Version != c.Before.Version || c.Slots() != 0 || c.Claim != call.ClaimNone {
			t.Fatalf("%s of %s: there is version %d of it", c.Move, c.After.ID, before.Version)
		}
		w.calls[c.After.ID] = c.After
	}
	w.b = ch.After
	w.check()
}

func (w *batchWorld) expand() {
	if left := len(w.rows) - w.b.Expanded; left > 0 {
		n := rapid.IntRange(1, left).Draw(w.t, "slice")
		w.apply(call.BatchExpanded(w.b, w.rows[w.b.Expanded:w.b.Expanded+n], noon))
	}
}

// cancelSlice visits calls as the tracker does: those that wait are canceled with
// the cursor, the others before it.
func (w *batchWorld) cancelSlice() {
	if w.b.State != call.StateCanceled || w.b.CanceledTo == w.b.Expanded {
		return
	}
	to := rapid.IntRange(w.b.CanceledTo+1, w.b.Expanded).Draw(w.t, "cancel to")
	var canceled []call.Change
	for n := w.b.CanceledTo + 1; n <= to; n++ {
		c := w.calls[call.BatchCallID(w.b.ID, n)]
		if c.Status == call.Queued {
			canceled = append(canceled, made(call.CanceledBeforeDial(c, "batch_canceled", noon)))
		} else if c.Status.Active() && !c.CancelRequested {
			w.applyCall(call.CancelRequested(c, timing, noon))
		}
	}
	w.apply(call.CancelAdvanced(w.b, to, canceled, noon))
}

func (w *batchWorld) state() {
	do := pick(w.t, "state", call.BatchPaused, call.BatchResumed, call.BatchPaused, call.BatchResumed, call.BatchCanceled)
	ch, err := do(w.b, noon)
	if w.last && !call.RefusedFor(err, call.ConditionCanceled) {
		w.t.Fatalf("a canceled batch became %s: %v", ch.After.State, err)
	}
	if err != nil {
		return
	}
	w.last = ch.After.State == call.StateCanceled
	w.apply(ch, nil)
}

// callMoves moves one call by itself.
func (w *batchWorld) callMoves() {
	if w.b.Expanded == 0 {
		return
	}
	c := w.calls[call.BatchCallID(w.b.ID, 1+rapid.IntRange(0, 1000).Draw(w.t, "call")%w.b.Expanded)]
	switch {
	case c.Status == call.Queued:
		w.applyCall(moves[call.MoveAdmitted][0](c, c.Attempt, noon))
	case c.Status.Active():
		w.applyCall(call.Ended(c, c.Attempt, pick(w.t, "end", busy, nothing, completed), noon))
	case c.DeadLettered():
		w.applyCall(call.Redriven(c, c.Attempt, "", noon))
	}
}

func (w *batchWorld) applyCall(ch call.Change, err error) {
	if err != nil || ch.Batch.Check(w.b.State) != nil {
		return
	}
	if w.lane, err = w.lane.After(ch.Lane(), noon); err != nil {
		w.t.Fatal(err)
	}
	if w.counts, err = w.counts.Plus(ch.Counts()); err != nil {
		w.t.Fatal(err)
	}
	w.calls[ch.After.ID] = ch.After
	w.check()
}

// check holds batch, calls, lane and counts to each other.
func (w *batchWorld) check() {
	t, b := w.t, w.b
	if b.CanceledTo > b.Expanded || b.Expanded > b.Rows || len(w.calls) != b.Expanded || (b.CanceledTo > 0 && b.State != call.StateCanceled) {
		t.Fatalf("%d of %d rows are expanded (%d calls), the cancel is at %d, the batch is %s", b.Expanded, b.Rows, len(w.calls), b.CanceledTo, b.State)
	}
	unfinished := b.Expanded < b.Rows || (b.State == call.StateCanceled && b.CanceledTo < b.Rows)
	if unfinished == b.Due.IsZero() {
		t.Fatalf("due %v, with %d of %d rows expanded, the cancel at %d, %s", b.Due, b.Expanded, b.Rows, b.CanceledTo, b.State)
	}
	if w.last != (b.State == call.StateCanceled) {
		t.Fatalf("canceled: %t, and the batch is %s", w.last, b.State)
	}
	counts, ready := call.Counts{Waiting: b.Rows - b.Expanded}, 0
	for _, c := range w.calls {
		*counted(&counts, c.Status)++
		if c.Ready() {
			ready++
		}
	}
	if w.counts != counts || counts.Total() != b.Rows {
		t.Fatalf("the batch counts %+v; its calls and rows are %+v, %d rows", w.counts, counts, b.Rows)
	}
	if w.lane.Ready != ready || w.lane.Closed != (b.State != call.StateActive) || w.lane.InTurn() != (ready > 0 && b.State == call.StateActive) {
		t.Fatalf("the lane is %+v; %d calls are ready, the batch is %s", w.lane, ready, b.State)
	}
}

// workOff does what is due, as the tracker does, until nothing is.
func (w *batchWorld) workOff() {
	for range 10 * (len(w.rows) + 1) {
		switch {
		case w.b.Due.IsZero():
			w.checkEnd()
			return
		case w.b.State == call.StateCanceled && w.b.CanceledTo < w.b.Expanded:
			w.cancelSlice()
		default:
			w.expand()
		}
	}
	w.t.Fatalf("never worked off: %+v", w.b)
}

// checkEnd: of a canceled batch nobody waits, and those who run are asked to stop.
func (w *batchWorld) checkEnd() {
	if w.b.State != call.StateCanceled {
		return
	}
	for id, c := range w.calls {
		if c.Status == call.Queued || (c.Status.Active() && !c.CancelRequested) {
			w.t.Fatalf("the cancel is through, and %s is %s", id, c.Status)
		}
		if ch, err := moves[call.MoveRedriven][0](c, c.Attempt, noon.Add(time.Hour)); err == nil && ch.Batch.Check(w.b.State) == nil {
			w.t.Fatalf("the cancel is through, and %s may be redriven", id)
		}
	}
}
