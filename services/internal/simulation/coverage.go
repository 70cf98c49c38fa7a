package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Coverage counts how often each port, or move that was written to it, met each fault.
type Coverage map[Cell]int

// Cell is a row of the coverage, a port or a move, and a fault that it met.
type Cell struct {
	Row   string
	Fault Fault
}

func (c Coverage) count(row string, f Fault) { c[Cell{row, f}]++ }

// Add adds what another history met.
func (c Coverage) Add(other Coverage) {
	for cell, n := range other {
		c[cell] += n
	}
}

// Of is how often a fault was met in all.
func (c Coverage) Of(f Fault) int {
	sum := 0
	for cell, n := range c {
		if cell.Fault == f {
			sum += n
		}
	}
	return sum
}

// String is a table with a line for each row and a column for each fault that was met.
func (c Coverage) String() string {
	rows, met := map[string]bool{}, map[Fault]bool{}
	for cell := range c {
		rows[cell.Row] = true
		met[cell.Fault] = true
	}
	columns := slices.Sorted(maps.Keys(met))
	var s strings.Builder
	fmt.Fprintf(&s, "%-22s", "")
	for _, f := range columns {
		fmt.Fprintf(&s, " %9.9s", f)
	}
	for _, row := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(&s, "\n%-22s", row)
		for _, f := range columns {
			fmt.Fprintf(&s, " %9s", number(c[Cell{row, f}]))
		}
	}
	return s.String()
}

func number(n int) string {
	if n == 0 {
		return "·"
	}
	return fmt.Sprint(n)
}
