package call_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// rows are accepted rows; their lines begin behind a heading.
func rows(n int) []call.Row {
	all := make([]call.Row, n)
	for i := range all {
		all[i] = call.Row{Line: i + 2, Number: fmt.Sprintf("+4930%06d", i+1)}
	}
	return all
}

// accepted4 is a batch of four rows, none of them a call yet.
func accepted4() call.Batch {
	b := call.Batch{ID: "batch_01J", Owner: "ada", TimeLimit: 300, Rows: 4, ChunkRows: 2}
	return call.BatchAccepted(b, nil, morning).After
}

// madeBatch gives the change of a batch that must fit.
func madeBatch(ch call.BatchChange, err error) call.BatchChange {
	if err != nil {
		panic(err)
	}
	return ch
}

// expandedTo is the batch with its first n rows made into calls.
func expandedTo(n int) call.Batch {
	return madeBatch(call.BatchExpanded(accepted4(), rows(n), morning)).After
}

func canceledBatch(b call.Batch) call.Batch {
	return madeBatch(call.BatchCanceled(b, morning)).After
}

// later is the batch one version on, at noon, with some of it changed.
func later(b call.Batch, edit func(*call.Batch)) call.Batch {
	b.Version++
	b.UpdatedAt, b.Due = noon, noon
	edit(&b)
	return b
}

func TestABatchIsAcceptedWithAllItsRowsWaiting(t *testing.T) {
	t.Parallel()
	key := &call.IdempotencyKey{Owner: "ada", Key: "k"}
	b := call.Batch{ID: "batch_01J", Owner: "ada", Name: "spring", Rows: 4, Refused: 1, RefusedByCode: map[string]int{"duplicate_number": 1}, ChunkRows: 2}
	got := call.BatchAccepted(b, key, noon)
	b.State, b.Version, b.Due, b.CreatedAt, b.UpdatedAt = call.StateActive, 1, noon, noon, noon
	differ(t, "the change", got, call.BatchChange{After: b, At: noon, Counts: call.Counts{Waiting: 4}, Key: key})
	if !got.New() || !got.TouchesLane() || !got.LaneOpen() {
		t.Errorf("new: %t, touches its lane: %t, which is open: %t", got.New(), got.TouchesLane(), got.LaneOpen())
	}
}

func TestABatchWithoutRowsIsCompleted(t *testing.T) {
	t.Parallel()
	got := call.BatchAccepted(call.Batch{ID: "batch_01J"}, nil, noon)
	if !got.After.Due.IsZero() || got.After.StateWith(got.Counts) != call.StateCompleted {
		t.Errorf("it is %s and due %v", got.After.StateWith(got.Counts), got.After.Due)
	}
}

func TestExpansionMakesCallsOfTheNextRows(t *testing.T) {
	t.Parallel()
	b := expandedTo(1)
	row := call.Row{
		Line: 9, Number: "+4930000009", Metadata: map[string]string{"name": "Grace"}, NotBefore: noon.Add(time.Hour),
		LastStart: noon.Add(2 * time.Hour), Retry: &call.RetryPolicy{MaxDials: 2},
	}
	got := madeBatch(call.BatchExpanded(b, []call.Row{row, rows(3)[2]}, noon))
	differ(t, "the batch", got.After, later(b, func(b *call.Batch) { b.Expanded = 3 }))
	differ(t, "the batch before", got.Before, b)
	differ(t, "the counts, of which the rows are part already", got.Counts, call.Counts{})
	differ(t, "the effect on the lane", got.Lane(), call.LaneEffect{Ready: 1, Schedule: 1})
	want := call.NewCall{
		ID: "call_01J-000002", Owner: "ada", BatchID: "batch_01J", Row: 9, Number: "+4930000009", TimeLimit: 300, Metadata: row.Metadata,
		NotBefore: row.NotBefore, LastStart: row.LastStart, Retry: row.Retry, CreatedAt: morning,
	}
	differ(t, "the first call", got.Calls[0], call.Created(want, noon))
	if id := got.Calls[1].After.ID; id != "call_01J-000003" || len(got.Calls) != 2 {
		t.Errorf("%d calls; the second is %s", len(got.Calls), id)
	}
	if got.New() || !got.TouchesLane() || !got.LaneOpen() {
		t.Errorf("new: %t, touches its lane: %t, which is open: %t", got.New(), got.TouchesLane(), got.LaneOpen())
	}
}

