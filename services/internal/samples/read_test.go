package samples_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/samples"
)

// kept is a store with a sample a minute of the week before now.
type kept struct {
	err   error
	since time.Time // the batch has none before
}

var now = time.Date(2026, time.March, 9, 12, 34, 56, 0, time.UTC)

// everyMinute are samples taken some seconds into each minute.
func everyMinute[T call.Sample](from, to time.Time, sample func(at time.Time, n int) T) []T {
	var all []T
	oldest := call.SampleMinute(now.Add(-call.SampleLife)).Add(-time.Minute)
	for n := 0; ; n++ {
		minute := oldest.Add(time.Duration(n) * time.Minute)
		at := minute.Add(2 * time.Second)
		switch {
		case !minute.Before(to) || at.After(now):
			return all
		case !minute.Before(call.SampleMinute(from).Add(-time.Minute)): // and the last one before
			all = append(all, sample(at, n))
		}
	}
}

func (k kept) CapacitySamples(_ context.Context, from, to time.Time) ([]call.CapacitySample, error) {
	return everyMinute(from, to, func(at time.Time, n int) call.CapacitySample { return call.CapacitySample{At: at, InUse: n} }), k.err
}

func (k kept) BatchSamples(_ context.Context, _ string, from, to time.Time) ([]call.BatchSample, error) {
	all := everyMinute(from, to, func(at time.Time, n int) call.BatchSample {
		return call.BatchSample{At: at, Counts: call.Counts{Completed: n}}
	})
	return slices.DeleteFunc(all, func(s call.BatchSample) bool { return s.At.Before(k.since) }), k.err
}

func reader(k kept) samples.Reader {
	return samples.Reader{Store: k, Now: func() time.Time { return now }}
}

func TestASeriesHasNoMorePointsThanAChartCanShow(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		span time.Duration
		step time.Duration
		n    int // samples
	}{
		{time.Minute, time.Minute, 2},
		{time.Hour, time.Minute, 61},
		{497 * time.Minute, time.Minute, 498},
		{498 * time.Minute, 2 * time.Minute, 251},
		{24 * time.Hour, 5 * time.Minute, 289},
		{3 * 24 * time.Hour, 10 * time.Minute, 434},
		{call.SampleLife, 30 * time.Minute, 338},
		{100 * call.SampleLife, 30 * time.Minute, 338}, // there is no more than a week
	} {
		t.Run(test.span.String(), func(t *testing.T) {
			t.Parallel()
			from := now.Add(-test.span)
			got, err := reader(kept{}).Capacity(t.Context(), from, time.Time{})
			if err != nil || got.Step != test.step || len(got.Samples) != test.n {
				t.Errorf("%d samples in steps of %s, %v; want %d in steps of %s", len(got.Samples), got.Step, err, test.n, test.step)
			}
			if len(got.Samples) > samples.MaxPoints {
				t.Errorf("%d samples", len(got.Samples))
			}
			checkSteps(t, got, max(test.span-call.SampleLife, 0), from)
		})
	}
}

// checkSteps checks that the first sample is from before the beginning, the last one
// the newest, and that of each step between them there is one, the last.
func checkSteps(t *testing.T, s samples.Series[call.CapacitySample], cut time.Duration, from time.Time) {
	t.Helper()
	if first := s.Samples[0].At; first.After(from.Add(cut)) || !first.Add(time.Minute).After(from.Add(cut)) {
		t.Errorf("the first sample is of %s", first)
	}
	last := len(s.Samples) - 1
	if s.Samples[last].At.Before(now.Add(-time.Minute)) {
		t.Errorf("the last sample is of %s", s.Samples[last].At)
	}
	for i := 2; i < last; i++ {
		at, before := s.Samples[i].At, s.Samples[i-1].At
		if at.Sub(before) != s.Step || !at.Add(time.Minute).Truncate(s.Step).After(at) {
			t.Fatalf("behind the sample of %s comes that of %s, in steps of %s", before, at, s.Step)
		}
	}
}

