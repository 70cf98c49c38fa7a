package call_test

import (
	"slices"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

func TestCreated(t *testing.T) {
	t.Parallel()
	policy := &call.RetryPolicy{MaxDials: 2}
	settings := &call.Settings{Voice: "alloy"}
	base := call.Call{
		ID: "call_01J", Owner: "ada", Number: "+493012345678", Settings: settings, TimeLimit: 600,
		Metadata: map[string]string{"name": "Grace"}, Retry: policy, Status: call.Queued, Attempt: 1, Version: 1, CreatedAt: noon, UpdatedAt: noon,
		History: []call.Step{{Status: call.Queued, At: noon, Attempt: 1, Cause: "created"}},
	}
	later, last := noon.Add(time.Hour), noon.Add(2*time.Hour)
	for _, c := range []struct {
		name string
		edit func(*call.NewCall)
		want func(*call.Call)
		lane call.LaneEffect
	}{
		{
			"a call waits for its turn, and its lane watches it", func(*call.NewCall) {},
			func(c *call.Call) { c.ReadyAt = noon },
			call.LaneEffect{Ready: 1},
		},
		{
			"a call with a last start time is due then", func(n *call.NewCall) { n.LastStart = last },
			func(c *call.Call) { c.ReadyAt, c.LastStart, c.Due = noon, last, last },
			call.LaneEffect{Ready: 1},
		},
		{
			"a call for later waits for its time", func(n *call.NewCall) { n.NotBefore = later },
			func(c *call.Call) { c.Wait, c.Due = call.Wait{Reason: call.WaitSchedule, Until: later}, later },
			call.LaneEffect{Schedule: 1},
		},
		{
			"a call for later is due at the earlier of its two times", func(n *call.NewCall) { n.NotBefore, n.LastStart = last, later },
			func(c *call.Call) {
				c.Wait, c.LastStart, c.Due = call.Wait{Reason: call.WaitSchedule, Until: last}, later, later
			},
			call.LaneEffect{Schedule: 1},
		},
		{
			"a time that has come is no wait", func(n *call.NewCall) { n.NotBefore = noon },
			func(c *call.Call) { c.ReadyAt = noon },
			call.LaneEffect{Ready: 1},
		},
		{
			"a call of a batch was created with its batch, whenever its row is expanded",
			func(n *call.NewCall) { n.BatchID, n.Row, n.CreatedAt = "batch_01J", 7, morning },
			func(c *call.Call) { c.BatchID, c.Row, c.CreatedAt, c.ReadyAt = "batch_01J", 7, morning, noon },
			call.LaneEffect{Ready: 1},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := call.NewCall{
				ID: "call_01J", Owner: "ada", Number: "+493012345678", Settings: settings, TimeLimit: 600,
				Metadata: map[string]string{"name": "Grace"}, Retry: policy,
			}
			c.edit(&n)
			want := call.Change{Move: call.MoveCreated, After: base, At: noon}
			c.want(&want.After)
			got := call.Created(n, noon)
			differ(t, "the change", got, want)
			differ(t, "the effect on the lane", got.Lane(), c.lane)
			differ(t, "the effect on the batch's counts, which the batch's own change has", got.Counts(), call.Counts{})
			if !got.New() || got.Slots() != 0 {
				t.Errorf("new: %t, slots: %d", got.New(), got.Slots())
			}
		})
	}
}

func ready(c call.Call) (call.Change, error) { return call.Ready(c, noon) }

func admitted(c call.Call) (call.Change, error) {
	return call.Admitted(c, noon.Add(2*time.Second), admission, "agent:7", timing, noon)
}

var admission = call.Admission{Now: noon, RateBefore: morning, RateAfter: noon.Add(2 * time.Second)}

func windowClosed(c call.Call) (call.Change, error) {
	return call.WindowClosed(c, noon.Add(20*time.Hour), noon)
}

func lastStartPassed(c call.Call) (call.Change, error) { return call.LastStartPassed(c, noon) }

func redriven(id string) moving {
	return func(c call.Call) (call.Change, error) { return call.Redriven(c, c.Attempt, id, noon) }
}

func markSent(c call.Call) (call.Change, error) { return call.MarkSent(c, c.Attempt, noon) }

