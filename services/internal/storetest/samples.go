package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

var sampleTests = []test{
	{"an empty store has no samples", noSamples},
	{"batches with an active call are listed, each once", activeBatches},
	{"the counters of several batches are read together", countsOfBatches},
	{"the last look is read back with every field", lastSamplesReadBack},
	{"samples are listed by minute, with the last one before", samplesByMinute},
	{"what has not changed is not written again", unchangedSamples},
	{"as many slots as before, but of other calls, are written", samplesOfAdmissions},
	{"of two looks that saw the same before only the first counts", samplesOfTwoLooks},
	{"of two samples of a minute the later one counts", samplesOfOneMinute},
	{"each batch has samples of its own", samplesOfBatches},
}

func noSamples(t *testing.T, open Opener) {
	f := newFixture(t, open)
	last, err := f.store.LastSamples(f.ctx)
	must(t, err)
	same(t, "the last look", last, call.Samples{})
	same(t, "samples of the capacity", f.capacitySamples(0, time.Hour), []call.CapacitySample(nil))
	same(t, "samples of a batch", f.batchSamples("batch_1", 0, time.Hour), []call.BatchSample(nil))
	active, err := f.store.ActiveBatches(f.ctx)
	must(t, err)
	same(t, "active batches", active, []string(nil))
	counts, err := f.store.CountsOfBatches(f.ctx, []string{"batch_none"})
	must(t, err)
	same(t, "counts of no batch", counts, map[string]call.Counts(nil))
}

func activeBatches(t *testing.T, open Opener) {
	f := newFixture(t, open)
	f.admit(f.create(call.NewCall{}))
	var want []string
	for _, lead := range []func(c call.Call){
		func(c call.Call) { f.admit(c) },
		func(c call.Call) { f.apply(call.TaskStarted(f.admit(c), 1, taskOf(c), f.timing, f.tick())) },
		func(c call.Call) { f.apply(call.Rang(f.held(c), 1, taskOf(c), f.timing, f.tick())) },
		func(c call.Call) { f.apply(call.Answered(f.held(c), 1, taskOf(c), f.timing, f.tick())) },
	} {
		b, calls := f.expand(f.accept("ann", 3), 3)
		lead(calls[0])
		lead(calls[1])
		want = append(want, b.ID)
	}
	f.expand(f.accept("bob", 3), 3)
	_, calls := f.expand(f.accept("ann", 2), 2)
	f.end(f.admit(calls[0]), completed)
	f.refuseLaunch(f.admit(calls[1])) // whose mark is due
	got, err := f.store.ActiveBatches(f.ctx)
	must(t, err)
	slices.Sort(got)
	slices.Sort(want)
	same(t, "active batches", got, want)
}

// held is an admitted call whose claim an agent has.
func (f *fixture) held(c call.Call) call.Call {
	f.t.Helper()
	c = f.admit(c)
	f.take(c, "nonce")
	return c
}

func countsOfBatches(t *testing.T, open Opener) {
	f := newFixture(t, open)
	want := map[string]call.Counts{}
	ids := []string{"batch_none"}
	for n := range 3 {
		b, calls := f.expand(f.accept("ann", n+2), n+2)
		f.admit(calls[0])
		want[b.ID] = call.Counts{Waiting: n + 1, Active: 1}
		ids = append(ids, b.ID)
	}
	f.accept("ann", 7) // nobody asked for it
	got, err := f.store.CountsOfBatches(f.ctx, ids)
	must(t, err)
	same(t, "counts", got, want)
}

// The minutes of the tests' samples.
var sampled = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// looked is what a look after so long saw.
func looked(after time.Duration, inUse int, batches map[string]call.Counts) call.Samples {
	return call.Samples{
		Capacity: call.CapacitySample{At: sampled.Add(after), Limit: 10, InUse: inUse, Rate: 1.5},
		Batches:  batches,
	}
}

// put keeps looks one after the other, each compared with the one before.
func (f *fixture) put(looks ...call.Samples) {
	f.t.Helper()
	for _, after := range looks {
		before, err := f.store.LastSamples(f.ctx)
		must(f.t, err)
		must(f.t, f.store.PutSamples(f.ctx, before, after))
	}
}

func (f *fixture) capacitySamples(from, to time.Duration) []call.CapacitySample {
	f.t.Helper()
	found, err := f.store.CapacitySamples(f.ctx, sampled.Add(from), sampled.Add(to))
	must(f.t, err)
	return found
}

func (f *fixture) batchSamples(id string, from, to time.Duration) []call.BatchSample {
	f.t.Helper()
	found, err := f.store.BatchSamples(f.ctx, id, sampled.Add(from), sampled.Add(to))
	must(f.t, err)
	return found
}

func lastSamplesReadBack(t *testing.T, open Opener) {
	f := newFixture(t, open)
	want := call.Samples{
		Capacity: call.CapacitySample{
			At: sampled.Add(123 * time.Millisecond), Limit: 10, InUse: 3, Admitted: 12_345, Rate: 0.25, Stopped: true,
			Waiting: call.Waiting{call.WaitPaused: 7, call.WaitStopped: 1},
		},
		Batches: map[string]call.Counts{
			"batch_1": {Waiting: 1, Active: 2, Completed: 3, Busy: 4, NoAnswer: 5, Failed: 6, Canceled: 7, Expired: 8},
			"batch_2": {Waiting: 9},
		},
	}
	f.put(want)
	got, err := f.store.LastSamples(f.ctx)
	must(t, err)
	same(t, "the last look", got, want)
	same(t, "samples of the capacity", f.capacitySamples(0, time.Minute), []call.CapacitySample{want.Capacity})
	same(t, "samples of a batch", f.batchSamples("batch_1", 0, time.Minute), []call.BatchSample{{At: want.At(), Counts: want.Batches["batch_1"]}})
}

