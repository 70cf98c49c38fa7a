package call_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/outdial/outdial/services/internal/call"
)

func TestEachConditionHoldsAdmissionUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		is   call.Capacity
		held call.Condition
		wait call.WaitReason
	}{
		{"a free slot and a token", call.Capacity{Limit: 2, InUse: 1, Rate: 1}, "", call.WaitCapacity},
		{"stopped, whatever else", call.Capacity{Stopped: true, BackoffUntil: noon.Add(1)}, call.ConditionStopped, call.WaitStopped},
		{"a backoff that runs", call.Capacity{Limit: 1, Rate: 1, BackoffUntil: noon.Add(1)}, call.ConditionBackoff, call.WaitBackoff},
		{"a backoff that is over", call.Capacity{Limit: 1, Rate: 1, BackoffUntil: noon}, "", call.WaitCapacity},
		{"all slots taken", call.Capacity{Limit: 2, InUse: 2, Rate: 1}, call.ConditionLimit, call.WaitCapacity},
		{"more slots taken than are allowed now", call.Capacity{Limit: 1, InUse: 2, Rate: 1}, call.ConditionLimit, call.WaitCapacity},
		{"no rate at all", call.Capacity{Limit: 1}, call.ConditionRate, call.WaitRate},
		{"tokens for three seconds are taken ahead", call.Capacity{Limit: 1, Rate: 10, RateAt: noon.Add(2900 * time.Millisecond)}, "", call.WaitCapacity},
		{"and no more than that", call.Capacity{Limit: 1, Rate: 10, RateAt: noon.Add(2901 * time.Millisecond)}, call.ConditionRate, call.WaitRate},
		{"a slow rate's token is taken as soon as the last one's time has come", call.Capacity{Limit: 1, Rate: 0.01, RateAt: noon}, "", call.WaitCapacity},
		{"and not before", call.Capacity{Limit: 1, Rate: 0.01, RateAt: noon.Add(1)}, call.ConditionRate, call.WaitRate},
		{"a very slow rate's token is taken no longer ahead than a message can wait", call.Capacity{Limit: 1, Rate: 1.0 / 3600, RateAt: noon.Add(-45 * time.Minute)}, "", call.WaitCapacity},
		{"and not before that", call.Capacity{Limit: 1, Rate: 1.0 / 3600, RateAt: noon.Add(-45*time.Minute + 1)}, call.ConditionRate, call.WaitRate},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if held, wait := c.is.Held(noon), c.is.WaitingFor(noon); held != c.held || wait != c.wait {
				t.Errorf("held by %q, ready calls wait for %q; want %q and %q", held, wait, c.held, c.wait)
			}
		})
	}
}

func TestAnAdmissionIsWrittenOnlyToTheCapacityItWasMadeFrom(t *testing.T) {
	t.Parallel()
	c := call.Capacity{Limit: 2, InUse: 1, Rate: 1, RateAt: morning}
	_, a := c.Admit(noon)
	if err := c.Check(a); err != nil {
		t.Errorf("refused at once: %v", err)
	}
	for condition, edit := range map[call.Condition]func(*call.Capacity){
		call.ConditionStopped: func(c *call.Capacity) { c.Stopped = true },
		call.ConditionBackoff: func(c *call.Capacity) { c.BackoffUntil = noon.Add(1) },
		call.ConditionLimit:   func(c *call.Capacity) { c.InUse++ },
		call.ConditionRate:    func(c *call.Capacity) { c.RateAt = noon },
	} {
		moved := c
		edit(&moved)
		if err := moved.Check(a); !call.RefusedFor(err, condition) {
			t.Errorf("with another %s the store answers %v", condition, err)
		}
	}
}

// The rate's stored time never goes back, whatever the clocks and the rate do, and
// no two tokens are closer than the rate that the later one was taken at.
func TestTokensAreNeverTooClose(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := call.Capacity{Limit: 1, Rate: 1}
		now := noon
		for range steps() {
			now = now.Add(time.Duration(rapid.IntRange(-600_000, 600_000).Draw(t, "clock")) * pick(t, "unit", time.Microsecond, time.Millisecond))
			if pick(t, "set the rate", true, false, false, false) {
				rate := rapid.Float64Range(1e-12, 1000).Draw(t, "rate")
				c = c.Set(call.CapacityUpdate{Rate: &rate}, now)
			}
			if c.Held(now) != "" {
				if !c.NextToken(now).After(now) {
					t.Fatalf("held by %q, though the next token is at %v and it is %v", c.Held(now), c.NextToken(now), now)
				}
				continue
			}
			launchAt, a := c.Admit(now)
			if err := c.Check(a); err != nil {
				t.Fatalf("not held, and refused: %v", err)
			}
			if launchAt.Before(now) || launchAt.Sub(now) > 15*time.Minute {
				t.Fatalf("a token for %v, at %v", launchAt, now)
			}
			if a.RateAfter.Before(c.RateAt) {
				t.Fatalf("the stored time went back from %v to %v", c.RateAt, a.RateAfter)
			}
			// A year apart is as good as never, and what a time.Duration can hold.
			apart := min(1e9/c.Rate, float64(365*24*time.Hour))
			if !c.RateAt.IsZero() && float64(launchAt.Sub(c.RateAt)) < apart {
				t.Fatalf("tokens at %v and %v at %v a second", c.RateAt, launchAt, c.Rate)
			}
			c.RateAt = a.RateAfter
		}
	})
}

