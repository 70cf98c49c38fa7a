package httpapi_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/memory"
	"github.com/outdial/outdial/services/internal/signin"
	"github.com/outdial/outdial/services/internal/storetest"
)

// newFuzzBundle is a bundle that takes no ports and no signatures, because it is
// made anew for every input: requests reach the real handler directly, and who
// makes one is written in it. All answers are held against the contract.
func newFuzzBundle(t *testing.T) *bundle {
	b := &bundle{t: t, clock: storetest.NewClock(), log: newLogbook(t), tasks: &tasks{}, url: "http://api.test"}
	b.store = &watched{Store: memory.New(call.Capacity{Limit: 10, Rate: 1000, Version: 1, UpdatedAt: b.clock.Now()})}
	server := b.api(nil)
	server.SignIn = byName{}
	b.client = &http.Client{Transport: &contract{t, direct{server.Handler()}, b.log}}
	b.anna, b.bert, b.root = b.as("anna"), b.as("bert"), b.as("root")
	return b
}

// byName takes everybody for who they say they are. root is an admin.
type byName struct{}

func (byName) Authenticate(r *http.Request) (signin.Principal, error) {
	name := r.Header.Get("Authorization")
	p := signin.Principal{Owner: name, Subject: name, Scopes: signin.Scopes()}
	if name == "root" {
		p.Groups = []string{signin.AdminGroup}
	}
	return p, nil
}

// direct is a transport to a handler of this process.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

// refusedOrDone checks what holds for every answer: it is no error of ours, and
// one that refuses has changed nothing.
func (b *bundle) refusedOrDone(got *reply, writesBefore int64) (done bool) {
	b.t.Helper()
	if got.status >= http.StatusInternalServerError {
		b.t.Fatalf("%s is answered %d:\n%s\n%s", got.what, got.status, got.body, b.log)
	}
	if got.status < http.StatusBadRequest {
		return true
	}
	if writes := b.store.writes.Load(); writes != writesBefore {
		b.t.Errorf("%s is answered %d, and the store was written to %d times", got.what, got.status, writes-writesBefore)
	}
	return false
}

// bodyRoutes are the routes that read a body, each with its type.
var bodyRoutes = []struct{ method, path, mediaType string }{
	{http.MethodPost, "/v1/calls", "application/json"},
	{http.MethodPost, "/v1/batches", "application/json"},
	{http.MethodPost, "/v1/batches?dry_run=true", "application/json"},
	{http.MethodPost, "/v1/batches?region=GB", "text/csv"},
	{http.MethodPost, "/v1/batches?dry_run=1&region=US", "text/csv"},
	{http.MethodPost, "/v1/dead-letters/redrive", "application/json"},
	{http.MethodPut, "/v1/capacity", "application/json"},
}

