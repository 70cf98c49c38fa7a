package dynamo_test

import (
	"errors"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/dynamo"
)

// operation is a write of the store, after which a look tells whether it was made.
type operation struct {
	name  string
	write func(s *dynamo.Store) error
	made  func(s *dynamo.Store) (bool, error)
}

// operations are all writes, each of which can be made next.
func operations(t *testing.T, s *dynamo.Store) []operation {
	t.Helper()
	o := &operator{t: t, s: s, now: time.Now().UTC().Truncate(time.Millisecond)}
	o.ofCalls()
	o.ofAgents()
	o.ofBatches()
	o.ofOthers()
	return o.all
}

// operator prepares operations in a store.
type operator struct {
	t   *testing.T
	s   *dynamo.Store
	now time.Time
	all []operation
}

func (o *operator) add(name string, write func(s *dynamo.Store) error, made func(s *dynamo.Store) (bool, error)) {
	o.all = append(o.all, operation{name, write, made})
}

// change adds a change of a call, which is made when the record has its version.
func (o *operator) change(name string, ch call.Change, err error) {
	o.t.Helper()
	must(o.t, err)
	o.add(name, func(s *dynamo.Store) error { return s.Apply(o.t.Context(), ch) }, func(s *dynamo.Store) (bool, error) {
		c, err := s.Call(o.t.Context(), ch.After.ID)
		return isVersion(c.Version, ch.After.Version, err)
	})
}

func (o *operator) batchChange(name string, ch call.BatchChange, err error) {
	o.t.Helper()
	must(o.t, err)
	o.add(name, func(s *dynamo.Store) error { return s.ApplyBatch(o.t.Context(), ch) }, func(s *dynamo.Store) (bool, error) {
		b, err := s.Batch(o.t.Context(), ch.After.ID)
		made, err := isVersion(b.Version, ch.After.Version, err)
		for _, c := range ch.Calls { // with it all of them, or none
			stored, err := s.Call(o.t.Context(), c.After.ID)
			if of, err := isVersion(stored.Version, c.After.Version, err); err != nil || of != made {
				o.t.Errorf("%s of %s: made: %t, %v; the batch: %t", name, c.After.ID, of, err, made)
			}
		}
		return made, err
	})
}

func isVersion(got, want int64, err error) (bool, error) {
	if errors.Is(err, call.ErrNotFound) {
		return false, nil
	}
	return got == want, err
}

func (o *operator) created() call.Change {
	return call.Created(call.NewCall{ID: call.SingleID(ulid.Make().String()), Owner: "ann", Number: "+493012345678", TimeLimit: 600}, o.now)
}

// admission is that of a new call.
func (o *operator) admission() call.Change {
	o.t.Helper()
	ch := o.created()
	must(o.t, o.s.Apply(o.t.Context(), ch))
	room, err := o.s.Capacity(o.t.Context())
	must(o.t, err)
	launchAt, a := room.Admit(o.now)
	admission, err := call.Admitted(ch.After, launchAt, a, "agent:1", call.DefaultTiming(), o.now)
	must(o.t, err)
	return admission
}

func (o *operator) admitted() call.Call {
	o.t.Helper()
	ch := o.admission()
	must(o.t, o.s.Apply(o.t.Context(), ch))
	return ch.After
}

func (o *operator) ofCalls() {
	o.change("a new call", o.created(), nil)
	started, err := call.TaskStarted(o.admitted(), 1, "task", call.DefaultTiming(), o.now)
	o.change("a move", started, err)
	closed, err := call.LaunchRefusedForGood(o.admitted(), 1, "No.", o.now)
	o.change("closing a claim", closed, err)
	held := o.admitted()
	_, err = o.s.TakeClaim(o.t.Context(), held.ID, 1, "nonce", "task", o.now)
	must(o.t, err)
	stopped, err := call.CancelRequested(held, call.DefaultTiming(), o.now)
	o.change("asking an agent to stop", stopped, err)
	if closed.Claim != call.ClaimClose || stopped.Claim != call.ClaimStop {
		o.t.Errorf("the claims are not closed and stopped: %s, %s", closed.Claim, stopped.Claim)
	}
}

