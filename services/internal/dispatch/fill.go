package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
)

// fill is one run of Fill: what it has seen and must not try again.
type fill struct {
	*Dispatcher
	order *order
	named []string       // candidates by strong read: an index may not show them yet
	room  *call.Capacity // as it is after what this fill has done; nil: to be read
}

// Fill admits waiting calls, lanes in turn, while there is a free slot and a
// rate token, and launches those whose token is now. The calls that are named by
// their ids are candidates even when no list shows them yet.
func (d *Dispatcher) Fill(ctx context.Context, named ...string) error {
	return d.fillSince(ctx, d.Now(), named...)
}

// fillSince is Fill, of whose budget a part may be spent.
func (d *Dispatcher) fillSince(ctx context.Context, began time.Time, named ...string) error {
	f := &fill{Dispatcher: d, order: newOrder(d.Store), named: named}
	for {
		if d.spent(began) {
			return d.goOn(ctx)
		}
		more, err := f.step(ctx)
		if err != nil || !more {
			return err
		}
	}
}

// spent tells whether the budget is over.
func (d *Dispatcher) spent(began time.Time) bool {
	return d.Budget > 0 && d.Now().Sub(began) > d.Budget
}

// goOn hands the rest of a fill to a new job.
func (d *Dispatcher) goOn(ctx context.Context) error {
	if err := d.Jobs.Send(ctx, 0, messages.Job{Fill: true}); err != nil {
		return fmt.Errorf("send a fill: %w", err)
	}
	return nil
}

// step tries one candidate. It says whether there may be more to do.
func (f *fill) step(ctx context.Context) (bool, error) {
	if f.room == nil {
		room, err := f.Store.Capacity(ctx)
		if err != nil {
			return false, fmt.Errorf("read the capacity: %w", err)
		}
		f.room = &room
	}
	if f.room.Held(f.Now()) != "" {
		return false, nil
	}
	c, ok, err := f.candidate(ctx)
	if err != nil || !ok {
		return false, err
	}
	after, err := f.admit(ctx, c)
	if err != nil || after.Status != call.Launching {
		return true, err
	}
	return true, f.launchAdmitted(ctx, after)
}

// candidate is the next ready call by turn, read strongly.
func (f *fill) candidate(ctx context.Context) (call.Call, bool, error) {
	for {
		id, ok, err := f.order.next(ctx)
		if err != nil {
			return call.Call{}, false, err
		}
		if !ok {
			return f.namedCandidate(ctx)
		}
		c, err := f.Store.Call(ctx, id)
		switch {
		case err == nil && c.Ready():
			return c, true, nil
		case errors.Is(err, call.ErrCorrupt):
			f.passOver(ctx, id, err)
		case err != nil && !errors.Is(err, call.ErrNotFound):
			return call.Call{}, false, fmt.Errorf("read call %s: %w", id, err)
		}
	}
}

// passOver leaves out a call that can't be admitted by anybody, ever, because
// stored data contradicts itself: it must not keep all others waiting.
func (f *fill) passOver(ctx context.Context, id string, cause error) {
	f.Log.ErrorContext(ctx, "call passed over: its data contradicts itself", "call", id, "cause", cause)
}

// namedCandidate is the next of the jobs' own calls, when the lists show nobody.
func (f *fill) namedCandidate(ctx context.Context) (call.Call, bool, error) {
	for _, id := range f.named {
		if f.order.tried[id] {
			continue
		}
		c, err := f.Store.Call(ctx, id)
		if err != nil {
			return c, false, fmt.Errorf("read call %s: %w", id, err)
		}
		lane, err := f.Store.Lane(ctx, c.Lane())
		if err != nil {
			return c, false, fmt.Errorf("read lane %s: %w", c.Lane(), err)
		}
		f.order.tried[id] = true
		if c.Ready() && lane.InTurn() {
			return c, true, nil
		}
	}
	return call.Call{}, false, nil
}

// admit applies Admitted and gives the record after, or the call as it was. A
// conflict is no refusal: the candidate may be tried again from its newer
// record. A lane whose batch holds it gives nothing more in this fill.
func (f *fill) admit(ctx context.Context, c call.Call) (call.Call, error) {
	now := f.Now()
	launchAt, admission := f.room.Admit(now)
	known := f.room.After(admission)
	f.room = nil
	after, err := call.ApplyTo(ctx, f.Store, c, func(c call.Call) (call.Change, error) {
		return call.Admitted(c, launchAt, admission, f.TaskDefinition, f.Timing, now)
	})
	switch {
	case err == nil:
		f.order.served(c.Lane())
		// A slot that is freed meanwhile brings a fill of its own.
		f.room = &known
		return after, nil
	case errors.Is(err, call.ErrUnclear):
		return f.Store.Call(ctx, c.ID) // its record says what happened
	case errors.Is(err, call.ErrConflict):
		f.order.again(c)
		return c, nil
	case call.NotAllowed(err):
		return c, nil
	case call.RefusedFor(err, call.ConditionPaused), call.RefusedFor(err, call.ConditionCanceled):
		f.order.skip(c.Lane())
		return c, nil
	case refusedByRoom(err):
		f.order.again(c) // the next step reads the capacity again
		return c, nil
	case call.RefusedFor(err, call.ConditionClaim), errors.Is(err, call.ErrCorrupt):
		f.passOver(ctx, c.ID, err)
		return c, nil
	}
	return c, fmt.Errorf("admit call %s: %w", c.ID, err)
}

// refusedByRoom tells whether the capacity has changed since it was read.
func refusedByRoom(err error) bool {
	return call.RefusedFor(err, call.ConditionLimit) || call.RefusedFor(err, call.ConditionRate) ||
		call.RefusedFor(err, call.ConditionStopped) || call.RefusedFor(err, call.ConditionBackoff)
}

// launchAdmitted launches a call that was admitted in this fill, or sends its
// job for later. What fails here is made good: the record is due.
func (f *fill) launchAdmitted(ctx context.Context, c call.Call) error {
	refused, err := f.launch(ctx, c)
	if refused {
		f.room = nil
	}
	if err == nil {
		return nil
	}
	f.Log.WarnContext(ctx, "launch unclear; its job is sent again", "call", c.ID, "cause", err)
	if err := f.Jobs.Send(ctx, f.Timing.Cancel, messages.Job{CallID: c.ID, Attempt: c.Attempt}); err != nil {
		return fmt.Errorf("send the job of call %s again: %w", c.ID, err)
	}
	return nil
}
