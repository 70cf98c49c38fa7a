package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/httpapi"
)

func TestAllAnswersThatCanBePolledHaveATag(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	polled := map[string]bool{}
	for _, path := range b.pollable(b.makeThings()) {
		polled[ids.ReplaceAllString(strings.TrimPrefix(path, api.BasePath), "{id}")] = true
	}
	for path, item := range document().Paths.Map() {
		if item.Get == nil {
			continue
		}
		tagged := item.Get.Responses.Status(http.StatusOK).Value.Headers["ETag"] != nil
		if unchanged := item.Get.Responses.Status(http.StatusNotModified) != nil; unchanged != tagged || polled[path] != tagged {
			t.Errorf("%s has a tag: %v, may be unchanged: %v, is tested: %v", path, tagged, unchanged, polled[path])
		}
		if tagged != !slices.Contains([]string{"/health", "/batches/{id}/refused"}, path) {
			t.Errorf("%s has a tag: %v; the document says otherwise at its beginning", path, tagged)
		}
	}
}

func TestAListIsPolledFasterWhileSomethingInItGoesOn(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	after := func(path string, want int) {
		t.Helper()
		got := b.root.get(path).is(http.StatusOK)
		if seconds := got.retryAfter(); seconds != want {
			t.Errorf("%s is to be looked at again after %d seconds, not %d", path, seconds, want)
		}
		if seconds := b.root.get(path, ifNoneMatch, got.header.Get("ETag")).is(http.StatusNotModified).retryAfter(); seconds != want {
			t.Errorf("%s, unchanged, is to be looked at again after %d seconds, not %d", path, seconds, want)
		}
	}
	for _, path := range []string{"/v1/calls", "/v1/batches", "/v1/dead-letters"} {
		after(path, 10)
	}
	list := b.anna.batch("+12025550142", "+12025550143")
	members := "/v1/batches/" + list.ID + "/calls"
	b.complete(call.BatchCallID(list.ID, 1))
	after("/v1/calls", 3)
	after("/v1/calls?status=completed", 10)
	after("/v1/batches", 3)
	after("/v1/batches?status=completed", 10)
	after(members, 3)
	after(members+"?limit=1", 10)
	b.answer(call.BatchCallID(list.ID, 2))
	after(members, 3)
	b.anna.post("/v1/batches/"+list.ID+"/cancel", "").is(http.StatusAccepted)
	after("/v1/batches", 3) // its last call is hung up
	b.apply(call.BatchCallID(list.ID, 2), func(c call.Call) (call.Change, error) {
		return call.Ended(c, 1, call.Outcome{Status: call.Canceled, Dialed: true}, b.clock.Now())
	})
	b.deadLetter(b.anna.call("+12025550144").ID)
	for _, path := range []string{"/v1/calls", "/v1/batches", "/v1/dead-letters", members} {
		after(path, 10)
	}
}

func TestWhatChangesInAListChangesItsTag(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	list := b.anna.batch("+12025550142")
	id := call.BatchCallID(list.ID, 1)
	tags := map[string]string{}
	change := func(what string, paths ...string) {
		t.Helper()
		for _, path := range paths {
			tags[path] = b.expectChange(path, tags[path], what)
		}
	}
	calls, batches, members, results := "/v1/calls", "/v1/batches", "/v1/batches/"+list.ID+"/calls", "/v1/batches/"+list.ID+"/results.csv"
	change("at first", calls, batches, members, results)
	b.admit(id)
	change("admitted", calls, batches, members, results)
	b.anna.call("+12025550143")
	change("one more", calls)
	for _, path := range []string{batches, members, results} {
		b.anna.get(path, ifNoneMatch, tags[path]).is(http.StatusNotModified)
	}
	b.anna.batch("+12025550144")
	change("one more batch", calls, batches)
}

