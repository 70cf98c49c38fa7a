package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

var laneTests = []test{
	{"a lane that never had a call is an empty one", emptyLane},
	{"an owner joins the order behind the others", ownersJoinBehind},
	{"an owner and a lane that are served go to the back", servedGoToTheBack},
	{"an owner's lanes share the owner's turn", lanesShareTurn},
	{"a lane without ready calls leaves the order and joins again behind the others", lanesLeaveAndJoin},
	{"a clock that goes back lets nobody overtake", clockGoesBack},
	{"the lane of a paused batch is in no order, and joins behind the others when the batch is resumed", pausedLane},
	{"the lane of a canceled batch is in no order", canceledLane},
	{"calls that wait for a time are counted by reason, and give no turn", timedCalls},
	{"every lane in which a call waits is listed, in turn or not, and no other", waitingLanes},
	{"ready calls are listed in the order in which they joined, those of one moment by id", readyOrder},
	{"a call whose launch was refused joins its lane's end", refusedJoinsEnd},
	{"a list is no longer than asked for", laneLimits},
}

// owners lists the owners in turn.
func (f *fixture) owners() []string {
	f.t.Helper()
	turns, err := f.store.Turns(f.ctx, many)
	must(f.t, err)
	owners := []string{}
	for _, turn := range turns {
		owners = append(owners, turn.Owner)
	}
	return owners
}

// lanesOf lists an owner's lanes in turn.
func (f *fixture) lanesOf(owner string) []string {
	f.t.Helper()
	lanes, err := f.store.Lanes(f.ctx, owner, many)
	must(f.t, err)
	names := []string{}
	for _, lane := range lanes {
		names = append(names, lane.String())
	}
	return names
}

func (f *fixture) ready(key call.LaneKey) []string {
	f.t.Helper()
	ids, err := f.store.ReadyCalls(f.ctx, key, many)
	must(f.t, err)
	return ids
}

func (f *fixture) inTurn(when string, owners ...string) {
	f.t.Helper()
	same(f.t, "owners in turn "+when, f.owners(), owners)
}

func emptyLane(t *testing.T, open Opener) {
	f := newFixture(t, open)
	for _, key := range []call.LaneKey{{Owner: "ann"}, {Owner: "ann", BatchID: "batch_none"}} {
		same(t, "the lane", f.lane(key), call.Lane{LaneKey: key})
		same(t, "its ready calls", f.ready(key), []string(nil))
	}
	f.inTurn("in a new store")
	same(t, "the lanes of an unknown owner", f.lanesOf("ann"), []string(nil))
}

func ownersJoinBehind(t *testing.T, open Opener) {
	f := newFixture(t, open)
	for _, owner := range []string{"cleo", "ann", "bob"} {
		f.create(call.NewCall{Owner: owner})
	}
	f.create(call.NewCall{Owner: "cleo"}) // is in turn already
	f.inTurn("after three joined", "cleo", "ann", "bob")
}

func servedGoToTheBack(t *testing.T, open Opener) {
	f := newFixture(t, open)
	ann, bob := f.creates("ann", 3), f.creates("bob", 2)
	f.admit(ann[0])
	f.inTurn("after ann was served", "bob", "ann")
	f.admit(ann[1])
	f.inTurn("after ann was served again", "bob", "ann")
	f.admit(bob[0])
	f.inTurn("after bob was served", "ann", "bob")

	b1, calls1 := f.expand(f.accept("cleo", 2), 2)
	b2, _ := f.expand(f.accept("cleo", 2), 2)
	same(t, "lanes in turn", f.lanesOf("cleo"), []string{b1.ID, b2.ID})
	f.admit(calls1[0])
	same(t, "lanes in turn after the first was served", f.lanesOf("cleo"), []string{b2.ID, b1.ID})
}

func lanesShareTurn(t *testing.T, open Opener) {
	f := newFixture(t, open)
	var first []call.Call
	for range 5 {
		_, calls := f.expand(f.accept("ann", 1), 1)
		first = append(first, calls...)
	}
	f.create(call.NewCall{Owner: "bob"})
	turns, err := f.store.Turns(f.ctx, many)
	must(t, err)
	if len(turns) != 2 || turns[0].Owner != "ann" || turns[0].Lanes != 5 || turns[1].Lanes != 1 {
		t.Errorf("turns: %+v", turns)
	}
	f.admit(first[0])
	f.inTurn("after one of ann's five lanes was served", "bob", "ann")
	f.check()
}

