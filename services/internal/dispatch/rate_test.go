package dispatch_test

import (
	"slices"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/testworld"
)

// launches notes when each attempt's task was started, after the given time.
func launches(w *testworld.World, since time.Time) []time.Duration {
	var at []time.Duration
	for _, c := range w.Calls() {
		for _, step := range c.History {
			if step.Status == call.Starting {
				at = append(at, step.At.Sub(since))
			}
		}
	}
	slices.Sort(at)
	return at
}

// paced is a world with so many ready calls.
func paced(t testing.TB, calls int, rate float64) *testworld.World {
	w := newWorld(t)
	w.SetRoom(1000, rate)
	for range calls {
		w.Create("ann")
	}
	w.Clock.Advance(time.Second - w.Clock.Now().Sub(w.Clock.Now().Truncate(time.Second)))
	return w
}

func TestTokensAreTakenAFewSecondsAheadWithADelayedJobEach(t *testing.T) {
	t.Parallel()
	w := paced(t, 10, 1)
	w.Fill()
	var delays []time.Duration
	for _, sent := range w.Jobs() {
		delays = append(delays, sent.Delay)
	}
	if want := []time.Duration{time.Second, 2 * time.Second, 3 * time.Second}; !slices.Equal(delays, want) {
		t.Errorf("jobs are delayed by %v, want %v", delays, want)
	}
	if n := len(w.Tasks.All); n != 1 {
		t.Errorf("%d tasks were started at once, want 1", n)
	}
}

func TestADuplicateOfADelayedJobLaunchesNothingBeforeItsTime(t *testing.T) {
	t.Parallel()
	w := paced(t, 4, 1)
	w.Fill()
	last := admitted(w)[3]
	before := len(w.Sent)
	w.Clock.Advance(490 * time.Millisecond)
	work(t, w, job(w, last.ID))
	if n := len(w.Tasks.All); n != 1 {
		t.Errorf("%d tasks were started, want 1", n)
	}
	if got := w.Sent[before]; got.Job != job(w, last.ID) || got.Delay != 2500*time.Millisecond {
		t.Errorf("sent %+v, want the job again with what remains of its delay", got)
	}
}

func TestDelayedJobsKeepTheRateGoingWithoutTheTick(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{20, 3, 1, 0.2, 0.01} {
		w := paced(t, 30, rate)
		w.NoTicks = true
		began := w.Clock.Now()
		w.Fill()
		interval := time.Duration(float64(time.Second) / rate)
		w.Run(29*interval + time.Second)
		at := launches(w, began)
		if len(at) != 30 {
			t.Errorf("at a rate of %g, %d of 30 calls were launched", rate, len(at))
		}
		for i, d := range at {
			if want := time.Duration(i) * interval; d < want-time.Millisecond || d > want+50*time.Millisecond {
				t.Errorf("at a rate of %g, launch %d came after %v, want %v", rate, i+1, d, want)
			}
		}
	}
}

func TestATokenIsTakenAtMostFifteenMinutesAhead(t *testing.T) {
	t.Parallel()
	w := paced(t, 2, 1.0/3600)
	began := w.Clock.Now()
	w.Fill()
	w.Run(44 * time.Minute)
	if got := len(admitted(w)); got != 1 {
		t.Errorf("%d calls are admitted within 44 minutes at one an hour, want 1", got)
	}
	w.Run(17 * time.Minute)
	if at := launches(w, began); len(at) != 2 || at[1] < time.Hour || at[1] > time.Hour+time.Second {
		t.Errorf("launched after %v, want 0 and an hour", at)
	}
}

func TestALowerRateHoldsFromTheNextTokenOn(t *testing.T) {
	t.Parallel()
	w := paced(t, 8, 1)
	began := w.Clock.Now()
	w.Fill()
	rate := 0.1
	if _, err := w.Capacity.Set(t.Context(), call.CapacityUpdate{Rate: &rate}); err != nil {
		t.Fatal(err)
	}
	w.Run(30 * time.Second)
	want := []float64{0, 1, 2, 3, 13, 23} // seconds
	at := launches(w, began)
	if len(at) != len(want) {
		t.Fatalf("launched after %v, want %d launches", at, len(want))
	}
	for i := range want {
		if at[i].Seconds() != want[i] {
			t.Errorf("launch %d came after %v, want %g seconds", i+1, at[i], want[i])
		}
	}
}

func TestAHigherRateHoldsAtOnce(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		low   float64
		first time.Duration // when the token of the low rate that was taken ahead is due
	}{
		{"though the next token was an hour away", 1.0 / 3600, 0},
		{"behind the token that was taken ahead", 0.1, 10 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := paced(t, 12, test.low)
			w.NoTicks = true
			began := w.Clock.Now()
			w.Fill()
			rate := 10.0
			if _, err := w.Capacity.Set(t.Context(), call.CapacityUpdate{Rate: &rate}); err != nil {
				t.Fatal(err)
			}
			w.Run(time.Minute)
			at := launches(w, began)
			if len(at) != 12 || at[11] > test.first+1100*time.Millisecond {
				t.Errorf("launched after %v, want all a second after %v", at, test.first)
			}
		})
	}
}

func TestACanceledCallsTokenIsNotUsedByItsDelayedJob(t *testing.T) {
	t.Parallel()
	w := paced(t, 3, 1)
	w.NoTicks = true
	w.Fill()
	canceled := admitted(w)[1].ID
	if _, err := w.Tracker.Cancel(t.Context(), canceled); err != nil {
		t.Fatal(err)
	}
	w.Run(time.Minute)
	if n := len(w.Tasks.Runs); n != 2 {
		t.Errorf("%d launches were asked for, want 2", n)
	}
	is(t, w, canceled, call.Canceled, 1)
}

func TestEveryDelayedJobFills(t *testing.T) {
	t.Parallel()
	w := paced(t, 2, 1)
	w.NoTicks = true
	w.Fill()
	late := w.Create("bob") // its own job is lost
	w.Run(10 * time.Second)
	if c := w.Call(late); !c.Status.Active() {
		t.Errorf("the call is %s although delayed jobs came after it", c.Status)
	}
}

func TestTheRatesTimeNeverGoesBackWhenAWorkersClockDoes(t *testing.T) {
	t.Parallel()
	w := paced(t, 4, 1)
	w.Fill()
	last := admitted(w)[3]
	w.Create("ann")
	w.Dispatcher.Now = func() time.Time { return w.Clock.Now().Add(-time.Hour) }
	work(t, w, messages.Job{Fill: true}) // the world watches the stored time
	work(t, w, job(w, last.ID))
	if n := len(w.Tasks.All); n != 1 {
		t.Errorf("%d tasks were started, want 1", n)
	}
}

// TestAFillReadsTheCapacityOnce: what it admits itself it knows.
func TestAFillReadsTheCapacityOnce(t *testing.T) {
	t.Parallel()
	w := paced(t, 10, 20)
	w.Fill()
	if got, n := len(admitted(w)), w.Asked("store.Capacity"); got != 10 || n != 1 {
		t.Errorf("%d calls were admitted, and the capacity was read %d times", got, n)
	}
}

// TestARateThatIsLoweredInTheMiddleOfAFillHolds, because each admission requires
// that limit, rate and stop are those that it goes by.
func TestARateThatIsLoweredInTheMiddleOfAFillHolds(t *testing.T) {
	t.Parallel()
	w := paced(t, 50, 20)
	w.Before("tasks.Run", func() { w.SetRoom(1000, 0.5) })
	w.Fill()
	if got := len(admitted(w)); got > 3 {
		t.Errorf("%d calls were admitted, of which one at the old rate", got)
	}
}
