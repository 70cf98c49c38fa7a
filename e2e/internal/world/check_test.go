package world

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/outdial/outdial/e2e/internal/iam"
)

// failures is a test that only remembers what it fails for.
type failures struct {
	testing.TB
	all []string
}

func (f *failures) Errorf(format string, args ...any) {
	f.all = append(f.all, fmt.Sprintf(format, args...))
}
func (f *failures) Error(args ...any)   { f.all = append(f.all, fmt.Sprint(args...)) }
func (f *failures) Failed() bool        { return len(f.all) > 0 }
func (f *failures) Logf(string, ...any) {}

func TestAScenarioFailsForWhatMustNotHappenInAny(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		happens func(t *testing.T, w *World)
		want    string
	}{
		"nothing": {func(*testing.T, *World) {}, ""},
		"a denied call": {func(t *testing.T, w *World) {
			if w.Roles["AgentRole"].Check([]iam.Access{{Action: "dynamodb:DeleteItem", Resource: "a table"}}) == nil {
				t.Error("it is allowed")
			}
		}, "AWS denied: AgentRole: no statement allows dynamodb:DeleteItem on a table"},
		"a call that nobody knows": {func(_ *testing.T, w *World) { w.Roles["AgentRole"].Deny("s3 PutObject") }, "AWS denied: AgentRole: s3 PutObject"},
		"a phone number in a log":  {func(_ *testing.T, w *World) { w.log.of("agent").printf("dialing +12025550100") }, "a phone number in a log"},
		"a masked number":          {func(_ *testing.T, w *World) { w.log.of("agent").printf("dialing +1202•••0100") }, ""},
		"two dials of an attempt":  {dials(`{"call_id":"call_a","attempt":1}`, `{"call_id":"call_a","attempt":1}`), "call_a, attempt 1 dialed twice"},
		"a dial of each attempt":   {dials(`{"call_id":"call_a","attempt":1}`, `{"call_id":"call_a","attempt":2}`), ""},
		"a book that is torn":      {dials(`{"call_id":`), "the carrier's book"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told := &failures{TB: t}
			w := &World{t: told, log: newLogs(), carrier: t.TempDir(), Roles: map[string]*iam.Role{"AgentRole": iam.NewRole("AgentRole")}}
			c.happens(t, w)
			w.check()
			if got := strings.Join(told.all, "\n"); (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("the scenario fails for %q, want %q", got, c.want)
			}
		})
	}
}

// dials writes the carrier's book.
func dials(lines ...string) func(*testing.T, *World) {
	return func(t *testing.T, w *World) {
		if err := os.WriteFile(filepath.Join(w.carrier, "dials.jsonl"), []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Error(err)
		}
	}
}
