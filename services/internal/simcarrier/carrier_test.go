package simcarrier_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"

	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/simcarrier"
)

// bundle is a carrier in a folder of its own, whose clock the test moves.
type bundle struct {
	*simcarrier.Carrier
	t   *testing.T
	dir string
	now time.Time
}

func open(t *testing.T, change func(*simcarrier.Config)) *bundle {
	t.Helper()
	b := &bundle{t: t, dir: t.TempDir(), now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	config := simcarrier.Default(b.dir)
	if change != nil {
		change(&config)
	}
	var err error
	if b.Carrier, err = simcarrier.Open(config, func() time.Time { return b.now }); err != nil {
		t.Fatal(err)
	}
	return b
}

func request(call, number string) carrier.Request {
	return carrier.Request{
		CallID: call, Attempt: 1, Nonce: "n-" + call, Number: number,
		RingTimeout: 30 * time.Second, TimeLimit: 10 * time.Minute,
	}
}

func (b *bundle) create(r carrier.Request) string {
	b.t.Helper()
	ref, err := b.Create(b.t.Context(), r)
	if err != nil {
		b.t.Fatalf("create: %v", err)
	}
	return ref
}

func (b *bundle) status(ref string) carrier.State {
	b.t.Helper()
	s, err := b.Status(b.t.Context(), ref)
	if err != nil {
		b.t.Fatalf("status: %v", err)
	}
	return s
}

func (b *bundle) end(ref string) {
	b.t.Helper()
	if err := b.End(b.t.Context(), ref); err != nil {
		b.t.Fatalf("end: %v", err)
	}
}

func (b *bundle) dials() []simcarrier.Dial {
	b.t.Helper()
	dials, err := simcarrier.ReadDials(b.dir)
	if err != nil {
		b.t.Fatal(err)
	}
	return dials
}

// course moves the clock on until the call is over, or for an hour, and gives
// the statuses seen and the last state.
func (b *bundle) course(ref string) ([]carrier.Status, carrier.State) {
	b.t.Helper()
	var seen []carrier.Status
	for until := b.now.Add(time.Hour); ; b.now = b.now.Add(250 * time.Millisecond) {
		s := b.status(ref)
		if len(seen) == 0 || seen[len(seen)-1] != s.Status {
			seen = append(seen, s.Status)
		}
		if s.Status.Final() || b.now.After(until) {
			return seen, s
		}
	}
}

func TestNumbersAreValidAndReservedForFiction(t *testing.T) {
	t.Parallel()
	for _, n := range simcarrier.Numbers {
		parsed, err := phonenumbers.Parse(n.Number, "")
		if err != nil || !phonenumbers.IsValidNumber(parsed) {
			t.Errorf("%s is not valid: %v", n.Number, err)
		}
	}
}

func TestNumbersGoTheSameWayAlways(t *testing.T) {
	t.Parallel()
	talk := []carrier.Status{carrier.Queued, carrier.Ringing, carrier.InProgress, carrier.Completed}
	for number, want := range map[string][]carrier.Status{
		simcarrier.NumberAnswered: talk,
		simcarrier.NumberLongTalk: talk,
		simcarrier.NumberBusy:     {carrier.Queued, carrier.Busy},
		simcarrier.NumberFailure:  {carrier.Queued, carrier.Failed},
		simcarrier.NumberNoAnswer: {carrier.Queued, carrier.Ringing, carrier.NoAnswer},
		simcarrier.NumberStuck:    {carrier.Queued},
	} {
		for _, call := range []string{"call_a", "call_b"} {
			t.Run(number+" "+call, func(t *testing.T) {
				t.Parallel()
				b := open(t, nil)
				seen, last := b.course(b.create(request(call, number)))
				if fmt.Sprint(seen) != fmt.Sprint(want) {
					t.Errorf("went %v, want %v", seen, want)
				}
				if number == simcarrier.NumberFailure && last.ErrorCode != "503" {
					t.Errorf("error code %q, want 503", last.ErrorCode)
				}
				if number == simcarrier.NumberLongTalk && last.Duration != 10*time.Minute {
					t.Errorf("talked for %s, want the time limit", last.Duration)
				}
				if number == simcarrier.NumberNoAnswer && last.EndedAt.Sub(last.RingingAt) != 30*time.Second {
					t.Errorf("rang for %s, want the ring timeout", last.EndedAt.Sub(last.RingingAt))
				}
			})
		}
	}
}

func TestCreateThatGivesNoReference(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, number  string
		refused       string // code
		dialed, found bool
	}{
		{"a refused call is not dialed", simcarrier.NumberRefused, "21214", false, false},
		{"a number that isn't one is not dialed", "12025550100", "21211", false, false},
		{"a dead line dials nobody, and nothing is found", simcarrier.NumberDeadLine, "", false, false},
		{"a lost answer has dialed, and the call is found", simcarrier.NumberLostAnswer, "", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := open(t, nil)
			r := request("call_a", c.number)
			_, err := b.Create(t.Context(), r)
			var refused *carrier.RefusedError
			switch {
			case c.refused != "" && (!errors.As(err, &refused) || refused.Code != c.refused):
				t.Errorf("create gave %v, want the refusal %s", err, c.refused)
			case c.refused == "" && !errors.Is(err, carrier.ErrUnclear):
				t.Errorf("create gave %v, want unclear", err)
			}
			if dialed := len(b.dials()) == 1; dialed != c.dialed {
				t.Errorf("dialed is %t, want %t", dialed, c.dialed)
			}
			ref, found, err := b.Find(t.Context(), r.CallID, r.Attempt, r.Nonce)
			if err != nil || found != c.found {
				t.Errorf("find gave %q, %t, %v; want found %t", ref, found, err, c.found)
			}
		})
	}
}

