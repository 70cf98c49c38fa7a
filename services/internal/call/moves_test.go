package call_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// attempted is a move of the given attempt that fits, as far as its other arguments go.
type attempted func(c call.Call, attempt int, now time.Time) (call.Change, error)

// moves are all moves but Created, which has no record to start from.
var moves = map[call.Move][]attempted{
	call.MoveReady: {func(c call.Call, _ int, now time.Time) (call.Change, error) { return call.Ready(c, now) }},
	call.MoveWindowClosed: {func(c call.Call, _ int, now time.Time) (call.Change, error) {
		return call.WindowClosed(c, now.Add(time.Hour), now)
	}},
	call.MoveAdmitted: {func(c call.Call, _ int, now time.Time) (call.Change, error) {
		launchAt, a := call.Capacity{Rate: 1}.Admit(now)
		return call.Admitted(c, launchAt, a, "agent:1", timing, now)
	}},
	call.MoveJobResent: {func(c call.Call, _ int, now time.Time) (call.Change, error) { return call.JobResent(c, timing, now) }},
	call.MoveLaunchRefused: {
		func(c call.Call, attempt int, now time.Time) (call.Change, error) {
			return call.LaunchRefusedForRoom(c, attempt, call.Capacity{}.NextBackoff(now), now)
		},
		func(c call.Call, attempt int, now time.Time) (call.Change, error) {
			return call.LaunchRefusedForGood(c, attempt, "No such image.", now)
		},
	},
	call.MoveTaskStarted: {func(c call.Call, attempt int, now time.Time) (call.Change, error) {
		return call.TaskStarted(c, attempt, task, timing, now)
	}},
	call.MoveStartFailed: {func(c call.Call, attempt int, now time.Time) (call.Change, error) {
		return call.StartFailed(c, attempt, "task_stopped", now)
	}},
	call.MoveLaunchGivenUp: {func(c call.Call, _ int, now time.Time) (call.Change, error) {
		return call.LaunchGivenUp(c, timing, now)
	}},
	call.MoveRang: {func(c call.Call, attempt int, now time.Time) (call.Change, error) {
		return call.Rang(c, attempt, task, timing, now)
	}},
	call.MoveAnswered: {func(c call.Call, attempt int, now time.Time) (call.Change, error) {
		return call.Answered(c, attempt, task, timing, now)
	}},
	call.MoveEnded: {func(c call.Call, attempt int, now time.Time) (call.Change, error) {
		return call.Ended(c, attempt, busy, now)
	}},
	call.MoveTaskLost: {func(c call.Call, attempt int, now time.Time) (call.Change, error) {
		return call.TaskLost(c, attempt, now.Add(timing.Cancel), now)
	}},
	call.MoveAgentLost: {func(c call.Call, attempt int, now time.Time) (call.Change, error) {
		return call.AgentLost(c, attempt, "CA1", now)
	}},
	call.MoveCancelRequested: {func(c call.Call, _ int, now time.Time) (call.Change, error) {
		return call.CancelRequested(c, timing, now)
	}},
	call.MoveCanceled: {func(c call.Call, _ int, now time.Time) (call.Change, error) {
		return call.CanceledBeforeDial(c, "canceled", now)
	}},
	call.MoveExpired: {func(c call.Call, _ int, now time.Time) (call.Change, error) { return call.LastStartPassed(c, now) }},
	call.MoveLooked: {func(c call.Call, _ int, now time.Time) (call.Change, error) {
		return call.Looked(c, task, now.Add(timing.Look), now)
	}},
	call.MoveMarkSent: {func(c call.Call, attempt int, now time.Time) (call.Change, error) {
		return call.MarkSent(c, attempt, now)
	}},
	call.MoveRedriven: {func(c call.Call, attempt int, now time.Time) (call.Change, error) {
		return call.Redriven(c, attempt, "", now)
	}},
}

// namesNoAttempt are the moves that happen to whatever attempt there is.
var namesNoAttempt = []call.Move{
	call.MoveReady, call.MoveWindowClosed, call.MoveAdmitted, call.MoveJobResent, call.MoveLaunchGivenUp,
	call.MoveCancelRequested, call.MoveCanceled, call.MoveExpired, call.MoveLooked,
}

func TestEveryMoveIsTested(t *testing.T) {
	t.Parallel()
	tested := slices.Sorted(maps.Keys(moves))
	allowed := slices.DeleteFunc(slices.Sorted(maps.Keys(call.Allowed)), func(m call.Move) bool { return m == call.MoveCreated })
	if !slices.Equal(tested, allowed) {
		t.Errorf("tested are %v; allowed are %v", tested, allowed)
	}
}

// Each line of the table has a case above that shows all it changes, and no case
// shows what the table does not have.
func TestTheCasesShowTheWholeTable(t *testing.T) {
	t.Parallel()
	shown := map[edge]bool{
		{call.MoveCreated, "", call.Queued}:   true, // TestCreated
		{call.MoveCreated, "", call.Canceled}: true, // TestACallOfACanceledBatchIsCreatedCanceled
	}
	for _, m := range slices.Concat(acceptedWhileWaiting(), acceptedAtLaunch(), acceptedInTalk()) {
		shown[edge{m.is, m.from.Status, made(m.do(m.from)).After.Status}] = true
	}
	allowed := allowedEdges()
	for e := range allowed {
		if !shown[e] {
			t.Errorf("no case shows %s from %q to %q", e.move, e.from, e.to)
		}
	}
	for e := range shown {
		if !allowed[e] {
			t.Errorf("%s leads from %q to %q, which the table does not allow", e.move, e.from, e.to)
		}
	}
}

