package dispatch_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/examples"
	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/dispatch"
	"github.com/outdial/outdial/services/internal/memory"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/testworld"
)

// maxBodies is how many messages of one input are sent, one a line.
const maxBodies = 8

// FuzzJobs: whatever lies in the calls queue, the worker keeps the promises (the
// world watches them), gets through the queue, and all calls come to their end.
// What it can't read, or what is ahead of the records for ever, is moved to the
// dead letters by the queue, and nothing else is.
func FuzzJobs(f *testing.F) {
	for _, e := range slices.Concat(examples.Valid(examples.Jobs), examples.Invalid(examples.Jobs)) {
		f.Add(bytes.ReplaceAll(e.Data, []byte("\n"), nil))
	}
	const dead, waiting, launched, member = "call_00000000000000000000000001", "call_00000000000000000000000002", "call_00000000000000000000000003", "call_00000000000000000000000004-000002"
	f.Add([]byte(`{"schema":"job.v1","call_id":"` + dead + `","attempt":1,"dead":true}` + "\n" + `{"schema":"job.v1","call_id":"` + dead + `","attempt":1}`))
	f.Add([]byte(`{"schema":"job.v1","call_id":"` + waiting + `","attempt":1}` + "\n" + `{"schema":"job.v1","call_id":"` + waiting + `","attempt":2}`))
	f.Add([]byte(`{"schema":"job.v1","call_id":"` + launched + `","attempt":1,"dead":true}` + "\nnonsense\n" + `{"schema":"job.v1","fill":true}`))
	f.Add([]byte(`{"schema":"job.v1","call_id":"` + member + `","attempt":1}`))
	f.Fuzz(func(t *testing.T, lines []byte) {
		w := newWorld(t)
		deadLetter(t, w)
		w.Create("ann")
		w.Tasks.Hold = true
		work(t, w, messages.Job{Fill: true})
		last := w.Create("bob")
		batch(t, w, "cleo", 2)

		bodies := bytes.Split(lines, []byte("\n"))
		consume(t, w, bodies[:min(len(bodies), maxBodies)])

		work(t, w, messages.Job{Fill: true})
		for _, task := range w.Tasks.All {
			task.Release()
		}
		w.Tasks.Hold = false
		w.RunUntilQuiet()
		for _, c := range w.Calls() {
			if !c.Status.Final() {
				t.Errorf("%s is %s in the end", c.ID, c.Status)
			}
		}
		if w.Call(last).Dials != 1 {
			t.Errorf("a call that waited was dialed %d times", w.Call(last).Dials)
		}
	})
}

// consume handles messages as programs do that take them from a queue: what is
// handled is deleted, and what fails comes back until the queue moves it away.
func consume(t *testing.T, w *testworld.World, bodies [][]byte) {
	t.Helper()
	q := memory.NewQueue(w.Clock.Now)
	for _, body := range bodies {
		if err := q.Send(t.Context(), queue.Calls, queue.Message{Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	stuck := 0 // messages that failed at the last round
	for range queue.MaxReceives {
		stuck = 0
		for _, m := range receive(t, q, queue.Calls) {
			job, err := messages.ParseJob(m.Body)
			if err == nil {
				if err = w.Work(job); err != nil && !errors.Is(err, dispatch.ErrAhead) {
					t.Fatalf("%s is not handled: %v", m.Body, err)
				}
			}
			if err != nil {
				stuck++
				err = q.ChangeVisibility(t.Context(), queue.Calls, m.Receipt, 0)
			} else {
				err = q.Delete(t.Context(), queue.Calls, m.Receipt)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if left := receive(t, q, queue.Calls); len(left) > 0 {
		t.Errorf("%d messages block the queue", len(left))
	}
	if dead := receive(t, q, queue.CallsDead); len(dead) != stuck {
		t.Errorf("%d messages are with the dead letters, want %d", len(dead), stuck)
	}
}

func receive(t *testing.T, q *memory.Queue, name queue.Name) []queue.Received {
	t.Helper()
	received, err := q.Receive(t.Context(), name, queue.MaxBatch, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return received
}
