package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
)

// ListBatches lists batches, newest first.
func (s *Server) ListBatches(ctx context.Context, r api.ListBatchesRequestObject) (api.ListBatchesResponseObject, error) {
	limit, err := pageLimit(r.Params.Limit, defaultLimit, maxLimit)
	if err != nil {
		return nil, err
	}
	after, err := batchesList.after(r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	states, err := statuses(r.Params.Status, call.BatchStates)
	if err != nil {
		return nil, err
	}
	shown, next, err := s.batchesPage(ctx, states, call.Page{After: after, Limit: limit, Desc: true})
	if err != nil {
		return nil, err
	}
	page := api.BatchList{Batches: shown, NextCursor: batchesList.cursor(next)}
	polled, err := polledList(page, shown, func(b api.Batch) bool { return b.Counts.Waiting+b.Counts.Active == 0 })
	if err != nil {
		return nil, err
	}
	if matches(r.Params.IfNoneMatch, polled.ETag) {
		return api.ListBatches304Response{Headers: polled}, nil
	}
	return api.ListBatches200JSONResponse{Body: page, Headers: api.ListBatches200ResponseHeaders(polled)}, nil
}

// Whether a batch is completed stands in its counts alone, which no index knows. So
// batches are looked at one after the other, so many at once and in all.
const (
	batchesRead   = 100
	batchesLooked = 1_000
)

// batchesPage is a page of the batches in one of these states, or in any when none
// is named. It may end before its limit, having looked at as many as it may.
func (s *Server) batchesPage(ctx context.Context, states []call.BatchState, p call.Page) (shown []api.Batch, next string, err error) {
	shown = []api.Batch{}
	read := p
	if len(states) > 0 {
		read.Limit = batchesRead
	} else {
		states = call.BatchStates
	}
	for looked := 0; looked < batchesLooked && len(shown) < p.Limit; looked += read.Limit {
		var batches []call.Batch
		batches, next, err = s.Store.ListBatches(ctx, visibleOwner(ctx), read)
		if err != nil {
			return nil, "", err
		}
		counts, err := s.countsOf(ctx, batches)
		if err != nil {
			return nil, "", err
		}
		for i, b := range batches {
			if !slices.Contains(states, b.StateWith(counts[b.ID])) {
				continue
			}
			shown = append(shown, batchView(b, counts[b.ID]))
			if len(shown) == p.Limit && i+1 < len(batches) {
				next = b.ID
				break
			}
		}
		if read.After = next; next == "" {
			break
		}
	}
	return fitting(shown, next, func(b api.Batch) string { return b.ID })
}

// countsOf reads the counts of batches.
func (s *Server) countsOf(ctx context.Context, batches []call.Batch) (map[string]call.Counts, error) {
	ids := make([]string, len(batches))
	for i, b := range batches {
		ids[i] = b.ID
	}
	counts, err := s.Store.CountsOfBatches(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if _, ok := counts[id]; ok {
			continue
		}
		// A read of many may be a moment behind what was just submitted.
		if counts[id], err = s.Store.BatchCounts(ctx, id); err != nil {
			return nil, fmt.Errorf("read the counts of batch %s: %w", id, err)
		}
	}
	return counts, nil
}

// ownBatch reads a batch that the one who asks may know of. Another owner's is not there.
func (s *Server) ownBatch(ctx context.Context, id string) (call.Batch, error) {
	if !batchID().MatchString(id) {
		return call.Batch{}, problemError(api.ProblemCodeBatchNotFound, "%q is no id of a batch.", shortened(id))
	}
	b, err := s.Store.Batch(ctx, id)
	if errors.Is(err, call.ErrNotFound) || err == nil && !mayRead(ctx, b.Owner) {
		return b, problemError(api.ProblemCodeBatchNotFound, "There is no batch %s, or it is not yours.", id)
	}
	return b, err
}

// GetBatch shows one batch with its counts.
func (s *Server) GetBatch(ctx context.Context, r api.GetBatchRequestObject) (api.GetBatchResponseObject, error) {
	b, err := s.ownBatch(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	counts, err := s.Store.BatchCounts(ctx, b.ID)
	if err != nil {
		return nil, err
	}
	after, err := s.pollOfBatch(ctx, b, counts)
	if err != nil {
		return nil, err
	}
	shown := batchView(b, counts)
	etag, err := contentETag(shown)
	if err != nil {
		return nil, err
	}
	if matches(r.Params.IfNoneMatch, etag) {
		return api.GetBatch304Response{Headers: api.NotModifiedResponseHeaders{ETag: etag, RetryAfter: after}}, nil
	}
	return api.GetBatch200JSONResponse{Body: shown, Headers: api.GetBatch200ResponseHeaders{ETag: etag, RetryAfter: after}}, nil
}

// ListBatchCalls lists a batch's calls in the order of its rows.
func (s *Server) ListBatchCalls(ctx context.Context, r api.ListBatchCallsRequestObject) (api.ListBatchCallsResponseObject, error) {
	if _, err := s.ownBatch(ctx, r.ID); err != nil {
		return nil, err
	}
	limit, err := pageLimit(r.Params.Limit, defaultLimit, maxLimit)
	if err != nil {
		return nil, err
	}
	members := membersList(r.ID)
	after, err := members.after(r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	calls, next, err := s.Store.ListCalls(ctx, call.Filter{BatchID: r.ID}, call.Page{After: after, Limit: limit})
	if err != nil {
		return nil, err
	}
	list, polled, err := s.callList(ctx, members, calls, next)
	if err != nil {
		return nil, err
	}
	if matches(r.Params.IfNoneMatch, polled.ETag) {
		return api.ListBatchCalls304Response{Headers: polled}, nil
	}
	return api.ListBatchCalls200JSONResponse{Body: list, Headers: api.ListBatchCalls200ResponseHeaders(polled)}, nil
}

// ListBatchRefused lists a batch's refused rows in the order of the file.
func (s *Server) ListBatchRefused(ctx context.Context, r api.ListBatchRefusedRequestObject) (api.ListBatchRefusedResponseObject, error) {
	if _, err := s.ownBatch(ctx, r.ID); err != nil {
		return nil, err
	}
	limit, err := pageLimit(r.Params.Limit, defaultRefused, maxRefused)
	if err != nil {
		return nil, err
	}
	refused := refusedList(r.ID)
	after, err := refused.after(r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	line, _ := strconv.Atoi(after) // "" is the first page, which begins behind line 0
	rows, err := s.Store.Refused(ctx, r.ID, line, limit+1)
	if err != nil {
		return nil, err
	}
	list := api.RefusedRowList{}
	if len(rows) > limit {
		rows = rows[:limit]
		list.NextCursor = refused.cursor(strconv.Itoa(rows[limit-1].Line))
	}
	list.RefusedRows = refusedView(rows)
	return api.ListBatchRefused200JSONResponse{Body: list}, nil
}

// CancelBatch cancels what isn't admitted and asks the agents of the rest to hang up.
func (s *Server) CancelBatch(ctx context.Context, r api.CancelBatchRequestObject) (api.CancelBatchResponseObject, error) {
	return s.control(ctx, r.ID, s.Control.CancelBatch)
}

// PauseBatch keeps a batch's waiting calls waiting.
func (s *Server) PauseBatch(ctx context.Context, r api.PauseBatchRequestObject) (api.PauseBatchResponseObject, error) {
	return s.control(ctx, r.ID, s.Control.PauseBatch)
}

// ResumeBatch lets a batch's calls be placed again.
func (s *Server) ResumeBatch(ctx context.Context, r api.ResumeBatchRequestObject) (api.ResumeBatchResponseObject, error) {
	return s.control(ctx, r.ID, s.Control.ResumeBatch)
}

func (s *Server) control(ctx context.Context, id string, do func(context.Context, string) (call.Batch, error)) (answer, error) {
	if _, err := s.ownBatch(ctx, id); err != nil {
		return answer{}, err
	}
	return s.once(ctx, func() (answer, error) {
		b, err := do(ctx, id)
		if err != nil {
			return answer{}, err
		}
		counts, err := s.Store.BatchCounts(ctx, id)
		if err != nil {
			return answer{}, err
		}
		return newAnswer(http.StatusAccepted, "", batchView(b, counts))
	})
}
