package simulation

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/memory"
)

// epoch is when every history begins.
var epoch = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// Options say which history is to be run.
type Options struct {
	Seed    uint64
	Choices []uint32     // the history's choices; nil: all are drawn from the seed
	Redraw  bool         // draw from the seed what comes after Choices, which else is plain
	Steps   int          // break off after so many, without looking at the end; 0: never
	Trace   bool         // write the trace
	Ports   func(*Ports) // changes what actors work with; nil: nothing
}

// History is what came of a run.
type History struct {
	Violation string   // the first promise that was broken; "" if none was
	Promise   string   // its name: the same for the same promise, whatever broke it
	Choices   []uint32 // all that was left to chance
	Steps     int
	Trace     []string
	Coverage  Coverage

	marks []int // where in the choices each step begins
}

// storyLines is how many lines of a trace are read.
const storyLines = 400

// Story is the trace without the middle of what is too long to be read: most of
// all, what happens again and again when a call never ends.
func (h History) Story() string {
	lines := h.Trace
	if n := len(lines) - storyLines; n > 0 {
		left := fmt.Sprintf("      … %d more lines …", n)
		lines = slices.Concat(lines[:storyLines/2], []string{left}, lines[len(lines)-storyLines/2:])
	}
	return strings.Join(lines, "\n")
}

// world is everything in one history.
type world struct {
	ctx     context.Context
	options Options
	log     *slog.Logger
	choices *choices
	now     time.Time
	made    int // ids so far

	profile profile
	plain   bool // nothing goes wrong at all
	weights []int
	calm    bool // nothing goes wrong any more
	hurry   int  // how often another actor goes on, in cases of a thousand
	most    struct{ workers, trackers int }
	skews   []time.Duration
	budget  time.Duration // of fills and looks

	store   *memory.Store
	mail    mail
	tasks   tasks
	carrier phones
	people  people
	records records
	effort  effort
	lists   map[string]any // as they were shown last, by what was asked

	actors   []*actor
	current  *actor
	handlers struct{ workers, trackers, ticks int } // now at work
	tick     time.Time                              // of the next minute tick
	able     []func()

	steps     int
	violation string
	promise   string
	tracing   bool
	trace     []string
	coverage  Coverage
}

// Run runs one history.
func Run(o Options) History {
	w := &world{
		ctx: context.Background(), options: o, log: slog.New(slog.DiscardHandler), now: epoch, tracing: o.Trace,
		lists: map[string]any{}, coverage: Coverage{}, tick: epoch.Add(time.Minute),
	}
	switch {
	case o.Choices == nil:
		w.choices = drawn(o.Seed)
	case o.Redraw:
		w.choices = redrawn(o.Choices, o.Seed)
	default:
		w.choices = replayed(o.Choices)
	}
	w.open()
	w.live()
	for _, a := range w.actors {
		a.drop()
	}
	return History{
		Violation: w.violation, Promise: w.promise, Choices: w.choices.made, Steps: w.steps, Trace: w.trace, Coverage: w.coverage,
		marks: w.choices.marks,
	}
}

// open sets the world up.
func (w *world) open() {
	c := w.choices
	w.profile.draw(c)
	if w.plain = c.chance(60); w.plain {
		w.profile.plain()
	}
	w.tasks.open(w)
	w.hurry = pick(c, 300, 100, 700)
	w.most.workers, w.most.trackers = 1+c.below(3), 1+c.below(3)
	w.budget = pick(c, 0, 0, 30*time.Millisecond)
	for range 5 {
		skew := time.Duration(0)
		if w.profile[Skew] > 0 {
			skew = pick(c, 0, -5*time.Minute, 5*time.Minute, time.Minute, -10*time.Second)
		}
		w.coverage.count("clock", clockFault(skew))
		w.skews = append(w.skews, skew)
	}
	room := call.Capacity{Limit: pick(c, 1, 2, 3, 10), Rate: pick(c, 20, 1, 0.1, 0.01)}
	if w.profile[Outage] > 0 { // nobody is to wait for those whom the outage holds up
		room = call.Capacity{Limit: 10, Rate: 20}
		w.tasks.downUntil = epoch.Add(pick(c, 60*time.Hour, 60*time.Hour, time.Hour))
	}
	w.store = memory.New(room)
	w.records.open(w)
	w.effort.open()
	w.mail.w, w.carrier.w, w.people.w = w, w, w
	w.people.plan()
}

func clockFault(skew time.Duration) Fault {
	if skew == 0 {
		return None
	}
	return Skew
}

// clock is how wrong the clock of the n-th of some actors is.
func (w *world) clock(n int) time.Duration { return w.skews[n%len(w.skews)] }

// Bounds of a history.
const (
	stormSteps   = 600            // with faults, at most
	calmSteps    = 20_000         // until all is over
	outageSteps  = 5_000          // with faults, when launches fail for more than a day
	refusalSteps = 2_000          // with faults, when most launches are refused
	patience     = 24 * time.Hour // likewise
	slow         = 4              // how often everybody is slow, in cases of a thousand
)

// live runs the history: first with faults, then without until all is over.
func (w *world) live() {
	last := stormSteps / (1 + w.choices.below(4))
	if w.profile[Outage] > 0 { // a call is given up after many tries
		last = outageSteps
	}
	if w.profile[NoCapacity] >= storm { // a history is only cut after many steps
		last = refusalSteps
	}
	for more := true; more && w.steps < last; {
		more = w.step()
	}
	w.calmDown()
	for until := w.now.Add(patience); w.violation == ""; {
		switch {
		case w.brokenOff():
			return
		case !w.step():
			w.checkEnd()
			return
		}
		if w.steps > last+calmSteps || w.now.After(until) {
			w.violate("everything ends", "%s", w.unfinished())
		}
	}
}

