package tracking_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/task"
	"github.com/outdial/outdial/services/internal/testworld"
)

// set pauses, resumes or cancels a batch, which must succeed.
func set(t testing.TB, w *testworld.World, id string, state call.BatchState) call.Batch {
	t.Helper()
	do := w.Tracker.PauseBatch
	switch state {
	case call.StateActive:
		do = w.Tracker.ResumeBatch
	case call.StateCanceled:
		do = w.Tracker.CancelBatch
	}
	b, err := do(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestABatchIsExpandedSliceBySliceOverItsChunks(t *testing.T) {
	t.Parallel()
	for _, slice := range []int{1, 2, 3, 4, 100} {
		w := newWorld(t)
		w.Tracker.Slice = slice
		id := w.CreateBatch("ann", 8) // chunks of 3, 3 and 2
		look(t, w)
		calls := w.Calls()
		if len(calls) != 8 {
			t.Fatalf("slices of %d: %d of 8 rows are calls", slice, len(calls))
		}
		for i, c := range calls {
			if c.ID != call.BatchCallID(id, i+1) || c.Row != i+2 || c.Number[len(c.Number)-1] != byte('0'+i) || c.Owner != "ann" {
				t.Errorf("slices of %d: row %d is call %s, line %d, %s of %s", slice, i+1, c.ID, c.Row, c.Number, c.Owner)
			}
		}
		b, n := w.Batch(id)
		if b.Expanded != 8 || !b.Due.IsZero() || n != (call.Counts{Waiting: 8}) {
			t.Errorf("slices of %d: expanded %d, due %v, counts %+v", slice, b.Expanded, b.Due, n)
		}
		w.RunUntilQuiet()
		if b, n := w.Batch(id); b.StateWith(n) != call.StateCompleted || n.Completed != 8 {
			t.Errorf("slices of %d: the batch is %s with %+v", slice, b.StateWith(n), n)
		}
	}
}

// TestASliceEndsByBytesToo: DynamoDB takes 4 MB in one transaction.
func TestASliceEndsByBytesToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Tracker.Slice, w.ChunkRows = 100, 100
	w.Metadata = map[string]string{"notes": strings.Repeat("ö", 250_000)} // 3 rows a slice
	id := w.CreateBatch("ann", 10)
	before := w.Asked("store.ApplyBatch")
	look(t, w)
	if b, n := w.Batch(id); n.Waiting != 10 || b.Expanded != 10 {
		t.Fatalf("%d rows are expanded, %+v", b.Expanded, n)
	}
	if slices := w.Asked("store.ApplyBatch") - before; slices != 4 {
		t.Errorf("expanded in %d slices, want 4", slices)
	}
	set(t, w, id, call.StateCanceled)
	before = w.Asked("store.ApplyBatch")
	look(t, w)
	if b, n := w.Batch(id); n.Canceled != 10 || b.CanceledTo != 10 {
		t.Errorf("canceled to row %d, %+v", b.CanceledTo, n)
	}
	if slices := w.Asked("store.ApplyBatch") - before; slices != 4 {
		t.Errorf("canceled in %d slices, want 4", slices)
	}
}

// TestTwoLooksDoNotGoOnAtOneBatch: the one whose slices come too late twice in a
// row leaves it. Once may be anybody's change.
func TestTwoLooksDoNotGoOnAtOneBatch(t *testing.T) {
	t.Parallel()
	for losses, want := range map[int]int{1: 8, 2: 0} {
		w := newWorld(t)
		w.Tracker.Slice = 1
		id := w.CreateBatch("ann", 8)
		for i := range losses {
			w.Before("store.ApplyBatch", func() {
				state := []call.BatchState{call.StatePaused, call.StateActive}[i]
				set(t, w, id, state)
			})
			w.Before("store.ApplyBatch", func() {}) // of the change itself
		}
		look(t, w)
		if b, _ := w.Batch(id); b.Expanded != want {
			t.Errorf("after %d losses %d rows are expanded, want %d", losses, b.Expanded, want)
		}
		look(t, w)
		if b, _ := w.Batch(id); b.Expanded != 8 {
			t.Errorf("after %d losses and another look %d rows are expanded", losses, b.Expanded)
		}
	}
}

func TestTheChunksAreKeptBeforeTheFirstRowIsExpanded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.CreateBatch("ann", 4)
	w.Fail("store.KeepChunks", testworld.Before)
	if err := w.Look(); err == nil {
		t.Error("nothing tells that the chunks were not kept")
	}
	if b, _ := w.Batch(id); b.Expanded != 0 {
		t.Errorf("%d rows are expanded though the chunks may expire", b.Expanded)
	}
	look(t, w)
	if b, _ := w.Batch(id); b.Expanded != 4 {
		t.Errorf("%d of 4 rows are expanded", b.Expanded)
	}
}

func TestExpansionGoesOnInAPausedBatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.CreateBatch("ann", 7)
	set(t, w, id, call.StatePaused)
	look(t, w)
	b, n := w.Batch(id)
	if b.Expanded != 7 || !b.Due.IsZero() || n.Waiting != 7 {
		t.Errorf("expanded %d, due %v, counts %+v", b.Expanded, b.Due, n)
	}
	set(t, w, id, call.StateActive)
	w.NoTicks = true // the resume asks for the fill
	w.Settle()
	if w.Room().InUse == 0 {
		t.Error("nothing is admitted after the resume")
	}
	w.NoTicks = false
	w.RunUntilQuiet()
}

func TestACanceledBatchIsCanceledToItsLastRow(t *testing.T) {
	t.Parallel()
	for expanded := range 7 { // rows, when the cancel comes into the middle of the next
		w := newWorld(t)
		w.Tracker.Slice = 1
		id := w.CreateBatch("ann", 7)
		for range expanded {
			w.Before("store.ApplyBatch", func() {})
		}
		w.Before("store.ApplyBatch", func() {
			w.Tracker.Slice = 2
			set(t, w, id, call.StateCanceled)
		})
		look(t, w)
		w.RunUntilQuiet()
		b, n := w.Batch(id)
		if b.Expanded != 7 || b.CanceledTo != 7 || !b.Due.IsZero() || n != (call.Counts{Canceled: 7}) {
			t.Errorf("canceled after %d rows: %+v, %+v", expanded, b, n)
		}
		if len(w.Tasks.All) != 0 {
			t.Errorf("%d calls of the canceled batch were launched", len(w.Tasks.All))
		}
	}
}

func TestTheCancelOfABatchReachesEveryStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Tasks.Hold = true
	id := w.CreateBatch("ann", 7)
	look(t, w)
	row := func(n int) string { return call.BatchCallID(id, n) }
	w.SetRoom(5, 1000)
	w.Fail("tasks.Run", testworld.After) // the first keeps launching
	w.Carrier.Script = func(r carrier.Request) testworld.Script {
		if r.CallID == row(4) {
			return testworld.Busy
		}
		return testworld.Endless
	}
	w.Run(50 * time.Millisecond)
	w.Tasks.Of(row(3), 1).Past("agent.NoteReference") // talks
	w.Tasks.Of(row(4), 1).Finish()                    // is over
	w.Tasks.Of(row(5), 1).Kill()                      // waits again as attempt 2
	w.SetRoom(0, 1000)
	w.Settle()
	is(t, w, row(1), call.Launching, 1)
	is(t, w, row(2), call.Starting, 1)
	is(t, w, row(4), call.Busy, 1)
	is(t, w, row(5), call.Queued, 2)
	is(t, w, row(6), call.Queued, 1)

	set(t, w, id, call.StateCanceled)
	look(t, w)
	if c := w.Call(row(3)); !c.CancelRequested {
		t.Errorf("the call that talks is %s, its cancel requested: %t", c.Status, c.CancelRequested)
	}
	for _, agent := range w.Tasks.All {
		agent.Release()
	}
	w.RunUntilQuiet()
	for n, want := range map[int]call.Status{1: call.Canceled, 2: call.Canceled, 3: call.Canceled, 4: call.Busy, 5: call.Canceled, 6: call.Canceled, 7: call.Canceled} {
		if c := w.Call(row(n)); c.Status != want {
			t.Errorf("row %d is %s, want %s", n, c.Status, want)
		}
	}
	if _, n := w.Batch(id); n != (call.Counts{Canceled: 6, Busy: 1}) {
		t.Errorf("counts: %+v", n)
	}
}

func TestACallThatIsAdmittedDuringItsBatchsCancelIsCanceledToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Tasks.Hold = true
	id := w.CreateBatch("ann", 2)
	look(t, w)
	set(t, w, id, call.StatePaused)
	set(t, w, id, call.StateActive)
	// The row is read as waiting; then it is admitted, before the batch is canceled.
	w.Before("store.ApplyBatch", w.Fill)
	set(t, w, id, call.StateCanceled)
	look(t, w)
	for _, agent := range w.Tasks.All {
		agent.Release()
	}
	w.RunUntilQuiet()
	if _, n := w.Batch(id); n != (call.Counts{Canceled: 2}) || len(w.Carrier.Legs) != 0 {
		t.Errorf("counts: %+v, %d dials", n, len(w.Carrier.Legs))
	}
}

