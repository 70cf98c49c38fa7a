// Package testworld is a small Outdial for the tests of the use cases: the real
// use cases and the real agent around a real store and real queues, with tasks
// and a carrier that do as they are told.
//
// Time moves only when a test moves it, everything happens one after the other,
// and every call of a port can be made to fail (see Fault) or to be raced (see
// World.Before). What must hold whatever happens is watched all the time: a
// violation of one of the promises fails the test where it happens.
package testworld

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/capacity"
	"github.com/outdial/outdial/services/internal/deadletters"
	"github.com/outdial/outdial/services/internal/dispatch"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/storetest"
	"github.com/outdial/outdial/services/internal/tracking"
)

// World is everything. Its use cases are those of one worker and one tracker.
type World struct {
	Clock       *storetest.Clock
	Dispatcher  *dispatch.Dispatcher
	Tracker     *tracking.Tracker
	DeadLetters *deadletters.Service
	Capacity    *capacity.Service

	Tasks   *Tasks
	Carrier *Carrier
	Lists   Lists  // what the store's lists show instead of the truth
	Sent    []Sent // all messages that were sent

	NoTicks   bool // the minute tick doesn't come
	Twice     bool // every message is handled twice
	ChunkRows int  // rows in each chunk of a batch but the last

	Metadata map[string]string // of each row

	t     testing.TB
	ctx   context.Context
	store storetest.Store // without faults
	mail  *mailbox
	ports ports
	made  int       // ids so far
	tick  time.Time // of the next minute tick

	rateAt time.Time // the rate's stored time when it was last seen
}

// New makes a world around an empty store and empty queues that go by the clock.
// It begins with room for ten calls, and a rate that holds nothing up.
func New(t testing.TB, clock *storetest.Clock, s storetest.Store, q queue.Queue) *World {
	t.Helper()
	w := &World{Clock: clock, ChunkRows: 3, t: t, ctx: t.Context(), store: s, tick: clock.Now().Add(time.Minute)}
	w.mail = &mailbox{w: w, queue: q}
	w.Tasks = &Tasks{w: w, answers: map[string]answer{}}
	w.Carrier = &Carrier{w: w}
	store := faultyStore{s, w}
	jobs, looks := queue.JobSender{Queue: sender{w}}, queue.EventSender{Queue: sender{w}}
	log := slog.New(slog.DiscardHandler)
	w.Dispatcher = &dispatch.Dispatcher{
		Store: store, Tasks: w.Tasks, Jobs: jobs, Now: clock.Now, Timing: call.DefaultTiming(), Log: log, TaskDefinition: "agent:1",
	}
	w.DeadLetters = &deadletters.Service{Store: store, Jobs: jobs, Looks: looks, Now: clock.Now, Log: log, Slice: 2}
	w.Tracker = &tracking.Tracker{
		Store: store, Tasks: w.Tasks, Carrier: w.Carrier, Jobs: jobs, Looks: looks, Redrives: w.DeadLetters,
		Now: clock.Now, Timing: call.DefaultTiming(), Log: log, Slice: 2,
	}
	w.Capacity = &capacity.Service{Store: store, Jobs: jobs, Now: clock.Now, Log: log}
	t.Cleanup(w.Tasks.end)
	w.SetRoom(10, 1000)
	return w
}

// SetRoom sets limit and rate, without a fill.
func (w *World) SetRoom(limit int, rate float64) {
	w.t.Helper()
	before := w.Room()
	after := before.Set(call.CapacityUpdate{Limit: &limit, Rate: &rate}, w.Clock.Now())
	w.must(w.store.SetCapacity(w.ctx, before, after))
}

// Create stores a call of an owner and tells nobody. Each is created a
// millisecond after the one before.
func (w *World) Create(owner string, with ...func(*call.NewCall)) string {
	w.t.Helper()
	n := call.NewCall{ID: call.SingleID(w.ulid()), Owner: owner, Number: "+493012345678", TimeLimit: 600}
	for _, change := range with {
		change(&n)
	}
	w.must(w.store.Apply(w.ctx, call.Created(n, w.Clock.Advance(time.Millisecond))))
	return n.ID
}

// Submit stores a call of an owner and sends its job.
func (w *World) Submit(owner string, with ...func(*call.NewCall)) string {
	w.t.Helper()
	id := w.Create(owner, with...)
	w.Send(messages.Job{CallID: id, Attempt: 1})
	return id
}