func TestFindComparesCallAttemptAndNonceAndGivesTheLatest(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	b.create(request("call_a", simcarrier.NumberBusy))
	second := request("call_a", simcarrier.NumberBusy)
	second.Attempt = 2
	ref2 := b.create(second)
	ref3 := b.create(second)
	b.create(request("call_ab", simcarrier.NumberBusy))
	for _, c := range []struct {
		call    string
		attempt int
		nonce   string
		want    string
	}{
		{"call_a", 2, "n-call_a", ref3},
		{"call_a", 3, "n-call_a", ""},
		{"call_a", 2, "other", ""},
		{"call_b", 1, "n-call_a", ""},
	} {
		ref, found, err := b.Find(t.Context(), c.call, c.attempt, c.nonce)
		if err != nil || ref != c.want || found != (c.want != "") {
			t.Errorf("find %s/%d/%s gave %q, %t, %v; want %q", c.call, c.attempt, c.nonce, ref, found, err, c.want)
		}
	}
	if ref2 == ref3 || len(b.dials()) != 4 {
		t.Errorf("a second dial of one attempt must be a line of its own; there are %d dials", len(b.dials()))
	}
}

func TestEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, number string
		after        carrier.Status // seen before End
		want         carrier.Status
		changes      bool // whether End changes when it ends
	}{
		{"before it rings: canceled", simcarrier.NumberAnswered, carrier.Queued, carrier.Canceled, true},
		{"while it rings: canceled", simcarrier.NumberAnswered, carrier.Ringing, carrier.Canceled, true},
		{"while somebody talks: completed", simcarrier.NumberLongTalk, carrier.InProgress, carrier.Completed, true},
		{"when it never rings: canceled", simcarrier.NumberStuck, carrier.Queued, carrier.Canceled, true},
		{"after it was busy: nothing", simcarrier.NumberBusy, carrier.Busy, carrier.Busy, false},
		{"after it was over: nothing", simcarrier.NumberAnswered, carrier.Completed, carrier.Completed, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := open(t, nil)
			ref := b.create(request("call_a", c.number))
			for until := b.now.Add(time.Hour); b.status(ref).Status != c.after; b.now = b.now.Add(100 * time.Millisecond) {
				if b.now.After(until) {
					t.Fatalf("never %s", c.after)
				}
			}
			b.now = b.now.Add(100 * time.Millisecond)
			before, asked := b.status(ref), b.now
			b.end(ref)
			first := b.status(ref)
			if first.Status != c.want {
				t.Fatalf("is %s after End, want %s", first.Status, c.want)
			}
			if c.changes && !first.EndedAt.Equal(asked) || !c.changes && first != before {
				t.Errorf("after End at %s it was %+v, before %+v", asked, first, before)
			}
			if c.want == carrier.Completed && first.Duration != first.EndedAt.Sub(first.AnsweredAt) {
				t.Errorf("talked for %s from %s to %s", first.Duration, first.AnsweredAt, first.EndedAt)
			}
			b.now = b.now.Add(time.Hour)
			b.end(ref)
			if again := b.status(ref); again != first {
				t.Errorf("a second End changed %+v to %+v", first, again)
			}
			if hungUp := !b.dials()[0].HungUpAt.IsZero(); hungUp != c.changes {
				t.Errorf("the dial was hung up: %t, want %t", hungUp, c.changes)
			}
		})
	}
}

