package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
)

// GetHealth tells that the server answers.
func (s *Server) GetHealth(context.Context, api.GetHealthRequestObject) (api.GetHealthResponseObject, error) {
	return api.GetHealth200JSONResponse{Body: api.Health{Status: api.HealthStatusOK}}, nil
}

// GetCall shows one call.
func (s *Server) GetCall(ctx context.Context, r api.GetCallRequestObject) (api.GetCallResponseObject, error) {
	c, err := s.ownCall(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	v := s.views()
	waiting, err := v.waitingOf(ctx, c)
	if err != nil {
		return nil, err
	}
	reason := ""
	if waiting != nil {
		reason = string(waiting.Reason)
	}
	etag, after := callETag(c, reason), pollCall(c, s.Now())
	if matches(r.Params.IfNoneMatch, etag) {
		return api.GetCall304Response{Headers: api.NotModifiedResponseHeaders{ETag: etag, RetryAfter: after}}, nil
	}
	shown, err := v.call(ctx, c)
	if err != nil {
		return nil, err
	}
	return api.GetCall200JSONResponse{Body: shown, Headers: api.GetCall200ResponseHeaders{ETag: etag, RetryAfter: after}}, nil
}

// ownCall reads a call that the one who asks may know of. Another owner's is not there.
func (s *Server) ownCall(ctx context.Context, id string) (call.Call, error) {
	if !callID().MatchString(id) {
		return call.Call{}, problemError(api.ProblemCodeCallNotFound, "%q is no id of a call.", shortened(id))
	}
	c, err := s.Store.Call(ctx, id)
	if errors.Is(err, call.ErrNotFound) || err == nil && !mayRead(ctx, c.Owner) {
		return c, problemError(api.ProblemCodeCallNotFound, "There is no call %s, or it is not yours.", id)
	}
	return c, err
}

// ListCalls lists calls, newest first.
func (s *Server) ListCalls(ctx context.Context, r api.ListCallsRequestObject) (api.ListCallsResponseObject, error) {
	filter, err := callFilter(ctx, r.Params)
	if err != nil {
		return nil, err
	}
	limit, err := pageLimit(r.Params.Limit, defaultLimit, maxLimit)
	if err != nil {
		return nil, err
	}
	after, err := callsList.after(r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	calls, next, err := s.Store.ListCalls(ctx, filter, call.Page{After: after, Limit: limit, Desc: true})
	if err != nil {
		return nil, err
	}
	list, polled, err := s.callList(ctx, callsList, calls, next)
	if err != nil {
		return nil, err
	}
	if matches(r.Params.IfNoneMatch, polled.ETag) {
		return api.ListCalls304Response{Headers: polled}, nil
	}
	return api.ListCalls200JSONResponse{Body: list, Headers: api.ListCalls200ResponseHeaders(polled)}, nil
}

func callFilter(ctx context.Context, p api.ListCallsParams) (call.Filter, error) {
	f := call.Filter{
		Owner: visibleOwner(ctx), BatchID: given(p.Batch), Number: given(p.Number),
		From: given(p.From), To: given(p.To),
	}
	switch {
	case p.Batch != nil && !batchID().MatchString(f.BatchID):
		return f, fieldError("batch", api.FieldErrorCodeInvalid, "%q is no id of a batch.", shortened(f.BatchID))
	case p.Number != nil && !e164().MatchString(f.Number):
		return f, fieldError("number", api.FieldErrorCodeInvalid, "The number must be in E.164, as +12025550143. In a URL the + is written %%2B.")
	case p.From != nil && f.From.IsZero():
		return f, fieldError("from", api.FieldErrorCodeInvalid, "The parameter from must be %s.", timeForm)
	case p.To != nil && f.To.IsZero():
		return f, fieldError("to", api.FieldErrorCodeInvalid, "The parameter to must be %s.", timeForm)
	}
	var err error
	f.Statuses, err = statuses(p.Status, call.Statuses)
	return f, err
}

// statuses are those that a filter names, which are among those that there are.
func statuses[A, S ~string](asked []A, all []S) ([]S, error) {
	if len(asked) > len(all) {
		return nil, fieldError("status", api.FieldErrorCodeTooMany, "The parameter status stands %d times; at most %d are allowed.", len(asked), len(all))
	}
	var named []S
	for _, status := range asked {
		if !slices.Contains(all, S(status)) {
			return nil, fieldError("status", api.FieldErrorCodeInvalid, "%q is no status; the statuses are %s.", shortened(string(status)), names(all))
		}
		named = append(named, S(status))
	}
	return named, nil
}

// e164 is a number as the store holds it.
var e164 = pattern(`^\+[1-9][0-9]{6,14}$`)

// callList is a page of a list of calls; next is where the store's page ended.
func (s *Server) callList(ctx context.Context, l list, calls []call.Call, next string) (page api.CallList, polled api.NotModifiedResponseHeaders, err error) {
	shown, err := s.views().calls(ctx, calls)
	if err == nil {
		shown, next, err = fitting(shown, next, func(c api.Call) string { return c.ID })
	}
	if err != nil {
		return page, polled, err
	}
	page = api.CallList{Calls: shown, NextCursor: l.cursor(next)}
	polled, err = polledList(page, shown, func(c api.Call) bool { return call.Status(c.Status).Final() })
	return page, polled, err
}

// CancelCall cancels a call, or asks its agent to hang up.
func (s *Server) CancelCall(ctx context.Context, r api.CancelCallRequestObject) (api.CancelCallResponseObject, error) {
	if _, err := s.ownCall(ctx, r.ID); err != nil {
		return nil, err
	}
	return s.once(ctx, func() (answer, error) {
		c, err := s.Control.Cancel(ctx, r.ID)
		if err != nil {
			return answer{}, err
		}
		shown, err := s.views().call(ctx, c)
		if err != nil {
			return answer{}, err
		}
		status := http.StatusOK
		if c.Status != call.Canceled {
			status = http.StatusAccepted
		}
		return newAnswer(status, "", shown)
	})
}

func names[S ~string](all []S) string {
	named := make([]string, len(all))
	for i, one := range all {
		named[i] = string(one)
	}
	return strings.Join(named, ", ")
}
