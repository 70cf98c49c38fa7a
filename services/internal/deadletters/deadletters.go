// Package deadletters lists calls that could not be launched, and redrives
// them: each is reopened as a new attempt. It works on records; the dead-letter
// queue holds only marks for those who use AWS's own redrive.
package deadletters

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
)

// Store is what a redrive reads and changes.
type Store interface {
	call.Records
	ListDeadLetters(ctx context.Context, f call.DeadLetterFilter, p call.Page) (calls []call.Call, next string, err error)
	Redrive(ctx context.Context, id string) (call.Redrive, error)
	ApplyRedrive(ctx context.Context, change call.RedriveChange) error
}

// Jobs sends jobs to the calls queue.
type Jobs interface {
	Send(ctx context.Context, delay time.Duration, job messages.Job) error
}

// Looks asks the tracker for an early look at what is due.
type Looks interface {
	Look(ctx context.Context) error
}

// Service lists and redrives dead letters.
type Service struct {
	Store Store
	Jobs  Jobs
	Looks Looks
	Now   func() time.Time
	Log   *slog.Logger

	Slice int // calls that one look at a redrive reopens
}

// Codes of calls that a redrive skips.
const (
	CodeNotDeadLettered = "not_dead_lettered" // it has moved on, or never was one
	CodeBatchCanceled   = "batch_canceled"
	CodeCallNotFound    = "call_not_found"
)

// Skipped is a call that was not redriven, and why.
type Skipped struct {
	ID, Code, Message string
}

// Result tells which of the chosen calls were redriven.
type Result struct {
	Redriven []string
	Skipped  []Skipped
}

// Chosen redrives the given calls at once. The id names this redrive: repeated
// with the same id it reopens no call twice, and reports those it has reopened
// before as redriven.
func (s *Service) Chosen(ctx context.Context, id string, callIDs []string) (Result, error) {
	var result Result
	seen := map[string]bool{}
	for _, callID := range callIDs {
		if seen[callID] {
			continue
		}
		seen[callID] = true
		skipped, err := s.reopen(ctx, id, callID)
		if err != nil {
			return result, err
		}
		if skipped != nil {
			result.Skipped = append(result.Skipped, *skipped)
		} else {
			result.Redriven = append(result.Redriven, callID)
		}
	}
	if len(result.Redriven) > 0 {
		s.fill(ctx)
	}
	return result, nil
}

func (s *Service) reopen(ctx context.Context, id, callID string) (*Skipped, error) {
	before, err := call.Update(ctx, s.Store, callID, func(c call.Call) (call.Change, error) {
		return call.Redriven(c, c.Attempt, id, s.Now())
	})
	switch {
	case err == nil, call.NotAllowed(err) && before.RedrivenBy(id):
		return nil, nil
	case errors.Is(err, call.ErrNotFound):
		return &Skipped{callID, CodeCallNotFound, "There is no such call."}, nil
	case call.NotAllowed(err):
		return &Skipped{callID, CodeNotDeadLettered, fmt.Sprintf("The call is %s and not a dead letter.", before.Status)}, nil
	case call.RefusedFor(err, call.ConditionCanceled):
		return &Skipped{callID, CodeBatchCanceled, "Its batch is canceled."}, nil
	}
	return nil, fmt.Errorf("redrive call %s: %w", callID, err)
}

// Request stores the request to redrive all dead letters that match. The tracker
// works it off; Redrive shows its progress.
func (s *Service) Request(ctx context.Context, r call.Redrive, key *call.IdempotencyKey) (call.Redrive, error) {
	change := call.RedriveRequested(r, key, s.Now())
	err := s.Store.ApplyRedrive(ctx, change)
	if errors.Is(err, call.ErrUnclear) {
		if stored, readErr := s.Store.Redrive(ctx, r.ID); readErr == nil {
			return stored, nil
		}
	}
	if err != nil {
		return call.Redrive{}, err
	}
	if err := s.Looks.Look(ctx); err != nil {
		s.Log.WarnContext(ctx, "look not sent", "cause", err)
	}
	return change.After, nil
}

// Work reopens the next slice of a redrive's calls, each in one transaction with
// the redrive's cursor and counts. It says whether there is more.
func (s *Service) Work(ctx context.Context, id string) (more bool, err error) {
	r, err := s.Store.Redrive(ctx, id)
	if err != nil || r.Done {
		return false, err
	}
	calls, _, err := s.Store.ListDeadLetters(ctx, r.Filter(), call.Page{After: r.Cursor, Limit: s.Slice})
	if err != nil {
		return false, fmt.Errorf("list dead letters: %w", err)
	}
	if len(calls) == 0 {
		err = s.Store.ApplyRedrive(ctx, r.Ending(s.Now()))
		return err != nil, ignoreConflict(err)
	}
	defer s.fill(ctx)
	for _, c := range calls {
		if r, err = s.workOn(ctx, r, c.ID); err != nil {
			break
		}
	}
	return true, ignoreConflict(err)
}

// workOn reopens one call or passes it, and gives the redrive after.
func (s *Service) workOn(ctx context.Context, r call.Redrive, callID string) (call.Redrive, error) {
	c, err := s.Store.Call(ctx, callID)
	if err != nil {
		return r, err
	}
	progress := r.Reopening(callID, s.Now())
	change, err := call.Redriven(c, c.Attempt, r.ID, s.Now())
	if err == nil {
		change.Redrive = &progress
		if err = s.Store.Apply(ctx, change); err == nil {
			return progress.After, nil
		}
	}
	code := CodeNotDeadLettered
	if call.RefusedFor(err, call.ConditionCanceled) {
		code = CodeBatchCanceled
	} else if !call.NotAllowed(err) {
		return r, err
	}
	skipping := r.Skipping(callID, code, s.Now())
	return skipping.After, s.Store.ApplyRedrive(ctx, skipping)
}

// ignoreConflict: somebody else works on the same redrive, or the answer was
// unclear; it is due, and the next look goes on from where it is.
func ignoreConflict(err error) error {
	if errors.Is(err, call.ErrConflict) || errors.Is(err, call.ErrUnclear) {
		return nil
	}
	return err
}

// fill asks the worker to fill. Should this get lost, the minute tick fills.
func (s *Service) fill(ctx context.Context) {
	if err := s.Jobs.Send(ctx, 0, messages.Job{Fill: true}); err != nil {
		s.Log.WarnContext(ctx, "fill not sent", "cause", err)
	}
}
