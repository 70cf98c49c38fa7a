package httpapi

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/intake"
)

// SubmitCall accepts a single call.
func (s *Server) SubmitCall(ctx context.Context, r api.SubmitCallRequestObject) (api.SubmitCallResponseObject, error) {
	asked := intake.SingleRequest{
		PhoneNumber: r.Body.PhoneNumber, Region: given(r.Body.Region),
		Agent: agentAsked(given(r.Body.Agent)), Metadata: r.Body.Metadata,
	}
	show := func(c call.Call) (answer, error) {
		return newAnswer(http.StatusAccepted, api.BasePath+"/calls/"+c.ID, s.submitted(ctx, c))
	}
	accepted, err := s.Intake.Submit(ctx, principal(ctx).Owner, asked, idempotency(ctx, show))
	return answerTo(accepted, err, show)
}

// submitted is a call that is accepted, or about to be. No reading that fails may
// make an error of it now: the client would submit the call once more.
func (s *Server) submitted(ctx context.Context, c call.Call) api.Call {
	v := s.views()
	waiting, err := v.waitingOf(ctx, c)
	if err != nil {
		s.Log.WarnContext(ctx, "why a new call waits could not be read", "call", c.ID, "cause", err)
	}
	return callView(c, given(c.Settings), waiting)
}

// SubmitBatch accepts a call list, or only checks it.
func (s *Server) SubmitBatch(ctx context.Context, r api.SubmitBatchRequestObject) (api.SubmitBatchResponseObject, error) {
	asked, err := batchAsked(r)
	if err != nil {
		return nil, err
	}
	show := showBatch
	if asked.DryRun {
		show = showPreview
	}
	accepted, err := s.Intake.SubmitBatch(ctx, principal(ctx).Owner, asked, idempotency(ctx, show))
	return answerTo(accepted, err, show)
}

// idempotency asks for the answer to be kept under the request's key, if it has one.
func idempotency[T any](ctx context.Context, show func(T) (answer, error)) *intake.Idempotency[T] {
	request := sent(ctx)
	if request.key == "" {
		return nil
	}
	return &intake.Idempotency[T]{
		Key: request.key, Fingerprint: request.fingerprint,
		Answer: func(accepted T) (status int, location string, body []byte, err error) {
			a, err := show(accepted)
			return a.status, a.location, a.body, err
		},
	}
}

// answerTo answers with the bytes that are kept under the key, so that the first
// answer and its repeats are the same.
func answerTo[T any](accepted intake.Accepted[T], err error, show func(T) (answer, error)) (answer, error) {
	switch {
	case err != nil:
		return answer{}, err
	case accepted.Kept == nil:
		return show(accepted.Value)
	}
	a := replay(*accepted.Kept)
	a.replayed = accepted.Replayed
	return a, nil
}

func showBatch(result intake.BatchResult) (answer, error) {
	b := batchView(result.Batch, call.Counts{Waiting: result.Batch.Rows})
	return newAnswer(http.StatusAccepted, api.BasePath+"/batches/"+b.ID, api.SubmittedBatch{
		ID: b.ID, Name: b.Name, Status: b.Status, Rows: b.Rows, Refused: b.Refused, RefusedByCode: b.RefusedByCode,
		RefusedRows: refusedView(result.RefusedRows), Counts: b.Counts, Agent: b.Agent,
		CreatedAt: b.CreatedAt, UpdatedAt: b.UpdatedAt,
	})
}

func showPreview(result intake.BatchResult) (answer, error) {
	return newAnswer(http.StatusOK, "", api.BatchPreview{
		Rows: result.Batch.Rows, Refused: result.Batch.Refused, RefusedByCode: nonNil(result.Batch.RefusedByCode),
		RefusedRows: refusedView(result.RefusedRows),
	})
}

// batchAsked reads a list from either body. With a JSON body the settings stand
// in it, with a text/csv body in the query; dry_run always in the query.
func batchAsked(r api.SubmitBatchRequestObject) (intake.BatchRequest, error) {
	if r.JSONBody == nil {
		return csvAsked(r)
	}
	b := r.JSONBody
	asked := intake.BatchRequest{
		Name: given(b.Name), Region: given(b.Region), AllowDuplicates: given(b.AllowDuplicates),
		NumberColumn: given(b.NumberColumn), Agent: agentAsked(given(b.Agent)), Metadata: b.Metadata,
		DryRun: given(r.Params.DryRun),
	}
	if b.CSV != nil {
		asked.CSV = []byte(*b.CSV)
	}
	if b.Rows != nil {
		asked.Rows = make([]intake.Row, len(b.Rows))
		for i, row := range b.Rows {
			asked.Rows[i] = intake.Row{PhoneNumber: row.PhoneNumber, Region: given(row.Region), Metadata: row.Metadata}
		}
	}
	return asked, nil
}

func csvAsked(r api.SubmitBatchRequestObject) (intake.BatchRequest, error) {
	list, err := io.ReadAll(r.Body)
	if err != nil {
		return intake.BatchRequest{}, fmt.Errorf("read the body: %w", err)
	}
	p := r.Params
	return intake.BatchRequest{
		Name: given(p.Name), Region: given(p.Region), AllowDuplicates: given(p.AllowDuplicates),
		NumberColumn: given(p.NumberColumn), DryRun: given(p.DryRun), CSV: list, CSVBody: true,
		Agent: intake.AgentSettings{
			Instructions: given(p.Instructions), Voice: given(p.Voice), FirstWords: given(p.FirstWords),
			Language: given(p.Language), TimeLimit: p.TimeLimit,
		},
	}, nil
}

func agentAsked(a api.AgentSettings) intake.AgentSettings {
	return intake.AgentSettings{
		Instructions: given(a.Instructions), Voice: given(a.Voice), FirstWords: given(a.FirstWords),
		Language: given(a.Language), TimeLimit: a.TimeLimit,
	}
}
