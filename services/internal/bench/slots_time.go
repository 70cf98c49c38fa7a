package main

import (
	"iter"
	"slices"
	"time"
)

// timeline is virtual time: what is to happen, and when. It moves from one
// happening to the next, so an hour takes as long as what happens in it.
type timeline struct {
	now    time.Time
	passed time.Duration // since the beginning
	plan   []happening   // a heap, the next one first
	number int
	actors map[*actor]struct{}
}

type happening struct {
	at     time.Duration // since the beginning
	number int           // of two at the same time, the one that was planned first comes first
	do     func()
}

func (h happening) before(other happening) bool {
	if h.at == other.at {
		return h.number < other.number
	}
	return h.at < other.at
}

var beginning = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newTimeline() *timeline {
	return &timeline{now: beginning, actors: map[*actor]struct{}{}}
}

// after plans what happens in a while.
func (t *timeline) after(d time.Duration, do func()) {
	t.number++
	t.plan = append(t.plan, happening{t.passed + d, t.number, do})
	for i := len(t.plan) - 1; i > 0; {
		parent := (i - 1) / 2
		if !t.plan[i].before(t.plan[parent]) {
			return
		}
		t.plan[i], t.plan[parent] = t.plan[parent], t.plan[i]
		i = parent
	}
}

// step lets the next thing happen. There must be one.
func (t *timeline) step() {
	next := t.plan[0]
	last := len(t.plan) - 1
	t.plan[0] = t.plan[last]
	t.plan[last] = happening{}
	t.plan = t.plan[:last]
	t.sink()
	t.moveTo(next.at)
	next.do()
}

func (t *timeline) moveTo(passed time.Duration) {
	t.passed, t.now = passed, beginning.Add(passed)
}

// sink puts the heap's first in its place.
func (t *timeline) sink() {
	for i := 0; ; {
		first := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(t.plan); child++ {
			if t.plan[child].before(t.plan[first]) {
				first = child
			}
		}
		if first == i {
			return
		}
		t.plan[i], t.plan[first] = t.plan[first], t.plan[i]
		i = first
	}
}

// actor is a program that takes its time: a coroutine that stands still while it sleeps.
type actor struct {
	t     *timeline
	next  func() (time.Duration, bool)
	drop  func()
	yield func(time.Duration) bool
}

// dropped is what a program ends with that is under way when the simulation ends.
type dropped struct{}

// start lets a program run to its first sleep. Ended hears when it has ended by itself.
func (t *timeline) start(program func(*actor), ended func()) {
	a := &actor{t: t}
	a.next, a.drop = iter.Pull(func(yield func(time.Duration) bool) {
		defer func() {
			if cause := recover(); cause != nil && cause != any(dropped{}) {
				panic(cause)
			}
		}()
		a.yield = yield
		program(a)
	})
	t.actors[a] = struct{}{}
	t.goOn(a, ended)
}

func (t *timeline) goOn(a *actor, ended func()) {
	if d, more := a.next(); more {
		t.after(d, func() { t.goOn(a, ended) })
		return
	}
	delete(t.actors, a)
	if ended != nil {
		ended()
	}
}

// sleep lets time pass.
func (a *actor) sleep(d time.Duration) {
	if !a.yield(d) {
		panic(dropped{})
	}
}

// end drops all that is under way.
func (t *timeline) end() {
	for a := range t.actors {
		a.drop()
	}
	clear(t.actors)
	t.plan = nil
}

// gauge is a number that is watched over virtual time, minute by minute.
type gauge struct {
	t       *timeline
	value   int
	began   time.Duration
	changed time.Duration
	minutes []float64 // mean of each minute since it began; the last may be under way
}

func newGauge(t *timeline) *gauge { return &gauge{t: t} }

func (g *gauge) add(d int) {
	g.flow()
	g.value += d
}

// restart forgets what was seen so far.
func (g *gauge) restart() {
	g.began, g.changed, g.minutes = g.t.passed, g.t.passed, nil
}

// flow takes what has passed since the last change into account.
func (g *gauge) flow() {
	for g.changed < g.t.passed {
		minute := int((g.changed - g.began) / time.Minute)
		until := min(g.began+time.Duration(minute+1)*time.Minute, g.t.passed)
		if minute == len(g.minutes) {
			g.minutes = append(g.minutes, 0)
		}
		g.minutes[minute] += float64(g.value) * (until - g.changed).Minutes()
		g.changed = until
	}
}

// span is how a gauge stood over a number of whole minutes.
type span struct{ mean, worst float64 } // worst: the lowest minute

// span tells of the whole minutes since the last restart.
func (g *gauge) span() span {
	g.flow()
	whole := g.minutes[:min(len(g.minutes), int((g.changed-g.began)/time.Minute))]
	if len(whole) == 0 {
		return span{}
	}
	sum := 0.0
	for _, m := range whole {
		sum += m
	}
	return span{mean: sum / float64(len(whole)), worst: slices.Min(whole)}
}
