package samples_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/memory"
	"github.com/outdial/outdial/services/internal/samples"
	"github.com/outdial/outdial/services/internal/storetest"
)

// world is a store with batches, of which samples are taken.
type world struct {
	*testing.T
	store *faulty
	clock *storetest.Clock
	taker samples.Taker
	made  int
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, clock: storetest.NewClock()}
	w.store = &faulty{Store: memory.New(call.Capacity{Limit: 10, Rate: 1000, Version: 1})}
	w.taker = samples.Taker{Store: w.store, Now: w.clock.Now}
	return w
}

// faulty is a store that counts its writes of samples, and fails as a test says.
type faulty struct {
	*memory.Store
	puts  int
	after error // of PutSamples, which has taken effect
	list  error // of ListBatches
}

func (s *faulty) PutSamples(ctx context.Context, before, after call.Samples) error {
	s.puts++
	return errors.Join(s.Store.PutSamples(ctx, before, after), s.after)
}

func (s *faulty) ListBatches(ctx context.Context, owner string, p call.Page) ([]call.Batch, string, error) {
	if s.list != nil {
		return nil, "", s.list
	}
	return s.Store.ListBatches(ctx, owner, p)
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) same(what string, got, want any) {
	w.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		w.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// batch accepts a batch of n rows and makes calls of them.
func (w *world) batch(n int) (call.Batch, []call.Call) {
	w.Helper()
	w.made++
	b := call.Batch{ID: call.BatchID(fmt.Sprintf("01%024d", w.made)), Owner: "ann", TimeLimit: 600, Rows: n, ChunkRows: n}
	accepted := call.BatchAccepted(b, nil, w.clock.Now())
	w.must(w.store.ApplyBatch(w.Context(), accepted))
	rows := make([]call.Row, n)
	for i := range rows {
		rows[i] = call.Row{Line: i + 2, Number: "+493012345678"}
	}
	expanded, err := call.BatchExpanded(accepted.After, rows, w.clock.Now())
	w.must(err)
	w.must(w.store.ApplyBatch(w.Context(), expanded))
	var calls []call.Call
	for _, c := range expanded.Calls {
		calls = append(calls, c.After)
	}
	return expanded.After, calls
}

func (w *world) apply(ch call.Change, err error) call.Call {
	w.Helper()
	w.must(err)
	w.must(w.store.Apply(w.Context(), ch))
	return ch.After
}

func (w *world) admit(c call.Call) call.Call {
	w.Helper()
	room, err := w.store.Capacity(w.Context())
	w.must(err)
	launchAt, admission := room.Admit(w.clock.Now())
	return w.apply(call.Admitted(c, launchAt, admission, "agent:1", call.DefaultTiming(), w.clock.Now()))
}

func (w *world) cancel(c call.Call) call.Call {
	w.Helper()
	return w.apply(call.CanceledBeforeDial(c, "canceled", w.clock.Now()))
}

// tick takes samples a minute later.
func (w *world) tick() time.Time {
	w.Helper()
	now := w.clock.Advance(time.Minute)
	w.must(w.taker.Take(w.Context()))
	return now
}

func (w *world) ofBatch(b call.Batch) []call.BatchSample {
	w.Helper()
	found, err := w.store.BatchSamples(w.Context(), b.ID, time.Time{}, w.clock.Now().Add(time.Minute))
	w.must(err)
	return found
}

func (w *world) ofCapacity() []call.CapacitySample {
	w.Helper()
	found, err := w.store.CapacitySamples(w.Context(), time.Time{}, w.clock.Now().Add(time.Minute))
	w.must(err)
	return found
}

func TestABatchIsSampledFromItsBeginningToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, calls := w.batch(3)
	waiting := w.tick()
	calls[0] = w.admit(calls[0])
	admitted := w.tick()
	w.cancel(calls[1])
	w.cancel(calls[2])
	active := w.tick() // nothing waits any more: it is found by its active call
	w.cancel(calls[0])
	ended := w.tick() // nothing is active any more: the last look remembers it
	want := []call.BatchSample{
		{At: waiting, Counts: call.Counts{Waiting: 3}},
		{At: admitted, Counts: call.Counts{Waiting: 2, Active: 1}},
		{At: active, Counts: call.Counts{Active: 1, Canceled: 2}},
		{At: ended, Counts: call.Counts{Canceled: 3}},
	}
	w.same("the samples", w.ofBatch(b), want)
	w.tick()
	w.same("the samples after the end", w.ofBatch(b), want)
}

func TestABatchThatIsSoonOverHasASampleOfItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tick()
	b, calls := w.batch(1)
	w.clock.Advance(time.Second)
	w.cancel(calls[0])
	ended := w.tick()
	w.same("the samples", w.ofBatch(b), []call.BatchSample{{At: ended, Counts: call.Counts{Canceled: 1}}})
}

func TestARedrivenBatchIsSampledAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, calls := w.batch(1)
	w.tick()
	dead := w.apply(call.LaunchRefusedForGood(w.admit(calls[0]), 1, "The launch was refused.", w.clock.Now()))
	w.tick()
	w.tick()
	w.admit(w.apply(call.Redriven(dead, dead.Attempt, "", w.clock.Now())))
	w.tick()
	got := w.ofBatch(b)
	if len(got) != 3 || got[1].Counts != (call.Counts{Failed: 1}) || got[2].Counts != (call.Counts{Active: 1}) {
		t.Errorf("the samples: %+v", got)
	}
}

