package call_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/outdial/outdial/services/internal/call"
)

func TestALaneIsNamedByItsBatchOrOwner(t *testing.T) {
	t.Parallel()
	for key, want := range map[call.LaneKey]string{
		{Owner: "ada", BatchID: "batch_01J"}: "batch_01J",
		{Owner: "ada"}:                       "single:ada",
		{Owner: "batch_01J"}:                 "single:batch_01J", // an owner may be called anything
	} {
		if got := key.String(); got != want {
			t.Errorf("%+v is written %q; want %q", key, got, want)
		}
		if got := call.LaneOf(key.Owner, want); got != key {
			t.Errorf("%q is read as %+v; want %+v", want, got, key)
		}
	}
	if got, want := queued().Lane(), (call.LaneKey{Owner: "ada", BatchID: "batch_01J"}); got != want {
		t.Errorf("a batch's call waits in %+v", got)
	}
	if got, want := (call.Batch{ID: "batch_01J", Owner: "ada"}).Lane(), queued().Lane(); got != want {
		t.Errorf("the batch has the lane %+v, its calls %+v", got, want)
	}
}

func TestALaneIsInTurnWhileItsBatchIsOpenAndACallIsReady(t *testing.T) {
	t.Parallel()
	turn := noon.UnixMicro()
	for _, c := range []struct {
		name   string
		before call.Lane
		effect call.LaneEffect
		now    time.Time
		want   call.Lane
		inTurn bool
	}{
		{
			"the first ready call lets the lane join behind the others",
			call.Lane{Turn: 7},
			call.LaneEffect{Ready: 1},
			noon,
			call.Lane{Ready: 1, Turn: turn},
			true,
		},
		{"a further one leaves it in its place", call.Lane{Ready: 1, Turn: 7}, call.LaneEffect{Ready: 2}, noon, call.Lane{Ready: 3, Turn: 7}, true},
		{"a lane that is served goes to the back", call.Lane{Ready: 2, Turn: 7}, call.LaneEffect{Ready: -1, Served: true}, noon, call.Lane{Ready: 1, Turn: turn}, true},
		{"its last call takes it out", call.Lane{Ready: 1, Turn: 7}, call.LaneEffect{Ready: -1}, noon, call.Lane{Turn: 7}, false},
		{"a call that waits for a time does not count", call.Lane{}, call.LaneEffect{Schedule: 1, Retry: 1, Window: 1}, noon, call.Lane{Schedule: 1, Retry: 1, Window: 1}, false},
		{"a closed lane only counts", call.Lane{Closed: true}, call.LaneEffect{Ready: 1}, noon, call.Lane{Closed: true, Ready: 1}, false},
		{"a turn never goes back with the clock", call.Lane{Ready: 2, Turn: turn + 5}, call.LaneEffect{Ready: -1, Served: true}, noon, call.Lane{Ready: 1, Turn: turn + 6}, true},
		{"nor does it when the lane joins again", call.Lane{Turn: turn + 5}, call.LaneEffect{Ready: 1}, noon, call.Lane{Ready: 1, Turn: turn + 6}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := c.before.After(c.effect, c.now)
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want || got.InTurn() != c.inTurn {
				t.Errorf("the lane is %+v, in turn: %t; want %+v", got, got.InTurn(), c.want)
			}
		})
	}
}

func TestPauseAndResumeMoveALane(t *testing.T) {
	t.Parallel()
	paused := call.Lane{Ready: 3, Turn: 7}.Open(false, noon)
	if want := (call.Lane{Ready: 3, Turn: 7, Closed: true}); paused != want || paused.InTurn() {
		t.Errorf("paused it is %+v; want %+v, not in turn", paused, want)
	}
	resumed := paused.Open(true, noon)
	if want := (call.Lane{Ready: 3, Turn: noon.UnixMicro()}); resumed != want || !resumed.InTurn() {
		t.Errorf("resumed it is %+v; want %+v, in turn", resumed, want)
	}
	if again := resumed.Open(true, noon.Add(time.Hour)); again != resumed {
		t.Errorf("resumed twice it is %+v", again)
	}
	if empty := (call.Lane{Turn: 7}).Open(true, noon); empty.Turn != 7 {
		t.Errorf("an empty lane took the turn %d", empty.Turn)
	}
}

