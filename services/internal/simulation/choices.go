package simulation

import "math/rand/v2"

// choices are all that is left to chance in a history: numbers, each below a
// bound. They are drawn, or given by an earlier history. What is given may be
// cut and changed at will: a number is taken modulo its bound, and behind the
// last one all are 0.
type choices struct {
	random *rand.Rand // nil: none is drawn
	given  []uint32   // the first
	made   []uint32
	marks  []int // where in made each step begins
}

func drawn(seed uint64) *choices {
	return &choices{random: rand.New(rand.NewPCG(seed, 0))} //nolint:gosec // a history is to be drawn again from its seed
}

func replayed(given []uint32) *choices { return &choices{given: given} }

// redrawn are choices of which the first are given, and all others drawn.
func redrawn(given []uint32, seed uint64) *choices {
	c := drawn(seed)
	c.given = given
	return c
}

// draws tells whether the next number is to be drawn.
func (c *choices) draws() bool { return c.random != nil && len(c.made) >= len(c.given) }

// below is a number from 0 to n-1. Callers make 0 the plainest of all.
func (c *choices) below(n int) int {
	if c.draws() {
		return c.note(c.random.IntN(n))
	}
	return c.note(c.next() % n)
}

// chance is true in so many cases of a thousand.
func (c *choices) chance(perMille int) bool {
	if c.draws() {
		return c.note(boolean(c.random.IntN(1000) < perMille)) == 1
	}
	return c.note(c.next()%2*boolean(perMille > 0)) == 1
}

// weighted is 0, or one of the kinds 1 to len(perMille), each in so many cases of a thousand.
func (c *choices) weighted(perMille []int) int {
	if !c.draws() {
		n := c.next() % (len(perMille) + 1)
		if n > 0 && perMille[n-1] == 0 {
			n = 0
		}
		return c.note(n)
	}
	n := c.random.IntN(1000)
	for i, weight := range perMille {
		if n -= weight; n < 0 {
			return c.note(i + 1)
		}
	}
	return c.note(0)
}

// next is the next given number.
func (c *choices) next() int {
	if len(c.made) >= len(c.given) {
		return 0
	}
	return int(c.given[len(c.made)])
}

func (c *choices) mark() { c.marks = append(c.marks, len(c.made)) }

func (c *choices) note(n int) int {
	c.made = append(c.made, uint32(n))
	return n
}

// pick is one of several; the first is the plainest.
func pick[T any](c *choices, all ...T) T { return all[c.below(len(all))] }

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}
