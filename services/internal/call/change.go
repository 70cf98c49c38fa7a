package call

import "time"

// Change is what a move gives: the record before and after, and all that must
// be written or must hold in the same transaction. A store applies it whole or
// not at all, and answers
//
//	nil            applied
//	ErrConflict    the record has another version than Before
//	*RefusedError  the named condition did not hold
//	ErrUnclear     perhaps applied: read again
//
// The effects on slots, lane and counters are not stored in it but worked out
// from the two records, so that they can't drift from them.
type Change struct {
	Move   Move
	Before Call // zero for a new call
	After  Call
	At     time.Time

	Claim     ClaimEffect
	Open      Claim      // for ClaimOpen
	Admission *Admission // of Admitted
	Backoff   *Backoff   // of a launch refused for lack of room
	Batch     BatchRequirement
	Key       *IdempotencyKey // stored with a new call
	Redrive   *RedriveChange  // progress of the redrive that reopened the call
}

// BatchRequirement is what a change requires of the call's batch.
type BatchRequirement string

// What a change may require of a batch's state.
const (
	BatchAny         BatchRequirement = ""
	BatchActive      BatchRequirement = "active"       // neither paused nor canceled
	BatchNotCanceled BatchRequirement = "not_canceled" // active or paused
)

// Check tells whether a batch in state s meets the requirement.
func (r BatchRequirement) Check(s BatchState) error {
	switch {
	case r == BatchAny:
		return nil
	case s == StateCanceled:
		return Refuse(ConditionCanceled)
	case s == StatePaused && r == BatchActive:
		return Refuse(ConditionPaused)
	}
	return nil
}

// New tells whether the change creates the call.
func (c Change) New() bool { return c.Before.Version == 0 }

// Attempt is the attempt whose claim the change touches.
func (c Change) Attempt() int {
	if c.Claim == ClaimOpen {
		return c.After.Attempt
	}
	return c.Before.Attempt
}

// Slots is what the change adds to the slots in use: 1, 0 or -1.
func (c Change) Slots() int { return slot(c.After) - slot(c.Before) }

func slot(c Call) int {
	if c.Status.Active() {
		return 1
	}
	return 0
}

// Lane is what the change adds to the counts of the call's lane.
func (c Change) Lane() LaneEffect {
	var e LaneEffect
	e.add(c.Before, -1)
	e.add(c.After, 1)
	e.Served = c.Move == MoveAdmitted
	return e
}

// TouchesLane tells whether the change writes the lane and the owner's turn.
func (c Change) TouchesLane() bool { return !c.Lane().zero() }

// Counts is what the change adds to the counts of the call's batch. A new call
// of a batch adds nothing here: BatchChange counts it.
func (c Change) Counts() Counts {
	var n Counts
	if c.New() || c.After.BatchID == "" {
		return n
	}
	n.count(c.Before.Status, -1)
	n.count(c.After.Status, 1)
	return n
}

// IdempotencyKey remembers the answer to a request for 24 hours. Its scope is
// one owner; Fingerprint is a hash of method, path and body as they were sent.
type IdempotencyKey struct {
	Owner       string    `json:"owner"`
	Key         string    `json:"key"`
	Fingerprint string    `json:"fingerprint"`
	Status      int       `json:"status"` // of the HTTP answer
	Location    string    `json:"location,omitempty"`
	Body        []byte    `json:"body"`
	ExpiresAt   time.Time `json:"expires_at"`
}

// KeyLife is how long an idempotency key is remembered.
const KeyLife = 24 * time.Hour
