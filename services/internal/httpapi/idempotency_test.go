package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
)

func posts() []api.Route {
	var routes []api.Route
	for _, route := range api.Routes {
		if route.Method == http.MethodPost {
			routes = append(routes, route)
		}
	}
	return routes
}

func (s sending) with(name, value string) sending {
	s.header = s.header.Clone()
	s.header.Set(name, value)
	return s
}

// otherRequests are good ones, too, each another than goodRequest's in one way.
func otherRequests(route api.Route, made things) map[string]sending {
	first := func() sending { return goodRequest(route, made) }
	body := first()
	body.body = strings.NewReader(map[string]string{
		"submitCall":  `{"phone_number":"+12025550147" }`,
		"submitBatch": `{"rows":[{"phone_number":"+12025550148"}]}`,
		"redrive":     `{"all":true}`,
	}[route.OperationID] + "\n")
	path := goodRequest(api.Routes[1], made) // submits a call
	if route.OperationID == "submitCall" {
		path = posting("/v1/batches", `{"rows":[{"phone_number":"+12025550148"}]}`)
	}
	others := map[string]sending{"another body": body, "another path": path}
	if route.OperationID == "submitBatch" {
		dry := first()
		dry.path += "?dry_run=true"
		others["another query"] = dry
	}
	return others
}

func TestEveryPostIsDoneOnceForItsKey(t *testing.T) {
	t.Parallel()
	for _, route := range posts() {
		t.Run(route.OperationID, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			made := b.makeThings()
			key := strings.Repeat("k", 255)
			send := func() *reply {
				return b.root.send(goodRequest(route, made).with(api.HeaderIdempotencyKey, key)).is(grantedStatus(route))
			}
			first := send()
			if first.header.Get(api.HeaderIdempotentReplayed) != "" {
				t.Error("the first answer says that it is a repeat")
			}
			b.tick()
			writes := b.store.writes.Load()
			for range 2 {
				again := send()
				if string(again.body) != string(first.body) || again.header.Get("Location") != first.header.Get("Location") {
					t.Errorf("again it is\n%s, and was\n%s", again.body, first.body)
				}
				if again.header.Get(api.HeaderIdempotentReplayed) != "true" {
					t.Error("the repeat doesn't say that it is one")
				}
			}
			for name, s := range otherRequests(route, made) {
				got := b.root.send(s.with(api.HeaderIdempotencyKey, key)).is(http.StatusConflict)
				if _, err := got.problem(api.ProblemCodeIdempotencyConflict, api.HeaderIdempotencyKey); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			if b.store.writes.Load() != writes {
				t.Error("a repeat has written to the store")
			}
		})
	}
}

func TestAKeyBelongsToItsOwner(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	send := func(who user) *reply {
		return who.post("/v1/calls", `{"phone_number":"+12025550142"}`, api.HeaderIdempotencyKey, "key").is(http.StatusAccepted)
	}
	seen := map[string]bool{}
	for _, who := range []user{b.anna, b.bert, b.root, b.robot} {
		got := send(who)
		if got.header.Get(api.HeaderIdempotentReplayed) != "" {
			t.Error("another owner's answer is replayed")
		}
		seen[decode[api.Call](got).ID] = true
	}
	if len(seen) != 4 {
		t.Errorf("four owners have %d calls", len(seen))
	}
	annaElsewhere := b.signIn(b.issuer.Person("anna", allScopes, b.clock.Now(), nil))
	if got := send(annaElsewhere); got.header.Get(api.HeaderIdempotentReplayed) != "true" {
		t.Error("the same owner with another token gets a second call")
	}
}

func TestAKeyIsForgottenAfterADay(t *testing.T) {
	t.Parallel()
	for _, route := range posts() {
		t.Run(route.OperationID, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			made := b.makeThings()
			send := func() *reply {
				b.signAllIn()
				return b.root.send(goodRequest(route, made).with(api.HeaderIdempotencyKey, "key")).is(grantedStatus(route))
			}
			send()
			b.clock.Advance(call.KeyLife - time.Millisecond)
			if got := send(); got.header.Get(api.HeaderIdempotentReplayed) != "true" {
				t.Error("it is forgotten earlier")
			}
			b.clock.Advance(time.Millisecond)
			if got := send(); got.header.Get(api.HeaderIdempotentReplayed) != "" {
				t.Error("it is remembered longer")
			}
		})
	}
}

