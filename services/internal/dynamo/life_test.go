package dynamo_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/agent"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/dispatch"
	"github.com/outdial/outdial/services/internal/dynamo"
	"github.com/outdial/outdial/services/internal/task"
	"github.com/outdial/outdial/services/internal/tracking"
)

// What a call of a batch may cost from its row to its end, all programs together.
const (
	mostRequests   = 14
	mostWriteUnits = 40
)

// costs leads calls of a batch through their lives by the programs themselves, and
// prints what each step costs one of them: when messages come by ten, as they do
// while a batch runs at its full rate, and when they come alone.
func costs(t *testing.T) {
	for _, c := range []struct {
		together       int
		requests, unit float64
	}{{10, mostRequests, mostWriteUnits}, {1, 2 * mostRequests, mostWriteUnits}} {
		m := &meter{t: t, next: http.DefaultTransport}
		l := newLife(t, m, openThrough(t, m))
		l.accept(2 * dynamo.MaxSlice)
		l.round(c.together) // so that ours are neither the first nor the last of their lane
		l.lines, l.requests, l.units = l.lines[:2], l.lifeless.requests, l.lifeless.units
		l.round(c.together)
		l.print(fmt.Sprintf("messages by %d", c.together))
		if l.requests > c.requests || l.units > c.unit {
			t.Errorf("more than %g requests or %g write units", c.requests, c.unit)
		}
	}
}

type life struct {
	t       *testing.T
	s       *dynamo.Store
	m       *meter
	now     time.Time
	worker  *dispatch.Dispatcher
	tracker *tracking.Tracker
	tasks   *acceptedTasks
	mail    *mail
	batch   call.Batch

	lines           []string
	requests, units float64
	lifeless        struct{ requests, units float64 } // of rows, before they are calls
}