func TestALaneThatWouldCountBelowZeroIsCorrupt(t *testing.T) {
	t.Parallel()
	for _, e := range []call.LaneEffect{{Ready: -1}, {Schedule: -1}, {Retry: -1}, {Window: -1}} {
		if _, err := (call.Lane{}).After(e, noon); !errors.Is(err, call.ErrCorrupt) {
			t.Errorf("%+v of an empty lane gave %v", e, err)
		}
	}
	out := call.Lane{}
	if _, err := (call.Turn{}).After(call.Lane{Ready: 1}, out, false, noon); !errors.Is(err, call.ErrCorrupt) {
		t.Errorf("a lane that leaves an owner without lanes gave %v", err)
	}
}

func TestAnOwnersTurn(t *testing.T) {
	t.Parallel()
	in, out, turn := call.Lane{Ready: 1}, call.Lane{}, noon.UnixMicro()
	for _, c := range []struct {
		name          string
		before        call.Turn
		laneWas, lane call.Lane
		served        bool
		want          call.Turn
	}{
		{"the first lane in turn lets the owner join behind the others", call.Turn{Turn: 7}, out, in, false, call.Turn{Lanes: 1, Turn: turn}},
		{"a further lane leaves the owner in its place", call.Turn{Lanes: 1, Turn: 7}, out, in, false, call.Turn{Lanes: 2, Turn: 7}},
		{"an owner whose lane is served goes to the back", call.Turn{Lanes: 2, Turn: 7}, in, in, true, call.Turn{Lanes: 2, Turn: turn}},
		{"the last lane takes the owner out", call.Turn{Lanes: 1, Turn: 7}, in, out, false, call.Turn{Turn: 7}},
		{"a turn never goes back with the clock", call.Turn{Lanes: 1, Turn: turn + 5}, in, in, true, call.Turn{Lanes: 1, Turn: turn + 6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := c.before.After(c.laneWas, c.lane, c.served, noon)
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want || got.InTurn() != (c.want.Lanes > 0) {
				t.Errorf("the owner's turn is %+v; want %+v", got, c.want)
			}
		})
	}
}

// queue is lanes and owners in turn, as a store keeps them.
type queue struct {
	t     rapid.TB
	lanes map[call.LaneKey]call.Lane
	turns map[string]call.Turn
}

func (q *queue) change(key call.LaneKey, e call.LaneEffect, now time.Time) {
	before := q.lanes[key]
	after, err := before.After(e, now)
	if err != nil {
		q.t.Fatal(err)
	}
	turn, err := q.turns[key.Owner].After(before, after, e.Served, now)
	if err != nil {
		q.t.Fatal(err)
	}
	if after.Turn < before.Turn || turn.Turn < q.turns[key.Owner].Turn {
		q.t.Fatalf("a turn went back: %+v, %+v", after, turn)
	}
	after.LaneKey, turn.Owner = key, key.Owner
	q.lanes[key], q.turns[key.Owner] = after, turn
}

// serve admits the next call by turn, and says whose it was.
func (q *queue) serve(now time.Time) string {
	var turns []call.Turn
	for _, turn := range q.turns {
		if turn.InTurn() {
			turns = append(turns, turn)
		}
	}
	owner := slices.MinFunc(turns, func(a, b call.Turn) int {
		return cmp.Or(cmp.Compare(a.Turn, b.Turn), cmp.Compare(a.Owner, b.Owner))
	}).Owner
	var lanes []call.Lane
	for key, lane := range q.lanes {
		if key.Owner == owner && lane.InTurn() {
			lanes = append(lanes, lane)
		}
	}
	next := slices.MinFunc(lanes, func(a, b call.Lane) int {
		return cmp.Or(cmp.Compare(a.Turn, b.Turn), cmp.Compare(a.BatchID, b.BatchID))
	})
	q.change(next.LaneKey, call.LaneEffect{Ready: -1, Served: true}, now)
	return owner
}