func samplesByMinute(t *testing.T, open Opener) {
	f := newFixture(t, open)
	var all []call.CapacitySample
	for n := range 10 {
		look := looked(time.Duration(n)*time.Minute+30*time.Second, n, nil)
		f.put(look)
		all = append(all, look.Capacity)
	}
	for _, one := range []struct {
		name     string
		from, to time.Duration
		want     []call.CapacitySample
	}{
		{"all", 0, time.Hour, all},
		{"with the one before", 3 * time.Minute, 5 * time.Minute, all[2:5]},
		{"of the whole minute in which it begins", 3*time.Minute + 40*time.Second, 5 * time.Minute, all[2:5]},
		{"up to the minute in which it ends", 3 * time.Minute, 5*time.Minute + time.Second, all[2:6]},
		{"the last one, when there is none since", time.Hour, 2 * time.Hour, all[9:]},
		{"none before the first", -time.Hour, 0, nil},
	} {
		same(t, one.name, f.capacitySamples(one.from, one.to), one.want)
	}
}

func unchangedSamples(t *testing.T, open Opener) {
	f := newFixture(t, open)
	still, moving := call.Counts{Waiting: 5}, call.Counts{Waiting: 1, Active: 1}
	first := looked(0, 1, map[string]call.Counts{"batch_1": still, "batch_2": moving})
	second := looked(time.Minute, 1, map[string]call.Counts{"batch_1": still, "batch_2": moving})
	f.put(first, second)
	got, err := f.store.LastSamples(f.ctx)
	must(t, err)
	same(t, "the last look that saw something new", got, first)

	third := looked(2*time.Minute, 1, map[string]call.Counts{"batch_1": still, "batch_2": {Active: 1, Busy: 1}})
	f.put(third)
	same(t, "samples of the capacity", f.capacitySamples(0, time.Hour), []call.CapacitySample{first.Capacity})
	same(t, "samples of the batch that stands still", f.batchSamples("batch_1", 0, time.Hour), []call.BatchSample{{At: first.At(), Counts: still}})
	same(t, "samples of the batch that moves", f.batchSamples("batch_2", 0, time.Hour), []call.BatchSample{
		{At: first.At(), Counts: moving}, {At: third.At(), Counts: third.Batches["batch_2"]},
	})
}

// samplesOfAdmissions: while all slots are in use for hours, calls come and go.
func samplesOfAdmissions(t *testing.T, open Opener) {
	f := newFixture(t, open)
	first, second, third := looked(0, 3, nil), looked(time.Minute, 3, nil), looked(2*time.Minute, 3, nil)
	first.Capacity.Admitted, second.Capacity.Admitted, third.Capacity.Admitted = 7, 9, 9
	f.put(first, second, third)
	same(t, "samples of the capacity", f.capacitySamples(0, time.Hour), []call.CapacitySample{first.Capacity, second.Capacity})
}

func samplesOfTwoLooks(t *testing.T, open Opener) {
	f := newFixture(t, open)
	first := looked(10*time.Second, 1, map[string]call.Counts{"batch_1": {Active: 1}})
	other := looked(2*time.Minute, 2, map[string]call.Counts{"batch_1": {Completed: 1}, "batch_2": {Active: 1}})
	must(t, f.store.PutSamples(f.ctx, call.Samples{}, first))
	conflicts(t, f.store.PutSamples(f.ctx, call.Samples{}, other))
	conflicts(t, f.store.PutSamples(f.ctx, looked(9*time.Second, 1, nil), other))
	got, err := f.store.LastSamples(f.ctx)
	must(t, err)
	same(t, "the last look", got, first)
	same(t, "samples of the capacity", f.capacitySamples(0, time.Hour), []call.CapacitySample{first.Capacity})
	same(t, "samples of a batch", f.batchSamples("batch_1", 0, time.Hour), []call.BatchSample{{At: first.At(), Counts: call.Counts{Active: 1}}})
	same(t, "samples of another", f.batchSamples("batch_2", 0, time.Hour), []call.BatchSample(nil))
}

func samplesOfOneMinute(t *testing.T, open Opener) {
	f := newFixture(t, open)
	late := looked(20*time.Second, 2, map[string]call.Counts{"batch_1": {Completed: 1}})
	f.put(looked(10*time.Second, 1, map[string]call.Counts{"batch_1": {Active: 1}}), late)
	got, err := f.store.LastSamples(f.ctx)
	must(t, err)
	same(t, "the last look", got, late)
	same(t, "samples of the capacity", f.capacitySamples(0, time.Hour), []call.CapacitySample{late.Capacity})
	same(t, "samples of the batch", f.batchSamples("batch_1", 0, time.Hour), []call.BatchSample{{At: late.At(), Counts: call.Counts{Completed: 1}}})
}

func samplesOfBatches(t *testing.T, open Opener) {
	f := newFixture(t, open)
	batches := map[string]call.Counts{}
	for n := range 120 { // more than one request of a store may hold
		batches[call.BatchID(f.ulid())] = call.Counts{Waiting: n, Active: 1}
	}
	look := looked(0, 1, batches)
	f.put(look)
	last, err := f.store.LastSamples(f.ctx)
	must(t, err)
	same(t, "the last look", last, look)
	for id, counts := range batches {
		same(t, "samples of "+id, f.batchSamples(id, 0, time.Hour), []call.BatchSample{{At: look.At(), Counts: counts}})
	}
}

func conflicts(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, call.ErrConflict) {
		t.Fatalf("a look that another came before gives %v, want a conflict", err)
	}
}
