package dynamo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/outdial/outdial/services/internal/call"
)

// ListCalls gives the calls that match, in the order of ids, and the cursor of
// the next page. The ids come from wherever the filter finds the fewest: see
// doc.go. Their records are read a hundred at a time until the page is full.
func (s *Store) ListCalls(ctx context.Context, f call.Filter, p call.Page) ([]call.Call, string, error) {
	l := &listing{s: s, f: f, w: windowOf(f, p)}
	ids, err := l.ids(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("list calls: %w", err)
	}
	calls, next, err := fill(ctx, s, p, l.w, ids, callKey, func(c call.Call) bool { return chosen(f, c) })
	if err != nil {
		return nil, "", fmt.Errorf("list calls: %w", err)
	}
	return calls, next, nil
}

// ListDeadLetters gives the dead-lettered calls that match, in the order of ids.
func (s *Store) ListDeadLetters(ctx context.Context, f call.DeadLetterFilter, p call.Page) ([]call.Call, string, error) {
	w := windowOf(call.Filter{BatchID: f.BatchID}, p)
	ids := s.indexed(queueIndex, deadPartition, w)
	calls, next, err := fill(ctx, s, p, w, ids, callKey, func(c call.Call) bool {
		return c.DeadLettered() && (f.Cause == "" || f.Cause == c.Failure.Cause) &&
			chosen(call.Filter{Owner: f.Owner, BatchID: f.BatchID}, c)
	})
	if err != nil {
		return nil, "", fmt.Errorf("list dead letters: %w", err)
	}
	return calls, next, nil
}

// ListBatches gives the batches of one owner, or of all.
func (s *Store) ListBatches(ctx context.Context, owner string, p call.Page) ([]call.Batch, string, error) {
	w := windowOf(call.Filter{}, p)
	batches, next, err := fill(ctx, s, p, w, s.batches(owner, w), batchKey, func(call.Batch) bool { return true })
	if err != nil {
		return nil, "", fmt.Errorf("list batches: %w", err)
	}
	return batches, next, nil
}

func (s *Store) batches(owner string, w window) stream {
	if owner == "" {
		return s.indexed(allIndex, allBatchesPartition, w)
	}
	return s.indexed(listIndex, batchesPartition(owner), w)
}

func (s *Store) singleCalls(owner string, w window) stream {
	if owner == "" {
		return s.indexed(allIndex, allCallsPartition, w)
	}
	return s.indexed(listIndex, callsPartition(owner), w)
}

// listing is one list of calls.
type listing struct {
	s      *Store
	f      call.Filter
	w      window
	active []string // the ids of all active calls, once they were asked for
}

// ids gives the ids among which the filter's calls are.
func (l *listing) ids(ctx context.Context) (stream, error) {
	switch {
	case l.f.Number != "":
		return l.s.indexed(numberIndex, "number#"+l.f.Number, l.w), nil
	case l.f.BatchID != "":
		return l.ofBatch(ctx, l.f.BatchID)
	case l.only(call.Status.Active):
		active, err := l.activeCalls(ctx)
		return listed(active, l.w), err
	}
	return merged(l.w, l.s.singleCalls(l.f.Owner, l.w), expanded(l.s.batches(l.f.Owner, l.w), l.ofBatch)), nil
}

// only tells whether the filter asks for such statuses alone.
func (l *listing) only(such func(call.Status) bool) bool {
	return len(l.f.Statuses) > 0 && !slices.ContainsFunc(l.f.Statuses, func(s call.Status) bool { return !such(s) })
}

func (l *listing) activeCalls(ctx context.Context) ([]string, error) {
	if l.active == nil {
		active, err := l.s.activeCalls(ctx)
		if err != nil {
			return nil, err
		}
		l.active = append([]string{}, active...)
	}
	return l.active, nil
}

// ofBatch gives the ids of a batch's calls: those that ended in the statuses
// asked for, and those that are active; or every row, when waiting ones are asked
// for too.
func (l *listing) ofBatch(ctx context.Context, id string) (stream, error) {
	stored, err := l.s.getAll(ctx, false, batchKey(id), batchLaneKey(id))
	if err != nil {
		return nil, err
	}
	var b call.Batch
	var counts call.Counts
	for _, one := range stored {
		if strOf(one, partitionKey) == batchLaneKey(id).partition {
			counts = countsOf(one)
		} else if b, err = recordOf[call.Batch](one); err != nil {
			return nil, fmt.Errorf("batch %s: %w", id, err)
		}
	}
	if l.f.Owner != "" && b.Owner != l.f.Owner {
		return listed(nil, l.w), nil
	}
	if !l.only(func(s call.Status) bool { return s != call.Queued }) {
		if l.only(func(s call.Status) bool { return s == call.Queued }) && counts.Waiting == 0 {
			return listed(nil, l.w), nil
		}
		return rows(b, l.w), nil
	}
	var streams []stream
	if slices.ContainsFunc(l.f.Statuses, call.Status.Active) {
		active, err := l.activeCalls(ctx)
		if err != nil {
			return nil, err
		}
		streams = append(streams, listed(ofBatch(active, id), l.w))
	}
	for _, status := range slices.Compact(slices.Sorted(slices.Values(l.f.Statuses))) {
		if status.Final() && ended(counts, status) > 0 {
			for n := range laneShards {
				streams = append(streams, l.s.indexed(listIndex, endedPartition(id, status, n), l.w))
			}
		}
	}
	return merged(l.w, streams...), nil
}

