package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// samples are what looks saw. None expires here.
type samples struct {
	last     call.Samples
	capacity series[call.CapacitySample]
	batches  map[string]series[call.BatchSample]
}

func newSamples() samples {
	return samples{capacity: series[call.CapacitySample]{}, batches: map[string]series[call.BatchSample]{}}
}

// series are samples by their minute.
type series[T call.Sample] map[time.Time]T

// ActiveBatches lists the batches that have an active call.
func (s *Store) ActiveBatches(context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string]bool{}
	s.index.due.Scan(func(item call.DueItem) bool { // what is active is due
		if c := s.calls[item.ID]; c != nil && c.Status.Active() && c.BatchID != "" {
			found[c.BatchID] = true
		}
		return true
	})
	return slices.Sorted(maps.Keys(found)), nil
}

// CountsOfBatches reads the counters of several batches.
func (s *Store) CountsOfBatches(_ context.Context, ids []string) (map[string]call.Counts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := map[string]call.Counts{}
	for _, id := range ids {
		if b, err := s.batch(id); err == nil {
			counts[id] = b.counts
		}
	}
	return counts, nil
}

// LastSamples gives what the last look saw.
func (s *Store) LastSamples(context.Context) (call.Samples, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return cloneSamples(s.samples.last), nil
}

// PutSamples keeps what is new in after, and after as the last look, unless that is
// not before any more: then it gives call.ErrConflict.
func (s *Store) PutSamples(_ context.Context, before, after call.Samples) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	room, changed := after.ChangedCapacity(before)
	batches := after.ChangedBatches(before)
	if !changed && len(batches) == 0 {
		return nil
	}
	if !s.samples.last.At().Equal(before.At()) {
		return call.ErrConflict
	}
	if changed {
		s.samples.capacity[call.SampleMinute(after.At())] = cloneCapacitySample(room)
	}
	for id, sample := range batches {
		if s.samples.batches[id] == nil {
			s.samples.batches[id] = series[call.BatchSample]{}
		}
		s.samples.batches[id][call.SampleMinute(after.At())] = sample
	}
	s.samples.last = cloneSamples(after)
	return nil
}

// CapacitySamples lists the samples from the last one before from up to to.
func (s *Store) CapacitySamples(_ context.Context, from, to time.Time) ([]call.CapacitySample, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.samples.capacity.within(from, to)
	for i := range found {
		found[i] = cloneCapacitySample(found[i])
	}
	return found, nil
}

// BatchSamples lists the samples of a batch from the last one before from up to to.
func (s *Store) BatchSamples(_ context.Context, id string, from, to time.Time) ([]call.BatchSample, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.samples.batches[id].within(from, to), nil
}

func (x series[T]) within(from, to time.Time) []T {
	minutes := slices.SortedFunc(maps.Keys(x), time.Time.Compare)
	first, _ := slices.BinarySearchFunc(minutes, call.SampleMinute(from), time.Time.Compare)
	var found []T
	for _, minute := range minutes[max(first-1, 0):] {
		if minute.Before(to) {
			found = append(found, x[minute])
		}
	}
	return found
}

func cloneSamples(s call.Samples) call.Samples {
	s.Capacity = cloneCapacitySample(s.Capacity)
	s.Batches = maps.Clone(s.Batches)
	return s
}

func cloneCapacitySample(s call.CapacitySample) call.CapacitySample {
	s.Waiting = maps.Clone(s.Waiting)
	return s
}
