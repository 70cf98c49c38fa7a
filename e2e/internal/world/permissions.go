package world

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// byAWS are permissions that AWS itself needs for a role, and no program uses: a
// statement, or one of its actions. infra/README.md gives the reasons to people;
// here is the shortest.
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

// needed is what all scenarios together needed.
var needed = ledger{used: map[string]bool{}}

// ledger are the permissions of the templates, and whether any call needed them.
type ledger struct {
	mu   sync.Mutex
	used map[string]bool // by role, statement, and action or resource
}

func (l *ledger) note(all map[string]bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, used := range all {
		l.used[name] = l.used[name] || used
	}
}

// unneeded is what could be taken away: permissions that no call needed and AWS
// has no use for, and uses of AWS's that are none.
func (l *ledger) unneeded(byAWS map[string]string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []string
	excuses := map[string]int{} // permissions for which one is good
	for _, name := range slices.Sorted(maps.Keys(l.used)) {
		excused := false
		for excuse := range byAWS {
			if l.used[name] || name != excuse && !strings.HasPrefix(name, excuse+" ") {
				continue
			}
			excused = true
			excuses[excuse]++
		}
		if !l.used[name] && !excused {
			found = append(found, "no scenario ever needed the permission "+name)
		}
	}
	for _, excuse := range slices.Sorted(maps.Keys(byAWS)) {
		if excuses[excuse] == 0 {
			found = append(found, "not for AWS alone, or in no template: "+excuse)
		}
	}
	return found
}

// Unneeded tells which permissions of the templates none of the scenarios that ran
// ever needed. It makes sense when all of them did.
func Unneeded() []string { return needed.unneeded(byAWS) }
