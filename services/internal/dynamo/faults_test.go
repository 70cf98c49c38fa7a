package dynamo_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/dynamo"
)

// faulty is a road to DynamoDB on which the next writes meet a fault.
type faulty struct {
	left  atomic.Int32
	fault fault
}

type fault func(r *http.Request, pass func() (*http.Response, error)) (*http.Response, error)

func isWrite(r *http.Request) bool {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return operation == "TransactWriteItems" || operation == "PutItem" || operation == "UpdateItem"
}

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

// answer is an error as DynamoDB answers it.
func answer(r *http.Request, status int, code, more string) *http.Response {
	body := `{"__type":"com.amazonaws.dynamodb.v20120810#` + code + `","message":"` + code + `"` + more + `}`
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body:   io.NopCloser(bytes.NewReader([]byte(body))), ContentLength: int64(len(body)),
	}
}

// operation is a write of the store, after which a look tells whether it was made.
type operation struct {
	name  string
	write func(s *dynamo.Store) error
	made  func(s *dynamo.Store) (bool, error)
}

// operations are all writes, each of which can be made next.
func operations(t *testing.T, s *dynamo.Store) []operation {
	t.Helper()
	ctx, now := t.Context(), time.Now().UTC().Truncate(time.Millisecond)
	created := func() call.Change {
		return call.Created(call.NewCall{ID: call.SingleID(ulid.Make().String()), Owner: "ann", Number: "+493012345678", TimeLimit: 600}, now)
	}
	waiting, admitted := created(), created()
	must(t, s.Apply(ctx, admitted))
	room, err := s.Capacity(ctx)
	must(t, err)
	launchAt, a := room.Admit(now)
	admission, err := call.Admitted(admitted.After, launchAt, a, "agent:1", call.DefaultTiming(), now)
	must(t, err)
	must(t, s.Apply(ctx, admission))
	id := admitted.After.ID
	started, err := call.TaskStarted(admission.After, 1, "task", call.DefaultTiming(), now)
	must(t, err)
	batch := call.BatchAccepted(call.Batch{ID: call.BatchID(ulid.Make().String()), Owner: "ann", Rows: 1, ChunkRows: 1}, nil, now)
	redrive := call.RedriveRequested(call.Redrive{ID: call.RedriveID(ulid.Make().String()), Owner: "ann"}, nil, now)
	key := call.IdempotencyKey{Owner: "ann", Key: ulid.Make().String(), Status: 202, ExpiresAt: now.Add(time.Hour)}
	claim := func() (call.Claim, error) { return s.Claim(ctx, id, 1) }
	version := func(got, want int64, err error) (bool, error) {
		if errors.Is(err, call.ErrNotFound) {
			return false, nil
		}
		return got == want, err
	}
	limit := room.Limit + 1
	return []operation{
		{"a new call", func(s *dynamo.Store) error { return s.Apply(ctx, waiting) }, func(s *dynamo.Store) (bool, error) {
			c, err := s.Call(ctx, waiting.After.ID)
			return version(c.Version, 1, err)
		}},
		{"a move", func(s *dynamo.Store) error { return s.Apply(ctx, started) }, func(s *dynamo.Store) (bool, error) {
			c, err := s.Call(ctx, id)
			return version(c.Version, started.After.Version, err)
		}},
		{"taking a claim", func(s *dynamo.Store) error {
			_, err := s.TakeClaim(ctx, id, 1, "nonce", "task", now)
			return err
		}, func(*dynamo.Store) (bool, error) { c, err := claim(); return c.HeldBy("nonce"), err }},
		{
			"noting a reference", func(s *dynamo.Store) error { return s.NoteReference(ctx, id, 1, "nonce", "c1") },
			func(*dynamo.Store) (bool, error) { c, err := claim(); return c.CarrierReference == "c1", err },
		},
		{
			"noting an outcome", func(s *dynamo.Store) error {
				return s.NoteOutcome(ctx, id, 1, "nonce", call.Outcome{Status: call.Busy})
			},
			func(*dynamo.Store) (bool, error) { c, err := claim(); return c.Outcome != nil, err },
		},
		{"a batch", func(s *dynamo.Store) error { return s.ApplyBatch(ctx, batch) }, func(s *dynamo.Store) (bool, error) {
			b, err := s.Batch(ctx, batch.After.ID)
			return version(b.Version, 1, err)
		}},
		{"a redrive", func(s *dynamo.Store) error { return s.ApplyRedrive(ctx, redrive) }, func(s *dynamo.Store) (bool, error) {
			r, err := s.Redrive(ctx, redrive.After.ID)
			return version(r.Version, 1, err)
		}},
		{"a key", func(s *dynamo.Store) error { return s.PutKey(ctx, key, now) }, func(s *dynamo.Store) (bool, error) {
			k, err := s.Key(ctx, "ann", key.Key, now)
			return version(int64(k.Status), 202, err)
		}},
		{"the capacity", func(s *dynamo.Store) error {
			return s.SetCapacity(ctx, room, room.Set(call.CapacityUpdate{Limit: &limit}, now))
		}, func(s *dynamo.Store) (bool, error) { c, err := s.Capacity(ctx); return c.Limit == limit, err }},
	}
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
