package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/dispatch"
	"github.com/outdial/outdial/services/internal/memory"
	"github.com/outdial/outdial/services/internal/sqlite"
	"github.com/outdial/outdial/services/internal/task"
	"github.com/outdial/outdial/services/internal/tracking"
)

// waitingRow measures whether it costs more to get one call through because more
// calls wait.
func waitingRow() row {
	return row{
		name:    "cost of one fill, admission and end with 100,000 calls waiting (1,000,000 by a flag)",
		against: "itself at 1,000",
		aim:     atMost(1.2),
		run:     runWaiting,
	}
}

// layout is how waiting calls stand in lanes.
type layout struct {
	name  string
	owner func(n int) string // of the n-th call; each owner's single calls are a lane
}

var layouts = []layout{
	{"one lane", func(int) string { return "owner" }},
	{"lanes of 10", func(n int) string { return fmt.Sprintf("owner-%06d", n/10) }},
}

func runWaiting(ctx context.Context, o options) (result, error) {
	few, many := o.size(1_000, 50), o.size(100_000, 200)
	if o.million && !o.quick {
		many = 1_000_000
	}
	worst := result{}
	var notes []string
	for _, store := range []string{"SQLite", "memory"} {
		for _, l := range layouts {
			small, large, err := openYards(ctx, o, store, l, few, many)
			if err != nil {
				return result{}, err
			}
			each := o.size(100, 5)
			p, err := inPairs(ctx, o, 12, large.side(each), small.side(each))
			if err := errors.Join(err, small.close(), large.close()); err != nil {
				return result{}, err
			}
			r := p.costs(byCPU, "")
			notes = append(notes, fmt.Sprintf("%s, %s: %.2f (%.0f µs against %.0f; on the clock %.2f)",
				store, l.name, r.ratio, 1e6*typical(p.ours, byCPU), 1e6*typical(p.theirs, byCPU), p.costs(byWall, "").ratio))
			if r.ratio > worst.ratio {
				worst = r
			}
		}
	}
	worst.note = fmt.Sprintf("%d waiting, of the processor's time; %s", many, strings.Join(notes, "; "))
	return worst, nil
}

// yardStore is all that worker, agent and tracker use of a store.
type yardStore interface {
	dispatch.Store
	tracking.Store
	SetCapacity(ctx context.Context, before, after call.Capacity) error
	TakeClaim(ctx context.Context, callID string, attempt int, nonce, task string, now time.Time) (call.Claim, error)
	NoteOutcome(ctx context.Context, callID string, attempt int, nonce string, o call.Outcome) error
}

// yard is a store in which so many calls wait, with a worker and a tracker
// between which nothing takes time, and one slot.
type yard struct {
	store    yardStore
	close    func() error
	layout   layout
	launched []task.Request
	fills    int // asked for
	worker   dispatch.Dispatcher
	tracker  tracking.Tracker
}

func openYards(ctx context.Context, o options, store string, l layout, few, many int) (small, large *yard, err error) {
	if small, err = openYard(ctx, o, store, l, few); err != nil {
		return nil, nil, err
	}
	if large, err = openYard(ctx, o, store, l, many); err != nil {
		return nil, nil, errors.Join(err, small.close())
	}
	return small, large, nil
}

func openYard(ctx context.Context, o options, store string, l layout, waiting int) (*yard, error) {
	room := call.Capacity{Limit: 1, Rate: math.MaxInt32, Version: 1}
	y := &yard{layout: l, store: memory.New(room), close: func() error { return nil }}
	if store == "SQLite" {
		path := filepath.Join(o.dir, fmt.Sprintf("%s-%d.db", strings.ReplaceAll(l.name, " ", "-"), waiting))
		db, err := sqlite.Open(ctx, sqlite.Options{Path: path, Capacity: room})
		if err != nil {
			return nil, err
		}
		y.store, y.close = db, db.Close
	}
	log := slog.New(slog.DiscardHandler)
	y.worker = dispatch.Dispatcher{
		Store: y.store, Tasks: y, Jobs: y, Now: time.Now, Timing: call.DefaultTiming(), Log: log, TaskDefinition: "agent:1",
	}
	y.tracker = tracking.Tracker{Store: y.store, Jobs: y, Now: time.Now, Timing: call.DefaultTiming(), Log: log}
	if err := y.submit(ctx, 0, waiting); err != nil {
		return nil, errors.Join(err, y.close())
	}
	return y, nil
}

// submit stores calls, many at a time, so that they share commits.
func (y *yard) submit(ctx context.Context, from, to int) error {
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(256)
	for n := from; n < to && ctx.Err() == nil; n++ {
		all.Go(func() error { return y.create(ctx, y.layout.owner(n)) })
	}
	return all.Wait()
}

func (y *yard) create(ctx context.Context, owner string) error {
	return y.store.Apply(ctx, call.Created(call.NewCall{
		ID: call.SingleID(newULID()), Owner: owner, Number: "+4930901820", TimeLimit: 600,
	}, time.Now()))
}

// side gets so many calls through, and then lets others wait in their place.
func (y *yard) side(each int) side {
	return func(ctx context.Context) (effort, error) {
		y.launched, y.fills = y.launched[:0], 0
		spent, err := timed(func() (int, error) {
			for range each {
				if err := y.one(ctx); err != nil {
					return 0, err
				}
			}
			return y.fills, nil
		})
		for _, r := range y.launched {
			c, readErr := y.store.Call(ctx, r.CallID)
			if c.Status != call.Completed {
				err = errors.Join(err, readErr, fmt.Errorf("call %s is %q, not completed", r.CallID, c.Status))
			}
			err = errors.Join(err, y.create(ctx, c.Owner))
		}
		return spent, err
	}
}

// one has the worker fill, and the launched call end.
func (y *yard) one(ctx context.Context) error {
	before := len(y.launched)
	if err := y.worker.Handle(ctx, messages.Job{Fill: true}); err != nil {
		return err
	}
	if len(y.launched) != before+1 {
		return fmt.Errorf("a fill of one slot launched %d calls", len(y.launched)-before)
	}
	r := y.launched[before]
	if _, err := y.store.TakeClaim(ctx, r.CallID, r.Attempt, "nonce", "task", time.Now()); err != nil {
		return err
	}
	o := call.Outcome{Status: call.Completed, Dialed: true, Duration: 30}
	if err := y.store.NoteOutcome(ctx, r.CallID, r.Attempt, "nonce", o); err != nil {
		return err
	}
	return y.tracker.Handle(ctx, messages.Event{
		Type: messages.EventEnded, CallID: r.CallID, Attempt: r.Attempt, Nonce: "nonce", Task: "task", At: time.Now(),
	})
}

// Run starts a task, or nothing.
func (y *yard) Run(_ context.Context, r task.Request) (string, error) {
	y.launched = append(y.launched, r)
	return "task", nil
}

// Send counts the fills that are asked for.
func (y *yard) Send(context.Context, time.Duration, messages.Job) error {
	y.fills++
	return nil
}

// SendDead must not happen.
func (y *yard) SendDead(_ context.Context, job messages.Job) error {
	return fmt.Errorf("call %s is dead-lettered", job.CallID)
}
