package tracking

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/task"
)

// dueAtOnce is how many due items are read at once.
const dueAtOnce = 100

// Tick is what happens every minute: a fill, and a look at what is due. Together
// they make good whatever else was lost.
func (t *Tracker) Tick(ctx context.Context) error {
	t.fill(ctx)
	return t.LookAtDue(ctx)
}

// LookAtDue looks at everything that is due, the longest overdue first. What
// fails is passed over, so that it can't keep the rest waiting, and is met again
// at the next look.
func (t *Tracker) LookAtDue(ctx context.Context) error {
	r := &round{Tracker: t, began: t.Now(), passed: map[string]bool{}, lost: map[string]int{}}
	for {
		more, err := r.page(ctx)
		r.fillOnce(ctx)
		if err != nil || !more || r.spent() {
			return errors.Join(r.failed, err)
		}
	}
}

// round is one look at everything that is due.
type round struct {
	*Tracker
	began  time.Time
	passed map[string]bool // ids that this round is through with
	lost   map[string]int  // batches: how often in a row somebody else's slice came first
	failed error
	joined bool // a call has joined its lane, and nobody was asked to fill since
}

// page looks at what is longest overdue. It says whether there may be more.
func (r *round) page(ctx context.Context) (more bool, err error) {
	items, err := r.Store.Due(ctx, r.Now(), dueAtOnce+len(r.passed))
	if err != nil {
		return false, fmt.Errorf("list what is due: %w", err)
	}
	for _, item := range items {
		if r.passed[item.ID] {
			continue
		}
		more = true
		if r.spent() || ctx.Err() != nil {
			return false, ctx.Err()
		}
		again, err := r.look(ctx, item)
		if err != nil {
			r.failed = errors.Join(r.failed, fmt.Errorf("look at %s %s: %w", item.Kind, item.ID, err))
		}
		r.passed[item.ID] = err != nil || !again
	}
	return more, nil
}

// spent tells whether the budget is over.
func (r *round) spent() bool { return r.Budget > 0 && r.Now().Sub(r.began) > r.Budget }

// fillOnce asks for one fill for all the calls of a page that have joined their
// lanes: thousands may come due together.
func (r *round) fillOnce(ctx context.Context) {
	if r.joined {
		r.fill(ctx)
	}
	r.joined = false
}

// look takes one due item a step on. It says whether a further step may follow at once.
func (r *round) look(ctx context.Context, item call.DueItem) (again bool, err error) {
	switch item.Kind {
	case call.DueBatch:
		return r.lookAtBatch(ctx, item.ID)
	case call.DueRedrive:
		return r.Redrives.Work(ctx, item.ID)
	}
	err = r.lookAtCall(ctx, item.ID)
	if call.NotAllowed(err) {
		err = nil // it has moved on by itself
	}
	return false, err
}

func (r *round) lookAtCall(ctx context.Context, id string) error {
	c, err := r.Store.Call(ctx, id)
	if err != nil {
		return err
	}
	if c.Due.IsZero() || c.Due.After(r.Now()) {
		return nil
	}
	switch {
	case c.Status == call.Queued:
		return r.lookAtWaiting(ctx, c)
	case c.Status.Active():
		return r.lookAtActive(ctx, c)
	case c.DeadLettered():
		return r.mark(ctx, c)
	}
	return nil
}

// lookAtWaiting makes a call ready whose time has come, or expires it.
func (r *round) lookAtWaiting(ctx context.Context, c call.Call) error {
	_, err := call.Update(ctx, r.Store, c.ID, func(c call.Call) (call.Change, error) {
		if change, err := call.LastStartPassed(c, r.Now()); err == nil {
			return change, nil
		}
		return call.Ready(c, r.Now())
	})
	r.joined = r.joined || err == nil
	return err
}

func (t *Tracker) lookAtActive(ctx context.Context, c call.Call) error {
	claim, err := t.Store.Claim(ctx, c.ID, c.Attempt)
	if err != nil {
		return fmt.Errorf("read the claim: %w", err)
	}
	switch {
	case claim.Outcome != nil:
		return t.settle(ctx, claim)
	case claim.Holder == call.HolderAgent:
		return t.lookAtTask(ctx, c, claim)
	case c.Status == call.Launching:
		return t.sendAgain(ctx, c)
	}
	return t.startTimeout(ctx, c)
}

