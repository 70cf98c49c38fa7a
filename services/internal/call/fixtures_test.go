package call_test

import (
	"errors"
	"maps"
	"math/bits"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/services/internal/call"
)

// morning is when the calls of these tests come into being, noon when the moves
// under test happen.
var (
	morning = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	noon    = morning.Add(3 * time.Hour)
	timing  = call.DefaultTiming()
)

// task is the ARN of the first attempt's task.
const task = "arn:aws:ecs:eu-west-1:1:task/a"

// made gives the change of a move that must fit.
func made(ch call.Change, err error) call.Change {
	if err != nil {
		panic(err)
	}
	return ch
}

// newCall is a call of a batch, which shows the effects on the batch, too.
func newCall(edit ...func(*call.NewCall)) call.NewCall {
	n := call.NewCall{
		ID: "call_01J-000001", Owner: "ada", BatchID: "batch_01J", Row: 2, Number: "+493012345678",
		TimeLimit: 600, Metadata: map[string]string{"name": "Grace"},
	}
	for _, e := range edit {
		e(&n)
	}
	return n
}

func single(n *call.NewCall) { n.ID, n.BatchID, n.Row = "call_01J", "", 0 }

// until gives the call a last start time.
func until(at time.Time) func(*call.NewCall) { return func(n *call.NewCall) { n.LastStart = at } }

// retrying gives the call a policy that tries again what the carrier stated.
func retrying(n *call.NewCall) {
	n.Retry = &call.RetryPolicy{MaxDials: 3, Delay: time.Hour, On: []call.Status{call.Busy, call.NoAnswer, call.Failed}}
}

func queued(edit ...func(*call.NewCall)) call.Call {
	return call.Created(newCall(edit...), morning).After
}

// scheduled is a call that waits for noon.
func scheduled(edit ...func(*call.NewCall)) call.Call {
	return queued(append(edit, func(n *call.NewCall) { n.NotBefore = noon })...)
}

func launching(edit ...func(*call.NewCall)) call.Call { return admit(queued(edit...), morning) }

func admit(c call.Call, now time.Time) call.Call {
	launchAt, admission := call.Capacity{Limit: 1, Rate: 1}.Admit(now)
	return made(call.Admitted(c, launchAt, admission, "agent:1", timing, now)).After
}

func starting(edit ...func(*call.NewCall)) call.Call {
	return made(call.TaskStarted(launching(edit...), 1, task, timing, morning)).After
}

func ringing(edit ...func(*call.NewCall)) call.Call {
	return made(call.Rang(starting(edit...), 1, task, timing, morning)).After
}

func inProgress(edit ...func(*call.NewCall)) call.Call {
	return made(call.Answered(ringing(edit...), 1, task, timing, morning)).After
}

func ended(o call.Outcome, edit ...func(*call.NewCall)) call.Call {
	return made(call.Ended(inProgress(edit...), 1, o, morning)).After
}

func deadLettered(edit ...func(*call.NewCall)) call.Call {
	return made(call.LaunchRefusedForGood(launching(edit...), 1, "No such image.", morning)).After
}

// usedUp is a launching call all of whose jobs were sent again in vain, and that is due at noon.
func usedUp() call.Call {
	c := launching()
	for c.Resends < timing.ResendLimit() {
		c = made(call.JobResent(c, timing, c.Due)).After
	}
	c.Due = noon
	return c
}

// unwanted is the call after its cancel was requested.
func unwanted(c call.Call) call.Call { return made(call.CancelRequested(c, timing, morning)).After }

// lost is the call after its holder's task was found ended.
func lost(c call.Call) call.Call {
	return made(call.TaskLost(c, c.Attempt, morning.Add(timing.Cancel), morning)).After
}

// in is a call in the given status.
func in(s call.Status, edit ...func(*call.NewCall)) call.Call {
	switch s {
	case call.Queued:
		return queued(edit...)
	case call.Launching:
		return launching(edit...)
	case call.Starting:
		return starting(edit...)
	case call.Ringing:
		return ringing(edit...)
	case call.InProgress:
		return inProgress(edit...)
	case call.Canceled:
		return made(call.CanceledBeforeDial(queued(edit...), "canceled", morning)).After
	case call.Expired:
		return made(call.LastStartPassed(queued(append(edit, until(morning))...), noon)).After
	case call.Failed:
		return ended(call.Outcome{Status: s, Reason: call.ReasonCarrierError, Dialed: true}, edit...)
	}
	return ended(call.Outcome{Status: s, Dialed: true}, edit...)
}

var active = []call.Status{call.Launching, call.Starting, call.Ringing, call.InProgress}

// moving is a move with all but the record chosen.
type moving func(c call.Call) (call.Change, error)