func (o *operator) ofAgents() {
	ctx, id := o.t.Context(), o.admitted().ID
	claim := func(is func(call.Claim) bool) func(s *dynamo.Store) (bool, error) {
		return func(s *dynamo.Store) (bool, error) {
			c, err := s.Claim(ctx, id, 1)
			return is(c), err
		}
	}
	o.add("taking a claim", func(s *dynamo.Store) error {
		_, err := s.TakeClaim(ctx, id, 1, "nonce", "task", o.now)
		return err
	}, claim(func(c call.Claim) bool { return c.HeldBy("nonce") }))
	o.add("noting a reference", func(s *dynamo.Store) error {
		return s.NoteReference(ctx, id, 1, "nonce", "c1")
	}, claim(func(c call.Claim) bool { return c.CarrierReference == "c1" }))
	o.add("noting an outcome", func(s *dynamo.Store) error {
		return s.NoteOutcome(ctx, id, 1, "nonce", call.Outcome{Status: call.Busy})
	}, claim(func(c call.Claim) bool { return c.Outcome != nil }))
}

// accepted is a batch that is stored, with its rows.
func (o *operator) accepted() (call.Batch, []call.Row) {
	o.t.Helper()
	rows := longestRows(3)
	b := call.Batch{ID: call.BatchID(ulid.Make().String()), Owner: "ann", Rows: len(rows), ChunkRows: len(rows), TimeLimit: 600}
	ch := call.BatchAccepted(b, nil, o.now)
	must(o.t, o.s.ApplyBatch(o.t.Context(), ch))
	return ch.After, rows
}

func (o *operator) ofBatches() {
	b := call.Batch{ID: call.BatchID(ulid.Make().String()), Owner: "ann", Rows: 1, ChunkRows: 1}
	o.batchChange("a batch", call.BatchAccepted(b, nil, o.now), nil)

	b, rows := o.accepted()
	expanded, err := call.BatchExpanded(b, rows, o.now)
	o.batchChange("a slice of a batch, expanded", expanded, err)

	b, rows = o.accepted()
	expanded, err = call.BatchExpanded(b, rows, o.now)
	must(o.t, err)
	must(o.t, o.s.ApplyBatch(o.t.Context(), expanded))
	canceled, err := call.BatchCanceled(expanded.After, o.now)
	must(o.t, err)
	must(o.t, o.s.ApplyBatch(o.t.Context(), canceled))
	var calls []call.Change
	for _, c := range expanded.Calls {
		ch, err := call.CanceledBeforeDial(c.After, "batch_canceled", o.now)
		must(o.t, err)
		calls = append(calls, ch)
	}
	slice, err := call.CancelAdvanced(canceled.After, len(calls), calls, o.now)
	o.batchChange("a slice of a batch, canceled", slice, err)
}

func (o *operator) ofOthers() {
	ctx := o.t.Context()
	redrive := call.RedriveRequested(call.Redrive{ID: call.RedriveID(ulid.Make().String()), Owner: "ann"}, nil, o.now)
	o.add("a redrive", func(s *dynamo.Store) error { return s.ApplyRedrive(ctx, redrive) }, func(s *dynamo.Store) (bool, error) {
		r, err := s.Redrive(ctx, redrive.After.ID)
		return isVersion(r.Version, 1, err)
	})
	key := call.IdempotencyKey{Owner: "ann", Key: ulid.Make().String(), Status: 202, ExpiresAt: o.now.Add(time.Hour)}
	o.add("a key", func(s *dynamo.Store) error { return s.PutKey(ctx, key, o.now) }, func(s *dynamo.Store) (bool, error) {
		k, err := s.Key(ctx, "ann", key.Key, o.now)
		return isVersion(int64(k.Status), 202, err)
	})
	look := call.Samples{Capacity: call.CapacitySample{At: o.now, Limit: 10}}
	o.add("a sample", func(s *dynamo.Store) error { return s.PutSamples(ctx, call.Samples{}, look) }, func(s *dynamo.Store) (bool, error) {
		found, err := s.CapacitySamples(ctx, o.now, o.now.Add(time.Minute))
		return len(found) == 1, err
	})
	o.change("an admission", o.admission(), nil)
	room, err := o.s.Capacity(ctx)
	must(o.t, err)
	limit := room.Limit + 1
	o.add("the capacity", func(s *dynamo.Store) error {
		return s.SetCapacity(ctx, room, room.Set(call.CapacityUpdate{Limit: &limit}, o.now))
	}, func(s *dynamo.Store) (bool, error) { c, err := s.Capacity(ctx); return c.Limit == limit, err })
}