// reopened is a call that a redrive has reopened and that was dead-lettered again.
func reopened(id string) call.Call {
	c := made(call.Redriven(deadLettered(), 1, id, morning)).After
	return made(call.LaunchRefusedForGood(admit(c, morning), 2, "No such image.", morning)).After
}

// claimOf is the open claim of the call's attempt, as it is written at noon.
func claimOf(c call.Call) call.Claim {
	return call.Claim{
		CallID: c.ID, Attempt: c.Attempt, BatchID: c.BatchID, Number: c.Number, Settings: c.Settings,
		RingTimeout: 60, TimeLimit: 600, OpenedAt: noon,
	}
}

func admittedFrom(c call.Call) func(w *call.Change) {
	return func(w *call.Change) {
		launchAt := noon.Add(2 * time.Second)
		w.After.ReadyAt = time.Time{}
		w.After.LaunchAt, w.After.TaskDefinition = launchAt, "agent:7"
		w.After.StartBy = launchAt.Add(26 * time.Hour) // longer than its jobs are sent again
		w.After.Due = launchAt.Add(timing.Resend)      // counts from the token's time
		w.After.Outcome = nil
		step(w, call.Launching, "admitted")
		w.Claim, w.Open, w.Admission = call.ClaimOpen, claimOf(c), &admission
		if c.BatchID != "" {
			w.Batch = call.BatchActive
		}
	}
}

