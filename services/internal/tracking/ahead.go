package tracking

import (
	"context"
	"errors"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
)

// ErrNotBegun says that the budget was over before an event's turn came. The
// event stays in the queue.
var ErrNotBegun = errors.New("not begun: no time is left")

// HandleAll takes the events of one receive, one after the other, and gives each
// one's error, nil for one that is done. What they are about is read together
// beforehand: of each event's requests that saves all but the write.
func (t *Tracker) HandleAll(ctx context.Context, events []messages.Event) []error {
	began := t.Now()
	one := *t
	one.Store = t.readAhead(ctx, events)
	errs := make([]error, len(events))
	for i, e := range events {
		if t.Budget > 0 && t.Now().Sub(began) > t.Budget {
			errs[i] = ErrNotBegun
			continue
		}
		errs[i] = one.handle(ctx, e)
	}
	return errs
}

// HandleMessages is HandleAll for events as they come from the queue. A message that
// is no event gets its error, and after some receives the queue puts it aside.
func (t *Tracker) HandleMessages(ctx context.Context, bodies [][]byte) []error {
	errs := make([]error, len(bodies))
	var events []messages.Event
	var places []int // of the events among the messages
	for i, body := range bodies {
		event, err := messages.ParseEvent(body)
		if err != nil {
			errs[i] = err
			continue
		}
		events, places = append(events, event), append(places, i)
	}
	for n, err := range t.HandleAll(ctx, events) {
		errs[places[n]] = err
	}
	return errs
}

// readAhead reads what events are about. When that fails, each is read alone.
func (t *Tracker) readAhead(ctx context.Context, events []messages.Event) Store {
	var attempts []call.AttemptID
	for _, e := range events {
		if e.CallID != "" {
			attempts = append(attempts, call.AttemptID{CallID: e.CallID, Attempt: e.Attempt})
		}
	}
	if len(attempts) == 0 {
		return t.Store
	}
	read, err := t.Store.ReadAhead(ctx, attempts)
	if err != nil {
		t.Log.WarnContext(ctx, "calls and claims not read together", "events", len(events), "cause", err)
		return t.Store
	}
	return ahead{t.Store, read}
}

// ahead is a store of which some records and claims were read beforehand: after
// the events that speak of them were received, so that a claim's outcome is there
// if the task's end is known.
type ahead struct {
	Store
	read call.Ahead
}

// Call gives the record that was read, or reads it.
func (s ahead) Call(ctx context.Context, id string) (call.Call, error) {
	return s.read.Call(ctx, s.Store, id)
}

// Claim gives the claim that was read, once, or reads it.
func (s ahead) Claim(ctx context.Context, callID string, attempt int) (call.Claim, error) {
	id := call.AttemptID{CallID: callID, Attempt: attempt}
	if c, ok := s.read.Claims[id]; ok {
		delete(s.read.Claims, id)
		return c, nil
	}
	return s.Store.Claim(ctx, callID, attempt)
}

// Apply writes a change.
func (s ahead) Apply(ctx context.Context, change call.Change) error {
	return s.read.Apply(ctx, s.Store, change)
}
