package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/dispatch"
	"github.com/outdial/outdial/services/internal/memory"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/task"
	"github.com/outdial/outdial/services/internal/tracking"
)

// outdial is Outdial in virtual time: the real worker, tracker and agent on the
// memory store, with a store, queues, a task service and a carrier that take
// their time.
type outdial struct {
	*timeline
	chance
	ctx    context.Context
	cancel context.CancelFunc
	store  *memory.Store
	jobs   *mailbox[messages.Job]
	events *mailbox[messages.Event]
	meters
	tasks int
	legs  map[string]leg // calls at the carrier, by reference
	err   error          // what must never happen here
}

// meters is what is watched of either design.
type meters struct {
	inUse    *gauge // slots, from admission to their return
	talking  *gauge // people on the phone
	waiting  *gauge // calls that were not admitted yet
	finished int
}

func newMeters(t *timeline) meters {
	return meters{inUse: newGauge(t), talking: newGauge(t), waiting: newGauge(t)}
}

// How many of a function run at once, and how long the store takes.
const (
	workers  = 2
	trackers = 4

	readTime  = 5 * time.Millisecond
	writeTime = 15 * time.Millisecond

	budget = 45 * time.Second // of one fill: a function is allowed a minute
)

// rate is as high as ECS allows, so that it isn't what keeps slots empty.
const rate = 20

func newOutdial(ctx context.Context) *outdial {
	w := &outdial{timeline: newTimeline(), chance: newChance(1), legs: map[string]leg{}}
	w.ctx, w.cancel = context.WithCancel(ctx)
	w.meters = newMeters(w.timeline)
	w.store = memory.New(call.Capacity{Rate: rate, Version: 1})
	w.jobs = &mailbox[messages.Job]{w: w, most: workers, hop: w.hop, handle: w.work}
	w.events = &mailbox[messages.Event]{w: w, most: trackers, hop: w.bus, handle: w.follow}
	return w
}

// close drops all that is under way.
func (w *outdial) close() {
	w.cancel()
	w.end()
}

// longest is how long a simulated day may be: by then something hangs.
const longest = 1000 * time.Hour

// runWhile lets time pass.
func (w *outdial) runWhile(holds func() bool) {
	for w.err == nil && holds() {
		if w.passed > longest {
			w.fail(fmt.Errorf("after %v %d calls wait and %d slots are in use", w.passed, w.waiting.value, w.inUse.value))
		}
		if err := w.ctx.Err(); err != nil {
			w.fail(err)
		}
		w.step()
	}
}

// fail notes what must never happen here. The first tells the most.
func (w *outdial) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// submit stores a batch and expands it while there are no slots.
func (w *outdial) submit(calls int) error {
	b := call.Batch{ID: call.BatchID(fmt.Sprintf("%026d", 1)), Owner: "owner", TimeLimit: 600, Rows: calls, ChunkRows: 1000}
	change := call.BatchAccepted(b, nil, w.now)
	if err := w.store.ApplyBatch(w.ctx, change); err != nil {
		return err
	}
	for b = change.After; b.Expanded < b.Rows; b = change.After {
		rows := make([]call.Row, min(1000, b.Rows-b.Expanded))
		for i := range rows {
			rows[i] = call.Row{Line: b.Expanded + i + 2, Number: fmt.Sprintf("+1415%07d", b.Expanded+i)}
		}
		var err error
		if change, err = call.BatchExpanded(b, rows, w.now); err != nil {
			return err
		}
		if err := w.store.ApplyBatch(w.ctx, change); err != nil {
			return err
		}
	}
	w.waiting.add(calls)
	return nil
}

// open allows so many slots, as PUT /capacity does, and begins the minute ticks.
func (w *outdial) open(limit int) error {
	room, err := w.store.Capacity(w.ctx)
	if err != nil {
		return err
	}
	if err := w.store.SetCapacity(w.ctx, room, room.Set(call.CapacityUpdate{Limit: &limit}, w.now)); err != nil {
		return err
	}
	w.jobs.send(0, messages.Job{Fill: true})
	w.tick()
	return nil
}

func (w *outdial) tick() {
	w.start(func(a *actor) {
		if err := w.tracker(a).Tick(w.ctx); err != nil {
			w.fail(fmt.Errorf("tick: %w", err))
		}
	}, nil)
	w.after(time.Minute, w.tick)
}

