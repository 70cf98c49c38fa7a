package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/dispatch"
	"github.com/outdial/outdial/services/internal/task"
	"github.com/outdial/outdial/services/internal/testworld"
)

func TestOwnersAreServedInTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetRoom(6, 1000)
	batch(t, w, "ann", 4)
	w.Create("bob")
	w.Create("bob")
	w.Create("cyd")
	w.Fill()
	if got, want := owners(w), "ann bob cyd ann bob ann"; got != want {
		t.Errorf("served: %s, want %s", got, want)
	}
}

func TestAnOwnersLanesShareTheOwnersTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetRoom(8, 1000)
	first, second := batch(t, w, "ann", 3), batch(t, w, "ann", 3)
	w.Create("ann")
	for range 5 {
		w.Create("bob")
	}
	w.Fill()
	if got, want := owners(w), strings.TrimSpace(strings.Repeat("ann bob ", 4)); got != want {
		t.Errorf("served: %s, want %s", got, want)
	}
	var lanes []string
	for _, c := range admitted(w) {
		if c.Owner == "ann" {
			lanes = append(lanes, c.BatchID)
		}
	}
	if want := []string{first, second, "", first}; !slices.Equal(lanes, want) {
		t.Errorf("ann's lanes were served in the order %q, want %q", lanes, want)
	}
}

func TestTheFirstToHaveJoinedALaneIsServedFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetRoom(3, 1000)
	var want []string
	for range 5 {
		want = append(want, w.Create("ann"))
	}
	w.Fill()
	if got := ids(w); !slices.Equal(got, want[:3]) {
		t.Errorf("admitted: %q, want %q", got, want[:3])
	}
}

func TestABatchOfTenThousandDelaysSomebodysSingleCallByOneTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ChunkRows, w.Tracker.Slice = 1000, 1000
	w.SetRoom(1, 1000)
	batch(t, w, "ann", 10_000)
	w.Fill()
	single := w.Submit("bob")
	for range 2 { // the slot is freed twice
		w.Run(45 * time.Second)
	}
	if i := slices.Index(ids(w), single); i != 1 && i != 2 {
		t.Errorf("bob's call came too late: %s", owners(w))
	}
}

func TestAPausedLaneIsSkipped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	paused := batch(t, w, "ann", 3)
	if _, err := w.Tracker.PauseBatch(t.Context(), paused); err != nil {
		t.Fatal(err)
	}
	w.Create("ann")
	w.Create("bob")
	w.Fill()
	if got, want := owners(w), "ann bob"; got != want {
		t.Errorf("served: %s, want %s", got, want)
	}
	if _, n := w.Batch(paused); n.Waiting != 3 {
		t.Errorf("of the paused batch %d calls wait, want 3", n.Waiting)
	}
}

func TestAPausedLaneThatTheListsStillShowHoldsUpNobody(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(*testworld.World, string) error{
		"paused": func(w *testworld.World, id string) error {
			_, err := w.Tracker.PauseBatch(t.Context(), id)
			return err
		},
		"canceled": func(w *testworld.World, id string) error {
			_, err := w.Tracker.CancelBatch(t.Context(), id)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			b := batch(t, w, "ann", 100)
			w.Create("bob")
			freeze(t, w)
			if err := stop(w, b); err != nil {
				t.Fatal(err)
			}
			before := w.Asked("store.Apply")
			w.Fill()
			if got, want := owners(w), "bob"; got != want {
				t.Errorf("served: %s, want %s", got, want)
			}
			if tries := w.Asked("store.Apply") - before; tries > 4 {
				t.Errorf("%d writes for one admission: the lane was tried again and again", tries)
			}
		})
	}
}

