package httpapi

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
)

// ListDeadLetters lists dead-lettered calls, newest first.
func (s *Server) ListDeadLetters(ctx context.Context, r api.ListDeadLettersRequestObject) (api.ListDeadLettersResponseObject, error) {
	limit, err := pageLimit(r.Params.Limit, defaultLimit, maxLimit)
	if err != nil {
		return nil, err
	}
	after, err := deadLettersList.after(r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	cause, err := deadLetterCause("cause", r.Params.Cause)
	if err != nil {
		return nil, err
	}
	batch, err := deadLetterBatch("batch", r.Params.Batch)
	if err != nil {
		return nil, err
	}
	filter := call.DeadLetterFilter{BatchID: batch, Cause: cause}
	calls, next, err := s.Store.ListDeadLetters(ctx, filter, call.Page{After: after, Limit: limit, Desc: true})
	if err != nil {
		return nil, err
	}
	list, polled, err := s.callList(ctx, deadLettersList, calls, next)
	if err != nil {
		return nil, err
	}
	if matches(r.Params.IfNoneMatch, polled.ETag) {
		return api.ListDeadLetters304Response{Headers: polled}, nil
	}
	return api.ListDeadLetters200JSONResponse{Body: list, Headers: api.ListDeadLetters200ResponseHeaders(polled)}, nil
}

func deadLetterCause(field string, asked *api.FailureCause) (call.DeadLetterCause, error) {
	if asked == nil {
		return "", nil
	}
	if !asked.Valid() {
		return "", fieldError(field, api.FieldErrorCodeInvalid, "%q is no cause; it is %s or %s.", shortened(string(*asked)), call.CauseLaunchRefused, call.CauseLaunchTriesUsed)
	}
	return call.DeadLetterCause(*asked), nil
}

func deadLetterBatch(field string, asked *api.BatchID) (string, error) {
	if asked != nil && !batchID().MatchString(*asked) {
		return "", fieldError(field, api.FieldErrorCodeInvalid, "%q is no id of a batch.", shortened(*asked))
	}
	return given(asked), nil
}

// CountDeadLetters counts dead-lettered calls by cause.
func (s *Server) CountDeadLetters(ctx context.Context, r api.CountDeadLettersRequestObject) (api.CountDeadLettersResponseObject, error) {
	batch, err := deadLetterBatch("batch", r.Params.Batch)
	if err != nil {
		return nil, err
	}
	counts, err := s.DeadLetters.Count(ctx, call.DeadLetterFilter{BatchID: batch})
	if err != nil {
		return nil, err
	}
	shown := deadLetterCountsView(counts)
	etag, err := contentETag(shown)
	if err != nil {
		return nil, err
	}
	after := pollDeadLetters
	if matches(r.Params.IfNoneMatch, etag) {
		return api.CountDeadLetters304Response{Headers: api.NotModifiedResponseHeaders{ETag: etag, RetryAfter: &after}}, nil
	}
	return api.CountDeadLetters200JSONResponse{Body: shown, Headers: api.CountDeadLetters200ResponseHeaders{ETag: etag, RetryAfter: &after}}, nil
}

// Redrive reopens chosen dead letters at once, or stores the request to reopen all.
func (s *Server) Redrive(ctx context.Context, r api.RedriveRequestObject) (api.RedriveResponseObject, error) {
	all := given(r.Body.All)
	if err := checkChosen(r.Body.CallIds); err != nil {
		return nil, err
	}
	switch {
	case all && r.Body.CallIds != nil:
		return nil, fieldError("/all", api.FieldErrorCodeConflict, "Give either all or call_ids, not both.")
	case all:
		return s.redriveAll(ctx, *r.Body)
	case len(r.Body.CallIds) == 0:
		return nil, fieldError("/call_ids", api.FieldErrorCodeRequired, "Name 1 to %d calls in call_ids, or say all.", api.MaxRedriveCalls)
	case r.Body.Cause != nil:
		return nil, fieldError("/cause", api.FieldErrorCodeConflict, "cause goes with all; the calls in call_ids are chosen already.")
	case r.Body.Batch != nil:
		return nil, fieldError("/batch", api.FieldErrorCodeConflict, "batch goes with all; the calls in call_ids are chosen already.")
	}
	return s.once(ctx, func() (answer, error) {
		result, err := s.DeadLetters.Chosen(ctx, s.newRedriveID(ctx), r.Body.CallIds)
		if err != nil {
			return answer{}, err
		}
		shown := api.RedriveResult{Redriven: result.Redriven, Skipped: []api.SkippedCall{}}
		if shown.Redriven == nil {
			shown.Redriven = []api.CallID{}
		}
		for _, skipped := range result.Skipped {
			shown.Skipped = append(shown.Skipped, api.SkippedCall{ID: skipped.ID, Code: api.SkipCode(skipped.Code), Message: skipped.Message})
		}
		return newAnswer(http.StatusOK, "", shown)
	})
}

// checkChosen checks the ids of chosen calls, of which there may be none.
func checkChosen(ids []api.CallID) error {
	if len(ids) > api.MaxRedriveCalls {
		return fieldError("/call_ids", api.FieldErrorCodeTooMany, "%d calls are named; at most %d at once. Say all for all of them.", len(ids), api.MaxRedriveCalls)
	}
	for i, id := range ids {
		switch {
		case !callID().MatchString(id):
			return fieldError(fmt.Sprintf("/call_ids/%d", i), api.FieldErrorCodeInvalid, "%q is no id of a call.", shortened(id))
		case slices.Contains(ids[:i], id):
			return fieldError(fmt.Sprintf("/call_ids/%d", i), api.FieldErrorCodeConflict, "The call %s is named twice.", id)
		}
	}
	return nil
}

// newRedriveID names a redrive. With an idempotency key it is made from the key, so
// that a repeat of a request that was cut off half-way takes no call twice.
func (s *Server) newRedriveID(ctx context.Context) string {
	request := sent(ctx)
	if request.key == "" {
		return call.RedriveID(s.NewULID())
	}
	var id ulid.ULID
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s", principal(ctx).Owner, request.key, request.fingerprint))
	copy(id[:], sum[:])
	return call.RedriveID(id.String())
}

// redriveAll stores the request and its idempotency key in one transaction.
func (s *Server) redriveAll(ctx context.Context, asked api.RedriveRequest) (api.RedriveResponseObject, error) {
	cause, err := deadLetterCause("/cause", asked.Cause)
	if err != nil {
		return nil, err
	}
	batch, err := deadLetterBatch("/batch", asked.Batch)
	if err != nil {
		return nil, err
	}
	request := sent(ctx)
	if request.key != "" {
		if kept, ok, err := s.kept(ctx, request); err != nil || ok {
			return kept, err
		}
	}
	r := call.Redrive{ID: call.RedriveID(s.NewULID()), Owner: principal(ctx).Owner, Batch: batch, Cause: cause}
	a, err := redriveAnswer(r, s.Now())
	if err != nil {
		return nil, err
	}
	var key *call.IdempotencyKey
	if request.key != "" {
		k := s.idempotencyKey(ctx, request, a)
		key = &k
	}
	_, err = s.DeadLetters.Request(ctx, r, key)
	if call.RefusedFor(err, call.ConditionKey) {
		return s.keptByOther(ctx, request)
	}
	return a, err
}

func redriveAnswer(r call.Redrive, now time.Time) (answer, error) {
	stored := call.RedriveRequested(r, nil, now).After
	return newAnswer(http.StatusAccepted, api.BasePath+"/dead-letters/redrives/"+r.ID, redriveView(stored))
}

// GetRedrive shows the progress of a redrive of all.
func (s *Server) GetRedrive(ctx context.Context, r api.GetRedriveRequestObject) (api.GetRedriveResponseObject, error) {
	if !redriveID().MatchString(r.ID) {
		return nil, problemError(api.ProblemCodeRedriveNotFound, "%q is no id of a redrive.", shortened(r.ID))
	}
	redrive, err := s.Store.Redrive(ctx, r.ID)
	if errors.Is(err, call.ErrNotFound) {
		return nil, problemError(api.ProblemCodeRedriveNotFound, "There is no redrive %s.", r.ID)
	}
	if err != nil {
		return nil, err
	}
	shown, after := redriveView(redrive), pollOfRedrive(redrive)
	etag, err := contentETag(shown)
	if err != nil {
		return nil, err
	}
	if matches(r.Params.IfNoneMatch, etag) {
		return api.GetRedrive304Response{Headers: api.NotModifiedResponseHeaders{ETag: etag, RetryAfter: after}}, nil
	}
	return api.GetRedrive200JSONResponse{Body: shown, Headers: api.GetRedrive200ResponseHeaders{ETag: etag, RetryAfter: after}}, nil
}
