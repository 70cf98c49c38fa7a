package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/contracts/openapi"
	"github.com/outdial/outdial/services/internal/cli"
)

// document is the contract that the server of these tests is held to.
var document = sync.OnceValues(func() (*openapi3.T, error) {
	return openapi3.NewLoader().LoadFromData(openapi.Document)
})

var router = sync.OnceValues(func() (routers.Router, error) {
	doc, err := document()
	if err != nil {
		return nil, err
	}
	return legacy.NewRouter(doc)
})

// example is an example of the contract.
func example(t *testing.T, name string) map[string]any {
	t.Helper()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	found, ok := doc.Components.Examples[name]
	if !ok {
		t.Fatalf("the contract has no example %s", name)
	}
	data, err := json.Marshal(found.Value.Value)
	if err != nil {
		t.Fatal(err)
	}
	var value map[string]any
	if err := json.Unmarshal(data, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// with is a copy with other values.
func with(base map[string]any, changes map[string]any) map[string]any {
	value := map[string]any{}
	maps.Copy(value, base)
	maps.Copy(value, changes)
	return value
}

// fake is a server that answers as a test says, and fails the test when a
// request or an answer isn't what the contract allows.
type fake struct {
	*httptest.Server
	t   *testing.T
	mux *http.ServeMux

	mu       sync.Mutex
	routes   map[string]http.HandlerFunc
	requests []*http.Request
	bodies   [][]byte
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, mux: http.NewServeMux(), routes: map[string]http.HandlerFunc{}}
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	return f
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	f.mu.Lock()
	f.requests = append(f.requests, r.Clone(context.WithoutCancel(r.Context())))
	f.bodies = append(f.bodies, body)
	f.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	if !strings.HasPrefix(r.URL.Path, api.BasePath) {
		f.mux.ServeHTTP(w, r)
		return
	}
	input := f.checkRequest(r)
	r.Body = io.NopCloser(bytes.NewReader(body))
	recorder := httptest.NewRecorder()
	f.mux.ServeHTTP(recorder, r)
	if input != nil && recorder.Header().Get("X-Not-The-Server") == "" {
		f.checkAnswer(r.Context(), input, recorder)
	}
	maps.Copy(w.Header(), recorder.Header())
	w.WriteHeader(recorder.Code)
	_, _ = w.Write(recorder.Body.Bytes())
}

func (f *fake) checkRequest(r *http.Request) *openapi3filter.RequestValidationInput {
	routes, err := router()
	if err != nil {
		f.t.Error(err)
		return nil
	}
	route, params, err := routes.FindRoute(r)
	if err != nil {
		f.t.Errorf("%s %s is not in the contract: %v", r.Method, r.URL, err)
		return nil
	}
	isCSV := r.Header.Get("Content-Type") == "text/csv" // taken as it is; the validator would parse it
	input := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			ExcludeRequestBody: isCSV, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
			IncludeResponseStatus: true, MultiError: true, SkipSettingDefaults: true,
		},
	}
	if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
		f.t.Errorf("%s %s is not as in the contract: %v", r.Method, r.URL, err)
	}
	return input
}

func (f *fake) checkAnswer(ctx context.Context, input *openapi3filter.RequestValidationInput, w *httptest.ResponseRecorder) {
	err := openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: w.Code, Header: w.Header(),
		Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())), Options: input.Options,
	})
	if err != nil {
		f.t.Errorf("the answer of this test to %s %s is not as in the contract: %v", input.Request.Method, input.Request.URL, err)
	}
}

// seen are the requests so far, with their bodies.
func (f *fake) seen() ([]*http.Request, [][]byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]*http.Request(nil), f.requests...), append([][]byte(nil), f.bodies...)
}

// on answers a route, "GET /calls/{id}", from now on.
func (f *fake) on(pattern string, handle http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, known := f.routes[pattern]
	f.routes[pattern] = handle
	if known {
		return
	}
	method, path, _ := strings.Cut(pattern, " ")
	f.mux.HandleFunc(method+" "+api.BasePath+path, func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		handle := f.routes[pattern]
		f.mu.Unlock()
		handle(w, r)
	})
}

// answers gives these answers one after the other, and the last one for ever.
func answers(all ...http.HandlerFunc) http.HandlerFunc {
	var mu sync.Mutex
	next := 0
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		answer := all[min(next, len(all)-1)]
		next++
		mu.Unlock()
		answer(w, r)
	}
}

