package httpapi_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/capacity"
	"github.com/outdial/outdial/services/internal/deadletters"
	"github.com/outdial/outdial/services/internal/httpapi"
	"github.com/outdial/outdial/services/internal/intake"
	"github.com/outdial/outdial/services/internal/memory"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/signin"
	"github.com/outdial/outdial/services/internal/signin/signintest"
	"github.com/outdial/outdial/services/internal/storetest"
	"github.com/outdial/outdial/services/internal/task"
	"github.com/outdial/outdial/services/internal/tracking"
)

// bundle is the API of one test: real use cases on a memory store, served on
// 127.0.0.1, with the real check of tokens from an issuer of the test's own. All
// that is answered is held against the contract, and the log is searched at the end.
type bundle struct {
	t       *testing.T
	clock   *storetest.Clock
	store   *watched
	tracker *tracking.Tracker
	tasks   *tasks
	issuer  *signintest.Issuer
	log     *logbook
	url     string // of the server, without /v1
	client  *http.Client

	anna, bert user // people who read and write
	root       user // a member of admins with all scopes
	robot      user // a machine client with all scopes
}

func newBundle(t *testing.T, with ...func(*httpapi.Server)) *bundle {
	t.Helper()
	b := &bundle{t: t, clock: storetest.NewClock(), issuer: signintest.NewIssuer(t), log: newLogbook(t), tasks: &tasks{}}
	b.store = &watched{Store: memory.New(call.Capacity{Limit: 10, Rate: 1000, Version: 1, UpdatedAt: b.clock.Now()})}
	verifier, err := signin.New(b.issuer.Config(), signin.Options{Now: b.clock.Now, Log: b.log.logger()})
	if err != nil {
		t.Fatal(err)
	}
	handler := b.api(verifier)
	for _, change := range with {
		change(handler)
	}
	server := httptest.NewServer(handler.Handler())
	t.Cleanup(server.Close)
	b.url = server.URL
	b.client = &http.Client{
		Transport:     &contract{t, server.Client().Transport, b.log},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	b.signAllIn()
	return b
}

func (b *bundle) api(verifier *signin.Verifier) *httpapi.Server {
	log, newULID := b.log.logger(), (&ulids{clock: b.clock}).next
	messages := memory.NewQueue(b.clock.Now)
	jobs, looks := queue.JobSender{Queue: messages}, queue.EventSender{Queue: messages}
	dead := &deadletters.Service{Store: b.store, Jobs: jobs, Looks: looks, Now: b.clock.Now, Log: log, Slice: 10}
	b.tracker = &tracking.Tracker{
		Store: b.store, Tasks: b.tasks, Jobs: jobs, Looks: looks, Redrives: dead,
		Now: b.clock.Now, Timing: call.DefaultTiming(), Log: log, Slice: 500,
	}
	return &httpapi.Server{
		Store:       b.store,
		Intake:      &intake.Service{Store: b.store, Jobs: jobs, Looks: looks, Now: b.clock.Now, NewULID: newULID, Log: log},
		Control:     b.tracker,
		DeadLetters: dead,
		Capacity:    &capacity.Service{Store: b.store, Jobs: jobs, Now: b.clock.Now, Log: log},
		SignIn:      verifier, Now: b.clock.Now, NewULID: newULID, Log: log,
	}
}

// ulids makes ULIDs of the clock's time, each greater than the one before.
type ulids struct {
	clock *storetest.Clock
	mu    sync.Mutex
	made  uint64
}

func (u *ulids) next() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.made++
	var id ulid.ULID
	if err := id.SetTime(ulid.Timestamp(u.clock.Now())); err != nil {
		panic(err)
	}
	binary.BigEndian.PutUint64(id[8:], u.made)
	return id.String()
}

// tasks are tasks that run until they are stopped.
type tasks struct {
	mu      sync.Mutex
	stopped []string
}

// Stop notes that a task was stopped.
func (t *tasks) Stop(_ context.Context, arn, _ string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = append(t.stopped, arn)
	return nil
}