func TestAKeyMustBeVisibleASCII(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	made := b.makeThings()
	writes := b.store.writes.Load()
	for _, route := range posts() {
		for name, keys := range map[string][]string{
			"no character":         {""},
			"256 characters":       {strings.Repeat("k", 256)},
			"a blank":              {"a key"},
			"a tab":                {"a\tkey"},
			"a letter beyond":      {"schlüssel"},
			"two keys":             {"a", "b"},
			"the same key twice":   {"a", "a"},
			"blanks":               {"   "},
			"a byte that is UTF-8": {"\xff"},
		} {
			s := goodRequest(route, made)
			s.header[api.HeaderIdempotencyKey] = keys
			if _, err := b.root.send(s).problem(api.ProblemCodeIdempotencyKeyInvalid, api.HeaderIdempotencyKey); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if b.store.writes.Load() != writes {
		t.Error("a request with a key that is none was done")
	}
	all := ""
	for c := '!'; c <= '~'; c++ {
		all += string(c)
	}
	b.anna.post("/v1/calls", `{"phone_number":"+12025550142"}`, api.HeaderIdempotencyKey, all).is(http.StatusAccepted)
	put := sending{http.MethodPut, "/v1/capacity", strings.NewReader(`{"limit":3}`), headers("Content-Type", "application/json", api.HeaderIdempotencyKey, "a key")}
	b.root.send(put).is(http.StatusOK) // only POST takes a key
}

// What was refused has done nothing, so its key is still free.
func TestARefusalIsNotKept(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	made := b.makeThings()
	key := func(k string) []string { return []string{api.HeaderIdempotencyKey, k} }

	b.anna.post("/v1/calls", `{"phone_number":"12"}`, key("call")...).refused(api.ProblemCodePhoneNumberInvalid, "/phone_number")
	b.anna.post("/v1/calls", `{"phone_number":`, key("call")...).refused(api.ProblemCodeInvalidJSON, "-")
	first := b.anna.post("/v1/calls", `{"phone_number":"+12025550142"}`, key("call")...).is(http.StatusAccepted)
	b.anna.post("/v1/calls", `{"phone_number":"12"}`, key("call")...).refused(api.ProblemCodeIdempotencyConflict, api.HeaderIdempotencyKey)
	if again := b.anna.post("/v1/calls", `{"phone_number":"+12025550142"}`, key("call")...); string(again.body) != string(first.body) {
		t.Errorf("the conflict has changed the answer to\n%s", again.body)
	}

	b.anna.post("/v1/batches", `{"rows":[{"phone_number":"12"}]}`, key("list")...).refused(api.ProblemCodeNoCallableRows, "/rows")
	b.anna.post("/v1/batches", `{"rows":[{"phone_number":"+12025550142"}]}`, key("list")...).is(http.StatusAccepted)

	b.complete(made.call)
	b.anna.post("/v1/calls/"+made.call+"/cancel", "", key("cancel")...).refused(api.ProblemCodeCallAlreadyFinal, "-")
	b.anna.post("/v1/calls/call_"+nobodysULID+"/cancel", "", key("cancel")...).refused(api.ProblemCodeCallNotFound, "-")
	b.anna.post("/v1/batches/"+made.batch+"/pause", "", key("cancel")...).is(http.StatusAccepted)

	b.anna.post("/v1/batches/"+made.batch+"/cancel", "").is(http.StatusAccepted)
	b.anna.post("/v1/batches/"+made.batch+"/resume", "", key("resume")...).refused(api.ProblemCodeBatchCanceled, "-")
	b.anna.post("/v1/batches/"+made.batchToCancel+"/resume", "", key("resume")...).is(http.StatusAccepted)

	b.root.post("/v1/dead-letters/redrive", `{"call_ids":[]}`, key("redrive")...).refused(api.ProblemCodeInvalidRequest, "/call_ids")
	b.root.post("/v1/dead-letters/redrive", `{"all":true}`, key("redrive")...).is(http.StatusAccepted)

	b.store.fault.Store(&fault{err: errBroken})
	b.anna.post("/v1/calls", `{"phone_number":"+12025550142"}`, key("broken")...).refused(api.ProblemCodeInternal, "-")
	b.store.fault.Store(nil)
	if got := b.anna.post("/v1/calls", `{"phone_number":"+12025550142"}`, key("broken")...).is(http.StatusAccepted); got.header.Get(api.HeaderIdempotentReplayed) != "" {
		t.Error("an error is replayed")
	}
}

// A dry run stores nothing, so it keeps no key either.
func TestAKeyOfADryRunIsStillFree(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	send := func(query string) *reply {
		return b.anna.post("/v1/batches"+query, `{"rows":[{"phone_number":"+12025550142"}]}`, api.HeaderIdempotencyKey, "k")
	}
	send("?dry_run=true").is(http.StatusOK)
	send("").is(http.StatusAccepted)
	send("?dry_run=true").refused(api.ProblemCodeIdempotencyConflict, api.HeaderIdempotencyKey)
}

func TestARepeatIsAnsweredAsItWasThoughTheWorldHasMovedOn(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	send := func() *reply {
		return b.anna.post("/v1/calls", `{"phone_number":"+12025550142"}`, api.HeaderIdempotencyKey, "k").is(http.StatusAccepted)
	}
	first := send()
	id := decode[api.Call](first).ID
	cancel := func() *reply {
		return b.anna.post("/v1/calls/"+id+"/cancel", "", api.HeaderIdempotencyKey, "c").is(http.StatusAccepted)
	}
	b.answer(id)
	canceling := cancel()
	b.apply(id, func(c call.Call) (call.Change, error) {
		return call.Ended(c, c.Attempt, call.Outcome{Status: call.Completed, Dialed: true}, b.clock.Now())
	})
	if again := send(); string(again.body) != string(first.body) {
		t.Errorf("again it is\n%s, and was\n%s", again.body, first.body)
	}
	if again := cancel(); string(again.body) != string(canceling.body) {
		t.Errorf("again it is\n%s, and was\n%s", again.body, canceling.body)
	}
}

func TestFiftyEqualRequestsAtOnceAreDoneOnce(t *testing.T) {
	t.Parallel()
	for _, route := range posts() {
		t.Run(route.OperationID, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			made := b.makeThings()
			answers := atOnce(50, func(int) (*reply, error) {
				return b.root.try(goodRequest(route, made).with(api.HeaderIdempotencyKey, "the-same"))
			})
			replayed := 0
			for i, a := range answers {
				if a.err != nil {
					t.Fatal(a.err)
				}
				a.reply.is(grantedStatus(route))
				if string(a.reply.body) != string(answers[0].reply.body) {
					t.Errorf("the answers 0 and %d are\n%s\n%s", i, answers[0].reply.body, a.reply.body)
				}
				if a.reply.header.Get(api.HeaderIdempotentReplayed) != "" {
					replayed++
				}
			}
			if replayed != len(answers)-1 {
				t.Errorf("%d of %d answers are repeats", replayed, len(answers))
			}
			if calls, batches := b.count(); calls != 5+b2i(route.OperationID == "submitCall") || batches != 2+b2i(route.OperationID == "submitBatch") {
				t.Errorf("there are %d calls and %d batches", calls, batches)
			}
		})
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// count is how many calls and batches there are; goodRequest's batch has one row,
// which is not expanded.
func (b *bundle) count() (calls, batches int) {
	b.t.Helper()
	return len(decode[api.CallList](b.root.get("/v1/calls?limit=200")).Calls), len(decode[api.BatchList](b.root.get("/v1/batches")).Batches)
}

type answered struct {
	reply *reply
	err   error
}

// atOnce sends n requests that all begin at the same moment.
func atOnce(n int, send func(i int) (*reply, error)) []answered {
	answers := make([]answered, n)
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			<-begin
			answers[i].reply, answers[i].err = send(i)
		})
	}
	close(begin)
	all.Wait()
	return answers
}