// A page of a list that is still expanded may get a next page and no other line.
func TestANextPageChangesTheTagOfResults(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	list := decode[api.SubmittedBatch](b.anna.post("/v1/batches", "phone\n+12025550142\n+12025550143", "Content-Type", "text/csv").is(http.StatusAccepted))
	path := "/v1/batches/" + list.ID + "/results.csv?limit=1"
	stored, err := b.store.Store.Batch(t.Context(), list.ID)
	b.must(err)
	expand := func() {
		t.Helper()
		row := call.Row{Line: stored.Expanded + 2, Number: fmt.Sprintf("+1202555014%d", stored.Expanded+2)}
		change, err := call.BatchExpanded(stored, []call.Row{row}, b.clock.Now())
		b.must(err)
		b.must(b.store.ApplyBatch(t.Context(), change))
		stored = change.After
	}
	expand()
	first := b.anna.get(path).is(http.StatusOK)
	expand()
	second := b.anna.get(path, ifNoneMatch, first.header.Get("ETag")).is(http.StatusOK)
	if first.header.Get("Link") != "" || second.header.Get("Link") == "" || string(first.body) != string(second.body) {
		t.Errorf("the link was %q and is %q, with\n%s\nand\n%s", first.header.Get("Link"), second.header.Get("Link"), first.body, second.body)
	}
}

func TestResultsArePolledAsTheirBatch(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	list := b.anna.batch("+12025550142", "+12025550143")
	same := func(when string) {
		t.Helper()
		batch := b.anna.get("/v1/batches/" + list.ID).is(http.StatusOK).retryAfter()
		if results := b.anna.get("/v1/batches/" + list.ID + "/results.csv").is(http.StatusOK).retryAfter(); results != batch {
			t.Errorf("%s, results are to be looked at again after %d seconds, their batch after %d", when, results, batch)
		}
	}
	same("at first")
	b.complete(call.BatchCallID(list.ID, 1))
	same("half-way")
	b.anna.post("/v1/batches/"+list.ID+"/pause", "").is(http.StatusAccepted)
	same("while it is paused")
	b.complete(b.resumed(list.ID, 2))
	same("at the end")
	if again := b.anna.get("/v1/batches/" + list.ID + "/results.csv").header.Get("Retry-After"); again != "" {
		t.Errorf("finished, results are to be looked at again after %s", again)
	}
}

// resumed lets a batch go on, and names one of its calls.
func (b *bundle) resumed(id string, n int) string {
	b.t.Helper()
	b.anna.post("/v1/batches/"+id+"/resume", "").is(http.StatusAccepted)
	return call.BatchCallID(id, n)
}

func TestABatchInWhichNothingMovesIsPolledSeldom(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	list := b.anna.batch("+12025550142", "+12025550143")
	first, second := call.BatchCallID(list.ID, 1), call.BatchCallID(list.ID, 2)
	after := func(when string, want int) {
		t.Helper()
		if got := b.anna.get("/v1/batches/" + list.ID).is(http.StatusOK).retryAfter(); got != want {
			t.Errorf("%s it is to be looked at again after %d seconds, not %d", when, got, want)
		}
	}
	after("at first", 2)
	b.anna.post("/v1/batches/"+list.ID+"/pause", "").is(http.StatusAccepted)
	after("paused", 10)
	b.answer(b.resumed(list.ID, 1))
	b.anna.post("/v1/batches/"+list.ID+"/pause", "").is(http.StatusAccepted)
	after("paused, with a call that goes on,", 2)
	b.resumed(list.ID, 2)
	b.apply(first, func(c call.Call) (call.Change, error) {
		return call.Ended(c, 1, call.Outcome{Status: call.Completed, Dialed: true}, b.clock.Now())
	})
	after("with a call that is ready", 2)
	b.apply(second, func(c call.Call) (call.Change, error) {
		return call.WindowClosed(c, b.clock.Now().Add(time.Hour), b.clock.Now())
	})
	after("with a call that waits for a time", 10)
	b.anna.post("/v1/batches/"+list.ID+"/cancel", "").is(http.StatusAccepted)
	after("while its cancel is worked off", 2)
	b.expand()
	after("canceled", 0)
}

