package httpapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
)

func (b *bundle) deadLetters(query string) []string {
	b.t.Helper()
	var ids []string
	for _, c := range decode[api.CallList](b.root.get("/v1/dead-letters" + query).is(http.StatusOK)).Calls {
		ids = append(ids, c.ID)
	}
	return ids
}

// giveUp has a call dead-lettered because it never started.
func (b *bundle) giveUp(id string) {
	b.t.Helper()
	for range call.MaxClosed {
		c := b.admit(id)
		b.apply(id, func(call.Call) (call.Change, error) {
			return call.StartFailed(c, c.Attempt, "start_timeout", b.clock.Now())
		})
	}
}

func TestDeadLettersAreListedByCauseNewestFirst(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	refused := b.deadLetter(b.anna.call("+12025550142").ID).ID
	b.tick()
	givenUp := b.bert.call("+12025550143").ID
	b.giveUp(givenUp)
	b.end(b.anna.call("+12025550144").ID, call.Outcome{Status: call.Failed, Dialed: true, Reason: call.ReasonCarrierError})
	b.anna.call("+12025550145")
	list := b.anna.batch("+12025550146", "+12025550147")
	ofBatch := b.deadLetter(call.BatchCallID(list.ID, 2)).ID
	for query, want := range map[string][]string{
		"": {ofBatch, givenUp, refused}, "?cause=launch_refused": {ofBatch, refused}, "?cause=launch_tries_used": {givenUp},
		"?batch=" + list.ID: {ofBatch}, "?batch=batch_" + nobodysULID: nil,
		"?cause=launch_refused&batch=" + list.ID: {ofBatch}, "?cause=launch_tries_used&batch=" + list.ID: nil,
	} {
		if got := b.deadLetters(query); !slices.Equal(got, want) {
			t.Errorf("%q lists %v, not %v", query, got, want)
		}
	}
}

func TestDeadLettersAreCountedByCause(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	counts := func(query string) api.DeadLetterCounts {
		t.Helper()
		got := b.root.get("/v1/dead-letters/counts" + query).is(http.StatusOK)
		if got.header.Get("Retry-After") != "30" {
			t.Errorf("to be looked at again after %q", got.header.Get("Retry-After"))
		}
		return decode[api.DeadLetterCounts](got)
	}
	if got := counts(""); got.Total != 0 || got.Causes == nil || len(got.Causes) != 0 || got.CountedUpTo != nil {
		t.Errorf("of none there are %+v", got)
	}
	givenUp := b.bert.call("+12025550143").ID
	b.giveUp(givenUp)
	first := b.clock.Advance(time.Minute)
	b.deadLetter(b.anna.call("+12025550142").ID)
	list := b.anna.batch("+12025550146")
	last := b.clock.Advance(time.Minute)
	newest := b.deadLetter(call.BatchCallID(list.ID, 1))
	got := counts("")
	if got.Total != 3 || len(got.Causes) != 2 || got.CountedUpTo != nil {
		t.Fatalf("there are %+v", got)
	}
	want := api.DeadLettersOfCause{
		Cause: api.FailureCauseLaunchRefused, Count: 2, Message: newest.Failure.Message, CallID: newest.ID, FirstAt: first, LastAt: last,
	}
	if got.Causes[0] != want {
		t.Errorf("of the most frequent cause there are %+v, not %+v", got.Causes[0], want)
	}
	if of := got.Causes[1]; of.Cause != api.FailureCauseLaunchTriesUsed || of.Count != 1 || of.CallID != givenUp || of.Message == "" {
		t.Errorf("of the other there are %+v", of)
	}
	if got := counts("?batch=" + list.ID); got.Total != 1 || len(got.Causes) != 1 || got.Causes[0].CallID != newest.ID {
		t.Errorf("of the batch there are %+v", got)
	}
}

func TestAllDeadLettersOfABatchAreReopened(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	other := b.deadLetter(b.anna.call("+12025550142").ID).ID
	list := b.anna.batch("+12025550146", "+12025550147", "+12025550148")
	b.deadLetter(call.BatchCallID(list.ID, 1))
	b.deadLetter(call.BatchCallID(list.ID, 2))
	ofOtherCause := call.BatchCallID(list.ID, 3)
	b.giveUp(ofOtherCause)
	got := b.root.post("/v1/dead-letters/redrive", fmt.Sprintf(`{"all":true,"cause":"launch_refused","batch":%q}`, list.ID)).is(http.StatusAccepted)
	if asked := decode[api.Redrive](got); *asked.Batch != list.ID || asked.SkippedByCode == nil {
		t.Errorf("it is %s", got.body)
	}
	path := got.header.Get("Location")
	if again := b.root.get(path).header.Get("Retry-After"); again != "1" {
		t.Errorf("while it is worked on, to be looked at again after %q", again)
	}
	b.expand()
	answer := b.root.get(path).is(http.StatusOK)
	if done := decode[api.Redrive](answer); done.Status != api.RedriveStatusCompleted || done.Redriven != 2 || answer.header.Get("Retry-After") != "" {
		t.Errorf("it ends as %s, to be looked at again after %q", answer.body, answer.header.Get("Retry-After"))
	}
	if left := b.deadLetters(""); !slices.Equal(left, []string{ofOtherCause, other}) {
		t.Errorf("left are %v", left)
	}
}

