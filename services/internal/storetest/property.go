package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/outdial/outdial/services/internal/call"
)

var propertyTests = []test{
	{"a store answers and shows the same as the naive model, whatever is written in whatever order", likeTheModel},
}

// likeTheModel makes random moves, late ones and forbidden ones among them, on a
// few calls, batches and redrives in the store and in the model.
func likeTheModel(t *testing.T, open Opener) {
	rapid.Check(t, func(rt *rapid.T) {
		tb := &scoped{TB: t}
		defer tb.close()
		s := open(tb)
		start, err := s.Capacity(t.Context())
		must(rt, err)
		p := &pair{fixture: fixtureOf(t.Context(), rt, s), model: newModel(start)}
		p.setRoom(3, startRate, false)
		rt.Repeat(map[string]func(*rapid.T){
			"create":       p.createsCall,
			"accept batch": p.acceptsBatch,
			"expand":       p.expandsBatch,
			"set state":    p.setsBatchState,
			"visit":        p.visitsBatch,
			"move":         p.movesCall,
			"lead":         p.leadsCall,
			"lead on":      p.leadsCall,
			"lead further": p.leadsCall,
			"agent":        p.actsAsAgent,
			"late":         p.writesLate,
			"capacity":     p.setsCapacity,
			"redrive":      p.redrives,
			"time":         p.passesTime,
			"":             p.compareAtTimes,
		})
		p.compare()
		p.check()
	})
}

// scoped sees to the end of what was opened for one of a test's many runs.
type scoped struct {
	testing.TB
	cleanups []func()
}

// Cleanup notes what is to be done at the end of the run.
func (s *scoped) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }

func (s *scoped) close() {
	for _, f := range slices.Backward(s.cleanups) {
		f()
	}
}

// pair is a store and the model, which are given the same.
type pair struct {
	*fixture
	model   *model
	written []func(Store) error // to be written late
	steps   int
}

// both writes to the store and to the model, which must answer alike.
func (p *pair) both(t *rapid.T, what string, write func(Store) error) {
	t.Helper()
	got, want := write(p.store), write(p.model)
	if class(got) != class(want) {
		t.Fatalf("%s: the store answers %q, the model %q", what, class(got), class(want))
	}
	if want == nil {
		t.Logf("%s", what)
	} else {
		t.Logf("%s: %v", what, want)
	}
	p.written = append(p.written, write)
}

// class is an error's meaning to a caller.
func class(err error) string {
	var refused *call.RefusedError
	switch {
	case err == nil:
		return "done"
	case errors.As(err, &refused):
		return "refused: " + string(refused.Condition)
	case errors.Is(err, call.ErrConflict):
		return "conflict"
	case errors.Is(err, call.ErrNotFound):
		return "not found"
	}
	return err.Error()
}

func (p *pair) compareAtTimes(*rapid.T) {
	if p.steps++; p.steps%5 == 0 {
		p.compare()
	}
}

// compare compares all that can be seen of both.
func (p *pair) compare() {
	p.t.Helper()
	same(p.t, "the store beside the model", p.look(), look(p.ctx, p.t, p.model, p.known, p.clock.Now()))
}

func (p *pair) apply(t *rapid.T, ch call.Change) {
	t.Helper()
	p.known.change(ch)
	p.both(t, string(ch.Move)+" of "+ch.After.ID, func(s Store) error { return s.Apply(p.ctx, ch) })
}

func (p *pair) applyBatch(t *rapid.T, what string, ch call.BatchChange, err error) {
	t.Helper()
	if err != nil {
		t.Skip(err) // the move does not fit the batch
	}
	p.known.batchChange(ch)
	p.both(t, what+" "+ch.After.ID, func(s Store) error { return s.ApplyBatch(p.ctx, ch) })
}

func (p *pair) applyRedrive(t *rapid.T, ch call.RedriveChange) {
	t.Helper()
	p.known.redriveChange(ch)
	p.both(t, "redrive "+ch.After.ID, func(s Store) error { return s.ApplyRedrive(p.ctx, ch) })
}

var (
	anyOwner = rapid.SampledFrom([]string{"ann", "bob"})
	anyRetry = rapid.SampledFrom([]*call.RetryPolicy{nil, {MaxDials: 2, Delay: time.Minute, On: []call.Status{call.Busy, call.Failed}}})
)

// drawKey is an idempotency key of few, or none.
func (p *pair) drawKey(t *rapid.T, owner string) *call.IdempotencyKey {
	name := rapid.SampledFrom([]string{"", "", "k1", "k2"}).Draw(t, "key")
	if name == "" {
		return nil
	}
	k := p.key(owner, name)
	return &k
}

// drawTime is a time from now on, or none.
func (p *pair) drawTime(t *rapid.T, what string) time.Time {
	wait := rapid.SampledFrom([]time.Duration{0, 0, 0, 0, time.Minute, time.Hour}).Draw(t, what)
	if wait == 0 {
		return time.Time{}
	}
	return p.clock.Now().Add(wait)
}

