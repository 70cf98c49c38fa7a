package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// Check looks at everything in a store that nobody writes to meanwhile, and
// tells what can't be: slots, lanes, turns, counts, the due index and claims must
// fit the records. It gives nil when all is well, else an error with a line for
// each fault (of many, the first).
func Check(ctx context.Context, s Store) error {
	k := &checker{
		ctx: ctx, store: s, lanes: map[call.LaneKey]*laneSum{}, counts: map[string]call.Counts{},
		owners: set[string]{}, due: map[call.DueItem]bool{},
	}
	for _, step := range []func() error{k.calls, k.batches, k.slots, k.laneCounts, k.turns, k.dueIndex} {
		if err := step(); err != nil {
			return fmt.Errorf("check the store: %w", err)
		}
	}
	return errors.Join(k.faults...)
}

// maxFaults bounds what Check tells: one fault may show in a million calls.
const maxFaults = 30

// checkPage is how many items are read at once.
const checkPage = 1000

type checker struct {
	ctx    context.Context
	store  Store
	faults []error

	active int
	lanes  map[call.LaneKey]*laneSum
	counts map[string]call.Counts
	owners set[string]
	due    map[call.DueItem]bool // what must be in the index; true once it was seen there
}

// laneSum is what the records say of a lane.
type laneSum struct {
	lane  call.Lane
	ready []joined
}

type joined struct {
	at time.Time
	id string
}

func (k *checker) fault(format string, args ...any) {
	if len(k.faults) < maxFaults {
		k.faults = append(k.faults, fmt.Errorf(format, args...))
	}
}

func (k *checker) calls() error {
	p := call.Page{Limit: checkPage}
	for {
		calls, next, err := k.store.ListCalls(k.ctx, call.Filter{}, p)
		if err != nil {
			return err
		}
		for _, c := range calls {
			if err := k.call(c); err != nil {
				return fmt.Errorf("call %s: %w", c.ID, err)
			}
		}
		if next == "" {
			return nil
		}
		p.After = next
	}
}

func (k *checker) call(c call.Call) error {
	k.owners[c.Owner] = true
	if c.Status.Active() {
		k.active++
	}
	if c.BatchID != "" {
		n := k.counts[c.BatchID]
		add(&n, c.Status)
		k.counts[c.BatchID] = n
	}
	k.inLane(c)
	k.hasDue(c)
	for attempt := 1; attempt <= c.Attempt+1; attempt++ {
		claim, err := k.store.Claim(k.ctx, c.ID, attempt)
		if err != nil && !errors.Is(err, call.ErrNotFound) {
			return err
		}
		if why := claimFault(c, claim, attempt, err == nil); why != "" {
			k.fault("call %s is %s at attempt %d: claim of attempt %d %s", c.ID, c.Status, c.Attempt, attempt, why)
		}
	}
	return nil
}

func (k *checker) inLane(c call.Call) {
	sum := k.lanes[c.Lane()]
	if sum == nil {
		sum = &laneSum{lane: call.Lane{LaneKey: c.Lane()}}
		k.lanes[c.Lane()] = sum
	}
	if c.Status == call.Queued {
		sum.add(c)
	}
}

// add counts a queued call.
func (s *laneSum) add(c call.Call) {
	switch c.Wait.Reason {
	case call.WaitSchedule:
		s.lane.Schedule++
	case call.WaitRetry:
		s.lane.Retry++
	case call.WaitWindow:
		s.lane.Window++
	default:
		s.lane.Ready++
		s.ready = append(s.ready, joined{c.ReadyAt, c.ID})
	}
}

// waits tells whether a call waits in the lane.
func waits(l call.Lane) bool { return l.Ready+l.Schedule+l.Retry+l.Window > 0 }

// hasDue: what isn't final must be looked at again at some time. A ready call is
// watched by its lane's count, so it is due only for its last start time; of
// final calls, only a dead letter whose mark is owed is due.
func (k *checker) hasDue(c call.Call) {
	needed := c.Status.Active() || (c.Status == call.Queued && (!c.Ready() || !c.LastStart.IsZero()))
	allowed := needed || c.DeadLettered()
	switch {
	case needed && c.Due.IsZero():
		k.fault("call %s is %s and has no due", c.ID, c.Status)
	case !allowed && !c.Due.IsZero():
		k.fault("call %s is %s and has a due", c.ID, c.Status)
	}
	k.mustBeDue(call.DueCall, c.ID, c.Due)
}

func (k *checker) mustBeDue(kind call.DueKind, id string, at time.Time) {
	if !at.IsZero() {
		k.due[call.DueItem{Kind: kind, ID: id, Due: at.UTC()}] = false
	}
}

