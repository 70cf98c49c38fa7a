package httpapi

import (
	"context"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/capacity"
	"github.com/outdial/outdial/services/internal/deadletters"
	"github.com/outdial/outdial/services/internal/intake"
	"github.com/outdial/outdial/services/internal/prices"
)

// GetLimits shows what requests may hold, and what calls cost where that is known.
func (s *Server) GetLimits(_ context.Context, r api.GetLimitsRequestObject) (api.GetLimitsResponseObject, error) {
	shown := limitsView(s.Prices)
	etag, err := contentETag(shown)
	if err != nil {
		return nil, err
	}
	if matches(r.Params.IfNoneMatch, etag) {
		return api.GetLimits304Response{Headers: api.NotModifiedResponseHeaders{ETag: etag}}, nil
	}
	return api.GetLimits200JSONResponse{Body: shown, Headers: api.GetLimits200ResponseHeaders{ETag: etag}}, nil
}

func limitsView(p *prices.List) api.Limits {
	return api.Limits{
		BodyBytes: api.MaxBodyBytes, Rows: api.MaxRows, RefusedRows: api.MaxRefusedInline,
		BatchName: intake.MaxName, PhoneNumber: intake.MaxWritten,
		Agent: api.AgentLimits{
			Instructions: intake.MaxInstructions, Voice: intake.MaxVoice, FirstWords: intake.MaxFirstWords, Language: intake.MaxLanguage,
			TimeLimit: rangeOf(intake.MinTimeLimit, intake.MaxTimeLimit, intake.DefaultTimeLimit),
		},
		Metadata: api.MetadataLimits{
			Keys: intake.MaxMetadata, Key: intake.MaxMetadataKey, Value: intake.MaxMetadataValue, Batch: intake.MaxBatchMetadata,
		},
		RedriveCalls: api.MaxRedriveCalls, DeadLettersCounted: deadletters.MaxCounted,
		Page: api.PageLimits{
			List:    rangeOf(1, maxLimit, defaultLimit),
			Refused: rangeOf(1, maxRefused, defaultRefused),
			Results: rangeOf(1, maxExportLimit, defaultExportLimit),
		},
		Capacity: api.CapacityLimits{
			Limit: api.Range{Max: capacity.MaxLimit},
			Rate:  api.Range{Min: capacity.MinRate, Max: capacity.MaxRate},
		},
		Prices: pricesView(p),
	}
}

func rangeOf(least, most, standard float64) api.Range {
	return api.Range{Min: least, Max: most, Default: &standard}
}

func pricesView(p *prices.List) *api.Prices {
	if p == nil {
		return nil
	}
	shown := api.Prices{Currency: p.Currency, PerMinute: []api.Price{}, Default: optional(p.Default)}
	for _, one := range p.PerMinute {
		shown.PerMinute = append(shown.PerMinute, api.Price{Prefix: one.Prefix, Price: one.Price})
	}
	return &shown
}
