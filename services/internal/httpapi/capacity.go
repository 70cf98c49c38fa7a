package httpapi

import (
	"context"
	"errors"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/capacity"
)

// GetCapacity shows slots, rate and who waits for what.
func (s *Server) GetCapacity(ctx context.Context, r api.GetCapacityRequestObject) (api.GetCapacityResponseObject, error) {
	shown, err := s.capacityNow(ctx)
	if err != nil {
		return nil, err
	}
	etag, err := contentETag(shown)
	if err != nil {
		return nil, err
	}
	after := pollOfCapacity(shown)
	if matches(r.Params.IfNoneMatch, etag) {
		return api.GetCapacity304Response{Headers: api.NotModifiedResponseHeaders{ETag: etag, RetryAfter: after}}, nil
	}
	return api.GetCapacity200JSONResponse{Body: shown, Headers: api.GetCapacity200ResponseHeaders{ETag: etag, RetryAfter: after}}, nil
}

// SetCapacity changes limit, rate or stop.
func (s *Server) SetCapacity(ctx context.Context, r api.SetCapacityRequestObject) (api.SetCapacityResponseObject, error) {
	b := r.Body
	switch {
	case b.Limit == nil && b.Rate == nil && b.Stopped == nil:
		return nil, fieldError("", api.FieldErrorCodeRequired, "Give at least one of limit, rate and stopped.")
	case b.Limit != nil && (*b.Limit < 0 || *b.Limit > capacity.MaxLimit):
		return nil, fieldError("/limit", api.FieldErrorCodeOutOfRange, "limit is %d; it must be from 0 to %d.", *b.Limit, capacity.MaxLimit)
	case b.Rate != nil && !capacity.ValidRate(*b.Rate):
		return nil, fieldError("/rate", api.FieldErrorCodeOutOfRange, "rate is %g launches a second; it must be from %g to %d.", *b.Rate, capacity.MinRate, capacity.MaxRate)
	}
	_, err := s.Capacity.Set(ctx, call.CapacityUpdate{Limit: b.Limit, Rate: b.Rate, Stopped: b.Stopped, By: principal(ctx).Owner})
	if errors.Is(err, call.ErrConflict) {
		return nil, problemError(api.ProblemCodeCapacityConflict, "Others changed the capacity at the same moment. Look at it and try again.")
	}
	if err != nil {
		return nil, err
	}
	shown, err := s.capacityNow(ctx)
	if err != nil {
		return nil, err
	}
	return api.SetCapacity200JSONResponse{Body: shown}, nil
}

func (s *Server) capacityNow(ctx context.Context) (api.Capacity, error) {
	c, waiting, err := s.Capacity.Get(ctx)
	if err != nil {
		return api.Capacity{}, err
	}
	return capacityView(c, waiting, s.Now()), nil
}