// freeze makes the lists show for ever what they show now.
func freeze(t testing.TB, w *testworld.World) {
	t.Helper()
	turns, err := w.Dispatcher.Store.Turns(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	lanes := map[string][]call.Lane{}
	ready := map[string][]string{}
	for _, turn := range turns {
		if lanes[turn.Owner], err = w.Dispatcher.Store.Lanes(t.Context(), turn.Owner, 1000); err != nil {
			t.Fatal(err)
		}
		for _, lane := range lanes[turn.Owner] {
			if ready[lane.String()], err = w.Dispatcher.Store.ReadyCalls(t.Context(), lane.LaneKey, 1000); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.Dispatcher.Store = frozen{w.Dispatcher.Store, turns, lanes, ready}
}

// frozen shows old lists.
type frozen struct {
	dispatchStore
	turns []call.Turn
	lanes map[string][]call.Lane
	ready map[string][]string
}

func (f frozen) Turns(_ context.Context, n int) ([]call.Turn, error) {
	return f.turns[:min(n, len(f.turns))], nil
}

func (f frozen) Lanes(_ context.Context, owner string, n int) ([]call.Lane, error) {
	return f.lanes[owner][:min(n, len(f.lanes[owner]))], nil
}

func (f frozen) ReadyCalls(_ context.Context, lane call.LaneKey, n int) ([]string, error) {
	list := f.ready[lane.String()]
	return list[:min(n, len(list))], nil
}

func TestListsThatStillShowAdmittedCallsHideNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetRoom(1000, 1000)
	for range 100 {
		w.Create("ann")
	}
	freeze(t, w)
	w.Fill()
	if got := len(admitted(w)); got != 100 {
		t.Errorf("%d of 100 calls were admitted", got)
	}
}

func TestAJobsOwnCallIsACandidateBeforeAnyListShowsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	freeze(t, w)
	id := w.Create("ann")
	work(t, w, job(w, id))
	is(t, w, id, call.Starting, 1)
}

func TestAJobsOwnCallWaitsForItsLane(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := batch(t, w, "ann", 1)
	if _, err := w.Tracker.PauseBatch(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	row := call.BatchCallID(id, 1)
	work(t, w, job(w, row))
	is(t, w, row, call.Queued, 1)
	if n := w.Asked("store.Apply"); n != 0 {
		t.Errorf("%d writes to admit a call of a paused batch", n)
	}
}

func TestAConflictIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	// Each happens between the choice of ann's call and its admission.
	races := map[string]func(t *testing.T, w *testworld.World){
		"another worker takes the rate token": func(t *testing.T, w *testworld.World) {
			other := w.Create("bob")
			work(t, w, job(w, other))
		},
		"the limit is changed": func(_ *testing.T, w *testworld.World) { w.SetRoom(5, 1000) },
		"launches are refused for a moment": func(t *testing.T, w *testworld.World) {
			w.Tasks.Answer = func(task.Request) error { return task.ErrThrottled }
			work(t, w, job(w, w.Create("bob")))
			w.Tasks.Answer = nil
			w.Clock.Advance(time.Minute)
		},
	}
	lists := map[string]func(t *testing.T, w *testworld.World){
		"shown in its lane": func(*testing.T, *testworld.World) {},
		"in no list yet": func(_ *testing.T, w *testworld.World) {
			w.Lists.Turns = func(all []call.Turn) []call.Turn {
				return slices.DeleteFunc(all, func(t call.Turn) bool { return t.Owner == "ann" })
			}
		},
		"in a lane that is listed without it": func(_ *testing.T, w *testworld.World) {
			w.Lists.Ready = func(all []string) []string {
				return slices.DeleteFunc(all, func(id string) bool { return w.Call(id).Owner == "ann" })
			}
		},
	}
	for race, happens := range races {
		for list, show := range lists {
			t.Run(race+", the call is "+list, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				id := w.Create("ann")
				show(t, w)
				w.Before("store.Apply", func() { happens(t, w) })
				work(t, w, job(w, id))
				if c := w.Call(id); !c.Status.Active() {
					t.Errorf("the call is %s after a conflict, want it admitted", c.Status)
				}
			})
		}
	}
}

func TestACallThatIsCanceledBeforeItsAdmissionIsNotAdmitted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, next := w.Create("ann"), w.Create("ann")
	w.Before("store.Apply", func() {
		if _, err := w.Tracker.Cancel(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	})
	w.Fill()
	is(t, w, id, call.Canceled, 1)
	is(t, w, next, call.Starting, 1)
}

func TestAnAdmissionWithoutAnAnswerIsReadBack(t *testing.T) {
	t.Parallel()
	for fault, want := range map[testworld.Fault]call.Status{testworld.After: call.Starting, testworld.Unclear: call.Queued} {
		t.Run("it "+string(fault), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.Create("ann")
			w.Fail("store.Apply", fault)
			w.Fill()
			is(t, w, id, want, 1)
			w.RunUntilQuiet()
			is(t, w, id, call.Completed, 1)
			if n := len(w.Tasks.All); n != 1 {
				t.Errorf("%d tasks were started", n)
			}
		})
	}
}

// broken is a store in which the data of one call contradicts itself.
type broken struct {
	dispatchStore
	id          string
	read, write error
}

func (b broken) Call(ctx context.Context, id string) (call.Call, error) {
	if id == b.id && b.read != nil {
		return call.Call{}, b.read
	}
	return b.dispatchStore.Call(ctx, id)
}

func (b broken) Apply(ctx context.Context, ch call.Change) error {
	if ch.After.ID == b.id {
		return b.write
	}
	return b.dispatchStore.Apply(ctx, ch)
}

