package dynamo

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// laneChange is what a write does to a lane, and to its batch's counters and state.
type laneChange struct {
	key     call.LaneKey
	effect  call.LaneEffect
	touches bool                  // the lane and the owner's turn, beside the counters
	open    *bool                 // nil: open or closed as it is
	counts  call.Counts           // added
	require call.BatchRequirement // of the batch's state
	state   call.BatchState       // set with a change of a batch
	isNew   bool                  // the batch
	at      time.Time
}

func laneChangeOf(ch call.Change) laneChange {
	return laneChange{
		key: ch.After.Lane(), effect: ch.Lane(), touches: ch.TouchesLane(),
		counts: ch.Counts(), require: ch.Batch, at: ch.At,
	}
}

func laneChangeOfBatch(ch call.BatchChange) laneChange {
	open := ch.LaneOpen()
	return laneChange{
		key: ch.After.Lane(), effect: ch.Lane(), touches: ch.TouchesLane(), open: &open,
		counts: ch.Counts, state: ch.After.State, isNew: ch.New(), at: ch.At,
	}
}

// turnLife is how long the turn of an owner without a lane in turn is kept: as
// long as a clock may be behind and still let nobody overtake.
const turnLife = 7 * 24 * time.Hour

// lane adds the actions of a lane, its batch's counters and its owner's turn. What
// they do follows from the stored lane and turn, so those are read first, unless
// a call of a batch is served: a fill has just seen its lane, and more often than
// not the lane has more calls.
func (s *Store) lane(ctx context.Context, t *transaction, ch laneChange, try int) error {
	if !ch.touches && ch.counts == (call.Counts{}) && ch.require == call.BatchAny {
		return nil
	}
	a := &action{at: laneKey(ch.key)}
	var corrupt error
	a.refused = func(stored item) error { return ch.refusal(stored, corrupt) }
	t.do(a, nil)
	a.requireState(ch)
	a.count(ch)
	if !ch.touches {
		return nil
	}
	if try == 0 && ch.effect.Served && ch.key.BatchID != "" {
		t.steady(a, ch, ch.at.UnixMicro(), ch.at.UnixMicro())
		return nil
	}
	before, turn, err := s.laneAndTurn(ctx, ch.key)
	if err != nil {
		return err
	}
	after, next, err := ch.after(before.lane, turn.turn)
	switch {
	case err != nil:
		// What is stored contradicts the change. It is told only if nothing else stands
		// against the change, which is found out by asking for what can't be. That is a
		// write that never happens, because a mere check would take a permission that
		// nobody needs otherwise.
		corrupt = err
		*a = action{at: a.at, refused: a.refused, remove: []string{"revision"}}
		a.where("attribute_exists(#PK) AND attribute_not_exists(#PK)", nil)
	case before.lane.InTurn() && after.InTurn() && !ch.isNew:
		t.steady(a, ch, after.Turn, next.Turn)
	default:
		a.moveLane(before, after)
		if next != turn.turn {
			t.do(turn.moved(next, ch.at), nil)
		}
	}
	return nil
}

// after is the lane with the change, and its owner's turn then.
func (ch laneChange) after(lane call.Lane, turn call.Turn) (call.Lane, call.Turn, error) {
	after, err := lane.After(ch.effect, ch.at)
	if err != nil {
		return lane, turn, err
	}
	if ch.open != nil {
		after = after.Open(*ch.open, ch.at)
	}
	next, err := turn.After(lane, after, ch.effect.Served, ch.at)
	return after, next, err
}

// steady changes a lane that is in turn before and after, and so its owner: it
// only counts, and when it is served both go to the back. That holds whatever
// others do to the lane at the same time, as long as it stays in turn.
func (t *transaction) steady(a *action, ch laneChange, laneTurn, ownerTurn int64) {
	e := ch.effect
	a.where("#closed = :open AND #ready > :kept", item{":open": boolean(false), ":kept": num(int64(max(0, -e.Ready)))})
	a.increase("ready", e.Ready)
	for name, n := range map[string]int{"schedule": e.Schedule, "retry": e.Retry, "hours": e.Window} {
		a.increase(name, n)
		if n < 0 {
			a.where(fmt.Sprintf("#%s >= :least_%s", name, name), item{":least_" + name: num(int64(-n))})
		}
	}
	a.increase("revision", 1)
	if !e.Served {
		return
	}
	a.where("#turn < :turn", item{":turn": num(laneTurn)})
	a.assign(item{"turn": num(laneTurn)})
	lanePlace(ch.key, laneTurn).put(a.set, listIndex)
	owner := &action{at: turnKey(ch.key.Owner), set: item{"turn": num(ownerTurn)}}
	owner.where("#lanes > :none AND #turn < :turn", item{":none": num(0), ":turn": num(ownerTurn)})
	owner.increase("revision", 1)
	owner.refused = func(item) error { return errStale }
	t.do(owner, nil)
}

