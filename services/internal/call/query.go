package call

import "time"

// DueKind says what a due item is.
type DueKind string

// The kinds of items that something must look at again.
const (
	DueCall    DueKind = "call"
	DueBatch   DueKind = "batch"
	DueRedrive DueKind = "redrive"
)

// DueItem is one entry of the due index. The index is a hint: read the item
// strongly before acting.
type DueItem struct {
	Kind DueKind
	ID   string
	Due  time.Time
}

// Filter chooses calls for a list. Empty fields choose all.
type Filter struct {
	Owner    string
	BatchID  string
	Number   string // E.164, exact
	Statuses []Status
	From     time.Time // created at or after
	To       time.Time // created before
}

// DeadLetterFilter chooses dead-lettered calls. Empty fields choose all.
type DeadLetterFilter struct {
	Owner   string
	BatchID string
	Cause   DeadLetterCause
}

// Page asks for a part of a list in the order of ids: what stands behind After,
// at most Limit items. Descending order is newest first. A cursor is an id, so
// inserts elsewhere don't disturb it.
type Page struct {
	After string // empty: from the start
	Limit int
	Desc  bool
}
