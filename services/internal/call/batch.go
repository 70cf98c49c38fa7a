package call

import (
	"fmt"
	"time"
)

// BatchState is what a person set; completed is read from the counts.
type BatchState string

// The states of a batch. Canceled is last.
const (
	StateActive    BatchState = "active"
	StatePaused    BatchState = "paused"
	StateCanceled  BatchState = "canceled"
	StateCompleted BatchState = "completed" // never stored: see Batch.StateWith
)

// BatchStates are all that a person may see.
var BatchStates = []BatchState{StateActive, StatePaused, StateCanceled, StateCompleted}

// Batch is a call list: its state, how far it is expanded into calls and how
// far its cancel has come. Its counters are an item apart.
type Batch struct {
	ID       string     `json:"id"`
	Owner    string     `json:"owner"`
	Name     string     `json:"name,omitempty"`
	State    BatchState `json:"state"`
	Settings Settings   `json:"settings"`

	TimeLimit     int            `json:"time_limit"`        // seconds of talk
	Rows          int            `json:"rows"`              // accepted rows
	Refused       int            `json:"refused,omitempty"` // refused rows
	RefusedByCode map[string]int `json:"refused_by_code,omitempty"`
	ChunkRows     int            `json:"chunk_rows"` // accepted rows in each chunk but the last

	Expanded   int       `json:"expanded"`              // the first so many rows have records
	CanceledTo int       `json:"canceled_to,omitempty"` // the first so many records were visited by its cancel
	Due        time.Time `json:"due,omitzero"`          // zero: nothing left to do
	Version    int64     `json:"version"`

	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Lane is the lane of the batch's calls.
func (b Batch) Lane() LaneKey { return LaneKey{Owner: b.Owner, BatchID: b.ID} }

// StateWith is the state a person sees: completed once all calls are final.
func (b Batch) StateWith(n Counts) BatchState {
	if b.State != StateCanceled && n.Finished() {
		return StateCompleted
	}
	return b.State
}

// unfinished tells whether something must go on with the batch.
func (b Batch) unfinished() bool {
	return b.Expanded < b.Rows || (b.State == StateCanceled && b.CanceledTo < b.Rows)
}

// Counts are a batch's calls by where they stand. Rows not yet expanded wait.
type Counts struct {
	Waiting   int `json:"waiting"`
	Active    int `json:"active"`
	Completed int `json:"completed"`
	Busy      int `json:"busy"`
	NoAnswer  int `json:"no-answer"`
	Failed    int `json:"failed"`
	Canceled  int `json:"canceled"`
	Expired   int `json:"expired"`
}

func (n *Counts) count(s Status, d int) {
	switch {
	case s == Queued:
		n.Waiting += d
	case s.Active():
		n.Active += d
	default:
		*n.final(s) += d
	}
}

func (n *Counts) final(s Status) *int {
	switch s {
	case Completed:
		return &n.Completed
	case Busy:
		return &n.Busy
	case NoAnswer:
		return &n.NoAnswer
	case Canceled:
		return &n.Canceled
	case Expired:
		return &n.Expired
	}
	return &n.Failed
}

// Plus is the sum of both counts. It gives ErrCorrupt when one would be negative.
func (n Counts) Plus(d Counts) (Counts, error) {
	n = n.add(d)
	if min(n.Waiting, n.Active, n.Completed, n.Busy, n.NoAnswer, n.Failed, n.Canceled, n.Expired) < 0 {
		return n, fmt.Errorf("a batch would count below zero: %w", ErrCorrupt)
	}
	return n, nil
}

func (n Counts) add(d Counts) Counts {
	n.Waiting += d.Waiting
	n.Active += d.Active
	n.Completed += d.Completed
	n.Busy += d.Busy
	n.NoAnswer += d.NoAnswer
	n.Failed += d.Failed
	n.Canceled += d.Canceled
	n.Expired += d.Expired
	return n
}

// Total is the number of all calls counted.
func (n Counts) Total() int {
	return n.Waiting + n.Active + n.Completed + n.Busy + n.NoAnswer + n.Failed + n.Canceled + n.Expired
}

// Finished tells whether all calls counted are final.
func (n Counts) Finished() bool { return n.Waiting == 0 && n.Active == 0 }

// Row is an accepted row of a batch, kept in a chunk until it is a call.
type Row struct {
	Line      int               `json:"line"`   // in the file, from 1
	Number    string            `json:"number"` // E.164
	Metadata  map[string]string `json:"metadata,omitempty"`
	NotBefore time.Time         `json:"not_before,omitzero"`
	LastStart time.Time         `json:"last_start,omitzero"`
	Retry     *RetryPolicy      `json:"retry,omitempty"`
}

// RefusedRow is a row that no call is made from, and why.
type RefusedRow struct {
	Line    int    `json:"line"`  // in the file, from 1
	Value   string `json:"value"` // what stood there, masked
	Code    string `json:"code"`
	Message string `json:"message"`
}

// BatchChange is a change of a batch, applied in one transaction: the batch, its
// lane, its counters, and the calls that it adds or cancels. Answers are those
// of Change; one call that has another version makes the whole a conflict.
type BatchChange struct {
	Before Batch // zero for a new batch
	After  Batch
	At     time.Time
	Calls  []Change        // new calls, or waiting calls that are canceled: no claim, no slot
	Counts Counts          // added to the counters
	Key    *IdempotencyKey // stored with a new batch
}

// New tells whether the change creates the batch.
func (c BatchChange) New() bool { return c.Before.Version == 0 }

// Lane is what the change adds to the counts of the batch's lane.
func (c BatchChange) Lane() LaneEffect {
	var e LaneEffect
	for i := range c.Calls {
		l := c.Calls[i].Lane()
		e.Ready += l.Ready
		e.Schedule += l.Schedule
		e.Retry += l.Retry
		e.Window += l.Window
	}
	return e
}

// TouchesLane tells whether the change writes the lane and the owner's turn.
func (c BatchChange) TouchesLane() bool {
	return c.New() || c.Before.State != c.After.State || !c.Lane().zero()
}

// LaneOpen tells whether the lane may be in turn afterwards.
func (c BatchChange) LaneOpen() bool { return c.After.State == StateActive }

// BatchAccepted is the moment of acceptance: from here on every row reaches its
// end. The chunks must have been written before.
func BatchAccepted(b Batch, key *IdempotencyKey, now time.Time) BatchChange {
	now = stamp(now)
	b.State, b.Version = StateActive, 1
	b.CreatedAt, b.UpdatedAt = now, now
	b.Due = now
	if !b.unfinished() {
		b.Due = time.Time{}
	}
	return BatchChange{After: b, At: now, Counts: Counts{Waiting: b.Rows}, Key: key}
}

// BatchExpanded makes calls from the next rows of a batch. In a canceled batch
// they are created canceled, in the transaction that checks the state it read.
func BatchExpanded(b Batch, rows []Row, now time.Time) (BatchChange, error) {
	now = stamp(now)
	if b.Expanded+len(rows) > b.Rows {
		return BatchChange{}, fmt.Errorf("batch %s has %d rows, not %d: %w", b.ID, b.Rows, b.Expanded+len(rows), ErrCorrupt)
	}
	change := BatchChange{Before: b, At: now, Calls: make([]Change, 0, len(rows))}
	for i, row := range rows {
		c := NewCall{
			ID: BatchCallID(b.ID, b.Expanded+i+1), Owner: b.Owner, BatchID: b.ID, Row: row.Line,
			Number: row.Number, TimeLimit: b.TimeLimit, Metadata: row.Metadata,
			NotBefore: row.NotBefore, LastStart: row.LastStart, Retry: row.Retry, CreatedAt: b.CreatedAt,
		}
		if b.State == StateCanceled {
			change.Calls = append(change.Calls, createdCanceled(c, now))
			change.Counts.Waiting--
			change.Counts.Canceled++
		} else {
			change.Calls = append(change.Calls, Created(c, now))
		}
	}
	if b.State == StateCanceled && b.CanceledTo == b.Expanded {
		b.CanceledTo += len(rows) // created canceled: the cancel need not visit them
	}
	b.Expanded += len(rows)
	change.After = b.moved(now)
	return change, nil
}

// BatchPaused keeps the batch's waiting calls waiting. Calls that are admitted go on.
func BatchPaused(b Batch, now time.Time) (BatchChange, error) {
	return b.setState(StatePaused, now)
}

// BatchResumed lets the batch's calls be admitted again.
func BatchResumed(b Batch, now time.Time) (BatchChange, error) {
	return b.setState(StateActive, now)
}

// BatchCanceled holds at once for what isn't admitted; the rest is canceled row
// by row: see CancelAdvanced.
func BatchCanceled(b Batch, now time.Time) (BatchChange, error) {
	return b.setState(StateCanceled, now)
}

func (b Batch) setState(s BatchState, now time.Time) (BatchChange, error) {
	now = stamp(now)
	if b.State == StateCanceled {
		return BatchChange{}, Refuse(ConditionCanceled)
	}
	after := b
	after.State = s
	return BatchChange{Before: b, After: after.moved(now), At: now}, nil
}

// CancelAdvanced says that the cancel has visited the first n calls, and cancels
// those of them that still wait, in the same transaction. It never runs ahead of
// the expansion.
func CancelAdvanced(b Batch, n int, canceled []Change, now time.Time) (BatchChange, error) {
	now = stamp(now)
	if b.State != StateCanceled || n > b.Expanded || n < b.CanceledTo {
		return BatchChange{}, fmt.Errorf("cancel of batch %s can't be at %d of %d: %w", b.ID, n, b.Expanded, ErrCorrupt)
	}
	change := BatchChange{Before: b, At: now, Calls: canceled}
	for _, c := range canceled {
		if c.Claim != ClaimNone || c.Slots() != 0 || c.After.Status != Canceled {
			return BatchChange{}, fmt.Errorf("call %s is not waiting and can't be canceled with others: %w", c.After.ID, ErrCorrupt)
		}
		change.Counts = change.Counts.add(c.Counts())
	}
	b.CanceledTo = n
	change.After = b.moved(now)
	return change, nil
}

// BatchLooked moves due on, so that a batch that can't go on now is met again later.
func BatchLooked(b Batch, due, now time.Time) BatchChange {
	after := b.moved(stamp(now))
	if !after.Due.IsZero() {
		after.Due = stamp(due)
	}
	return BatchChange{Before: b, After: after, At: stamp(now)}
}

// moved is the batch one version on. Its due stays as long as a row is not
// expanded or a cancel not through, and goes with the change that ends both: the
// version makes that change check the state and both cursors.
func (b Batch) moved(now time.Time) Batch {
	b.Version++
	b.UpdatedAt = now
	if b.unfinished() {
		b.Due = now
	} else {
		b.Due = time.Time{}
	}
	return b
}
