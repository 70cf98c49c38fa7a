package storetest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/verify"
)

// fixture is the store of one test, with its clock and the moves that the use
// cases make. What its helpers are asked to do must succeed, else the test ends.
type fixture struct {
	t      rapid.TB
	ctx    context.Context
	store  Store
	clock  *Clock
	known  known
	timing call.Timing
	made   uint64 // ids so far
}

// What a test starts with: room for ten calls, and a rate whose tokens lie a
// millisecond apart.
const (
	startLimit = 10
	startRate  = 1000
)

func newFixture(t *testing.T, open Opener) *fixture {
	t.Helper()
	f := fixtureOf(t.Context(), t, open(t))
	f.setCapacity(startLimit, startRate, false)
	return f
}

func fixtureOf(ctx context.Context, t rapid.TB, s Store) *fixture {
	return &fixture{t: t, ctx: ctx, store: s, clock: NewClock(), known: newKnown(), timing: call.DefaultTiming()}
}

// tick moves the clock on by a second and gives the time: no two moves of a
// test are at the same time, unless the test says so.
func (f *fixture) tick() time.Time { return f.clock.Advance(time.Second) }

// ulid is a new ULID of the clock's time. Later ones are greater, also within one millisecond.
func (f *fixture) ulid() string {
	f.made++
	var id ulid.ULID
	must(f.t, id.SetTime(ulid.Timestamp(f.clock.Now())))
	binary.BigEndian.PutUint64(id[8:], f.made)
	return id.String()
}

// newCall fills what a call can't be without.
func (f *fixture) newCall(n call.NewCall) call.NewCall {
	if n.ID == "" {
		n.ID = call.SingleID(f.ulid())
	}
	if n.Owner == "" {
		n.Owner = "ann"
	}
	if n.Number == "" {
		n.Number = "+493012345678"
	}
	if n.TimeLimit == 0 {
		n.TimeLimit = 600
	}
	return n
}

// create stores a call, with what it can't be without filled in.
func (f *fixture) create(n call.NewCall) call.Call {
	f.t.Helper()
	now := f.tick()
	return f.apply(call.Created(f.newCall(n), now), nil)
}

// creates stores several calls of an owner.
func (f *fixture) creates(owner string, n int) []call.Call {
	f.t.Helper()
	var calls []call.Call
	for range n {
		calls = append(calls, f.create(call.NewCall{Owner: owner}))
	}
	return calls
}

// apply applies a change that a move gave, and gives the record after.
func (f *fixture) apply(ch call.Change, err error) call.Call {
	f.t.Helper()
	must(f.t, err)
	f.known.change(ch)
	if err := f.store.Apply(f.ctx, ch); err != nil {
		f.t.Fatalf("%s of %s: %v", ch.Move, ch.After.ID, err)
	}
	return ch.After
}

// admission is the change that admits a call now, as the stored capacity has it.
func (f *fixture) admission(c call.Call) call.Change {
	f.t.Helper()
	now := f.tick()
	launchAt, a := f.capacity().Admit(now)
	ch, err := call.Admitted(c, launchAt, a, "agent:1", f.timing, now)
	must(f.t, err)
	return ch
}

func (f *fixture) admit(c call.Call) call.Call {
	f.t.Helper()
	return f.apply(f.admission(c), nil)
}

// take makes an agent the holder of the claim of the call's current attempt.
func (f *fixture) take(c call.Call, nonce string) call.Claim {
	f.t.Helper()
	claim, err := f.store.TakeClaim(f.ctx, c.ID, c.Attempt, nonce, taskOf(c), f.tick())
	must(f.t, err)
	return claim
}

// end lets an agent take the claim, note the outcome and end the attempt.
func (f *fixture) end(c call.Call, o call.Outcome) call.Call {
	f.t.Helper()
	f.take(c, "nonce")
	must(f.t, f.store.NoteOutcome(f.ctx, c.ID, c.Attempt, "nonce", o))
	return f.apply(call.Ended(c, c.Attempt, o, f.tick()))
}

// refuseLaunch dead-letters an admitted call.
func (f *fixture) refuseLaunch(c call.Call) call.Call {
	f.t.Helper()
	return f.apply(call.LaunchRefusedForGood(c, c.Attempt, "The launch was refused.", f.tick()))
}

func taskOf(c call.Call) string { return fmt.Sprintf("arn:task/%s-%d", c.ID, c.Attempt) }

// The outcomes of attempts that dialed.
var (
	completed = call.Outcome{Status: call.Completed, Dialed: true, CarrierReference: "carrier-1", Duration: 61}
	busy      = call.Outcome{Status: call.Busy, Dialed: true, CarrierReference: "carrier-2"}
)

// accept stores a batch of n rows with its chunk.
func (f *fixture) accept(owner string, n int) call.Batch {
	f.t.Helper()
	now := f.tick()
	b := call.Batch{ID: call.BatchID(f.ulid()), Owner: owner, TimeLimit: 600, Rows: n, ChunkRows: max(n, 1)}
	must(f.t, f.store.PutChunk(f.ctx, b.ID, 0, f.rows(n)))
	return f.applyBatch(call.BatchAccepted(b, nil, now), nil)
}