// claimFault says what is wrong with the claim of one of a call's attempts, or "".
func claimFault(c call.Call, claim call.Claim, attempt int, exists bool) string {
	over := claim.Holder == call.HolderControl || (claim.Holder == call.HolderAgent && claim.Outcome != nil)
	lost := c.Failure != nil && c.Failure.Reason == call.ReasonAgentLost && claim.Holder == call.HolderAgent
	talks := c.Status == call.Ringing || c.Status == call.InProgress
	switch {
	case attempt > c.Attempt || (attempt == c.Attempt && c.Status == call.Queued):
		if exists {
			return "is there before the attempt was admitted"
		}
	case attempt < c.Attempt:
		if !exists || !over {
			return "is not closed, though the attempt is over"
		}
	case c.Status.Final(): // absent, when the call ended while it waited
		if exists && !over && !lost {
			return "is not closed, though the call is over"
		}
	case !exists || claim.Holder == call.HolderControl:
		return "is closed or absent, though the attempt runs"
	case (talks || c.CancelRequested) && claim.Holder != call.HolderAgent:
		return "is held by no agent"
	case c.CancelRequested && !claim.Stop:
		return "carries no stop, though the cancel is requested"
	}
	return ""
}

func (k *checker) slots() error {
	room, err := k.store.Capacity(k.ctx)
	if err == nil && room.InUse != k.active {
		k.fault("%d slots in use, %d calls active", room.InUse, k.active)
	}
	return err
}

func (k *checker) batches() error {
	p := call.Page{Limit: checkPage}
	for {
		batches, next, err := k.store.ListBatches(k.ctx, "", p)
		if err != nil {
			return err
		}
		for _, b := range batches {
			if err := k.batch(b); err != nil {
				return fmt.Errorf("batch %s: %w", b.ID, err)
			}
		}
		if next == "" {
			break
		}
		p.After = next
	}
	for id := range k.counts {
		k.fault("batch %s has calls and no record", id)
	}
	return nil
}

func (k *checker) batch(b call.Batch) error {
	got, err := k.store.BatchCounts(k.ctx, b.ID)
	if err != nil {
		return err
	}
	want := k.counts[b.ID]
	delete(k.counts, b.ID)
	if want.Total() != b.Expanded {
		k.fault("batch %s is expanded to %d rows and has %d calls", b.ID, b.Expanded, want.Total())
	}
	want.Waiting += b.Rows - b.Expanded
	if got != want {
		k.fault("batch %s counts %+v, its calls and rows are %+v", b.ID, got, want)
	}
	unfinished := b.Expanded < b.Rows || (b.State == call.StateCanceled && b.CanceledTo < b.Rows)
	if unfinished == b.Due.IsZero() {
		k.fault("batch %s: expanded %d, cancel at %d of %d rows, %s, due %v", b.ID, b.Expanded, b.CanceledTo, b.Rows, b.State, b.Due)
	}
	k.mustBeDue(call.DueBatch, b.ID, b.Due)
	k.owners[b.Owner] = true
	sum := k.lanes[b.Lane()]
	if sum == nil {
		sum = &laneSum{lane: call.Lane{LaneKey: b.Lane()}}
		k.lanes[b.Lane()] = sum
	}
	sum.lane.Closed = b.State != call.StateActive
	return nil
}

func (k *checker) laneCounts() error {
	listed, err := k.store.WaitingLanes(k.ctx)
	if err != nil {
		return err
	}
	waiting := map[call.LaneKey]bool{}
	for _, lane := range listed {
		waiting[lane.LaneKey] = true
		if k.lanes[lane.LaneKey] == nil {
			k.fault("lane %s is listed as waiting and has no calls", lane)
		}
	}
	for key, sum := range k.lanes {
		lane, err := k.store.Lane(k.ctx, key)
		if err != nil {
			return err
		}
		sum.lane.Turn = lane.Turn
		if lane != sum.lane {
			k.fault("lane %s is %+v, its calls say %+v", key, lane, sum.lane)
		}
		if waits(sum.lane) != waiting[key] {
			k.fault("lane %s: calls wait: %t; listed as waiting: %t", key, waits(sum.lane), waiting[key])
		}
		if err := k.readyCalls(key, sum.ready); err != nil {
			return err
		}
	}
	return nil
}

func (k *checker) readyCalls(key call.LaneKey, want []joined) error {
	got, err := k.store.ReadyCalls(k.ctx, key, len(want)+1)
	if err != nil {
		return err
	}
	slices.SortFunc(want, func(a, b joined) int { return cmp.Or(a.at.Compare(b.at), strings.Compare(a.id, b.id)) })
	if !slices.EqualFunc(got, want, func(id string, j joined) bool { return id == j.id }) {
		k.fault("lane %s lists %d ready calls, not the %d there are, the first to have joined first", key, len(got), len(want))
	}
	return nil
}

// add counts a call's status.
func add(n *call.Counts, s call.Status) {
	switch {
	case s == call.Queued:
		n.Waiting++
	case s.Active():
		n.Active++
	case s == call.Completed:
		n.Completed++
	case s == call.Busy:
		n.Busy++
	case s == call.NoAnswer:
		n.NoAnswer++
	case s == call.Canceled:
		n.Canceled++
	case s == call.Expired:
		n.Expired++
	default:
		n.Failed++
	}
}
