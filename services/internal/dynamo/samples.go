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
	return call.BatchesOf(calls), nil
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

// PutSamples keeps what is new in after, and after as the last look, unless that is
// not before any more: then it gives call.ErrConflict. What one transaction can't
// hold goes in several, and each keeps as the last look what it has written: so a
// write that breaks off leaves the rest to the next look.
func (s *Store) PutSamples(ctx context.Context, before, after call.Samples) error {
	room, changed := after.ChangedCapacity(before)
	batches := after.ChangedBatches(before)
	ids := slices.Sorted(maps.Keys(batches))
	kept := call.Samples{Capacity: after.Capacity, Batches: maps.Clone(before.Batches)}
	if kept.Batches == nil {
		kept.Batches = map[string]call.Counts{}
	}
	for changed || len(ids) > 0 {
		var puts samplePuts
		if changed {
			puts.sample(samplesPartition(""), room)
			changed = false
		}
		n := min(len(ids), MaxActions-2)
		for _, id := range ids[:n] {
			puts.sample(samplesPartition(id), batches[id])
			kept.Batches[id] = after.Batches[id]
		}
		if ids = ids[n:]; len(ids) == 0 {
			kept = after
		}
		puts.last(before.At(), kept)
		if err := puts.write(ctx, s); err != nil {
			return fmt.Errorf("write samples: %w", err)
		}
		before = kept
	}
	return nil
}

// samplePuts are the items of one transaction.
type samplePuts struct {
	actions []*action
	err     error
}

func (p *samplePuts) put(k key, v any, at time.Time, more item) *action {
	put, err := recordItem(k, v, 1)
	if err != nil {
		p.err = err
		return &action{}
	}
	maps.Copy(put, more)
	put["at"] = num(nanos(at))
	p.actions = append(p.actions, &action{put: put})
	return p.actions[len(p.actions)-1]
}

func (p *samplePuts) sample(partition string, sample call.Sample) {
	at := sample.Taken()
	p.put(sampleKey(partition, at), sample, at, item{expiresAt: num(call.SampleMinute(at).Add(call.SampleKept).Unix())})
}

// last puts what the last look saw, if the one before was taken when before says.
func (p *samplePuts) last(before time.Time, v call.Samples) {
	a := p.put(lastSamplesKey, v, v.At(), nil)
	if before.IsZero() {
		a.absent()
	} else {
		a.where("#at = :before", item{":before": num(nanos(before))})
	}
	a.refused = func(item) error { return call.ErrConflict }
}

func (p *samplePuts) write(ctx context.Context, s *Store) error {
	if p.err != nil {
		return p.err
	}
	return s.write(ctx, p.actions)
}

func sampleKey(partition string, at time.Time) key {
	return key{partition, ordered(call.SampleMinute(at).Unix())}
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
