package e2e_test

import (
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/outdial/outdial/contracts/api"

	"github.com/outdial/outdial/e2e/internal/front"
	"github.com/outdial/outdial/e2e/internal/world"
)

// atOnce makes n requests at the same time.
func atOnce(t *testing.T, n int, request func(n int) (world.Answer, error)) []world.Answer {
	t.Helper()
	answers := make([]world.Answer, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			var err error
			if answers[i], err = request(i); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	all.Wait()
	return answers
}

// TestAHundredCallsOfOneOwnerSentAtOnceAreAllPlaced: each of them joins the same
// lane and the same turn. DynamoDB cancels transactions that meet, which LocalStack
// never does, so every second one is canceled here. Lambda would start a hundred
// environments; here a few serve all requests, one after the other.
func TestAHundredCallsOfOneOwnerSentAtOnceAreAllPlaced(t *testing.T) {
	t.Parallel()
	const calls = 100
	w := world.Start(t, world.Parameters{"Carrier": "simulated:FOLDER?speed=500"})
	w.Admin("root").SetCapacity(t, 20, 20)
	ada := w.Person("ada")
	var writes atomic.Int64
	lift := w.Front.Inject(front.Fault{
		Caller: "api", Service: "dynamodb", Operation: "TransactWriteItems", RefuseWith: front.TransactionConflict,
		Match: func(front.Call) bool { return writes.Add(1)%2 == 1 },
	})

	answers := atOnce(t, calls, func(int) (world.Answer, error) {
		return ada.Request(t.Context(), http.MethodPost, "/calls", api.SubmitCallRequest{PhoneNumber: answered})
	})
	for _, got := range answers {
		if got.Status != http.StatusAccepted {
			t.Errorf("a call is answered %d %s", got.Status, got.Body)
		}
	}
	lift()
	if n := writes.Load(); n < 2*calls {
		t.Errorf("%d transactions came, so not every second one was in the way of another", n)
	}

	end := world.Eventually(t, "all calls are over", func() []api.Call {
		return world.Do[api.CallList](t, ada, http.StatusOK, http.MethodGet, "/calls?limit=200", nil).Calls
	}, func(all []api.Call) bool {
		return !slices.ContainsFunc(all, func(c api.Call) bool { return c.EndedAt == nil })
	})
	dials, err := w.Dials()
	if err != nil {
		t.Fatal(err)
	}
	dialed := map[string]int{}
	for _, d := range dials {
		dialed[d.CallID]++
	}
	for _, c := range end {
		if dialed[c.ID] != 1 || c.Attempt != 1 || c.Status != api.CallStatusCompleted {
			t.Errorf("%s: %s at attempt %d, dialed %d times", c.ID, c.Status, c.Attempt, dialed[c.ID])
		}
	}
	if len(end) != calls || len(dialed) != calls {
		t.Errorf("%d calls are there, and %d were dialed", len(end), len(dialed))
	}
}

// submission is a way to submit something, and how to count what came of it.
type submission struct {
	path        string
	body, other any // two different requests
	count       func(t *testing.T, c world.Caller) int
}

var submissions = map[string]submission{
	"a call": {
		"/calls",
		api.SubmitCallRequest{PhoneNumber: answered},
		api.SubmitCallRequest{PhoneNumber: busy},
		func(t *testing.T, c world.Caller) int {
			return len(world.Do[api.CallList](t, c, http.StatusOK, http.MethodGet, "/calls", nil).Calls)
		},
	},
	"a batch": {
		"/batches",
		api.SubmitBatchRequest{Rows: []api.BatchRow{{PhoneNumber: answered}}},
		api.SubmitBatchRequest{Rows: []api.BatchRow{{PhoneNumber: busy}}},
		func(t *testing.T, c world.Caller) int {
			return len(world.Do[api.BatchList](t, c, http.StatusOK, http.MethodGet, "/batches", nil).Batches)
		},
	},
}

// submit submits under an idempotency key.
func submit(t *testing.T, c world.Caller, path string, body any, key string) world.Answer {
	t.Helper()
	got, err := c.Request(t.Context(), http.MethodPost, path, body, api.HeaderIdempotencyKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func replayed(a world.Answer) bool { return a.Header.Get(api.HeaderIdempotentReplayed) == "true" }

func TestWhatIsSubmittedTwiceUnderOneKeyIsThereOnce(t *testing.T) {
	t.Parallel()
	w := world.Start(t, nil)
	for name, s := range submissions {
		ada, bob := w.Person("ada"), w.Person("bob")
		first, again := submit(t, ada, s.path, s.body, "key"), submit(t, ada, s.path, s.body, "key")
		if first.Status != http.StatusAccepted || again.Status != http.StatusAccepted || replayed(first) || !replayed(again) {
			t.Errorf("%s: %d %v, then %d %v", name, first.Status, first.Header, again.Status, again.Header)
		}
		if where := first.Header.Get("Location"); where == "" || again.Header.Get("Location") != where {
			t.Errorf("%s is at %q, then at %q", name, where, again.Header.Get("Location"))
		}
		conflict := submit(t, ada, s.path, s.other, "key")
		if p := problem(t, conflict); conflict.Status != http.StatusConflict || p.Code != api.ProblemCodeIdempotencyConflict {
			t.Errorf("%s: another under the same key is answered %d %s", name, conflict.Status, conflict.Body)
		}
		if n := s.count(t, ada); n != 1 {
			t.Errorf("%s: %d of them are there", name, n)
		}
		if got := submit(t, bob, s.path, s.other, "key"); got.Status != http.StatusAccepted || replayed(got) {
			t.Errorf("%s: somebody else's key is answered %d %v", name, got.Status, got.Header)
		}
	}
}

func TestWhatIsSubmittedAtOnceUnderOneKeyIsThereOnce(t *testing.T) {
	t.Parallel()
	w := world.Start(t, nil)
	for name, s := range submissions {
		ada := w.Person("ada")
		answers := atOnce(t, 5, func(int) (world.Answer, error) {
			return ada.Request(t.Context(), http.MethodPost, s.path, s.body, api.HeaderIdempotencyKey, "key")
		})
		first := 0
		for _, got := range answers {
			if got.Status != http.StatusAccepted || got.Header.Get("Location") != answers[0].Header.Get("Location") {
				t.Errorf("%s is answered %d %v %s", name, got.Status, got.Header, got.Body)
			}
			if !replayed(got) {
				first++
			}
		}
		if n := s.count(t, ada); n != 1 || first != 1 {
			t.Errorf("%s: %d are there, %d answers were the first", name, n, first)
		}
	}
}

// TestARetryAfterALostAnswerSubmitsNothingMore: the client can't know whether its
// request had an effect, and asks again under the same key.
func TestARetryAfterALostAnswerSubmitsNothingMore(t *testing.T) {
	for lost, fault := range map[string]func(w *world.World) front.Fault{
		"of DynamoDB": func(*world.World) front.Fault { return front.Fault{Cut: front.AfterEffect} },
		"of the function, which dies": func(w *world.World) front.Fault {
			return front.Fault{After: func(c front.Call) { w.API.Kill(c.Key) }}
		},
	} {
		t.Run(lost, func(t *testing.T) {
			t.Parallel()
			w := world.Start(t, nil)
			for name, s := range submissions {
				ada := w.Person("ada")
				f := fault(w)
				f.Caller, f.Service, f.Operation, f.Times = "api", "dynamodb", "TransactWriteItems", 1
				w.Front.Inject(f)
				var tries []int
				got := world.Eventually(t, name+" is accepted", func() world.Answer {
					got := submit(t, ada, s.path, s.body, "key")
					tries = append(tries, got.Status)
					return got
				}, func(got world.Answer) bool { return got.Status == http.StatusAccepted })
				if n := s.count(t, ada); n != 1 || w.Front.Left() != 0 || len(tries) > 2 || got.Header.Get("Location") == "" {
					t.Errorf("%s: %d are there after answers %v; %d faults are left", name, n, tries, w.Front.Left())
				}
				if len(tries) == 2 && !replayed(got) {
					t.Errorf("%s: the retry is answered as if it were the first: %v", name, got.Header)
				}
			}
			world.Eventually(t, "both calls are over", func() int {
				dials, err := w.Dials()
				if err != nil {
					t.Fatal(err)
				}
				return len(dials)
			}, func(n int) bool { return n == len(submissions) })
		})
	}
}
