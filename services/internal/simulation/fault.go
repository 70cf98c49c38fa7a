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
	Stale // shows what was there the last time it was asked

	// Of the task service.
	NoCapacity   // refuses for lack of room
	Throttled    // refuses by rate
	Refused      // refuses for good
	TokenExpired // has forgotten the client token of a repeat, which starts a second task
	Stuck        // the task never starts
	Unknown      // a running task that was never described isn't known
	LooksAlive   // a task that has just ended still shows as running
	Killed       // the task's process dies
	Outage       // the service gives no answer for more than a day

	// Of the carrier.
	Rejected  // refuses for good
	Busy      // refuses for the moment
	LateDial  // answers unclearly, and dials some time later
	FindLag   // dials, and Find shows it only later
	EndLag    // ends the call only later
	Unlimited // the call goes on until its own limits
	Silent    // finds nobody's call for some minutes, longer than an agent asks

	// Of messages.
	Lost     // of events only
	Late     // is seen only later
	Repeated // comes again after it was handled
	Foreign  // an event of somebody who never held the claim
	Dead     // is moved to the dead-letter queue by the queue itself

	// Of clocks.
	Skew  // an actor's clock is wrong by minutes
	Early // a tracker looks minutes before anything is due

	faults
)

// lastOfPorts: the faults up to it are what any port may choose.
const lastOfPorts = Twice

var faultNames = [faults]string{
	"none", "before", "delay", "crash", "unclear", "after", "twice", "stale", "no capacity", "throttled", "refused",
	"token expired", "stuck", "unknown", "looks alive", "killed", "outage", "rejected", "busy", "late dial", "find lag", "end lag",
	"unlimited", "silent", "lost", "late", "repeated", "foreign", "dead", "skew", "early",
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
	readFaults   = []Fault{Before, Delay, Crash}
	writeFaults  = []Fault{Before, Delay, Crash, Unclear, After, Twice}
	onceFaults   = []Fault{Before, Delay, Crash, Unclear, After} // a repeat would be a mistake of the adapter
	launchFaults = []Fault{NoCapacity, Throttled, Refused, Stuck}
	dialFaults   = []Fault{Rejected, Busy, LateDial, FindLag, Unlimited}
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

// storm is how often a fault comes that all are about, in cases of a thousand.
const storm = 700

// profile says how often each fault comes in a history, in cases of a thousand.
type profile [faults]int

// draw chooses the faults of a history: about half of them. Those of one port
// only come more often.
func (p *profile) draw(c *choices) {
	for f := Before; f < faults; f++ {
		p[f] = pick(c, 0, 60, 20, 5, 0, 0)
		if f >= NoCapacity && f <= LooksAlive || f >= Rejected && f <= Dead {
			p[f] *= 3
		}
	}
	p[LooksAlive] *= 4 // seldom asked for
	p[Crash] /= 2
	p[Killed] /= 5 // this one and the next are asked for at every step
	p[Foreign] /= 9
	p[Early] /= 9
	p[Outage] = boolean(c.chance(25))
	if p[Outage] > 0 { // so that calls are given up, which takes more than a day
		p[Dead] = 500 // without the latter their jobs come ten times as often
	}
	if c.chance(60) { // so that attempts end without a dial again and again
		p[pick(c, Stuck, NoCapacity, Rejected)] = storm
	}
	if c.chance(100) { // so that calls are dead-lettered, redriven and dead-lettered again
		p[Refused] = 500
	}
	p[Early] *= boolean(c.chance(250))
	if !p.clocksAreRight() { // see the package's documentation
		p[LateDial], p[FindLag] = 0, 0
	}
}

// plain leaves only the refusals, which everybody has to expect.
func (p *profile) plain() {
	for f := range p {
		switch Fault(f) {
		case NoCapacity, Throttled, Refused, Rejected:
		default:
			p[f] = 0
		}
	}
}

// clocksAreRight tells whether all actors go by the same time.
func (p *profile) clocksAreRight() bool { return p[Skew] == 0 && p[Early] == 0 }

// fault chooses whether something in a row of the coverage goes wrong, and how.
func (w *world) fault(row string, kinds ...Fault) Fault {
	if w.calm {
		return None
	}
	weights, times := w.weights[:0], max(1, rare[row])
	for _, f := range kinds {
		weights = append(weights, min(w.profile[f]*times, max(w.profile[f], 120)))
	}
	w.weights = weights
	i := w.choices.weighted(weights)
	if i == 0 {
		return None
	}
	w.coverage.count(row, kinds[i-1])
	return kinds[i-1]
}

// aWhile is how long a delay lasts.
func (w *world) aWhile() time.Duration {
	return pick(w.choices, time.Second, 20*time.Second, 2*time.Minute, 10*time.Minute)
}
