package storetest

import (
	"reflect"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/verify"
)

var lifeTests = []test{
	{"every move is read back with every field, and counters and lists fit after each", everyMove},
}

// stepper applies a change, checks everything, and gives the record after.
type stepper func(call.Change, error) call.Call

// everyMove leads calls through all of their moves. After each, the record must
// be what the move made it, and all counters and lists must fit the records.
func everyMove(t *testing.T, open Opener) {
	f := newFixture(t, open)
	moves, fields := set[call.Move]{}, set[string]{}
	step := func(ch call.Change, err error) call.Call {
		t.Helper()
		after := f.apply(ch, err)
		same(t, "the record after "+string(ch.Move), f.call(after.ID), after)
		if err := verify.Check(f.ctx, f.store); err != nil {
			t.Fatalf("after %s: %v", ch.Move, err)
		}
		moves[ch.Move] = true
		noteFields(fields, after)
		return after
	}
	for _, life := range []func(*fixture, stepper){retried, deadLettered, lost, expired, canceled, ofABatch} {
		life(f, step)
	}
	for move := range call.Allowed {
		if !moves[move] {
			t.Errorf("no call of this test made the move %s", move)
		}
	}
	for field := range reflect.TypeFor[call.Call]().Fields() {
		if !fields[field.Name] {
			t.Errorf("no call of this test ever had a %s", field.Name)
		}
	}
}

// noteFields notes which fields of a call are set.
func noteFields(fields set[string], c call.Call) {
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			fields[v.Type().Field(i).Name] = true
		}
	}
}

// retried waits for its start time, is busy twice, waits for its hours and talks at last.
func retried(f *fixture, step stepper) {
	now := f.tick()
	n := rich(f)
	n.NotBefore, n.LastStart = now.Add(time.Hour), now.Add(24*time.Hour)
	n.Retry = &call.RetryPolicy{MaxDials: 3, Delay: time.Minute, On: []call.Status{call.Busy}}
	c := step(call.Created(n, now), nil)
	f.clock.Advance(time.Hour)
	for range 2 {
		c = step(call.Ready(c, f.tick()))
		c = step(f.admission(c), nil)
		f.take(c, "nonce")
		must(f.t, f.store.NoteOutcome(f.ctx, c.ID, c.Attempt, "nonce", busy))
		c = step(call.Ended(c, c.Attempt, busy, f.tick()))
		f.clock.Advance(time.Minute)
	}
	c = step(call.Ready(c, f.tick()))
	c = step(call.WindowClosed(c, f.tick().Add(time.Hour), f.tick()))
	f.clock.Advance(time.Hour)
	c = step(call.Ready(c, f.tick()))
	c = step(f.admission(c), nil)
	f.clock.Advance(f.timing.Resend)
	c = step(call.JobResent(c, f.timing, f.tick()))
	c = step(call.TaskStarted(c, c.Attempt, taskOf(c), f.timing, f.tick()))
	f.take(c, "nonce")
	c = step(call.Rang(c, c.Attempt, taskOf(c), f.timing, f.tick()))
	c = step(call.Answered(c, c.Attempt, taskOf(c), f.timing, f.tick()))
	c = step(call.Looked(c, taskOf(c), f.tick().Add(time.Minute), f.tick()))
	must(f.t, f.store.NoteReference(f.ctx, c.ID, c.Attempt, "nonce", completed.CarrierReference))
	o := completed
	o.RingingAt, o.AnsweredAt, o.EndedAt = f.tick(), f.tick(), f.tick()
	must(f.t, f.store.NoteOutcome(f.ctx, c.ID, c.Attempt, "nonce", o))
	step(call.Ended(c, c.Attempt, o, f.tick()))
}

