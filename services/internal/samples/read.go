package samples

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// Kept reads samples: of the minutes from from until to, and the last one before.
type Kept interface {
	CapacitySamples(ctx context.Context, from, to time.Time) ([]call.CapacitySample, error)
	BatchSamples(ctx context.Context, batchID string, from, to time.Time) ([]call.BatchSample, error)
}

// Reader reads samples in as many points as a chart can show.
type Reader struct {
	Store Kept
	Now   func() time.Time
}

// Series are samples, oldest first. The first may be older than what was asked
// for: it is what was so when that began.
type Series[T call.Sample] struct {
	Samples []T
	Step    time.Duration // of each step only the last sample is there
}

// MaxPoints is how many samples a series has at most.
const MaxPoints = 500

// steps are the lengths of a step, in each of which a day's samples come out even.
var steps = []time.Duration{
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 20 * time.Minute, 30 * time.Minute,
}

// Capacity gives the capacity from from until to.
func (r Reader) Capacity(ctx context.Context, from, to time.Time) (Series[call.CapacitySample], error) {
	from, to = r.within(from, to)
	if !from.Before(to) {
		return Series[call.CapacitySample]{Step: steps[0]}, nil
	}
	kept, err := r.Store.CapacitySamples(ctx, from, to)
	if err != nil {
		return Series[call.CapacitySample]{}, fmt.Errorf("read samples of the capacity: %w", err)
	}
	return seriesOf(kept, from, to), nil
}

// Batch gives the counts of a batch from from until to. How it began is known
// without a look.
func (r Reader) Batch(ctx context.Context, b call.Batch, from, to time.Time) (Series[call.BatchSample], error) {
	from, to = r.within(from, to)
	if !from.Before(to) {
		return Series[call.BatchSample]{Step: steps[0]}, nil
	}
	kept, err := r.Store.BatchSamples(ctx, b.ID, from, to)
	if err != nil {
		return Series[call.BatchSample]{}, fmt.Errorf("read samples of batch %s: %w", b.ID, err)
	}
	if !b.CreatedAt.Before(from) && b.CreatedAt.Before(to) {
		from = b.CreatedAt
		kept = slices.Insert(kept, 0, call.BatchSample{At: b.CreatedAt, Counts: call.Counts{Waiting: b.Rows}})
	}
	return seriesOf(kept, from, to), nil
}

// within is the part of a time in which samples can be. A zero to, and one to come,
// are now, with what was taken this moment.
func (r Reader) within(from, to time.Time) (time.Time, time.Time) {
	now := r.Now()
	if oldest := now.Add(-call.SampleLife); from.Before(oldest) {
		from = oldest
	}
	if to.IsZero() || !to.Before(now) {
		to = now.Add(time.Millisecond)
	}
	return from, to
}

// seriesOf takes what lies outside off samples that were read by whole minutes, and
// thins them.
func seriesOf[T call.Sample](kept []T, from, to time.Time) Series[T] {
	kept = slices.DeleteFunc(kept, func(s T) bool { return !s.Taken().Before(to) })
	for len(kept) > 1 && !kept[1].Taken().After(from) {
		kept = kept[1:]
	}
	s := Series[T]{Step: stepOf(to.Sub(from))}
	for i, sample := range kept {
		if last := len(s.Samples) - 1; i > 1 && sameStep(kept[i-1], sample, s.Step) {
			s.Samples[last] = sample
		} else {
			s.Samples = append(s.Samples, sample)
		}
	}
	return s
}

func sameStep[T call.Sample](a, b T, step time.Duration) bool {
	return a.Taken().Truncate(step).Equal(b.Taken().Truncate(step))
}

// stepOf is the shortest step in which a time has no more than MaxPoints: it may
// touch one step more than it is long, and the first sample counts besides.
func stepOf(span time.Duration) time.Duration {
	for _, step := range steps {
		if span <= (MaxPoints-2)*step {
			return step
		}
	}
	return steps[len(steps)-1]
}