func callIDs(ids ...string) string { return `{"call_ids":["` + strings.Join(ids, `","`) + `"]}` }

func TestChosenDeadLettersAreReopenedOnceAndTheOthersSkipped(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	dead := b.deadLetter(b.anna.call("+12025550142").ID).ID
	waiting := b.anna.call("+12025550143").ID
	list := b.anna.batch("+12025550144")
	ofCanceled := b.deadLetter(call.BatchCallID(list.ID, 1)).ID
	b.anna.post("/v1/batches/"+list.ID+"/cancel", "").is(http.StatusAccepted)
	absent := "call_" + nobodysULID
	redrive := func() string {
		t.Helper()
		got := decode[api.RedriveResult](b.root.post("/v1/dead-letters/redrive", callIDs(dead, waiting, ofCanceled, absent)).is(http.StatusOK))
		said := map[string]string{}
		for _, id := range got.Redriven {
			said[id] = "redriven"
		}
		for _, s := range got.Skipped {
			said[s.ID] = string(s.Code)
		}
		return fmt.Sprint(said[dead], " ", said[waiting], " ", said[ofCanceled], " ", said[absent])
	}
	if got := redrive(); got != "redriven not_dead_lettered batch_canceled call_not_found" {
		t.Errorf("pressed once: %s", got)
	}
	if got := redrive(); got != "not_dead_lettered not_dead_lettered batch_canceled call_not_found" {
		t.Errorf("pressed twice: %s", got)
	}
	c := decode[api.Call](b.anna.get("/v1/calls/" + dead))
	if c.Status != api.CallStatusQueued || c.Attempt != 2 || c.Failure != nil || c.EndedAt != nil {
		t.Errorf("the call is %+v", c)
	}
	b.deadLetter(dead)
	if got := redrive(); !strings.HasPrefix(got, "redriven ") {
		t.Errorf("dead-lettered again and pressed again: %s", got)
	}
}

func TestARedriveThatWasCutOffHalfWayIsFinishedByItsRepeat(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	first, second := b.deadLetter(b.anna.call("+12025550142").ID).ID, b.deadLetter(b.anna.call("+12025550143").ID).ID
	send := func() *reply {
		return b.root.post("/v1/dead-letters/redrive", callIDs(first, second), api.HeaderIdempotencyKey, "k")
	}
	b.store.fault.Store(&fault{method: "PutKey", err: errBroken})
	send().refused(api.ProblemCodeInternal, "-")
	b.store.fault.Store(nil)
	got := decode[api.RedriveResult](send().is(http.StatusOK))
	if !slices.Equal(got.Redriven, []string{first, second}) || len(got.Skipped) != 0 {
		t.Errorf("the repeat says %+v", got)
	}
	for _, id := range got.Redriven {
		if c := decode[api.Call](b.anna.get("/v1/calls/" + id)); c.Attempt != 2 {
			t.Errorf("call %s has attempt %d", id, c.Attempt)
		}
	}
}

func TestAllDeadLettersAreReopenedInSlicesWithProgress(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for i := range 25 { // two slices and a half
		b.deadLetter(b.anna.call(fmt.Sprintf("+120255501%02d", i)).ID)
	}
	givenUp := b.bert.call("+12025550143").ID
	b.giveUp(givenUp)
	list := b.bert.batch("+12025550144")
	b.deadLetter(call.BatchCallID(list.ID, 1))
	b.bert.post("/v1/batches/"+list.ID+"/cancel", "").is(http.StatusAccepted)

	got := b.root.post("/v1/dead-letters/redrive", `{"all":true,"cause":"launch_refused"}`).is(http.StatusAccepted)
	accepted := decode[api.Redrive](got)
	path := got.header.Get("Location")
	if accepted.Status != api.RedriveStatusActive || path != "/v1/dead-letters/redrives/"+accepted.ID || *accepted.Cause != api.FailureCauseLaunchRefused {
		t.Errorf("it is %+v at %s", accepted, path)
	}
	if stored := b.root.get(path).is(http.StatusOK); string(stored.body) != string(got.body) {
		t.Errorf("there it is\n%s, and was\n%s", stored.body, got.body)
	}
	b.expand()
	done := decode[api.Redrive](b.root.get(path).is(http.StatusOK))
	if done.Status != api.RedriveStatusCompleted || done.Redriven != 25 || done.Skipped != 1 || !maps.Equal(done.SkippedByCode, map[string]int{"batch_canceled": 1}) {
		t.Errorf("it ends as %+v", done)
	}
	if left := b.deadLetters(""); len(left) != 2 || !slices.Contains(left, givenUp) {
		t.Errorf("left are %v", left)
	}
	again := decode[api.Redrive](b.root.post("/v1/dead-letters/redrive", `{"all":true}`).is(http.StatusAccepted))
	b.expand()
	if again = decode[api.Redrive](b.root.get("/v1/dead-letters/redrives/" + again.ID)); again.Redriven != 1 || again.Skipped != 1 {
		t.Errorf("pressed again it ends as %+v", again)
	}
}