func TestACallWhoseDataContradictsItselfHoldsUpNobody(t *testing.T) {
	t.Parallel()
	tests := map[string]broken{
		"its record can't be read":     {read: fmt.Errorf("decode a record: %w", call.ErrCorrupt)},
		"its claim is there already":   {write: call.Refuse(call.ConditionClaim)},
		"its lane would count below 0": {write: fmt.Errorf("lane: %w", call.ErrCorrupt)},
	}
	for name, b := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			b.dispatchStore, b.id = w.Dispatcher.Store, w.Create("ann")
			w.Dispatcher.Store = b
			same, other := w.Create("ann"), w.Create("bob")
			w.Fill()
			for _, id := range []string{same, other} {
				if c := w.Call(id); !c.Status.Active() {
					t.Errorf("another call is %s", c.Status)
				}
			}
		})
	}
}

func TestEveryOwnerIsServedOnceBeforeOneIsServedTwice(t *testing.T) {
	t.Parallel()
	const many = 130 // more than one page of owners
	w := newWorld(t)
	w.SetRoom(many+10, 1000)
	for i := range many {
		w.Create(fmt.Sprintf("owner-%03d", i))
		w.Create(fmt.Sprintf("owner-%03d", i))
	}
	w.Fill()
	seen := map[string]bool{}
	for _, c := range admitted(w)[:many] {
		if seen[c.Owner] {
			t.Fatalf("%s was served twice before %d others were served once", c.Owner, many-len(seen))
		}
		seen[c.Owner] = true
	}
	if got := len(admitted(w)); got != many+10 {
		t.Errorf("%d calls were admitted into %d slots", got, many+10)
	}
}

func TestEveryLaneOfAnOwnerIsServedOnceBeforeOneIsServedTwice(t *testing.T) {
	t.Parallel()
	const many = 130 // more than one page of lanes
	w := newWorld(t)
	w.SetRoom(many+10, 1000)
	for range many {
		batch(t, w, "ann", 2)
	}
	w.Fill()
	seen := map[string]bool{}
	for _, c := range admitted(w)[:many] {
		if seen[c.BatchID] {
			t.Fatalf("a batch was served twice before %d others were served once", many-len(seen))
		}
		seen[c.BatchID] = true
	}
	if got := len(admitted(w)); got != many+10 {
		t.Errorf("%d calls were admitted into %d slots", got, many+10)
	}
}

func TestALaneOfManyCallsIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetRoom(1000, 1000)
	for range 200 {
		w.Create("ann")
	}
	w.Fill()
	if got := len(admitted(w)); got != 200 {
		t.Errorf("%d of 200 calls were admitted", got)
	}
}

func TestAFillThatTakesTooLongHandsTheRestToANewJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Dispatcher.Budget = time.Second
	w.Tasks.Hold = true
	for range 6 {
		w.Create("ann")
	}
	for range 4 {
		w.Before("store.Call", func() { w.Clock.Advance(600 * time.Millisecond) })
	}
	w.Fill()
	if got := len(admitted(w)); got != 2 {
		t.Errorf("%d calls were admitted within the time, want 2", got)
	}
	if jobs := w.Jobs(); jobs[len(jobs)-1].Job != (messages.Job{Fill: true}) {
		t.Errorf("the last job sent is %+v, want a fill", jobs[len(jobs)-1])
	}
	w.NoTicks = true
	w.Run(time.Minute)
	if got := len(admitted(w)); got != 6 {
		t.Errorf("%d of 6 calls were admitted in the end", got)
	}
}

// TestJobsThatThereIsNoTimeForComeBack: looks at jobs and the fill after them share
// one budget, and what is given back was not touched.
func TestJobsThatThereIsNoTimeForComeBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Dispatcher.Budget = time.Second
	var bodies [][]byte
	for range 4 {
		bodies = append(bodies, messages.Job{CallID: w.Create("ann"), Attempt: 1}.Encode())
		w.Before("store.Call", func() { w.Clock.Advance(600 * time.Millisecond) })
	}
	w.Fail("store.ReadAhead", testworld.Before) // so each is looked at alone
	errs := w.Dispatcher.HandleMessages(t.Context(), bodies)
	for i, begun := range []bool{true, true, false, false} {
		if errors.Is(errs[i], dispatch.ErrNotBegun) == begun || begun && errs[i] != nil {
			t.Errorf("job %d: %v, want it begun: %v", i, errs[i], begun)
		}
	}
	if n := w.Asked("store.Call"); n != 2 {
		t.Errorf("%d calls were looked at, want 2", n)
	}
	jobs := w.Jobs()
	if len(jobs) == 0 || jobs[len(jobs)-1].Job != (messages.Job{Fill: true}) {
		t.Errorf("the jobs sent are %+v; the fill should be handed to a new job", jobs)
	}
}