func (w *world) brokenOff() bool { return w.options.Steps > 0 && w.steps >= w.options.Steps }

// calmDown ends all faults, resumes what is paused and lifts the stop.
func (w *world) calmDown() {
	w.calm = true
	w.tasks.downUntil = time.Time{}
	w.carrier.silentUntil = time.Time{}
	w.notef("— from here on nothing goes wrong —")
	w.people.calmDown()
}

// step lets one thing happen. It is false when nothing can happen any more.
func (w *world) step() bool {
	if w.violation != "" || w.brokenOff() {
		return false
	}
	w.steps++
	w.choices.mark()
	w.now = w.now.Add(time.Millisecond)
	if w.strike() {
		return true
	}
	w.carrier.catchUp()
	if a := w.current; a != nil && a.runnable() && !w.choices.chance(w.hurry) {
		a.goOn()
		return true
	}
	for {
		if can := w.can(); len(can) > 0 {
			can[w.choices.below(len(can))]()
			return true
		}
		if w.watchIdle(); !w.wait() {
			return false
		}
		w.carrier.catchUp()
	}
}

// strike lets something happen to the world that nobody asked for.
func (w *world) strike() bool {
	if w.calm {
		return false
	}
	alive := w.tasks.alive()
	odds := [...]int{
		slow * boolean(!w.plain),
		w.profile[Killed] * boolean(len(alive) > 0),
		w.profile[Foreign] * boolean(len(w.records.ids) > 0),
		w.profile[Early] * boolean(w.handlers.ticks < w.most.trackers),
	}
	switch w.choices.weighted(odds[:]) {
	case 1:
		w.now = w.now.Add(pick(w.choices, time.Second, 10*time.Second, 90*time.Second, 20*time.Minute))
		w.notef("time passes")
	case 2:
		w.tasks.kill(alive[w.choices.below(len(alive))])
	case 3:
		w.mail.forge(w.records.calls[w.records.ids[w.choices.below(len(w.records.ids))]])
	case 4:
		w.coverage.count("tick", Early)
		w.startTick(pick(w.choices, time.Minute, 6*time.Minute, 20*time.Minute))
	default:
		return false
	}
	return true
}

// can is all that can happen now. The first is the plainest.
func (w *world) can() []func() {
	can := w.able[:0]
	for _, a := range w.actors {
		if a.runnable() {
			can = append(can, func() { w.current = a; a.goOn() })
		}
	}
	can = w.mail.can(can)
	can = w.tasks.can(can)
	can = w.people.can(can)
	if !w.now.Before(w.tick) && w.handlers.ticks < w.most.trackers {
		can = append(can, func() {
			w.tick = w.now.Add(time.Minute)
			w.coverage.count("tick", None)
			w.startTick(w.clock(w.handlers.ticks + 1))
		})
	}
	w.able = can
	return can
}

// wait lets time pass until something can happen.
func (w *world) wait() bool {
	var next time.Time
	earlier := func(t time.Time) {
		if t.After(w.now) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, a := range w.actors {
		earlier(a.wakeAt)
	}
	w.mail.next(earlier)
	w.tasks.next(earlier)
	w.people.next(earlier)
	w.carrier.next(earlier)
	w.nextTick(earlier)
	if next.IsZero() {
		return false
	}
	w.now = next
	return true
}

// nextTick is when the minute tick would find something to do. Those in between
// are left out: they cost time and change nothing.
func (w *world) nextTick(earlier func(time.Time)) {
	turns, _ := w.store.Turns(w.ctx, 1)
	due, _ := w.store.Due(w.ctx, w.now.AddDate(1, 0, 0), 1)
	switch {
	case len(turns) > 0:
		earlier(w.tick)
	case len(due) > 0 && due[0].Due.After(w.tick):
		earlier(due[0].Due)
	case len(due) > 0:
		earlier(w.tick)
	}
}

func (w *world) startTick(skew time.Duration) {
	w.handlers.ticks++
	w.current = w.start("tick", skew, func(a *actor) error {
		return a.tracker().Tick(w.ctx)
	}, func(error) { w.handlers.ticks-- })
}

// leave takes an actor out that has ended.
func (w *world) leave(a *actor) {
	for i, one := range w.actors {
		if one == a {
			w.actors = append(w.actors[:i], w.actors[i+1:]...)
			break
		}
	}
	if w.current == a {
		w.current = nil
	}
}

// violate notes that a promise is broken. The first one counts.
func (w *world) violate(promise, format string, args ...any) {
	if w.violation != "" {
		return
	}
	w.promise = promise
	w.violation = short(fmt.Sprintf("%s: "+format, append([]any{promise}, args...)...))
	w.notef("VIOLATION %s", w.violation)
}

func (w *world) ulid() string {
	w.made++
	return fmt.Sprintf("%026d", w.made)
}

// short leaves the zeros out of ids.
func short(s string) string {
	for _, prefix := range []string{"call_", "batch_", "redrive_", "nonce-"} {
		var b strings.Builder
		for {
			at := strings.Index(s, prefix+"0")
			if at < 0 {
				break
			}
			b.WriteString(s[:at+len(prefix)])
			s = strings.TrimLeft(s[at+len(prefix):], "0")
		}
		b.WriteString(s)
		s = b.String()
	}
	return s
}