// Who looks for the key a moment too early finds none, and has done the same
// work when it comes to keep its answer.
func TestTheSecondOfTwoAtOnceGetsTheAnswerOfTheFirst(t *testing.T) {
	t.Parallel()
	for _, route := range posts() {
		t.Run(route.OperationID, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			made := b.makeThings()
			send := func(s sending) *reply {
				b.store.fault.Store(&fault{method: "Key", err: call.ErrNotFound, once: true})
				return b.root.send(s.with(api.HeaderIdempotencyKey, "k"))
			}
			first := send(goodRequest(route, made)).is(grantedStatus(route))
			calls, batches := b.count()
			second := send(goodRequest(route, made)).is(grantedStatus(route))
			if string(second.body) != string(first.body) || second.header.Get(api.HeaderIdempotentReplayed) != "true" {
				t.Errorf("the second is\n%s, the first\n%s", second.body, first.body)
			}
			send(otherRequests(route, made)["another path"]).refused(api.ProblemCodeIdempotencyConflict, api.HeaderIdempotencyKey)
			if c, l := b.count(); c != calls || l != batches {
				t.Errorf("there are %d calls and %d batches, and were %d and %d", c, l, calls, batches)
			}
		})
	}
}

func TestFiftyRequestsWithoutAKeyAreFiftyCalls(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for _, a := range atOnce(50, func(i int) (*reply, error) {
		return b.anna.try(posting("/v1/calls", fmt.Sprintf(`{"phone_number":"+120255501%02d"}`, i)))
	}) {
		if a.err != nil {
			t.Fatal(a.err)
		}
		a.reply.is(http.StatusAccepted)
	}
	if calls, _ := b.count(); calls != 50 {
		t.Errorf("there are %d calls", calls)
	}
}