// Describe says whether a task was stopped.
func (t *tasks) Describe(_ context.Context, arn string) (task.State, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if slices.Contains(t.stopped, arn) {
		return task.Stopped, nil
	}
	return task.Running, nil
}

const (
	readWrite = api.ScopeRead + " " + api.ScopeWrite
	allScopes = readWrite + " " + api.ScopeAdmin
)

var admins = signintest.Claims{"cognito:groups": []string{"staff", signin.AdminGroup}}

func (b *bundle) signAllIn() {
	now := b.clock.Now()
	b.anna = b.signIn(b.issuer.Person("anna", readWrite, now, nil))
	b.bert = b.signIn(b.issuer.Person("bert", readWrite, now, nil))
	b.root = b.signIn(b.issuer.Person("root", allScopes, now, admins))
	b.robot = b.signIn(b.issuer.Machine(allScopes, now, nil))
}

func (b *bundle) signIn(claims signintest.Claims) user {
	b.t.Helper()
	return b.as("Bearer " + signintest.Sign(b.t, claims))
}

// user sends requests with an Authorization header; without one when it is empty.
type user struct {
	b             *bundle
	t             *testing.T // whose failure it is
	authorization string
}

func (b *bundle) as(authorization string) user { return user{b, b.t, authorization} }

// in is the same user in a subtest.
func (u user) in(t *testing.T) user { return user{u.b, t, u.authorization} }

// sending is a request about to be sent.
type sending struct {
	method, path string // the path as it stands in the request, with its query
	body         io.Reader
	header       http.Header
}

// headers makes a header of names and values in turn.
func headers(pairs ...string) http.Header {
	h := http.Header{}
	for pair := range slices.Chunk(pairs, 2) {
		h.Add(pair[0], pair[1])
	}
	return h
}

func (u user) send(s sending) *reply {
	u.t.Helper()
	got, err := u.try(s)
	if err != nil {
		u.t.Fatal(err)
	}
	return got
}

// try is send for goroutines, which may not end the test.
func (u user) try(s sending) (*reply, error) {
	r, err := http.NewRequestWithContext(u.t.Context(), s.method, u.b.url+s.path, s.body)
	if err != nil {
		return nil, err
	}
	if s.header != nil {
		r.Header = s.header.Clone()
	}
	if u.authorization != "" {
		r.Header.Set("Authorization", u.authorization)
	}
	answer, err := u.b.client.Do(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	got := &reply{t: u.t, what: s.method + " " + s.path, status: answer.StatusCode, header: answer.Header, body: body}
	return got, answer.Body.Close()
}

func (u user) get(path string, header ...string) *reply {
	u.t.Helper()
	return u.send(sending{http.MethodGet, path, nil, headers(header...)})
}

// post sends JSON, or nothing when the body is empty.
func (u user) post(path, body string, header ...string) *reply {
	u.t.Helper()
	return u.send(posting(path, body, header...))
}

func posting(path, body string, header ...string) sending {
	s := sending{http.MethodPost, path, http.NoBody, headers(header...)}
	if body != "" {
		s.body = strings.NewReader(body)
		if s.header.Get("Content-Type") == "" {
			s.header.Set("Content-Type", "application/json")
		}
	}
	return s
}

func (u user) put(path, body string) *reply {
	u.t.Helper()
	return u.send(sending{http.MethodPut, path, strings.NewReader(body), headers("Content-Type", "application/json")})
}

// call submits a call.
func (u user) call(number string) api.Call {
	u.t.Helper()
	return decode[api.Call](u.post("/v1/calls", fmt.Sprintf(`{"phone_number":%q}`, number)).is(http.StatusAccepted))
}

// batch submits a list of CSV lines under the one column phone, and expands it.
func (u user) batch(lines ...string) api.SubmittedBatch {
	u.t.Helper()
	list := "phone\n" + strings.Join(lines, "\n")
	got := decode[api.SubmittedBatch](u.post("/v1/batches", list, "Content-Type", "text/csv").is(http.StatusAccepted))
	u.b.expand()
	return got
}

// reply is an answer.
type reply struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	body   []byte
}