func lanesLeaveAndJoin(t *testing.T, open Opener) {
	f := newFixture(t, open)
	ann := f.create(call.NewCall{Owner: "ann"})
	f.creates("bob", 2)
	ann = f.admit(ann)
	f.inTurn("after ann's only call was admitted", "bob")
	same(t, "ann's lanes", f.lanesOf("ann"), []string(nil))
	ann = f.apply(call.StartFailed(ann, 1, "task_stopped", f.tick()))
	f.inTurn("after ann's call waits again", "bob", "ann")
	f.apply(call.CanceledBeforeDial(ann, "canceled", f.tick()))
	f.inTurn("after ann's call was canceled", "bob")
	f.check()
}

func clockGoesBack(t *testing.T, open Opener) {
	f := newFixture(t, open)
	ann := f.creates("ann", 3)
	before := f.lane(ann[0].Lane()).Turn
	f.clock.Advance(-time.Hour)
	f.admit(ann[0])
	if after := f.lane(ann[0].Lane()).Turn; after <= before {
		t.Errorf("the lane's turn went from %d to %d", before, after)
	}
	turns, err := f.store.Turns(f.ctx, many)
	must(t, err)
	if len(turns) != 1 || turns[0].Turn <= before {
		t.Errorf("the owner's turn went from %d to %+v", before, turns)
	}
}

func pausedLane(t *testing.T, open Opener) {
	f := newFixture(t, open)
	b, calls := f.expand(f.accept("ann", 3), 2)
	f.create(call.NewCall{Owner: "bob"})
	b = f.pause(b)
	f.inTurn("while ann's batch is paused", "bob")
	if lane := f.lane(b.Lane()); !lane.Closed || lane.Ready != 2 {
		t.Errorf("the paused lane is %+v", lane)
	}
	b, _ = f.expand(b, 1)
	f.apply(call.CanceledBeforeDial(calls[0], "canceled", f.tick()))
	f.inTurn("after the paused batch was expanded", "bob")
	same(t, "ann's lanes", f.lanesOf("ann"), []string(nil))
	b = f.resume(b)
	f.inTurn("after ann's batch was resumed", "bob", "ann")
	if lane := f.lane(b.Lane()); lane.Closed || lane.Ready != 2 {
		t.Errorf("the resumed lane is %+v", lane)
	}
	f.check()
}

func canceledLane(t *testing.T, open Opener) {
	f := newFixture(t, open)
	b, calls := f.expand(f.accept("ann", 2), 2)
	admitted := f.admit(calls[0])
	f.take(admitted, "nonce")
	b = f.cancel(b)
	f.inTurn("after ann's batch was canceled")
	f.apply(call.CancelRequested(admitted, f.timing, f.tick()))
	f.applyBatch(f.visit(b, 2), nil)
	if lane := f.lane(b.Lane()); !lane.Closed || lane.Ready != 0 {
		t.Errorf("the canceled lane is %+v", lane)
	}
	f.check()
}

func timedCalls(t *testing.T, open Opener) {
	f := newFixture(t, open)
	later := f.clock.Now().Add(time.Hour)
	scheduled := f.create(call.NewCall{NotBefore: later})
	policy := &call.RetryPolicy{MaxDials: 2, Delay: time.Hour, On: []call.Status{call.Busy}}
	f.end(f.admit(f.create(call.NewCall{Retry: policy})), busy)
	f.apply(call.WindowClosed(f.create(call.NewCall{}), later, f.tick()))

	key := scheduled.Lane()
	lane := f.lane(key)
	if lane.Ready != 0 || lane.Schedule != 1 || lane.Retry != 1 || lane.Window != 1 {
		t.Errorf("the lane is %+v", lane)
	}
	f.inTurn("while all wait for a time")
	same(t, "ready calls", f.ready(key), []string(nil))
	f.clock.Advance(time.Hour)
	f.apply(call.Ready(scheduled, f.tick()))
	f.inTurn("after one's time came", "ann")
	same(t, "ready calls", f.ready(key), []string{scheduled.ID})
	if lane := f.lane(key); lane.Ready != 1 || lane.Schedule != 0 {
		t.Errorf("the lane is %+v", lane)
	}
	f.check()
}

