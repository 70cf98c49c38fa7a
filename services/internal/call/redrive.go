package call

import (
	"maps"
	"time"
)

// Redrive is a stored request to reopen all dead-lettered calls that match. It
// is worked off in slices, in the order of ids, and takes no call twice.
type Redrive struct {
	ID    string          `json:"id"`
	Owner string          `json:"owner"`           // who asked
	Only  string          `json:"only,omitempty"`  // only calls of this owner; empty: of all
	Batch string          `json:"batch,omitempty"` // only calls of this batch; empty: any
	Cause DeadLetterCause `json:"cause,omitempty"` // only this cause; empty: any

	Cursor        string         `json:"cursor,omitempty"` // id of the last call looked at
	Redriven      int            `json:"redriven"`
	Skipped       int            `json:"skipped"`
	SkippedByCode map[string]int `json:"skipped_by_code,omitempty"` // why, in the words of the API
	Done          bool           `json:"done"`
	Due           time.Time      `json:"due,omitzero"`
	Version       int64          `json:"version"`

	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// RedriveChange is a change of a redrive. It is applied alone, or with the
// change of the call that it reopens, so that its counts are exact.
type RedriveChange struct {
	Before Redrive // zero for a new one
	After  Redrive
	Key    *IdempotencyKey // stored with a new one
}

// RedriveRequested stores the request; the tracker works it off.
func RedriveRequested(r Redrive, key *IdempotencyKey, now time.Time) RedriveChange {
	now = stamp(now)
	r.CreatedAt, r.UpdatedAt, r.Due = now, now, now
	r.Version = 1
	return RedriveChange{After: r, Key: key}
}

// Reopening is the redrive's progress to be applied with the reopened call.
func (r Redrive) Reopening(callID string, now time.Time) RedriveChange {
	after := r.next(now)
	after.Cursor = callID
	after.Redriven++
	return RedriveChange{Before: r, After: after}
}

// Filter chooses the calls that the redrive is about.
func (r Redrive) Filter() DeadLetterFilter {
	return DeadLetterFilter{Owner: r.Only, BatchID: r.Batch, Cause: r.Cause}
}

// Skipping passes a call that can't be reopened, for the reason that the code names.
func (r Redrive) Skipping(callID, code string, now time.Time) RedriveChange {
	after := r.next(now)
	after.Cursor = callID
	after.Skipped++
	after.SkippedByCode = maps.Clone(r.SkippedByCode)
	if after.SkippedByCode == nil {
		after.SkippedByCode = map[string]int{}
	}
	after.SkippedByCode[code]++
	return RedriveChange{Before: r, After: after}
}

// Ending says that no more calls match.
func (r Redrive) Ending(now time.Time) RedriveChange {
	after := r.next(now)
	after.Done = true
	after.Due = time.Time{}
	return RedriveChange{Before: r, After: after}
}

func (r Redrive) next(now time.Time) Redrive {
	r.Version++
	r.UpdatedAt = stamp(now)
	r.Due = r.UpdatedAt
	return r
}
