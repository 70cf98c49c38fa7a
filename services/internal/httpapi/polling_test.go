package httpapi_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
)

const ifNoneMatch = "If-None-Match"

// pollable is everything that is polled.
func (b *bundle) pollable(made things) []string {
	return []string{
		"/v1/calls/" + made.call, "/v1/batches/" + made.batch, "/v1/capacity",
		"/v1/batches/" + made.batch + "/samples", "/v1/capacity/samples", "/v1/limits",
		"/v1/dead-letters/counts", "/v1/dead-letters/redrives/" + made.redrive,
		"/v1/calls", "/v1/batches", "/v1/dead-letters",
		"/v1/batches/" + made.batch + "/calls", "/v1/batches/" + made.batch + "/results.csv",
	}
}

func TestWhatIsUnchangedIsAnswered304(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for _, path := range b.pollable(b.makeThings()) {
		first := b.root.get(path).is(http.StatusOK)
		etag := first.header.Get("ETag")
		for name, asked := range map[string]string{
			"the tag":           etag,
			"the weak tag":      "W/" + etag,
			"a list with it":    `"other", ` + etag + `,"another"`,
			"a list without OW": `"other",W/` + etag,
			"anything":          "*",
		} {
			got := b.root.get(path, ifNoneMatch, asked).is(http.StatusNotModified)
			if got.header.Get("ETag") != etag || got.header.Get("Retry-After") != first.header.Get("Retry-After") {
				t.Errorf("%s, %s: it is answered with %v", path, name, got.header)
			}
		}
		for name, asked := range map[string]string{
			"another tag":          `"other"`,
			"a list without it":    `"a", W/"b"`,
			"the tag unquoted":     etag[1 : len(etag)-1],
			"the beginning of it":  etag[:len(etag)-2] + `"`,
			"a star within quotes": `"*"`,
		} {
			if got := b.root.get(path, ifNoneMatch, asked).is(http.StatusOK); string(got.body) != string(first.body) {
				t.Errorf("%s, %s: it has changed to %s", path, name, got.body)
			}
		}
		twice := sending{http.MethodGet, path, nil, headers(ifNoneMatch, etag, ifNoneMatch, `"other"`)}
		b.root.send(twice).is(http.StatusBadRequest).refused(api.ProblemCodeInvalidRequest, ifNoneMatch)
	}
}

// expectChange polls with the tag before, expects another one, and gives it.
func (b *bundle) expectChange(path, before, what string) string {
	b.t.Helper()
	got := b.anna.get(path, ifNoneMatch, before)
	after := got.header.Get("ETag")
	if got.status != http.StatusOK || after == before {
		b.t.Errorf("%s: the answer is %d with the tag %s, which was %s", what, got.status, after, before)
	}
	b.anna.get(path, ifNoneMatch, after).is(http.StatusNotModified)
	return after
}

func TestEveryMoveOfACallChangesItsTag(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	id := b.anna.call("+12025550142").ID
	path := "/v1/calls/" + id
	etag := b.expectChange(path, "", "created")
	b.admit(id)
	etag = b.expectChange(path, etag, "admitted")
	_, err := b.store.TakeClaim(t.Context(), id, 1, "nonce", "task", b.clock.Now())
	b.must(err)
	for _, move := range []struct {
		name string
		move func(call.Call) (call.Change, error)
	}{
		{"ringing", func(c call.Call) (call.Change, error) {
			return call.Rang(c, 1, "task", call.DefaultTiming(), b.clock.Now())
		}},
		{"answered", func(c call.Call) (call.Change, error) {
			return call.Answered(c, 1, "task", call.DefaultTiming(), b.clock.Now())
		}},
		{"cancel requested", func(c call.Call) (call.Change, error) {
			return call.CancelRequested(c, call.DefaultTiming(), b.clock.Now())
		}},
		{"ended", func(c call.Call) (call.Change, error) {
			return call.Ended(c, 1, call.Outcome{Status: call.Completed, Dialed: true}, b.clock.Now())
		}},
	} {
		b.apply(id, move.move)
		etag = b.expectChange(path, etag, move.name)
	}
}

func TestTheReasonForWhichACallWaitsIsPartOfItsTag(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	list := b.anna.batch("+12025550142")
	id := call.BatchCallID(list.ID, 1)
	path, etag := "/v1/calls/"+id, ""
	becomes := func(reason api.WaitingReason) {
		t.Helper()
		etag = b.expectChange(path, etag, string(reason))
		if c := decode[api.Call](b.anna.get(path)); c.Waiting == nil || c.Waiting.Reason != reason {
			t.Errorf("it waits for %+v, not %s", c.Waiting, reason)
		}
	}
	becomes(api.WaitingReasonCapacity)
	b.anna.post("/v1/batches/"+list.ID+"/pause", "").is(http.StatusAccepted)
	becomes(api.WaitingReasonPaused)
	b.root.put("/v1/capacity", `{"stopped":true}`).is(http.StatusOK)
	b.anna.get(path, ifNoneMatch, etag).is(http.StatusNotModified) // its own batch's pause comes first
	b.anna.post("/v1/batches/"+list.ID+"/resume", "").is(http.StatusAccepted)
	becomes(api.WaitingReasonStopped)
	b.root.put("/v1/capacity", `{"stopped":false}`).is(http.StatusOK)
	becomes(api.WaitingReasonCapacity)
	other := b.anna.call("+12025550143").ID
	b.admit(other)
	b.apply(other, func(c call.Call) (call.Change, error) {
		backoff := call.Backoff{Until: b.clock.Now().Add(time.Minute), Step: time.Minute}
		return call.LaunchRefusedForRoom(c, c.Attempt, backoff, b.clock.Now())
	})
	becomes(api.WaitingReasonBackoff)
	if room := decode[api.Capacity](b.anna.get("/v1/capacity")); room.BackoffUntil == nil || room.Waiting.Backoff != 2 {
		t.Errorf("the capacity is %+v", room)
	}
	b.clock.Advance(time.Minute)
	becomes(api.WaitingReasonCapacity)
}

