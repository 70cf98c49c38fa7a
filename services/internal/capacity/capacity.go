// Package capacity shows and sets how many calls may run at once and how fast
// they are launched, and says why a call waits.
package capacity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
)

// Store reads and sets capacity.
type Store interface {
	Capacity(ctx context.Context) (call.Capacity, error)
	SetCapacity(ctx context.Context, before, after call.Capacity) error
	Lane(ctx context.Context, key call.LaneKey) (call.Lane, error)
	WaitingLanes(ctx context.Context) ([]call.Lane, error)
}

// Jobs sends jobs to the calls queue.
type Jobs interface {
	Send(ctx context.Context, delay time.Duration, job messages.Job) error
}

// Service shows and sets capacity.
type Service struct {
	Store Store
	Jobs  Jobs
	Now   func() time.Time
	Log   *slog.Logger
}

// Bounds of what may be set.
const (
	MaxLimit = 10_000
	MinRate  = 0.001 // launches a second
	MaxRate  = 1_000 // AWS's RunTask takes 20
)

// ValidRate tells whether a rate may be set. NaN may not.
func ValidRate(rate float64) bool { return rate >= MinRate && rate <= MaxRate }

// Get gives the capacity and how many calls wait, by reason.
func (s *Service) Get(ctx context.Context) (call.Capacity, call.Waiting, error) {
	c, err := s.Store.Capacity(ctx)
	if err != nil {
		return c, nil, fmt.Errorf("read the capacity: %w", err)
	}
	lanes, err := s.Store.WaitingLanes(ctx)
	if err != nil {
		return c, nil, fmt.Errorf("list the lanes: %w", err)
	}
	return c, c.WaitingIn(lanes, s.Now()), nil
}

// setTries bounds the repeats when several people set capacity at once.
const setTries = 10

// Set changes limit, rate or stop; nil leaves one as it is. What is admitted
// goes on. It gives call.ErrConflict when others keep setting it at the same time.
func (s *Service) Set(ctx context.Context, u call.CapacityUpdate) (call.Capacity, error) {
	err := call.ErrConflict
	for range setTries {
		var before call.Capacity
		if before, err = s.Store.Capacity(ctx); err != nil {
			return before, fmt.Errorf("read the capacity: %w", err)
		}
		after := before.Set(u, s.Now())
		err = s.Store.SetCapacity(ctx, before, after)
		if err == nil {
			s.fill(ctx)
			return after, nil
		}
		if !errors.Is(err, call.ErrConflict) && !errors.Is(err, call.ErrUnclear) {
			break
		}
	}
	return call.Capacity{}, fmt.Errorf("set the capacity: %w", err)
}

// WaitReason says why a queued call is not running; "" for one that isn't queued.
// For a ready call it is worked out now, from its lane and the capacity.
func (s *Service) WaitReason(ctx context.Context, c call.Call) (call.WaitReason, error) {
	if c.Status != call.Queued || !c.Ready() {
		return c.Wait.Reason, nil
	}
	if c.BatchID != "" { // only a batch's lane may be closed
		lane, err := s.Store.Lane(ctx, c.Lane())
		if err != nil {
			return "", fmt.Errorf("read lane %s: %w", c.Lane(), err)
		}
		if lane.Closed {
			return call.WaitPaused, nil
		}
	}
	room, err := s.Store.Capacity(ctx)
	if err != nil {
		return "", fmt.Errorf("read the capacity: %w", err)
	}
	return room.WaitingFor(s.Now()), nil
}

// fill asks the worker to fill: the limit may have risen. Should this get lost,
// the minute tick fills.
func (s *Service) fill(ctx context.Context) {
	if err := s.Jobs.Send(ctx, 0, messages.Job{Fill: true}); err != nil {
		s.Log.WarnContext(ctx, "fill not sent", "cause", err)
	}
}
