// Package front is the endpoint that all programs have for AWS. It knows by the
// access key who calls, refuses what that program's role doesn't allow, does what
// a test wants to go wrong, and passes on the rest.
package front

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/outdial/outdial/e2e/internal/aws"
	"github.com/outdial/outdial/e2e/internal/iam"
)

// Call is one request to AWS.
type Call struct {
	Caller    string // the program: api, worker, tracker, agent, or a mapping's name
	Key       string // the process's access key
	Service   string // "dynamodb"
	Operation string // "PutItem"
	Body      []byte
}

// Service answers the operations of a service that LocalStack doesn't have.
type Service interface {
	// Do answers with what is written as JSON.
	Do(ctx context.Context, operation string, body []byte) (any, *aws.Error)
}

// Front is the endpoint.
type Front struct {
	URL string

	localstack string
	transport  *http.Transport
	services   map[string]Service
	roles      func(taskDefinition string) []string
	server     *httptest.Server

	mu      sync.Mutex
	callers map[string]caller // by access key
	faults  []*Fault
	counts  map[string]int
}

type caller struct {
	name string
	role *iam.Role
}

// New starts a front of LocalStack and of services of our own, by name. Roles says
// which roles a task definition passes on.
func New(localstack string, services map[string]Service, roles func(taskDefinition string) []string) *Front {
	f := &Front{localstack: localstack, services: services, roles: roles, callers: map[string]caller{}, counts: map[string]int{}}
	// A connection for each of those that call at the same time: opening one costs
	// LocalStack more than most calls do.
	f.transport = &http.Transport{MaxIdleConnsPerHost: 100}
	f.server = httptest.NewServer(f)
	f.URL = f.server.URL
	return f
}

// Close ends the endpoint, and cuts the connections that are left.
func (f *Front) Close() {
	f.server.CloseClientConnections()
	f.server.Close()
	f.transport.CloseIdleConnections()
}

// Key makes an access key for a process of a program, as AWS gives one to each
// function's environment and to each task.
func (f *Front) Key(name string, role *iam.Role) string {
	key := "ASIA" + rand.Text()[:16]
	f.mu.Lock()
	defer f.mu.Unlock()
	f.callers[key] = caller{name, role}
	return key
}

// Revoke makes a key worthless, when its process is gone.
func (f *Front) Revoke(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.callers, key)
}

// Count is how often an operation was called: "worker ecs RunTask".
func (f *Front) Count(caller, service, operation string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts[caller+" "+service+" "+operation]
}

// ServeHTTP answers one call.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the process that called is gone
	}
	c, who, refusal := f.identify(r, body)
	if refusal == nil {
		refusal = f.authorize(c, who)
	}
	if refusal != nil {
		local(c, nil, refusal).send(w)
		return
	}
	f.serve(w, r, c, f.fault(c))
}

func (f *Front) identify(r *http.Request, body []byte) (Call, caller, *aws.Error) {
	key, service, ok := aws.Caller(r.Header.Get("Authorization"))
	_, operation, targeted := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if !ok || !targeted {
		return Call{}, caller{}, aws.Refuse("MissingAuthenticationToken", "the request is not signed, or names no operation")
	}
	if !strings.Contains(r.Header.Get("Authorization"), "/"+aws.Region+"/"+service+"/aws4_request") {
		return Call{}, caller{}, aws.Refuse("InvalidSignatureException", "Credential should be scoped to the region %s.", aws.Region)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	who, known := f.callers[key]
	if !known {
		return Call{}, who, aws.Refuse("UnrecognizedClientException", "The security token included in the request is invalid.")
	}
	f.counts[who.name+" "+service+" "+operation]++
	return Call{who.name, key, service, operation, body}, who, nil
}

func (f *Front) authorize(c Call, who caller) *aws.Error {
	accesses, err := iam.Accesses(c.Service, c.Operation, c.Body, f.roles)
	if err == nil {
		err = who.role.Check(accesses)
	} else {
		who.role.Deny(err.Error())
	}
	if err != nil {
		return aws.Refuse("AccessDeniedException", "%v", err)
	}
	return nil
}

// serve has the call take effect, unless a fault says otherwise.
func (f *Front) serve(w http.ResponseWriter, r *http.Request, c Call, fault Fault) {
	if fault.Before != nil {
		fault.Before(c)
	}
	if fault.RefuseWith != nil {
		fault.Refuse = fault.RefuseWith(c)
	}
	switch {
	case fault.Refuse != nil:
		local(c, nil, fault.Refuse).send(w)
		return
	case fault.Cut == BeforeEffect:
		cut()
	}
	// What a fault cuts off has its effect all the same, as on AWS. Waiting for
	// messages ends with whoever waits.
	ctx := r.Context()
	if c.Operation != "ReceiveMessage" {
		ctx = context.WithoutCancel(ctx)
	}
	answer := f.effect(ctx, r, c)
	for range fault.Repeat {
		answer = f.effect(ctx, r, c)
	}
	if fault.After != nil {
		fault.After(c)
	}
	if fault.Cut == AfterEffect {
		cut()
	}
	answer.send(w)
}

// cut breaks the connection without an answer.
func cut() { panic(http.ErrAbortHandler) }

type answer struct {
	status  int
	headers http.Header
	body    []byte
}

func (a answer) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.headers)
	w.Header().Del("Content-Length")
	w.Header().Del("Transfer-Encoding")
	w.Header().Del("Connection")
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the process that called may be gone
}

func (f *Front) effect(ctx context.Context, r *http.Request, c Call) answer {
	if s, ok := f.services[c.Service]; ok {
		v, refusal := s.Do(ctx, c.Operation, c.Body)
		return local(c, v, refusal)
	}
	a, err := f.forward(ctx, r, c)
	if err != nil {
		return local(c, nil, &aws.Error{Status: http.StatusBadGateway, Code: "LocalStackUnreachable", Message: err.Error()})
	}
	return a
}

func (f *Front) forward(ctx context.Context, r *http.Request, c Call) (answer, error) {
	out, err := http.NewRequestWithContext(ctx, r.Method, f.localstack+r.URL.RequestURI(), bytes.NewReader(c.Body)) //nolint:gosec // to LocalStack and nowhere else
	if err != nil {
		return answer{}, err
	}
	out.Header = r.Header.Clone()
	// LocalStack would read an account number out of the process's own key.
	out.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), c.Key, "test", 1))
	got, err := f.transport.RoundTrip(out)
	if err != nil {
		return answer{}, fmt.Errorf("LocalStack: %w", err)
	}
	defer func() { _ = got.Body.Close() }()
	data, err := io.ReadAll(got.Body)
	return answer{got.StatusCode, got.Header, data}, err
}