// deadLettered finds no room, does not start, is dead-lettered by all roads, and redriven.
func deadLettered(f *fixture, step stepper) {
	c := step(call.Created(rich(f), f.tick()), nil)
	c = step(f.admission(c), nil)
	now := f.tick()
	c = step(call.LaunchRefusedForRoom(c, c.Attempt, f.capacity().NextBackoff(now), now))
	f.clock.Advance(time.Minute)
	for c.Status == call.Queued {
		c = step(f.admission(c), nil)
		c = step(call.StartFailed(c, c.Attempt, "task_stopped", f.tick()))
	}
	c = step(call.MarkSent(c, c.Attempt, f.tick()))
	c = step(call.Redriven(c, c.Attempt, "redrive_1", f.tick()))
	c = step(f.admission(c), nil)
	c = step(call.LaunchRefusedForGood(c, c.Attempt, "The launch was refused.", f.tick()))
	c = step(call.Redriven(c, c.Attempt, "redrive_2", f.tick()))
	c = step(f.admission(c), nil)
	for c.Resends < f.timing.ResendLimit() {
		f.clock.Advance(call.MaxResend)
		c = step(call.JobResent(c, f.timing, f.tick()))
	}
	f.clock.Advance(call.MaxResend)
	step(call.LaunchGivenUp(c, f.timing, f.tick()))
}

// lost loses its agent in the middle of the talk, while its cancel is requested.
func lost(f *fixture, step stepper) {
	c := step(call.Created(rich(f), f.tick()), nil)
	c = step(f.admission(c), nil)
	f.take(c, "nonce")
	c = step(call.Answered(c, c.Attempt, taskOf(c), f.timing, f.tick()))
	c = step(call.CancelRequested(c, f.timing, f.tick()))
	c = step(call.TaskLost(c, c.Attempt, f.tick().Add(time.Minute), f.tick()))
	step(call.AgentLost(c, c.Attempt, "carrier-9", f.tick()))
}

// expired passes its last start time while it waits: for its turn, and for its time.
func expired(f *fixture, step stepper) {
	now := f.tick()
	n := f.newCall(call.NewCall{LastStart: now.Add(time.Hour)})
	ready := step(call.Created(n, now), nil)
	n = f.newCall(call.NewCall{NotBefore: now.Add(30 * time.Minute), LastStart: now.Add(time.Hour)})
	waiting := step(call.Created(n, now), nil)
	f.clock.Advance(time.Hour)
	step(call.LastStartPassed(ready, f.tick()))
	step(call.LastStartPassed(waiting, f.tick()))
}

// canceled is canceled wherever that can be done without the agent, and once by it.
func canceled(f *fixture, step stepper) {
	later := f.clock.Now().Add(time.Hour)
	step(call.CanceledBeforeDial(f.create(call.NewCall{}), "canceled", f.tick()))
	step(call.CanceledBeforeDial(f.create(call.NewCall{NotBefore: later}), "canceled", f.tick()))
	step(call.CanceledBeforeDial(f.admit(f.create(call.NewCall{})), "canceled", f.tick()))
	c := f.admit(f.create(call.NewCall{}))
	f.take(c, "nonce")
	c = step(call.CancelRequested(c, f.timing, f.tick()))
	must(f.t, f.store.NoteOutcome(f.ctx, c.ID, c.Attempt, "nonce", call.Outcome{}))
	step(call.Ended(c, c.Attempt, call.Outcome{}, f.tick()))
}

// ofABatch goes from a row to its end, with the batch's counters beside it.
func ofABatch(f *fixture, step stepper) {
	b, calls := f.expand(f.accept("bob", 3), 2)
	c := step(f.admission(calls[0]), nil)
	c = step(call.TaskStarted(c, c.Attempt, taskOf(c), f.timing, f.tick()))
	f.take(c, "nonce")
	must(f.t, f.store.NoteOutcome(f.ctx, c.ID, c.Attempt, "nonce", completed))
	step(call.Ended(c, c.Attempt, completed, f.tick()))
	c = step(f.admission(calls[1]), nil)
	c = step(call.LaunchRefusedForGood(c, c.Attempt, "The launch was refused.", f.tick()))
	b = f.pause(b)
	c = step(call.Redriven(c, c.Attempt, "", f.tick())) // a pause holds admission only
	f.resume(b)
	step(f.admission(c), nil)
}