// At the beginning of a large list no row is a call, and so no call is ready.
func TestABatchWhoseRowsAreNoCallsYetIsPolledOften(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	got := b.anna.post("/v1/batches", `{"rows":[{"phone_number":"+12025550142"}]}`).is(http.StatusAccepted)
	if after := b.anna.get(got.header.Get("Location")).retryAfter(); after != 2 {
		t.Errorf("it is to be looked at again after %d seconds", after)
	}
}

func TestTheCapacityIsPolledSeldomWhileNothingMoves(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	after := func(when string, want int) {
		t.Helper()
		if got := b.anna.get("/v1/capacity").is(http.StatusOK).retryAfter(); got != want {
			t.Errorf("%s it is to be looked at again after %d seconds, not %d", when, got, want)
		}
	}
	after("at rest", 10)
	id := b.anna.call("+12025550142").ID
	after("while a call waits for its turn", 3)
	b.root.put("/v1/capacity", `{"stopped":true}`).is(http.StatusOK)
	after("while all is stopped", 10)
	b.root.put("/v1/capacity", `{"stopped":false}`).is(http.StatusOK)
	b.admit(id)
	after("while a slot is in use", 3)
	b.apply(id, func(c call.Call) (call.Change, error) {
		backoff := call.Backoff{Until: b.clock.Now().Add(time.Minute), Step: time.Minute}
		return call.LaunchRefusedForRoom(c, c.Attempt, backoff, b.clock.Now())
	})
	after("while launches are refused", 3)
	b.clock.Advance(time.Minute)
	b.signAllIn()
	b.root.put("/v1/capacity", `{"limit":1,"rate":0.001}`).is(http.StatusOK)
	other := b.anna.call("+12025550143").ID
	b.admit(id)
	b.apply(id, func(c call.Call) (call.Change, error) { return call.CanceledBeforeDial(c, "canceled", b.clock.Now()) })
	after("while a call waits for the rate", 3)
	b.anna.post("/v1/calls/"+other+"/cancel", "").is(http.StatusOK)
	after("at rest again", 10)
}

// inStates makes batches of every state, two of each, and gives their ids by
// state, newest first.
func (b *bundle) inStates() map[string][]string {
	b.t.Helper()
	made := map[string][]string{}
	for range 2 {
		for _, state := range []string{"active", "paused", "canceled", "completed"} {
			b.tick()
			id := b.anna.batch("+12025550142").ID
			switch state {
			case "paused":
				b.anna.post("/v1/batches/"+id+"/pause", "").is(http.StatusAccepted)
			case "canceled":
				b.anna.post("/v1/batches/"+id+"/cancel", "").is(http.StatusAccepted)
			case "completed":
				b.complete(call.BatchCallID(id, 1))
			}
			made[state] = slices.Insert(made[state], 0, id)
		}
	}
	b.expand()
	return made
}

func TestBatchesAreFilteredByStatus(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	made := b.inStates()
	of := func(states ...string) (ids []string) {
		for _, state := range states {
			ids = append(ids, made[state]...)
		}
		slices.Sort(ids)
		slices.Reverse(ids)
		return ids
	}
	for query, want := range map[string][]string{
		"":                            of("active", "paused", "canceled", "completed"),
		"status=active":               of("active"),
		"status=paused":               of("paused"),
		"status=canceled":             of("canceled"),
		"status=completed":            of("completed"),
		"status=active&status=paused": of("active", "paused"),
		"status=paused&status=paused": of("paused"),
		"status=completed&status=active&status=paused&status=canceled": of("active", "paused", "canceled", "completed"),
	} {
		for _, limit := range []int{1, 2, 3, 7, 200} {
			path := fmt.Sprintf("/v1/batches?%s&limit=%d", query, limit)
			got, pages := b.anna.whole(path)
			if !slices.Equal(got, want) {
				t.Errorf("%s gives %v, not %v", path, got, want)
			}
			for _, page := range pages {
				if n := strings.Count(string(page), `"rows":`); n > limit {
					t.Errorf("%s gives %d on one page", path, n)
				}
			}
		}
	}
	if got, _ := b.bert.whole("/v1/batches?status=active"); len(got) != 0 {
		t.Errorf("bert is shown %v", got)
	}
}