func (f *fixture) rows(n int) []call.Row {
	rows := make([]call.Row, n)
	for i := range rows {
		rows[i] = call.Row{Line: i + 2, Number: fmt.Sprintf("+4930%06d", i)}
	}
	return rows
}

func (f *fixture) applyBatch(ch call.BatchChange, err error) call.Batch {
	f.t.Helper()
	must(f.t, err)
	f.known.batchChange(ch)
	must(f.t, f.store.ApplyBatch(f.ctx, ch))
	return ch.After
}

// expand makes calls of a batch's next n rows.
func (f *fixture) expand(b call.Batch, n int) (call.Batch, []call.Call) {
	f.t.Helper()
	ch := f.expansion(b, n)
	var calls []call.Call
	for _, c := range ch.Calls {
		calls = append(calls, c.After)
	}
	return f.applyBatch(ch, nil), calls
}

func (f *fixture) expansion(b call.Batch, n int) call.BatchChange {
	f.t.Helper()
	rows, err := f.store.Chunk(f.ctx, b.ID, b.Expanded/b.ChunkRows)
	must(f.t, err)
	first := b.Expanded % b.ChunkRows
	ch, err := call.BatchExpanded(b, rows[first:first+n], f.tick())
	must(f.t, err)
	return ch
}

func (f *fixture) pause(b call.Batch) call.Batch {
	f.t.Helper()
	return f.applyBatch(call.BatchPaused(b, f.tick()))
}

func (f *fixture) resume(b call.Batch) call.Batch {
	f.t.Helper()
	return f.applyBatch(call.BatchResumed(b, f.tick()))
}

func (f *fixture) cancel(b call.Batch) call.Batch {
	f.t.Helper()
	return f.applyBatch(call.BatchCanceled(b, f.tick()))
}

// visit takes the cancel of a batch over its first n calls.
func (f *fixture) visit(b call.Batch, n int) call.BatchChange {
	f.t.Helper()
	now := f.tick()
	var canceled []call.Change
	for i := b.CanceledTo + 1; i <= n; i++ {
		c := f.call(call.BatchCallID(b.ID, i))
		if c.Status != call.Queued {
			continue
		}
		ch, err := call.CanceledBeforeDial(c, "batch_canceled", now)
		must(f.t, err)
		canceled = append(canceled, ch)
	}
	ch, err := call.CancelAdvanced(b, n, canceled, now)
	must(f.t, err)
	return ch
}

func (f *fixture) applyRedrive(ch call.RedriveChange) call.Redrive {
	f.t.Helper()
	f.known.redriveChange(ch)
	must(f.t, f.store.ApplyRedrive(f.ctx, ch))
	return ch.After
}

// redrive stores the request to redrive all dead letters.
func (f *fixture) redrive() call.Redrive {
	f.t.Helper()
	now := f.tick()
	return f.applyRedrive(call.RedriveRequested(call.Redrive{ID: call.RedriveID(f.ulid()), Owner: "root"}, nil, now))
}

// key is an idempotency key that expires a day from now.
func (f *fixture) key(owner, key string) call.IdempotencyKey {
	return call.IdempotencyKey{
		Owner: owner, Key: key, Fingerprint: "f1", Status: 202, Location: "/v1/calls/1", Body: []byte(`{"id":"1"}`),
		ExpiresAt: f.clock.Now().Add(call.KeyLife),
	}
}

func (f *fixture) setCapacity(limit int, rate float64, stopped bool) call.Capacity {
	f.t.Helper()
	before := f.capacity()
	after := before.Set(call.CapacityUpdate{Limit: &limit, Rate: &rate, Stopped: &stopped, By: "root"}, f.tick())
	must(f.t, f.store.SetCapacity(f.ctx, before, after))
	return after
}

func (f *fixture) capacity() call.Capacity {
	f.t.Helper()
	c, err := f.store.Capacity(f.ctx)
	must(f.t, err)
	return c
}

func (f *fixture) call(id string) call.Call {
	f.t.Helper()
	c, err := f.store.Call(f.ctx, id)
	must(f.t, err)
	return c
}

func (f *fixture) claim(c call.Call) call.Claim {
	f.t.Helper()
	claim, err := f.store.Claim(f.ctx, c.ID, c.Attempt)
	must(f.t, err)
	return claim
}

func (f *fixture) counts(b call.Batch) call.Counts {
	f.t.Helper()
	n, err := f.store.BatchCounts(f.ctx, b.ID)
	must(f.t, err)
	return n
}

func (f *fixture) lane(key call.LaneKey) call.Lane {
	f.t.Helper()
	lane, err := f.store.Lane(f.ctx, key)
	must(f.t, err)
	return lane
}

// check checks that all counters and lists fit the records.
func (f *fixture) check() {
	f.t.Helper()
	must(f.t, verify.Check(f.ctx, f.store))
}

// many is more than any list of a test has.
const many = 10_000

func must(t rapid.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
}

// isRefused tells whether err is the refusal for a condition.
func isRefused(c call.Condition) func(error) bool {
	return func(err error) bool { return call.RefusedFor(err, c) }
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}
