package call

import (
	"maps"
	"time"
)

// SampleLife is how long samples are kept.
const SampleLife = 7 * 24 * time.Hour

// SampleMinute is the minute that a sample stands for: a store keeps one of each,
// the latest, so a second look within a minute does no harm.
func SampleMinute(at time.Time) time.Time { return at.UTC().Truncate(time.Minute) }

// Sample is what was so at one moment: a CapacitySample or a BatchSample.
type Sample interface{ Taken() time.Time }

// CapacitySample is the capacity at one moment.
type CapacitySample struct {
	At      time.Time `json:"at"`
	Limit   int       `json:"limit"`
	InUse   int       `json:"in_use"`
	Rate    float64   `json:"rate"`
	Stopped bool      `json:"stopped,omitempty"`
	Waiting Waiting   `json:"waiting,omitempty"`
}

// Taken is the moment.
func (s CapacitySample) Taken() time.Time { return s.At }

// same tells whether nothing but time is between two samples.
func (s CapacitySample) same(other CapacitySample) bool {
	return s.Limit == other.Limit && s.InUse == other.InUse && s.Rate == other.Rate && s.Stopped == other.Stopped &&
		maps.Equal(s.Waiting, other.Waiting)
}

// BatchSample are the counts of a batch at one moment.
type BatchSample struct {
	At     time.Time `json:"at"`
	Counts Counts    `json:"counts"`
}

// Taken is the moment.
func (s BatchSample) Taken() time.Time { return s.At }

// Samples are what one look saw: the capacity, and the counts of batches by id.
type Samples struct {
	Capacity CapacitySample    `json:"capacity"`
	Batches  map[string]Counts `json:"batches,omitempty"`
}

// At is when the look was taken; zero when there was none.
func (s Samples) At() time.Time { return s.Capacity.At }

// ChangedCapacity is the sample of the capacity, if it is another than before.
func (s Samples) ChangedCapacity(before Samples) (sample CapacitySample, changed bool) {
	return s.Capacity, before.At().IsZero() || !s.Capacity.same(before.Capacity)
}

// ChangedBatches are the samples of the batches that have other counts than before.
func (s Samples) ChangedBatches(before Samples) map[string]BatchSample {
	changed := map[string]BatchSample{}
	for id, n := range s.Batches {
		if old, ok := before.Batches[id]; !ok || old != n {
			changed[id] = BatchSample{At: s.At(), Counts: n}
		}
	}
	return changed
}

// Unfinished are the batches that had a call waiting or active.
func (s Samples) Unfinished() []string {
	var ids []string
	for id, n := range s.Batches {
		if !n.Finished() {
			ids = append(ids, id)
		}
	}
	return ids
}
