package dispatch

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/task"
)

// launch asks for the task of a launching call. Asking again is safe: the
// client token makes it the same task, and the claim lets only one agent dial.
// A launching call never simply goes back to waiting, whatever pause says,
// because its task may be running (R3). Refused tells that there is no task, and
// that the slot went back.
func (d *Dispatcher) launch(ctx context.Context, c call.Call) (refused bool, err error) {
	if c.CancelRequested {
		return false, nil // an agent holds the claim; the tracker sees to its end
	}
	if wait := c.LaunchAt.Sub(d.Now()); wait > 0 {
		return false, d.launchLater(ctx, c)
	}
	arn, err := d.Tasks.Run(ctx, request(c))
	switch {
	case err == nil:
		return false, d.started(ctx, c, arn)
	case errors.Is(err, task.ErrNoCapacity), errors.Is(err, task.ErrThrottled):
		return true, d.refusedForRoom(ctx, c, err)
	case errors.Is(err, task.ErrRefused):
		return true, d.refusedForGood(ctx, c, err)
	}
	return false, fmt.Errorf("launch call %s, attempt %d: %w", c.ID, c.Attempt, err)
}

// request is a function of the record alone, so that repeating it is the very
// same request.
func request(c call.Call) task.Request {
	token := call.ClientToken(c.ID, c.Attempt)
	return task.Request{
		ClientToken: token, StartedBy: token, CallID: c.ID, Attempt: c.Attempt,
		TaskDefinition: c.TaskDefinition, StartBy: c.StartBy,
	}
}

// launchLater sends the job again for the time of the call's rate token.
func (d *Dispatcher) launchLater(ctx context.Context, c call.Call) error {
	delay := min(c.LaunchAt.Sub(d.Now()), queue.MaxDelay)
	if err := d.Jobs.Send(ctx, delay, messages.Job{CallID: c.ID, Attempt: c.Attempt}); err != nil {
		return fmt.Errorf("send the job of call %s for later: %w", c.ID, err)
	}
	return nil
}

func (d *Dispatcher) started(ctx context.Context, c call.Call, arn string) error {
	_, _, err := d.moved(ctx, c, func(now call.Call) (call.Change, error) {
		return call.TaskStarted(now, c.Attempt, arn, d.Timing, d.Now())
	})
	return err
}

// refusedForRoom closes the attempt and makes all admission back off, so that
// the refusal doesn't burn through the queue.
func (d *Dispatcher) refusedForRoom(ctx context.Context, c call.Call, cause error) error {
	d.Log.WarnContext(ctx, "launch refused for lack of room", "call", c.ID, "attempt", c.Attempt, "cause", cause)
	room, err := d.Store.Capacity(ctx)
	if err != nil {
		return fmt.Errorf("read the capacity: %w", err)
	}
	backoff := room.NextBackoff(d.Now())
	_, _, err = d.moved(ctx, c, func(now call.Call) (call.Change, error) {
		return call.LaunchRefusedForRoom(now, c.Attempt, backoff, d.Now())
	})
	if err != nil {
		return err
	}
	// A fill at the end of the backoff; should this get lost, the minute tick fills.
	if err := d.Jobs.Send(ctx, backoff.Until.Sub(d.Now()), messages.Job{Fill: true}); err != nil {
		d.Log.WarnContext(ctx, "fill after backoff not sent", "cause", err)
	}
	return nil
}

func (d *Dispatcher) refusedForGood(ctx context.Context, c call.Call, cause error) error {
	d.Log.ErrorContext(ctx, "launch refused for good", "call", c.ID, "attempt", c.Attempt, "cause", cause)
	dead, closed, err := d.moved(ctx, c, func(now call.Call) (call.Change, error) {
		why := strings.TrimPrefix(cause.Error(), task.ErrRefused.Error()+": ")
		return call.LaunchRefusedForGood(now, c.Attempt, "The launch was refused: "+why, d.Now())
	})
	if err != nil || !closed {
		return err
	}
	return d.mark(ctx, dead)
}

// moved applies what RunTask's answer means, if the record still is where it
// was asked from, and gives the record after. When an agent holds the claim, its
// task runs after all, and the tracker follows it.
func (d *Dispatcher) moved(ctx context.Context, c call.Call, move func(call.Call) (call.Change, error)) (after call.Call, ok bool, err error) {
	after, err = call.ApplyTo(ctx, d.Store, c, move)
	if errors.Is(err, call.ErrConflict) || errors.Is(err, call.ErrUnclear) {
		after, err = call.Update(ctx, d.Store, c.ID, move)
	}
	switch {
	case err == nil:
		return after, true, nil
	case call.NotAllowed(err), call.RefusedFor(err, call.ConditionClaim):
		return after, false, nil
	}
	return after, false, fmt.Errorf("write the launch of call %s: %w", c.ID, err)
}
