package intake_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/intake"
)

var asked = intake.SingleRequest{
	PhoneNumber: "020 7946 0958", Region: "GB",
	Agent:    intake.AgentSettings{Instructions: "Say hello.", Language: "en-GB"},
	Metadata: map[string]string{"appointment": "8812"},
}

func TestAcceptedCallWaitsInItsLaneAndItsJobIsSent(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	a, err := b.Submit(t.Context(), owner, asked, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := b.store.Call(t.Context(), a.Value.ID)
	if err != nil {
		t.Fatal(err)
	}
	if c.Owner != owner || c.Number != ada || !c.Ready() || c.TimeLimit != 600 || !c.CreatedAt.Equal(noon) || c.Metadata["appointment"] != "8812" {
		t.Errorf("stored %+v", c)
	}
	if c.Settings == nil || *c.Settings != (call.Settings{Instructions: "Say hello.", Language: "en-GB"}) {
		t.Errorf("stored settings %+v", c.Settings)
	}
	if want := []messages.Job{{CallID: c.ID, Attempt: 1}}; !slices.Equal(b.ports.jobs, want) {
		t.Errorf("sent %v, want %v", b.ports.jobs, want)
	}
	if lane, err := b.store.Lane(t.Context(), call.LaneKey{Owner: owner}); err != nil || lane.Ready != 1 {
		t.Errorf("the lane has %d ready calls, error %v", lane.Ready, err)
	}
	if a.Kept != nil || a.Replayed {
		t.Errorf("without a key, kept %v, replayed %t", a.Kept, a.Replayed)
	}
}

func TestCallIsAcceptedThoughItsJobIsNotSent(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.ports.fail = times(1, "job", errDisk)
	if _, err := b.Submit(t.Context(), owner, asked, nil); err != nil {
		t.Fatal(err)
	}
	if n := len(b.calls(t)); n != 1 {
		t.Errorf("stored %d calls", n)
	}
}

func TestRefusedRequestStoresNothingAndLeavesItsKeyFree(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	bad := asked
	bad.PhoneNumber = "112"
	_, err := b.Submit(t.Context(), owner, bad, callKey("k", "bad"))
	if p := problems(t, err)[0]; p.Code != intake.CodeNumberNotCallable || p.Field != "/phone_number" {
		t.Errorf("got %+v", p)
	}
	if len(b.ports.writes) > 0 {
		t.Errorf("wrote %v", b.ports.writes)
	}
	if a, err := b.Submit(t.Context(), owner, asked, callKey("k", "good")); err != nil || a.Replayed {
		t.Errorf("the corrected request: replayed %t, error %v", a.Replayed, err)
	}
}

func TestRepeatedRequestGivesTheFirstAnswer(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	first, err := b.Submit(t.Context(), owner, asked, callKey("k", "f"))
	if err != nil || first.Replayed || first.Kept == nil || string(first.Kept.Body) != first.Value.ID {
		t.Fatalf("first: %+v, error %v", first, err)
	}
	b.Now = func() time.Time { return noon.Add(24*time.Hour - time.Millisecond) }
	second, err := b.Submit(t.Context(), owner, asked, callKey("k", "f"))
	if err != nil || !second.Replayed {
		t.Fatalf("second: replayed %t, error %v", second.Replayed, err)
	}
	if k := second.Kept; string(k.Body) != first.Value.ID || k.Status != 202 || k.Location != "/v1/things/"+first.Value.ID {
		t.Errorf("second: kept %+v", k)
	}
	if calls, jobs := len(b.calls(t)), len(b.ports.jobs); calls != 1 || jobs != 1 {
		t.Errorf("%d calls, %d jobs", calls, jobs)
	}

	t.Run("another request with the same key is a conflict", func(t *testing.T) {
		if _, err := b.Submit(t.Context(), owner, asked, callKey("k", "other")); !errors.Is(err, intake.ErrIdempotencyConflict) {
			t.Errorf("got error %v", err)
		}
	})
	t.Run("another owner's key is another key", func(t *testing.T) {
		if a, err := b.Submit(t.Context(), "user-2", asked, callKey("k", "other")); err != nil || a.Replayed {
			t.Errorf("replayed %t, error %v", a.Replayed, err)
		}
	})
	t.Run("after a day the key is free", func(t *testing.T) {
		b.Now = func() time.Time { return noon.Add(24 * time.Hour) }
		if a, err := b.Submit(t.Context(), owner, asked, callKey("k", "other")); err != nil || a.Replayed {
			t.Errorf("replayed %t, error %v", a.Replayed, err)
		}
	})
}

func TestSameRequestFiftyTimesAtOnceIsOneCall(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	const requests = 50
	var started, done sync.WaitGroup
	started.Add(requests)
	answers := make([]string, requests)
	for i := range requests {
		done.Go(func() {
			started.Done()
			started.Wait()
			a, err := b.Submit(context.Background(), owner, asked, callKey("k", "f"))
			if err != nil {
				answers[i] = err.Error()
				return
			}
			answers[i] = string(a.Kept.Body)
		})
	}
	done.Wait()
	calls := b.calls(t)
	if len(calls) != 1 {
		t.Fatalf("stored %d calls", len(calls))
	}
	for i, answer := range answers {
		if answer != calls[0].ID {
			t.Errorf("answer %d is %q, want %q", i, answer, calls[0].ID)
		}
	}
	if len(b.ports.jobs) != 1 {
		t.Errorf("sent %d jobs", len(b.ports.jobs))
	}
}

// between does something once, just before a write: what it finds then has
// happened after the key was read.
func between(name string, do func()) func(string) error {
	var once sync.Once
	return func(write string) error {
		if write == name {
			once.Do(do)
		}
		return nil
	}
}

func TestRequestThatLosesTheRaceForItsKey(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, fingerprint string
		expires           time.Time
		want              error
		replayed          bool
	}{
		{"to the same request gives that one's answer", "f", noon.Add(time.Hour), nil, true},
		{"to another request is a conflict", "other", noon.Add(time.Hour), intake.ErrIdempotencyConflict, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			b.ports.fail = between("call", func() {
				winner := call.IdempotencyKey{Owner: owner, Key: "k", Fingerprint: tt.fingerprint, Status: 202, Body: []byte("first"), ExpiresAt: tt.expires}
				if err := b.store.PutKey(t.Context(), winner, noon); err != nil {
					t.Error(err)
				}
			})
			a, err := b.Submit(t.Context(), owner, asked, callKey("k", "f"))
			if !errors.Is(err, tt.want) || a.Replayed != tt.replayed {
				t.Errorf("replayed %t, error %v", a.Replayed, err)
			}
			if n := len(b.calls(t)); n != 0 {
				t.Errorf("stored %d calls", n)
			}
		})
	}
}