func TestExpansion(t *testing.T) {
	t.Parallel()
	paused := madeBatch(call.BatchPaused(expandedTo(1), morning)).After
	for _, c := range []struct {
		name   string
		from   call.Batch
		rows   int
		want   func(*call.Batch)
		counts call.Counts
		lane   call.LaneEffect
	}{
		{"goes on while the batch is paused", paused, 2, func(b *call.Batch) { b.Expanded = 3 }, call.Counts{}, call.LaneEffect{Ready: 2}},
		{"leaves nothing due with the last row", expandedTo(1), 3, func(b *call.Batch) { b.Expanded, b.Due = 4, time.Time{} }, call.Counts{}, call.LaneEffect{Ready: 3}},
		{
			"of a canceled batch makes canceled calls, which its cancel need not visit", canceledBatch(accepted4()), 2,
			func(b *call.Batch) { b.Expanded, b.CanceledTo = 2, 2 },
			call.Counts{Waiting: -2, Canceled: 2},
			call.LaneEffect{},
		},
		{
			"never takes the cancel past calls that were not visited", canceledBatch(expandedTo(1)), 2,
			func(b *call.Batch) { b.Expanded = 3 },
			call.Counts{Waiting: -2, Canceled: 2},
			call.LaneEffect{},
		},
		{
			"of a canceled batch to the last row leaves nothing due", canceledBatch(accepted4()), 4,
			func(b *call.Batch) { b.Expanded, b.CanceledTo, b.Due = 4, 4, time.Time{} },
			call.Counts{Waiting: -4, Canceled: 4},
			call.LaneEffect{},
		},
		{
			"to the last row leaves the due of a cancel that is not through", canceledBatch(expandedTo(1)), 3,
			func(b *call.Batch) { b.Expanded = 4 },
			call.Counts{Waiting: -3, Canceled: 3},
			call.LaneEffect{},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := madeBatch(call.BatchExpanded(c.from, rows(c.rows), noon))
			differ(t, "the batch", got.After, later(c.from, c.want))
			differ(t, "the counts", got.Counts, c.counts)
			differ(t, "the effect on the lane", got.Lane(), c.lane)
			if open := c.from.State == call.StateActive; got.LaneOpen() != open {
				t.Errorf("its lane is open: %t", got.LaneOpen())
			}
		})
	}
}

func TestABatchIsNeverExpandedBeyondItsRows(t *testing.T) {
	t.Parallel()
	ch, err := call.BatchExpanded(expandedTo(2), rows(3), noon)
	if !errors.Is(err, call.ErrCorrupt) {
		t.Errorf("three rows behind two of four gave %v", err)
	}
	differ(t, "the change", ch, call.BatchChange{})
}

