package simulation

import "slices"

// shrinkRuns bounds the search for a smaller history.
const shrinkRuns = 3_000

// Shrink looks for a smaller history that breaks the same promise: one with
// fewer choices, and with more of them plain. It gives the smallest it has found,
// with its trace.
func Shrink(o Options, h History) History {
	best, runs := h.Choices, 0
	o.Steps = h.Steps + 100 // a longer one is no smaller
	breaks := func(choices []uint32) bool {
		if runs >= shrinkRuns {
			return false
		}
		runs++
		o.Choices = choices
		got := Run(o)
		if got.Promise != h.Promise {
			return false
		}
		best = got.Choices[:min(len(got.Choices), len(choices))]
		best = trimmed(best)
		return true
	}
	for before := -1; before != weight(best) && runs < shrinkRuns; {
		before = weight(best)
		for size := max(1, len(best)/2); size >= 1; size /= 2 {
			for at := 0; at < len(best); {
				end := min(at+size, len(best))
				if plain(best[at:end]) || !breaks(zeroed(best, at, end)) {
					at = end
				}
			}
			for at := 0; at < len(best); {
				if !breaks(slices.Delete(slices.Clone(best), at, min(at+size, len(best)))) {
					at += size
				}
			}
		}
	}
	o.Choices, o.Trace = best, true
	if len(best) == 0 {
		o.Choices = []uint32{0}
	}
	return Run(o)
}

// Weight is what Shrink makes smaller: the choices that are not plain, and then all.
func (h History) Weight() int { return weight(h.Choices) }

func weight(choices []uint32) int {
	n := len(choices)
	for _, c := range choices {
		if c != 0 {
			n += 1000
		}
	}
	return n
}

func zeroed(choices []uint32, from, to int) []uint32 {
	choices = slices.Clone(choices)
	clear(choices[from:to])
	return choices
}

func plain(choices []uint32) bool {
	return !slices.ContainsFunc(choices, func(c uint32) bool { return c != 0 })
}

// trimmed leaves out the zeros at the end, which a replay makes by itself.
func trimmed(choices []uint32) []uint32 {
	for len(choices) > 0 && choices[len(choices)-1] == 0 {
		choices = choices[:len(choices)-1]
	}
	return choices
}