func acceptedWhileWaiting() []accepted {
	evening := noon.Add(6 * time.Hour)
	busy := made(call.Ended(inProgress(retrying), 1, call.Outcome{Status: call.Busy, Dialed: true}, morning)).After
	toRetry := made(call.Ready(busy, busy.Wait.Until)).After
	waiting, active := call.Counts{Waiting: -1, Active: 1}, call.LaneEffect{Ready: -1, Served: true}
	own := queued(func(n *call.NewCall) { n.Settings = &call.Settings{Voice: "alloy"} })
	return []accepted{
		{
			"when its time has come, a call joins its lane", call.MoveReady, scheduled(), ready,
			func(w *call.Change) {
				w.After.Wait, w.After.ReadyAt, w.After.Due = call.Wait{}, noon, time.Time{}
				step(w, call.Queued, "ready")
			}, 0,
			call.LaneEffect{Ready: 1, Schedule: -1},
			call.Counts{},
		},
		{
			"a ready call keeps being due for its last start time", call.MoveReady, scheduled(until(evening)), ready,
			func(w *call.Change) {
				w.After.Wait, w.After.ReadyAt, w.After.Due = call.Wait{}, noon, evening
				step(w, call.Queued, "ready")
			}, 0,
			call.LaneEffect{Ready: 1, Schedule: -1},
			call.Counts{},
		},
		{
			"after the pause before a retry, a call joins its lane", call.MoveReady, busy, ready,
			func(w *call.Change) {
				w.After.Wait, w.After.ReadyAt, w.After.Due = call.Wait{}, noon, time.Time{}
				step(w, call.Queued, "ready")
			}, 0,
			call.LaneEffect{Ready: 1, Retry: -1},
			call.Counts{},
		},
		{
			"outside its hours, a ready call waits for them", call.MoveWindowClosed, queued(), windowClosed,
			func(w *call.Change) {
				opens := noon.Add(20 * time.Hour)
				w.After.Wait, w.After.ReadyAt, w.After.Due = call.Wait{Reason: call.WaitWindow, Until: opens}, time.Time{}, opens
				step(w, call.Queued, "outside_window")
			}, 0,
			call.LaneEffect{Ready: -1, Window: 1},
			call.Counts{},
		},
		{
			"hours that begin after the last start time are not waited for", call.MoveWindowClosed, queued(until(evening)), windowClosed,
			func(w *call.Change) {
				w.After.Wait = call.Wait{Reason: call.WaitWindow, Until: noon.Add(20 * time.Hour)}
				w.After.ReadyAt, w.After.Due = time.Time{}, evening
				step(w, call.Queued, "outside_window")
			}, 0,
			call.LaneEffect{Ready: -1, Window: 1},
			call.Counts{},
		},
		{
			"admission takes slot and token, opens the claim and requires the batch active", call.MoveAdmitted,
			queued(), admitted, admittedFrom(queued()), 1, active, waiting,
		},
		{
			"a single call requires no batch", call.MoveAdmitted,
			queued(single), admitted, admittedFrom(queued(single)), 1, active,
			call.Counts{},
		},
		{
			"the claim holds a call's own settings", call.MoveAdmitted, own, admitted, admittedFrom(own), 1, active, waiting,
		},
		{
			"a call may be admitted up to its last start time", call.MoveAdmitted,
			queued(until(noon)), admitted, admittedFrom(queued(until(noon))), 1, active, waiting,
		},
		{
			"the outcome of the attempt before goes when the next is admitted", call.MoveAdmitted,
			toRetry, admitted, admittedFrom(toRetry), 1, active, waiting,
		},
		{
			"a call whose last start time has passed expires", call.MoveExpired, queued(until(noon.Add(-time.Millisecond))), lastStartPassed,
			func(w *call.Change) { final(w, call.Expired, "last_start_passed") },
			0,
			call.LaneEffect{Ready: -1},
			call.Counts{Waiting: -1, Expired: 1},
		},
		{
			"a call that waits for its time expires, too", call.MoveExpired, scheduled(until(morning)), lastStartPassed,
			func(w *call.Change) { final(w, call.Expired, "last_start_passed") },
			0,
			call.LaneEffect{Schedule: -1},
			call.Counts{Waiting: -1, Expired: 1},
		},
		{
			"a redrive reopens a dead-lettered call as its next attempt, unless its batch is canceled", call.MoveRedriven,
			deadLettered(), redriven("redrive_01J"), func(w *call.Change) {
				w.After.Failure, w.After.Closed, w.After.RedriveID = nil, 0, "redrive_01J"
				nextAttempt(w, "redriven")
				w.Batch = call.BatchNotCanceled
			}, 0,
			call.LaneEffect{Ready: 1},
			call.Counts{Waiting: 1, Failed: -1},
		},
		{
			"a redriven single call requires no batch", call.MoveRedriven, deadLettered(single), redriven("redrive_01J"),
			func(w *call.Change) {
				w.After.Failure, w.After.RedriveID = nil, "redrive_01J"
				nextAttempt(w, "redriven")
			}, 0,
			call.LaneEffect{Ready: 1},
			call.Counts{},
		},
		{
			"a redriven call has all its attempts again", call.MoveRedriven, closedTooOften(), redriven("redrive_01J"), func(w *call.Change) {
				w.After.Failure, w.After.Closed, w.After.RedriveID = nil, 0, "redrive_01J"
				nextAttempt(w, "redriven")
				w.Batch = call.BatchNotCanceled
			}, 0, call.LaneEffect{Ready: 1}, call.Counts{Waiting: 1, Failed: -1},
		},
		{
			"another redrive may reopen a call again", call.MoveRedriven, reopened("redrive_01J"), redriven("redrive_02J"), func(w *call.Change) {
				w.After.Failure, w.After.RedriveID = nil, "redrive_02J"
				w.After.EarlierRedrives = []string{"redrive_01J"}
				nextAttempt(w, "redriven")
				w.Batch = call.BatchNotCanceled
			}, 0, call.LaneEffect{Ready: 1}, call.Counts{Waiting: 1, Failed: -1},
		},
		{
			"a call reopened by its mark is still known to the redrive that took it before", call.MoveRedriven,
			reopened("redrive_01J"), redriven(""), func(w *call.Change) {
				w.After.Failure = nil
				nextAttempt(w, "redriven")
				w.Batch = call.BatchNotCanceled
			}, 0,
			call.LaneEffect{Ready: 1},
			call.Counts{Waiting: 1, Failed: -1},
		},
		{
			"a sent mark leaves nothing due", call.MoveMarkSent, deadLettered(), markSent,
			func(w *call.Change) { w.After.Due = time.Time{} }, 0,
			call.LaneEffect{},
			call.Counts{},
		},
	}
}

