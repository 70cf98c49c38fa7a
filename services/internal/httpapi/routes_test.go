package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
)

// things are what the requests of goodRequests are about; all of them are anna's.
type things struct {
	call, batch, batchToCancel, deadLetter, redrive string
}

func (b *bundle) makeThings() things {
	b.t.Helper()
	made := things{
		call:          b.anna.call("+12025550142").ID,
		batch:         b.anna.batch("+12025550143", "+12025550144", "no number").ID,
		batchToCancel: b.anna.batch("+12025550145").ID,
		deadLetter:    b.deadLetter(b.anna.call("+12025550146").ID).ID,
	}
	all := b.root.post("/v1/dead-letters/redrive", `{"all":true,"cause":"launch_tries_used"}`).is(http.StatusAccepted)
	made.redrive = decode[api.Redrive](all).ID
	return made
}

// nothing are things that aren't there.
var nothing = things{
	call: "call_" + nobodysULID, batch: "batch_" + nobodysULID, batchToCancel: "batch_" + nobodysULID,
	deadLetter: "call_" + nobodysULID, redrive: "redrive_" + nobodysULID,
}

// goodRequest makes for a route a request that is granted to who may make it.
func goodRequest(route api.Route, about things) sending {
	id, body := about.batch, ""
	switch route.OperationID {
	case "getCall", "cancelCall":
		id = about.call
	case "cancelBatch":
		id = about.batchToCancel
	case "getRedrive":
		id = about.redrive
	case "submitCall":
		body = `{"phone_number":"+12025550147"}`
	case "submitBatch":
		body = `{"rows":[{"phone_number":"+12025550148"},{"phone_number":"none"}]}`
	case "redrive":
		body = fmt.Sprintf(`{"call_ids":[%q]}`, about.deadLetter)
	case "setCapacity":
		body = `{"limit":11}`
	}
	s := posting(api.BasePath+strings.Replace(route.Path, "{id}", id, 1), body)
	s.method = route.Method
	return s
}

// granted are the answers to goodRequest.
var granted = map[string]int{
	"submitCall": 202, "submitBatch": 202, "cancelBatch": 202, "pauseBatch": 202, "resumeBatch": 202,
}

func grantedStatus(route api.Route) int {
	if status, ok := granted[route.OperationID]; ok {
		return status
	}
	return http.StatusOK
}

func TestEveryRouteAnswersWhoeverMayAsk(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a person of the group admins", "a machine client"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			who := map[string]user{"a person of the group admins": b.root, "a machine client": b.robot}[name]
			made := b.makeThings()
			for _, route := range api.Routes {
				who.send(goodRequest(route, made)).is(grantedStatus(route))
			}
		})
	}
}

func TestHealthIsPublicAndTellsNothingElse(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for _, who := range []user{b.as(""), b.as("Bearer nonsense"), b.anna} {
		if got := who.get("/v1/health").is(http.StatusOK); string(got.body) != `{"status":"ok"}`+"\n" {
			t.Errorf("it tells %s", got.body)
		}
	}
	if n := b.store.reads.Load() + b.store.writes.Load(); n != 0 {
		t.Errorf("the store was asked %d times", n)
	}
}

// touched is what the store was asked and told so far.
func (b *bundle) touched() [2]int64 { return [2]int64{b.store.reads.Load(), b.store.writes.Load()} }

func TestEveryRouteRefusesWhoDoesNotProveWhoTheyAre(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	made := b.makeThings()
	refusals := b.issuer.Refusals(t, b.clock.Now())
	before := b.touched()
	for _, route := range api.Routes {
		if route.Scope == "" {
			continue
		}
		for _, refusal := range refusals {
			s := goodRequest(route, made)
			if refusal.Authorization != nil {
				s.header["Authorization"] = refusal.Authorization
			}
			got := b.as("").send(s)
			if _, err := got.problem(api.ProblemCodeUnauthorized, "-"); err != nil {
				t.Errorf("%s: %v", refusal.Name, err)
			}
			if challenge := got.header.Get("WWW-Authenticate"); !rightChallenge(challenge, refusal.Code) {
				t.Errorf("%s: %s is challenged with %s", refusal.Name, got.what, challenge)
			}
			if after := b.touched(); after != before {
				t.Fatalf("%s: %s has touched the store", refusal.Name, got.what)
			}
		}
	}
}

