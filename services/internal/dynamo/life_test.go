package dynamo_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/dynamo"
)

// What a call of a batch may cost from its row to its end, all programs together.
const (
	mostRequests   = 25
	mostWriteUnits = 40
)

// costs leads one call of a batch through its life, with the reads that the
// programs make around each move, and prints what each step costs.
func costs(t *testing.T) {
	m := &meter{t: t, next: http.DefaultTransport}
	s := openThrough(t, m)
	l := &life{t: t, s: s, m: m, now: time.Date(2026, time.March, 2, 9, 0, 0, 123e6, time.UTC)}
	b := l.accept(10 * dynamo.MaxSlice)
	l.share("a row of a chunk, written and kept", b.Rows, func() {
		must(t, s.PutChunk(t.Context(), b.ID, 0, l.rows(b.Rows)))
		must(t, s.KeepChunks(t.Context(), b.ID))
	})
	l.expand(b)
	l.admit(call.BatchCallID(b.ID, 2)) // so that ours is neither the first nor the last
	id := call.BatchCallID(b.ID, 1)
	l.step("worker: fill", func() { l.admit(id) })
	l.step("worker: the task was accepted", func() {
		l.applyRead(func(c call.Call) (call.Change, error) {
			return call.TaskStarted(c, 1, task, call.DefaultTiming(), l.later(1))
		})
	})
	l.agentTakes(id)
	l.event("tracker: ringing", func(c call.Call) (call.Change, error) {
		return call.Rang(c, 1, task, call.DefaultTiming(), l.later(40))
	})
	l.event("tracker: answered", func(c call.Call) (call.Change, error) {
		return call.Answered(c, 1, task, call.DefaultTiming(), l.later(9))
	})
	o := call.Outcome{
		Status: call.Completed, Dialed: true, CarrierReference: "CA5f0c3b9d2a7e4c61b8f90d3e2a1c4b57",
		RingingAt: l.now, AnsweredAt: l.now.Add(9 * time.Second), EndedAt: l.now.Add(104 * time.Second), Duration: 95,
	}
	l.step("agent: the outcome", func() { must(t, s.NoteOutcome(t.Context(), id, 1, nonce, o)) })
	l.event("tracker: ended", func(c call.Call) (call.Change, error) { return call.Ended(c, 1, o, l.later(100)) })
	l.step("tracker: the task has stopped", func() { l.read(id) })
	l.print()
}

const (
	nonce = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	task  = "arn:aws:ecs:eu-central-1:123456789012:task/outdial/0f1e2d3c4b5a69788796a5b4c3d2e1f0"
)