func TestEveryMoveRefusesTheStatusesItMayNotStartFrom(t *testing.T) {
	t.Parallel()
	for move, variants := range moves {
		for _, s := range call.Statuses {
			if _, ok := call.Allowed[move][s]; ok {
				continue
			}
			for i, do := range variants {
				m := refused{"", move, in(s), func(c call.Call) (call.Change, error) {
					return do(c, c.Attempt, c.UpdatedAt.Add(48*time.Hour))
				}, "not allowed from this status"}
				t.Run(fmt.Sprintf("%s %s %d", move, s, i), m.test)
			}
		}
	}
}

// An event of another attempt is late, or of a record that was read too early.
func TestMovesOfAnAttemptRefuseEveryOther(t *testing.T) {
	t.Parallel()
	for move, variants := range moves {
		if slices.Contains(namesNoAttempt, move) {
			continue
		}
		for _, from := range []call.Call{launching(), starting(), ringing(), deadLettered()} {
			if _, ok := call.Allowed[move][from.Status]; !ok {
				continue
			}
			for i, do := range variants {
				for _, attempt := range []int{0, 2} {
					m := refused{"", move, from, func(c call.Call) (call.Change, error) {
						return do(c, attempt, noon)
					}, fmt.Sprintf("attempt 1, not %d", attempt)}
					t.Run(fmt.Sprintf("%s %s %d attempt %d", move, from.Status, i, attempt), m.test)
				}
			}
		}
	}
}

// Times come from clocks in any zone, with a monotonic reading. What is stored
// must read back as it was written, or an index and its record would differ.
func TestWhatAMoveWritesReadsBackTheSame(t *testing.T) {
	t.Parallel()
	now := time.Now().In(time.FixedZone("far", 5*60*60))
	past := now.Add(-time.Hour).UTC().Truncate(time.Second)
	record := call.Created(newCall(func(n *call.NewCall) {
		n.CreatedAt, n.LastStart, n.NotBefore = now, now.Add(100*time.Hour), now.Add(time.Nanosecond)
	}), now)
	readsBack(t, "Created", record)
	for move, variants := range moves {
		for from := range call.Allowed[move] {
			c := in(from)
			c.Due = past
			switch move {
			case call.MoveReady:
				c = record.After
			case call.MoveLaunchGivenUp:
				c = usedUp()
				c.Due = past
			case call.MoveExpired:
				c = queued(until(now))
			case call.MoveMarkSent, call.MoveRedriven:
				c = deadLettered()
			}
			for _, do := range variants {
				readsBack(t, fmt.Sprintf("%s from %s", move, from), made(do(c, c.Attempt, now.Add(time.Second))))
			}
		}
	}
	readsBack(t, "Admitted for a local time", made(call.Admitted(queued(), now, admission, "agent:1", timing, now)))
	claim, err := claimOf(queued()).Take("nonce", task, now)
	if err != nil {
		t.Fatal(err)
	}
	sameInJSON(t, "a taken claim", claim)
	limit := 1
	sameInJSON(t, "a set capacity", call.Capacity{}.Set(call.CapacityUpdate{Limit: &limit}, now))
	_, a := call.Capacity{Rate: 1}.Admit(now)
	sameInJSON(t, "the stored time of the rate", a.RateAfter)
	sameInJSON(t, "a backoff", call.Capacity{}.NextBackoff(now).Until)
}

func readsBack(t *testing.T, what string, ch call.Change) {
	t.Helper()
	sameInJSON(t, what+", the record", ch.After)
	sameInJSON(t, what+", the claim", ch.Open)
	sameInJSON(t, what+", its time", ch.At)
}

// sameInJSON compares deeply: two times are the same only to the last bit and zone.
func sameInJSON[T any](t *testing.T, what string, v T) {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var back T
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(v, back) {
		t.Errorf("%s is not read back as it was written:\n%+v\n%+v", what, v, back)
	}
}

func TestAChangeSharesNothingWithTheRecordBefore(t *testing.T) {
	t.Parallel()
	ch := made(looked("")(launching()))
	ch.After.History[0].Cause = "overwritten"
	ch.After.Metadata["name"] = "overwritten"
	if ch.Before.History[0].Cause != "created" || ch.Before.Metadata["name"] != "Grace" {
		t.Errorf("the record before is %+v", ch.Before)
	}
}

func TestAMoveErrorSaysWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	_, err := call.Ready(queued(), noon)
	if got, want := fmt.Sprint(err), "Ready does not fit a call that is queued: it is ready already"; got != want {
		t.Errorf("said %q; want %q", got, want)
	}
	if call.NotAllowed(call.ErrConflict) || call.NotAllowed(call.Refuse(call.ConditionClaim)) {
		t.Error("another error is taken for a move that does not fit")
	}
	if !call.NotAllowed(fmt.Errorf("wrapped: %w", err)) {
		t.Error("a wrapped error is not recognized")
	}
}
