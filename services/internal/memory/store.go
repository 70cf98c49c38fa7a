// Package memory is the store and the queue in memory, for simulation and fast
// tests. Everything it gives comes in an order that does not depend on chance,
// and no admission, end or fill costs more because more calls wait.
package memory

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// Store keeps everything in maps behind one mutex. A write checks and works out
// all of its effects first, and only then writes (see write). What is stored is
// never changed in place and shares nothing with callers.
type Store struct {
	mu       sync.Mutex
	capacity call.Capacity
	calls    map[string]*call.Call
	claims   map[claimKey]call.Claim
	lanes    map[call.LaneKey]call.Lane
	turns    map[string]call.Turn
	batches  map[string]*batch
	redrives map[string]call.Redrive
	keys     map[idempotency]call.IdempotencyKey
	samples  samples
	index    index
}

type claimKey struct {
	callID  string
	attempt int
}

type idempotency struct{ owner, key string }

// batch is a batch with all that belongs to it alone. Its rows may be there before it.
type batch struct {
	record  call.Batch
	counts  call.Counts
	chunks  map[int][]call.Row
	refused map[int][]call.RefusedRow
}

// New gives an empty store that starts with this capacity.
func New(start call.Capacity) *Store {
	return &Store{
		capacity: start,
		calls:    map[string]*call.Call{},
		claims:   map[claimKey]call.Claim{},
		lanes:    map[call.LaneKey]call.Lane{},
		turns:    map[string]call.Turn{},
		batches:  map[string]*batch{},
		redrives: map[string]call.Redrive{},
		keys:     map[idempotency]call.IdempotencyKey{},
		samples:  newSamples(),
		index:    newIndex(),
	}
}

// Call reads a call.
func (s *Store) Call(_ context.Context, id string) (call.Call, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.calls[id]
	if !ok {
		return call.Call{}, notFound("call", id)
	}
	return cloneCall(*c), nil
}

// Capacity reads slots, rate and stop.
func (s *Store) Capacity(context.Context) (call.Capacity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.capacity, nil
}

// SetCapacity writes limit, rate, stop with its time and author, version and time of after.
func (s *Store) SetCapacity(_ context.Context, before, after call.Capacity) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.capacity.Version != before.Version {
		return call.ErrConflict
	}
	c := &s.capacity
	c.Limit, c.Rate, c.Stopped = after.Limit, after.Rate, after.Stopped
	c.StoppedAt, c.StoppedBy = after.StoppedAt, after.StoppedBy
	c.Version, c.UpdatedAt = after.Version, after.UpdatedAt
	return nil
}

// Redrive reads a redrive.
func (s *Store) Redrive(_ context.Context, id string) (call.Redrive, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.redrives[id]
	if !ok {
		return call.Redrive{}, notFound("redrive", id)
	}
	return cloneRedrive(r), nil
}

// Key reads a key that has not expired at now.
func (s *Store) Key(_ context.Context, owner, key string, now time.Time) (call.IdempotencyKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.keys[idempotency{owner, key}]
	if !ok || !now.Before(k.ExpiresAt) {
		return call.IdempotencyKey{}, notFound("idempotency key", key)
	}
	k.Body = slices.Clone(k.Body)
	return k, nil
}

func notFound(what, id string) error {
	return fmt.Errorf("%s %q: %w", what, id, call.ErrNotFound)
}
