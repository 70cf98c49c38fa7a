package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
)

func (b *bundle) statusOf(id string) api.CallStatus {
	b.t.Helper()
	return decode[api.Call](b.root.get("/v1/calls/" + id).is(http.StatusOK)).Status
}

func TestACallIsCanceledAtOnceUntilAnAgentHoldsIt(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(b *bundle, id string){
		"waiting":           func(*bundle, string) {},
		"launching":         func(b *bundle, id string) { b.admit(id) },
		"waiting in a lane": func(b *bundle, _ string) { b.root.put("/v1/capacity", `{"stopped":true}`) },
		"canceled already":  func(b *bundle, id string) { b.anna.post("/v1/calls/"+id+"/cancel", "").is(http.StatusOK) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			id := b.anna.call("+12025550142").ID
			prepare(b, id)
			got := decode[api.Call](b.anna.post("/v1/calls/"+id+"/cancel", "").is(http.StatusOK))
			if got.Status != api.CallStatusCanceled || got.EndedAt == nil || got.Waiting != nil {
				t.Errorf("it is %+v", got)
			}
			if room := decode[api.Capacity](b.root.get("/v1/capacity")); room.InUse != 0 {
				t.Errorf("%d slots are in use", room.InUse)
			}
		})
	}
}

func TestACallThatAnAgentHoldsIsAskedToEnd(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	id := b.anna.call("+12025550142").ID
	b.answer(id)
	for range 2 {
		got := decode[api.Call](b.anna.post("/v1/calls/"+id+"/cancel", "").is(http.StatusAccepted))
		if got.Status != api.CallStatusInProgress || !got.CancelRequested {
			t.Errorf("it is %+v", got)
		}
	}
	if !slices.Contains(b.tasks.stopped, "task-of-"+id) {
		t.Errorf("stopped are %v", b.tasks.stopped)
	}
	b.apply(id, func(c call.Call) (call.Change, error) {
		return call.Ended(c, 1, call.Outcome{Status: call.Canceled, Dialed: true}, b.clock.Now())
	})
	b.anna.post("/v1/calls/"+id+"/cancel", "").is(http.StatusOK)
}

func TestACallThatEndedOtherwiseIsNotCanceled(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for _, o := range []call.Outcome{
		{Status: call.Completed, Dialed: true},
		{Status: call.Busy, Dialed: true},
		{Status: call.NoAnswer, Dialed: true},
		{Status: call.Failed, Dialed: true, Reason: call.ReasonCarrierError, Message: "The carrier said no."},
	} {
		id := b.anna.call("+12025550142").ID
		b.end(id, o)
		b.anna.post("/v1/calls/"+id+"/cancel", "").is(http.StatusConflict).refused(api.ProblemCodeCallAlreadyFinal, "-")
		if got := b.statusOf(id); string(got) != string(o.Status) {
			t.Errorf("it became %s", got)
		}
	}
	dead := b.deadLetter(b.anna.call("+12025550142").ID).ID
	b.anna.post("/v1/calls/"+dead+"/cancel", "").refused(api.ProblemCodeCallAlreadyFinal, "-")
}

func TestABatchIsPausedAndResumedUntilItIsCanceled(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	id := b.anna.batch("+12025550142", "+12025550143").ID
	b.answer(call.BatchCallID(id, 1))
	to := func(action string, want api.BatchStatus) {
		t.Helper()
		got := decode[api.Batch](b.anna.post("/v1/batches/"+id+"/"+action, "").is(http.StatusAccepted))
		if got.Status != want {
			t.Errorf("%s: it is %s, not %s", action, got.Status, want)
		}
	}
	to("resume", api.BatchStatusActive)
	to("pause", api.BatchStatusPaused)
	to("pause", api.BatchStatusPaused)
	to("resume", api.BatchStatusActive)
	to("pause", api.BatchStatusPaused)
	to("cancel", api.BatchStatusCanceled)
	to("cancel", api.BatchStatusCanceled)
	for _, action := range []string{"pause", "resume"} {
		b.anna.post("/v1/batches/"+id+"/"+action, "").is(http.StatusConflict).refused(api.ProblemCodeBatchCanceled, "-")
	}
	b.expand() // which works off the cancel, too
	got := decode[api.Batch](b.anna.get("/v1/batches/" + id))
	if got.Status != api.BatchStatusCanceled || got.Counts.Canceled != 1 || got.Counts.Active != 1 || got.Counts.Waiting != 0 {
		t.Errorf("it is %+v", got)
	}
	if first := decode[api.Call](b.anna.get("/v1/calls/" + call.BatchCallID(id, 1))); !first.CancelRequested {
		t.Error("the call under way is not asked to end")
	}
}

func TestABatchCountsItsCallsByWhereTheyStand(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	var lines []string
	for i := range 15 {
		lines = append(lines, fmt.Sprintf("+120255501%02d", i))
	}
	id := b.anna.batch(lines...).ID
	n := 0
	each := func(times int, do func(id string)) {
		for range times {
			n++
			do(call.BatchCallID(id, n))
		}
	}
	ended := func(s call.Status) func(string) {
		return func(id string) { b.end(id, call.Outcome{Status: s, Dialed: true, Reason: call.ReasonCarrierError}) }
	}
	each(1, func(id string) { b.answer(id) })
	each(2, ended(call.Completed))
	each(3, ended(call.Busy))
	each(4, ended(call.NoAnswer))
	each(2, ended(call.Failed))
	each(1, func(id string) { b.anna.post("/v1/calls/"+id+"/cancel", "").is(http.StatusOK) })
	want := api.BatchCounts{Waiting: 2, Active: 1, Completed: 2, Busy: 3, NoAnswer: 4, Failed: 2, Canceled: 1}
	got := decode[api.Batch](b.anna.get("/v1/batches/" + id))
	listed := decode[api.BatchList](b.anna.get("/v1/batches")).Batches[0]
	if got.Counts != want || listed.Counts != want {
		t.Errorf("they are %+v, and in the list %+v", got.Counts, listed.Counts)
	}
}

func TestAFinishedBatchCanStillBePressed(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	id := b.anna.batch("+12025550142").ID
	b.complete(call.BatchCallID(id, 1))
	for _, action := range []string{"pause", "resume"} {
		got := decode[api.Batch](b.anna.post("/v1/batches/"+id+"/"+action, "").is(http.StatusAccepted))
		if got.Status != api.BatchStatusCompleted {
			t.Errorf("%s: it is %s", action, got.Status)
		}
	}
	b.anna.post("/v1/batches/"+id+"/cancel", "").is(http.StatusAccepted)
	b.expand()
	if b.statusOf(call.BatchCallID(id, 1)) != api.CallStatusCompleted {
		t.Error("the cancel has changed a final call")
	}
}
