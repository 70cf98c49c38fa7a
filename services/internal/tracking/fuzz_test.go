package tracking_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/outdial/outdial/contracts/examples"
	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/task"
	"github.com/outdial/outdial/services/internal/testworld"
)

// FuzzEvents: whatever lies in the events queue, the tracker keeps the promises
// (the world watches them), fails at nothing that it can read, and all calls come
// to their end; and nobody but the claim's holder can say how a call goes on.
func FuzzEvents(f *testing.F) {
	for _, e := range slices.Concat(examples.Valid(examples.Events), examples.Invalid(examples.Events)) {
		f.Add(bytes.ReplaceAll(e.Data, []byte("\n"), nil))
	}
	const talking, starting = "call_00000000000000000000000001", "call_00000000000000000000000002"
	for _, nonce := range []string{"somebody", "nonce-00000000000000000000000003"} {
		for _, about := range []string{talking, starting} {
			common := `"schema":"call-event.v1","call_id":"` + about + `","attempt":1,"task":"arn:task/1","at":"2026-03-02T09:15:04.412Z"`
			f.Add([]byte(fmt.Sprintf(`{%s,"type":"ringing","nonce":%q}`, common, nonce) + "\n" + fmt.Sprintf(`{%s,"type":"answered","nonce":%q}`, common, nonce)))
			f.Add([]byte(fmt.Sprintf(`{%s,"type":"ended","nonce":%q,"outcome":{"dialed":true,"status":"busy"}}`, common, nonce)))
			f.Add([]byte(fmt.Sprintf(`{%s,"type":"task-stopped","version":1}`, common)))
		}
	}
	f.Add([]byte("nonsense\n" + `{"schema":"call-event.v1","type":"look"}`))
	f.Fuzz(func(t *testing.T, lines []byte) {
		w, talks, agent := started(t)
		agent.Start()
		agent.Past("carrier.Create")
		starts := w.Create("ann")
		w.Fill()

		bodies := bytes.Split(lines, []byte("\n"))
		for _, body := range bodies[:min(len(bodies), 8)] {
			event, err := messages.ParseEvent(body)
			if err != nil || isLie(w, event) {
				continue
			}
			foreign := event.CallID != "" && event.Type != messages.EventTaskStopped && event.Nonce != w.Claim(talks, 1).Nonce
			before := versions(w, talks, starts)
			if err := w.Follow(event); err != nil {
				t.Fatalf("%s is not handled: %v", body, err)
			}
			if after := versions(w, talks, starts); foreign && after != before {
				t.Errorf("%s, of a stranger, has changed a record", body)
			}
		}

		for _, held := range w.Tasks.All {
			held.Release()
		}
		w.Tasks.Hold = false
		w.RunUntilQuiet()
		for _, c := range w.Calls() {
			if !c.Status.Final() || c.Dials != 1 {
				t.Errorf("%s is %s in the end, after %d dials", c.ID, c.Status, c.Dials)
			}
		}
	})
}

// isLie tells whether an event says that a task has stopped which runs. Who says
// that is the task service, which is believed.
func isLie(w *testworld.World, e messages.Event) bool {
	if e.Type != messages.EventTaskStopped {
		return false
	}
	return slices.ContainsFunc(w.Tasks.All, func(t *testworld.Task) bool { return t.ARN == e.Task && t.State == task.Running })
}

func versions(w *testworld.World, ids ...string) (sum int64) {
	for _, id := range ids {
		sum += w.Call(id).Version
	}
	return sum
}
