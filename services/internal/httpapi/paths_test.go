package httpapi_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"
)

func TestAPathThatIsNoRouteIsNotFoundAndNeverARedirect(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	made := b.makeThings()
	before := b.touched()
	paths := []string{
		"", "/", "/v1", "/v1/", "/v2/calls", "/calls", "/health", "/v1/Calls", "/V1/calls", "/v1/calls/", "/v1/calls//", "/v1/health/",
		"//v1/calls", "/v1//calls", "///v1/health", "/./v1/calls", "/v1/./calls", "/v1/x/../calls", "/v1/calls/../health", "/v1/health/../calls",
		"/v1/calls/.", "/v1/calls/..", "/v1/../v1/calls", "/..;/v1/calls", "/v1/calls;x=1", "/v1/calls%00", "/v1/calls%20", "/v1/calls%0d%0aX:%20y",
		"/v1/health/%2e%2e/calls", "/v1/%2e/calls", "/%2e%2e/v1/calls", "/v1/calls/%2e%2e/%2e%2e/v1/calls", "/v1/calls%2f" + made.call, "/v1%2fcalls", "/v1/calls%3f",
		"/v1/calls/" + made.call + "/", "/v1/calls/" + made.call + "//cancel", "/v1/calls/" + made.call + "/history", "/v1/calls//cancel",
		"/v1/batches/" + made.batch + "/results", "/v1/batches/" + made.batch + "/results.CSV", "/v1/batches/" + made.batch + "/Pause", "/v1/dead-letters/redrives", "/v1/dead-letters/redrives/",
		"/v1/calls/" + made.call + "/cancel/../../../health", "/" + strings.Repeat("x", 100_000), "/v1/calls" + strings.Repeat("/x", 1_000), "/v1/*", "/v1/{id}", "/debug/pprof/", "/metrics", "/favicon.ico",
	}
	for _, path := range paths {
		for _, method := range []string{http.MethodGet, http.MethodPost, "PROPFIND"} {
			got := b.root.send(sending{method: method, path: path})
			if _, err := got.problem(api.ProblemCodeNotFound, "-"); err != nil || got.status != http.StatusNotFound {
				t.Errorf("%.100s %s: %d, %v", path, method, got.status, err)
			}
			if got.header.Get("Location") != "" || len(got.body) > 1_000 {
				t.Errorf("%.100s %s leads to %q, in %d bytes", path, method, got.header.Get("Location"), len(got.body))
			}
		}
	}
	if b.touched() != before {
		t.Error("one of them has touched the store")
	}
}

// Whatever a path is written like, it is no way around the check of the token.
func TestNoSpellingOfAPathGetsPastTheTokenCheck(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	made := b.makeThings()
	before := b.touched()
	for _, path := range []string{
		"/v1/%63alls", "/%76%31/calls", "/v1/calls?x=/v1/health", "/v1/calls?", "/v1/calls/health", "/v1/calls/%2e%2e", "/v1/calls/..%2fhealth",
		"/v1/calls/%2fv1%2fhealth", "/v1/calls/" + made.call, "/v1/calls/%63" + made.call[1:], "/v1/calls/a%2f..%2f" + made.call, "/v1/calls/" + made.call + "%00",
		"/v1/calls/" + made.call + "%2fcancel", "/v1/calls/" + made.call + "?", "/v1/batches/" + made.batch + "/results%2ecsv", "/v1/capacity#/v1/health",
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			got := b.as("").send(sending{method: method, path: path})
			if got.status != http.StatusUnauthorized || got.header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s %s is answered %d", method, path, got.status)
			}
		}
	}
	for _, header := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix"} {
		for _, value := range []string{http.MethodGet, "/v1/health", http.MethodDelete} {
			got := b.as("").post("/v1/calls", `{"phone_number":"+12025550142"}`, header, value)
			got.is(http.StatusUnauthorized)
		}
	}
	if b.touched() != before {
		t.Error("one of them has touched the store")
	}
}

