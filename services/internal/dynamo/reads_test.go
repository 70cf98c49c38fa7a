package dynamo_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"reflect"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/dynamo"
)

// recording keeps the answers to reads, so that the very same can be read again
// without a table, and without the time that a table takes.
type recording struct {
	t     testing.TB
	table string

	mu      sync.Mutex
	answers map[string][]byte // by operation and question
}

// question is a request as text. The SDK writes the members of maps in any order.
func (c *recording) question(r *http.Request) string {
	var v any
	asked(c.t, r, &v)
	return operationOf(r) + " " + encoded(c.t, v)
}

// RoundTrip passes a request on and keeps the answer.
func (c *recording) RoundTrip(r *http.Request) (*http.Response, error) {
	question := c.question(r)
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err := response.Body.Close(); err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[question] = body
	return response, err
}

// again answers as the table did.
func (c *recording) again(r *http.Request) (*http.Response, error) {
	question := c.question(r)
	body, ok := c.answers[question]
	if !ok {
		c.t.Errorf("nobody asked %s", question)
	}
	return says(r, http.StatusOK, string(body)), nil
}

// inhabit gives a table something for every read to find: a single call in each of
// the places where reads look, and a batch whose rows take more than one item.
func inhabit(t *testing.T, s *dynamo.Store) subject {
	t.Helper()
	ctx, now := t.Context(), morning
	at := subject{key: "k", redriveID: call.RedriveID(ulid.Make().String())}
	create := func(ch call.Change) call.Call {
		must(t, s.Apply(ctx, ch))
		return ch.After
	}
	single := func() call.Change {
		return call.Created(call.NewCall{ID: call.SingleID(ulid.Make().String()), Owner: "ann", Number: "+493012345678", TimeLimit: 600}, now)
	}
	first := single()
	first.Key = &call.IdempotencyKey{Owner: "ann", Key: at.key, Status: 202, ExpiresAt: now.Add(time.Hour)}
	active, dead := create(first), create(single())
	create(single())
	at.callID = active.ID
	must(t, s.Apply(ctx, admissionOf(t, s, active)))
	must(t, s.NoteOutcome(ctx, takenBy(t, s, active.ID), 1, "nonce", call.Outcome{Status: call.Busy}))

	admitted := admissionOf(t, s, dead)
	must(t, s.Apply(ctx, admitted))
	refused, err := call.LaunchRefusedForGood(admitted.After, 1, "No.", now)
	must(t, err)
	must(t, s.Apply(ctx, refused))
	must(t, s.ApplyRedrive(ctx, call.RedriveRequested(call.Redrive{ID: at.redriveID, Owner: "ann"}, nil, now)))

	at.batchID = populate(t, s)
	return at
}

// takenBy has an agent take the claim of a call's first attempt.
func takenBy(t *testing.T, s *dynamo.Store, id string) string {
	t.Helper()
	_, err := s.TakeClaim(t.Context(), id, 1, "nonce", "task", morning)
	must(t, err)
	return id
}

// admissionOf admits a call now, as the stored capacity has it.
func admissionOf(t *testing.T, s *dynamo.Store, c call.Call) call.Change {
	t.Helper()
	room, err := s.Capacity(t.Context())
	must(t, err)
	launchAt, a := room.Admit(morning)
	ch, err := call.Admitted(c, launchAt, a, "agent:1", call.DefaultTiming(), morning)
	must(t, err)
	return ch
}

// inhabitants are the rows of the batch: enough for more than one item.
const inhabitants = 18

