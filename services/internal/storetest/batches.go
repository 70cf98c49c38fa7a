package storetest

import (
	"testing"

	"github.com/outdial/outdial/services/internal/call"
)

var batchTests = []test{
	{"a batch that was never accepted is not found, though its rows are there", batchNotFound},
	{"a batch is accepted with every field, and its rows are counted as waiting", batchAccepted},
	{"rows become calls slice by slice, and the counts stay exact", batchExpanded},
	{"a slice that is expanded again is a conflict and adds nothing", sliceAgain},
	{"a slice of which one call exists adds nothing", sliceOfExisting},
	{"rows of a canceled batch become calls that are canceled", expandedCanceled},
	{"a batch without rows is accepted, and nothing is due", emptyBatch},
	{"pause and cancel hold admission, resume lets it go on", pauseHoldsAdmission},
	{"an end of an admitted call is taken whatever the batch's state", pausedGoesOn},
	{"the cancel visits calls slice by slice, and the counts stay exact", cancelSlices},
	{"a cancel of which one call has moved on is a conflict and cancels none", cancelConflict},
	{"a dead letter of a paused batch is redriven, of a canceled one it is not", redriveInBatch},
}

func batchNotFound(t *testing.T, open Opener) {
	f := newFixture(t, open)
	must(t, f.store.PutChunk(f.ctx, "batch_1", 0, f.rows(1)))
	must(t, f.store.PutRefused(f.ctx, "batch_1", 0, []call.RefusedRow{{Line: 3, Code: "phone_number_invalid"}}))
	for _, id := range []string{"batch_1", "batch_none"} {
		if _, err := f.store.Batch(f.ctx, id); !is(call.ErrNotFound)(err) {
			t.Errorf("batch %s: %v, not ErrNotFound", id, err)
		}
		if _, err := f.store.BatchCounts(f.ctx, id); !is(call.ErrNotFound)(err) {
			t.Errorf("counts of batch %s: %v, not ErrNotFound", id, err)
		}
	}
	listed, _, err := f.store.ListBatches(f.ctx, "", call.Page{Limit: many})
	must(t, err)
	if len(listed) != 0 {
		t.Errorf("batches listed: %+v", listed)
	}
}

func batchAccepted(t *testing.T, open Opener) {
	f := newFixture(t, open)
	b := call.Batch{
		ID: call.BatchID(f.ulid()), Owner: "bob", Name: "Spring", Settings: call.Settings{Voice: "alloy"}, TimeLimit: 300,
		Rows: 1000, Refused: 3, RefusedByCode: map[string]int{"duplicate_number": 2, "phone_number_invalid": 1}, ChunkRows: 250,
	}
	ch := call.BatchAccepted(b, nil, f.tick())
	b = f.applyBatch(ch, nil)
	got, err := f.store.Batch(f.ctx, b.ID)
	must(t, err)
	same(t, "the batch", got, ch.After)
	same(t, "its counts", f.counts(b), call.Counts{Waiting: 1000})
	same(t, "its lane", f.lane(b.Lane()), call.Lane{LaneKey: b.Lane()})
	f.check()
}

func (f *fixture) countsAre(when string, b call.Batch, want call.Counts) {
	f.t.Helper()
	same(f.t, "counts "+when, f.counts(b), want)
	f.check()
}

func batchExpanded(t *testing.T, open Opener) {
	f := newFixture(t, open)
	b := f.accept("bob", 5)
	b, calls := f.expand(b, 2)
	f.countsAre("after two of five rows", b, call.Counts{Waiting: 5})
	for _, c := range calls {
		same(t, "the call", f.call(c.ID), c)
	}
	got, err := f.store.Batch(f.ctx, b.ID)
	must(t, err)
	same(t, "the batch", got, b)
	f.admit(calls[0])
	f.countsAre("after one was admitted", b, call.Counts{Waiting: 4, Active: 1})
	f.end(f.admit(calls[1]), completed)
	f.countsAre("after one was completed", b, call.Counts{Waiting: 3, Active: 1, Completed: 1})
	b, calls = f.expand(b, 3)
	f.countsAre("after all rows", b, call.Counts{Waiting: 3, Active: 1, Completed: 1})
	f.end(f.admit(calls[0]), busy)
	f.end(f.admit(calls[1]), call.Outcome{Status: call.NoAnswer, Dialed: true})
	f.refuseLaunch(f.admit(calls[2]))
	f.countsAre("after three ended", b, call.Counts{Active: 1, Completed: 1, Busy: 1, NoAnswer: 1, Failed: 1})
	if got, want := b.StateWith(f.counts(b)), call.StateActive; got != want || !b.Due.IsZero() {
		t.Errorf("state %s, due %v", got, b.Due)
	}
}

func sliceAgain(t *testing.T, open Opener) {
	f := newFixture(t, open)
	b := f.accept("bob", 4)
	first := f.expansion(b, 2)
	b = f.applyBatch(first, nil)
	f.unchanged("expanding a slice again", func() {
		if err := f.store.ApplyBatch(f.ctx, first); !is(call.ErrConflict)(err) {
			t.Errorf("the same slice again: %v, not ErrConflict", err)
		}
	})
	f.expand(b, 2)
	f.check()
}

func sliceOfExisting(t *testing.T, open Opener) {
	f := newFixture(t, open)
	b := f.accept("bob", 4)
	f.create(call.NewCall{ID: call.BatchCallID(b.ID, 3)}) // nobody else makes such an id
	f.unchanged("expanding a slice with a call that exists", func() {
		if err := f.store.ApplyBatch(f.ctx, f.expansion(b, 4)); !isRefused(call.ConditionExists)(err) {
			t.Errorf("a slice with a call that exists: %v", err)
		}
	})
}

