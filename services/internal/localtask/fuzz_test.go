package localtask_test

import (
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/localtask"
	"github.com/outdial/outdial/services/internal/task"
)

// FuzzTaskFile: whatever stands in the file of a task that nobody holds, its state
// is stopped or missing and stays so, nobody is signaled for it, and no news is
// told that isn't one of its task.
func FuzzTaskFile(f *testing.F) {
	whole := "\n" + `{"call_id":"call_a","attempt":1,"started_by":"call_a-1","task_definition":"local","spawned_at":"2026-03-02T09:00:00Z"}` + "\n"
	for _, text := range []string{
		"", whole, whole + "\n" + `{"pid":1}` + "\n", whole + "\n" + `{"pid":-1,"stop_at":"2026-03-02T09:00:00Z","stop_reason":"x"}` + "\n", whole + `{"published_at":"2026-03-`,
		whole + "\n" + `{"published_at":"2026-03-02T09:00:01Z"}` + "\n", "null\n", "[]\n{}\n", "\x00\xff",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		b := &bundle{t: t, dir: t.TempDir(), news: &news{}}
		b.writeFile(1, text)
		c := config(b.dir)
		tasks, err := localtask.Open(c, b.news, func() time.Time { return time.Date(2026, 3, 2, 9, 0, 5, 0, time.UTC) }, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatalf("the folder can't be opened: %v", err)
		}
		arn := "local:task/" + request(1).ClientToken
		before, err := tasks.Describe(t.Context(), arn)
		if err != nil || before == task.Running {
			t.Fatalf("a task that nobody holds is %q (%v)", before, err)
		}
		if err := tasks.Stop(t.Context(), arn, "x"); err != nil {
			t.Errorf("stop: %v", err)
		}
		tasks.Look(t.Context())
		for _, e := range b.news.all() {
			if e.Type != messages.EventTaskStopped || e.Task != arn {
				t.Errorf("told: %+v", e)
			}
			if _, err := messages.EncodeEvent(e); err != nil {
				t.Errorf("the news can never be sent: %v", err)
			}
		}
		tasks.Prune(t.Context())
		if after, err := tasks.Describe(t.Context(), arn); err != nil || after == task.Running {
			t.Errorf("a task that was %s is %s (%v)", before, after, err)
		}
		if _, err := os.Stat(b.path(1)); err != nil && strings.Contains(text, "call_a-1") && before == task.Stopped && len(b.news.all()) > 0 {
			t.Errorf("the file of a task that has just ended is gone: %v", err)
		}
	})
}
