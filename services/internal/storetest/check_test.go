package storetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/memory"
	"github.com/outdial/outdial/services/internal/verify"
)

func openMemory(testing.TB) Store { return memory.New(call.Capacity{Limit: 1, Rate: 1}) }

// liar is a store some of whose answers are changed.
type liar struct {
	Store
	capacity func(*call.Capacity)
	call     func(*call.Call)
	claim    func(*call.Claim) error
	counts   func(*call.Counts)
	batch    func(*call.Batch)
	lane     func(*call.Lane)
	ready    func([]string) []string
	turns    func([]call.Turn) []call.Turn
	lanes    func([]call.Lane) []call.Lane
	waiting  func([]call.Lane) []call.Lane
	due      func([]call.DueItem) []call.DueItem
}

func (l liar) Capacity(ctx context.Context) (call.Capacity, error) {
	c, err := l.Store.Capacity(ctx)
	changed(l.capacity, &c)
	return c, err
}

func (l liar) ListCalls(ctx context.Context, f call.Filter, p call.Page) ([]call.Call, string, error) {
	calls, next, err := l.Store.ListCalls(ctx, f, p)
	for i := range calls {
		changed(l.call, &calls[i])
	}
	return calls, next, err
}

func (l liar) Claim(ctx context.Context, id string, attempt int) (call.Claim, error) {
	c, err := l.Store.Claim(ctx, id, attempt)
	if l.claim != nil && err == nil {
		err = l.claim(&c)
	}
	return c, err
}

func (l liar) BatchCounts(ctx context.Context, id string) (call.Counts, error) {
	n, err := l.Store.BatchCounts(ctx, id)
	changed(l.counts, &n)
	return n, err
}

func (l liar) ListBatches(ctx context.Context, owner string, p call.Page) ([]call.Batch, string, error) {
	batches, next, err := l.Store.ListBatches(ctx, owner, p)
	for i := range batches {
		changed(l.batch, &batches[i])
	}
	return batches, next, err
}

func (l liar) Lane(ctx context.Context, key call.LaneKey) (call.Lane, error) {
	lane, err := l.Store.Lane(ctx, key)
	changed(l.lane, &lane)
	return lane, err
}

func (l liar) ReadyCalls(ctx context.Context, key call.LaneKey, limit int) ([]string, error) {
	ids, err := l.Store.ReadyCalls(ctx, key, limit)
	return listChanged(l.ready, ids), err
}

func (l liar) Turns(ctx context.Context, limit int) ([]call.Turn, error) {
	turns, err := l.Store.Turns(ctx, limit)
	return listChanged(l.turns, turns), err
}

func (l liar) Lanes(ctx context.Context, owner string, limit int) ([]call.Lane, error) {
	lanes, err := l.Store.Lanes(ctx, owner, limit)
	return listChanged(l.lanes, lanes), err
}

func (l liar) WaitingLanes(ctx context.Context) ([]call.Lane, error) {
	lanes, err := l.Store.WaitingLanes(ctx)
	return listChanged(l.waiting, lanes), err
}

func (l liar) Due(ctx context.Context, at time.Time, limit int) ([]call.DueItem, error) {
	items, err := l.Store.Due(ctx, at, limit)
	return listChanged(l.due, items), err
}

func changed[T any](change func(*T), v *T) {
	if change != nil {
		change(v)
	}
}

func listChanged[T any](change func([]T) []T, list []T) []T {
	if change != nil {
		return change(list)
	}
	return list
}

func without[T any](list []T) []T { return list[:max(0, len(list)-1)] }

func twice[T any](list []T) []T { return append(list, list...) }

func backwards[T any](list []T) []T {
	var reversed []T
	for i := range list {
		reversed = append(reversed, list[len(list)-1-i])
	}
	return reversed
}

// TestCheckFindsWhatCantBe: a checker that finds nothing proves nothing.
func TestCheckFindsWhatCantBe(t *testing.T) {
	t.Parallel()
	f := newFixture(t, openMemory)
	populate(f)
	f.redrive()
	if err := verify.Check(t.Context(), f.store); err != nil {
		t.Fatalf("a store that is all right: %v", err)
	}
	for _, lie := range []struct {
		name string
		told liar
		want string
	}{
		{"a slot too many", liar{capacity: func(c *call.Capacity) { c.InUse++ }}, "slots in use"},
		{"a call that is not in its lane's count", liar{lane: func(l *call.Lane) { l.Ready++ }}, "its calls say"},
		{"a lane that is closed by nobody", liar{lane: func(l *call.Lane) { l.Closed = true }}, "its calls say"},
		{"a ready call that is not listed", liar{ready: without[string]}, "ready calls"},
		{"ready calls in the wrong order", liar{ready: backwards[string]}, "ready calls"},
		{"an owner that is not in turn", liar{turns: without[call.Turn]}, "is not in turn"},
		{"an owner listed twice", liar{turns: twice[call.Turn]}, "is listed with"},
		{"owners in the wrong order", liar{turns: backwards[call.Turn]}, "not listed in turn"},
		{"a lane that is not in turn", liar{lanes: without[call.Lane]}, "lanes listed"},
		{"a waiting lane that is not listed", liar{waiting: without[call.Lane]}, "listed as waiting: false"},
		{"a count that has drifted", liar{counts: func(n *call.Counts) { n.Completed++ }}, "its calls and rows are"},
		{"a batch expanded further than its calls", liar{batch: func(b *call.Batch) { b.Expanded-- }}, "is expanded to"},
		{"an unfinished batch that nobody watches", liar{batch: func(b *call.Batch) { b.Rows++ }}, "rows, active, due"},
		{"a due item that is not listed", liar{due: without[call.DueItem]}, "not listed"},
		{"an item listed as due that is not", liar{due: twice[call.DueItem]}, "and is not"},
		{"due items in the wrong order", liar{due: backwards[call.DueItem]}, "in the order of time"},
		{"an active call that nobody watches", liar{call: func(c *call.Call) { c.Due = time.Time{} }}, "and has no due"},
		{"an attempt that ended with its claim open", liar{claim: func(c *call.Claim) error {
			c.Holder = call.HolderNone
			return nil
		}}, "is not closed"},
		{"an active attempt without a claim", liar{claim: func(*call.Claim) error { return call.ErrNotFound }}, "absent"},
	} {
		t.Run(lie.name, func(t *testing.T) {
			t.Parallel()
			lie.told.Store = f.store
			err := verify.Check(t.Context(), lie.told)
			if err == nil || !strings.Contains(err.Error(), lie.want) {
				t.Errorf("told: %v; looked for %q", err, lie.want)
			}
		})
	}
}