func TestBatchStates(t *testing.T) {
	t.Parallel()
	active, whole := expandedTo(2), expandedTo(4)
	paused := madeBatch(call.BatchPaused(active, morning)).After
	due := func(s call.BatchState) func(*call.Batch) { return func(b *call.Batch) { b.State = s } }
	idle := func(s call.BatchState) func(*call.Batch) {
		return func(b *call.Batch) { b.State, b.Due = s, time.Time{} }
	}
	for _, c := range []struct {
		name  string
		from  call.Batch
		do    func(call.Batch, time.Time) (call.BatchChange, error)
		want  func(*call.Batch)
		lane  bool // written
		opens bool
	}{
		{"a pause closes the lane, and expansion stays due", active, call.BatchPaused, due(call.StatePaused), true, false},
		{"a pause of a batch that is expanded leaves nothing due", whole, call.BatchPaused, idle(call.StatePaused), true, false},
		{"a resume opens the lane", paused, call.BatchResumed, due(call.StateActive), true, true},
		{"a cancel closes the lane and is due", whole, call.BatchCanceled, due(call.StateCanceled), true, false},
		{"a paused batch may be canceled", paused, call.BatchCanceled, due(call.StateCanceled), true, false},
		{"a second pause changes nothing else", paused, call.BatchPaused, due(call.StatePaused), false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := madeBatch(c.do(c.from, noon))
			want := call.BatchChange{Before: c.from, After: later(c.from, c.want), At: noon}
			differ(t, "the change", got, want)
			if got.TouchesLane() != c.lane || got.LaneOpen() != c.opens {
				t.Errorf("touches its lane: %t, which is open: %t", got.TouchesLane(), got.LaneOpen())
			}
		})
	}
}

func TestCanceledIsLast(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(call.Batch, time.Time) (call.BatchChange, error){
		"pause": call.BatchPaused, "resume": call.BatchResumed, "cancel": call.BatchCanceled,
	} {
		ch, err := do(canceledBatch(expandedTo(2)), noon)
		if !call.RefusedFor(err, call.ConditionCanceled) {
			t.Errorf("%s of a canceled batch gave %v", name, err)
		}
		differ(t, name, ch, call.BatchChange{})
	}
}

// waiting is the change that cancels the batch's n-th call, which waits.
func waiting(n int) call.Change {
	c := madeBatch(call.BatchExpanded(accepted4(), rows(n), morning)).Calls[n-1].After
	return made(call.CanceledBeforeDial(c, "batch_canceled", noon))
}

func TestACancelVisitsCallByCall(t *testing.T) {
	t.Parallel()
	b := canceledBatch(expandedTo(3))
	got := madeBatch(call.CancelAdvanced(b, 2, []call.Change{waiting(1), waiting(2)}, noon))
	differ(t, "the batch", got.After, later(b, func(b *call.Batch) { b.CanceledTo = 2 }))
	differ(t, "the counts", got.Counts, call.Counts{Waiting: -2, Canceled: 2})
	differ(t, "the effect on the lane", got.Lane(), call.LaneEffect{Ready: -2})
	if !got.TouchesLane() || got.LaneOpen() || len(got.Calls) != 2 {
		t.Errorf("touches its lane: %t, which is open: %t; %d calls", got.TouchesLane(), got.LaneOpen(), len(got.Calls))
	}
	passed := madeBatch(call.CancelAdvanced(b, 1, nil, noon))
	differ(t, "the batch after a call that does not wait", passed.After, later(b, func(b *call.Batch) { b.CanceledTo = 1 }))
	if passed.TouchesLane() {
		t.Error("the lane is touched, though nobody left it")
	}
	whole := canceledBatch(expandedTo(4))
	through := madeBatch(call.CancelAdvanced(whole, 4, nil, noon))
	differ(t, "the batch behind the last row", through.After, later(whole, func(b *call.Batch) { b.CanceledTo, b.Due = 4, time.Time{} }))
}