// populate accepts and expands a batch, of which one call has failed.
func populate(t *testing.T, s *dynamo.Store) (id string) {
	t.Helper()
	ctx := t.Context()
	rows, refused := longestRows(inhabitants), longestRefusals(2_000)
	b := call.Batch{
		ID: call.BatchID(ulid.Make().String()), Owner: "ann", Settings: call.Settings{Voice: "cedar"},
		Rows: len(rows), ChunkRows: len(rows), TimeLimit: 600,
	}
	must(t, s.PutChunk(ctx, b.ID, 0, rows))
	must(t, s.PutRefused(ctx, b.ID, 0, refused))
	accepted := call.BatchAccepted(b, nil, morning)
	must(t, s.ApplyBatch(ctx, accepted))
	must(t, s.KeepChunks(ctx, b.ID))
	expanded, err := call.BatchExpanded(accepted.After, rows, morning)
	must(t, err)
	must(t, s.ApplyBatch(ctx, expanded))
	admitted := admissionOf(t, s, expanded.Calls[0].After)
	must(t, s.Apply(ctx, admitted))
	failed, err := call.LaunchRefusedForGood(admitted.After, 1, "No.", morning)
	must(t, err)
	must(t, s.Apply(ctx, failed))
	must(t, s.Apply(ctx, admissionOf(t, s, expanded.Calls[1].After)))
	must(t, s.PutSamples(ctx, call.Samples{}, call.Samples{
		Capacity: call.CapacitySample{At: morning, Limit: 10}, Batches: map[string]call.Counts{b.ID: {Active: 1}},
	}))
	return b.ID
}

// outages are faults of a read, which is answered the second time, or never.
var outages = map[string]fault{
	"throttled": func(r *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
		return answer(r, 400, "ProvisionedThroughputExceededException", ""), nil
	},
	"an internal error": func(r *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
		return answer(r, 500, "InternalServerError", ""), nil
	},
	"somebody else's answer": func(r *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
		return says(r, 503, "<html>Service Unavailable</html>"), nil
	},
	"the connection breaks": func(*http.Request, func() (*http.Response, error)) (*http.Response, error) {
		return nil, syscall.ECONNRESET
	},
	"the answer is cut": func(_ *http.Request, pass func() (*http.Response, error)) (*http.Response, error) {
		response, err := pass()
		if err == nil {
			response.Body = io.NopCloser(io.MultiReader(io.LimitReader(response.Body, response.ContentLength/2), broken{}))
		}
		return response, err
	},
}

// broken is the rest of an answer whose connection breaks.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, syscall.ECONNRESET }

// readFaults: each request of each read meets each fault, once and for ever. What
// the read shows then is the truth or nothing, never the half of it.
func readFaults(t *testing.T, table string, at subject) {
	taped := &recording{t: t, table: table, answers: map[string][]byte{}}
	s := openTable(t, table, taped)
	for name, read := range readers(at) {
		truth, err := read(t.Context(), s)
		if err != nil || truth.isBlind() {
			t.Fatalf("%s sees %v, %v", name, truth, err)
		}
		for what, fault := range outages {
			for _, times := range []int{1, 1000} {
				synctest.Test(t, func(t *testing.T) { eachRequest(t, name, what, taped, read, truth, fault, times) })
			}
		}
	}
}

// eachRequest has the first request of a read meet a fault, then the second, until
// there are no more.
func eachRequest(t *testing.T, name, what string, taped *recording, read func(context.Context, *dynamo.Store) (sight, error), truth sight, fault fault, times int) {
	t.Helper()
	for first := 1; ; first++ {
		asked, left := 0, times
		road := standIn(func(r *http.Request) (*http.Response, error) {
			pass := func() (*http.Response, error) { return taped.again(r) }
			if asked++; asked < first || left == 0 {
				return pass()
			}
			left--
			return fault(r, pass)
		})
		seen, err := read(t.Context(), road.table(taped.table))
		met := left < times
		switch {
		case !met || times == 1 && err == nil:
			if err != nil || !reflect.DeepEqual(seen, truth) {
				t.Errorf("%s (%s once, at request %d) sees %v, %v", name, what, first, seen, err)
			}
		case !isUnavailable(err) || !seen.isBlind():
			t.Errorf("%s (%s from request %d on, %d times) sees %v, %v", name, what, first, times, seen, err)
		}
		if !met {
			return
		}
	}
}