func newLife(t *testing.T, m *meter, s *dynamo.Store) *life {
	l := &life{t: t, s: s, m: m, now: time.Date(2026, time.March, 2, 9, 0, 0, 123e6, time.UTC), tasks: &acceptedTasks{}, mail: &mail{}}
	now := func() time.Time {
		l.now = l.now.Add(time.Millisecond)
		return l.now
	}
	log := slog.New(slog.DiscardHandler)
	l.worker = &dispatch.Dispatcher{
		Store: s, Tasks: l.tasks, Jobs: l.mail, Now: now, Timing: call.DefaultTiming(), Log: log,
		TaskDefinition: "arn:aws:ecs:eu-central-1:123456789012:task-definition/outdial-agent:17",
	}
	l.tracker = &tracking.Tracker{
		Store: s, Tasks: l.tasks, Jobs: l.mail, Looks: l.mail, Now: now, Timing: call.DefaultTiming(), Log: log, Slice: dynamo.MaxSlice,
	}
	return l
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

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

func (l *life) print(title string) {
	l.t.Logf("\n%-40s %8s %8s %8s %8s\n%s\n%-40s %8.2f %17s %8.2f", title, "requests", "table", "indexes", "units",
		strings.Join(l.lines, "\n"), "a call of a batch", l.requests, "", l.units)
}

// accept writes a batch with its rows, and makes them waiting calls. A capacity of
// no slots leaves them waiting.
func (l *life) accept(n int) {
	ctx := l.t.Context()
	b := call.Batch{
		ID: call.BatchID(ulid.Make().String()), Owner: "c2b5d4e4-70a1-70b3-1b5e-6f2d8c9a0b1e", Name: "Spring reminders",
		Settings:  call.Settings{Instructions: strings.Repeat("Be kind. ", 20), Voice: "cedar", Language: "en-GB"},
		TimeLimit: 600, Rows: n, ChunkRows: n,
	}
	rows := make([]call.Row, n)
	for i := range rows {
		rows[i] = call.Row{Line: i + 2, Number: fmt.Sprintf("+4930%08d", 7919*i), Metadata: map[string]string{"customer": fmt.Sprintf("C-%06d", i)}}
	}
	l.share("api: a row, accepted", n, func() {
		must(l.t, l.s.PutChunk(ctx, b.ID, 0, rows))
		ch := call.BatchAccepted(b, nil, l.now)
		must(l.t, l.s.ApplyBatch(ctx, ch))
		l.batch = ch.After
	})
	l.share("tracker: a row, expanded", n, func() { must(l.t, l.tracker.LookAtDue(ctx)) })
	l.lifeless.requests, l.lifeless.units = l.requests, l.units
}

// round leads so many calls from their lane to their ends, side by side.
func (l *life) round(n int) {
	ctx := l.t.Context()
	room, err := l.s.Capacity(ctx)
	must(l.t, err)
	limit, rate := n, 20.0
	must(l.t, l.s.SetCapacity(ctx, room, room.Set(call.CapacityUpdate{Limit: &limit, Rate: &rate}, l.now)))
	l.now = l.now.Add(time.Minute)
	l.tasks.asked = nil
	l.share("worker: fill, admit, launch", n, func() {
		l.handled(l.worker.HandleAll(ctx, slices.Repeat([]messages.Job{{Fill: true}}, n)))
		l.now = l.now.Add(5 * time.Second) // rate tokens are taken ahead, and their jobs come back
		l.handled(l.worker.HandleAll(ctx, l.mail.later))
		l.mail.later = nil
	})
	if len(l.tasks.asked) != n {
		l.t.Fatalf("%d of %d tasks were launched", len(l.tasks.asked), n)
	}
	told := map[messages.EventType][]messages.Event{}
	l.share("agent: claim, look, reference, outcome", n, func() { l.agents(told) })
	l.now = l.now.Add(3 * time.Minute)
	for _, kind := range []messages.EventType{messages.EventRinging, messages.EventAnswered, messages.EventEnded, messages.EventTaskStopped} {
		if len(told[kind]) != n {
			l.t.Fatalf("%d of %d calls told %s", len(told[kind]), n, kind)
		}
		l.share("tracker: "+string(kind), n, func() { l.handled(l.tracker.HandleAll(ctx, told[kind])) })
	}
	counts, err := l.s.BatchCounts(ctx, l.batch.ID)
	must(l.t, err)
	if room, err = l.s.Capacity(ctx); err != nil || room.InUse != 0 || counts.Completed%n != 0 || counts.Completed == 0 {
		l.t.Fatalf("%d slots are taken, %+v, %v", room.InUse, counts, err)
	}
}

func (l *life) handled(errs []error) {
	l.t.Helper()
	for _, err := range errs {
		must(l.t, err)
	}
}

// agents runs the agent of each task that was asked for, and keeps what it tells.
func (l *life) agents(told map[messages.EventType][]messages.Event) {
	for _, r := range l.tasks.asked {
		a := &talk{now: l.now, told: told}
		must(l.t, agent.Run(l.t.Context(),
			agent.Config{CallID: r.CallID, Attempt: r.Attempt, Task: arnOf(r), StartBy: r.StartBy, Timing: agent.DefaultTiming()},
			agent.Ports{
				Store: l.s, Events: a, Carrier: a, Clock: a, Log: slog.New(slog.DiscardHandler),
				NewNonce: func() string { return "0f1e2d3c4b5a69788796a5b4c3d2e1f0" },
			}, nil))
		must(l.t, a.Publish(l.t.Context(), messages.Event{
			Type: messages.EventTaskStopped, CallID: r.CallID, Attempt: r.Attempt, Task: arnOf(r), At: a.now, Version: 4,
		}))
	}
}

func arnOf(r task.Request) string {
	return fmt.Sprintf("arn:aws:ecs:eu-central-1:123456789012:task/outdial/%032x", r.CallID[len(r.CallID)-6:])
}

// acceptedTasks accepts every task.
type acceptedTasks struct {
	tracking.Tasks
	asked []task.Request
}

func (t *acceptedTasks) Run(_ context.Context, r task.Request) (string, error) {
	t.asked = append(t.asked, r)
	return arnOf(r), nil
}

// mail keeps the jobs that come back.
type mail struct{ later []messages.Job }

func (m *mail) Send(_ context.Context, delay time.Duration, job messages.Job) error {
	if delay > 0 {
		m.later = append(m.later, job)
	}
	return nil
}

func (*mail) SendDead(context.Context, messages.Job) error { return nil }

func (*mail) Look(context.Context) error { return nil }

// talk is a clock and a carrier: a call rings for nine seconds, and then somebody
// talks for 95.
type talk struct {
	carrier.Carrier
	now, dialed time.Time
	told        map[messages.EventType][]messages.Event
}

func (a *talk) Now() time.Time { return a.now }

func (a *talk) Sleep(_ context.Context, d time.Duration, _ <-chan struct{}) { a.now = a.now.Add(d) }

func (a *talk) Publish(_ context.Context, e messages.Event) error {
	a.told[e.Type] = append(a.told[e.Type], e)
	return nil
}

func (a *talk) Create(context.Context, carrier.Request) (string, error) {
	a.dialed = a.now
	return "CA5f0c3b9d2a7e4c61b8f90d3e2a1c4b57", nil
}

func (a *talk) Status(context.Context, string) (carrier.State, error) {
	rang, answered, ended := a.dialed.Add(time.Second), a.dialed.Add(10*time.Second), a.dialed.Add(105*time.Second)
	switch {
	case a.now.Before(rang):
		return carrier.State{Status: carrier.Queued}, nil
	case a.now.Before(answered):
		return carrier.State{Status: carrier.Ringing, RingingAt: rang}, nil
	case a.now.Before(ended):
		return carrier.State{Status: carrier.InProgress, RingingAt: rang, AnsweredAt: answered}, nil
	}
	return carrier.State{Status: carrier.Completed, RingingAt: rang, AnsweredAt: answered, EndedAt: ended, Duration: 95 * time.Second}, nil
}
