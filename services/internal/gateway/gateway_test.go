package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/outdial/outdial/services/internal/gateway"
)

// event is one as API Gateway writes it, with the parts given.
func event(method, path, query, body string) events.APIGatewayV2HTTPRequest {
	return events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: method + " " + path, RawPath: path, RawQueryString: query, Body: body,
		Headers: map[string]string{"host": "api.example.com", "content-type": "application/json"},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RequestID: "JKJaXmPLvHcESHA=", DomainName: "api.example.com", Stage: "$default",
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: method, Path: path, Protocol: "HTTP/1.1", SourceIP: "192.0.2.1",
			},
		},
	}
}

// asked is what a handler sees of a request.
type asked struct {
	Method, URI, Path, Host, From, Body string
	Header                              http.Header
	Length                              int64
}

// see runs an event through the gateway and gives what its handler saw.
func see(t *testing.T, e events.APIGatewayV2HTTPRequest) (asked, error) {
	t.Helper()
	var saw asked
	_, err := gateway.New(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		saw = asked{r.Method, r.RequestURI, r.URL.Path, r.Host, r.RemoteAddr, string(body), r.Header, r.ContentLength}
	}))(t.Context(), e)
	return saw, err
}

func TestARequestArrivesAsItWasSent(t *testing.T) {
	t.Parallel()
	got, err := see(t, event("POST", "/v1/calls", "b=2&a=1&b=%2B49", `{"a":"<ä>"}`))
	if err != nil {
		t.Fatal(err)
	}
	want := asked{
		Method: "POST", URI: "/v1/calls?b=2&a=1&b=%2B49", Path: "/v1/calls", Host: "api.example.com", From: "192.0.2.1",
		Body: `{"a":"<ä>"}`, Length: 12, Header: http.Header{"Host": {"api.example.com"}, "Content-Type": {"application/json"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestAPathKeepsItsEscapes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ raw, uri, path string }{
		{"/v1/calls/call_1", "/v1/calls/call_1", "/v1/calls/call_1"},
		{"/v1/calls/a%2Fb", "/v1/calls/a%2Fb", "/v1/calls/a/b"},
		{"/v1/calls/a%20b", "/v1/calls/a%20b", "/v1/calls/a b"},
		{"/v1/calls/a b", "/v1/calls/a%20b", "/v1/calls/a b"}, // where API Gateway has unescaped it
		{"/v1/calls/100%", "/v1/calls/100%25", "/v1/calls/100%"},
		{"/v1/calls/%zz", "/v1/calls/%25zz", "/v1/calls/%zz"},
		{"//v1/calls", "//v1/calls", "//v1/calls"},
	} {
		got, err := see(t, event("GET", c.raw, "", ""))
		if err != nil || got.URI != c.uri || got.Path != c.path {
			t.Errorf("%s arrived as %s with path %s (%v), want %s with path %s", c.raw, got.URI, got.Path, err, c.uri, c.path)
		}
	}
}

func TestHeadersStayWhole(t *testing.T) {
	t.Parallel()
	e := event("GET", "/v1/calls", "", "")
	e.Headers = map[string]string{
		"user-agent": "Mozilla/5.0 (KHTML, like Gecko)", "if-none-match": `"a", "b"`, "idempotency-key": "a,b",
		"authorization": "Bearer a", "if-modified-since": "Sat, 21 Nov 2026 14:00:00 GMT",
	}
	e.Cookies = []string{"a=1", "b=2"}
	got, err := see(t, e)
	want := http.Header{
		"User-Agent": {"Mozilla/5.0 (KHTML, like Gecko)"}, "If-None-Match": {`"a", "b"`}, "Idempotency-Key": {"a,b"},
		"Authorization": {"Bearer a"}, "If-Modified-Since": {"Sat, 21 Nov 2026 14:00:00 GMT"}, "Cookie": {"a=1; b=2"},
	}
	if diff := cmp.Diff(want, got.Header); diff != "" || err != nil {
		t.Errorf("%v; want -, got +:\n%s", err, diff)
	}
}

func TestABinaryBodyArrivesAsItWasSent(t *testing.T) {
	t.Parallel()
	e := event("POST", "/v1/batches", "", "AP9ub3QgVVRGLTg=")
	e.IsBase64Encoded = true
	if got, err := see(t, e); got.Body != "\x00\xffnot UTF-8" || got.Length != 11 || err != nil {
		t.Errorf("the body is %q of %d bytes, %v", got.Body, got.Length, err)
	}
	e.Body = "§"
	if _, err := see(t, e); err == nil {
		t.Error("a body that is no base64 was taken")
	}
}

func TestAHandlerHasLessTimeThanTheInvocation(t *testing.T) {
	t.Parallel()
	deadline := time.Now().Add(time.Minute)
	ctx, cancel := context.WithDeadline(t.Context(), deadline)
	defer cancel()
	_, err := gateway.New(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if own, ok := r.Context().Deadline(); !ok || !own.Before(deadline) {
			t.Errorf("the handler's deadline is %v (%v)", own, ok)
		}
	}))(ctx, event("GET", "/", "", ""))
	if err != nil {
		t.Error(err)
	}
}

