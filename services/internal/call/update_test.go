package call_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/outdial/outdial/services/internal/call"
)

// answers is a store of one record that answers as it is told, one answer for
// each change; then it only says yes. A change is made unless the answer is a refusal.
type answers struct {
	record  call.Call
	script  []error
	missing error // of a read
	changes int
}

func (s *answers) Call(context.Context, string) (call.Call, error) { return s.record, s.missing }

func (s *answers) Apply(_ context.Context, ch call.Change) error {
	s.changes++
	var err error
	if len(s.script) > 0 {
		err, s.script = s.script[0], s.script[1:]
	}
	switch {
	case errors.Is(err, call.ErrConflict): // somebody else got on
		s.record = made(call.Looked(s.record, "", noon, noon)).After
	case err == nil, errors.Is(err, errMade):
		s.record = ch.After
	}
	return err
}

// errMade is an unclear answer to a change that was made.
var errMade = fmt.Errorf("the answer was lost: %w", call.ErrUnclear)

var errDisk = errors.New("disk full")

func TestUpdate(t *testing.T) {
	t.Parallel()
	many := func(n int, err error) (all []error) {
		for range n {
			all = append(all, err)
		}
		return all
	}
	refusal := call.Refuse(call.ConditionClaim)
	for _, c := range []struct {
		name    string
		from    call.Call
		script  []error
		missing error
		status  call.Status // of the record that it gives
		unfit   bool        // the error is the move's
		err     error       // or the store's
		changes int
	}{
		{name: "a change is made once", from: starting(), status: call.Ringing, changes: 1},
		{name: "after a conflict it is made from the newer record", from: starting(), script: many(3, call.ErrConflict), status: call.Ringing, changes: 4},
		{name: "an unclear answer to what was not made is made again", from: starting(), script: many(1, call.ErrUnclear), status: call.Ringing, changes: 2},
		{name: "an unclear answer to what was made shows as a move that fits no more", from: starting(), script: many(1, errMade), status: call.Ringing, unfit: true, changes: 1},
		{name: "a move that does not fit is not tried", from: inProgress(), status: call.InProgress, unfit: true},
		{name: "a refusal is final", from: starting(), script: many(1, refusal), status: call.Starting, err: refusal, changes: 1},
		{name: "so is an unknown error", from: starting(), script: many(1, errDisk), status: call.Starting, err: errDisk, changes: 1},
		{name: "a record that can't be read is not changed", from: starting(), missing: call.ErrNotFound, status: call.Starting, err: call.ErrNotFound},
		{name: "conflicts without end are given up", from: starting(), script: many(100, call.ErrConflict), status: call.Starting, err: call.ErrConflict, changes: 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := &answers{record: c.from, script: c.script, missing: c.missing}
			got, err := call.Update(t.Context(), s, c.from.ID, rang)
			if got.Status != c.status || call.NotAllowed(err) != c.unfit || (!c.unfit && !errors.Is(err, c.err)) {
				t.Errorf("gave a record that is %s, and %v", got.Status, err)
			}
			if s.changes != c.changes {
				t.Errorf("%d changes were tried; want %d", s.changes, c.changes)
			}
		})
	}
}

func TestErrorsAreToldApart(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("wrapped: %w", call.Refuse(call.ConditionLimit))
	if !call.RefusedFor(err, call.ConditionLimit) || call.RefusedFor(err, call.ConditionRate) || call.RefusedFor(call.ErrConflict, call.ConditionLimit) {
		t.Error("a refusal is not told from others")
	}
	if got, want := call.Refuse(call.ConditionPaused).Error(), "refused: batch_paused"; got != want {
		t.Errorf("a refusal says %q; want %q", got, want)
	}
}