// FuzzBody: no body is answered with an error of ours, a problem points to what
// is wrong in the body, what is refused leaves no trace, and what is accepted is there.
func FuzzBody(f *testing.F) {
	for route, bodies := range [][]string{
		{`{"phone_number":"+12025550147"}`, `{"phone_number":"020 7946 0958","region":"GB","agent":{"instructions":"Hi.","voice":"a","first_words":"b","language":"en-GB","time_limit":60},"metadata":{"a/b~c":"d"}}`, `{"phone_number":null}`, `[]`},
		{`{"rows":[{"phone_number":"+12025550148","metadata":{"k":"v"}},{"phone_number":"none"}],"name":"n","allow_duplicates":true}`, `{"csv":"phone\n+12025550148\n","number_column":"phone","metadata":{"a":"b"}}`, `{"rows":[],"csv":""}`},
		{`{"rows":[{"phone_number":"020 7946 0958"}],"region":"GB","agent":{"time_limit":10}}`},
		{"phone;name\r\n+442079460958;\"A\nB\"\r\n020;x\r\n", "a,b\n1,2\n"},
		{"phone_number\n2025550148\n2025550148\n"},
		{`{"all":true,"cause":"launch_refused"}`, `{"call_ids":["call_` + nobodysULID + `"]}`, `{"all":false}`},
		{`{"limit":11,"rate":0.5,"stopped":true}`, `{"limit":-1}`, `{"rate":1e400}`},
	} {
		for _, body := range bodies {
			f.Add(uint8(route), []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, route uint8, body []byte) {
		to := bodyRoutes[int(route)%len(bodyRoutes)]
		b := newFuzzBundle(t)
		b.deadLetter(b.anna.call("+12025550146").ID)
		writes := b.store.writes.Load()
		got := b.root.send(sending{to.method, to.path, bytes.NewReader(body), headers("Content-Type", to.mediaType)})
		if !b.refusedOrDone(got, writes) {
			checkPlaces(t, got, to.mediaType, body)
			return
		}
		b.accepted(got)
		if got.status == http.StatusOK && strings.Contains(to.path, "dry_run") && b.store.writes.Load() != writes {
			t.Error("a dry run has written to the store")
		}
	})
}

// accepted checks that what was accepted as new is there.
func (b *bundle) accepted(got *reply) {
	b.t.Helper()
	if got.status != http.StatusAccepted {
		return
	}
	location := got.header.Get("Location")
	if location == "" { // of what is there already: a batch that is paused, for one
		return
	}
	shown := b.root.get(location).is(http.StatusOK)
	if !strings.HasPrefix(location, "/v1/batches/") {
		return
	}
	batch := decode[api.SubmittedBatch](got)
	b.expand()
	calls := decode[api.CallList](b.root.get(location + "/calls?limit=200").is(http.StatusOK)).Calls
	refused := decode[api.RefusedRowList](b.root.get(location + "/refused?limit=1000").is(http.StatusOK)).RefusedRows
	if len(calls) != min(batch.Rows, 200) || len(refused) != min(batch.Refused, 1_000) || len(batch.RefusedRows) != len(refused) {
		b.t.Errorf("%d calls and %d refused rows are there of\n%s", len(calls), len(refused), shown.body)
	}
}

// checkPlaces: each place that a problem names is there. Of what is missing, the
// object that it is missing in is there.
func checkPlaces(t *testing.T, got *reply, mediaType string, body []byte) {
	t.Helper()
	p := decode[api.Problem](got)
	var value any
	isJSON := mediaType == "application/json" && json.Unmarshal(body, &value) == nil
	for _, mistake := range p.Errors {
		switch {
		case mistake.Detail == "" || !mistake.Code.Valid() && !api.ProblemCode(mistake.Code).Valid():
			t.Errorf("a mistake says too little: %s", got.body)
		case mistake.Row != nil && *mistake.Row < 0:
			t.Errorf("a mistake in row %d: %s", *mistake.Row, got.body)
		case isJSON && !pointsInto(value, mistake):
			t.Errorf("%s points to %q, which is not in %q", got.body, mistake.Field, body)
		}
	}
}

// pointsInto follows a JSON pointer (RFC 6901).
func pointsInto(value any, mistake api.FieldError) bool {
	if mistake.Field == "" || strings.Contains(mistake.Field, "…") {
		return true // the whole body, or a name that is too long to be shown
	}
	tokens := strings.Split(mistake.Field, "/")
	if tokens[0] != "" {
		return false
	}
	for i, token := range tokens[1:] {
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		last := i == len(tokens)-2
		switch inside := value.(type) {
		case map[string]any:
			member, ok := inside[token]
			if !ok {
				return last && mistake.Code == api.FieldErrorCodeRequired
			}
			value = member
		case []any:
			n, err := strconv.Atoi(token)
			if err != nil || n < 0 || n >= len(inside) {
				return false
			}
			value = inside[n]
		default:
			return false
		}
	}
	return true
}

// queried are requests whose query is fuzzed.
func queried(made things) []sending {
	csv := func() sending {
		s := posting("/v1/batches", "phone\n2025550148\n+12025550149\n")
		s.header.Set("Content-Type", "text/csv")
		return s
	}
	all := []sending{csv()}
	for _, route := range api.Routes {
		if route.OperationID != "submitBatch" && route.Scope != "" {
			all = append(all, goodRequest(route, made))
		}
	}
	return all
}

// FuzzQuery: no query is answered with an error of ours, shows what is another
// owner's, or has an effect when it is refused.
func FuzzQuery(f *testing.F) {
	for _, query := range []string{
		"", "region=US&name=n&allow_duplicates=1&number_column=phone&dry_run=false&instructions=a&voice=b&first_words=c&language=en&time_limit=60",
		"status=queued&status=failed&batch=batch_" + nobodysULID + "&number=%2B12025550142&from=2026-03-02T09:00:00Z&to=2026-03-02T09:00:00.5%2B01:00&limit=3",
		"cursor=" + base64.RawURLEncoding.EncodeToString([]byte("calls call_"+nobodysULID)), "cause=launch_refused&limit=200",
		"limit=0", "limit=99999999999999999999", "a=%zz", "limit=1;2", "limit=1&limit=2", "number=%00", "from=0000-01-01T00:00:00Z", "to=9999-12-31T23:59:59-23:59",
		"region=%ff", "status[]=queued", "status=queued,failed", "dry_run", "from=+", "time_limit=-1",
	} {
		f.Add(uint8(0), query)
		f.Add(uint8(2), query)
		f.Add(uint8(14), query)
	}
	f.Fuzz(func(t *testing.T, route uint8, query string) {
		if _, err := url.ParseRequestURI("/?" + query); err != nil || strings.ContainsAny(query, " #") {
			return // can't stand in a request line
		}
		b := newFuzzBundle(t)
		made := b.makeThings()
		his := b.bert.call("+12025550149").ID
		requests := queried(made)
		s := requests[int(route)%len(requests)]
		writes := b.store.writes.Load()
		s.path += "?" + query
		got := b.anna.send(s)
		if !b.refusedOrDone(got, writes) {
			return
		}
		b.accepted(got)
		if strings.Contains(string(got.body), his) {
			t.Errorf("%s shows what is another owner's:\n%s", s.path, got.body)
		}
	})
}

// FuzzCursor: a list takes the cursors that it gave and no others, and shows with
// none of them what is another owner's.
func FuzzCursor(f *testing.F) {
	for list := range uint8(5) {
		for _, plain := range []string{
			"calls call_" + nobodysULID, "calls call_" + nobodysULID + "-000001", "batches batch_" + nobodysULID, "dead-letters call_" + nobodysULID,
			"batch_" + nobodysULID + "/refused 1", "calls call_", "calls ", "",
		} {
			f.Add(list, base64.RawURLEncoding.EncodeToString([]byte(plain)))
		}
		f.Add(list, "Y2FsbHMgY2FsbA==")
		f.Add(list, "\x00")
	}
	f.Fuzz(func(t *testing.T, which uint8, cursor string) {
		b := newFuzzBundle(t)
		made := b.makeThings()
		his := b.bert.batch("+12025550142", "+12025550149", "none").ID
		id := strings.TrimPrefix(his, "batch_")
		lists := []string{"/v1/calls", "/v1/batches", "/v1/batches/" + made.batch + "/calls", "/v1/batches/" + made.batch + "/refused", "/v1/batches/" + made.batch + "/results.csv"}
		path := lists[int(which)%len(lists)]
		got := b.anna.get(path + "?limit=1&cursor=" + url.QueryEscape(cursor))
		for range 20 { // to the list's end
			if !b.refusedOrDone(got, b.store.writes.Load()) {
				if _, err := got.problem(api.ProblemCodeCursorInvalid, "cursor"); err != nil {
					t.Error(err)
				}
				return
			}
			if strings.Contains(string(got.body), id) {
				t.Fatalf("%s?cursor=%s shows what is another owner's:\n%s", path, cursor, got.body)
			}
			checkCursor(t, cursor)
			if strings.HasSuffix(path, ".csv") {
				return
			}
			var list struct {
				NextCursor string `json:"next_cursor"`
			}
			if err := json.Unmarshal(got.body, &list); err != nil {
				t.Fatal(err)
			}
			if list.NextCursor == "" {
				return
			}
			cursor = list.NextCursor
			got = b.anna.get(path + "?limit=1&cursor=" + url.QueryEscape(cursor)).is(http.StatusOK)
		}
		t.Errorf("%s never ends", path)
	})
}

// checkCursor: a cursor that is taken has one form only, so that nobody can
// smuggle anything in it.
func checkCursor(t *testing.T, cursor string) {
	t.Helper()
	plain, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || base64.RawURLEncoding.EncodeToString(plain) != cursor || strings.Count(string(plain), " ") != 1 {
		t.Errorf("the cursor %q, which means %q, is taken (%v)", cursor, plain, err)
	}
}

// FuzzIdempotencyKey: a key is one call, however often it comes, and another key
// is another call. What can't be a key has no effect.
func FuzzIdempotencyKey(f *testing.F) {
	for _, key := range []string{"k", "8e03978e-40d5-43dd-bc93-6894a57f9324", "", " k", "k\n", "ü", strings.Repeat("k", 255), strings.Repeat("k", 256), "a,b", "\x7f", "\"k\""} {
		f.Add(key, "+12025550147")
	}
	f.Fuzz(func(t *testing.T, key, number string) {
		b := newFuzzBundle(t)
		body, err := json.Marshal(map[string]string{"phone_number": number})
		if err != nil {
			t.Fatal(err)
		}
		submit := func(body string, keys ...string) *reply {
			s := posting("/v1/calls", body)
			s.header[api.HeaderIdempotencyKey] = keys
			return b.anna.send(s)
		}
		first := submit(string(body), key)
		done := b.refusedOrDone(first, 0)
		if valid := isKey(key); !valid {
			if _, err := first.problem(api.ProblemCodeIdempotencyKeyInvalid, api.HeaderIdempotencyKey); err != nil {
				t.Error(err)
			}
			return
		}
		again := submit(string(body), key)
		if again.status != first.status || done && (string(again.body) != string(first.body) || again.header.Get(api.HeaderIdempotentReplayed) != "true") {
			t.Errorf("again it is %d %s, and was %d %s", again.status, again.body, first.status, first.body)
		}
		if !done {
			return
		}
		submit(string(body)+" ", key).is(http.StatusConflict)
		submit(string(body), key, key).is(http.StatusBadRequest)
		b.bertToo(string(body), key)
		if other := key + "x"; isKey(other) {
			submit(string(body), other).is(http.StatusAccepted)
		}
		calls := decode[api.CallList](b.anna.get("/v1/calls").is(http.StatusOK)).Calls
		if want := 1 + boolToInt(isKey(key+"x")); len(calls) != want {
			t.Errorf("%d calls are there, and not %d", len(calls), want)
		}
	})
}

// bertToo: somebody else's key of the same name is another one.
func (b *bundle) bertToo(body, key string) {
	b.t.Helper()
	s := posting("/v1/calls", body)
	s.header.Set(api.HeaderIdempotencyKey, key)
	if got := b.bert.send(s).is(http.StatusAccepted); got.header.Get(api.HeaderIdempotentReplayed) != "" {
		b.t.Error("bert gets anna's answer")
	}
}

func isKey(key string) bool {
	return len(key) >= 1 && len(key) <= 255 && !slices.ContainsFunc([]byte(key), func(c byte) bool { return c < '!' || c > '~' })
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