type life struct {
	t     *testing.T
	s     *dynamo.Store
	m     *meter
	now   time.Time
	call  call.Call
	lines []string

	requests, units float64
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (l *life) later(seconds int) time.Time {
	l.now = l.now.Add(time.Duration(seconds) * time.Second)
	return l.now
}

func (l *life) step(name string, do func()) { l.share(name, 1, do) }

// share is a step that is made for n calls at once.
func (l *life) share(name string, n int, do func()) {
	l.t.Helper()
	before := l.m.used
	do()
	used := l.m.used.less(before)
	requests, units := float64(used.requests)/float64(n), float64(used.units())/float64(n)
	l.requests, l.units = l.requests+requests, l.units+units
	l.lines = append(l.lines, fmt.Sprintf("%-40s %8.2f %8.2f %8.2f %8.2f", name, requests,
		float64(used.table)/float64(n), float64(used.index)/float64(n), units))
}

func (l *life) print() {
	l.t.Logf("\n%-40s %8s %8s %8s %8s\n%s\n%-40s %8.2f %17s %8.2f", "step", "requests", "table", "indexes", "units",
		strings.Join(l.lines, "\n"), "a call of a batch", l.requests, "", l.units)
	if l.requests > mostRequests || l.units > mostWriteUnits {
		l.t.Errorf("more than %d requests or %d write units", mostRequests, mostWriteUnits)
	}
}

func (l *life) rows(n int) []call.Row {
	rows := make([]call.Row, n)
	for i := range rows {
		rows[i] = call.Row{Line: i + 2, Number: fmt.Sprintf("+4930%08d", 7919*i), Metadata: map[string]string{"customer": fmt.Sprintf("C-%06d", i)}}
	}
	return rows
}

func (l *life) accept(n int) call.Batch {
	b := call.Batch{
		ID: call.BatchID(ulid.Make().String()), Owner: "c2b5d4e4-70a1-70b3-1b5e-6f2d8c9a0b1e", Name: "Spring reminders",
		Settings:  call.Settings{Instructions: strings.Repeat("Be kind. ", 20), Voice: "cedar", Language: "en-GB"},
		TimeLimit: 600, Rows: n, ChunkRows: n,
	}
	ch := call.BatchAccepted(b, nil, l.now)
	must(l.t, l.s.ApplyBatch(l.t.Context(), ch))
	return ch.After
}

func (l *life) expand(b call.Batch) {
	for b.Expanded < b.Rows {
		next := func() {
			b, err := l.s.Batch(l.t.Context(), b.ID)
			must(l.t, err)
			rows, err := l.s.Chunk(l.t.Context(), b.ID, 0)
			must(l.t, err)
			ch, err := call.BatchExpanded(b, rows[b.Expanded:b.Expanded+dynamo.MaxSlice], l.later(1))
			must(l.t, err)
			must(l.t, l.s.ApplyBatch(l.t.Context(), ch))
		}
		if b.Expanded == dynamo.MaxSlice {
			l.share("tracker: a row of a slice, expanded", dynamo.MaxSlice, next)
		} else {
			next()
		}
		b.Expanded += dynamo.MaxSlice
	}
}

// admit does what a fill does for one call.
func (l *life) admit(id string) {
	ctx := l.t.Context()
	room, err := l.s.Capacity(ctx)
	must(l.t, err)
	turns, err := l.s.Turns(ctx, 50)
	must(l.t, err)
	lanes, err := l.s.Lanes(ctx, turns[0].Owner, 50)
	must(l.t, err)
	if _, err := l.s.ReadyCalls(ctx, lanes[0].LaneKey, 25); err != nil {
		l.t.Fatal(err)
	}
	l.read(id)
	l.applyRead(func(c call.Call) (call.Change, error) {
		launchAt, a := room.Admit(l.later(1))
		return call.Admitted(c, launchAt, a, "arn:aws:ecs:eu-central-1:123456789012:task-definition/outdial-agent:17", call.DefaultTiming(), l.now)
	})
}

func (l *life) read(id string) {
	c, err := l.s.Call(l.t.Context(), id)
	must(l.t, err)
	l.call = c
}

func (l *life) applyRead(move func(call.Call) (call.Change, error)) {
	ch, err := move(l.call)
	must(l.t, err)
	must(l.t, l.s.Apply(l.t.Context(), ch))
	l.call = ch.After
}

func (l *life) agentTakes(id string) {
	ctx := l.t.Context()
	l.step("agent: the claim and the settings", func() {
		claim, err := l.s.TakeClaim(ctx, id, 1, nonce, task, l.later(30))
		must(l.t, err)
		_, err = l.s.BatchSettings(ctx, claim.BatchID)
		must(l.t, err)
	})
	l.step("agent: a look for a stop", func() {
		_, err := l.s.Claim(ctx, id, 1)
		must(l.t, err)
	})
	l.step("agent: the carrier's reference", func() {
		must(l.t, l.s.NoteReference(ctx, id, 1, nonce, "CA5f0c3b9d2a7e4c61b8f90d3e2a1c4b57"))
	})
}

// event does what the tracker does for an agent's event.
func (l *life) event(name string, move func(call.Call) (call.Change, error)) {
	l.step(name, func() {
		if _, err := l.s.Claim(l.t.Context(), l.call.ID, 1); err != nil {
			l.t.Fatal(err)
		}
		l.read(l.call.ID)
		l.applyRead(move)
	})
}
