package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/outdial/outdial/services/internal/call"
)

// Coverage counts how often each port, and each move that was written to the
// store, met each fault.
type Coverage map[Cell]int

// Cell is a row of the coverage and a fault that it may meet. A row is a port, a
// move, or something of the world that goes wrong by itself.
type Cell struct {
	Row   string
	Fault Fault // None: it went well
}

func (c Cell) String() string { return fmt.Sprintf("%s × %s", c.Row, c.Fault) }

// group is rows that may meet the same faults, besides none.
type group struct {
	name   string
	faults []Fault
	rows   []string
}

// groups is every row there is, and so every cell that is to be met.
var groups = []group{
	{"Moves", writeFaults, moves()},
	{"New records", onceFaults, []string{string(call.MoveCreated), "ApplyBatch new", "ApplyRedrive new"}},
	{"Writes", writeFaults, []string{
		"ApplyBatch", "ApplyRedrive", "SetCapacity", "PutChunk", "KeepChunks", "TakeClaim", "NoteReference", "NoteOutcome",
	}},
	{"Reads", readFaults, []string{
		"Call", "Claim", "Capacity", "Lane", "Batch", "ClaimAndSettings", "ReadAhead", "Chunk", "Redrive", "Key", "carrier.Status",
	}},
	{"Lists", slices.Concat(readFaults, []Fault{Stale}), []string{"Turns", "Lanes", "ReadyCalls", "Due", "ListDeadLetters"}},
	{"Messages sent", writeFaults, []string{"send job", "send dead letter", "send look", "publish"}},
	{"Messages deleted", onceFaults, []string{"delete"}},
	{"Dead letters put back", readFaults, []string{"redrive the queue"}},
	{"RunTask", slices.Concat(writeFaults, launchFaults, []Fault{TokenExpired, Outage}), []string{"RunTask"}},
	{"StopTask", writeFaults, []string{"StopTask"}},
	{"DescribeTask", slices.Concat(readFaults, []Fault{Unknown, LooksAlive}), []string{"DescribeTask"}},
	{"carrier.Create", slices.Concat(onceFaults, dialFaults), []string{"carrier.Create"}},
	{"carrier.Find", slices.Concat(readFaults, []Fault{Silent}), []string{"carrier.Find"}},
	{"carrier.End", slices.Concat(writeFaults, []Fault{EndLag}), []string{"carrier.End"}},
	{"Jobs", []Fault{Late, Repeated, Dead}, []string{"job"}},
	{"Events", []Fault{Lost, Late, Repeated, Foreign}, []string{"event ringing", "event answered", "event ended", "event task-stopped"}},
	{"Looks", []Fault{Late, Repeated}, []string{"event look"}},
	{"Tasks", []Fault{Killed}, []string{"task starting", "task running"}},
	{"Clocks", []Fault{Skew}, []string{"clock"}},
	{"Ticks", []Fault{Early}, []string{"tick"}},
}

// never are the rows that no history can meet, and why. A test fails when one of
// them is met after all, so the list is as short as it can be.
var never = map[string]string{
	string(call.MoveWindowClosed): "no call has hours yet in which it may be placed, so no use case makes this move",
}

// rare are the rows that few histories reach: how much oftener faults come there.
var rare = map[string]int{
	string(call.MoveLaunchGivenUp):   8,
	string(call.MoveCancelRequested): 4,
	string(call.MoveRedriven):        4,
}

// moves are those of a call that is there already.
func moves() []string {
	var all []string
	for m := range call.Allowed {
		if m != call.MoveCreated {
			all = append(all, string(m))
		}
	}
	slices.Sort(all)
	return all
}

// portFaults are the faults that the port of each row itself may choose; what is
// in a row's group besides is chosen where it can happen.
var portFaults = func() map[string][]Fault {
	all := map[string][]Fault{}
	for _, g := range groups {
		of := slices.DeleteFunc(slices.Clone(g.faults), func(f Fault) bool { return f > lastOfPorts })
		for _, row := range g.rows {
			all[row] = of
		}
	}
	return all
}()

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

// Met is how many cells were met, of how many that can be.
func (c Coverage) Met() (met, all int) {
	all = len(meetable())
	return all - len(c.Unmet()), all
}

// Unmet are the cells that can be met and weren't.
func (c Coverage) Unmet() []Cell {
	return slices.DeleteFunc(meetable(), func(cell Cell) bool { return c[cell] > 0 })
}

// Strays are the cells that were met though none of the groups, or never, says
// that they can be.
func (c Coverage) Strays() []Cell {
	known := map[Cell]bool{}
	for _, cell := range meetable() {
		known[cell] = true
	}
	var strays []Cell
	for cell := range c {
		if !known[cell] {
			strays = append(strays, cell)
		}
	}
	return strays
}

func meetable() []Cell {
	var all []Cell
	for _, g := range groups {
		for _, row := range g.rows {
			if never[row] != "" {
				continue
			}
			all = append(all, Cell{row, None})
			for _, f := range g.faults {
				all = append(all, Cell{row, f})
			}
		}
	}
	return all
}

// String is a table for each group, and what was never met.
func (c Coverage) String() string {
	var s strings.Builder
	for _, g := range groups {
		c.table(&s, g)
	}
	for _, cell := range c.Unmet() {
		fmt.Fprintf(&s, "not met: %s\n", cell)
	}
	for _, row := range slices.Sorted(maps.Keys(never)) {
		fmt.Fprintf(&s, "can't be met: %s: %s\n", row, never[row])
	}
	return s.String()
}

func (c Coverage) table(s *strings.Builder, g group) {
	faults := append([]Fault{None}, g.faults...)
	fmt.Fprintf(s, "%-22s", g.name)
	for _, f := range faults {
		fmt.Fprintf(s, " %*s", width(f), f)
	}
	for _, row := range g.rows {
		fmt.Fprintf(s, "\n  %-20s", row)
		for _, f := range faults {
			fmt.Fprintf(s, " %*s", width(f), number(c[Cell{row, f}]))
		}
	}
	s.WriteString("\n\n")
}

func width(f Fault) int { return max(6, len(f.String())) }

// number is n in at most six characters.
func number(n int) string {
	switch {
	case n == 0:
		return "·"
	case n < 10_000:
		return fmt.Sprint(n)
	case n < 10_000_000:
		return fmt.Sprintf("%dk", n/1000)
	}
	return fmt.Sprintf("%dM", n/1_000_000)
}
