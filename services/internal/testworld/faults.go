package testworld

import (
	"errors"
	"fmt"
	"testing"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/task"
)

// Fault is how one call of a port goes wrong.
type Fault string

// The faults.
const (
	None        Fault = ""
	Before      Fault = "fails before it takes effect"
	After       Fault = "takes effect and answers unclearly"
	Unclear     Fault = "takes no effect and answers unclearly"
	CrashBefore Fault = "finds its caller dead before it takes effect"
	CrashAfter  Fault = "finds its caller dead after it took effect"
)

// Of a read only what comes before it matters: it has no effect.
var (
	readFaults  = []Fault{Before, CrashBefore}
	writeFaults = []Fault{Before, After, Unclear, CrashBefore, CrashAfter}
)

var (
	errDown    = errors.New("the port is down")
	errUnclear = fmt.Errorf("no answer: %w, %w, %w", call.ErrUnclear, task.ErrUnclear, carrier.ErrUnclear)
	errCrashed = errors.New("the program died")
)

// crash is what a program dies of.
type crash struct{}

// survive runs a program, which may die of a fault.
func survive(program func() error) (err error) {
	defer func() {
		switch dead := recover(); dead.(type) {
		case nil:
		case crash:
			err = errCrashed
		default:
			panic(dead)
		}
	}()
	return program()
}

// ports stands before all ports.
type ports struct {
	asked  []asked
	faults map[string][]Fault // of the next calls, by port
	hooks  map[string][]func()
	at     int   // the call of any port, from 0, that goes wrong
	how    Fault // in this way
}

type asked struct {
	port  string
	write bool
}

// Fail makes the next calls of a port go wrong, each in the way given; None lets one pass.
// Ports are named as in "store.Apply", "tasks.Run", "carrier.End", "send:calls", "agent.TakeClaim".
func (w *World) Fail(port string, faults ...Fault) {
	if w.ports.faults == nil {
		w.ports.faults = map[string][]Fault{}
	}
	w.ports.faults[port] = append(w.ports.faults[port], faults...)
}

// Heal ends what Fail began.
func (w *World) Heal(port string) { delete(w.ports.faults, port) }

// Before lets something happen just before the next call of a port. Given
// several times for one port, each happens before another call.
func (w *World) Before(port string, happens func()) {
	if w.ports.hooks == nil {
		w.ports.hooks = map[string][]func(){}
	}
	w.ports.hooks[port] = append(w.ports.hooks[port], happens)
}

// Asked counts the calls of a port so far.
func (w *World) Asked(port string) int {
	n := 0
	for _, a := range w.ports.asked {
		if a.port == port {
			n++
		}
	}
	return n
}

func (p *ports) fault(port string, write bool) Fault {
	n := len(p.asked)
	p.asked = append(p.asked, asked{port, write})
	if p.how != None && n == p.at {
		return p.how
	}
	next := p.faults[port]
	if len(next) == 0 {
		return None
	}
	p.faults[port] = next[1:]
	return next[0]
}

// read asks a port that has no effect.
func read[T any](w *World, port string, do func() (T, error)) (T, error) {
	return ask(w, port, false, do)
}

// write asks a port that has one.
func write(w *World, port string, do func() error) error {
	_, err := ask(w, port, true, func() (struct{}, error) { return struct{}{}, do() })
	return err
}

func ask[T any](w *World, port string, effect bool, do func() (T, error)) (T, error) {
	var none T
	if hooks := w.ports.hooks[port]; len(hooks) > 0 {
		w.ports.hooks[port] = hooks[1:]
		hooks[0]()
	}
	switch w.ports.fault(port, effect) {
	case Before:
		return none, fmt.Errorf("%s: %w", port, errDown)
	case Unclear:
		return none, fmt.Errorf("%s: %w", port, errUnclear)
	case CrashBefore:
		panic(crash{})
	case After:
		if _, err := do(); err != nil {
			return none, err
		}
		return none, fmt.Errorf("%s: %w", port, errUnclear)
	case CrashAfter:
		if _, err := do(); err != nil {
			return none, err
		}
		panic(crash{})
	}
	return do()
}

// EveryFault runs a flow in a new world once for each call of a port that it
// makes and for each way in which that call can go wrong. Afterwards everything
// must come to its end. What opens the world goes well.
func EveryFault(t *testing.T, open func(testing.TB) *World, flow func(*World)) {
	t.Helper()
	smooth := open(t)
	opened := len(smooth.ports.asked)
	flow(smooth)
	smooth.RunUntilQuiet()
	for n, a := range smooth.ports.asked {
		if n < opened {
			continue
		}
		faults := readFaults
		if a.write {
			faults = writeFaults
		}
		for _, fault := range faults {
			t.Run(fmt.Sprintf("call %d of a port, %s, %s", n-opened+1, a.port, fault), func(t *testing.T) {
				w := open(t)
				w.ports.at, w.ports.how = n, fault
				flow(w)
				w.RunUntilQuiet()
			})
		}
	}
}
