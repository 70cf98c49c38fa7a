// Package lambda runs functions as AWS Lambda does: the unmodified bootstrap
// binaries, each in a process of its own, behind the Runtime API.
//
// An environment serves one invocation at a time and is frozen in between, so
// work that goes on behind an answer stands still. One that runs out of time is
// killed.
package lambda

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"
	"time"
)

// MaxPayload is how many bytes an event has at most. An answer may have 100 more.
const (
	MaxPayload = 6 << 20
	maxAnswer  = MaxPayload + 100
)

// ErrTooLarge is answered to an event above MaxPayload, which no function sees.
var ErrTooLarge = errors.New("RequestEntityTooLargeException: the event has more than 6 MB")

// FunctionError is an invocation that failed: the function said so, or it died, or
// it ran out of time.
type FunctionError struct {
	Type    string // such as Runtime.ExitError
	Message string
}

func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// Config is a function.
type Config struct {
	Name        string
	ARN         string
	Program     string            // the bootstrap
	Environment map[string]string // what the template sets, and nothing else
	Timeout     time.Duration
	MemoryMB    int
	AllowsLoops bool // RecursiveLoop is Allow: a long chain of invocations is no mistake

	// Concurrency is how many environments there are at most. Invocations above it
	// wait, as this machine is smaller than AWS.
	Concurrency int
	// Credentials makes an environment's access key, and Gone takes it back.
	Credentials func() (key string)
	Gone        func(key string)
	Endpoint    string // AWS's, for the SDK
	Log         io.Writer
}

// Function is a function that can be invoked.
type Function struct {
	config Config
	mark   string // what it is called in a chain of requests
	slots  chan struct{}

	mu      sync.Mutex
	version int // of the configuration
	idle    []*environment
	all     map[*environment]bool
	starts  int
	served  int
	longest int // chain of its invocations
	closed  bool
}

// New makes a function. It starts its first environment when it is invoked.
func New(c Config) *Function {
	return &Function{config: c, mark: mark(c.Name), slots: make(chan struct{}, c.Concurrency), all: map[*environment]bool{}}
}

// Configure gives the function other variables, as a deploy does: invocations that
// run end in the environment that they began in, and all others get a new one.
func (f *Function) Configure(environment map[string]string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if maps.Equal(environment, f.config.Environment) {
		return
	}
	f.config.Environment = environment
	f.version++
	for _, e := range f.idle {
		e.kill()
	}
	f.idle = nil
}

// Invoke runs the function once, for an event that follows from nothing. Its error
// is a *FunctionError, ErrTooLarge, or the context's while it waits for an environment.
func (f *Function) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	return f.InvokeTraced(ctx, nil, event)
}

// InvokeTraced is Invoke for an event that follows from requests with these trace
// headers. Its error may be ErrLoop, too.
func (f *Function) InvokeTraced(ctx context.Context, traces []string, event []byte) ([]byte, error) {
	if len(event) > MaxPayload {
		return nil, ErrTooLarge
	}
	trace, err := f.follow(traces)
	if err != nil {
		return nil, err
	}
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	e, err := f.take() //nolint:contextcheck // an environment outlives the invocation that started it
	if err != nil {
		return nil, err
	}
	answer, err := e.invoke(event, trace)
	f.give(e)
	if err == nil && len(answer) > maxAnswer {
		err = &FunctionError{"Function.ResponseSizeTooLarge", fmt.Sprintf("the answer has %d bytes", len(answer))}
	}
	return answer, err
}

// take is an environment that waits for an event, the one used last if there is any.
func (f *Function) take() (*environment, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.idle) > 0 {
		e := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		if e.alive() {
			f.served++
			return e, nil
		}
	}
	if f.closed {
		return nil, errors.New("the function is gone")
	}
	e, err := start(f.config, f.forget)
	if err != nil {
		return nil, err
	}
	e.version = f.version
	f.all[e] = true
	f.starts++
	f.served++
	return e, nil
}

func (f *Function) give(e *environment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case !e.alive():
	case e.version != f.version:
		e.kill()
	default:
		f.idle = append(f.idle, e)
	}
}

func (f *Function) forget(e *environment) {
	f.mu.Lock()
	delete(f.all, e)
	f.mu.Unlock()
	f.config.Gone(e.key)
}

// Invocations is how often the function got an event, which a refused request
// must not change.
func (f *Function) Invocations() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.served
}

// ColdStarts is how many environments were started.
func (f *Function) ColdStarts() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.starts
}

// Kill kills the environment that has an access key, as when its machine fails.
// An empty key kills all of them.
func (f *Function) Kill(key string) {
	f.mu.Lock()
	var found []*environment
	for e := range f.all {
		if key == "" || e.key == key {
			found = append(found, e)
		}
	}
	f.mu.Unlock()
	for _, e := range found {
		e.kill()
	}
}

// Close ends all environments.
func (f *Function) Close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.Kill("")
}
