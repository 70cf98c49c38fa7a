package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/capacity"
	"github.com/outdial/outdial/services/internal/mapping"
	"github.com/outdial/outdial/services/internal/memory"
	"github.com/outdial/outdial/services/internal/samples"
	"github.com/outdial/outdial/services/internal/storetest"
	"github.com/outdial/outdial/services/internal/testworld"
	"github.com/outdial/outdial/services/internal/tracking"
)

// newEvents is a tracker's handler in a world.
func newEvents(t *testing.T) (events, *testworld.World) {
	clock := storetest.NewClock()
	store := memory.New(call.Capacity{})
	w := testworld.New(t, clock, store, memory.NewQueue(clock.Now))
	return events{
		tracker: *w.Tracker, alarm: &capacity.Alarm{Store: store, Log: slog.New(slog.DiscardHandler)},
		samples: &samples.Taker{Store: store, Now: clock.Now},
	}, w
}

func encoded(t *testing.T, e messages.Event) []byte {
	t.Helper()
	body, err := messages.EncodeEvent(e)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// stopped is what EventBridge brings of ECS: the task of an attempt has stopped.
func stopped(t *testing.T, c call.Call) []byte {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"source": "aws.ecs", "detail-type": "ECS Task State Change", "time": time.Now().UTC().Format(time.RFC3339),
		"detail": map[string]any{
			"taskArn": c.Task, "lastStatus": "STOPPED", "startedBy": call.ClientToken(c.ID, c.Attempt), "version": 4,
			"stoppedReason": "Essential container in task exited",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// TestEventsComeBeforeLooks, whatever their order in the batch, and looks are one.
func TestEventsComeBeforeLooks(t *testing.T) {
	t.Parallel()
	e, w := newEvents(t)
	w.Tasks.Hold = true
	id := w.Submit("ann")
	w.Settle()
	if c := w.Call(id); c.Status != call.Starting {
		t.Fatalf("the call is %s", c.Status)
	}
	var looked call.Call
	w.Before("store.Due", func() { looked = w.Call(id) })
	look, tick := encoded(t, messages.Event{Type: messages.EventLook}), encoded(t, messages.Event{Type: messages.EventTick})
	dues := w.Asked("store.Due")
	for i, err := range e.handle(t.Context(), [][]byte{look, tick, stopped(t, w.Call(id)), look, []byte("nonsense")}, 25*time.Second) {
		if (err != nil) != (i == 4) {
			t.Errorf("message %d: %v", i, err)
		}
	}
	if looked.Attempt != 2 {
		t.Errorf("at the look the call had attempt %d: the end of its task came later", looked.Attempt)
	}
	if n := w.Asked("store.Due") - dues; n != 1 {
		t.Errorf("what is due was listed %d times", n)
	}
	if jobs := w.Jobs(); jobs[len(jobs)-1].Job != (messages.Job{Fill: true}) {
		t.Errorf("the tick asked for no fill: %+v", jobs)
	}
}

// TestALookThatTakesTooLongHandsOver. A tick alone doesn't: the next one goes on.
func TestALookThatTakesTooLongHandsOver(t *testing.T) {
	t.Parallel()
	for _, kind := range []messages.EventType{messages.EventLook, messages.EventTick} {
		e, w := newEvents(t)
		id := w.CreateBatch("ann", 10)
		w.Before("store.Chunk", func() { w.Clock.Advance(time.Minute) })
		before := len(w.Events())
		if err := e.handle(t.Context(), [][]byte{encoded(t, messages.Event{Type: kind})}, 25*time.Second)[0]; err != nil {
			t.Fatal(err)
		}
		if b, _ := w.Batch(id); b.Expanded == 0 || b.Expanded == 10 {
			t.Errorf("%s: %d rows are expanded, want some", kind, b.Expanded)
		}
		if sent := len(w.Events()) - before; (sent == 1) != (kind == messages.EventLook) {
			t.Errorf("%s: %d looks were sent", kind, sent)
		}
	}
}

func TestWhatThereIsNoTimeForIsNotBegun(t *testing.T) {
	t.Parallel()
	e, w := newEvents(t)
	w.Tasks.Hold = true
	one, two := w.Submit("ann"), w.Submit("ann")
	w.Run(time.Second)
	w.Before("store.Apply", func() { w.Clock.Advance(time.Minute) })
	look := encoded(t, messages.Event{Type: messages.EventLook})
	dues := w.Asked("store.Due")
	errs := e.handle(t.Context(), [][]byte{stopped(t, w.Call(one)), stopped(t, w.Call(two)), look}, 25*time.Second)
	if errs[0] != nil || !errors.Is(errs[1], tracking.ErrNotBegun) || !errors.Is(errs[2], mapping.ErrNotBegun) {
		t.Errorf("%v", errs)
	}
	if w.Call(one).Attempt != 2 || w.Call(two).Attempt != 1 || w.Asked("store.Due") != dues {
		t.Error("something else was done than the first message")
	}
}

func TestWhatIsOfNoConcernIsDropped(t *testing.T) {
	t.Parallel()
	e, _ := newEvents(t)
	foreign := fmt.Sprintf(`{"source":"aws.ecs","detail-type":"ECS Task State Change","detail":{"lastStatus":"STOPPED","startedBy":%q}}`, "ecs-svc/1")
	if err := e.handle(context.Background(), [][]byte{[]byte(foreign)}, 0)[0]; err != nil {
		t.Error(err)
	}
}

// TestATickTakesSamples, and a look takes none. What fails is left to the next tick.
func TestATickTakesSamples(t *testing.T) {
	t.Parallel()
	look, tick := encoded(t, messages.Event{Type: messages.EventLook}), encoded(t, messages.Event{Type: messages.EventTick})
	for name, test := range map[string]struct {
		bodies [][]byte
		broken bool
		want   int
	}{
		"a look":                        {[][]byte{look}, false, 0},
		"a tick":                        {[][]byte{tick}, false, 1},
		"ticks that come together":      {[][]byte{tick, look, tick}, false, 1},
		"a tick that can't put samples": {[][]byte{tick}, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, w := newEvents(t)
			store := &putter{Store: e.samples.Store, broken: test.broken}
			e.samples.Store = store
			w.CreateBatch("ann", 10)
			for _, err := range e.handle(t.Context(), test.bodies, 25*time.Second) {
				if err != nil {
					t.Error(err)
				}
			}
			if store.puts != test.want || w.Asked("store.Due") == 0 {
				t.Errorf("samples were put %d times, and what is due was listed %d times", store.puts, w.Asked("store.Due"))
			}
		})
	}
}

// putter counts what is put.
type putter struct {
	samples.Store
	broken bool
	puts   int
}

func (p *putter) PutSamples(ctx context.Context, before, after call.Samples) error {
	if p.broken {
		return errors.New("the table is away")
	}
	p.puts++
	return p.Store.PutSamples(ctx, before, after)
}