func TestReferencesOfNoCallAreNotFound(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	unknown := []string{"", "CA123", "sim-", "sim-000000000000", "sim-00000000000z", "sim-0000000000001", "../dials.jsonl"}
	for _, filled := range []bool{false, true} {
		if filled {
			b.create(request("call_a", simcarrier.NumberBusy))
			unknown = append(unknown[:3], "sim-000000000001", "sim-7fffffffffff")
		}
		for _, ref := range unknown {
			if _, err := b.Status(t.Context(), ref); !errors.Is(err, carrier.ErrNotFound) {
				t.Errorf("status of %q gave %v, want not found", ref, err)
			}
			if err := b.End(t.Context(), ref); !errors.Is(err, carrier.ErrNotFound) {
				t.Errorf("end of %q gave %v, want not found", ref, err)
			}
		}
	}
}

func TestALineThatIsNotWhereItsReferenceSaysIsNotFound(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	b.create(request("call_a", simcarrier.NumberBusy))
	path := filepath.Join(b.dir, "dials.jsonl")
	line, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(line, line...), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := b.Status(t.Context(), fmt.Sprintf("sim-%012x", len(line))); !errors.Is(err, carrier.ErrNotFound) {
		t.Errorf("status gave %+v, %v; want not found", s, err)
	}
}

func TestTheLimitsOfTheRequestHold(t *testing.T) {
	t.Parallel()
	b := open(t, func(c *simcarrier.Config) { c.TalkMin, c.Talk = time.Minute, time.Minute })
	r := request("call_a", simcarrier.NumberAnswered)
	r.TimeLimit = 10 * time.Second
	if _, s := b.course(b.create(r)); s.Status != carrier.Completed || s.Duration != r.TimeLimit {
		t.Errorf("ended %s after %s, want completed after the time limit", s.Status, s.Duration)
	}
	r.RingTimeout = time.Second
	if _, s := b.course(b.create(r)); s.Status != carrier.NoAnswer || s.EndedAt.Sub(s.RingingAt) != r.RingTimeout {
		t.Errorf("ended %s after ringing for %s, want no-answer after the ring timeout", s.Status, s.EndedAt.Sub(s.RingingAt))
	}
}

