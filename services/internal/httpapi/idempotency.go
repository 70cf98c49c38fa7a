package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/intake"
)

// answer is the answer to a POST in the form in which its idempotency key keeps
// it, so that a repeat gets the very same bytes.
type answer struct {
	status   int
	location string
	body     []byte
	replayed bool
}

func newAnswer(status int, location string, body any) (answer, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return answer{}, fmt.Errorf("encode the answer: %w", err)
	}
	return answer{status: status, location: location, body: append(encoded, '\n')}, nil
}

func replay(k call.IdempotencyKey) answer {
	return answer{status: k.Status, location: k.Location, body: k.Body, replayed: true}
}

func (a answer) write(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", typeJSON)
	if a.location != "" {
		w.Header().Set("Location", a.location)
	}
	if a.replayed {
		w.Header().Set(api.HeaderIdempotentReplayed, "true")
	}
	w.WriteHeader(a.status)
	_, err := w.Write(a.body)
	return err
}

// The answer fits every POST.

// VisitSubmitCallResponse writes the answer.
func (a answer) VisitSubmitCallResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitSubmitBatchResponse writes the answer.
func (a answer) VisitSubmitBatchResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitCancelCallResponse writes the answer.
func (a answer) VisitCancelCallResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitCancelBatchResponse writes the answer.
func (a answer) VisitCancelBatchResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitPauseBatchResponse writes the answer.
func (a answer) VisitPauseBatchResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitResumeBatchResponse writes the answer.
func (a answer) VisitResumeBatchResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitRedriveResponse writes the answer.
func (a answer) VisitRedriveResponse(w http.ResponseWriter) error { return a.write(w) }

func sent(ctx context.Context) request {
	r, _ := ctx.Value(requestKey{}).(request)
	return r
}

// once answers a request whose work may be done twice without harm, such as a
// cancel. With an idempotency key the first answer is kept and repeated.
// (Requests that create something keep their key in the same transaction: see
// package intake.)
func (s *Server) once(ctx context.Context, do func() (answer, error)) (answer, error) {
	request := sent(ctx)
	if request.key == "" {
		return do()
	}
	if kept, ok, err := s.kept(ctx, request); err != nil || ok {
		return kept, err
	}
	a, err := do()
	if err != nil {
		return answer{}, err
	}
	err = s.Store.PutKey(ctx, s.idempotencyKey(ctx, request, a), s.Now())
	if call.RefusedFor(err, call.ConditionKey) {
		return s.keptByOther(ctx, request)
	}
	if err != nil {
		return answer{}, fmt.Errorf("keep the idempotency key: %w", err)
	}
	return a, nil
}

// keptByOther is the answer to the same request that was first at the same time.
func (s *Server) keptByOther(ctx context.Context, r request) (answer, error) {
	kept, ok, err := s.kept(ctx, r)
	if err == nil && !ok {
		err = errUnavailable // it expired just now
	}
	return kept, err
}

// kept is the answer that was kept for this key, if there is one.
func (s *Server) kept(ctx context.Context, r request) (kept answer, ok bool, err error) {
	k, err := s.Store.Key(ctx, principal(ctx).Owner, r.key, s.Now())
	switch {
	case errors.Is(err, call.ErrNotFound):
		return answer{}, false, nil
	case err != nil:
		return answer{}, false, fmt.Errorf("read the idempotency key: %w", err)
	case k.Fingerprint != r.fingerprint:
		return answer{}, false, intake.ErrIdempotencyConflict
	}
	return replay(k), true, nil
}

func (s *Server) idempotencyKey(ctx context.Context, r request, a answer) call.IdempotencyKey {
	return call.IdempotencyKey{
		Owner: principal(ctx).Owner, Key: r.key, Fingerprint: r.fingerprint,
		Status: a.status, Location: a.location, Body: a.body, ExpiresAt: s.Now().Add(call.KeyLife),
	}
}
