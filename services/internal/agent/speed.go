package agent

import "time"

const (
	minPoll = 50 * time.Millisecond
	// minFind is how long an unclear dial is looked for at the least: a simulated
	// carrier tells at once, but a busy machine may not.
	minFind = 3 * time.Second
)

// SpedUp is the timing for a simulated carrier whose calls go this much faster than
// real ones: it is looked at more often. The limits stay as they are.
func (t Timing) SpedUp(speed float64) Timing {
	t.Poll = min(max(time.Duration(float64(t.Poll)/speed), minPoll), t.Poll)
	t.Look = min(max(time.Duration(float64(t.Look)/speed), minPoll), t.Look)
	t.Find = min(max(time.Duration(float64(t.Find)/speed), minFind), t.Find)
	return t
}
