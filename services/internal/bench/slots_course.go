package main

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/outdial/outdial/services/internal/carrier"
)

// chance draws what is left to chance in a simulated day, the same for the same
// seed. Both designs draw from the same distributions.
type chance struct{ *rand.Rand }

func newChance(seed uint64) chance {
	return chance{rand.New(rand.NewPCG(seed, 20))} //nolint:gosec // a simulation is to be repeatable, not secret
}

func (c chance) between(low, high time.Duration) time.Duration {
	return low + time.Duration(c.Int64N(int64(high-low)+1))
}

// hop is how long a message takes through SQS to a function that waits for it.
func (c chance) hop() time.Duration { return c.between(20*time.Millisecond, 300*time.Millisecond) }

// bus is how long an event takes through EventBridge and SQS.
func (c chance) bus() time.Duration { return c.between(200*time.Millisecond, 1500*time.Millisecond) }

// launch is how long the task service takes to answer, and startup how long the
// task takes from then until its program runs.
func (c chance) launch() time.Duration {
	return c.between(150*time.Millisecond, 600*time.Millisecond)
}
func (c chance) startup() time.Duration { return c.between(5*time.Second, 40*time.Second) }

// refused tells whether the task service has no room for this launch.
func (c chance) refused() bool { return c.IntN(200) == 0 }

// course is what becomes of a dialed call; times count from the dial.
type course struct {
	ring, answer, end time.Duration // answer 0: never
	how               carrier.Status
}

// course draws one: half of the calls are answered, and talk long now and then.
func (c chance) course() course {
	switch n := c.IntN(100); {
	case n < 50:
		answer := c.between(5*time.Second, 25*time.Second)
		return course{ring: 2 * time.Second, answer: answer, end: answer + c.talk(), how: carrier.Completed}
	case n < 80:
		return course{ring: 2 * time.Second, end: 30 * time.Second, how: carrier.NoAnswer}
	case n < 95:
		return course{end: 2 * time.Second, how: carrier.Busy}
	}
	return course{end: 3 * time.Second, how: carrier.Failed}
}

// talk is between 20 s and 10 min with a heavy tail: a bounded Pareto
// distribution with exponent 1.1, whose mean is about 65 s.
func (c chance) talk() time.Duration {
	const low, high, exponent = 20.0, 600.0, 1.1
	ratio := math.Pow(low/high, exponent)
	seconds := low / math.Pow(1-c.Float64()*(1-ratio), 1/exponent)
	return time.Duration(seconds * float64(time.Second))
}

// state is how the call is, so long after the dial.
func (c course) state(dialed, now time.Time) carrier.State {
	s := carrier.State{Status: carrier.Queued}
	passed := now.Sub(dialed)
	if c.ring > 0 && passed >= c.ring {
		s.Status, s.RingingAt = carrier.Ringing, dialed.Add(c.ring)
	}
	if c.answer > 0 && passed >= c.answer {
		s.Status, s.AnsweredAt = carrier.InProgress, dialed.Add(c.answer)
	}
	if passed >= c.end {
		s.Status, s.EndedAt = c.how, dialed.Add(c.end)
		if c.answer > 0 {
			s.Duration = c.end - c.answer
		}
	}
	return s
}
