package world

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// What a failed test shows: of the log, and of the calls of one role that were denied.
const (
	shownLines  = 60
	shownDenied = 3
)

// phoneNumber is one that isn't masked.
var phoneNumber = regexp.MustCompile(`\+\d{8,15}\b`)

// check is what has to hold in every scenario.
func (w *World) check() {
	lines := w.log.all()
	for _, role := range slices.Sorted(maps.Keys(w.Roles)) {
		denied := w.Roles[role].Denied()
		for _, one := range denied[:min(len(denied), shownDenied)] {
			w.t.Errorf("AWS denied: %s", one)
		}
		if more := len(denied) - shownDenied; more > 0 {
			w.t.Errorf("AWS denied %d more calls of %s", more, role)
		}
		needed.note(w.Roles[role].Permissions())
	}
	for _, line := range lines {
		if phoneNumber.MatchString(line) {
			w.t.Errorf("a phone number in a log: %s", line)
		}
	}
	dials, err := w.Dials()
	if err != nil {
		w.t.Error(err)
	}
	seen := map[string]bool{}
	for _, d := range dials {
		attempt := fmt.Sprintf("%s, attempt %d", d.CallID, d.Attempt)
		if seen[attempt] {
			w.t.Errorf("%s dialed twice", attempt)
		}
		seen[attempt] = true
	}
	if w.t.Failed() {
		w.t.Logf("the last lines of all logs:\n%s", strings.Join(lines[max(0, len(lines)-shownLines):], "\n"))
	}
}

// Dial is one line of the carrier's book.
type Dial struct {
	CallID  string `json:"call_id"`
	Attempt int    `json:"attempt"`
	Number  string `json:"number"`
}

// Dials are what the carrier was asked to dial, in order. It deduplicates nothing.
func (w *World) Dials() (dials []Dial, err error) {
	file, err := os.Open(filepath.Join(w.carrier, "dials.jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var d Dial
		if err := json.Unmarshal(lines.Bytes(), &d); err != nil {
			return nil, fmt.Errorf("the carrier's book: %w", err)
		}
		dials = append(dials, d)
	}
	return dials, lines.Err()
}
