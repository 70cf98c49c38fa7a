package lambda

import (
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// runtimeAPI is the Lambda Runtime API of one environment
// (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
type runtimeAPI struct {
	address     string
	arn         string
	server      *http.Server
	events      chan *invocation
	asked       chan struct{}       // holds a token while the process waits for an event
	initFailure chan *FunctionError // what it reported before it waited
	current     chan *invocation    // the one that it works on
}

type invocation struct {
	id       string
	event    []byte
	trace    string
	deadline time.Time
	result   chan result
}

type result struct {
	answer []byte
	err    error
}

func newInvocation(event []byte, trace string, deadline time.Time) *invocation {
	return &invocation{rand.Text(), event, trace, deadline, make(chan result, 1)}
}

func serveRuntime(c Config) (*runtimeAPI, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it lives as long as the process
	if err != nil {
		return nil, err
	}
	api := &runtimeAPI{
		address: listener.Addr().String(), arn: c.ARN,
		events: make(chan *invocation), asked: make(chan struct{}, 1),
		initFailure: make(chan *FunctionError, 1), current: make(chan *invocation, 1),
	}
	mux := http.NewServeMux()
	const base = "/2018-06-01/runtime/"
	mux.HandleFunc("GET "+base+"invocation/next", api.next)
	mux.HandleFunc("POST "+base+"invocation/{id}/response", api.response)
	mux.HandleFunc("POST "+base+"invocation/{id}/error", api.failed)
	mux.HandleFunc("POST "+base+"init/error", api.initFailed)
	api.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = api.server.Serve(listener) }()
	return api, nil
}

func (a *runtimeAPI) close() { _ = a.server.Close() }

func (a *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	select {
	case a.asked <- struct{}{}:
	default: // it asked before
	}
	select {
	case i := <-a.events:
		select {
		case <-a.asked:
		default:
		}
		a.current <- i
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", i.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(i.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", a.arn)
		h.Set("Lambda-Runtime-Trace-Id", i.trace)
		_, _ = w.Write(i.event)
	case <-r.Context().Done():
	}
}

func (a *runtimeAPI) response(w http.ResponseWriter, r *http.Request) {
	a.finish(w, r, func(body []byte) result { return result{answer: body} })
}

func (a *runtimeAPI) failed(w http.ResponseWriter, r *http.Request) {
	kind := r.Header.Get("Lambda-Runtime-Function-Error-Type")
	a.finish(w, r, func(body []byte) result { return result{err: failure(kind, body)} })
}

func (a *runtimeAPI) finish(w http.ResponseWriter, r *http.Request, settle func([]byte) result) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the process is gone
	}
	select {
	case i := <-a.current:
		if i.id == r.PathValue("id") {
			i.result <- settle(body)
			w.WriteHeader(http.StatusAccepted)
			return
		}
		a.current <- i
	default:
	}
	http.Error(w, `{"errorType":"InvalidRequestID","errorMessage":"no such invocation"}`, http.StatusBadRequest)
}

func (a *runtimeAPI) initFailed(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	select {
	case a.initFailure <- failure(r.Header.Get("Lambda-Runtime-Function-Error-Type"), body):
	default:
	}
	w.WriteHeader(http.StatusAccepted)
}