func TestASeriesEndsWhereItIsAskedToEnd(t *testing.T) {
	t.Parallel()
	from, to := now.Add(-2*time.Hour), now.Add(-time.Hour) // 11:34:56
	got, err := reader(kept{}).Capacity(t.Context(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	first, last := got.Samples[0].At, got.Samples[len(got.Samples)-1].At
	if want := call.SampleMinute(from).Add(2 * time.Second); !first.Equal(want) {
		t.Errorf("the first sample is of %s, want %s", first, want)
	}
	if want := call.SampleMinute(to).Add(2 * time.Second); !last.Equal(want) {
		t.Errorf("the last sample is of %s, want %s", last, want)
	}
	// The sample of the minute in which it ends may be taken after the end.
	got, err = reader(kept{}).Capacity(t.Context(), from, call.SampleMinute(to).Add(time.Second))
	if err != nil || !got.Samples[len(got.Samples)-1].At.Equal(last.Add(-time.Minute)) {
		t.Errorf("the last sample is of %s, %v", got.Samples[len(got.Samples)-1].At, err)
	}
}

func TestASeriesOfATimeWithoutSamplesIsEmpty(t *testing.T) {
	t.Parallel()
	long, late := now.Add(-2*call.SampleLife), now.Add(-call.SampleLife-time.Second) // a sample of that minute may still be there
	capacity, err := reader(kept{}).Capacity(t.Context(), long, late)
	if err != nil || len(capacity.Samples) > 0 || capacity.Step != time.Minute {
		t.Errorf("of the capacity: %+v, %v", capacity, err)
	}
	batch, err := reader(kept{}).Batch(t.Context(), call.Batch{ID: "batch_1", CreatedAt: long}, long, late)
	if err != nil || len(batch.Samples) > 0 || batch.Step != time.Minute {
		t.Errorf("of a batch: %+v, %v", batch, err)
	}
}

func TestABatchBeginsWithItsRowsWaiting(t *testing.T) {
	t.Parallel()
	created := now.Add(-time.Hour)
	b := call.Batch{ID: "batch_1", Rows: 120, CreatedAt: created}
	for name, test := range map[string]struct {
		b    call.Batch
		from time.Time
		want bool
	}{
		"all that is kept":                {b, time.Time{}, true},
		"from its beginning":              {b, created, true},
		"from a later time":               {b, created.Add(time.Millisecond), false},
		"from a time before":              {b, created.Add(-time.Hour), true},
		"of one older than samples grow":  {call.Batch{ID: "batch_1", Rows: 120, CreatedAt: now.Add(-call.SampleLife - time.Second)}, time.Time{}, false},
		"of one that is not yet a minute": {call.Batch{ID: "batch_1", Rows: 120, CreatedAt: now}, time.Time{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := reader(kept{since: test.b.CreatedAt}).Batch(t.Context(), test.b, test.from, time.Time{})
			if err != nil || len(got.Samples) == 0 {
				t.Fatalf("%+v, %v", got, err)
			}
			beginning := call.BatchSample{At: test.b.CreatedAt, Counts: call.Counts{Waiting: 120}}
			if begins := got.Samples[0] == beginning; begins != test.want {
				t.Errorf("it begins with %+v", got.Samples[0])
			}
		})
	}
}

func TestASeriesThatCantBeReadIsAnError(t *testing.T) {
	t.Parallel()
	away := errors.New("the store is away")
	if _, err := reader(kept{err: away}).Capacity(t.Context(), now.Add(-time.Hour), now); !errors.Is(err, away) {
		t.Errorf("of the capacity: %v", err)
	}
	if _, err := reader(kept{err: away}).Batch(t.Context(), call.Batch{}, now.Add(-time.Hour), now); !errors.Is(err, away) {
		t.Errorf("of a batch: %v", err)
	}
}
