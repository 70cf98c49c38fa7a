// Package httpapi is the HTTP API: the generated strict server implemented on
// the use cases, with sign-in, request ids, idempotency and problem details.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/deadletters"
	"github.com/outdial/outdial/services/internal/intake"
	"github.com/outdial/outdial/services/internal/prices"
	"github.com/outdial/outdial/services/internal/samples"
	"github.com/outdial/outdial/services/internal/signin"
)

// Store is what the API reads.
type Store interface {
	Calls
	Batches
	samples.Kept
	Redrive(ctx context.Context, id string) (call.Redrive, error)
	Key(ctx context.Context, owner, key string, now time.Time) (call.IdempotencyKey, error)
	PutKey(ctx context.Context, k call.IdempotencyKey, now time.Time) error
}

// Calls reads calls.
type Calls interface {
	Call(ctx context.Context, id string) (call.Call, error)
	ListCalls(ctx context.Context, f call.Filter, p call.Page) (calls []call.Call, next string, err error)
	ListDeadLetters(ctx context.Context, f call.DeadLetterFilter, p call.Page) (calls []call.Call, next string, err error)
}

// Batches reads batches.
type Batches interface {
	Batch(ctx context.Context, id string) (call.Batch, error)
	BatchCounts(ctx context.Context, id string) (call.Counts, error)
	CountsOfBatches(ctx context.Context, ids []string) (map[string]call.Counts, error)
	BatchSettings(ctx context.Context, batchID string) (call.Settings, error)
	Lane(ctx context.Context, key call.LaneKey) (call.Lane, error)
	ListBatches(ctx context.Context, owner string, p call.Page) (batches []call.Batch, next string, err error)
	Refused(ctx context.Context, batchID string, after, limit int) ([]call.RefusedRow, error)
}

// Control cancels calls, and pauses, resumes and cancels batches.
type Control interface {
	Cancel(ctx context.Context, id string) (call.Call, error)
	PauseBatch(ctx context.Context, id string) (call.Batch, error)
	ResumeBatch(ctx context.Context, id string) (call.Batch, error)
	CancelBatch(ctx context.Context, id string) (call.Batch, error)
}

// Intake accepts calls and batches.
type Intake interface {
	Submit(ctx context.Context, owner string, r intake.SingleRequest, i *intake.Idempotency[call.Call]) (intake.Accepted[call.Call], error)
	SubmitBatch(ctx context.Context, owner string, r intake.BatchRequest, i *intake.Idempotency[intake.BatchResult]) (intake.Accepted[intake.BatchResult], error)
}

// DeadLetters counts and redrives.
type DeadLetters interface {
	Count(ctx context.Context, f call.DeadLetterFilter) (deadletters.Counts, error)
	Chosen(ctx context.Context, id string, callIDs []string) (deadletters.Result, error)
	Request(ctx context.Context, r call.Redrive, key *call.IdempotencyKey) (call.Redrive, error)
}

// Capacity shows and sets slots, rate and stop.
type Capacity interface {
	Get(ctx context.Context) (call.Capacity, call.Waiting, error)
	Set(ctx context.Context, u call.CapacityUpdate) (call.Capacity, error)
	WaitReason(ctx context.Context, c call.Call) (call.WaitReason, error)
}

// Authenticator says who makes a request. Its errors are those of package signin.
type Authenticator interface {
	Authenticate(r *http.Request) (signin.Principal, error)
}

// Server implements the API. All fields of the first part must be set.
type Server struct {
	Store       Store
	Intake      Intake
	Control     Control
	DeadLetters DeadLetters
	Capacity    Capacity
	SignIn      Authenticator
	Now         func() time.Time
	NewULID     func() string
	Log         *slog.Logger

	AllowedOrigins []string     // of browsers on other origins; none when empty
	Prices         *prices.List // of calls, for forms to show; nil: not known
}

// Handler is the whole API, with everything that every route has in common.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	strict := api.NewStrictHandlerWithOptions(s, nil, api.StrictHTTPServerOptions{
		RequestErrorHandlerFunc:  s.fail,
		ResponseErrorHandlerFunc: s.fail,
	})
	api.HandlerWithOptions(strict, api.StdHTTPServerOptions{
		BaseURL: api.BasePath, BaseRouter: mux, ErrorHandlerFunc: s.fail,
	})
	guarded := s.routed(mux, s.authenticated(s.checkQuery(s.readBody(mux))))
	return s.withRequestID(s.logged(s.recovered(s.cors(guarded))))
}

var _ api.StrictServerInterface = (*Server)(nil)

// principal is who makes the request. Every route but the public one has passed
// authenticate, which put it there.
func principal(ctx context.Context) signin.Principal {
	p, _ := ctx.Value(principalKey{}).(signin.Principal)
	return p
}

// mayRead tells whether the one who asks may know of something of this owner.
func mayRead(ctx context.Context, owner string) bool {
	p := principal(ctx)
	return owner == p.Owner || p.Admin()
}

// visibleOwner is whose things a list shows: one's own, or, empty, everybody's.
func visibleOwner(ctx context.Context) string {
	if p := principal(ctx); !p.Admin() {
		return p.Owner
	}
	return ""
}
