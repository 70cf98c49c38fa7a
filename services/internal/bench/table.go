package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// line is a row of the table with what was measured.
type line struct {
	row
	result
}

// table is the lines in Markdown, for the README.
func table(machine string, lines []line) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n| what | against | aim | measured | |\n|---|---|---|---|---|\n", machine)
	for _, l := range lines {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", l.name, l.against, l.aim, l.measured(), l.note)
	}
	return b.String()
}

// measured is the ratio with its spread, marked when it misses the aim.
func (l line) measured() string {
	s := fmt.Sprintf("%.2f", l.ratio)
	if l.spread > 0 {
		s += fmt.Sprintf(" ± %.2f", l.spread)
	}
	if l.aim.met(l.ratio) {
		return s
	}
	return "**" + s + ": missed**"
}

// The markers in the README between which the table stands.
const markBegin, markEnd = "<!-- bench -->", "<!-- /bench -->"

// writeBetween puts the table between the markers of a file.
func writeBetween(path, table string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, opened := strings.Cut(string(content), markBegin)
	_, after, closed := strings.Cut(rest, markEnd)
	if !opened || !closed {
		return fmt.Errorf("%s has no line %s with a line %s below it, between which the table would stand", path, markBegin, markEnd)
	}
	return os.WriteFile(path, []byte(before+markBegin+"\n"+table+markEnd+after), 0o644) //nolint:gosec // the README is for everybody
}

// publish prints the table, and writes it into the README when that is asked for.
func publish(out io.Writer, readme, table string) error {
	if _, err := fmt.Fprint(out, table); err != nil || readme == "" {
		return err
	}
	return writeBetween(readme, table)
}