// answer runs a handler behind the gateway.
func answer(t *testing.T, h http.HandlerFunc) (events.APIGatewayV2HTTPResponse, error) {
	t.Helper()
	return gateway.New(h)(t.Context(), event("GET", "/", "", ""))
}

func TestAnAnswerLeavesAsItWasWritten(t *testing.T) {
	t.Parallel()
	got, err := answer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/csv")
		w.Header().Add("Vary", "Origin")
		w.Header().Add("Vary", "Accept")
		w.Header().Add("Set-Cookie", "a=1; Expires=Sat, 21 Nov 2026 14:00:00 GMT")
		w.Header().Add("Set-Cookie", "b=2")
		w.WriteHeader(http.StatusAccepted)
		w.Header().Set("Too", "late")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, "a,ä\n")
		fmt.Fprint(w, "b,2\n")
	})
	want := events.APIGatewayV2HTTPResponse{
		StatusCode: 202, Body: "a,ä\nb,2\n", Headers: map[string]string{"Content-Type": "text/csv", "Vary": "Origin, Accept"},
		Cookies: []string{"a=1; Expires=Sat, 21 Nov 2026 14:00:00 GMT", "b=2"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v; want -, got +:\n%s", err, diff)
	}
}

func TestABinaryAnswerLeavesAsItWasWritten(t *testing.T) {
	t.Parallel()
	got, err := answer(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "\x00\xffnot UTF-8") })
	if err != nil || got.StatusCode != http.StatusOK || !got.IsBase64Encoded || got.Body != "AP9ub3QgVVRGLTg=" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAHandlerThatWritesNothingAnswers200(t *testing.T) {
	t.Parallel()
	got, err := answer(t, func(http.ResponseWriter, *http.Request) {})
	if err != nil || got.StatusCode != http.StatusOK || got.Body != "" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestHalfAnAnswerIsNone(t *testing.T) {
	t.Parallel()
	got, err := answer(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "half")
		panic(http.ErrAbortHandler)
	})
	if err == nil || got.Body != "" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAnyOtherPanicGoesOn(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() != "boom" {
			t.Error("the panic was swallowed")
		}
	}()
	_, err := answer(t, func(http.ResponseWriter, *http.Request) { panic("boom") })
	t.Errorf("no panic, %v", err)
}

// TestAnAnswerThatLambdaWouldNotLetOutSaysSo. Its size is that of the whole
// answer, escapes included.
func TestAnAnswerThatLambdaWouldNotLetOutSaysSo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		body   string
		status int
	}{
		{"letters that fit", strings.Repeat("a", 6_200_000), 200},
		{"letters that don't", strings.Repeat("a", gateway.MaxPayload), 413},
		{"quotes that fit", strings.Repeat(`"`, 3_100_000), 200},
		{"quotes that don't, since each is escaped", strings.Repeat(`"`, 3_200_000), 413},
		{"bytes that don't, since they are in base64", strings.Repeat("\xff", 4_800_000), 413},
	} {
		got, err := answer(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Request-Id", "req_1")
			w.Header().Set("ETag", `"1"`)
			fmt.Fprint(w, c.body)
		})
		if err != nil || got.StatusCode != c.status {
			t.Errorf("%s: %d (%v), want %d", c.name, got.StatusCode, err, c.status)
			continue
		}
		whole, err := json.Marshal(got)
		if err != nil || len(whole) > gateway.MaxPayload {
			t.Errorf("%s: the answer has %d bytes (%v)", c.name, len(whole), err)
		}
		if c.status == 413 && (!strings.Contains(got.Body, `"req_1"`) || got.Headers["Etag"] != "" ||
			got.Headers["Content-Type"] != "application/problem+json" || got.IsBase64Encoded) {
			t.Errorf("%s: %v %s", c.name, got.Headers, got.Body)
		}
	}
}

// TestTheGatewayAndAServerAnswerTheSame: net/http's own server is the measure.
func TestTheGatewayAndAServerAnswerTheSame(t *testing.T) {
	t.Parallel()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "%s %s %s %s %v", r.Method, r.RequestURI, r.URL.Path, r.URL.RawPath, r.URL.Query())
	})
	server := httptest.NewServer(handler)
	defer server.Close()
	for _, target := range []string{"/v1/calls?status=queued&status=starting", "/v1/calls/a%2Fb?x=%2B+%20", "/v1/calls/%C3%A4?", "/?a;b"} {
		path, query, _ := strings.Cut(target, "?")
		got, err := gateway.New(handler)(t.Context(), event("GET", path, query, ""))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.Get(server.URL + strings.TrimSuffix(target, "?"))
		if err != nil {
			t.Fatal(err)
		}
		want, err := io.ReadAll(response.Body)
		if err = errors.Join(err, response.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if got.Body != string(want) {
			t.Errorf("%s: the gateway gives %q, a server %q", target, got.Body, want)
		}
	}
}