func TestACallThatWaitsForATimeSaysUntilWhen(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	id := call.SingleID(nobodysULID)
	until := b.clock.Now().Add(time.Hour)
	b.must(b.store.Store.Apply(t.Context(), call.Created(call.NewCall{
		ID: id, Owner: "anna", Number: "+12025550142", TimeLimit: 600, Settings: &call.Settings{}, NotBefore: until,
	}, b.clock.Now())))
	got := b.anna.get("/v1/calls/" + id).is(http.StatusOK)
	if w := decode[api.Call](got).Waiting; w == nil || w.Reason != api.WaitingReasonSchedule || !w.Until.Equal(until) {
		t.Errorf("it waits for %+v", w)
	}
	if after := got.header.Get("Retry-After"); after != "30" {
		t.Errorf("it is to be looked at again after %s seconds", after)
	}
	b.clock.Advance(time.Hour - 5*time.Second)
	b.signAllIn()
	if after := b.anna.get("/v1/calls/" + id).header.Get("Retry-After"); after != "6" {
		t.Errorf("just before, it is to be looked at again after %s seconds", after)
	}
	if room := decode[api.Capacity](b.root.get("/v1/capacity")); room.Waiting.Schedule != 1 {
		t.Errorf("the capacity is %+v", room)
	}
}

// retryAfter is in how many seconds to look again; 0 when nothing can change any more.
func (r *reply) retryAfter() int {
	r.t.Helper()
	value := r.header.Get("Retry-After")
	if value == "" {
		return 0
	}
	seconds, err := strconv.Atoi(value)
	if err != nil || seconds < 1 {
		r.t.Errorf("%s: Retry-After is %q", r.what, value)
	}
	return seconds
}

func TestRetryAfterGrowsWithTheWaitAndGoesWithTheEnd(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	id := b.anna.call("+12025550142").ID
	path := "/v1/calls/" + id
	last := 0
	for _, wait := range []time.Duration{0, time.Minute, 5 * time.Minute, 24 * time.Hour} {
		b.clock.Advance(wait)
		b.signAllIn()
		after := b.anna.get(path).is(http.StatusOK).retryAfter()
		if after <= last || after > 30 {
			t.Errorf("%s later it is to be looked at again after %d seconds, and before after %d", wait, after, last)
		}
		last = after
	}
	b.answer(id)
	if after := b.anna.get(path).retryAfter(); after != 2 {
		t.Errorf("while it talks: after %d seconds", after)
	}
	b.apply(id, func(c call.Call) (call.Change, error) {
		return call.Ended(c, 1, call.Outcome{Status: call.Completed, Dialed: true}, b.clock.Now())
	})
	final := b.anna.get(path).is(http.StatusOK)
	if after := final.retryAfter(); after != 0 {
		t.Errorf("once it is final: after %d seconds", after)
	}
	if after := b.anna.get(path, ifNoneMatch, final.header.Get("ETag")).is(http.StatusNotModified).retryAfter(); after != 0 {
		t.Errorf("once it is final and unchanged: after %d seconds", after)
	}
}

func TestABatchIsPolledUntilAllItsCallsAreFinal(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	list := b.anna.batch("+12025550142", "+12025550143")
	path, etag := "/v1/batches/"+list.ID, ""
	for n := 1; n <= 2; n++ {
		etag = b.expectChange(path, etag, "one more ended")
		if b.anna.get(path).retryAfter() == 0 {
			t.Errorf("with %d calls to go nobody need look again", 3-n)
		}
		b.complete(call.BatchCallID(list.ID, n))
	}
	b.expectChange(path, etag, "all ended")
	got := b.anna.get(path).is(http.StatusOK)
	done := decode[api.Batch](got)
	if done.Status != api.BatchStatusCompleted || done.Counts.Completed != 2 || got.retryAfter() != 0 {
		t.Errorf("it ends as %s, to be looked at after %d seconds", got.body, got.retryAfter())
	}
}

func TestTheTagOfTheCapacityChangesWithSlotsAndWaiting(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	etag := b.expectChange("/v1/capacity", "", "at first")
	id := b.anna.call("+12025550142").ID
	etag = b.expectChange("/v1/capacity", etag, "a call waits")
	b.admit(id)
	etag = b.expectChange("/v1/capacity", etag, "a slot is taken")
	b.root.put("/v1/capacity", `{"rate":2.5}`).is(http.StatusOK)
	b.expectChange("/v1/capacity", etag, "the rate is set")
}
