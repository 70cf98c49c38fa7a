// Package dispatch is the worker: it admits waiting calls into free slots,
// paces them and launches their tasks.
//
// It is level-triggered. A job is only a reason to look: what happens depends
// on the call's record, and every job ends in a fill of the free slots.
package dispatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/task"
)

// Turns tells who is next. Its lists are hints that may lag behind.
type Turns interface {
	Turns(ctx context.Context, limit int) ([]call.Turn, error)
	Lanes(ctx context.Context, owner string, limit int) ([]call.Lane, error)
	ReadyCalls(ctx context.Context, lane call.LaneKey, limit int) ([]string, error)
}

// Room reads slots, rate and stop, and single lanes, strongly.
type Room interface {
	Capacity(ctx context.Context) (call.Capacity, error)
	Lane(ctx context.Context, key call.LaneKey) (call.Lane, error)
}

// Store is what the worker reads and changes.
type Store interface {
	call.Records
	Turns
	Room
	ReadAhead(ctx context.Context, calls []call.AttemptID) (call.Ahead, error)
}

// Tasks starts the task of an attempt. The same request again, with its client
// token, starts none. Its errors are those of package task; any other is unclear.
type Tasks interface {
	Run(ctx context.Context, r task.Request) (arn string, err error)
}

// Jobs sends jobs to the calls queue, and marked ones to its dead-letter queue.
type Jobs interface {
	Send(ctx context.Context, delay time.Duration, job messages.Job) error
	SendDead(ctx context.Context, job messages.Job) error
}

// Dispatcher handles jobs. It is sequential: one value serves one loop.
type Dispatcher struct {
	Store  Store
	Tasks  Tasks
	Jobs   Jobs
	Now    func() time.Time
	Timing call.Timing
	Log    *slog.Logger

	TaskDefinition string        // revision that new attempts are launched with
	Budget         time.Duration // after this no further job is begun, and a fill hands the rest to a new job; zero: no end
}

// ErrAhead says that a job speaks of an attempt that the record doesn't show
// yet. The job stays in the queue.
var ErrAhead = errors.New("the job is ahead of the record")

// ErrNotBegun says that the budget was over before a job's turn came. The job
// stays in the queue.
var ErrNotBegun = errors.New("not begun: no time is left")

// Handle looks at the call that a job names, and then fills. After an error the
// job must be delivered again.
func (d *Dispatcher) Handle(ctx context.Context, job messages.Job) error {
	return d.HandleAll(ctx, []messages.Job{job})[0]
}

// HandleAll looks at the calls that jobs name, one after the other, and then
// fills once for all of them. It gives each job's error, nil for one that is done.
func (d *Dispatcher) HandleAll(ctx context.Context, jobs []messages.Job) []error {
	if len(jobs) == 0 {
		return nil
	}
	began := d.Now()
	errs := make([]error, len(jobs))
	one := *d
	one.Store = d.readAhead(ctx, jobs)
	var named []string
	for i, job := range jobs {
		if job.Fill {
			continue
		}
		if d.spent(began) {
			errs[i] = ErrNotBegun
			continue
		}
		candidate, err := one.look(ctx, job)
		if candidate {
			named = append(named, job.CallID)
		}
		errs[i] = err
	}
	if err := d.fillSince(ctx, began, named...); err != nil {
		for i := range errs {
			errs[i] = errors.Join(errs[i], err)
		}
	}
	return errs
}

// HandleMessages is HandleAll for jobs as they come from the queue. A message that
// is no job gets its error, and after some receives the queue puts it aside.
func (d *Dispatcher) HandleMessages(ctx context.Context, bodies [][]byte) []error {
	errs := make([]error, len(bodies))
	var jobs []messages.Job
	var places []int // of the jobs among the messages
	for i, body := range bodies {
		job, err := messages.ParseJob(body)
		if err != nil {
			errs[i] = err
			continue
		}
		jobs, places = append(jobs, job), append(places, i)
	}
	for n, err := range d.HandleAll(ctx, jobs) {
		errs[places[n]] = err
	}
	return errs
}

// look does what the record of the named call asks for, and says whether the call
// is a candidate for the fill.
func (d *Dispatcher) look(ctx context.Context, job messages.Job) (candidate bool, err error) {
	c, err := d.Store.Call(ctx, job.CallID)
	switch {
	case errors.Is(err, call.ErrNotFound):
		d.Log.WarnContext(ctx, "job of an unknown call dropped", "call", job.CallID)
		return false, nil
	case err != nil:
		return false, fmt.Errorf("read call %s: %w", job.CallID, err)
	case job.Attempt > c.Attempt:
		return false, fmt.Errorf("call %s, attempt %d: %w", job.CallID, job.Attempt, ErrAhead)
	case job.Attempt < c.Attempt:
		return false, nil
	}
	switch {
	case c.DeadLettered():
		return d.deadLettered(ctx, job, c)
	case c.Status == call.Queued:
		return true, nil
	case c.Status == call.Launching:
		_, err := d.launch(ctx, c)
		return false, err
	}
	return false, nil
}

// deadLettered reopens the call when its marked job came back, and puts the mark
// again for any other copy: an ordinary duplicate must not reopen it (R6).
func (d *Dispatcher) deadLettered(ctx context.Context, job messages.Job, c call.Call) (candidate bool, err error) {
	if !job.Dead {
		return false, d.mark(ctx, c)
	}
	_, err = call.Update(ctx, d.Store, c.ID, func(c call.Call) (call.Change, error) {
		return call.Redriven(c, job.Attempt, "", d.Now())
	})
	switch {
	case err == nil:
		return true, nil
	case call.NotAllowed(err):
		return false, nil
	case call.RefusedFor(err, call.ConditionCanceled):
		d.Log.InfoContext(ctx, "redriven job of a canceled batch dropped", "call", c.ID)
		return false, nil
	}
	return false, fmt.Errorf("redrive call %s: %w", c.ID, err)
}

// mark puts the marked copy of a dead-lettered call's job into the dead-letter
// queue. The record moved before, so a crash in between leaves it due.
func (d *Dispatcher) mark(ctx context.Context, c call.Call) error {
	if err := d.Jobs.SendDead(ctx, messages.Job{CallID: c.ID, Attempt: c.Attempt, Dead: true}); err != nil {
		return fmt.Errorf("send the dead letter of call %s: %w", c.ID, err)
	}
	_, err := call.Update(ctx, d.Store, c.ID, func(now call.Call) (call.Change, error) {
		return call.MarkSent(now, c.Attempt, d.Now())
	})
	if err != nil && !call.NotAllowed(err) {
		return fmt.Errorf("note the dead letter of call %s: %w", c.ID, err)
	}
	return nil
}