// answer is a JSON answer, with headers as name and value by turns.
func answer(status int, body any, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		if status == http.StatusNotModified {
			w.WriteHeader(status)
			return
		}
		if w.Header().Get("Content-Type") == "" {
			w.Header().Set("Content-Type", "application/json")
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
}

// polled is an answer with ETag, as all have it that may be asked for again and again.
func polled(body any, headers ...string) http.HandlerFunc {
	return answer(http.StatusOK, body, append([]string{"ETag", `"1"`}, headers...)...)
}

// problem is an error as the contract's example has it.
func problem(t *testing.T, name string, headers ...string) http.HandlerFunc {
	t.Helper()
	body := example(t, name)
	status, ok := body["status"].(float64)
	if !ok {
		t.Fatalf("%s has no status", name)
	}
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		headers = append(headers, "WWW-Authenticate", "Bearer")
	}
	if status == http.StatusServiceUnavailable {
		headers = append([]string{"Retry-After", "5"}, headers...)
	}
	return answer(int(status), body, append(headers, "Content-Type", "application/problem+json")...)
}

// cutOff is a connection that breaks when the request has arrived.
func cutOff(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// clock is a time that passes only while somebody sleeps.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
	hook  func(sleeps int) // called at each sleep
}

func newClock() *clock {
	return &clock{now: time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	n, hook := len(c.slept), c.hook
	c.mu.Unlock()
	if hook != nil {
		hook(n)
	}
	return ctx.Err()
}

// bench runs the command as a person on a terminal or a script would.
type bench struct {
	*clock
	env      map[string]string
	in       string
	terminal bool
	width    int
	ticks    chan time.Time // paces what is shown during a request
	change   func(*cli.Options)
}

// newBench is a script with a token, whose home is an empty folder.
func newBench(t *testing.T, f *fake) *bench {
	t.Helper()
	b := &bench{clock: newClock(), env: map[string]string{"HOME": t.TempDir()}, width: 100}
	if f != nil {
		b.env["OUTDIAL_URL"] = f.URL
		b.env["OUTDIAL_TOKEN"] = "test-token"
	}
	return b
}

func (b *bench) config() string {
	return filepath.Join(b.env["HOME"], ".config", "outdial", "config.json")
}

type outcome struct {
	code     int
	out, err string
}

// buffer may be written by several goroutines.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *bench) run(t *testing.T, args ...string) outcome {
	t.Helper()
	return b.runWith(t.Context(), args...)
}

func (b *bench) runWith(ctx context.Context, args ...string) outcome {
	var out, err buffer
	o := cli.Options{
		Version: "1.2.3", Args: args, In: strings.NewReader(b.in),
		Out: b.stream(&out), Err: b.stream(&err),
		Env: func(name string) string { return b.env[name] },
		Now: b.Now, Sleep: b.sleep, Rand: rand.NewChaCha8([32]byte{}),
		Tick: func(time.Duration) (<-chan time.Time, func()) { return b.ticks, func() {} },
	}
	if b.change != nil {
		b.change(&o)
	}
	code := cli.Run(ctx, o)
	return outcome{code, out.String(), err.String()}
}

func (b *bench) stream(w io.Writer) cli.Stream {
	return cli.Stream{Writer: w, Terminal: b.terminal, Width: func() int { return b.width }}
}

// expect fails the test unless the exit code is this, and standard error has all
// these parts.
func (o outcome) expect(t *testing.T, code int, parts ...string) outcome {
	t.Helper()
	if o.code != code {
		t.Errorf("exit code %d, want %d", o.code, code)
	}
	for _, part := range parts {
		if !strings.Contains(o.err, part) {
			t.Errorf("standard error doesn't say %q", part)
		}
	}
	if t.Failed() {
		t.Logf("standard output:\n%s\nstandard error:\n%s", o.out, o.err)
	}
	return o
}

const (
	callID  = "call_01KJPQ7Z5W8XN2T4V6R9C3M1GH"
	batchID = "batch_01KJPQ2M4N6P8R0S3T5V7W9XYZ"
)

// newSlowServer reads a part of a body, tells that, waits, and goes on.
func newSlowServer(t *testing.T, half chan struct{}, next http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.CopyN(io.Discard, r.Body, receiveBuffer)
		half <- struct{}{}
		<-half
		_, _ = io.Copy(io.Discard, r.Body)
		next(w, r)
	}))
	_ = s.Listener.Close()
	s.Listener = listenSlowly(t)
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// receiveBuffer is small, so that a body of some megabytes does not fit into the
// buffers of the system: it can't be sent before it is read.
const receiveBuffer = 64 << 10

func listenSlowly(t *testing.T) net.Listener {
	t.Helper()
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		controlErr := c.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, receiveBuffer)
		})
		return errors.Join(controlErr, err)
	}}
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}
