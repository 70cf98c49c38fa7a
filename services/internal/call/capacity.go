package call

import (
	"math"
	"time"
)

// Capacity is the one item that every admission and every end of an attempt
// writes: slots, rate and backoff together.
type Capacity struct {
	Limit   int     `json:"limit"`   // slots
	InUse   int     `json:"in_use"`  // slots taken
	Rate    float64 `json:"rate"`    // launches a second
	Stopped bool    `json:"stopped"` // nothing is admitted; what is admitted goes on

	StoppedAt time.Time `json:"stopped_at,omitzero"`  // while it is stopped: since when
	StoppedBy string    `json:"stopped_by,omitempty"` // and the owner id of whoever stopped it

	// Admitted counts the admissions since the store was made. It never goes down:
	// neither a launch that is refused nor the end of a call takes one back.
	Admitted int64 `json:"admitted"`

	RateAt       time.Time     `json:"rate_at,omitzero"`       // time of the last rate token taken, to the nanosecond; never goes back
	BackoffUntil time.Time     `json:"backoff_until,omitzero"` // nothing is admitted before this
	BackoffStep  time.Duration `json:"backoff_step,omitempty"`

	Version   int64     `json:"version"` // goes up with each change of limit, rate or stop, not with admissions
	UpdatedAt time.Time `json:"updated_at,omitzero"`
}

// The rate's tokens are taken a little ahead, so that a worker that is busy for
// a moment loses none; the launch itself waits for the token's time.
const (
	rateAhead    = 3 * time.Second
	maxRateAhead = 15 * time.Minute // a queue delays a message no longer
)

// maxInterval bounds the time between two tokens, so that a tiny rate doesn't overflow it.
const maxInterval = 365 * 24 * time.Hour

// Admission is the capacity side of Admitted: each field is a condition that
// the store checks in the same transaction, or what it writes.
type Admission struct {
	Version    int64     // of the limit, the rate and the stop that it goes by
	Now        time.Time // backoff must be over by then
	RateBefore time.Time // the stored time the token was worked out from
	RateAfter  time.Time // the stored time afterwards
}

// Backoff is a pause of all admission after a refused launch.
type Backoff struct {
	Until time.Time
	Step  time.Duration
}

const (
	firstBackoff = time.Second
	maxBackoff   = time.Minute
)

// Held says which condition holds every admission up right now, or "".
func (c Capacity) Held(now time.Time) Condition {
	switch {
	case c.Stopped:
		return ConditionStopped
	case c.BackoffUntil.After(now):
		return ConditionBackoff
	case c.InUse >= c.Limit:
		return ConditionLimit
	case c.Rate <= 0 || c.NextToken(now).After(now):
		return ConditionRate
	}
	return ""
}

// WaitingFor says why a ready call in an open lane is not running.
func (c Capacity) WaitingFor(now time.Time) WaitReason {
	switch c.Held(now) {
	case ConditionStopped:
		return WaitStopped
	case ConditionBackoff:
		return WaitBackoff
	case ConditionRate:
		return WaitRate
	}
	return WaitCapacity
}

// NextToken is when a rate token can be taken again.
func (c Capacity) NextToken(now time.Time) time.Time { return c.tokenTime(now).Add(-c.ahead()) }

// Admit takes the next rate token: the time at which the call may be launched,
// and what the store must check and write.
func (c Capacity) Admit(now time.Time) (launchAt time.Time, a Admission) {
	launchAt = c.tokenTime(now).UTC()
	return launchAt, Admission{Version: c.Version, Now: now, RateBefore: c.RateAt, RateAfter: launchAt}
}

// After is the capacity after an admission was written to it.
func (c Capacity) After(a Admission) Capacity {
	c.InUse++
	c.Admitted++
	c.RateAt = a.RateAfter
	return c
}

// Check tells whether an admission may be written to this capacity.
func (c Capacity) Check(a Admission) error {
	switch {
	case c.Stopped:
		return Refuse(ConditionStopped)
	case c.BackoffUntil.After(a.Now):
		return Refuse(ConditionBackoff)
	case c.InUse >= c.Limit:
		return Refuse(ConditionLimit)
	case c.Version != a.Version, !c.RateAt.Equal(a.RateBefore):
		return Refuse(ConditionRate)
	}
	return nil
}

// NextBackoff is the pause after one more refused launch: doubling while
// refusals follow each other, from one second to one minute.
func (c Capacity) NextBackoff(now time.Time) Backoff {
	step := firstBackoff
	if now.Before(c.BackoffUntil.Add(2 * c.BackoffStep)) {
		step = min(2*c.BackoffStep, maxBackoff)
	}
	// A refusal that was under way while the pause began is the same trouble, not more of it.
	if c.BackoffUntil.After(now) {
		step = c.BackoffStep
	}
	return Backoff{Until: stamp(now.Add(step)), Step: step}
}

// tokenTime is the time of the next token. It is worked out from the last one and
// the rate as it is now: so a rate that is raised again holds at once, however
// far away the next token was before.
func (c Capacity) tokenTime(now time.Time) time.Time {
	if next := c.RateAt.Add(c.interval()); next.After(now) {
		return next
	}
	return now
}

func (c Capacity) interval() time.Duration {
	if c.Rate*maxInterval.Seconds() <= 1 {
		return maxInterval
	}
	return time.Duration(math.Ceil(float64(time.Second) / c.Rate))
}

func (c Capacity) ahead() time.Duration {
	return min(max(rateAhead, c.interval()), maxRateAhead)
}

// CapacityUpdate holds the settings of capacity that a person may change; nil leaves one as it is.
type CapacityUpdate struct {
	Limit   *int
	Rate    *float64
	Stopped *bool

	By string // owner id of the person
}

// Set is the capacity after a person changed it. Slots in use stay as they
// are: when fewer are allowed, the next is admitted once enough have ended.
func (c Capacity) Set(u CapacityUpdate, now time.Time) Capacity {
	if u.Limit != nil {
		c.Limit = *u.Limit
	}
	if u.Rate != nil {
		c.Rate = *u.Rate
	}
	if u.Stopped != nil && *u.Stopped != c.Stopped {
		c = c.stop(*u.Stopped, u.By, now)
	}
	c.Version++
	c.UpdatedAt = stamp(now)
	return c
}

// stop stops admission or lets it go on. Whoever stops what is stopped already
// changes nothing: it was the first who did it.
func (c Capacity) stop(stopped bool, by string, now time.Time) Capacity {
	c.Stopped, c.StoppedAt, c.StoppedBy = stopped, time.Time{}, ""
	if stopped {
		c.StoppedAt, c.StoppedBy = stamp(now), by
	}
	return c
}