func (w *outdial) work(a *actor, job messages.Job) error {
	d := &dispatch.Dispatcher{
		Store: pacedStore{w.store, w, a}, Tasks: taskService{w, a}, Jobs: sender{w}, Now: w.clock, Timing: call.DefaultTiming(),
		Log: slog.New(slog.DiscardHandler), TaskDefinition: "agent:1", Budget: budget,
	}
	return d.Handle(w.ctx, job)
}

func (w *outdial) follow(a *actor, e messages.Event) error { return w.tracker(a).Handle(w.ctx, e) }

func (w *outdial) tracker(a *actor) *tracking.Tracker {
	return &tracking.Tracker{
		Store: pacedStore{w.store, w, a}, Tasks: taskService{w, a}, Carrier: phone{w, nil}, Jobs: sender{w}, Looks: sender{w},
		Now: w.clock, Timing: call.DefaultTiming(), Log: slog.New(slog.DiscardHandler), Slice: 100, Budget: budget,
	}
}

func (w *outdial) clock() time.Time { return w.now }

// mailbox is a queue and the function that handles its messages.
type mailbox[T any] struct {
	w       *outdial
	most    int // so many are handled at once
	hop     func() time.Duration
	handle  func(*actor, T) error
	visible []*letter[T]
	busy    int
}

type letter[T any] struct {
	message  T
	receives int
}

// visibility is how long a message stays hidden whose handling has failed.
const visibility = time.Minute

// send puts a message into the queue. SQS counts delays in whole seconds.
func (m *mailbox[T]) send(delay time.Duration, message T) {
	whole := (delay + time.Second - 1).Truncate(time.Second)
	m.arrive(whole+m.hop(), &letter[T]{message: message})
}

func (m *mailbox[T]) arrive(in time.Duration, l *letter[T]) {
	m.w.after(in, func() {
		m.visible = append(m.visible, l)
		m.deliver()
	})
}

func (m *mailbox[T]) deliver() {
	for m.busy < m.most && len(m.visible) > 0 {
		l := m.visible[0]
		m.visible = m.visible[1:]
		m.busy++
		m.w.start(func(a *actor) { m.receive(a, l) }, func() {
			m.busy--
			m.deliver()
		})
	}
}

func (m *mailbox[T]) receive(a *actor, l *letter[T]) {
	l.receives++
	err := m.handle(a, l.message)
	switch {
	case err == nil || m.w.ctx.Err() != nil:
	case l.receives == queue.MaxReceives:
		m.w.fail(fmt.Errorf("a message is moved to the dead letters: %w", err))
	default:
		m.arrive(visibility, l)
	}
}

// sender sends jobs and looks.
type sender struct{ w *outdial }

// Send sends a job.
func (s sender) Send(_ context.Context, delay time.Duration, job messages.Job) error {
	s.w.jobs.send(min(max(delay, 0), queue.MaxDelay), job)
	return nil
}

// SendDead must not happen: no call is dead-lettered here.
func (s sender) SendDead(_ context.Context, job messages.Job) error {
	s.w.fail(fmt.Errorf("call %s is dead-lettered", job.CallID))
	return nil
}

// Look asks for a look at what is due.
func (s sender) Look(context.Context) error {
	s.w.events.send(0, messages.Event{Type: messages.EventLook})
	return nil
}

// taskService is ECS: it takes its time, refuses now and then, and starts agents.
type taskService struct {
	w *outdial
	a *actor
}

// Run starts a task.
func (s taskService) Run(_ context.Context, r task.Request) (string, error) {
	s.a.sleep(s.w.launch())
	if s.w.refused() {
		return "", task.ErrNoCapacity
	}
	s.w.tasks++
	arn := fmt.Sprintf("arn:task/%d", s.w.tasks)
	s.w.after(s.w.startup(), func() { s.w.startAgent(arn, r) })
	return arn, nil
}

// Describe says that a task runs: the tracker only asks for a task whose end it hasn't heard of.
func (s taskService) Describe(context.Context, string) (task.State, error) {
	return task.Running, nil
}

// Stop must not happen: nobody cancels, and all agents start and end in time.
func (s taskService) Stop(_ context.Context, arn, reason string) error {
	err := errors.New("stop of " + arn + ": " + reason)
	s.w.fail(err)
	return err
}
