package httpapi

import (
	"context"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/samples"
)

// capacityDay is how much of the capacity's samples is shown to who doesn't say.
const capacityDay = 24 * time.Hour

// ListCapacitySamples shows the capacity over time.
func (s *Server) ListCapacitySamples(ctx context.Context, r api.ListCapacitySamplesRequestObject) (api.ListCapacitySamplesResponseObject, error) {
	from, to, err := s.sampleTimes(r.Params.From, r.Params.To)
	if err != nil {
		return nil, err
	}
	if r.Params.From == nil {
		from = to.Add(-capacityDay)
	}
	series, err := s.samples().Capacity(ctx, from, to)
	if err != nil {
		return nil, err
	}
	shown := capacitySamplesView(series)
	etag, err := contentETag(shown)
	if err != nil {
		return nil, err
	}
	after := pollOfSamples(to, s.Now())
	if matches(r.Params.IfNoneMatch, etag) {
		return api.ListCapacitySamples304Response{Headers: api.NotModifiedResponseHeaders{ETag: etag, RetryAfter: after}}, nil
	}
	return api.ListCapacitySamples200JSONResponse{Body: shown, Headers: api.ListCapacitySamples200ResponseHeaders{ETag: etag, RetryAfter: after}}, nil
}

// ListBatchSamples shows a batch's counts over time.
func (s *Server) ListBatchSamples(ctx context.Context, r api.ListBatchSamplesRequestObject) (api.ListBatchSamplesResponseObject, error) {
	b, err := s.ownBatch(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	from, to, err := s.sampleTimes(r.Params.From, r.Params.To)
	if err != nil {
		return nil, err
	}
	counts, err := s.Store.BatchCounts(ctx, b.ID)
	if err != nil {
		return nil, err
	}
	series, err := s.samples().Batch(ctx, b, from, to)
	if err != nil {
		return nil, err
	}
	shown, after := batchSamplesView(series), pollOfSamples(to, s.Now())
	if endSeen(series, counts) {
		after = nil
	}
	etag, err := contentETag(shown)
	if err != nil {
		return nil, err
	}
	if matches(r.Params.IfNoneMatch, etag) {
		return api.ListBatchSamples304Response{Headers: api.NotModifiedResponseHeaders{ETag: etag, RetryAfter: after}}, nil
	}
	return api.ListBatchSamples200JSONResponse{Body: shown, Headers: api.ListBatchSamples200ResponseHeaders{ETag: etag, RetryAfter: after}}, nil
}

func (s *Server) samples() samples.Reader { return samples.Reader{Store: s.Store, Now: s.Now} }

// sampleTimes are the times asked for: without from zero, without to now.
func (s *Server) sampleTimes(asked, until *time.Time) (from, to time.Time, err error) {
	from, to = given(asked), s.Now()
	if until != nil {
		to = *until
	}
	switch {
	case asked != nil && from.IsZero():
		return from, to, fieldError("from", api.FieldErrorCodeInvalid, "The parameter from must be %s.", timeForm)
	case to.IsZero():
		return from, to, fieldError("to", api.FieldErrorCodeInvalid, "The parameter to must be %s.", timeForm)
	case !from.Before(to):
		return from, to, fieldError("from", api.FieldErrorCodeInvalid, "from is %s; it must be before to, which is %s.",
			from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339))
	}
	return from, to, nil
}

// pollOfSamples says when there is the next sample; nil when that comes after the
// time asked for.
func pollOfSamples(to, now time.Time) *int {
	if to.Before(now.Add(-time.Minute)) {
		return nil
	}
	after := pollSamples
	return &after
}

// endSeen tells whether a batch's last sample has its final counts.
func endSeen(series samples.Series[call.BatchSample], now call.Counts) bool {
	last := len(series.Samples) - 1
	return now.Finished() && (last < 0 || series.Samples[last].Counts == now)
}

func capacitySamplesView(series samples.Series[call.CapacitySample]) api.CapacitySamples {
	shown := api.CapacitySamples{Samples: []api.CapacitySample{}, Step: seconds(series.Step)}
	for _, one := range series.Samples {
		shown.Samples = append(shown.Samples, api.CapacitySample{
			At: one.At, Limit: one.Limit, InUse: one.InUse, Admitted: one.Admitted, Rate: one.Rate, Stopped: one.Stopped,
			Waiting: waitingView(one.Waiting),
		})
	}
	return shown
}

func batchSamplesView(series samples.Series[call.BatchSample]) api.BatchSamples {
	shown := api.BatchSamples{Samples: []api.BatchSample{}, Step: seconds(series.Step)}
	for _, one := range series.Samples {
		shown.Samples = append(shown.Samples, api.BatchSample{At: one.At, Counts: countsView(one.Counts)})
	}
	return shown
}

func seconds(d time.Duration) int { return int(d / time.Second) }