func TestARedriveOfAllIsStoredOnceForItsKey(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.deadLetter(b.anna.call("+12025550142").ID)
	all := posting("/v1/dead-letters/redrive", "").with("Content-Type", "application/json").with(api.HeaderIdempotencyKey, "k")
	send := func(body string) (*reply, error) {
		s := all
		s.body = strings.NewReader(body)
		return b.root.try(s)
	}
	replayed := 0
	answers := atOnce(50, func(int) (*reply, error) { return send(`{"all":true}`) })
	for _, a := range answers {
		b.must(a.err)
		if string(a.reply.is(http.StatusAccepted).body) != string(answers[0].reply.body) || a.reply.header.Get("Location") != answers[0].reply.header.Get("Location") {
			t.Errorf("there are two answers:\n%s\n%s", a.reply.body, answers[0].reply.body)
		}
		if a.reply.header.Get(api.HeaderIdempotentReplayed) == "true" {
			replayed++
		}
	}
	if replayed != len(answers)-1 {
		t.Errorf("%d of %d answers are repeats", replayed, len(answers))
	}
	b.expand()
	if got := decode[api.Redrive](b.root.get(answers[0].reply.header.Get("Location"))); got.Redriven != 1 {
		t.Errorf("it ends as %+v", got)
	}
	other, err := send(`{"all":true,"cause":"launch_refused"}`)
	b.must(err)
	other.refused(api.ProblemCodeIdempotencyConflict, api.HeaderIdempotencyKey)
	b.store.fault.Store(&fault{method: "Key", err: call.ErrNotFound, once: true}) // it looks a moment too early
	late, err := send(`{"all":true}`)
	b.must(err)
	if string(late.is(http.StatusAccepted).body) != string(answers[0].reply.body) {
		t.Errorf("who was late hears of another redrive: %s", late.body)
	}
}

func TestARedriveOfNeitherOrBothIsRefused(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	dead := b.deadLetter(b.anna.call("+12025550142").ID).ID
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprintf("call_%s-%06d", nobodysULID, i+1)
	}
	writes := b.store.writes.Load()
	for body, field := range map[string]string{
		`{"all":false}`:                                        "/call_ids",
		`{"call_ids":[]}`:                                      "/call_ids",
		`{"cause":"launch_refused"}`:                           "/call_ids",
		callIDs(many...):                                       "/call_ids",
		callIDs(dead, dead):                                    "/call_ids/1",
		callIDs(dead, "x"):                                     "/call_ids/1",
		callIDs("+12025550142"):                                "/call_ids/0",
		callIDs("batch_" + nobodysULID):                        "/call_ids/0",
		callIDs(strings.ToLower(dead)):                         "/call_ids/0",
		`{"all":true,"call_ids":[]}`:                           "/all",
		`{"all":true,"cause":"busy"}`:                          "/cause",
		`{"all":true,"cause":""}`:                              "/cause",
		strings.Replace(callIDs(dead), "{", `{"all":true,`, 1): "/all",
		strings.Replace(callIDs(dead), "{", `{"cause":"launch_refused",`, 1):        "/cause",
		strings.Replace(callIDs(dead), "{", `{"batch":"batch_`+nobodysULID+`",`, 1): "/batch",
		`{"all":true,"batch":"x"}`:              "/batch",
		`{"all":true,"batch":""}`:               "/batch",
		`{"batch":"batch_` + nobodysULID + `"}`: "/call_ids",
	} {
		if _, err := b.root.post("/v1/dead-letters/redrive", body).problem(api.ProblemCodeInvalidRequest, field); err != nil {
			t.Errorf("%.80s: %v", body, err)
		}
	}
	if b.store.writes.Load() != writes {
		t.Error("one of them was done")
	}
	b.root.post("/v1/dead-letters/redrive", callIDs(many[:100]...)).is(http.StatusOK)
}

func TestARedriveThatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for _, id := range []string{"redrive_" + nobodysULID, "x", "batch_" + nobodysULID, "%252e%252e", "%25zz"} {
		b.root.get("/v1/dead-letters/redrives/"+id).is(http.StatusNotFound).refused(api.ProblemCodeRedriveNotFound, "-")
	}
}

func TestTwoRedrivesOfOneCallAtOnceMakeOneAttempt(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	dead := b.deadLetter(b.anna.call("+12025550142").ID).ID
	redriven := 0
	for _, a := range atOnce(20, func(int) (*reply, error) { return b.root.try(posting("/v1/dead-letters/redrive", callIDs(dead))) }) {
		if a.err != nil {
			t.Fatal(a.err)
		}
		redriven += len(decode[api.RedriveResult](a.reply.is(http.StatusOK)).Redriven)
	}
	if c := decode[api.Call](b.anna.get("/v1/calls/" + dead)); redriven != 1 || c.Attempt != 2 {
		t.Errorf("%d have redriven it, and it has attempt %d", redriven, c.Attempt)
	}
}