func TestARateThatIsRaisedHoldsAtOnce(t *testing.T) {
	t.Parallel()
	c := call.Capacity{Limit: 1, Rate: 0.0001}
	_, a := c.Admit(noon)
	c.RateAt = a.RateAfter
	later := noon.Add(time.Second)
	if c.Held(later) != call.ConditionRate {
		t.Fatal("a token every three hours is not waited for")
	}
	rate := 1.0
	c = c.Set(call.CapacityUpdate{Rate: &rate}, later)
	if launchAt, _ := c.Admit(later); c.Held(later) != "" || !launchAt.Equal(later) {
		t.Errorf("after a mistaken rate was put right, the next token is at %v", launchAt)
	}
}

func TestBackoffDoublesWhileRefusalsFollowEachOther(t *testing.T) {
	t.Parallel()
	c, now := call.Capacity{}, noon
	for _, seconds := range []int{1, 2, 4, 8, 16, 32, 60, 60} {
		b := c.NextBackoff(now)
		if b.Step.Seconds() != float64(seconds) || !b.Until.Equal(now.Add(b.Step)) {
			t.Fatalf("the pause is %+v at %v; want %d s", b, now, seconds)
		}
		c.BackoffUntil, c.BackoffStep = b.Until, b.Step
		if during := c.NextBackoff(now.Add(b.Step / 2)); during.Step != b.Step {
			t.Errorf("a refusal that was under way makes the pause %v of %v", during.Step, b.Step)
		}
		now = b.Until // the first launch after the pause is refused again
	}
	within := c.BackoffUntil.Add(2*c.BackoffStep - time.Millisecond)
	if b := c.NextBackoff(within); b.Step != time.Minute {
		t.Errorf("shortly after a pause of a minute the next is %v", b.Step)
	}
	if b := c.NextBackoff(c.BackoffUntil.Add(2 * c.BackoffStep)); b.Step != time.Second {
		t.Errorf("a good while after a pause of a minute the next is %v", b.Step)
	}
}

func goesOn(c *call.Capacity) { c.Stopped, c.StoppedAt, c.StoppedBy = false, time.Time{}, "" }

func TestAStopSaysSinceWhenAndWhoseItIs(t *testing.T) {
	t.Parallel()
	stop := true
	c := call.Capacity{Limit: 3}.Set(call.CapacityUpdate{Stopped: &stop, By: "ann"}, noon)
	if !c.Stopped || !c.StoppedAt.Equal(noon) || c.StoppedBy != "ann" {
		t.Errorf("stopped by ann it is %+v", c)
	}
}

func TestEachAdmissionIsCounted(t *testing.T) {
	t.Parallel()
	c := call.Capacity{Limit: 2, InUse: 1, Admitted: 7, Rate: 1, RateAt: morning}
	_, a := c.Admit(noon)
	if after := c.After(a); after.Admitted != 8 || after.InUse != 2 || !after.RateAt.Equal(a.RateAfter) {
		t.Errorf("after an admission it is %+v", after)
	}
}

func TestSetChangesWhatIsGivenAndNothingElse(t *testing.T) {
	t.Parallel()
	before := call.Capacity{
		Limit: 3, InUse: 2, Admitted: 9, Rate: 1.5, Stopped: true, StoppedAt: morning, StoppedBy: "ann",
		RateAt: noon, BackoffUntil: noon, BackoffStep: time.Second, Version: 4, UpdatedAt: morning,
	}
	limit, rate, stopped, again := 0, 20.0, false, true
	for name, c := range map[string]struct {
		update call.CapacityUpdate
		want   func(*call.Capacity)
	}{
		"nothing":    {call.CapacityUpdate{}, func(*call.Capacity) {}},
		"the limit":  {call.CapacityUpdate{Limit: &limit}, func(c *call.Capacity) { c.Limit = 0 }},
		"the rate":   {call.CapacityUpdate{Rate: &rate}, func(c *call.Capacity) { c.Rate = 20 }},
		"stopped":    {call.CapacityUpdate{Stopped: &stopped, By: "bob"}, goesOn},
		"a 2nd stop": {call.CapacityUpdate{Stopped: &again, By: "bob"}, func(*call.Capacity) {}},
		"all at all": {call.CapacityUpdate{Limit: &limit, Rate: &rate, Stopped: &stopped}, func(c *call.Capacity) {
			c.Limit, c.Rate = 0, 20
			goesOn(c)
		}},
	} {
		want := before
		want.Version, want.UpdatedAt = 5, noon
		c.want(&want)
		differ(t, name, before.Set(c.update, noon), want)
	}
}

// A float that a Duration can't hold must not make the time go back.
func TestRatesThatMakeNoSenseAreNoRates(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0, -1, math.Inf(-1), math.SmallestNonzeroFloat64, 1e-300} {
		c := call.Capacity{Limit: 1, Rate: rate, RateAt: noon}
		if c.Held(noon.Add(time.Hour)) != call.ConditionRate {
			t.Errorf("at a rate of %v a call is admitted every hour", rate)
		}
		if launchAt, a := c.Admit(noon); launchAt.Before(noon.Add(time.Hour)) || a.RateAfter.Before(noon) {
			t.Errorf("at a rate of %v the next token is at %v", rate, launchAt)
		}
	}
}
