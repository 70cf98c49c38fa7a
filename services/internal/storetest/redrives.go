package storetest

import (
	"testing"

	"github.com/outdial/outdial/services/internal/call"
)

var redriveTests = []test{
	{"a redrive that was never asked for is not found", redriveNotFound},
	{"a redrive is read back with every field through all of its changes", redriveReadsBack},
	{"a redrive moves on in one transaction with the call that it reopens", redriveWithCall},
	{"a redrive that has moved on reopens nothing from its old state", redriveConflict},
	{"a call that has moved on takes its redrive no further", redriveOfStaleCall},
	{"a redrive can't be asked for twice with one id", redriveExists},
}

func redriveNotFound(t *testing.T, open Opener) {
	f := newFixture(t, open)
	if _, err := f.store.Redrive(f.ctx, "redrive_none"); !is(call.ErrNotFound)(err) {
		t.Errorf("%v, not ErrNotFound", err)
	}
}

func redriveReadsBack(t *testing.T, open Opener) {
	f := newFixture(t, open)
	readsBack := func(want call.Redrive) call.Redrive {
		t.Helper()
		got, err := f.store.Redrive(f.ctx, want.ID)
		must(t, err)
		same(t, "the redrive", got, want)
		return got
	}
	asked := call.Redrive{ID: call.RedriveID(f.ulid()), Owner: "root", Only: "ann", Batch: "batch_1", Cause: call.CauseLaunchRefused}
	r := readsBack(f.applyRedrive(call.RedriveRequested(asked, nil, f.tick())))
	r = readsBack(f.applyRedrive(r.Skipping("call_1", "batch_canceled", f.tick())))
	r = readsBack(f.applyRedrive(r.Skipping("call_2", "not_dead_lettered", f.tick())))
	r = readsBack(f.applyRedrive(r.Ending(f.tick())))
	if !r.Done || r.Skipped != 2 || r.SkippedByCode["batch_canceled"] != 1 || r.Cursor != "call_2" || !r.Due.IsZero() {
		t.Errorf("the redrive at its end: %+v", r)
	}
}

// reopening is the change that reopens a dead letter for a redrive.
func (f *fixture) reopening(r call.Redrive, c call.Call) call.Change {
	f.t.Helper()
	now := f.tick()
	ch, err := call.Redriven(c, c.Attempt, r.ID, now)
	must(f.t, err)
	progress := r.Reopening(c.ID, now)
	ch.Redrive = &progress
	return ch
}

func redriveWithCall(t *testing.T, open Opener) {
	f := newFixture(t, open)
	dead := f.refuseLaunch(f.admit(f.create(call.NewCall{})))
	ch := f.reopening(f.redrive(), dead)
	f.apply(ch, nil)
	same(t, "the call", f.call(dead.ID), ch.After)
	got, err := f.store.Redrive(f.ctx, ch.Redrive.After.ID)
	must(t, err)
	same(t, "the redrive", got, ch.Redrive.After)
	if got.Redriven != 1 || got.Cursor != dead.ID {
		t.Errorf("the redrive: %+v", got)
	}
	f.check()
}

func redriveConflict(t *testing.T, open Opener) {
	f := newFixture(t, open)
	dead := f.refuseLaunch(f.admit(f.create(call.NewCall{})))
	r := f.redrive()
	f.applyRedrive(r.Skipping("call_1", "batch_canceled", f.tick()))
	f.unchanged("changes from an old state of the redrive", func() {
		if err := f.store.Apply(f.ctx, f.reopening(r, dead)); !is(call.ErrConflict)(err) {
			t.Errorf("reopening: %v, not ErrConflict", err)
		}
		for _, ch := range []call.RedriveChange{r.Skipping("call_2", "batch_canceled", f.clock.Now()), r.Ending(f.clock.Now())} {
			if err := f.store.ApplyRedrive(f.ctx, ch); !is(call.ErrConflict)(err) {
				t.Errorf("%v, not ErrConflict", err)
			}
		}
	})
}

func redriveOfStaleCall(t *testing.T, open Opener) {
	f := newFixture(t, open)
	dead := f.refuseLaunch(f.admit(f.create(call.NewCall{})))
	ch := f.reopening(f.redrive(), dead)
	f.apply(call.MarkSent(dead, 1, f.tick()))
	f.unchanged("reopening a call that has moved on", func() {
		if err := f.store.Apply(f.ctx, ch); !is(call.ErrConflict)(err) {
			t.Errorf("%v, not ErrConflict", err)
		}
	})
}

func redriveExists(t *testing.T, open Opener) {
	f := newFixture(t, open)
	r := f.redrive()
	again := call.RedriveRequested(call.Redrive{ID: r.ID, Owner: "other"}, nil, f.tick())
	f.unchanged("asking again", func() {
		if err := f.store.ApplyRedrive(f.ctx, again); !isRefused(call.ConditionExists)(err) {
			t.Errorf("a redrive with an id that is taken: %v", err)
		}
	})
}
