package simulation

import (
	"errors"
	"fmt"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/task"
)

// Fault is how one call of a port, or something in the world, goes wrong.
type Fault int

// The faults.
const (
	None Fault = iota

	// Of every port.
	Before // fails, and nothing has happened
	Delay  // takes effect some time later; the caller stands still
	Crash  // its caller dies just before

	// Of ports with an effect. A crash after the effect is one before the next.
	Unclear // answers unclearly, and nothing has happened
	After   // takes effect and answers unclearly
	Twice   // takes effect twice, as when a client library repeats it; the second answer counts

	// Of lists.
	Stale // shows what was there the last time

	// Of the task service.
	NoCapacity   // refuses for lack of room
	Throttled    // refuses by rate
	Refused      // refuses for good; also of the carrier
	TokenExpired // has forgotten the client token: the repeat starts a second task
	Stuck        // the task never starts
	Unknown      // a running task that was never described isn't known
	LooksAlive   // a task that has just ended still shows as running
	Killed       // the task's process dies
	Outage       // the service gives no answer for more than a day

	// Of the carrier.
	Busy      // refuses for the moment
	LateDial  // answers unclearly, and dials some time later
	FindLag   // dials, and Find shows it only later
	EndLag    // ends the call only later
	Unlimited // the call goes on until its own limits

	// Of messages.
	Lost     // of events only
	Late     // is seen only later
	Repeated // comes again after it was handled
	Foreign  // an event of somebody who never held the claim
	Dead     // is moved to the dead-letter queue by the queue itself

	// Of clocks.
	Skew // an actor's clock is wrong by minutes

	faults
)

var faultNames = [faults]string{
	"none", "before", "delay", "crash", "unclear", "after", "twice", "stale", "no capacity", "throttled", "refused",
	"token expired", "stuck", "unknown", "looks alive", "killed", "outage", "busy", "late dial", "find lag", "end lag",
	"unlimited", "lost", "late", "repeated", "foreign", "dead", "skew",
}

// Faults are all faults but None.
func Faults() []Fault {
	var all []Fault
	for f := Before; f < faults; f++ {
		all = append(all, f)
	}
	return all
}

func (f Fault) String() string { return faultNames[f] }

// The faults of the kinds of ports.
var (
	readFaults  = []Fault{Before, Delay, Crash}
	listFaults  = []Fault{Before, Delay, Crash, Stale}
	writeFaults = []Fault{Before, Delay, Crash, Unclear, After, Twice}
	onceFaults  = []Fault{Before, Delay, Crash, Unclear, After} // a repeat would be a mistake of the adapter
	runFaults   = append([]Fault{NoCapacity, Throttled, Refused, TokenExpired, Stuck}, writeFaults...)
	dialFaults  = append([]Fault{Refused, Busy, LateDial, FindLag, Unlimited}, onceFaults...)
	endFaults   = append([]Fault{EndLag}, writeFaults...)
	stateFaults = append([]Fault{Unknown, LooksAlive}, readFaults...)
)

var (
	errDown    = errors.New("the port is down")
	errUnclear = fmt.Errorf("no answer: %w, %w, %w", call.ErrUnclear, task.ErrUnclear, carrier.ErrUnclear)
	errDied    = errors.New("died")
)

// crash is what an actor dies of.
type crash struct{}

// survive runs an actor's program, which may die.
func survive(program func() error) (err error) {
	defer func() {
		switch dead := recover(); dead.(type) {
		case nil:
		case crash:
			err = errDied
		default:
			panic(dead)
		}
	}()
	return program()
}

// profile says how often each fault comes in a history, in cases of a thousand.
type profile [faults]int

// draw chooses the faults of a history: about half of them. Those of one port
// only come more often.
func (p *profile) draw(c *choices) {
	for f := Before; f < faults; f++ {
		p[f] = pick(c, 0, 0, 0, 5, 20, 60)
		if f >= NoCapacity && f <= LooksAlive || f >= Busy && f <= Dead {
			p[f] *= 3
		}
	}
	p[Crash] /= 2
	p[Killed] /= 5 // this one and the next are asked for at every step
	p[Foreign] /= 9
	p[Outage] = boolean(c.chance(25))
	if c.chance(100) { // so that calls are dead-lettered, redriven and dead-lettered again
		p[Refused] = 500
	}
	if p[Skew] > 0 { // see the package's documentation
		p[LateDial], p[FindLag] = 0, 0
	}
}

// fault chooses how a call of a port goes wrong.
func (w *world) fault(row string, kinds []Fault) Fault {
	if w.calm {
		return None
	}
	weights := w.weights[:0]
	for _, f := range kinds {
		weights = append(weights, w.profile[f])
	}
	w.weights = weights
	f := None
	if i := w.choices.weighted(weights); i > 0 {
		f = kinds[i-1]
	}
	w.coverage.count(row, f)
	return f
}

// aWhile is how long a delay lasts.
func (w *world) aWhile() time.Duration {
	return pick(w.choices, time.Second, 20*time.Second, 2*time.Minute, 10*time.Minute)
}