func TestAnIdOfAnotherFormIsNotFoundAndNotAskedFor(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	made := b.makeThings()
	before := b.touched()
	for _, route := range api.Routes {
		if !strings.Contains(route.Path, "{id}") {
			continue
		}
		code := api.ProblemCodeRedriveNotFound
		if isOfOneOwner(route) {
			code = notFound(route)
		}
		for _, id := range []string{
			"x", "%20", "%00", "%0d%0aSet-Cookie:%20a=b", "%ff%fe", "%F0%9F%93%9E", "..%2f..", "'%20OR%201=1", "%3Cscript%3E", "*", "{id}", "a,b", "%25zz", "-",
			"+12025550142", "call_", "batch_", "call_" + strings.ToLower(nobodysULID), "call_" + nobodysULID + "-1", "call_" + nobodysULID + "-0000001", "call_" + nobodysULID + "%0a",
			"%20call_" + nobodysULID, "call_" + strings.Replace(nobodysULID, "0", "O", 1), "batch_" + nobodysULID + "-000001", "redrive_" + nobodysULID[1:], strings.Repeat("x", 10_000),
		} {
			s := goodRequest(route, things{call: id, batch: id, batchToCancel: id, redrive: id})
			got := b.root.send(s)
			if _, err := got.problem(code, "-"); err != nil || len(got.body) > 1_000 {
				t.Errorf("%.100s %s: %v", id, route.OperationID, err)
			}
		}
	}
	if b.touched() != before {
		t.Error("the store was asked for one of them")
	}
	b.root.get("/v1/calls/"+made.batch).refused(api.ProblemCodeCallNotFound, "-")
	b.root.get("/v1/batches/"+made.call).refused(api.ProblemCodeBatchNotFound, "-")
}

func TestAMethodThatARouteDoesNotKnowIsRefusedWithThoseItKnows(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	made := b.makeThings()
	before := b.touched()
	known := map[string][]string{}
	for _, route := range api.Routes {
		path := goodRequest(route, made).path
		known[path] = append(known[path], route.Method)
		if route.Method == http.MethodGet {
			known[path] = append(known[path], http.MethodHead)
		}
	}
	for path, methods := range known {
		slices.Sort(methods)
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "QUERY"} {
			if slices.Contains(methods, method) {
				continue
			}
			got := b.as("").send(sending{method: method, path: path}).is(http.StatusMethodNotAllowed)
			if got.header.Get("Allow") != strings.Join(methods, ", ") {
				t.Errorf("%s %s: Allow is %s, not %v", method, path, got.header.Get("Allow"), methods)
			}
			if method != http.MethodHead {
				got.refused(api.ProblemCodeMethodNotAllowed, "-")
			}
		}
	}
	if b.touched() != before {
		t.Error("one of them has touched the store")
	}
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	made := b.makeThings()
	for _, route := range api.Routes {
		if route.Method != http.MethodGet {
			continue
		}
		s := goodRequest(route, made)
		got := b.root.send(s)
		s.method = http.MethodHead
		head := b.root.send(s).is(got.status)
		for _, name := range []string{"ETag", "Content-Type", "Retry-After", "Cache-Control"} {
			if head.header.Get(name) != got.header.Get(name) {
				t.Errorf("%s: %s is %q, not %q", head.what, name, head.header.Get(name), got.header.Get(name))
			}
		}
		b.anna.send(sending{method: http.MethodHead, path: "/v1/dead-letters"}).is(http.StatusForbidden)
	}
}

// raw sends bytes as they are, which a proper client would not, and gives the answer.
func (b *bundle) raw(request string) *reply {
	b.t.Helper()
	b.log.secretNumbers([]byte(request))
	conn, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
	b.must(err)
	defer func() { b.must(conn.Close()) }()
	b.must(conn.SetDeadline(time.Now().Add(30 * time.Second)))
	_, err = io.WriteString(conn, request)
	b.must(err)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	b.must(err)
	body, err := io.ReadAll(answer.Body)
	b.must(err)
	b.must(answer.Body.Close())
	return &reply{t: b.t, what: request, status: answer.StatusCode, header: answer.Header, body: body}
}