func refusedWhileWaiting() []refused {
	marked := made(call.MarkSent(deadLettered(), 1, morning)).After
	return []refused{
		{"a call is not ready before its time", call.MoveReady, queued(func(n *call.NewCall) { n.NotBefore = noon.Add(time.Millisecond) }), ready, "its time has not come"},
		{"a ready call can't become ready again", call.MoveReady, queued(), ready, "it is ready already"},
		{"a call that can't start any more doesn't become ready", call.MoveReady, scheduled(until(noon.Add(-time.Millisecond))), ready, "its last start time has passed"},
		{"a call that waits for a time already is not put off", call.MoveWindowClosed, scheduled(), windowClosed, "it is not ready"},
		{
			"hours that have begun are not waited for", call.MoveWindowClosed, queued(),
			func(c call.Call) (call.Change, error) { return call.WindowClosed(c, noon, noon) }, "its hours have begun",
		},
		{"a call that waits for a time is not admitted", call.MoveAdmitted, scheduled(), admitted, "it is not ready"},
		{"a call is not admitted after its last start time", call.MoveAdmitted, queued(until(noon.Add(-time.Millisecond))), admitted, "its last start time has passed"},
		{"a call does not expire at its last start time", call.MoveExpired, queued(until(noon)), lastStartPassed, "it may still start"},
		{"a call without a last start time never expires", call.MoveExpired, queued(), lastStartPassed, "it may still start"},
		{"a call that failed otherwise is not redriven", call.MoveRedriven, in(call.Failed), redriven("redrive_01J"), "it was not dead-lettered"},
		{
			"a call whose agent was lost is not redriven", call.MoveRedriven,
			made(call.AgentLost(lost(ringing()), 1, "", morning)).After, redriven("redrive_01J"), "it was not dead-lettered",
		},
		{"no redrive takes a call twice", call.MoveRedriven, reopened("redrive_01J"), redriven("redrive_01J"), "has reopened it before"},
		{
			"no redrive takes a call twice, even if its mark reopened it in between", call.MoveRedriven,
			reopenedByMark("redrive_01J"), redriven("redrive_01J"), "has reopened it before",
		},
		{
			"a mark of an earlier attempt reopens nothing", call.MoveRedriven, reopened("redrive_01J"),
			func(c call.Call) (call.Change, error) { return call.Redriven(c, 1, "", noon) }, "attempt 2, not 1",
		},
		{"a mark is owed once", call.MoveMarkSent, marked, markSent, "no mark is owed"},
		{"a call that failed otherwise owes no mark", call.MoveMarkSent, in(call.Failed), markSent, "no mark is owed"},
	}
}

func reopenedByMark(redrive string) call.Call {
	c := made(call.Redriven(reopened(redrive), 2, "", morning)).After
	return made(call.LaunchRefusedForGood(admit(c, morning), 3, "No such image.", morning)).After
}

func TestMovesOfWaitingCalls(t *testing.T) {
	t.Parallel()
	for _, m := range acceptedWhileWaiting() {
		t.Run(m.name, m.test)
	}
	for _, m := range refusedWhileWaiting() {
		t.Run(m.name, m.test)
	}
}

func TestACallOfACanceledBatchIsCreatedCanceled(t *testing.T) {
	t.Parallel()
	b := call.Batch{ID: "batch_01J", Owner: "ada", State: call.StateCanceled, Rows: 1, Version: 1, CreatedAt: morning, TimeLimit: 600}
	ch, err := call.BatchExpanded(b, []call.Row{{Line: 2, Number: "+493012345678", LastStart: noon}}, noon)
	if err != nil {
		t.Fatal(err)
	}
	want := call.Call{
		ID: "call_01J-000001", Owner: "ada", BatchID: "batch_01J", Row: 2, Number: "+493012345678", TimeLimit: 600,
		Status: call.Canceled, Attempt: 1, Version: 1, LastStart: noon, CreatedAt: morning, UpdatedAt: noon, EndedAt: noon,
		History: []call.Step{{Status: call.Canceled, At: noon, Attempt: 1, Cause: "batch_canceled"}},
	}
	if len(ch.Calls) != 1 || !slices.Contains(call.Allowed[call.MoveCreated][""], ch.Calls[0].After.Status) {
		t.Fatalf("made %+v", ch.Calls)
	}
	differ(t, "the call", ch.Calls[0].After, want)
	differ(t, "the effect on the lane", ch.Lane(), call.LaneEffect{})
}
