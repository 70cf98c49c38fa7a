package storetest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// model is the naive store with which others are compared. It keeps items and
// nothing else: what a store counts and indexes, it finds out each time by looking
// at all of them. Only turns must be kept, since no record tells them.
//
// It serves one goroutine, copies nothing and pages nothing. What the comparison
// does not ask for is left out: the embedded Store is nil.
type model struct {
	Store
	room     call.Capacity // but for the slots in use
	calls    map[string]call.Call
	claims   map[claimName]call.Claim
	records  map[string]call.Batch
	redrives map[string]call.Redrive
	keys     map[[2]string]call.IdempotencyKey
	turns    map[string]int64 // of owners, by name, and of lanes, by key
}

type claimName struct {
	call    string
	attempt int
}

func newModel(start call.Capacity) *model {
	return &model{
		room: start, calls: map[string]call.Call{}, claims: map[claimName]call.Claim{}, records: map[string]call.Batch{},
		redrives: map[string]call.Redrive{}, keys: map[[2]string]call.IdempotencyKey{}, turns: map[string]int64{},
	}
}

func item[K comparable, T any](items map[K]T, k K) (T, error) {
	v, ok := items[k]
	if !ok {
		return v, call.ErrNotFound
	}
	return v, nil
}

// Call reads what was written last.
func (m *model) Call(_ context.Context, id string) (call.Call, error) { return item(m.calls, id) }

// Claim reads what was written last.
func (m *model) Claim(_ context.Context, id string, attempt int) (call.Claim, error) {
	return item(m.claims, claimName{id, attempt})
}

// Batch reads what was written last.
func (m *model) Batch(_ context.Context, id string) (call.Batch, error) { return item(m.records, id) }

// Redrive reads what was written last.
func (m *model) Redrive(_ context.Context, id string) (call.Redrive, error) {
	return item(m.redrives, id)
}

// Key reads a key that has not expired.
func (m *model) Key(_ context.Context, owner, key string, now time.Time) (call.IdempotencyKey, error) {
	k, err := item(m.keys, [2]string{owner, key})
	if err == nil && !now.Before(k.ExpiresAt) {
		return k, call.ErrNotFound
	}
	return k, err
}

// Capacity counts the active calls.
func (m *model) Capacity(context.Context) (call.Capacity, error) { return m.capacity(), nil }

func (m *model) capacity() call.Capacity {
	room := m.room
	room.InUse = len(m.those(func(c call.Call) bool { return c.Status.Active() }))
	return room
}

// BatchCounts counts the calls of a batch, and the rows that are none yet.
func (m *model) BatchCounts(_ context.Context, id string) (call.Counts, error) {
	b, err := item(m.records, id)
	n := call.Counts{Waiting: b.Rows - b.Expanded}
	for _, c := range m.those(func(c call.Call) bool { return c.BatchID == id }) {
		add(&n, c.Status)
	}
	return n, err
}

// those are the calls for which keep says yes, in the order of ids.
func (m *model) those(keep func(call.Call) bool) []call.Call {
	calls := where(slices.Collect(maps.Values(m.calls)), false, keep)
	slices.SortFunc(calls, func(a, b call.Call) int { return strings.Compare(a.ID, b.ID) })
	return calls
}

// ListCalls lists all calls.
func (m *model) ListCalls(context.Context, call.Filter, call.Page) ([]call.Call, string, error) {
	return m.those(func(call.Call) bool { return true }), "", nil
}

// ListDeadLetters lists all dead-lettered calls.
func (m *model) ListDeadLetters(context.Context, call.DeadLetterFilter, call.Page) ([]call.Call, string, error) {
	return m.those(call.Call.DeadLettered), "", nil
}

// ListBatches lists all batches.
func (m *model) ListBatches(context.Context, string, call.Page) ([]call.Batch, string, error) {
	batches := slices.Collect(maps.Values(m.records))
	slices.SortFunc(batches, func(a, b call.Batch) int { return strings.Compare(a.ID, b.ID) })
	return batches, "", nil
}

