package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// Due lists what is due at or before the given time, the longest overdue first.
func (s *Store) Due(_ context.Context, at time.Time, limit int) ([]call.DueItem, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var items []call.DueItem
	s.index.due.Scan(func(item call.DueItem) bool {
		if len(items) == limit || item.Due.After(at) {
			return false
		}
		items = append(items, item)
		return true
	})
	return items, nil
}

// Turns lists the owners in turn.
func (s *Store) Turns(_ context.Context, limit int) ([]call.Turn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return first(s.index.turns, limit), nil
}

// Lanes lists an owner's lanes in turn.
func (s *Store) Lanes(_ context.Context, owner string, limit int) ([]call.Lane, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.index.lanes.first(owner, limit), nil
}

// ReadyCalls lists the ids of a lane's ready calls, the first to have joined first.
func (s *Store) ReadyCalls(_ context.Context, lane call.LaneKey, limit int) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ready []string
	for _, c := range s.index.ready.first(lane, limit) {
		ready = append(ready, c.ID)
	}
	return ready, nil
}

// Lane reads one lane.
func (s *Store) Lane(_ context.Context, key call.LaneKey) (call.Lane, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lane(key), nil
}

func (s *Store) lane(key call.LaneKey) call.Lane {
	if lane, ok := s.lanes[key]; ok {
		return lane
	}
	return call.Lane{LaneKey: key}
}

func (s *Store) turn(owner string) call.Turn {
	if turn, ok := s.turns[owner]; ok {
		return turn
	}
	return call.Turn{Owner: owner}
}

// WaitingLanes lists every lane in which a call waits, by owner and batch.
func (s *Store) WaitingLanes(context.Context) ([]call.Lane, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var waiting []call.Lane
	for _, lane := range s.lanes {
		if lane.Ready+lane.Schedule+lane.Retry+lane.Window > 0 {
			waiting = append(waiting, lane)
		}
	}
	slices.SortFunc(waiting, func(a, b call.Lane) int {
		return cmp.Or(strings.Compare(a.Owner, b.Owner), strings.Compare(a.BatchID, b.BatchID))
	})
	return waiting, nil
}

// ListCalls gives the calls that match, in the order of ids.
func (s *Store) ListCalls(_ context.Context, f call.Filter, p call.Page) ([]call.Call, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := scope{owner: f.Owner}
	if f.BatchID != "" {
		in = scope{batch: f.BatchID}
	}
	return s.page(s.index.calls, in, p, func(c *call.Call) bool { return matches(f, c) })
}

func matches(f call.Filter, c *call.Call) bool {
	switch {
	case f.Owner != "" && c.Owner != f.Owner,
		f.Number != "" && c.Number != f.Number,
		len(f.Statuses) > 0 && !slices.Contains(f.Statuses, c.Status),
		!f.From.IsZero() && c.CreatedAt.Before(f.From),
		!f.To.IsZero() && !c.CreatedAt.Before(f.To):
		return false
	}
	return true
}

// ListDeadLetters gives the dead-lettered calls that match, in the order of ids.
func (s *Store) ListDeadLetters(_ context.Context, f call.DeadLetterFilter, p call.Page) ([]call.Call, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.page(s.index.dead, scope{owner: f.Owner}, p, func(c *call.Call) bool {
		return (f.Cause == "" || c.Failure.Cause == f.Cause) && (f.BatchID == "" || c.BatchID == f.BatchID)
	})
}

// page gives the calls of one page of an index, and the cursor of the next one.
func (s *Store) page(x ids, in scope, p call.Page, match func(*call.Call) bool) (calls []call.Call, next string, err error) {
	last := p.After
	x.walk(in, p, func(id string) bool {
		c := s.calls[id]
		if !match(c) {
			return true
		}
		if len(calls) >= p.Limit {
			next = last
			return false
		}
		calls = append(calls, cloneCall(*c))
		last = id
		return true
	})
	return calls, next, nil
}

// ListBatches gives the batches of one owner, or of all.
func (s *Store) ListBatches(_ context.Context, owner string, p call.Page) (batches []call.Batch, next string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := p.After
	s.index.batches.walk(scope{owner: owner}, p, func(id string) bool {
		if len(batches) >= p.Limit {
			next = last
			return false
		}
		batches = append(batches, cloneBatch(s.batches[id].record))
		last = id
		return true
	})
	return batches, next, nil
}