func TestEveryRouteRefusesATokenWithoutItsScope(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	made := b.makeThings()
	before := b.touched()
	now := b.clock.Now()
	for _, route := range api.Routes {
		if route.Scope == "" {
			continue
		}
		others := strings.Join(strings.Fields(strings.Replace(allScopes, route.Scope, "", 1)), " ")
		refused := map[string]user{
			"a person with the other scopes":   b.signIn(b.issuer.Person("anna", others, now, admins)),
			"a machine with the other scopes":  b.signIn(b.issuer.Machine(others, now, nil)),
			"a scope that begins like it":      b.signIn(b.issuer.Person("anna", others+" "+route.Scope+"s", now, admins)),
			"a scope that differs by its case": b.signIn(b.issuer.Person("anna", strings.ToUpper(route.Scope), now, admins)),
			"no scope at all":                  b.signIn(b.issuer.Person("anna", "", now, admins)),
		}
		if route.Scope == api.ScopeAdmin {
			groups := func(of ...string) user {
				return b.signIn(b.issuer.Person("anna", allScopes, now, map[string]any{"cognito:groups": of}))
			}
			refused["an admin's scope without a group"] = b.signIn(b.issuer.Person("anna", allScopes, now, nil))
			refused["an admin's scope and other groups"] = groups("staff", "admin", "Admins", "not admins")
		}
		for name, who := range refused {
			got := who.send(goodRequest(route, made))
			if _, err := got.problem(api.ProblemCodeForbidden, "-"); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			want := `Bearer error="insufficient_scope", scope="` + route.Scope + `"`
			if challenge := got.header.Get("WWW-Authenticate"); challenge != want {
				t.Errorf("%s: %s is challenged with %s", name, got.what, challenge)
			}
			if after := b.touched(); after != before {
				t.Fatalf("%s: %s has touched the store", name, got.what)
			}
		}
	}
}

// notFound is the code for another owner's things, by the route's path.
func notFound(route api.Route) api.ProblemCode {
	if strings.HasPrefix(route.Path, "/calls") {
		return api.ProblemCodeCallNotFound
	}
	return api.ProblemCodeBatchNotFound
}

func isOfOneOwner(route api.Route) bool {
	return strings.Contains(route.Path, "{id}") && route.Scope != api.ScopeAdmin
}

func TestEveryRouteHidesTheThingsOfOtherOwners(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	made := b.makeThings()
	now := b.clock.Now()
	strangers := map[string]user{
		"another person":                          b.bert,
		"an admin's scope without the group":      b.signIn(b.issuer.Person("carl", allScopes, now, nil)),
		"the group without an admin's scope":      b.signIn(b.issuer.Person("dora", readWrite, now, admins)),
		"an owner that differs by its case":       b.signIn(b.issuer.Person("Anna", readWrite, now, nil)),
		"a machine client without admin's scope":  b.signIn(b.issuer.Machine(readWrite, now, nil)),
		"somebody who calls themselves by a name": b.signIn(b.issuer.Person("eve", readWrite, now, map[string]any{"username": "anna"})),
	}
	writes := b.store.writes.Load()
	routes := 0
	for _, route := range api.Routes {
		if !isOfOneOwner(route) {
			continue
		}
		routes++
		for name, who := range strangers {
			hidden, err := who.send(goodRequest(route, made)).problem(notFound(route), "-")
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			absent, err := who.send(goodRequest(route, nothing)).problem(notFound(route), "-")
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if plain(hidden.Detail) != plain(absent.Detail) {
				t.Errorf("%s can tell what is there (%q) from what isn't (%q)", name, hidden.Detail, absent.Detail)
			}
		}
	}
	if routes != 10 {
		t.Errorf("%d routes are of one owner", routes)
	}
	if after := b.store.writes.Load(); after != writes {
		t.Error("a stranger has written to the store")
	}
}

