// Package runtimeapi stands in for Lambda's Runtime API (version 2018-06-01), so
// that a function's real program can be run and invoked on this machine.
package runtimeapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

// Function is a running program. Its invocations come one after the other, as those
// of one instance do.
type Function struct {
	cmd    *exec.Cmd
	server *http.Server
	work   chan *invocation
	ended  chan struct{} // closed when the program has ended
	err    error         // how, once it has

	mu      sync.Mutex
	begun   int
	running *invocation
}

type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
	answer   chan answer
}

type answer struct {
	body   []byte
	failed bool
}

// FailedError is what a program reported instead of an answer, as Lambda shows it.
type FailedError struct{ Report string }

func (e *FailedError) Error() string { return "the function failed: " + e.Report }

// Start starts a program with this environment, and nothing of the caller's. What
// it logs goes to log.
func Start(ctx context.Context, program string, env []string, log io.Writer) (*Function, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &Function{work: make(chan *invocation), ended: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", f.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", f.answered(false))
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", f.answered(true))
	f.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = f.server.Serve(listener) }() // ends with Close

	f.cmd = exec.CommandContext(ctx, program)
	f.cmd.Env = append([]string{"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String()}, env...)
	f.cmd.Stdout, f.cmd.Stderr = log, log
	if err := f.cmd.Start(); err != nil {
		return nil, errors.Join(err, f.server.Close())
	}
	go func() {
		f.err = f.cmd.Wait()
		close(f.ended)
	}()
	return f, nil
}

// Wait gives the exit code of a program that ends by itself.
func (f *Function) Wait() int {
	<-f.ended
	return f.cmd.ProcessState.ExitCode()
}

// Close ends the program.
func (f *Function) Close() error {
	err := f.cmd.Process.Kill()
	<-f.ended
	if f.cmd.ProcessState.Exited() {
		err = nil // it had ended by itself
	}
	return errors.Join(err, f.server.Close())
}

// CPU is what a program that has ended had used of the processors.
func (f *Function) CPU() time.Duration {
	<-f.ended
	return f.cmd.ProcessState.UserTime() + f.cmd.ProcessState.SystemTime()
}

// Invoke has the program handle an event within the timeout, and gives its answer.
// What it reports as its failure is a *FailedError.
func (f *Function) Invoke(ctx context.Context, payload []byte, timeout time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	deadline, _ := ctx.Deadline()
	f.mu.Lock()
	f.begun++
	i := &invocation{id: fmt.Sprintf("invocation-%d", f.begun), payload: payload, deadline: deadline, answer: make(chan answer, 1)}
	f.mu.Unlock()
	select {
	case f.work <- i:
	case <-f.ended:
		return nil, fmt.Errorf("the program has ended: %w", f.err)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case a := <-i.answer:
		if a.failed {
			return nil, &FailedError{string(a.body)}
		}
		return a.body, nil
	case <-f.ended:
		return nil, fmt.Errorf("the program ended in the middle of an invocation: %w", f.err)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// next gives the program its next event, as soon as there is one.
func (f *Function) next(w http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case i := <-f.work:
		f.mu.Lock()
		f.running = i
		f.mu.Unlock()
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", i.id)
		w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(i.deadline.UnixMilli(), 10))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:123456789012:function:outdial")
		_, _ = w.Write(i.payload)
	}
}

// answered takes what the program says about its invocation.
func (f *Function) answered(failed bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		f.mu.Lock()
		i := f.running
		f.running = nil
		f.mu.Unlock()
		if err != nil || i == nil || i.id != r.PathValue("id") {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		i.answer <- answer{body, failed}
		w.WriteHeader(http.StatusAccepted)
	}
}
