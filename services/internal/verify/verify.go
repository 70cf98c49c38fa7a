package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// Store is what is read of every store.
type Store interface {
	Calls
	Batches
	Lanes
}

// Calls reads calls, their claims and the slots that they take.
type Calls interface {
	Call(ctx context.Context, id string) (call.Call, error)
	// ListCalls gives the calls that match, in the order of ids, and the cursor of the next page.
	ListCalls(ctx context.Context, f call.Filter, p call.Page) (calls []call.Call, next string, err error)
	Claim(ctx context.Context, callID string, attempt int) (call.Claim, error)
	Capacity(ctx context.Context) (call.Capacity, error)
	// Due lists what is due at or before the given time, the longest overdue first.
	Due(ctx context.Context, at time.Time, limit int) ([]call.DueItem, error)
}

// Batches reads batches and redrives.
type Batches interface {
	Batch(ctx context.Context, id string) (call.Batch, error)
	ListBatches(ctx context.Context, owner string, p call.Page) (batches []call.Batch, next string, err error)
	BatchCounts(ctx context.Context, id string) (call.Counts, error)
	Redrive(ctx context.Context, id string) (call.Redrive, error)
}

// Lanes reads who is next.
type Lanes interface {
	Turns(ctx context.Context, limit int) ([]call.Turn, error)
	Lanes(ctx context.Context, owner string, limit int) ([]call.Lane, error)
	ReadyCalls(ctx context.Context, lane call.LaneKey, limit int) ([]string, error)
	Lane(ctx context.Context, key call.LaneKey) (call.Lane, error)
	WaitingLanes(ctx context.Context) ([]call.Lane, error)
}

// Data is what is verified.
type Data struct {
	Store    Store
	Contents Contents // what only a whole data folder can list; nil: a store alone

	Dials       []Dial // the carrier's log, read after Store's snapshot was taken; with Contents only
	DialsBefore int    // how many of them were there before

	Skew     time.Duration // how far a clock may have been set back
	AnyClock bool          // times are not held against one another: clocks differ, as in a simulation

	Progress func(Checked) // called now and then; may be nil
}

// Checked counts what was checked.
type Checked struct {
	Calls    int `json:"calls"`
	Steps    int `json:"history_entries"`
	Claims   int `json:"claims"` // attempts that were admitted
	Active   int `json:"active_calls"`
	Slots    int `json:"slots_in_use"`
	Batches  int `json:"batches"`
	Rows     int `json:"batch_rows"` // accepted ones, expanded into calls or not
	Lanes    int `json:"lanes"`
	Due      int `json:"due"`
	Redrives int `json:"redrives"`
	Keys     int `json:"idempotency_keys"`
	Messages int `json:"messages"`
	Dials    int `json:"dials"`
}

// Finding is one thing that can't be.
type Finding struct {
	Check    string `json:"check"`        // what it was found by: see the Check… constants
	ID       string `json:"id,omitempty"` // of the call, batch, lane, … that it is about
	Sentence string `json:"finding"`      // what is wrong and what would be right
}

func (f Finding) String() string { return f.Check + ": " + f.Sentence }

// What findings are found by.
const (
	CheckFile     = "file"     // the file itself, and columns that repeat what a record says
	CheckHistory  = "history"  // a call's history, and what the record says beside it
	CheckOutcome  = "outcome"  // a call's outcome and failure
	CheckDials    = "dials"    // how often a call was dialed
	CheckClaims   = "claims"   // dial claims
	CheckSlots    = "slots"    // slots in use
	CheckLanes    = "lanes"    // who waits, and in which order
	CheckBatches  = "batches"  // batches, their rows and counters
	CheckDue      = "due"      // what is looked at again
	CheckKeys     = "keys"     // idempotency keys
	CheckMessages = "messages" // messages in the queues
	CheckCarrier  = "carrier"  // the carrier's own log
)

// Report is what was found. Of very many findings it holds the first.
type Report struct {
	Checked  Checked   `json:"checked"`
	Findings []Finding `json:"findings"`
	More     int       `json:"more_findings"` // that Findings doesn't hold
}

// MaxFindings bounds Report.Findings: one fault may show in a million calls.
const MaxFindings = 1000

// Check verifies a store alone, whose clocks may be any. It gives nil when all is
// well, else an error with a line for each finding (of many, the first).
func Check(ctx context.Context, s Store) error {
	r, err := Verify(ctx, Data{Store: s, AnyClock: true})
	if err != nil {
		return fmt.Errorf("check the store: %w", err)
	}
	var faults []error
	for _, f := range r.Findings[:min(len(r.Findings), 30)] {
		faults = append(faults, errors.New(f.String()))
	}
	return errors.Join(faults...)
}