func (p *pair) createsCall(t *rapid.T) {
	if len(p.model.calls) > 8 {
		t.Skip("enough calls")
	}
	n := p.newCall(call.NewCall{Owner: anyOwner.Draw(t, "owner"), Retry: anyRetry.Draw(t, "retry")})
	n.NotBefore, n.LastStart = p.drawTime(t, "not before"), p.drawTime(t, "last start")
	ch := call.Created(n, p.clock.Now())
	ch.Key = p.drawKey(t, n.Owner)
	p.apply(t, ch)
}

func (p *pair) acceptsBatch(t *rapid.T) {
	if len(p.model.records) == 3 {
		t.Skip("enough batches")
	}
	owner, n := anyOwner.Draw(t, "owner"), rapid.IntRange(0, 5).Draw(t, "rows")
	b := call.Batch{ID: call.BatchID(p.ulid()), Owner: owner, Rows: n, ChunkRows: 5}
	p.applyBatch(t, "accept", call.BatchAccepted(b, p.drawKey(t, owner), p.clock.Now()), nil)
}

func (p *pair) drawBatch(t *rapid.T) call.Batch {
	batches, _, err := p.model.ListBatches(p.ctx, "", call.Page{})
	must(t, err)
	if len(batches) == 0 {
		t.Skip("no batch")
	}
	return rapid.SampledFrom(batches).Draw(t, "batch")
}

func (p *pair) expandsBatch(t *rapid.T) {
	b := p.drawBatch(t)
	rows := p.rows(b.Rows)[b.Expanded:]
	rows = rows[:rapid.IntRange(0, len(rows)).Draw(t, "rows")]
	for i := range rows {
		rows[i].NotBefore, rows[i].LastStart = p.drawTime(t, "not before"), p.drawTime(t, "last start")
		rows[i].Retry = anyRetry.Draw(t, "retry")
	}
	ch, err := call.BatchExpanded(b, rows, p.clock.Now())
	p.applyBatch(t, "expand", ch, err)
}

func (p *pair) setsBatchState(t *rapid.T) {
	b, now := p.drawBatch(t), p.clock.Now()
	var ch call.BatchChange
	var err error
	switch rapid.IntRange(0, 9).Draw(t, "state") {
	case 0:
		ch, err = call.BatchCanceled(b, now)
	case 1, 2:
		ch = call.BatchLooked(b, now.Add(time.Minute), now)
	case 3, 4, 5:
		ch, err = call.BatchPaused(b, now)
	default:
		ch, err = call.BatchResumed(b, now)
	}
	p.applyBatch(t, "set state of", ch, err)
}

func (p *pair) visitsBatch(t *rapid.T) {
	b, now := p.drawBatch(t), p.clock.Now()
	if b.State != call.StateCanceled {
		t.Skip("not canceled")
	}
	n := p.firstThatGoesOn(b, rapid.IntRange(b.CanceledTo, b.Expanded).Draw(t, "to"))
	var canceled []call.Change
	for _, c := range p.model.those(func(c call.Call) bool { return c.BatchID == b.ID && c.Status == call.Queued }) {
		if c.ID > call.BatchCallID(b.ID, b.CanceledTo) && c.ID <= call.BatchCallID(b.ID, n) {
			ch, err := call.CanceledBeforeDial(c, "batch_canceled", now)
			must(t, err)
			canceled = append(canceled, ch)
		}
	}
	ch, err := call.CancelAdvanced(b, n, canceled, now)
	p.applyBatch(t, "visit", ch, err)
}

// firstThatGoesOn is the row to which a batch's cancel may move: a call that goes
// on must be asked to end before the cancel passes it.
func (p *pair) firstThatGoesOn(b call.Batch, to int) int {
	for _, c := range p.model.those(func(c call.Call) bool { return c.BatchID == b.ID && c.Status.Active() && !c.CancelRequested }) {
		for to > b.CanceledTo && c.ID > call.BatchCallID(b.ID, b.CanceledTo) && c.ID <= call.BatchCallID(b.ID, to) {
			to--
		}
	}
	return to
}

func (p *pair) setsCapacity(t *rapid.T) {
	limit := rapid.SampledFrom([]int{4, 3, 2, 1, 0}).Draw(t, "limit")
	p.setRoom(limit, rapid.SampledFrom([]float64{startRate, 10, 3}).Draw(t, "rate"), rapid.IntRange(0, 9).Draw(t, "stop") == 0)
}

func (p *pair) setRoom(limit int, rate float64, stopped bool) {
	before := p.model.capacity()
	after := before.Set(call.CapacityUpdate{Limit: &limit, Rate: &rate, Stopped: &stopped, By: "root"}, p.clock.Now())
	for _, s := range []Store{p.store, p.model} {
		must(p.t, s.SetCapacity(p.ctx, before, after))
	}
}

func (p *pair) passesTime(t *rapid.T) {
	p.clock.Advance(rapid.SampledFrom([]time.Duration{
		time.Millisecond, time.Second, time.Minute, time.Hour, 25 * time.Hour, -5 * time.Second,
	}).Draw(t, "time"))
}

// writesLate writes once more what was written, or refused, some time before.
func (p *pair) writesLate(t *rapid.T) {
	if len(p.written) == 0 {
		t.Skip("nothing was written")
	}
	ago := rapid.IntRange(1, min(20, len(p.written))).Draw(t, "ago")
	p.both(t, "late write", p.written[len(p.written)-ago])
}