func TestKeyThatExpiresBetweenReadAndWriteIsTaken(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.ports.fail = times(1, "call", call.Refuse(call.ConditionKey)) // and then there is none to be read
	if a, err := b.Submit(t.Context(), owner, asked, callKey("k", "f")); err != nil || a.Replayed || len(b.calls(t)) != 1 {
		t.Errorf("replayed %t, error %v, %d calls", a.Replayed, err, len(b.calls(t)))
	}
}

func TestCallWhoseStoreAnswersBadly(t *testing.T) {
	t.Parallel()
	exists := call.Refuse(call.ConditionExists)
	tests := []struct {
		name       string
		fail, lose func(string) error
		want       error
		calls      int
		jobs       int
	}{
		{"unclear, though it was stored, is accepted", nil, times(1, "call", call.ErrUnclear), nil, 1, 1},
		{"unclear, and it was not stored, is stored again", times(1, "call", call.ErrUnclear), nil, nil, 1, 1},
		{"unclear every time stays unclear", times(99, "call", call.ErrUnclear), nil, call.ErrUnclear, 0, 0},
		{"a conflict with another transaction is tried again", times(2, "call", call.ErrConflict), nil, nil, 1, 1},
		{"failed before it was stored", times(1, "call", errDisk), nil, errDisk, 0, 0},
		{"its new id is somebody's already", times(1, "call", exists), nil, exists, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			b.ports.fail, b.ports.lose = tt.fail, tt.lose
			_, err := b.Submit(t.Context(), owner, asked, callKey("k", "f"))
			if !errors.Is(err, tt.want) {
				t.Errorf("got error %v, want %v", err, tt.want)
			}
			if calls, jobs := len(b.calls(t)), len(b.ports.jobs); calls != tt.calls || jobs != tt.jobs {
				t.Errorf("%d calls and %d jobs, want %d and %d", calls, jobs, tt.calls, tt.jobs)
			}
		})
	}
}

// noKeys is a store whose keys can't be read.
type noKeys struct{ intake.Store }

func (noKeys) Key(context.Context, string, string, time.Time) (call.IdempotencyKey, error) {
	return call.IdempotencyKey{}, errDisk
}

func TestWithoutReadingItsKeyNothingIsStored(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.Store = noKeys{b.ports}
	if _, err := b.Submit(t.Context(), owner, asked, callKey("k", "f")); !errors.Is(err, errDisk) {
		t.Errorf("got error %v", err)
	}
	if _, err := b.SubmitBatch(t.Context(), owner, threeRows, batchKey("k", "f")); !errors.Is(err, errDisk) {
		t.Errorf("got error %v", err)
	}
	if len(b.ports.writes) > 0 {
		t.Errorf("wrote %v", b.ports.writes)
	}
}

func TestAnswerThatCantBeEncodedStoresNothing(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	i := callKey("k", "f")
	i.Answer = func(call.Call) (int, string, []byte, error) { return 0, "", nil, errDisk }
	if _, err := b.Submit(t.Context(), owner, asked, i); !errors.Is(err, errDisk) || len(b.calls(t)) != 0 {
		t.Errorf("%d calls, error %v", len(b.calls(t)), err)
	}
}

func TestGivesUpWhenTheCallerHasLeft(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	ctx, cancel := context.WithCancel(t.Context())
	b.ports.fail = func(string) error {
		cancel()
		return call.ErrUnclear
	}
	if _, err := b.Submit(ctx, owner, asked, nil); !errors.Is(err, call.ErrUnclear) || len(b.ports.writes) != 1 {
		t.Errorf("wrote %v, error %v", b.ports.writes, err)
	}
}