// accepted is a move that fits, and everything that it changes: what want does
// not name stays as it was. Each change counts the version up and notes its time.
type accepted struct {
	name   string
	is     call.Move
	from   call.Call
	do     moving
	want   func(w *call.Change)
	slots  int
	lane   call.LaneEffect
	counts call.Counts
}

func (m accepted) test(t *testing.T) {
	t.Parallel()
	got, err := m.do(m.from)
	if err != nil {
		t.Fatal(err)
	}
	want := call.Change{Move: m.is, Before: m.from, After: m.from.Clone(), At: noon}
	want.After.Version++
	want.After.UpdatedAt = noon
	m.want(&want)
	differ(t, "the change", got, want)
	differ(t, "slots", got.Slots(), m.slots)
	differ(t, "the effect on the lane", got.Lane(), m.lane)
	differ(t, "the effect on the batch's counts", got.Counts(), m.counts)
	if touches := m.lane != (call.LaneEffect{}); got.TouchesLane() != touches {
		t.Errorf("touches the lane: %t; want %t", got.TouchesLane(), touches)
	}
	if got.New() || got.Attempt() != m.from.Attempt {
		t.Errorf("new: %t, attempt of the claim: %d; want attempt %d", got.New(), got.Attempt(), m.from.Attempt)
	}
}

// refused is a move that does not fit.
type refused struct {
	name string
	is   call.Move
	from call.Call
	do   moving
	why  string // part of the error's text
}

func (m refused) test(t *testing.T) {
	t.Parallel()
	ch, err := m.do(m.from)
	differ(t, "the change", ch, call.Change{})
	var move *call.MoveError
	if !errors.As(err, &move) || !call.NotAllowed(err) {
		t.Fatalf("refused with %v; want a MoveError", err)
	}
	if move.Move != m.is || move.Status != m.from.Status || !strings.Contains(err.Error(), m.why) {
		t.Errorf("refused with %q; want %s from %s, because %q", err, m.is, m.from.Status, m.why)
	}
}

func differ(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// deepCopy shares nothing with the record, so that it shows when a move writes to what it was given.
func deepCopy(c call.Call) call.Call {
	same := c
	same.History, same.Metadata = slices.Clone(c.History), maps.Clone(c.Metadata)
	same.Settings, same.Retry = pointee(c.Settings), pointee(c.Retry)
	same.Outcome, same.Failure = pointee(c.Outcome), pointee(c.Failure)
	if c.Retry != nil {
		same.Retry.On = slices.Clone(c.Retry.On)
	}
	return same
}

// pointee points to a copy.
func pointee[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// diff tells what differs between two values, times compared as instants.
func diff(want, got any) string {
	if reflect.DeepEqual(want, got) { // cheap, and what random tests nearly always find
		return ""
	}
	return cmp.Diff(want, got)
}

// step is the status of a change's record, as one more step of its history.
func step(w *call.Change, s call.Status, cause string) {
	w.After.Status = s
	note(w, cause)
}

func note(w *call.Change, cause string) {
	w.After.History = append(slices.Clone(w.After.History), call.Step{
		Status: w.After.Status, At: noon, Attempt: w.After.Attempt, Cause: cause,
	})
}

// final: the record is at its end, and nothing looks at it any more.
func final(w *call.Change, s call.Status, cause string) {
	w.After.Due, w.After.ReadyAt, w.After.Wait = time.Time{}, time.Time{}, call.Wait{}
	w.After.EndedAt = noon
	step(w, s, cause)
}

// deadLetter: the record failed for want of a launch, and its mark is owed.
func deadLetter(w *call.Change, cause call.DeadLetterCause, message string) {
	w.After.Failure = &call.Failure{Reason: call.ReasonDeadLettered, Cause: cause, Message: message}
	final(w, call.Failed, string(cause))
	w.After.Due = noon
}

// nextAttempt: the record waits for its turn under a new number, and nothing of
// the old attempt is left on it.
func nextAttempt(w *call.Change, cause string) {
	c := &w.After
	c.Attempt++
	c.ReadyAt, c.Wait, c.Due = noon, call.Wait{}, c.LastStart
	c.LaunchAt, c.StartBy, c.LostAt, c.EndedAt = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	c.TaskDefinition, c.Task, c.TaskSeen, c.Resends = "", "", "", 0
	step(w, call.Queued, cause)
}

// steps is how long a random story is.
func steps() int {
	if testing.Short() {
		return 60
	}
	return 200
}

var coin = rapid.Bool()

// pick draws one of the choices, all of them as likely. (rapid.SampledFrom prefers
// the first, so that a story soon does nothing new.)
func pick[T any](t *rapid.T, label string, choices ...T) T {
	n := 0
	for range bits.Len(uint(len(choices) - 1)) {
		n *= 2
		if coin.Draw(t, label) {
			n++
		}
	}
	return choices[n%len(choices)]
}
