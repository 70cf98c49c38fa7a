package main

import (
	"context"
	"errors"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/memory"
)

// pacedStore is the store as a function sees it: each answer takes its time.
type pacedStore struct {
	*memory.Store
	w *outdial
	a *actor
}

// Apply writes, and moves the gauges.
func (s pacedStore) Apply(ctx context.Context, ch call.Change) error {
	s.a.sleep(writeTime)
	if err := s.Store.Apply(ctx, ch); err != nil {
		return err
	}
	s.w.inUse.add(ch.Slots())
	if ch.Move == call.MoveAdmitted {
		s.w.waiting.add(-1)
	}
	switch {
	case ch.After.Status == call.Queued:
		s.w.waiting.add(1)
	case ch.After.Failure != nil && ch.After.Failure.Reason != call.ReasonCarrierError:
		s.w.fail(errors.New("a call failed of itself: " + ch.After.Failure.Message))
	}
	if ch.After.Status.Final() {
		s.w.finished++
	}
	return nil
}

// Call reads.
func (s pacedStore) Call(ctx context.Context, id string) (call.Call, error) {
	s.a.sleep(readTime)
	return s.Store.Call(ctx, id)
}

// Claim reads.
func (s pacedStore) Claim(ctx context.Context, id string, attempt int) (call.Claim, error) {
	s.a.sleep(readTime)
	return s.Store.Claim(ctx, id, attempt)
}

// Capacity reads.
func (s pacedStore) Capacity(ctx context.Context) (call.Capacity, error) {
	s.a.sleep(readTime)
	return s.Store.Capacity(ctx)
}

// Turns reads.
func (s pacedStore) Turns(ctx context.Context, limit int) ([]call.Turn, error) {
	s.a.sleep(readTime)
	return s.Store.Turns(ctx, limit)
}

// Lanes reads.
func (s pacedStore) Lanes(ctx context.Context, owner string, limit int) ([]call.Lane, error) {
	s.a.sleep(readTime)
	return s.Store.Lanes(ctx, owner, limit)
}

// ReadyCalls reads.
func (s pacedStore) ReadyCalls(ctx context.Context, lane call.LaneKey, limit int) ([]string, error) {
	s.a.sleep(readTime)
	return s.Store.ReadyCalls(ctx, lane, limit)
}
