package simulation

import (
	"context"
	"math/rand/v2"
	"slices"
)

// shrinkSteps bounds the search for a smaller history, by the steps of all that
// are tried. They take some ten seconds of one core. By a clock, the same failure
// would be shown by another history each time.
const shrinkSteps = 4_000_000

// Shrink looks for the smallest history that breaks the same promise: with the
// fewest steps, and of these the one in which the least goes wrong. It gives that
// with its trace. Progress, unless it is nil, hears of the part of the search
// that is done, from 0 to 1. When the context ends, so does the search.
func Shrink(ctx context.Context, o Options, h History, progress func(part float64)) History {
	s := shrinker{ctx: ctx, options: o, best: h, left: shrinkSteps, progress: progress}
	for before := -1; before != s.best.Weight() && s.goesOn(); {
		before = s.best.Weight()
		s.redraw()
		s.dropSteps()
		s.dropChoices()
		s.lower()
	}
	o.Choices, o.Trace = s.best.Choices, true
	return Run(o)
}

// Weight is what Shrink makes smaller: steps first, then the choices that aren't
// plain, then all.
func (h History) Weight() int {
	weight := 1_000_000 * h.Steps
	for _, c := range h.Choices {
		weight += 1000*boolean(c != 0) + int(min(c, 100))
	}
	return weight
}

// shrinker is a search for a smaller history.
type shrinker struct {
	ctx      context.Context
	options  Options
	best     History // the smallest so far
	left     int     // steps that may still be tried
	progress func(float64)
}

func (s *shrinker) goesOn() bool { return s.left > 0 && s.ctx.Err() == nil }

// try runs the history of these choices. It is true when that is a smaller one
// that breaks the same promise.
func (s *shrinker) try(choices []uint32) bool {
	o := s.options
	o.Choices = choices
	return s.run(o)
}

func (s *shrinker) run(o Options) bool {
	if !s.goesOn() {
		return false
	}
	o.Steps = s.best.Steps // a longer one is no smaller
	h := Run(o)
	s.left -= h.Steps + 20
	if s.progress != nil {
		s.progress(1 - float64(max(s.left, 0))/shrinkSteps)
	}
	if h.Promise != s.best.Promise || h.Weight() >= s.best.Weight() {
		return false
	}
	s.best = h
	return true
}

// without tries to leave choices out.
func (s *shrinker) without(from, to int) bool {
	return from < to && s.try(slices.Delete(slices.Clone(s.best.Choices), from, to))
}

// with tries another choice.
func (s *shrinker) with(at int, choice uint32) bool {
	choices := slices.Clone(s.best.Choices)
	choices[at] = choice
	return s.try(choices)
}

// dropSteps leaves out steps, ever fewer at once: whatever else they asked for
// stays as it is.
func (s *shrinker) dropSteps() {
	for size := len(s.best.marks) / 2; size >= 1; size /= 2 {
		for step := 0; step < len(s.best.marks) && s.goesOn(); {
			if !s.without(s.step(step), s.step(step+size)) {
				step += size
			}
		}
	}
}

// step is where a step begins among the choices.
func (s *shrinker) step(n int) int {
	if n >= len(s.best.marks) {
		return len(s.best.Choices)
	}
	return s.best.marks[n]
}

// dropChoices makes choices plain, or leaves them out, ever fewer at once.
func (s *shrinker) dropChoices() {
	for size := len(s.best.Choices) / 2; size >= 1; size /= 2 {
		for at := 0; at < len(s.best.Choices) && s.goesOn(); at += size {
			choices := slices.Clone(s.best.Choices)
			span := choices[at:min(at+size, len(choices))]
			if slices.Max(span) > 0 {
				clear(span)
				s.try(choices)
			}
			if size <= 8 {
				s.without(at, min(at+size, len(s.best.Choices)))
			}
		}
	}
}

// lower tries smaller numbers for single choices.
func (s *shrinker) lower() {
	for at := 0; at < len(s.best.Choices) && s.goesOn(); at++ {
		for c := uint32(1); at < len(s.best.Choices) && c < min(s.best.Choices[at], 8); c++ {
			if s.with(at, c) {
				break
			}
		}
	}
}

// redraws is how many histories are drawn in a row that are no smaller, unless a
// quarter of what may still be tried is used up before.
const redraws = 5000

// redraw draws other histories in a world like that of the smallest: with the
// same kinds of faults and the same wishes, or fewer. In so small a world the
// promise is broken much more often, and in fewer steps. That gets rid of what
// leaving out can't: of a call and all that was done for it, say, which is spread
// over the whole history.
func (s *shrinker) redraw() {
	random := rand.New(rand.NewPCG(uint64(s.left), 0)) //nolint:gosec // a failure is to be shrunk to the same history each time
	rest := s.left - s.left/4
	for failed := 0; failed < redraws && s.left > rest && s.goesOn(); failed++ {
		o := s.options
		o.Seed, o.Redraw = random.Uint64(), true
		o.Choices = s.fewer(random, slices.Clone(s.best.Choices[:s.step(0)]))
		if s.run(o) {
			failed = 0
		}
	}
}

// fewer makes a few of the choices plain that make up a world, or leaves them out.
func (s *shrinker) fewer(random *rand.Rand, choices []uint32) []uint32 {
	for range random.IntN(4) {
		if len(choices) == 0 {
			break
		}
		at := random.IntN(len(choices))
		if random.IntN(2) == 0 {
			choices[at] = 0
		} else {
			choices = slices.Delete(choices, at, min(at+1+random.IntN(4), len(choices)))
		}
	}
	return choices
}
