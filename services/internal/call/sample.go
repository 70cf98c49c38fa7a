package call

import (
	"maps"
	"time"
)

// SampleLife is for how long samples tell what was so.
const SampleLife = 7 * 24 * time.Hour

// day is how often what stands still is sampled again.
const day = 24 * time.Hour

// SampleKept is for how long a store keeps a sample: what was so at the oldest moment
// of SampleLife is told by the last sample before it.
const SampleKept = SampleLife + day

// SampleMinute is the minute that a sample stands for: a store keeps one of each,
// the latest, so a second look within a minute does no harm.
func SampleMinute(at time.Time) time.Time { return at.UTC().Truncate(time.Minute) }

// Sample is what was so at one moment: a CapacitySample or a BatchSample.
type Sample interface{ Taken() time.Time }

// CapacitySample is the capacity at one moment.
type CapacitySample struct {
	At       time.Time `json:"at"`
	Limit    int       `json:"limit"`
	InUse    int       `json:"in_use"`
	Admitted int64     `json:"admitted,omitempty"`
	Rate     float64   `json:"rate"`
	Stopped  bool      `json:"stopped,omitempty"`
	Waiting  Waiting   `json:"waiting,omitempty"`
}

// Taken is the moment.
func (s CapacitySample) Taken() time.Time { return s.At }

// same tells whether nothing but time is between two samples.
func (s CapacitySample) same(other CapacitySample) bool {
	return s.Limit == other.Limit && s.InUse == other.InUse && s.Admitted == other.Admitted &&
		s.Rate == other.Rate && s.Stopped == other.Stopped && maps.Equal(s.Waiting, other.Waiting)
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

// ChangedCapacity is the sample of the capacity, if it is another than before or
// the first of a day.
func (s Samples) ChangedCapacity(before Samples) (sample CapacitySample, changed bool) {
	return s.Capacity, s.renews(before) || !s.Capacity.same(before.Capacity)
}

// ChangedBatches are the samples of the batches that have other counts than before,
// and of all on the first look of a day.
func (s Samples) ChangedBatches(before Samples) map[string]BatchSample {
	changed := map[string]BatchSample{}
	for id, n := range s.Batches {
		if old, ok := before.Batches[id]; !ok || old != n || s.renews(before) {
			changed[id] = BatchSample{At: s.At(), Counts: n}
		}
	}
	return changed
}

// renews tells whether a look is the first of a day (UTC), or of all. It keeps what
// has not changed, too: of what stands still for longer than SampleLife nothing
// would be left.
func (s Samples) renews(before Samples) bool {
	return !s.At().Truncate(day).Equal(before.At().Truncate(day))
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
