// Package intake checks and accepts what is submitted: single calls, and call
// lists as rows or CSV. Everything is checked before anything is stored; what
// is accepted is stored in one transaction with its idempotency key, and from
// then on reaches its end.
package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
)

// Calls stores single calls.
type Calls interface {
	Apply(ctx context.Context, change call.Change) error
}

// Batches stores batches.
type Batches interface {
	ApplyBatch(ctx context.Context, change call.BatchChange) error
}

// Rows stores the rows of a batch, before the batch itself.
type Rows interface {
	PutChunk(ctx context.Context, batchID string, n int, rows []call.Row) error
	PutRefused(ctx context.Context, batchID string, n int, rows []call.RefusedRow) error
}

// Keys reads the answers kept for idempotency keys.
type Keys interface {
	Key(ctx context.Context, owner, key string, now time.Time) (call.IdempotencyKey, error)
}

// Store is what intake reads and writes.
type Store interface {
	Calls
	Batches
	Rows
	Keys
}

// Jobs sends jobs to the calls queue.
type Jobs interface {
	Send(ctx context.Context, delay time.Duration, job messages.Job) error
}

// Looks asks the tracker to look now at what is due: a new batch is.
type Looks interface {
	Look(ctx context.Context) error
}

// Service accepts calls and batches. It keeps nothing between two requests, so
// one value serves all of them.
type Service struct {
	Store   Store
	Jobs    Jobs
	Looks   Looks
	Now     func() time.Time
	NewULID func() string
	Log     *slog.Logger

	Numbers NumberPolicy // zero: all kinds of numbers that are refused by default are
	Limits  Limits       // zero fields: DefaultLimits
}

// Limits bound a call list and what is answered to it.
type Limits struct {
	MaxRows       int // rows in a list, refused ones included
	ChunkRows     int // accepted or refused rows stored together
	RefusedInline int // refused rows in the answer
}

// DefaultLimits are the limits that the API documents.
var DefaultLimits = Limits{MaxRows: 100_000, ChunkRows: 1_000, RefusedInline: 1_000}

func (l Limits) orDefault() Limits {
	set := func(n *int, byDefault int) {
		if *n <= 0 {
			*n = byDefault
		}
	}
	set(&l.MaxRows, DefaultLimits.MaxRows)
	set(&l.ChunkRows, DefaultLimits.ChunkRows)
	set(&l.RefusedInline, DefaultLimits.RefusedInline)
	return l
}

// SingleRequest asks for one call.
type SingleRequest struct {
	PhoneNumber string // E.164, or national with Region
	Region      string // ISO 3166-1 alpha-2; empty: none
	Agent       AgentSettings
	Metadata    map[string]string
}

// Submit accepts a single call. Its errors are *InvalidError,
// ErrIdempotencyConflict, and those of the store; after any of them nothing was
// stored, except that call.ErrUnclear leaves it open.
//
// The job that is sent afterwards is only the fastest way to the worker: when it
// gets lost, the record is there, its lane counts it, and the next fill finds it.
func (s *Service) Submit(ctx context.Context, owner string, r SingleRequest, i *Idempotency[call.Call]) (Accepted[call.Call], error) {
	if kept, err := i.kept(ctx, s.Store, owner, s.Now()); kept != nil || err != nil {
		return replayed[call.Call](kept), err
	}
	asked, err := s.checkSingle(r)
	if err != nil {
		return Accepted[call.Call]{}, err
	}
	asked.ID, asked.Owner = call.SingleID(s.NewULID()), owner
	change := call.Created(asked, s.Now())
	if change.Key, err = i.key(owner, change.After, change.At); err != nil {
		return Accepted[call.Call]{}, err
	}
	kept, err := commit(ctx,
		func() error { return s.Store.Apply(ctx, change) },
		func() (*call.IdempotencyKey, error) { return i.kept(ctx, s.Store, owner, s.Now()) })
	if kept != nil || err != nil {
		return replayed[call.Call](kept), err
	}
	s.sendJob(ctx, change.After)
	return Accepted[call.Call]{Value: change.After, Kept: change.Key}, nil
}

func (s *Service) checkSingle(r SingleRequest) (call.NewCall, error) {
	var f fields
	region, ok := f.region(r.Region)
	settings, timeLimit := f.agent(r.Agent)
	f.metadata(r.Metadata)
	var number string
	if ok { // which number it is depends on the region
		number = f.number(r.PhoneNumber, region, numberChecker{policy: s.Numbers})
	}
	return call.NewCall{
		Number: number, Settings: &settings, TimeLimit: timeLimit, Metadata: r.Metadata,
	}, f.err()
}

func (s *Service) sendJob(ctx context.Context, c call.Call) {
	if err := s.Jobs.Send(ctx, 0, messages.Job{CallID: c.ID, Attempt: c.Attempt}); err != nil {
		s.Log.WarnContext(ctx, "job not sent", "call", c.ID, "cause", err)
	}
}

// commitTries bounds how often a change is applied.
const commitTries = 4

// commit applies a change that creates something, once. It gives the kept answer
// of the same request if that was first at the same time.
//
// After an unclear answer it applies the same change again. That is safe, and
// tells what became of it: the id is new and nobody else's, so when it is there
// already, the try before has put it there.
func commit(ctx context.Context, apply func() error, kept func() (*call.IdempotencyKey, error)) (*call.IdempotencyKey, error) {
	var last error
	for try := range commitTries {
		err := apply()
		switch {
		case err == nil, try > 0 && call.RefusedFor(err, call.ConditionExists):
			return nil, nil
		case call.RefusedFor(err, call.ConditionKey):
			if first, err := kept(); first != nil || err != nil {
				return first, err
			}
			// The key has expired meanwhile: nothing is in the way any more.
		case errors.Is(err, call.ErrUnclear), errors.Is(err, call.ErrConflict):
			// Perhaps made, or another change was in the way for a moment.
		default:
			return nil, err
		}
		if last = err; ctx.Err() != nil {
			break
		}
	}
	return nil, fmt.Errorf("not settled after several tries: %w", last)
}