// is ends the test unless the answer has this status.
func (r *reply) is(status int) *reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("%s is answered %d, not %d:\n%.2000s", r.what, r.status, status, r.body)
	}
	return r
}

// refused checks that the answer is this problem, whose first error is in this
// place; "-" for a problem that names no place.
func (r *reply) refused(code api.ProblemCode, field string) api.Problem {
	r.t.Helper()
	p, err := r.problem(code, field)
	if err != nil {
		r.t.Error(err)
	}
	return p
}

func (r *reply) problem(code api.ProblemCode, field string) (api.Problem, error) {
	var p api.Problem
	if err := json.Unmarshal(r.body, &p); err != nil {
		return p, fmt.Errorf("%s is answered %d, no problem: %w\n%.2000s", r.what, r.status, err, r.body)
	}
	place := "-"
	if len(p.Errors) > 0 {
		place = p.Errors[0].Field
	}
	if p.Code != code || place != field {
		return p, fmt.Errorf("%s is refused with %s at %q, not %s at %q:\n%.2000s", r.what, p.Code, place, code, field, r.body)
	}
	return p, nil
}

func decode[T any](r *reply) T {
	r.t.Helper()
	var value T
	d := json.NewDecoder(bytes.NewReader(r.body))
	d.DisallowUnknownFields()
	if err := d.Decode(&value); err != nil {
		r.t.Fatalf("%s: %v\n%.2000s", r.what, err, r.body)
	}
	return value
}

// What happens to calls behind the API's back.

// expand makes calls of the rows of batches, and works on all else that is due.
func (b *bundle) expand() {
	b.t.Helper()
	b.must(b.tracker.LookAtDue(b.t.Context()))
}

func (b *bundle) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bundle) apply(id string, move func(call.Call) (call.Change, error)) call.Call {
	b.t.Helper()
	c, err := call.Update(b.t.Context(), b.store.Store, id, move)
	b.must(err)
	return c
}

// admit has a call launched.
func (b *bundle) admit(id string) call.Call {
	b.t.Helper()
	room, err := b.store.Store.Capacity(b.t.Context())
	b.must(err)
	return b.apply(id, func(c call.Call) (call.Change, error) {
		at, admission := room.Admit(b.clock.Now())
		return call.Admitted(c, at, admission, "agent:1", call.DefaultTiming(), b.clock.Now())
	})
}

// answer has a call admitted, taken by an agent, and answered.
func (b *bundle) answer(id string) call.Call {
	b.t.Helper()
	c := b.admit(id)
	_, err := b.store.TakeClaim(b.t.Context(), id, c.Attempt, "nonce", "task-of-"+id, b.clock.Now())
	b.must(err)
	return b.apply(id, func(c call.Call) (call.Change, error) {
		return call.Answered(c, c.Attempt, "task-of-"+id, call.DefaultTiming(), b.clock.Now())
	})
}

// end has a call answered and ended.
func (b *bundle) end(id string, o call.Outcome) call.Call {
	b.t.Helper()
	b.answer(id)
	return b.apply(id, func(c call.Call) (call.Change, error) { return call.Ended(c, c.Attempt, o, b.clock.Now()) })
}

func (b *bundle) complete(id string) call.Call {
	b.t.Helper()
	return b.end(id, call.Outcome{Status: call.Completed, Dialed: true, Duration: 41, CarrierReference: "CA1"})
}

// deadLetter has a call's launch refused for good.
func (b *bundle) deadLetter(id string) call.Call {
	b.t.Helper()
	b.admit(id)
	return b.apply(id, func(c call.Call) (call.Change, error) {
		return call.LaunchRefusedForGood(c, c.Attempt, "There is no such task definition.", b.clock.Now())
	})
}

// tick moves the clock on by a second, so that what follows is newer.
func (b *bundle) tick() { b.clock.Advance(time.Second) }

const nobodysULID = "01KJPQ7Z5W8XN2T4V6R9C3M1GH"
