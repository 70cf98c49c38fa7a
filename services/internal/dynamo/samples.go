package dynamo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// samplesPartition holds the samples of the capacity, for which the id is empty,
// or of a batch.
func samplesPartition(batchID string) string { return "samples#" + batchID }

// lastSamplesKey holds what the last look saw.
var lastSamplesKey = key{"last-samples", "last-samples"}

// ActiveBatches lists the batches that have an active call.
func (s *Store) ActiveBatches(ctx context.Context) ([]string, error) {
	calls, err := s.activeCalls(ctx)
	if err != nil {
		return nil, fmt.Errorf("list active calls: %w", err)
	}
	var ids []string
	for _, one := range calls {
		if id, ok := call.BatchOf(one); ok {
			ids = append(ids, id)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(ids))), nil
}

// CountsOfBatches reads the counters of several batches.
func (s *Store) CountsOfBatches(ctx context.Context, ids []string) (map[string]call.Counts, error) {
	keys := make([]key, len(ids))
	for i, id := range ids {
		keys[i] = batchLaneKey(id)
	}
	stored, err := s.getAll(ctx, false, keys...)
	if err != nil {
		return nil, fmt.Errorf("read the counts of batches: %w", err)
	}
	counts := map[string]call.Counts{}
	for _, one := range stored {
		counts[strings.TrimPrefix(strOf(one, partitionKey), batchLaneKey("").partition)] = countsOf(one)
	}
	return counts, nil
}

// LastSamples gives what the last look saw.
func (s *Store) LastSamples(ctx context.Context) (call.Samples, error) {
	stored, err := s.get(ctx, lastSamplesKey)
	if err != nil || stored == nil {
		return call.Samples{}, err
	}
	return recordOf[call.Samples](stored)
}

// PutSamples keeps what is new in after, and after as the last look, which is
// written when the rest is: a write that breaks off is made good by the next.
func (s *Store) PutSamples(ctx context.Context, before, after call.Samples) error {
	room, changed := after.ChangedCapacity(before)
	batches := after.ChangedBatches(before)
	if !changed && len(batches) == 0 {
		return nil
	}
	if changed {
		if err := s.putSample(ctx, samplesPartition(""), room); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(batches)) {
		if err := s.putSample(ctx, samplesPartition(id), batches[id]); err != nil {
			return err
		}
	}
	return s.putLatest(ctx, lastSamplesKey, after, after.At(), nil)
}

func (s *Store) putSample(ctx context.Context, partition string, sample call.Sample) error {
	return s.putLatest(ctx, sampleKey(partition, sample.Taken()), sample, sample.Taken(), item{
		expiresAt: num(call.SampleMinute(sample.Taken()).Add(call.SampleLife).Unix()),
	})
}

func sampleKey(partition string, at time.Time) key {
	return key{partition, ordered(call.SampleMinute(at).Unix())}
}

// putLatest puts a record, unless a later one is there: of two looks at the same
// time the later one counts, everywhere.
func (s *Store) putLatest(ctx context.Context, k key, v any, at time.Time, more item) error {
	put, err := recordItem(k, v, 1)
	if err != nil {
		return err
	}
	maps.Copy(put, more)
	put["at"] = num(nanos(at))
	a := &action{put: put}
	a.where("attribute_not_exists(#PK) OR #at < :at", item{":at": num(nanos(at))})
	a.refused = func(item) error { return nil }
	if err := s.write(ctx, []*action{a}); err != nil {
		return fmt.Errorf("write samples: %w", err)
	}
	return nil
}

// CapacitySamples lists the samples from the last one before from up to to.
func (s *Store) CapacitySamples(ctx context.Context, from, to time.Time) ([]call.CapacitySample, error) {
	return samples[call.CapacitySample](ctx, s, samplesPartition(""), from, to)
}

// BatchSamples lists the samples of a batch from the last one before from up to to.
func (s *Store) BatchSamples(ctx context.Context, id string, from, to time.Time) ([]call.BatchSample, error) {
	return samples[call.BatchSample](ctx, s, samplesPartition(id), from, to)
}

func samples[T call.Sample](ctx context.Context, s *Store, partition string, from, to time.Time) ([]T, error) {
	first := sampleKey(partition, from).sort
	earlier, err := s.first(ctx, question{partition: partition, span: span{"", below(first)}, desc: true, limit: 1}, 1)
	if err != nil {
		return nil, err
	}
	last := ordered(to.Add(-1).Unix())
	wanted, err := s.first(ctx, question{partition: partition, span: span{first, last}}, 0)
	if err != nil {
		return nil, err
	}
	var found []T
	for _, one := range slices.Concat(earlier, wanted) {
		v, err := recordOf[T](one)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", partition, err)
		}
		found = append(found, v)
	}
	return found, nil
}

// below is the last of the sort keys of minutes before another.
func below(minute string) string { return minute[:len(minute)-1] }