// Due looks for what has a due.
func (m *model) Due(context.Context, time.Time, int) ([]call.DueItem, error) {
	var items []call.DueItem
	for id, c := range m.calls {
		items = append(items, call.DueItem{Kind: call.DueCall, ID: id, Due: c.Due})
	}
	for id, b := range m.records {
		items = append(items, call.DueItem{Kind: call.DueBatch, ID: id, Due: b.Due})
	}
	for id, r := range m.redrives {
		items = append(items, call.DueItem{Kind: call.DueRedrive, ID: id, Due: r.Due})
	}
	items = where(items, false, func(d call.DueItem) bool { return !d.Due.IsZero() })
	slices.SortFunc(items, func(a, b call.DueItem) int { return a.Due.Compare(b.Due) })
	return items, nil
}

// Lane counts the calls of a lane.
func (m *model) Lane(_ context.Context, key call.LaneKey) (call.Lane, error) { return m.lane(key), nil }

func (m *model) lane(key call.LaneKey) call.Lane {
	lane := call.Lane{LaneKey: key, Turn: m.turns[key.String()]}
	for _, c := range m.those(func(c call.Call) bool { return c.Lane() == key && c.Status == call.Queued }) {
		reasons := map[call.WaitReason]*int{call.WaitSchedule: &lane.Schedule, call.WaitRetry: &lane.Retry, call.WaitWindow: &lane.Window}
		if n := reasons[c.Wait.Reason]; n != nil {
			*n++
		} else {
			lane.Ready++
		}
	}
	b, ok := m.records[key.BatchID]
	lane.Closed = ok && b.State != call.StateActive
	return lane
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

// lanes are all lanes that an item speaks of.
func (m *model) lanes() []call.Lane {
	keys := set[call.LaneKey]{}
	for _, c := range m.calls {
		keys[c.Lane()] = true
	}
	for _, b := range m.records {
		keys[b.Lane()] = true
	}
	var lanes []call.Lane
	for key := range keys {
		lanes = append(lanes, m.lane(key))
	}
	slices.SortFunc(lanes, func(a, b call.Lane) int { return cmp.Compare(a.Turn, b.Turn) })
	return lanes
}

// Lanes looks for an owner's lanes with ready calls.
func (m *model) Lanes(_ context.Context, owner string, _ int) ([]call.Lane, error) {
	return m.lanesInTurn(owner), nil
}

func (m *model) lanesInTurn(owner string) []call.Lane {
	return where(m.lanes(), false, func(l call.Lane) bool { return l.Owner == owner && l.InTurn() })
}

// WaitingLanes looks for lanes with waiting calls.
func (m *model) WaitingLanes(context.Context) ([]call.Lane, error) {
	return where(m.lanes(), false, func(l call.Lane) bool { return l.Ready+l.Schedule+l.Retry+l.Window > 0 }), nil
}

// ReadyCalls looks for the ready calls of a lane.
func (m *model) ReadyCalls(_ context.Context, key call.LaneKey, _ int) ([]string, error) {
	ready := m.those(func(c call.Call) bool { return c.Ready() && c.Lane() == key })
	slices.SortStableFunc(ready, func(a, b call.Call) int { return a.ReadyAt.Compare(b.ReadyAt) })
	return idsOf(ready), nil
}

// Turns looks for owners with lanes in turn.
func (m *model) Turns(context.Context, int) ([]call.Turn, error) {
	lanes := map[string]int{}
	for _, lane := range m.lanes() {
		if lane.InTurn() {
			lanes[lane.Owner]++
		}
	}
	var turns []call.Turn
	for owner, n := range lanes {
		turns = append(turns, call.Turn{Owner: owner, Lanes: n, Turn: m.turns["owner "+owner]})
	}
	slices.SortFunc(turns, func(a, b call.Turn) int { return cmp.Compare(a.Turn, b.Turn) })
	return turns, nil
}
