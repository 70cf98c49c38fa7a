package httpapi_test

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/memory"
)

// watched is the memory store as the API and its use cases see it. It counts what
// is read and written, and fails as a test says.
type watched struct {
	*memory.Store
	reads, writes atomic.Int64
	fault         atomic.Pointer[fault]
}

// fault is a failure of the store.
type fault struct {
	method string // which fails; empty: every one
	err    error  // nil: it panics
	after  bool   // it fails after taking effect
	once   bool   // and only the first time
}

func (s *watched) fails(method string) *fault {
	f := s.fault.Load()
	if f == nil || f.method != "" && f.method != method {
		return nil
	}
	if f.once && !s.fault.CompareAndSwap(f, nil) {
		return nil
	}
	return f
}

func through[T any](s *watched, method string, do func() (T, error)) (result T, err error) {
	f := s.fails(method)
	if f == nil || f.after {
		result, err = do()
	}
	switch {
	case f != nil && f.err == nil:
		panic("the store panics")
	case f != nil:
		var none T
		return none, f.err
	}
	return result, err
}

func read[T any](s *watched, method string, do func() (T, error)) (T, error) {
	s.reads.Add(1)
	return through(s, method, do)
}

func (s *watched) write(method string, do func() error) error {
	s.writes.Add(1)
	_, err := through(s, method, func() (struct{}, error) { return struct{}{}, do() })
	return err
}

type page[T any] struct {
	items []T
	next  string
}

func pageOf[T any](items []T, next string, err error) (page[T], error) {
	return page[T]{items, next}, err
}

func (s *watched) Call(ctx context.Context, id string) (call.Call, error) {
	return read(s, "Call", func() (call.Call, error) { return s.Store.Call(ctx, id) })
}

func (s *watched) Claim(ctx context.Context, callID string, attempt int) (call.Claim, error) {
	return read(s, "Claim", func() (call.Claim, error) { return s.Store.Claim(ctx, callID, attempt) })
}

func (s *watched) ListCalls(ctx context.Context, f call.Filter, p call.Page) ([]call.Call, string, error) {
	got, err := read(s, "ListCalls", func() (page[call.Call], error) { return pageOf(s.Store.ListCalls(ctx, f, p)) })
	return got.items, got.next, err
}

func (s *watched) ListDeadLetters(ctx context.Context, f call.DeadLetterFilter, p call.Page) ([]call.Call, string, error) {
	got, err := read(s, "ListDeadLetters", func() (page[call.Call], error) { return pageOf(s.Store.ListDeadLetters(ctx, f, p)) })
	return got.items, got.next, err
}

func (s *watched) Batch(ctx context.Context, id string) (call.Batch, error) {
	return read(s, "Batch", func() (call.Batch, error) { return s.Store.Batch(ctx, id) })
}

func (s *watched) BatchCounts(ctx context.Context, id string) (call.Counts, error) {
	return read(s, "BatchCounts", func() (call.Counts, error) { return s.Store.BatchCounts(ctx, id) })
}

func (s *watched) CountsOfBatches(ctx context.Context, ids []string) (map[string]call.Counts, error) {
	return read(s, "CountsOfBatches", func() (map[string]call.Counts, error) { return s.Store.CountsOfBatches(ctx, ids) })
}

func (s *watched) BatchSettings(ctx context.Context, id string) (call.Settings, error) {
	return read(s, "BatchSettings", func() (call.Settings, error) { return s.Store.BatchSettings(ctx, id) })
}

func (s *watched) ListBatches(ctx context.Context, owner string, p call.Page) ([]call.Batch, string, error) {
	got, err := read(s, "ListBatches", func() (page[call.Batch], error) { return pageOf(s.Store.ListBatches(ctx, owner, p)) })
	return got.items, got.next, err
}

func (s *watched) Refused(ctx context.Context, id string, after, limit int) ([]call.RefusedRow, error) {
	return read(s, "Refused", func() ([]call.RefusedRow, error) { return s.Store.Refused(ctx, id, after, limit) })
}

func (s *watched) Redrive(ctx context.Context, id string) (call.Redrive, error) {
	return read(s, "Redrive", func() (call.Redrive, error) { return s.Store.Redrive(ctx, id) })
}

func (s *watched) CapacitySamples(ctx context.Context, from, to time.Time) ([]call.CapacitySample, error) {
	return read(s, "CapacitySamples", func() ([]call.CapacitySample, error) { return s.Store.CapacitySamples(ctx, from, to) })
}

func (s *watched) BatchSamples(ctx context.Context, id string, from, to time.Time) ([]call.BatchSample, error) {
	return read(s, "BatchSamples", func() ([]call.BatchSample, error) { return s.Store.BatchSamples(ctx, id, from, to) })
}

func (s *watched) Key(ctx context.Context, owner, key string, now time.Time) (call.IdempotencyKey, error) {
	return read(s, "Key", func() (call.IdempotencyKey, error) { return s.Store.Key(ctx, owner, key, now) })
}

func (s *watched) Capacity(ctx context.Context) (call.Capacity, error) {
	return read(s, "Capacity", func() (call.Capacity, error) { return s.Store.Capacity(ctx) })
}

func (s *watched) Lane(ctx context.Context, key call.LaneKey) (call.Lane, error) {
	return read(s, "Lane", func() (call.Lane, error) { return s.Store.Lane(ctx, key) })
}

func (s *watched) WaitingLanes(ctx context.Context) ([]call.Lane, error) {
	return read(s, "WaitingLanes", func() ([]call.Lane, error) { return s.Store.WaitingLanes(ctx) })
}

func (s *watched) Apply(ctx context.Context, ch call.Change) error {
	return s.write("Apply", func() error { return s.Store.Apply(ctx, ch) })
}

func (s *watched) ApplyBatch(ctx context.Context, ch call.BatchChange) error {
	return s.write("ApplyBatch", func() error { return s.Store.ApplyBatch(ctx, ch) })
}

func (s *watched) ApplyRedrive(ctx context.Context, ch call.RedriveChange) error {
	return s.write("ApplyRedrive", func() error { return s.Store.ApplyRedrive(ctx, ch) })
}

func (s *watched) PutKey(ctx context.Context, k call.IdempotencyKey, now time.Time) error {
	return s.write("PutKey", func() error { return s.Store.PutKey(ctx, k, now) })
}

func (s *watched) PutChunk(ctx context.Context, id string, n int, rows []call.Row) error {
	return s.write("PutChunk", func() error { return s.Store.PutChunk(ctx, id, n, rows) })
}

func (s *watched) PutRefused(ctx context.Context, id string, n int, rows []call.RefusedRow) error {
	return s.write("PutRefused", func() error { return s.Store.PutRefused(ctx, id, n, rows) })
}

func (s *watched) SetCapacity(ctx context.Context, before, after call.Capacity) error {
	return s.write("SetCapacity", func() error { return s.Store.SetCapacity(ctx, before, after) })
}