func TestTheCapacityIsSampledWithWhoWaitsForWhat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, calls := w.batch(3)
	w.admit(calls[0])
	first := w.tick()
	room, err := w.store.Capacity(t.Context())
	w.must(err)
	limit, rate, stopped := 7, 2.5, true
	w.must(w.store.SetCapacity(t.Context(), room, room.Set(call.CapacityUpdate{Limit: &limit, Rate: &rate, Stopped: &stopped}, first)))
	second := w.tick()
	w.same("the samples", w.ofCapacity(), []call.CapacitySample{
		{At: first, Limit: 10, InUse: 1, Admitted: 1, Rate: 1000, Waiting: call.Waiting{call.WaitCapacity: 2}},
		{At: second, Limit: 7, InUse: 1, Admitted: 1, Rate: 2.5, Stopped: true, Waiting: call.Waiting{call.WaitStopped: 2}},
	})
}

func TestSlotsThatStayTakenByOtherCallsAreSampled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, calls := w.batch(3)
	first := w.admit(calls[0])
	w.tick()
	w.cancel(first)
	w.admit(calls[1])
	w.cancel(calls[2])
	w.tick()
	got := w.ofCapacity()
	if len(got) != 2 || got[1].InUse != got[0].InUse || got[0].Admitted != 1 || got[1].Admitted != 2 {
		t.Errorf("the samples: %+v", got)
	}
}

func TestWhatStandsStillIsNotWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, _ := w.batch(2)
	for range 5 {
		w.tick()
	}
	if n := len(w.ofCapacity()) + len(w.ofBatch(b)); n != 2 {
		t.Errorf("%d samples of a capacity and a batch that stand still", n)
	}
}

func TestATickThatIsLostOrDoubledDoesNoHarm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, calls := w.batch(3)
	w.tick()
	w.cancel(calls[0])
	w.clock.Advance(5 * time.Minute) // ticks are lost
	w.tick()
	w.clock.Advance(time.Second)
	w.cancel(calls[1])
	w.must(w.taker.Take(t.Context())) // one is doubled
	again := w.clock.Now()
	w.must(w.taker.Take(t.Context())) // at the same time
	want := w.ofBatch(b)
	if last := len(want) - 1; last != 1 || want[last] != (call.BatchSample{At: again, Counts: call.Counts{Waiting: 1, Canceled: 2}}) {
		t.Errorf("the samples: %+v", want)
	}
	w.cancel(calls[2])
	w.clock.Advance(-time.Second)
	w.must(w.taker.Take(t.Context())) // by a clock that is a little behind
	w.same("the samples after a look by a clock that is behind", w.ofBatch(b), want)
}

func TestAClockThatWasFarAheadDoesNotEndTheSamples(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, calls := w.batch(1)
	ahead := samples.Taker{Store: w.store, Now: func() time.Time { return w.clock.Now().Add(time.Hour) }}
	w.must(ahead.Take(t.Context()))
	w.cancel(calls[0])
	at := w.tick()
	if got := w.ofBatch(b); len(got) != 1 || got[0] != (call.BatchSample{At: at, Counts: call.Counts{Canceled: 1}}) {
		t.Errorf("the samples: %+v", got)
	}
}

func TestWhatStandsStillIsSampledOnceADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, _ := w.batch(2)
	w.tick()
	for range 10 * 24 {
		w.clock.Advance(time.Hour)
		w.must(w.taker.Take(t.Context()))
	}
	if room, batch := len(w.ofCapacity()), len(w.ofBatch(b)); room != 11 || batch != 11 {
		t.Errorf("%d samples of the capacity and %d of the batch in ten days, each on 11 dates", room, batch)
	}
}

func TestOfManyBatchesTheNewestAreSampled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	oldest, _ := w.batch(1)
	second, _ := w.batch(1)
	for range samples.MaxBatches - 1 {
		w.batch(1)
	}
	w.tick()
	if got := w.ofBatch(oldest); len(got) != 0 {
		t.Errorf("the oldest of %d batches is sampled: %+v", samples.MaxBatches+1, got)
	}
	if got := w.ofBatch(second); len(got) != 1 {
		t.Errorf("the second has the samples %+v", got)
	}
}

func TestALookThatFailsIsMadeGoodByTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, calls := w.batch(1)
	w.clock.Advance(time.Minute)
	w.store.list = errors.New("the store is away")
	if err := w.taker.Take(t.Context()); !errors.Is(err, w.store.list) || w.store.puts > 0 {
		t.Errorf("the look gives %v after %d writes", err, w.store.puts)
	}
	w.store.list, w.store.after = nil, call.ErrUnclear
	w.tick() // what is unclear is no error
	w.store.after = errors.New("the store is away")
	w.clock.Advance(time.Minute)
	w.cancel(calls[0])
	if err := w.taker.Take(t.Context()); !errors.Is(err, w.store.after) {
		t.Errorf("the look gives %v", err)
	}
	w.store.after = nil
	w.tick()
	if got := w.ofBatch(b); len(got) != 2 || got[1].Counts != (call.Counts{Canceled: 1}) {
		t.Errorf("the samples: %+v", got)
	}
}