// plain is a sentence without ids.
func plain(sentence string) string { return ids.ReplaceAllString(sentence, "…") }

func TestListsShowOnesOwnThingsAndAdminsEverybodys(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	hers := b.makeThings()
	his := b.bert.batch("+12025550149").ID
	calls := func(who user, query string) int {
		return len(decode[api.CallList](who.get("/v1/calls" + query).is(http.StatusOK)).Calls)
	}
	batches := func(who user) int {
		return len(decode[api.BatchList](who.get("/v1/batches").is(http.StatusOK)).Batches)
	}
	withoutGroup := b.signIn(b.issuer.Person("carl", allScopes, b.clock.Now(), nil))
	for name, c := range map[string]struct{ got, want int }{
		"anna's calls":                           {calls(b.anna, ""), 5},
		"bert's calls":                           {calls(b.bert, ""), 1},
		"an admin's calls":                       {calls(b.root, ""), 6},
		"a machine admin's calls":                {calls(b.robot, ""), 6},
		"calls without the group":                {calls(withoutGroup, ""), 0},
		"calls of somebody else's batch":         {calls(b.bert, "?batch="+hers.batch), 0},
		"calls of somebody else's number":        {calls(b.bert, "?number=%2B12025550142"), 0},
		"calls of one's own batch":               {calls(b.bert, "?batch="+his), 1},
		"an admin's calls of somebody's batch":   {calls(b.root, "?batch="+his), 1},
		"an admin's calls of somebody's number":  {calls(b.root, "?number=%2B12025550142"), 1},
		"anna's batches":                         {batches(b.anna), 2},
		"bert's batches":                         {batches(b.bert), 1},
		"an admin's batches":                     {batches(b.root), 3},
		"batches without the group":              {batches(withoutGroup), 0},
		"statuses of somebody else's calls":      {calls(b.bert, "?status=failed&status=queued"), 1},
		"an admin's calls in one status":         {calls(b.root, "?status=failed"), 1},
		"calls of a batch that is none, by bert": {calls(b.bert, "?batch=batch_"+nobodysULID), 0},
	} {
		if c.got != c.want {
			t.Errorf("%s are %d, not %d", name, c.got, c.want)
		}
	}
}

func TestAnAdminWorksOnEverybodysThings(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	made := b.makeThings()
	b.root.post("/v1/calls/"+made.call+"/cancel", "").is(http.StatusOK)
	b.root.post("/v1/batches/"+made.batch+"/pause", "").is(http.StatusAccepted)
	if c := decode[api.Call](b.anna.get("/v1/calls/" + made.call)); c.Status != api.CallStatusCanceled {
		t.Errorf("anna sees the call %s", c.Status)
	}
	if l := decode[api.Batch](b.anna.get("/v1/batches/" + made.batch)); l.Status != api.BatchStatusPaused {
		t.Errorf("anna sees the batch %s", l.Status)
	}
}

func TestWhatIsSubmittedBelongsToTheTokensOwner(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for who, want := range map[user]string{b.anna: "anna", b.root: "root", b.robot: "test-client"} {
		id, list := who.call("+12025550142").ID, who.batch("+12025550143").ID
		c, err := b.store.Store.Call(t.Context(), id)
		b.must(err)
		l, err := b.store.Store.Batch(t.Context(), list)
		b.must(err)
		m, err := b.store.Store.Call(t.Context(), call.BatchCallID(list, 1))
		b.must(err)
		if c.Owner != want || l.Owner != want || m.Owner != want {
			t.Errorf("%s owns what %s, %s and %s should", want, c.Owner, l.Owner, m.Owner)
		}
	}
}