func TestARequestLineThatIsNoneOfOursIsRefused(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for line, want := range map[string]int{
		"GET * HTTP/1.1":                                  http.StatusNotFound,
		"CONNECT /v1/calls HTTP/1.1":                      http.StatusMethodNotAllowed,
		"CONNECT example.com:443 HTTP/1.1":                http.StatusNotFound,
		"GET http://example.com/v1/calls HTTP/1.1":        http.StatusUnauthorized, // a proxy's way to say the same
		"GET http://example.com//v1/../v1/calls HTTP/1.1": http.StatusNotFound,
		"GET /v1/calls\thealth HTTP/1.1":                  http.StatusBadRequest,
		"GET /v1/calls%zz HTTP/1.1":                       http.StatusBadRequest,
	} {
		b.raw(line + "\r\nHost: x\r\nConnection: close\r\n\r\n").is(want)
	}
	if n := b.touched(); n != [2]int64{} {
		t.Errorf("the store was asked %v times", n)
	}
}

func TestARequestIdIsAnsweredAndReplacedUnlessItIsASaneOne(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for _, id := range []string{"a", "my-own.id_1", strings.Repeat("x", 128), "0f8fad5b-d9cb-469f-a165-7e8c7d89f0ae", "...", "-"} {
		for _, path := range []string{"/v1/health", "/v1/calls", "/nowhere"} {
			if got := b.anna.get(path, api.HeaderRequestID, id); got.header.Get(api.HeaderRequestID) != id {
				t.Errorf("%q is answered as %q", id, got.header.Get(api.HeaderRequestID))
			}
		}
	}
	for _, id := range []string{"", " ", "a b", "a\tb", strings.Repeat("x", 129), "ü", "\"", "<script>", "a,b", "a:b", "a=b", "\xff", "%0d%0a"} {
		got := b.anna.get("/v1/health", api.HeaderRequestID, id).header.Get(api.HeaderRequestID)
		if got == id || !strings.HasPrefix(got, "req_") {
			t.Errorf("%q is answered as %q", id, got)
		}
	}
	for _, id := range []string{"x\r\n Set-Cookie: a=b", "x\rSet-Cookie: a=b", "x\x00"} {
		got := b.raw("GET /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: " + id + "\r\n\r\n")
		if got.header.Get("Set-Cookie") != "" || strings.Contains(fmt.Sprint(got.header), "a=b") || bytes.Contains(got.body, []byte("a=b")) {
			t.Errorf("%q is answered with %v", id, got.header)
		}
	}
	first, second := b.anna.get("/v1/health"), b.anna.get("/v1/health")
	if first.header.Get(api.HeaderRequestID) == second.header.Get(api.HeaderRequestID) {
		t.Error("two requests have one id")
	}
}

func TestNoAnswerIsKeptByACache(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for _, got := range []*reply{b.anna.get("/v1/calls"), b.anna.get("/v1/health"), b.as("").get("/v1/calls"), b.anna.get("/nowhere")} {
		if got.header.Get("Cache-Control") != "no-store" || got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s is answered with %v", got.what, got.header)
		}
	}
}

// A phone number where an id belongs, or a token in the query, is a mistake that
// people make. The log, which the bundle searches, must not keep it.
func TestWhatIsSecretInAPathIsNotLogged(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.log.secretTokens([]string{"a-token.that-somebody.put-into-a-query", "a-token-in-a-path-0123456789"})
	for _, path := range []string{
		"/v1/calls/+12025550142", "/v1/calls/12025550142/cancel", "/v1/calls?number=%2B12025550142", "/12025550142", "/v1/numbers/+1%20202%20555%200142",
		"/v1/calls?access_token=a-token.that-somebody.put-into-a-query", "/v1/a-token-in-a-path-0123456789",
	} {
		b.anna.get(path)
		b.anna.post(path, `{"phone_number":"+12025550142"}`)
	}
	b.store.fault.Store(&fault{err: errBroken})
	b.anna.get("/v1/calls?number=%2B12025550142").is(http.StatusInternalServerError)
	if !b.log.tells(`"path":"/v1/calls"`, `"status":500`, `"code":"internal"`) || !b.log.tells(`"path":"(not shown)"`) {
		t.Errorf("the log is\n%s", b.log)
	}
}