func TestACancelGoesNowhereItMustNot(t *testing.T) {
	t.Parallel()
	b := canceledBatch(expandedTo(3))
	half := madeBatch(call.CancelAdvanced(b, 2, nil, morning)).After
	running := made(call.CanceledBeforeDial(launching(), "batch_canceled", noon))
	another := made(call.Ready(scheduled(), noon))
	for name, c := range map[string]struct {
		from  call.Batch
		to    int
		calls []call.Change
	}{
		"ahead of the expansion":          {b, 4, nil},
		"back":                            {half, 1, nil},
		"in a batch that is not canceled": {expandedTo(3), 1, nil},
		"over a call that runs":           {b, 1, []call.Change{running}},
		"with another move":               {b, 1, []call.Change{another}},
	} {
		ch, err := call.CancelAdvanced(c.from, c.to, c.calls, noon)
		if !errors.Is(err, call.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
		differ(t, name, ch, call.BatchChange{})
	}
}

func TestALookAtABatchMovesItsDueOn(t *testing.T) {
	t.Parallel()
	soon := noon.Add(time.Minute)
	b := expandedTo(2)
	differ(t, "the change", call.BatchLooked(b, soon, noon), call.BatchChange{
		Before: b, After: later(b, func(b *call.Batch) { b.Due = soon }), At: noon,
	})
	whole := expandedTo(4)
	whole.Due = morning
	if due := call.BatchLooked(whole, soon, noon).After.Due; !due.IsZero() {
		t.Errorf("a finished batch is due at %v", due)
	}
}

func TestTheStateOfABatchAsAPersonSeesIt(t *testing.T) {
	t.Parallel()
	over := call.Counts{Completed: 3, Failed: 1}
	for _, c := range []struct {
		name   string
		state  call.BatchState
		counts call.Counts
		want   call.BatchState
	}{
		{"calls wait", call.StateActive, call.Counts{Waiting: 1, Completed: 3}, call.StateActive},
		{"calls run", call.StateActive, call.Counts{Active: 1, Completed: 3}, call.StateActive},
		{"all calls are final", call.StateActive, over, call.StateCompleted},
		{"paused, calls wait", call.StatePaused, call.Counts{Waiting: 4}, call.StatePaused},
		{"paused, all calls are final", call.StatePaused, over, call.StateCompleted},
		{"canceled, calls run", call.StateCanceled, call.Counts{Active: 1, Canceled: 3}, call.StateCanceled},
		{"canceled, all calls are final", call.StateCanceled, call.Counts{Canceled: 4}, call.StateCanceled},
	} {
		if got := (call.Batch{State: c.state}).StateWith(c.counts); got != c.want {
			t.Errorf("%s: it is %s; want %s", c.name, got, c.want)
		}
	}
}

func TestCountsAddUp(t *testing.T) {
	t.Parallel()
	n := call.Counts{Waiting: 1, Active: 2, Completed: 3, Busy: 4, NoAnswer: 5, Failed: 6, Canceled: 7, Expired: 8}
	got, err := n.Plus(n)
	if err != nil {
		t.Fatal(err)
	}
	differ(t, "twice the counts", got, call.Counts{Waiting: 2, Active: 4, Completed: 6, Busy: 8, NoAnswer: 10, Failed: 12, Canceled: 14, Expired: 16})
	if n.Total() != 36 {
		t.Errorf("the total is %d", n.Total())
	}
	for _, d := range []call.Counts{
		{Waiting: -2}, {Active: -3}, {Completed: -4}, {Busy: -5}, {NoAnswer: -6}, {Failed: -7}, {Canceled: -8}, {Expired: -9},
	} {
		if _, err := n.Plus(d); !errors.Is(err, call.ErrCorrupt) {
			t.Errorf("%+v of %+v gave %v", d, n, err)
		}
	}
}

func TestWhatIsRequiredOfABatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		required call.BatchRequirement
		state    call.BatchState
		refused  call.Condition
	}{
		{call.BatchAny, call.StateActive, ""},
		{call.BatchAny, call.StatePaused, ""},
		{call.BatchAny, call.StateCanceled, ""},
		{call.BatchActive, call.StateActive, ""},
		{call.BatchActive, call.StatePaused, call.ConditionPaused},
		{call.BatchActive, call.StateCanceled, call.ConditionCanceled},
		{call.BatchNotCanceled, call.StateActive, ""},
		{call.BatchNotCanceled, call.StatePaused, ""},
		{call.BatchNotCanceled, call.StateCanceled, call.ConditionCanceled},
	} {
		err := c.required.Check(c.state)
		if c.refused == "" && err != nil || c.refused != "" && !call.RefusedFor(err, c.refused) {
			t.Errorf("%q of a batch that is %s: %v; want %q", c.required, c.state, err, c.refused)
		}
	}
}