// startTimeout closes the claim first and stops the task then: an agent that
// takes the claim at the last moment is not to be hung up on.
func (t *Tracker) startTimeout(ctx context.Context, c call.Call) error {
	closed, err := t.startFailed(ctx, c, "start_timeout")
	if closed && c.Task != "" {
		t.stop(ctx, c.Task, "did not start in time")
	}
	return err
}

// sendAgain sends the job of a launching call again, ever more seldom, and gives
// up after more than a day. Of several looks at the same time one counts: else
// they would use up the day's patience in less.
func (t *Tracker) sendAgain(ctx context.Context, c call.Call) error {
	if c.Resends >= t.Timing.ResendLimit() {
		return t.giveUp(ctx, c)
	}
	if err := t.Jobs.Send(ctx, 0, messages.Job{CallID: c.ID, Attempt: c.Attempt}); err != nil {
		return fmt.Errorf("send the job again: %w", err)
	}
	_, err := call.ApplyTo(ctx, t.Store, c, func(c call.Call) (call.Change, error) {
		return call.JobResent(c, t.Timing, t.Now())
	})
	if errors.Is(err, call.ErrConflict) {
		return nil // another look has counted it, or the call has got on
	}
	return err
}

func (t *Tracker) giveUp(ctx context.Context, c call.Call) error {
	after, err := call.Update(ctx, t.Store, c.ID, func(c call.Call) (call.Change, error) {
		return call.LaunchGivenUp(c, t.Timing, t.Now())
	})
	if call.RefusedFor(err, call.ConditionClaim) {
		return nil // an agent has just started after all
	}
	if err != nil {
		return err
	}
	return t.freed(ctx, after)
}

// lookAtTask asks how the task of the claim's holder is.
func (t *Tracker) lookAtTask(ctx context.Context, c call.Call, claim call.Claim) error {
	state, err := t.Tasks.Describe(ctx, claim.Task)
	if err != nil {
		t.Log.WarnContext(ctx, "task can't be described", "call", c.ID, "task", claim.Task, "cause", err)
		return t.lookAgain(ctx, c, "")
	}
	switch {
	case state == task.Stopped, state == task.Missing && t.provesEnd(c, claim):
		return t.stopped(ctx, c, claim.Task)
	case state == task.Missing:
		return t.lookAgain(ctx, c, "")
	}
	if c.CancelRequested || t.Now().After(claim.Expiry(t.Timing)) {
		t.stop(ctx, claim.Task, "canceled or over its limits")
	}
	return t.lookAgain(ctx, c, claim.Task)
}

// provesEnd tells whether a task that can't be found has ended: when it was
// described before, or long after the call's own limits (R5).
func (t *Tracker) provesEnd(c call.Call, claim call.Claim) bool {
	return c.TaskSeen == claim.Task || t.Now().After(claim.Expiry(t.Timing).Add(call.MissingTaskWait))
}

// lookAgain moves due on. A task that was seen running is remembered.
func (t *Tracker) lookAgain(ctx context.Context, c call.Call, seen string) error {
	_, err := call.Update(ctx, t.Store, c.ID, func(c call.Call) (call.Change, error) {
		wait := t.Timing.Look
		if c.CancelRequested || !c.LostAt.IsZero() {
			wait = t.Timing.Cancel
		}
		return call.Looked(c, seen, t.Now().Add(wait), t.Now())
	})
	return err
}

// stop asks for the end of a task. It may get lost: the look is repeated.
func (t *Tracker) stop(ctx context.Context, arn, reason string) {
	if err := t.Tasks.Stop(ctx, arn, reason); err != nil {
		t.Log.WarnContext(ctx, "task not stopped", "task", arn, "cause", err)
	}
}

// mark puts the marked copy of a dead-lettered call's job into the dead-letter queue.
func (t *Tracker) mark(ctx context.Context, c call.Call) error {
	if err := t.Jobs.SendDead(ctx, messages.Job{CallID: c.ID, Attempt: c.Attempt, Dead: true}); err != nil {
		return fmt.Errorf("send the dead letter of call %s: %w", c.ID, err)
	}
	_, err := call.Update(ctx, t.Store, c.ID, func(now call.Call) (call.Change, error) {
		return call.MarkSent(now, c.Attempt, t.Now())
	})
	if call.NotAllowed(err) {
		return nil
	}
	return err
}
