package testworld

import (
	"context"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/storetest"
)

// faultyStore is the store as worker, tracker and services see it.
type faultyStore struct {
	storetest.Store
	w *World
}

// Lists change what the store's lists show, since lists are hints that may lag
// behind. Nil shows the truth. What is shown is cut to what was asked for.
type Lists struct {
	Turns func(truth []call.Turn) []call.Turn
	Lanes func(truth []call.Lane) []call.Lane
	Ready func(truth []string) []string
	Due   func(truth []call.DueItem) []call.DueItem
	Dead  func(truth []call.Call) []call.Call
}

// all is more than any test makes.
const all = 100_000

func shown[T any](list []T, err error, limit int, change func([]T) []T) ([]T, error) {
	if err == nil && change != nil {
		list = change(list)
	}
	return list[:min(limit, len(list))], err
}

// Turns lists the owners in turn, as World.Lists has it.
func (s faultyStore) Turns(ctx context.Context, limit int) ([]call.Turn, error) {
	return read(s.w, "store.Turns", func() ([]call.Turn, error) {
		list, err := s.Store.Turns(ctx, all)
		return shown(list, err, limit, s.w.Lists.Turns)
	})
}

// Lanes lists an owner's lanes in turn, as World.Lists has it.
func (s faultyStore) Lanes(ctx context.Context, owner string, limit int) ([]call.Lane, error) {
	return read(s.w, "store.Lanes", func() ([]call.Lane, error) {
		list, err := s.Store.Lanes(ctx, owner, all)
		return shown(list, err, limit, s.w.Lists.Lanes)
	})
}

// ReadyCalls lists a lane's ready calls, as World.Lists has it.
func (s faultyStore) ReadyCalls(ctx context.Context, lane call.LaneKey, limit int) ([]string, error) {
	return read(s.w, "store.ReadyCalls", func() ([]string, error) {
		list, err := s.Store.ReadyCalls(ctx, lane, all)
		return shown(list, err, limit, s.w.Lists.Ready)
	})
}

// Due lists what is due, as World.Lists has it.
func (s faultyStore) Due(ctx context.Context, at time.Time, limit int) ([]call.DueItem, error) {
	return read(s.w, "store.Due", func() ([]call.DueItem, error) {
		list, err := s.Store.Due(ctx, at, all)
		return shown(list, err, limit, s.w.Lists.Due)
	})
}

// ListDeadLetters lists dead letters, as World.Lists has it.
func (s faultyStore) ListDeadLetters(ctx context.Context, f call.DeadLetterFilter, p call.Page) ([]call.Call, string, error) {
	var next string
	calls, err := read(s.w, "store.ListDeadLetters", func() (list []call.Call, err error) {
		list, next, err = s.Store.ListDeadLetters(ctx, f, p)
		return shown(list, err, p.Limit, s.w.Lists.Dead)
	})
	return calls, next, err
}

// Call reads a call.
func (s faultyStore) Call(ctx context.Context, id string) (call.Call, error) {
	return read(s.w, "store.Call", func() (call.Call, error) { return s.Store.Call(ctx, id) })
}

// Claim reads a claim.
func (s faultyStore) Claim(ctx context.Context, id string, attempt int) (call.Claim, error) {
	return read(s.w, "store.Claim", func() (call.Claim, error) { return s.Store.Claim(ctx, id, attempt) })
}

// ReadAhead reads records and claims.
func (s faultyStore) ReadAhead(ctx context.Context, attempts []call.AttemptID) (call.Ahead, error) {
	return read(s.w, "store.ReadAhead", func() (call.Ahead, error) { return s.Store.ReadAhead(ctx, attempts) })
}

// Lane reads a lane.
func (s faultyStore) Lane(ctx context.Context, key call.LaneKey) (call.Lane, error) {
	return read(s.w, "store.Lane", func() (call.Lane, error) { return s.Store.Lane(ctx, key) })
}

// Capacity reads the capacity.
func (s faultyStore) Capacity(ctx context.Context) (call.Capacity, error) {
	return read(s.w, "store.Capacity", func() (call.Capacity, error) { return s.Store.Capacity(ctx) })
}

// Batch reads a batch.
func (s faultyStore) Batch(ctx context.Context, id string) (call.Batch, error) {
	return read(s.w, "store.Batch", func() (call.Batch, error) { return s.Store.Batch(ctx, id) })
}

// Chunk reads some of a batch's rows.
func (s faultyStore) Chunk(ctx context.Context, batchID string, n int) ([]call.Row, error) {
	return read(s.w, "store.Chunk", func() ([]call.Row, error) { return s.Store.Chunk(ctx, batchID, n) })
}

// Redrive reads a redrive.
func (s faultyStore) Redrive(ctx context.Context, id string) (call.Redrive, error) {
	return read(s.w, "store.Redrive", func() (call.Redrive, error) { return s.Store.Redrive(ctx, id) })
}

// Apply writes a change, which must break no promise.
func (s faultyStore) Apply(ctx context.Context, ch call.Change) error {
	return write(s.w, "store.Apply", func() error {
		err := s.Store.Apply(ctx, ch)
		if err == nil {
			s.w.watch(ch)
		}
		return err
	})
}

// SetCapacity writes limit, rate and stop.
func (s faultyStore) SetCapacity(ctx context.Context, before, after call.Capacity) error {
	return write(s.w, "store.SetCapacity", func() error { return s.Store.SetCapacity(ctx, before, after) })
}

// ApplyBatch writes a change of a batch, which must break no promise.
func (s faultyStore) ApplyBatch(ctx context.Context, ch call.BatchChange) error {
	return write(s.w, "store.ApplyBatch", func() error {
		err := s.Store.ApplyBatch(ctx, ch)
		if err == nil {
			s.w.watchBatch(ch)
		}
		return err
	})
}

// KeepChunks takes the expiry off a batch's rows.
func (s faultyStore) KeepChunks(ctx context.Context, batchID string) error {
	return write(s.w, "store.KeepChunks", func() error { return s.Store.KeepChunks(ctx, batchID) })
}

// ApplyRedrive writes a change of a redrive.
func (s faultyStore) ApplyRedrive(ctx context.Context, ch call.RedriveChange) error {
	return write(s.w, "store.ApplyRedrive", func() error { return s.Store.ApplyRedrive(ctx, ch) })
}
