package storetest

import (
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

var dueTests = []test{
	{"nothing is due in a new store", nothingDue},
	{"what is due is listed from its time on, the longest overdue first", dueOrder},
	{"calls, batches and redrives are due alike", dueKinds},
	{"a list of what is due is no longer than asked for", dueLimit},
	{"what is due goes and comes with each move", dueFollowsMoves},
}

func (f *fixture) due(at time.Time, limit int) []call.DueItem {
	f.t.Helper()
	items, err := f.store.Due(f.ctx, at, limit)
	must(f.t, err)
	return items
}

func nothingDue(t *testing.T, open Opener) {
	f := newFixture(t, open)
	same(t, "due", f.due(forEver, many), []call.DueItem(nil))
	f.create(call.NewCall{})
	same(t, "due with a call that only waits for its turn", f.due(forEver, many), []call.DueItem(nil))
}

// scheduled stores calls that wait for so many minutes from now.
func (f *fixture) scheduled(minutes ...int) []call.DueItem {
	f.t.Helper()
	began := f.clock.Now()
	var items []call.DueItem
	for _, m := range minutes {
		c := f.create(call.NewCall{NotBefore: began.Add(time.Duration(m) * time.Minute)})
		items = append(items, call.DueItem{Kind: call.DueCall, ID: c.ID, Due: c.Due})
	}
	return items
}

func dueOrder(t *testing.T, open Opener) {
	f := newFixture(t, open)
	items := f.scheduled(30, 10, 20)
	want := []call.DueItem{items[1], items[2], items[0]}
	for _, one := range []struct {
		name string
		at   time.Time
		want []call.DueItem
	}{
		{"a moment before the first", want[0].Due.Add(-time.Millisecond), nil},
		{"at the first's time", want[0].Due, want[:1]},
		{"between the first and the second", want[1].Due.Add(-time.Millisecond), want[:1]},
		{"at the last's time", want[2].Due, want},
		{"long after", forEver, want},
	} {
		same(t, "due "+one.name, f.due(one.at, many), one.want)
	}
}

func dueKinds(t *testing.T, open Opener) {
	f := newFixture(t, open)
	r := f.redrive()
	b := f.accept("bob", 1)
	c := f.scheduled(1)[0]
	want := []call.DueItem{
		{Kind: call.DueRedrive, ID: r.ID, Due: r.Due},
		{Kind: call.DueBatch, ID: b.ID, Due: b.Due},
		c,
	}
	same(t, "due", f.due(forEver, many), want)
	r = f.applyRedrive(r.Skipping("call_1", "batch_canceled", f.tick()))
	b = f.applyBatch(call.BatchLooked(b, forEver, f.tick()), nil)
	same(t, "due after both were moved on", f.due(forEver, many), []call.DueItem{
		{Kind: call.DueRedrive, ID: r.ID, Due: r.Due},
		c,
		{Kind: call.DueBatch, ID: b.ID, Due: forEver},
	})
	f.applyRedrive(r.Ending(f.tick()))
	f.expand(b, 1)
	same(t, "due after both were through", f.due(forEver, many), []call.DueItem{c})
}

func dueLimit(t *testing.T, open Opener) {
	f := newFixture(t, open)
	items := f.scheduled(1, 2, 3, 4, 5)
	for limit := 1; limit <= 6; limit++ {
		same(t, "due", f.due(forEver, limit), items[:min(limit, 5)])
	}
}

func dueFollowsMoves(t *testing.T, open Opener) {
	f := newFixture(t, open)
	is := func(when string, c call.Call) {
		t.Helper()
		var want []call.DueItem
		if !c.Due.IsZero() {
			want = []call.DueItem{{Kind: call.DueCall, ID: c.ID, Due: c.Due}}
		}
		same(t, "due when the call is "+when, f.due(forEver, many), want)
	}
	now := f.tick()
	c := f.create(call.NewCall{NotBefore: now.Add(time.Minute), LastStart: now.Add(time.Hour)})
	is("waiting for its time", c)
	f.clock.Advance(time.Minute)
	c = f.apply(call.Ready(c, f.tick()))
	is("ready, with a last start time", c)
	c = f.admit(c)
	is("launching", c)
	c = f.apply(call.TaskStarted(c, c.Attempt, taskOf(c), f.timing, f.tick()))
	is("starting", c)
	c = f.apply(call.Looked(c, "", f.tick().Add(time.Minute), f.tick()))
	is("looked at", c)
	c = f.apply(call.StartFailed(c, c.Attempt, "start_timeout", f.tick()))
	is("waiting again", c)
	c = f.refuseLaunch(f.admit(c))
	is("dead-lettered, its mark owed", c)
	c = f.apply(call.MarkSent(c, c.Attempt, f.tick()))
	is("dead-lettered, its mark sent", c)
	if !c.Due.IsZero() {
		t.Errorf("a dead letter whose mark is sent is due at %v", c.Due)
	}
}