// Verify verifies all of the data. An error says that it could not be read; what
// was found until then is in the report.
func Verify(ctx context.Context, d Data) (Report, error) {
	k := newChecker(ctx, d)
	steps := []func() error{k.calls, k.batches, k.slots, k.laneCounts, k.turns, k.dueIndex}
	if d.Contents != nil {
		steps = append([]func() error{k.file, k.readDials, k.readMarks}, steps...)
		steps = append(steps, k.strayClaims, k.redrives, k.keys, k.messages, k.strayDials)
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return k.report, err
		}
		k.progress()
	}
	return k.report, nil
}

// page is how many items are read at once.
const page = 1000

// checker is one verification.
type checker struct {
	Data
	ctx    context.Context
	report Report

	active int
	lanes  map[call.LaneKey]*laneSum
	rows   map[string]*rowSum // by batch
	owners map[string]bool
	due    map[call.DueItem]bool // what must be in the index; true once it was seen there

	dialsOf map[string][]int // places in Data.Dials, by call
	seen    []bool           // which of Data.Dials are of a call's claimed attempt
	marks   map[attempt]bool // marked jobs in the queues
}

// attempt names one attempt of a call.
type attempt struct {
	callID string
	n      int
}

func newChecker(ctx context.Context, d Data) *checker {
	return &checker{
		Data: d, ctx: ctx, report: Report{Findings: []Finding{}},
		lanes: map[call.LaneKey]*laneSum{}, rows: map[string]*rowSum{}, owners: map[string]bool{}, due: map[call.DueItem]bool{},
		dialsOf: map[string][]int{}, seen: make([]bool, len(d.Dials)), marks: map[attempt]bool{},
	}
}

func (k *checker) find(check, id, format string, args ...any) {
	if len(k.report.Findings) == MaxFindings {
		k.report.More++
		return
	}
	k.report.Findings = append(k.report.Findings, Finding{Check: check, ID: id, Sentence: fmt.Sprintf(format, args...)})
}

func (k *checker) progress() {
	if k.Progress != nil {
		k.Progress(k.report.Checked)
	}
}

// before tells whether a time lies before another that it must follow, by more
// than clocks may be wrong.
func (k *checker) before(t, earlier time.Time) bool {
	return !k.AnyClock && t.Before(earlier.Add(-k.Skew))
}

// forEver is later than anything is due.
var forEver = time.Date(9000, time.January, 1, 0, 0, 0, 0, time.UTC)

func (k *checker) calls() error {
	p := call.Page{Limit: page}
	for {
		calls, next, err := k.Store.ListCalls(k.ctx, call.Filter{}, p)
		if err != nil {
			return err
		}
		for _, c := range calls {
			if err := k.call(c); err != nil {
				return fmt.Errorf("call %s: %w", c.ID, err)
			}
		}
		k.progress()
		if next == "" {
			return nil
		}
		p.After = next
	}
}

func (k *checker) call(c call.Call) error {
	k.report.Checked.Calls++
	k.owners[c.Owner] = true
	if c.Status.Active() {
		k.active++
	}
	k.report.Checked.Active = k.active
	k.inLane(c)
	k.hasDue(c)
	k.history(c)
	k.outcome(c)
	if err := k.inBatch(c); err != nil {
		return err
	}
	claims, err := k.claims(c)
	if err != nil {
		return err
	}
	k.dials(c, claims)
	if k.Contents != nil {
		k.mark(c)
		k.carrier(c, claims)
	}
	return nil
}

func (k *checker) slots() error {
	room, err := k.Store.Capacity(k.ctx)
	k.report.Checked.Slots = room.InUse
	if err == nil && room.InUse != k.active {
		k.find(CheckSlots, "", "%d slots in use, but %d calls hold one: both must be equal", room.InUse, k.active)
	}
	return err
}

// hasDue: what isn't final must be looked at again at some time. A ready call is
// watched by its lane's count, so it is due only for its last start time; of
// final calls, only a dead letter whose mark is owed is due.
func (k *checker) hasDue(c call.Call) {
	needed := c.Status.Active() || (c.Status == call.Queued && (!c.Ready() || !c.LastStart.IsZero()))
	allowed := needed || c.DeadLettered()
	switch {
	case needed && c.Due.IsZero():
		k.find(CheckDue, c.ID, "call %s is %s and has no due: nobody would look at it again", c.ID, c.Status)
	case !allowed && !c.Due.IsZero():
		k.find(CheckDue, c.ID, "call %s is %s and has a due, %s: nothing is left to do", c.ID, c.Status, at(c.Due))
	}
	k.mustBeDue(call.DueCall, c.ID, c.Due)
}

func (k *checker) mustBeDue(kind call.DueKind, id string, due time.Time) {
	if !due.IsZero() {
		k.due[call.DueItem{Kind: kind, ID: id, Due: due.UTC()}] = false
	}
}

// at is a time as findings tell it.
func at(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