// However wrong the workers' clocks are, an owner is overtaken only while they
// disagree: by each of the others once, and by one more for each call that is
// admitted within twice the skew.
func TestNobodyStarvesUnderSkewedClocks(t *testing.T) {
	t.Parallel()
	const pace = 10 * time.Second // between two admissions
	rapid.Check(t, func(t *rapid.T) {
		skew := time.Duration(rapid.IntRange(0, 60).Draw(t, "skew")) * time.Second
		owners := rapid.IntRange(1, 6).Draw(t, "owners")
		bound := 2*int(skew/pace) + 2*owners
		q := &queue{t: t, lanes: map[call.LaneKey]call.Lane{}, turns: map[string]call.Turn{}}
		waited := map[string]int{}
		for i := range steps() {
			clock := noon.Add(time.Duration(i)*pace + pick(t, "clock", -skew, 0, skew))
			arrives := fmt.Sprint("owner ", pick(t, "owner", 0, 1, 2, 3, 4, 5, 6, 7)%owners)
			key := call.LaneKey{Owner: arrives, BatchID: pick(t, "lane", "", "batch_1", "batch_2")}
			q.change(key, call.LaneEffect{Ready: pick(t, "calls", 1, 1, 5)}, clock)
			served := q.serve(clock)
			for owner, turn := range q.turns {
				if waited[owner]++; owner == served || !turn.InTurn() {
					waited[owner] = 0
				}
				if waited[owner] > bound {
					t.Fatalf("%s waits while %d others are served; skew %v, %d owners", owner, waited[owner], skew, owners)
				}
			}
		}
	})
}

func TestAThousandBatchesGetNoMoreTurnsThanOne(t *testing.T) {
	t.Parallel()
	q := &queue{t: t, lanes: map[call.LaneKey]call.Lane{}, turns: map[string]call.Turn{}}
	for n := range 1000 {
		q.change(call.LaneKey{Owner: "many", BatchID: fmt.Sprint("batch_", n)}, call.LaneEffect{Ready: 2}, noon)
	}
	q.change(call.LaneKey{Owner: "one", BatchID: "batch_x"}, call.LaneEffect{Ready: 100_000}, noon)
	q.change(call.LaneKey{Owner: "single"}, call.LaneEffect{Ready: 100_000}, noon)
	served := map[string]int{}
	for i := range 90 {
		served[q.serve(noon.Add(time.Duration(i)*time.Millisecond))]++
	}
	for _, owner := range []string{"many", "one", "single"} {
		if served[owner] != 30 {
			t.Errorf("served %v of 90", served)
		}
	}
	again := 0
	for _, lane := range q.lanes {
		if lane.Owner == "many" && lane.Ready == 0 {
			again++
		}
	}
	if again > 0 {
		t.Errorf("%d lanes of many were served twice before all were served once", again)
	}
}

func TestWaitingCountsByReason(t *testing.T) {
	t.Parallel()
	w := call.Waiting{}
	w.Add(call.Lane{Ready: 3, Schedule: 1, Retry: 2}, call.WaitRate)
	w.Add(call.Lane{Ready: 4, Window: 5, Closed: true}, call.WaitRate)
	w.Add(call.Lane{}, call.WaitCapacity)
	differ(t, "waiting", w, call.Waiting{
		call.WaitRate: 3, call.WaitPaused: 4, call.WaitSchedule: 1, call.WaitRetry: 2, call.WaitWindow: 5,
	})
}
