package main

import (
	"context"
	"errors"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/capacity"
	"github.com/outdial/outdial/services/internal/eventbus"
	"github.com/outdial/outdial/services/internal/mapping"
	"github.com/outdial/outdial/services/internal/samples"
	"github.com/outdial/outdial/services/internal/tracking"
)

// events handles the messages of the events queue.
type events struct {
	tracker tracking.Tracker
	alarm   *capacity.Alarm
	samples *samples.Taker
}

// handle takes what calls are told of first, since a slot may wait for it. Looks
// take as long as there is something due, so they come last, and as one: after one
// look another has nothing to see.
func (e events) handle(ctx context.Context, bodies [][]byte, budget time.Duration) []error {
	b := batch{events: e, began: e.tracker.Now(), budget: budget}
	errs := make([]error, len(bodies))
	var told []messages.Event
	var places, looks []int // among the messages
	seen := map[messages.EventType]bool{}
	for i, body := range bodies {
		event, ok, err := eventbus.Decode(body)
		switch {
		case err != nil || !ok:
			errs[i] = err
		case event.Type == messages.EventLook, event.Type == messages.EventTick:
			looks, seen[event.Type] = append(looks, i), true
		default:
			told, places = append(told, event), append(places, i)
		}
	}
	t := e.tracker
	t.Budget = budget
	for n, err := range t.HandleAll(ctx, told) {
		errs[places[n]] = err
	}
	if len(looks) > 0 {
		err := b.look(ctx, seen[messages.EventTick], seen[messages.EventLook])
		for _, i := range looks {
			errs[i] = err
		}
	}
	return errs
}

// batch is what came in one invocation, and the time for it.
type batch struct {
	events
	began  time.Time
	budget time.Duration // zero: no end
}

func (b batch) left() time.Duration { return b.budget - b.tracker.Now().Sub(b.began) }

func (b batch) spent() bool { return b.budget > 0 && b.left() <= 0 }

// look looks at what is due; a tick asks for a fill and takes samples too. What there was no time
// for is left to another look. A tick alone leaves it to the next tick, or each
// minute would add one more chain of looks to those that are under way.
func (b batch) look(ctx context.Context, tick, handOver bool) error {
	event := messages.Event{Type: messages.EventLook}
	if tick {
		event.Type = messages.EventTick
		b.aside(ctx, "compare slots with records", b.alarm.Check)
		b.aside(ctx, "take samples", b.samples.Take)
	}
	if b.spent() {
		return mapping.ErrNotBegun
	}
	t := b.tracker
	if b.budget > 0 {
		t.Budget = max(b.left(), 1)
	}
	err := t.Handle(ctx, event)
	if handOver && b.spent() {
		err = errors.Join(err, t.Looks.Look(ctx))
	}
	return err
}

// asideTime bounds what each thing aside may take of a tick: neither alarm nor chart
// may keep the fill and the look waiting.
const asideTime = 5 * time.Second

func (b batch) aside(ctx context.Context, what string, do func(context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, asideTime)
	defer cancel()
	if err := do(ctx); err != nil {
		b.tracker.Log.WarnContext(ctx, "left undone at this tick", "what", what, "cause", err)
	}
}
