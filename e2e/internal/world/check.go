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
	"sync"
)

// shownLines is how much of the log a failed test shows.
const shownLines = 60

// phoneNumber is one that isn't masked.
var phoneNumber = regexp.MustCompile(`\+\d{8,15}\b`)

// check is what has to hold in every scenario.
func (w *World) check() {
	lines := w.log.all()
	for _, role := range slices.Sorted(maps.Keys(w.Roles)) {
		for _, denied := range slices.Compact(w.Roles[role].Denied()) {
			w.t.Errorf("AWS denied: %s", denied)
		}
		ledger.note(w.Roles[role].Permissions())
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

// byAWS are permissions that AWS itself needs for a role, which no program uses.
// infra/README.md gives the reasons to people; here is the shortest.
var byAWS = map[string]string{
	"ApiRole Logs":     "Lambda writes what the function prints",
	"WorkerRole Logs":  "Lambda writes what the function prints",
	"TrackerRole Logs": "Lambda writes what the function prints",
	"WorkerRole ReadJobs sqs:GetQueueAttributes":    "the mapping scales by the queue's length",
	"TrackerRole ReadEvents sqs:GetQueueAttributes": "the mapping scales by the queue's length",
	"AgentExecutionRole SignInToRegistry":           "Fargate signs in to the registry",
	"AgentExecutionRole PullImage":                  "Fargate pulls the image",
	"AgentExecutionRole Logs":                       "the awslogs driver writes what the agent prints",
}

// ledger is what all scenarios together needed.
var ledger = permissions{used: map[string]bool{}}

type permissions struct {
	mu   sync.Mutex
	used map[string]bool
}

func (p *permissions) note(all map[string]bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, used := range all {
		p.used[name] = p.used[name] || used
	}
}

// Unused are the permissions of the templates that none of the scenarios so far
// needed, and AWS itself doesn't either.
func Unused() []string {
	ledger.mu.Lock()
	defer ledger.mu.Unlock()
	var unused []string
	for _, name := range slices.Sorted(maps.Keys(ledger.used)) {
		excused := false
		for permission := range byAWS {
			excused = excused || name == permission || strings.HasPrefix(name, permission+" ")
		}
		if !ledger.used[name] && !excused {
			unused = append(unused, name)
		}
	}
	return unused
}