// ofBatch are those ids that are of a batch's calls.
func ofBatch(ids []string, batchID string) []string {
	first, last := call.BatchCallID(batchID, 0), call.BatchCallID(batchID, 999_999)
	var of []string
	for _, id := range ids {
		if id > first && id <= last {
			of = append(of, id)
		}
	}
	return of
}

// ended is how many calls of a batch ended in a status.
func ended(n call.Counts, s call.Status) int {
	switch s {
	case call.Completed:
		return n.Completed
	case call.Busy:
		return n.Busy
	case call.NoAnswer:
		return n.NoAnswer
	case call.Canceled:
		return n.Canceled
	case call.Expired:
		return n.Expired
	}
	return n.Failed
}

// chosen tells whether a filter chooses a call.
func chosen(f call.Filter, c call.Call) bool {
	return (f.Owner == "" || c.Owner == f.Owner) &&
		(f.BatchID == "" || c.BatchID == f.BatchID) &&
		(f.Number == "" || c.Number == f.Number) &&
		(len(f.Statuses) == 0 || slices.Contains(f.Statuses, c.Status)) &&
		(f.From.IsZero() || !c.CreatedAt.Before(f.From)) &&
		(f.To.IsZero() || c.CreatedAt.Before(f.To))
}

// fill reads the records of a stream's ids until the page is full, and gives the
// cursor of the next page.
func fill[T any](ctx context.Context, s *Store, p call.Page, w window, ids stream, at func(id string) key, keep func(T) bool) (kept []T, next string, err error) {
	next = p.After
	last := ""
	for ended := false; !ended; {
		var group []string
		for len(group) < min(mostGets, p.Limit+1-len(kept)) && !ended {
			id, err := ids(ctx)
			if err != nil {
				return nil, "", err
			}
			ended = id == ""
			if !ended && id != last && w.holds(id) { // of two lists one may lag behind, and both show it
				group = append(group, id)
			}
			last = id
		}
		records, err := readAll[T](ctx, s, group, at)
		if err != nil {
			return nil, "", err
		}
		for _, id := range group {
			v, found := records[id]
			if !found {
				continue // an index may show what isn't there yet
			}
			if !keep(v) {
				continue
			}
			if len(kept) == p.Limit {
				return kept, next, nil
			}
			kept, next = append(kept, v), id
		}
	}
	return kept, "", nil
}

// readAll reads records by their ids.
func readAll[T any](ctx context.Context, s *Store, ids []string, at func(id string) key) (map[string]T, error) {
	keys := make([]key, len(ids))
	for i, id := range ids {
		keys[i] = at(id)
	}
	stored, err := s.getAll(ctx, false, keys...)
	if err != nil {
		return nil, err
	}
	records := make(map[string]T, len(stored))
	for _, one := range stored {
		v, err := recordOf[T](one)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", strOf(one, partitionKey), err)
		}
		records[idIn(one)] = v
	}
	return records, nil
}

// clockSlack is how far the time in an id may be from the call's time of
// creation: the id is made first, and the calls of a batch have the batch's.
const clockSlack = time.Minute

// windowOf is where the calls of a filter and a page can be: every ULID begins
// with its time.
func windowOf(f call.Filter, p call.Page) window {
	w := window{"", highest, p.Desc}
	if f.BatchID != "" {
		w.from, w.to = position(f.BatchID)+"-", position(f.BatchID)+"-"+highest
	}
	if !f.From.IsZero() {
		w.from = max(w.from, ulidTime(f.From.Add(-clockSlack)))
	}
	if !f.To.IsZero() {
		w.to = min(w.to, ulidTime(f.To.Add(clockSlack))+highest)
	}
	switch {
	case p.After == "":
	case p.Desc:
		w.to = min(w.to, position(p.After))
	default:
		w.from = max(w.from, position(p.After))
	}
	return w
}

// ulidTime is how the ULIDs of a time begin.
func ulidTime(t time.Time) string {
	var u ulid.ULID
	ms := min(max(t.UnixMilli(), 0), int64(ulid.MaxTime()))
	if err := u.SetTime(uint64(ms)); err != nil {
		return ""
	}
	return u.String()[:10]
}
