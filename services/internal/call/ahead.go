package call

import (
	"context"
	"errors"
)

// AttemptID names an attempt of a call. Attempt 0 asks for the record alone.
type AttemptID struct {
	CallID  string
	Attempt int
}

// Ahead is what was read of several attempts together, strongly, before each is
// handled: the records of their calls, and their claims. What isn't there, or is
// corrupt, is left out; to read it alone tells which.
type Ahead struct {
	Calls  map[string]Call
	Claims map[AttemptID]Claim
}

// NewAhead gives an empty one.
func NewAhead() Ahead {
	return Ahead{Calls: map[string]Call{}, Claims: map[AttemptID]Claim{}}
}

// Call gives the record that was read, or reads it. It gives it once, because
// whoever reads a record again has met a newer one.
func (a Ahead) Call(ctx context.Context, s Records, id string) (Call, error) {
	if c, ok := a.Calls[id]; ok {
		delete(a.Calls, id)
		return c, nil
	}
	return s.Call(ctx, id)
}

// Apply writes a change, and knows the record as it is then.
func (a Ahead) Apply(ctx context.Context, s Records, change Change) error {
	err := s.Apply(ctx, change)
	if err == nil {
		a.Calls[change.After.ID] = change.After
	} else {
		delete(a.Calls, change.After.ID)
	}
	return err
}

// Claims reads claims, and the settings that stand apart from them, strongly.
type Claims interface {
	Claim(ctx context.Context, callID string, attempt int) (Claim, error)
	BatchSettings(ctx context.Context, batchID string) (Settings, error)
}

// ReadEach reads ahead one by one: for a store in which a read costs no way over a
// network.
func ReadEach(ctx context.Context, s interface {
	Records
	Claims
}, attempts []AttemptID,
) (Ahead, error) {
	read := NewAhead()
	for _, id := range attempts {
		c, err := s.Call(ctx, id.CallID)
		if err == nil {
			read.Calls[id.CallID] = c
		} else if !unreadable(err) {
			return read, err
		}
		if id.Attempt == 0 {
			continue
		}
		claim, err := s.Claim(ctx, id.CallID, id.Attempt)
		if err == nil {
			read.Claims[id] = claim
		} else if !unreadable(err) {
			return read, err
		}
	}
	return read, nil
}

// unreadable tells whether this one is not there, or corrupt, and others may be read.
func unreadable(err error) bool { return errors.Is(err, ErrNotFound) || errors.Is(err, ErrCorrupt) }

// ReadClaimAndSettings reads a claim and, unless batchID is empty, the settings of
// that batch; nil if there are none.
func ReadClaimAndSettings(ctx context.Context, s Claims, callID string, attempt int, batchID string) (Claim, *Settings, error) {
	claim, err := s.Claim(ctx, callID, attempt)
	if err != nil || batchID == "" {
		return claim, nil, err
	}
	settings, err := s.BatchSettings(ctx, batchID)
	if errors.Is(err, ErrNotFound) {
		return claim, nil, nil
	}
	return claim, &settings, err
}
