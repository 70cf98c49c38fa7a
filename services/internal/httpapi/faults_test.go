package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
)

var errBroken = errors.New("disk sdb7 of the store is broken")

// faults are the ways in which a store can fail, and what a client hears of it.
var faults = map[string]struct {
	fault fault
	want  api.ProblemCode
}{
	"an unknown error":   {fault{err: errBroken}, api.ProblemCodeInternal},
	"contradicting data": {fault{err: fmt.Errorf("%w: disk sdb7", call.ErrCorrupt)}, api.ProblemCodeInternal},
	"a panic":            {fault{}, api.ProblemCodeInternal},
	"conflicts without end": {
		fault{err: fmt.Errorf("disk sdb7: %w", call.ErrConflict)}, api.ProblemCodeUnavailable,
	},
	"an unclear answer": {fault{err: fmt.Errorf("disk sdb7: %w", call.ErrUnclear)}, api.ProblemCodeUnavailable},
	"too late":          {fault{err: fmt.Errorf("disk sdb7: %w", context.DeadlineExceeded)}, api.ProblemCodeUnavailable},
	"a full disk":       {fault{err: fmt.Errorf("disk sdb7: %w", fullDisk)}, api.ProblemCodeUnavailable},
}

var fullDisk = &call.UnavailableError{Sentence: "the disk is full: free some space"}

func TestAStoreThatFailsIsToldToTheLogOnly(t *testing.T) {
	t.Parallel()
	for name, c := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			made := b.makeThings()
			b.store.fault.Store(&c.fault)
			for _, route := range api.Routes {
				if route.Scope == "" || route.OperationID == "getLimits" { // these ask no store
					continue
				}
				got := b.root.send(goodRequest(route, made))
				want := c.want
				if route.OperationID == "setCapacity" && errors.Is(c.fault.err, call.ErrConflict) {
					want = api.ProblemCodeCapacityConflict
				}
				p := got.refused(want, "-")
				if name == "a full disk" && !strings.HasPrefix(p.Detail, "The disk is full: free some space. ") {
					t.Errorf("%s doesn't tell what to do: %s", got.what, p.Detail)
				}
				if bytes.Contains(got.body, []byte("sdb7")) || bytes.Contains(got.body, []byte("panic")) {
					t.Errorf("%s tells the cause: %s", got.what, got.body)
				}
				if retry := got.header.Get("Retry-After"); (retry != "") != (want == api.ProblemCodeUnavailable) {
					t.Errorf("%s: retry after %q", got.what, retry)
				}
				if want != api.ProblemCodeCapacityConflict && !b.log.tells(p.RequestID, causeOf(c.fault)) {
					t.Errorf("%s: the log doesn't tell the cause under its request id", got.what)
				}
			}
		})
	}
}

func causeOf(f fault) string {
	if f.err == nil {
		return "the store panics"
	}
	return "sdb7"
}

// tells whether one line of the log has all of these.
func (l *logbook) tells(parts ...string) bool {
	for line := range strings.Lines(l.String()) {
		all := true
		for _, part := range parts {
			all = all && strings.Contains(line, part)
		}
		if all {
			return true
		}
	}
	return false
}

func TestAChangeWhoseAnswerGotLostIsNotMadeTwice(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	lost := func(method string) {
		b.store.fault.Store(&fault{method: method, err: call.ErrUnclear, after: true, once: true})
	}
	lost("Apply")
	got := b.anna.post("/v1/calls", `{"phone_number":"+12025550142"}`, api.HeaderIdempotencyKey, "k").is(http.StatusAccepted)
	lost("ApplyBatch")
	b.anna.post("/v1/batches", `{"rows":[{"phone_number":"+12025550142"}]}`).is(http.StatusAccepted)
	lost("ApplyRedrive")
	all := b.root.post("/v1/dead-letters/redrive", `{"all":true}`).is(http.StatusAccepted)
	b.root.get(all.header.Get("Location")).is(http.StatusOK)
	lost("Apply")
	b.anna.post("/v1/calls/"+decode[api.Call](got).ID+"/cancel", "").is(http.StatusOK)
	again := b.anna.post("/v1/calls", `{"phone_number":"+12025550142"}`, api.HeaderIdempotencyKey, "k").is(http.StatusAccepted)
	if string(again.body) != string(got.body) {
		t.Errorf("again it is\n%s, and was\n%s", again.body, got.body)
	}
	if calls, batches := b.count(); calls != 1 || batches != 1 {
		t.Errorf("there are %d calls and %d batches", calls, batches)
	}
}

func TestAChangeThatNobodyKnowsToBeMadeIsToBeTriedAgain(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.store.fault.Store(&fault{method: "ApplyRedrive", err: call.ErrUnclear})
	b.root.post("/v1/dead-letters/redrive", `{"all":true}`).refused(api.ProblemCodeUnavailable, "-")
	b.store.fault.Store(&fault{method: "PutKey", err: call.ErrUnclear, after: true, once: true})
	id := b.anna.batch("+12025550142").ID
	pause := func() *reply {
		return b.anna.post("/v1/batches/"+id+"/pause", "", api.HeaderIdempotencyKey, "p")
	}
	pause().refused(api.ProblemCodeUnavailable, "-")
	if got := pause().is(http.StatusAccepted); got.header.Get(api.HeaderIdempotentReplayed) != "true" {
		t.Error("its repeat doesn't find the answer that was kept")
	}
}

func TestWhoeverSentARequestIdFindsItInTheLog(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.store.fault.Store(&fault{err: errBroken})
	got := b.anna.get("/v1/calls", api.HeaderRequestID, "my-own.id_1").is(http.StatusInternalServerError)
	if p := decode[api.Problem](got); p.RequestID != "my-own.id_1" || !b.log.tells("my-own.id_1", "sdb7") {
		t.Errorf("the answer is %s, and the log\n%s", got.body, b.log)
	}
}
