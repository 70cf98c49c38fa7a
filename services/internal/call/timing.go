package call

import "time"

// Timing holds the times after which something is looked at again. They decide
// how soon, never whether, with one exception: Settle compares the clocks of two
// looks, so clocks that are further apart than that may give the slot of a lost
// call back early. Nobody is dialed twice by it.
type Timing struct {
	Resend time.Duration // first wait for a launch before its job is sent again; doubles, at most MaxResend
	Start  time.Duration // from an accepted task to the moment its claim is closed
	Ring   time.Duration // how long a phone may ring
	Grace  time.Duration // on top of a call's own limits
	Look   time.Duration // between looks at a call whose task is running or unknown
	Cancel time.Duration // between repeats of a cancel, and of asking the carrier to end a lost call
	Settle time.Duration // how long a dial that was under way when its task died may take to show at the carrier
}

// DefaultTiming is the timing for Fargate, whose tasks take a minute to start.
func DefaultTiming() Timing {
	return Timing{
		Resend: time.Minute,
		Start:  5 * time.Minute,
		Ring:   time.Minute,
		Grace:  time.Minute,
		Look:   time.Minute,
		Cancel: 15 * time.Second,
		Settle: time.Minute,
	}
}

// MaxResend bounds the doubling wait between jobs that are sent again.
const MaxResend = time.Hour

// launchOutage is how long launches may fail to answer before a call is given
// up: an outage of worker or queue of less than a day kills no healthy call (R6).
const launchOutage = 25 * time.Hour

// MissingTaskWait is added to a call's limits before a task that can't be found
// counts as ended. It is the one place where a promise rests on a clock (R5).
const MissingTaskWait = time.Hour

// resendAfter is the wait before the job of a launching call is sent for the n-th time again, from 0.
func (t Timing) resendAfter(n int) time.Duration {
	d := t.Resend
	for range n {
		if d >= MaxResend {
			return MaxResend
		}
		d *= 2
	}
	return min(d, MaxResend)
}

// ResendLimit is the number of jobs sent again after which a launching call is
// dead-lettered. Their waits add up to more than a day.
func (t Timing) ResendLimit() int {
	n := 0
	for sum := time.Duration(0); sum < launchOutage; n++ {
		sum += max(t.resendAfter(n), time.Second)
	}
	return n
}
