package call

import (
	"errors"
	"fmt"
)

// Errors that every store gives in the same words.
var (
	// ErrNotFound: there is no such item.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the item has another version than the change was made from. Read again.
	ErrConflict = errors.New("conflict: the record has moved on")
	// ErrUnclear: the change may or may not have been made. Read again.
	ErrUnclear = errors.New("unclear whether the change was made")
	// ErrCorrupt: counters and records can't both be right. Never repaired by itself.
	ErrCorrupt = errors.New("stored data contradicts itself")
)

// UnavailableError says that a store can't work at the moment, and in a sentence
// what to do about it. Nothing was written, unless the error is ErrUnclear too.
type UnavailableError struct{ Sentence string }

func (e *UnavailableError) Error() string { return e.Sentence }

// Condition names what a store found not to hold.
type Condition string

// The conditions a change may carry beside the version.
const (
	ConditionClaim    Condition = "claim"          // the claim is not in the state the change requires
	ConditionLimit    Condition = "limit"          // all slots are taken
	ConditionStopped  Condition = "stopped"        // all admission is stopped
	ConditionBackoff  Condition = "backoff"        // launches were refused a moment ago
	ConditionRate     Condition = "rate"           // the rate's stored time has moved
	ConditionPaused   Condition = "batch_paused"   // the batch is paused
	ConditionCanceled Condition = "batch_canceled" // the batch is canceled
	ConditionKey      Condition = "key"            // the idempotency key is taken
	ConditionExists   Condition = "exists"         // the item is there already
	ConditionNonce    Condition = "nonce"          // the claim is held by another start of an agent
)

// RefusedError says which condition of a change did not hold. Nothing was written.
type RefusedError struct{ Condition Condition }

func (e *RefusedError) Error() string { return "refused: " + string(e.Condition) }

// Refuse is the error for a condition that did not hold.
func Refuse(c Condition) error { return &RefusedError{Condition: c} }

// RefusedFor tells whether err is a refusal for this condition.
func RefusedFor(err error, c Condition) bool {
	var r *RefusedError
	return errors.As(err, &r) && r.Condition == c
}

// MoveError says that a move does not fit the record. A late or repeated event
// gives one; it is dropped.
type MoveError struct {
	Move   Move
	Status Status
	Why    string
}

func (e *MoveError) Error() string {
	return fmt.Sprintf("%s does not fit a call that is %s: %s", e.Move, e.Status, e.Why)
}

// NotAllowed tells whether err says that a move does not fit the record.
func NotAllowed(err error) bool {
	var m *MoveError
	return errors.As(err, &m)
}
