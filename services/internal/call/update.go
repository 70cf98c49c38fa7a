package call

import (
	"context"
	"errors"
)

// Records reads and changes the records of calls.
type Records interface {
	Call(ctx context.Context, id string) (Call, error)
	Apply(ctx context.Context, change Change) error
}

// updateTries bounds how often a change is made again from a newer record. A
// conflict means that somebody else got on, so a few are enough.
const updateTries = 10

// Update applies a move to a call: it reads the record, makes the change and
// applies it, again from the newer record after a conflict or an unclear answer.
// It gives the record after, or the record as read and the error of the move or
// of the store. After an unclear answer that was a success, the move itself says
// that it does not fit any more (NotAllowed).
func Update(ctx context.Context, s Records, id string, move func(Call) (Change, error)) (Call, error) {
	var c Call
	err := ErrConflict
	for range updateTries {
		if c, err = s.Call(ctx, id); err != nil {
			return c, err
		}
		var after Call
		if after, err = ApplyTo(ctx, s, c, move); err == nil {
			return after, nil
		}
		if !errors.Is(err, ErrConflict) && !errors.Is(err, ErrUnclear) {
			return c, err
		}
	}
	return c, err
}

// ApplyTo applies a move to a record that was just read, once.
func ApplyTo(ctx context.Context, s Records, c Call, move func(Call) (Change, error)) (Call, error) {
	change, err := move(c)
	if err != nil {
		return c, err
	}
	if err := s.Apply(ctx, change); err != nil {
		return c, err
	}
	return change.After, nil
}
