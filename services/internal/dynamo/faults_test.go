package dynamo_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/outdial/outdial/services/internal/call"
)

// faulty is a road to DynamoDB on which the next writes meet a fault.
type faulty struct {
	left  atomic.Int32
	fault fault
}

type fault func(r *http.Request, pass func() (*http.Response, error)) (*http.Response, error)

func (f *faulty) RoundTrip(r *http.Request) (*http.Response, error) {
	pass := func() (*http.Response, error) { return http.DefaultTransport.RoundTrip(r) }
	if !isWrite(r) || f.left.Add(-1) < 0 {
		return pass()
	}
	return f.fault(r, pass)
}

// Faults after which the write may have been made.
var unclearFaults = map[string]fault{
	"the answer is lost after the effect": func(_ *http.Request, pass func() (*http.Response, error)) (*http.Response, error) {
		response, err := pass()
		if err != nil {
			return nil, err
		}
		return nil, errors.Join(syscall.ECONNRESET, response.Body.Close())
	},
	"the connection breaks before the effect": func(*http.Request, func() (*http.Response, error)) (*http.Response, error) {
		return nil, syscall.ECONNRESET
	},
	"an internal error after the effect": func(r *http.Request, pass func() (*http.Response, error)) (*http.Response, error) {
		response, err := pass()
		if err != nil {
			return nil, err
		}
		if err := response.Body.Close(); err != nil {
			return nil, err
		}
		return answer(r, 500, "InternalServerError", ""), nil
	},
	"half an answer": func(_ *http.Request, pass func() (*http.Response, error)) (*http.Response, error) {
		response, err := pass()
		if err == nil {
			response.Body = io.NopCloser(strings.NewReader(`{"Attrib`))
			response.Header.Del("X-Amz-Crc32")
		}
		return response, err
	},
}

// lostAnswers: after each fault on each write the answer is unclear. A look then
// tells what happened, and what was not written is written by a repeat.
func lostAnswers(t *testing.T) {
	for name, fault := range unclearFaults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			road := &faulty{fault: fault}
			s := openThrough(t, road)
			for _, op := range operations(t, s) {
				road.left.Store(1)
				if err := op.write(s); !errors.Is(err, call.ErrUnclear) {
					t.Errorf("%s: %v, not unclear", op.name, err)
				}
				made, err := op.made(s)
				must(t, err)
				if made == strings.Contains(name, "before") {
					t.Errorf("%s: made: %t", op.name, made)
				}
				if !made {
					must(t, op.write(s))
				}
				if made, err := op.made(s); err != nil || !made {
					t.Errorf("%s, after all: %t, %v", op.name, made, err)
				}
			}
		})
	}
}

// loaded: an answer that says that nothing was written, and why it may be at
// another time, is waited out.
func loaded(t *testing.T) {
	for _, code := range []string{"ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded", "TransactionConflictException"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			road := &faulty{fault: func(r *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
				return refusedFor(r, code), nil
			}}
			s := openThrough(t, road)
			for _, op := range operations(t, s) {
				road.left.Store(2)
				if err := op.write(s); err != nil {
					t.Errorf("%s: %v", op.name, err)
				}
				if made, err := op.made(s); err != nil || !made {
					t.Errorf("%s: %t, %v", op.name, made, err)
				}
			}
		})
	}
}

// refusedFor is the refusal of a write, which a transaction tells by its reasons.
func refusedFor(r *http.Request, code string) *http.Response {
	if code == "TransactionConflictException" && strings.HasSuffix(r.Header.Get("X-Amz-Target"), "TransactWriteItems") {
		return answer(r, 400, "TransactionCanceledException", `,"CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict"}]`)
	}
	return answer(r, 400, code, "")
}
