package simulation

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// actor is a worker that handles a job, a tracker that handles an event, an
// agent, or a person who asks for something. It stands still before each call of
// a port until it is let go on.
type actor struct {
	w     *world
	name  string
	skew  time.Duration // how wrong its clock is
	ended func(err error)

	port   string          // that it stands before
	wakeAt time.Time       // it can't go on before this
	wake   <-chan struct{} // or this is closed
	err    error
	room   call.Capacity  // as it knows it
	held   call.Condition // what held all admission up by then
	looked bool           // up, its call at the carrier
	asked  int            // the step at which it asked a port last

	next  func() (struct{}, bool)
	drop  func()
	yield func(struct{}) bool
}

// start lets an actor begin a program. Ended hears how that ended: errDied when
// the actor died.
func (w *world) start(name string, skew time.Duration, program func(*actor) error, ended func(err error)) *actor {
	a := &actor{w: w, name: name, skew: skew, ended: ended}
	a.next, a.drop = iter.Pull(func(yield func(struct{}) bool) {
		a.yield = yield
		a.err = errDied
		a.err = survive(func() error { return program(a) })
	})
	w.actors = append(w.actors, a)
	return a
}

// goOn lets the actor go on to its next call of a port, or to its end.
func (a *actor) goOn() {
	if _, more := a.next(); !more {
		a.over()
	}
}

// kill lets the actor die where it stands.
func (a *actor) kill() {
	a.drop()
	a.err = errDied
	a.over()
}

func (a *actor) over() {
	a.w.leave(a)
	if a.ended != nil {
		a.ended(a.err)
	}
}

// Now is the time that the actor's clock shows.
func (a *actor) Now() time.Time { return a.w.now.Add(a.skew) }

// runnable tells whether the actor can go on now.
func (a *actor) runnable() bool {
	if !a.w.now.Before(a.wakeAt) {
		return true
	}
	select {
	case <-a.wake:
		return true
	default:
		return false
	}
}

// stand stands still before a port.
func (a *actor) stand(port string) {
	a.port = port
	if !a.yield(struct{}{}) {
		panic(crash{})
	}
}

// sleep stands still for a time, or until it is woken.
func (a *actor) sleep(d time.Duration, wake <-chan struct{}) {
	a.wakeAt, a.wake = a.w.now.Add(d), wake
	a.stand("sleep")
	a.wakeAt, a.wake = time.Time{}, nil
}

// ask asks a port, in a row of the coverage. Do is its effect.
func (a *actor) ask(row, about string, do func() error) error {
	a.stand(row)
	kinds, ok := portFaults[row]
	if !ok {
		panic("no group of the coverage has the row " + row)
	}
	f := a.w.fault(row, kinds...)
	if f == None {
		a.w.coverage.count(row, None)
	}
	if f == Delay {
		d := a.w.aWhile()
		a.note(row, about, f, nil)
		a.sleep(d, nil)
	}
	err := a.answer(f, do)
	a.asked = a.w.steps
	if f == Crash {
		a.note(row, about, f, nil)
		panic(crash{})
	}
	a.note(row, about, f, err)
	return err
}

func (a *actor) answer(f Fault, do func() error) error {
	switch f {
	case Before:
		return errDown
	case Unclear:
		return errUnclear
	case Crash:
		return nil
	case After:
		if err := do(); err != nil {
			return err
		}
		return errUnclear
	case Twice:
		if err := do(); err != nil {
			return err
		}
	}
	return do()
}

// read asks a port that has no effect.
func read[T any](a *actor, row, about string, do func() (T, error)) (value T, err error) {
	err = a.ask(row, about, func() (err error) {
		value, err = do()
		return err
	})
	return value, err
}

// list asks for a list, which may be the one of the last time.
func list[T any](a *actor, row, about string, do func() ([]T, error)) (items []T, err error) {
	return read(a, row, about, func() ([]T, error) {
		key := row + about
		if old, ok := a.w.lists[key].([]T); ok && a.w.fault(row, Stale) == Stale {
			a.w.notef("%s: the list is an old one", a.name)
			return old, nil
		}
		items, err := do()
		if err == nil && a.w.profile[Stale] > 0 {
			a.w.lists[key] = items
		}
		return items, err
	})
}

// note writes what happened to the trace.
func (a *actor) note(row, about string, f Fault, err error) {
	if !a.w.tracing {
		return
	}
	line := row
	if about != "" {
		line += " " + about
	}
	if f != None {
		line += "  [" + f.String() + "]"
	}
	switch {
	case errors.Is(err, errUnclear):
		line += "  unclear"
	case err != nil:
		line += "  error: " + err.Error()
	}
	a.w.notef("%s: %s", a.name, line)
}

// notef writes a line to the trace.
func (w *world) notef(format string, args ...any) {
	if !w.tracing {
		return
	}
	at := w.now.Sub(epoch).Truncate(time.Millisecond)
	w.trace = append(w.trace, short(fmt.Sprintf("%4d. %12s  %s", len(w.trace)+1, at, fmt.Sprintf(format, args...))))
}
