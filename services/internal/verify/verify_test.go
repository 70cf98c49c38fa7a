package verify_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/memory"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/verify"
)

var began = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

func after(seconds float64) time.Time {
	return began.Add(time.Duration(seconds * float64(time.Second)))
}

// world is a store whose calls a test leads, and what else a data folder lists.
type world struct {
	*memory.Store
	t        *testing.T
	messages map[queue.Name][]queue.Received
	redrives []call.Redrive
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{Store: memory.New(call.Capacity{Limit: 5, Rate: 100}), t: t, messages: map[queue.Name][]queue.Received{}}
}

func (w *world) Faults(context.Context) ([]string, error)          { return nil, nil }
func (w *world) StrayClaims(context.Context) ([]call.Claim, error) { return nil, nil }

func (w *world) Redrives(context.Context, string, int) ([]call.Redrive, error) {
	return w.redrives, nil
}

func (w *world) Keys(context.Context, call.IdempotencyKey, int) ([]call.IdempotencyKey, error) {
	return nil, nil
}

func (w *world) Messages(_ context.Context, name queue.Name, _ string, _ int) ([]queue.Received, error) {
	return w.messages[name], nil
}

func (w *world) apply(ch call.Change, err error) call.Call {
	w.t.Helper()
	if err == nil {
		err = w.Apply(w.t.Context(), ch)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return ch.After
}

func (w *world) create(retry *call.RetryPolicy) call.Call {
	w.t.Helper()
	return w.apply(call.Created(call.NewCall{ID: "call_1", Owner: "ann", Number: "+12025550100", TimeLimit: 60, Retry: retry}, began), nil)
}

func (w *world) admit(c call.Call, now time.Time) call.Call {
	w.t.Helper()
	room, err := w.Capacity(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	launchAt, admission := room.Admit(now)
	return w.apply(call.Admitted(c, launchAt, admission, "agent:1", call.DefaultTiming(), now))
}

// talk admits a call and leads it to its end within two seconds.
func (w *world) talk(c call.Call, o call.Outcome, now time.Time) call.Call {
	w.t.Helper()
	c = w.admit(c, now)
	if _, err := w.TakeClaim(w.t.Context(), c.ID, c.Attempt, "nonce", "task", now); err != nil {
		w.t.Fatal(err)
	}
	if err := w.NoteOutcome(w.t.Context(), c.ID, c.Attempt, "nonce", o); err != nil {
		w.t.Fatal(err)
	}
	return w.apply(call.Ended(c, c.Attempt, o, now.Add(2*time.Second)))
}

// verify looks for a finding with these words; for none at all when they are "".
func (w *world) verify(words string, d verify.Data) {
	w.t.Helper()
	d.Store, d.Contents = w.Store, w
	report, err := verify.Verify(w.t.Context(), d)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range report.Findings {
		if words != "" && strings.Contains(f.Sentence, words) {
			return
		}
	}
	if words != "" || len(report.Findings) > 0 {
		w.t.Errorf("found %v; looked for %q", report.Findings, words)
	}
}

func TestTwoDialsOfACallMayNotGoOnAtTheSameTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.create(&call.RetryPolicy{MaxDials: 2, On: []call.Status{call.Busy}})
	c = w.talk(c, call.Outcome{Status: call.Busy, Dialed: true, CarrierReference: "r1"}, after(1))
	c = w.apply(call.Ready(c, after(5)))
	w.talk(c, call.Outcome{Status: call.Completed, Dialed: true, CarrierReference: "r2"}, after(10))
	dial := func(attempt int, from, to float64, status call.Status) verify.Dial {
		return verify.Dial{
			Reference: []string{"", "r1", "r2"}[attempt], CallID: c.ID, Attempt: attempt, Nonce: "nonce", Number: c.Number,
			At: after(from), EndedAt: after(to), Status: status,
		}
	}
	second := dial(2, 10, 12, call.Completed)
	w.verify("", verify.Data{Dials: []verify.Dial{dial(1, 1, 3, call.Busy), second}, DialsBefore: 2})
	w.verify("never two at once", verify.Data{Dials: []verify.Dial{dial(1, 1, 11, call.Busy), second}, DialsBefore: 2})
	w.verify("", verify.Data{Dials: []verify.Dial{dial(1, 1, 11, call.Busy), second}, DialsBefore: 2, Skew: 2 * time.Second})
	w.verify("while its dial for attempt 1 went on", verify.Data{Dials: []verify.Dial{{CallID: c.ID, Attempt: 1}, second}})
	w.verify("but the carrier has 1", verify.Data{Dials: []verify.Dial{second}, DialsBefore: 1})
}

func TestADialAfterTheSnapshotIsNoFinding(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.admit(w.create(nil), after(1))
	late := []verify.Dial{{CallID: c.ID, Attempt: 1, At: after(3)}}
	w.verify("", verify.Data{Dials: late})
	w.verify("though no agent holds its claim", verify.Data{Dials: late, DialsBefore: 1})
}

func TestADeadLetterHasItsMark(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.admit(w.create(nil), after(1))
	c = w.apply(call.LaunchRefusedForGood(c, 1, "no such task definition", after(2)))
	w.verify("", verify.Data{}) // it is owed
	w.apply(call.MarkSent(c, 1, after(3)))
	w.verify("its marked job is neither owed nor in the dead-letter queue", verify.Data{})
	w.messages[queue.CallsDead] = []queue.Received{{ID: "1", Body: messages.Job{CallID: c.ID, Attempt: 1, Dead: true}.Encode()}}
	w.verify("", verify.Data{})
}

func TestARedriveIsDueUntilItIsDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.redrives = []call.Redrive{{ID: "redrive_1", Done: true}, {ID: "redrive_2", Due: began}}
	w.verify("", verify.Data{})
	w.redrives = append(w.redrives, call.Redrive{ID: "redrive_3"})
	w.verify("redrive redrive_3 is done: false, and has a due: false", verify.Data{})
}

func TestAClockThatWasSetBackIsAllowedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.admit(w.create(nil), after(-0.5))
	w.verify("before the one that it follows", verify.Data{})
	w.verify("", verify.Data{Skew: time.Second})
	w.verify("", verify.Data{AnyClock: true})
}

// A full history has lost entries in one place, and in no other.
func TestAFullHistoryMayJumpOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.create(nil)
	for i := range 60 {
		now := after(float64(10 * (i + 1)))
		c = w.admit(c, now)
		c = w.apply(call.LaunchRefusedForRoom(c, c.Attempt, call.Backoff{Until: now, Step: time.Second}, now))
	}
	if len(c.History) != call.MaxHistory {
		t.Fatalf("%d entries", len(c.History))
	}
	w.verify("", verify.Data{})
}