// increase adds to a number.
func (a *action) increase(name string, n int) {
	if n == 0 {
		return
	}
	if a.add == nil {
		a.add = item{}
	}
	a.add[name] = num(int64(n))
}

// refusal is why the stored lane was not written.
func (ch laneChange) refusal(stored item, corrupt error) error {
	state := call.BatchState(strOf(stored, "state"))
	if ch.require != call.BatchAny || ch.counts != (call.Counts{}) && !ch.isNew {
		if state == "" {
			return notFound("batch", ch.key.BatchID)
		}
		if err := ch.require.Check(state); err != nil {
			return err
		}
	}
	if corrupt != nil {
		return corrupt
	}
	if _, err := countsOf(stored).Plus(ch.counts); err != nil {
		return err
	}
	return errStale
}

// requireState adds what the change requires of the batch's state.
func (a *action) requireState(ch laneChange) {
	switch ch.require {
	case call.BatchActive:
		a.where("#state = :active", item{":active": str(string(call.StateActive))})
	case call.BatchNotCanceled:
		a.where("attribute_exists(#state) AND #state <> :canceled", item{":canceled": str(string(call.StateCanceled))})
	case call.BatchAny:
	}
	if ch.state != "" {
		a.assign(item{"state": str(string(ch.state))})
	}
}

// count adds to the batch's counters, none of which may go below zero.
func (a *action) count(ch laneChange) {
	if ch.counts == (call.Counts{}) {
		return
	}
	if !ch.isNew {
		a.where("attribute_exists(#state)", nil)
	}
	for name, n := range counters(ch.counts) {
		a.increase(name, n)
		if n < 0 {
			a.where(fmt.Sprintf("#%s >= :least_%s", name, name), item{":least_" + name: num(int64(-n))})
		}
	}
}

func (a *action) assign(values item) {
	if a.set == nil {
		a.set = item{}
	}
	maps.Copy(a.set, values)
}

// What was read, with the number of its last revision.
type revisedLane struct {
	lane     call.Lane
	revision int64
}

type revisedTurn struct {
	turn     call.Turn
	revision int64
}

// laneAndTurn reads a lane and its owner's turn strongly.
func (s *Store) laneAndTurn(ctx context.Context, k call.LaneKey) (revisedLane, revisedTurn, error) {
	lane := revisedLane{lane: call.Lane{LaneKey: k}}
	turn := revisedTurn{turn: call.Turn{Owner: k.Owner}}
	stored, err := s.getAll(ctx, true, laneKey(k), turnKey(k.Owner))
	if err != nil {
		return lane, turn, fmt.Errorf("read lane %s and its owner's turn: %w", k, err)
	}
	for _, one := range stored {
		if strOf(one, partitionKey) == turnsPartition {
			turn = revisedTurn{turnOf(one, k.Owner), numOf(one, "revision")}
			continue
		}
		lane.revision = numOf(one, "revision")
		if lane.revision > 0 {
			lane.lane = laneOf(one)
		}
	}
	return lane, turn, nil
}

// unrevised requires that an item still has the revision it was read with.
func (a *action) unrevised(revision int64) {
	if revision == 0 {
		a.where("attribute_not_exists(#revision)", nil)
	} else {
		a.where("#revision = :revision", item{":revision": num(revision)})
	}
	a.assign(item{"revision": num(revision + 1)})
}

func (a *action) moveLane(before revisedLane, after call.Lane) {
	a.unrevised(before.revision)
	set, remove := laneItem(after)
	a.assign(set)
	a.remove = append(a.remove, remove...)
}

func (r revisedTurn) moved(next call.Turn, at time.Time) *action {
	a := &action{at: turnKey(next.Owner)}
	a.unrevised(r.revision)
	a.assign(item{"lanes": num(int64(next.Lanes)), "turn": num(next.Turn)})
	if next.InTurn() {
		a.remove = []string{expiresAt}
	} else {
		a.assign(item{expiresAt: num(at.Add(turnLife).Unix())})
	}
	a.refused = func(item) error { return errStale }
	return a
}