func TestTheCancelOfABatchLeavesDeadLettersAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.CreateBatch("ann", 3)
	look(t, w)
	w.SetRoom(1, 1000)
	w.Tasks.Answer = func(task.Request) error {
		w.SetRoom(0, 1000)
		return task.ErrRefused
	}
	w.Fill()
	set(t, w, id, call.StateCanceled)
	w.RunUntilQuiet()
	if c := w.Call(call.BatchCallID(id, 1)); !c.DeadLettered() {
		t.Errorf("the dead letter is %s", c.Status)
	}
	if _, n := w.Batch(id); n != (call.Counts{Failed: 1, Canceled: 2}) {
		t.Errorf("counts: %+v", n)
	}
}

func TestCanceledIsLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.CreateBatch("ann", 2)
	before := set(t, w, id, call.StateCanceled)
	for name, do := range map[string]func(*testing.T) error{
		"pause":  func(t *testing.T) error { _, err := w.Tracker.PauseBatch(t.Context(), id); return err },
		"resume": func(t *testing.T) error { _, err := w.Tracker.ResumeBatch(t.Context(), id); return err },
	} {
		if err := do(t); !call.RefusedFor(err, call.ConditionCanceled) {
			t.Errorf("%s of a canceled batch: %v", name, err)
		}
	}
	if after := set(t, w, id, call.StateCanceled); after.Version != before.Version {
		t.Error("canceling it again changed it")
	}
	if _, err := w.Tracker.CancelBatch(t.Context(), "batch_unknown"); !errors.Is(err, call.ErrNotFound) {
		t.Errorf("an unknown batch: %v", err)
	}
}

func TestSettingABatchToWhatItIsChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.CreateBatch("ann", 2)
	for _, state := range []call.BatchState{call.StateActive, call.StatePaused, call.StateActive} {
		first := set(t, w, id, state)
		if second := set(t, w, id, state); second.Version != first.Version || second.State != state {
			t.Errorf("%s again: version %d after %d", state, second.Version, first.Version)
		}
	}
}

func TestAChangeOfABatchRacesWithItsExpansion(t *testing.T) {
	t.Parallel()
	for _, state := range []call.BatchState{call.StatePaused, call.StateCanceled} {
		w := newWorld(t)
		id := w.CreateBatch("ann", 4)
		w.Before("store.ApplyBatch", func() { look(t, w) }) // everything is expanded meanwhile
		if b := set(t, w, id, state); b.State != state {
			t.Errorf("the batch is %s, want %s", b.State, state)
		}
		if b, _ := w.Batch(id); b.State != state || b.Expanded != 4 {
			t.Errorf("the batch is %s with %d rows expanded", b.State, b.Expanded)
		}
		if state == call.StatePaused {
			set(t, w, id, call.StateActive)
		}
		w.RunUntilQuiet()
	}
}

func TestAChangeOfABatchWithoutAnAnswerIsReadBack(t *testing.T) {
	t.Parallel()
	for _, fault := range []testworld.Fault{testworld.After, testworld.Unclear} {
		for _, state := range []call.BatchState{call.StatePaused, call.StateCanceled} {
			w := newWorld(t)
			id := w.CreateBatch("ann", 4)
			w.Fail("store.ApplyBatch", fault)
			if b := set(t, w, id, state); b.State != state {
				t.Errorf("%s %s: answered %s", state, fault, b.State)
			}
		}
	}
}

func TestTheCancelOfABatchIsNoticedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.NoTicks = true
	id := w.CreateBatch("ann", 4)
	set(t, w, id, call.StateCanceled)
	w.Settle()
	if b, n := w.Batch(id); !b.Due.IsZero() || n.Canceled != 4 {
		t.Errorf("without the tick: due %v, %+v", b.Due, n)
	}
}

func TestABatchWhoseRowsAreGoneHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken, other := w.CreateBatch("ann", 4), w.CreateBatch("bob", 4)
	w.Fail("store.Chunk", testworld.Before)
	if err := w.Look(); err == nil {
		t.Error("nothing tells that a chunk could not be read")
	}
	a, _ := w.Batch(broken)
	b, _ := w.Batch(other)
	if a.Expanded != 0 || b.Expanded != 4 {
		t.Errorf("expanded %d and %d rows, want none and 4", a.Expanded, b.Expanded)
	}
	w.RunUntilQuiet()
}

func TestTheCancelOfAFinishedBatchChangesNoCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.SubmitBatch("ann", 3)
	w.RunUntilQuiet()
	set(t, w, id, call.StateCanceled)
	w.RunUntilQuiet()
	if b, n := w.Batch(id); n.Completed != 3 || b.CanceledTo != 3 {
		t.Errorf("cancel at %d, counts %+v", b.CanceledTo, n)
	}
}