func expandedCanceled(t *testing.T, open Opener) {
	f := newFixture(t, open)
	b, _ := f.expand(f.accept("bob", 4), 1)
	b = f.cancel(b)
	b, calls := f.expand(b, 3)
	f.countsAre("after the rest was expanded", b, call.Counts{Waiting: 1, Canceled: 3})
	for _, c := range calls {
		if got := f.call(c.ID); got.Status != call.Canceled {
			t.Errorf("call %s is %s", c.ID, got.Status)
		}
	}
	b = f.applyBatch(f.visit(b, 4), nil)
	f.countsAre("after the cancel was through", b, call.Counts{Canceled: 4})
	same(t, "due", f.due(forEver, many), []call.DueItem(nil))
}

func emptyBatch(t *testing.T, open Opener) {
	f := newFixture(t, open)
	b := f.accept("bob", 0)
	f.countsAre("of an empty batch", b, call.Counts{})
	same(t, "due", f.due(forEver, many), []call.DueItem(nil))
}

func pauseHoldsAdmission(t *testing.T, open Opener) {
	f := newFixture(t, open)
	b, calls := f.expand(f.accept("bob", 2), 2)
	held := func(when string, want call.Condition) {
		t.Helper()
		ch := f.admission(calls[0])
		f.unchanged("an admission from a batch that is "+when, func() {
			if err := f.store.Apply(f.ctx, ch); !isRefused(want)(err) {
				t.Errorf("admission from a batch that is %s: %v", when, err)
			}
		})
	}
	b = f.pause(b)
	held("paused", call.ConditionPaused)
	b = f.resume(b)
	f.admit(calls[1])
	f.cancel(b)
	held("canceled", call.ConditionCanceled)
	f.create(call.NewCall{Owner: "bob"})
	f.check()
}

func pausedGoesOn(t *testing.T, open Opener) {
	f := newFixture(t, open)
	b, calls := f.expand(f.accept("bob", 3), 3)
	for i := range calls {
		calls[i] = f.admit(calls[i])
	}
	b = f.pause(b)
	f.end(calls[0], completed)
	f.countsAre("after an end while paused", b, call.Counts{Active: 2, Completed: 1})
	waiting := f.apply(call.StartFailed(calls[1], 1, "task_stopped", f.tick()))
	f.countsAre("after a start failed while paused", b, call.Counts{Waiting: 1, Active: 1, Completed: 1})
	b = f.cancel(b)
	f.end(calls[2], busy)
	f.countsAre("after an end while canceled", b, call.Counts{Waiting: 1, Completed: 1, Busy: 1})
	f.apply(call.CanceledBeforeDial(waiting, "batch_canceled", f.tick()))
	f.countsAre("after the last was canceled", b, call.Counts{Canceled: 1, Completed: 1, Busy: 1})
}

func cancelSlices(t *testing.T, open Opener) {
	f := newFixture(t, open)
	b, calls := f.expand(f.accept("bob", 6), 4)
	f.end(f.admit(calls[0]), completed)
	admitted := f.admit(calls[1])
	f.take(admitted, "nonce")
	b = f.cancel(b)
	f.apply(call.CancelRequested(admitted, f.timing, f.tick()))
	f.countsAre("before a call was visited", b, call.Counts{Waiting: 4, Active: 1, Completed: 1})
	first := f.visit(b, 3)
	b = f.applyBatch(first, nil)
	f.countsAre("after the first slice", b, call.Counts{Waiting: 3, Active: 1, Completed: 1, Canceled: 1})
	f.unchanged("the same slice again", func() {
		if err := f.store.ApplyBatch(f.ctx, first); !is(call.ErrConflict)(err) {
			t.Errorf("the same slice again: %v, not ErrConflict", err)
		}
	})
	b = f.applyBatch(f.visit(b, 4), nil)
	b, _ = f.expand(b, 2)
	f.countsAre("at the end", b, call.Counts{Active: 1, Completed: 1, Canceled: 4})
	if !b.Due.IsZero() {
		t.Errorf("the canceled batch is still due at %v", b.Due)
	}
}

func cancelConflict(t *testing.T, open Opener) {
	f := newFixture(t, open)
	b, calls := f.expand(f.accept("bob", 3), 3)
	b = f.cancel(b)
	slice := f.visit(b, 3)
	f.apply(call.CanceledBeforeDial(calls[1], "canceled", f.tick())) // by its owner, meanwhile
	f.unchanged("a cancel of which one call has moved on", func() {
		if err := f.store.ApplyBatch(f.ctx, slice); !is(call.ErrConflict)(err) {
			t.Errorf("%v, not ErrConflict", err)
		}
	})
	f.applyBatch(f.visit(b, 3), nil)
	f.countsAre("at the end", b, call.Counts{Canceled: 3})
}

func redriveInBatch(t *testing.T, open Opener) {
	f := newFixture(t, open)
	b, calls := f.expand(f.accept("bob", 2), 2)
	first, second := f.refuseLaunch(f.admit(calls[0])), f.refuseLaunch(f.admit(calls[1]))
	f.countsAre("with two dead letters", b, call.Counts{Failed: 2})
	b = f.pause(b)
	f.apply(call.Redriven(first, 1, "", f.tick()))
	f.countsAre("after one was redriven", b, call.Counts{Waiting: 1, Failed: 1})
	f.cancel(b)
	redriven, err := call.Redriven(second, 1, "", f.tick())
	must(t, err)
	f.unchanged("a redrive in a canceled batch", func() {
		if err := f.store.Apply(f.ctx, redriven); !isRefused(call.ConditionCanceled)(err) {
			t.Errorf("redrive in a canceled batch: %v", err)
		}
	})
}
