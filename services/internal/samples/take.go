// Package samples keeps what charts are drawn from: once a minute it notes the
// capacity and the counts of the batches that are under way, and it reads these
// samples in as many points as a chart can show.
package samples

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// Sources are what samples are taken of.
type Sources interface {
	Capacity(ctx context.Context) (call.Capacity, error)
	WaitingLanes(ctx context.Context) ([]call.Lane, error)
	ActiveBatches(ctx context.Context) ([]string, error)
	ListBatches(ctx context.Context, owner string, p call.Page) (batches []call.Batch, next string, err error)
	CountsOfBatches(ctx context.Context, ids []string) (map[string]call.Counts, error)
}

// Store is what a look reads and writes.
type Store interface {
	Sources
	LastSamples(ctx context.Context) (call.Samples, error)
	PutSamples(ctx context.Context, before, after call.Samples) error
}

// Taker takes samples. A look that is lost, or made twice, does no harm.
type Taker struct {
	Store Store
	Now   func() time.Time
}

// MaxBatches bounds the batches of one look. Of more, the newest are sampled.
const MaxBatches = 500

// Take looks once, and keeps what has changed since the last look.
func (t *Taker) Take(ctx context.Context) error {
	before, err := t.Store.LastSamples(ctx)
	if err != nil {
		return fmt.Errorf("read the last samples: %w", err)
	}
	now := t.Now().UTC().Truncate(time.Millisecond)
	if ahead := before.At().Sub(now); ahead >= 0 && ahead < time.Minute {
		return nil // another look, by a clock that is a little ahead
	}
	after, err := t.look(ctx, before, now)
	if err != nil {
		return err
	}
	err = t.Store.PutSamples(ctx, before, after)
	if errors.Is(err, call.ErrConflict) || errors.Is(err, call.ErrUnclear) {
		return nil // another look came first, or the next one finds out
	}
	return err
}

func (t *Taker) look(ctx context.Context, before call.Samples, now time.Time) (call.Samples, error) {
	room, err := t.Store.Capacity(ctx)
	if err != nil {
		return call.Samples{}, fmt.Errorf("read the capacity: %w", err)
	}
	lanes, err := t.Store.WaitingLanes(ctx)
	if err != nil {
		return call.Samples{}, fmt.Errorf("list the lanes: %w", err)
	}
	ids, err := t.underWay(ctx, before, lanes)
	if err != nil {
		return call.Samples{}, err
	}
	counts, err := t.Store.CountsOfBatches(ctx, ids)
	if err != nil {
		return call.Samples{}, fmt.Errorf("read the counts of batches: %w", err)
	}
	return call.Samples{
		Capacity: call.CapacitySample{
			At: now, Limit: room.Limit, InUse: room.InUse, Admitted: room.Admitted, Rate: room.Rate, Stopped: room.Stopped,
			Waiting: room.WaitingIn(lanes, now),
		},
		Batches: counts,
	}, nil
}

// underWay lists the batches of which a call waits or is active. Those that the last
// look saw so, or that came since, are among them even when they are finished: so
// each has a sample of its end.
func (t *Taker) underWay(ctx context.Context, before call.Samples, lanes []call.Lane) ([]string, error) {
	ids := before.Unfinished()
	for _, lane := range lanes {
		if lane.BatchID != "" {
			ids = append(ids, lane.BatchID)
		}
	}
	active, err := t.Store.ActiveBatches(ctx)
	if err != nil {
		return nil, err
	}
	came, err := t.cameSince(ctx, before.At())
	if err != nil {
		return nil, err
	}
	ids = slices.Concat(ids, active, came)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return ids[max(len(ids)-MaxBatches, 0):], nil // ids sort by the time of creation
}

// cameSince lists, of the newest few batches, those that were accepted since the
// last look: a small one may be finished within a minute.
func (t *Taker) cameSince(ctx context.Context, last time.Time) ([]string, error) {
	newest, _, err := t.Store.ListBatches(ctx, "", call.Page{Limit: newBatches, Desc: true})
	if err != nil {
		return nil, fmt.Errorf("list batches: %w", err)
	}
	var ids []string
	for _, b := range newest {
		if !last.IsZero() && b.CreatedAt.After(last.Add(-clockSlack)) {
			ids = append(ids, b.ID)
		}
	}
	return ids, nil
}

const (
	newBatches = 20
	clockSlack = time.Minute // between the clocks of those who accept batches and of those who look
)