// CreateBatch accepts a batch of n rows, and tells nobody.
func (w *World) CreateBatch(owner string, n int) string {
	w.t.Helper()
	b := call.Batch{ID: call.BatchID(w.ulid()), Owner: owner, TimeLimit: 600, Rows: n, ChunkRows: w.ChunkRows}
	var rows []call.Row
	for row := range n {
		rows = append(rows, call.Row{Line: row + 2, Number: fmt.Sprintf("+4930%06d", row), Metadata: w.Metadata})
	}
	chunk := 0
	for part := range slices.Chunk(rows, w.ChunkRows) {
		w.must(w.store.PutChunk(w.ctx, b.ID, chunk, part))
		chunk++
	}
	w.must(w.store.ApplyBatch(w.ctx, call.BatchAccepted(b, nil, w.Clock.Advance(time.Millisecond))))
	return b.ID
}

// SubmitBatch accepts a batch of n rows and has the tracker look at it.
func (w *World) SubmitBatch(owner string, n int) string {
	w.t.Helper()
	id := w.CreateBatch(owner, n)
	w.must(queue.EventSender{Queue: w.mail}.Look(w.ctx))
	return id
}

// Send puts a job into the calls queue, past all faults.
func (w *World) Send(job messages.Job) {
	w.t.Helper()
	w.must(queue.JobSender{Queue: w.mail}.Send(w.ctx, 0, job))
}

// Work has the worker handle a job, or die of a fault.
func (w *World) Work(job messages.Job) error {
	return survive(func() error { return w.Dispatcher.Handle(w.ctx, job) })
}

// Fill has the worker fill.
func (w *World) Fill() {
	w.t.Helper()
	w.must(w.Work(messages.Job{Fill: true}))
}

// Follow has the tracker handle an event, or die of a fault.
func (w *World) Follow(e messages.Event) error {
	return survive(func() error { return w.Tracker.Handle(w.ctx, e) })
}

// Look has the tracker look at what is due, or die of a fault.
func (w *World) Look() error {
	return survive(func() error { return w.Tracker.LookAtDue(w.ctx) })
}

// Press does what a person asks for, and again when it failed, as people do.
func (w *World) Press(do func(ctx context.Context) error) {
	w.t.Helper()
	var err error
	for range 5 {
		if err = survive(func() error { return do(w.ctx) }); err == nil {
			return
		}
		w.Clock.Advance(time.Second)
	}
	w.t.Fatalf("pressed five times: %v", err)
}

// Call is a call's record.
func (w *World) Call(id string) call.Call {
	w.t.Helper()
	c, err := w.store.Call(w.ctx, id)
	w.must(err)
	return c
}

// Claim is the claim of an attempt; the zero claim when there is none.
func (w *World) Claim(id string, attempt int) call.Claim {
	w.t.Helper()
	claim, err := w.store.Claim(w.ctx, id, attempt)
	if !errors.Is(err, call.ErrNotFound) {
		w.must(err)
	}
	return claim
}

// Room is the capacity.
func (w *World) Room() call.Capacity {
	w.t.Helper()
	room, err := w.store.Capacity(w.ctx)
	w.must(err)
	return room
}

// Batch is a batch's record with its counts.
func (w *World) Batch(id string) (call.Batch, call.Counts) {
	w.t.Helper()
	b, err := w.store.Batch(w.ctx, id)
	w.must(err)
	n, err := w.store.BatchCounts(w.ctx, id)
	w.must(err)
	return b, n
}

// Redrive is a redrive's record.
func (w *World) Redrive(id string) call.Redrive {
	w.t.Helper()
	r, err := w.store.Redrive(w.ctx, id)
	w.must(err)
	return r
}

// Calls are the records of all calls, in the order of ids.
func (w *World) Calls() []call.Call {
	w.t.Helper()
	calls, _, err := w.store.ListCalls(w.ctx, call.Filter{}, call.Page{Limit: 100_000})
	w.must(err)
	return calls
}

// Due tells what is due at any time.
func (w *World) Due() []call.DueItem {
	w.t.Helper()
	items, err := w.store.Due(w.ctx, w.Clock.Now().AddDate(10, 0, 0), 100_000)
	w.must(err)
	return items
}

func (w *World) ulid() string {
	w.made++
	return fmt.Sprintf("%026d", w.made)
}

func (w *World) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}