// Somebody hangs up, having read the clock just before the call ends by itself,
// and somebody looks just after that. What the look said must stay true.
func TestACallThatWasSeenToEndCanNotBeHungUpAnyMore(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	ref := b.create(request("call_a", simcarrier.NumberBusy))
	end := b.dials()[0].EndAt
	looks, err := simcarrier.Open(simcarrier.Default(b.dir), func() time.Time { return end.Add(time.Millisecond) })
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan carrier.State, 1)
	hangsUp, err := simcarrier.Open(simcarrier.Default(b.dir), func() time.Time {
		go func() {
			s, err := looks.Status(t.Context(), ref)
			if err != nil {
				t.Error(err)
			}
			seen <- s
		}()
		// The look can't end before the hanging up has, so this is all the time it gets.
		select {
		case s := <-seen:
			seen <- s
		case <-time.After(50 * time.Millisecond):
		}
		return end.Add(-time.Millisecond)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := hangsUp.End(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	b.now = end.Add(time.Hour)
	if first, now := <-seen, b.status(ref); first != now {
		t.Errorf("the call was seen as %+v, and is now %+v", first, now)
	}
}

func TestCallsGoAsDrawn(t *testing.T) {
	t.Parallel()
	b := open(t, func(c *simcarrier.Config) { c.Answer, c.Busy, c.Fail = 0.5, 0.2, 0.1 })
	number := func(i int) string { return fmt.Sprintf("+4420794600%02d", i%100) }
	n := 500
	if testing.Short() {
		n = 250
	}
	for i := range n {
		b.create(request(fmt.Sprintf("call_%d", i), number(i)))
	}
	count := map[carrier.Status]float64{}
	for _, d := range b.dials() {
		count[d.Status]++
		talk := d.EndAt.Sub(d.AnswerAt)
		if d.Status == carrier.Completed && (talk < 4999*time.Millisecond || talk > 5*time.Minute) {
			t.Errorf("%s talks for %s, out of bounds", d.CallID, talk)
		}
	}
	for status, share := range map[carrier.Status]float64{
		carrier.Completed: 0.5, carrier.Busy: 0.2, carrier.Failed: 0.1, carrier.NoAnswer: 0.2,
	} {
		if got := count[status] / float64(n); got < share-0.1 || got > share+0.1 {
			t.Errorf("%.2f of the calls were %s, want about %.2f", got, status, share)
		}
	}

	same := open(t, func(c *simcarrier.Config) { c.Answer, c.Busy, c.Fail = 0.5, 0.2, 0.1 })
	other := open(t, func(c *simcarrier.Config) { c.Answer, c.Busy, c.Fail, c.Seed = 0.5, 0.2, 0.1, 2 })
	differ := 0
	for i := range 50 {
		same.create(request(fmt.Sprintf("call_%d", i), number(i)))
		other.create(request(fmt.Sprintf("call_%d", i), number(i)))
		if same.dials()[i] != b.dials()[i] {
			t.Fatalf("the same call went another way: %+v, %+v", same.dials()[i], b.dials()[i])
		}
		if other.dials()[i].EndAt != b.dials()[i].EndAt {
			differ++
		}
	}
	if differ < 40 {
		t.Errorf("only %d of 50 calls differ with another seed", differ)
	}
}

func TestSpeedDividesEveryDurationAndLimit(t *testing.T) {
	t.Parallel()
	real, fast := open(t, nil), open(t, func(c *simcarrier.Config) { c.Speed = 10 })
	for i, number := range []string{simcarrier.NumberAnswered, simcarrier.NumberNoAnswer, simcarrier.NumberLongTalk, simcarrier.NumberBusy} {
		r := request("call_a", number)
		real.create(r)
		fast.create(r)
		want, got := real.dials()[i], fast.dials()[i]
		for _, times := range [][2]time.Time{{want.RingAt, got.RingAt}, {want.AnswerAt, got.AnswerAt}, {want.EndAt, got.EndAt}} {
			if times[0].IsZero() {
				continue
			}
			off := times[0].Sub(want.At)/10 - times[1].Sub(got.At)
			if off.Abs() > 10*time.Microsecond {
				t.Errorf("%s: %s after the dial, ten times as fast %s", number, times[0].Sub(want.At), times[1].Sub(got.At))
			}
		}
	}
}