// A page ends when a thousand batches were looked at, and leads on.
func TestABatchBehindAThousandOthersIsFoundOnALaterPage(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	const others = 1_003
	var oldest string
	for n := range others + 1 {
		batch := call.Batch{ID: fmt.Sprintf("batch_%s%06d", nobodysULID[:20], n), Owner: "anna", Rows: 1, TimeLimit: 600}
		if n == 0 {
			oldest, batch.Rows = batch.ID, 0 // and so it is completed
		}
		b.must(b.store.Store.ApplyBatch(t.Context(), call.BatchAccepted(batch, nil, b.clock.Now())))
	}
	got, pages := b.anna.whole("/v1/batches?status=completed")
	if !slices.Equal(got, []string{oldest}) || len(pages) != 2 {
		t.Errorf("found in %d pages: %v", len(pages), got)
	}
	first := decode[api.BatchList](b.anna.get("/v1/batches?status=completed").is(http.StatusOK))
	if first.Batches == nil || len(first.Batches) != 0 || first.NextCursor == nil {
		t.Errorf("the first page is %+v", first)
	}
	reads := b.store.reads.Load()
	b.anna.get("/v1/batches?status=active&limit=5").is(http.StatusOK)
	if n := b.store.reads.Load() - reads; n > 2 {
		t.Errorf("a page that is soon full asks the store %d times", n)
	}
	b.anna.get("/v1/batches?" + url.Values{"status": {"canceled"}, "cursor": {*first.NextCursor}}.Encode()).is(http.StatusOK)
}

func TestAllStatusesMayBeNamedAtOnce(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	id := b.anna.call("+12025550142").ID
	for path, all := range map[string]int{"/calls": len(call.Statuses), "/batches": len(call.BatchStates)} {
		var query []string
		for _, p := range document().Paths.Value(path).Get.Parameters {
			if p.Value.Name != "status" {
				continue
			}
			for _, status := range p.Value.Schema.Value.Items.Value.Enum {
				query = append(query, fmt.Sprintf("status=%s", status))
			}
			if most := p.Value.Schema.Value.MaxItems; most == nil || int(*most) != all || len(query) != all {
				t.Errorf("%s: the document allows %v of %d, and there are %d", path, most, len(query), all)
			}
		}
		b.anna.get("/v1" + path + "?" + strings.Join(query, "&")).is(http.StatusOK)
		one := append(query, query[0])
		b.anna.get("/v1"+path+"?"+strings.Join(one, "&")).refused(api.ProblemCodeInvalidRequest, "status")
	}
	if got, _ := b.anna.whole("/v1/calls?status=queued"); !slices.Equal(got, []string{id}) {
		t.Errorf("queued are %v", got)
	}
}

// behind is a store whose read of many doesn't see yet what was just written.
type behind struct{ httpapi.Store }

func (behind) CountsOfBatches(context.Context, []string) (map[string]call.Counts, error) {
	return map[string]call.Counts{}, nil
}

func TestABatchThatWasJustSubmittedIsListedWithItsCounts(t *testing.T) {
	t.Parallel()
	b := newBundle(t, func(s *httpapi.Server) { s.Store = behind{s.Store} })
	id := b.anna.batch("+12025550142", "+12025550143").ID
	list := decode[api.BatchList](b.anna.get("/v1/batches?status=active").is(http.StatusOK))
	if len(list.Batches) != 1 || list.Batches[0].ID != id || list.Batches[0].Counts.Waiting != 2 {
		t.Errorf("the list is %+v", list)
	}
}