func waitingLanes(t *testing.T, open Opener) {
	f := newFixture(t, open)
	later := f.clock.Now().Add(time.Hour)
	f.create(call.NewCall{Owner: "ann"})
	f.create(call.NewCall{Owner: "bob", NotBefore: later})
	f.admit(f.create(call.NewCall{Owner: "cleo"}))
	paused, _ := f.expand(f.accept("ann", 1), 1)
	paused = f.pause(paused)
	f.accept("ann", 1) // no calls yet
	got, err := f.store.WaitingLanes(f.ctx)
	must(t, err)
	want := []call.Lane{f.lane(call.LaneKey{Owner: "ann"}), f.lane(call.LaneKey{Owner: "bob"}), f.lane(paused.Lane())}
	byName := func(lanes []call.Lane) map[string]call.Lane {
		m := map[string]call.Lane{}
		for _, lane := range lanes {
			m[lane.String()] = lane
		}
		return m
	}
	same(t, "waiting lanes", byName(got), byName(want))
	if len(got) != len(want) {
		t.Errorf("%d waiting lanes, not %d", len(got), len(want))
	}
}

func readyOrder(t *testing.T, open Opener) {
	f := newFixture(t, open)
	now := f.tick()
	late := f.newCall(call.NewCall{ID: call.SingleID(f.ulid())})
	early := f.newCall(call.NewCall{ID: call.SingleID(f.ulid())})
	other := f.newCall(call.NewCall{ID: call.SingleID(f.ulid())})
	f.apply(call.Created(early, now), nil)
	f.apply(call.Created(other, now), nil) // the same moment: by id
	f.apply(call.Created(late, now.Add(time.Millisecond)), nil)
	f.create(call.NewCall{Owner: "bob"})
	same(t, "ready calls", f.ready(call.LaneKey{Owner: "ann"}), []string{early.ID, other.ID, late.ID})

	b, calls := f.expand(f.accept("ann", 12), 12)
	same(t, "ready calls of the batch, in the order of rows", f.ready(b.Lane()), idsOf(calls))
	same(t, "ready calls of ann's single calls", f.ready(call.LaneKey{Owner: "ann"}), []string{early.ID, other.ID, late.ID})
}

func refusedJoinsEnd(t *testing.T, open Opener) {
	f := newFixture(t, open)
	calls := f.creates("ann", 3)
	first := f.admit(calls[0])
	f.apply(call.LaunchRefusedForRoom(first, 1, call.Backoff{}, f.tick()))
	same(t, "ready calls", f.ready(first.Lane()), []string{calls[1].ID, calls[2].ID, calls[0].ID})
}

func laneLimits(t *testing.T, open Opener) {
	f := newFixture(t, open)
	var lanes, owners []string
	for i := range 5 {
		b, _ := f.expand(f.accept("ann", 5), 5)
		lanes = append(lanes, b.ID)
		owners = append(owners, fmt.Sprintf("owner-%d", 9-i))
		f.create(call.NewCall{Owner: owners[i]})
	}
	for limit := 1; limit <= 5; limit++ {
		turns, err := f.store.Turns(f.ctx, limit)
		must(t, err)
		ofAnn, err := f.store.Lanes(f.ctx, "ann", limit)
		must(t, err)
		ready, err := f.store.ReadyCalls(f.ctx, call.LaneKey{Owner: "ann", BatchID: lanes[0]}, limit)
		must(t, err)
		if len(turns) != limit || turns[limit-1].Owner != append([]string{"ann"}, owners...)[limit-1] {
			t.Errorf("the first %d turns: %+v", limit, turns)
		}
		if len(ofAnn) != limit || ofAnn[limit-1].BatchID != lanes[limit-1] {
			t.Errorf("the first %d lanes: %+v", limit, ofAnn)
		}
		if len(ready) != limit || ready[limit-1] != call.BatchCallID(lanes[0], limit) {
			t.Errorf("the first %d ready calls: %v", limit, ready)
		}
	}
}
