package storetest

import (
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

var keyTests = []test{
	{"a key is remembered with every field, for its owner alone", keyIsRemembered},
	{"a key that has not expired is not written over", keyTaken},
	{"a key that has expired is not found and may be written again", keyExpires},
	{"a key is written with the call, batch or redrive that it stands for, or not at all", keyWithItem},
	{"a key of the past does not hinder a new call, batch or redrive", expiredKeyWithItem},
}

// keyed are the writes that carry an idempotency key.
var keyed = []struct {
	name  string
	write func(f *fixture, id string, k call.IdempotencyKey) error
}{
	{"a call", func(f *fixture, id string, k call.IdempotencyKey) error {
		ch := call.Created(f.newCall(call.NewCall{ID: call.SingleID(id)}), f.clock.Now())
		ch.Key = &k
		f.known.change(ch)
		return f.store.Apply(f.ctx, ch)
	}},
	{"a batch", func(f *fixture, id string, k call.IdempotencyKey) error {
		ch := call.BatchAccepted(call.Batch{ID: call.BatchID(id), Owner: "ann", Rows: 1, ChunkRows: 1}, &k, f.clock.Now())
		f.known.batchChange(ch)
		return f.store.ApplyBatch(f.ctx, ch)
	}},
	{"a redrive", func(f *fixture, id string, k call.IdempotencyKey) error {
		ch := call.RedriveRequested(call.Redrive{ID: call.RedriveID(id), Owner: "ann"}, &k, f.clock.Now())
		f.known.redriveChange(ch)
		return f.store.ApplyRedrive(f.ctx, ch)
	}},
	{"a key alone", func(f *fixture, _ string, k call.IdempotencyKey) error {
		f.known.key(&k)
		return f.store.PutKey(f.ctx, k, f.clock.Now())
	}},
}

func keyIsRemembered(t *testing.T, open Opener) {
	f := newFixture(t, open)
	k := f.key("ann", "order-7")
	k.Body = []byte("{\"id\":\"\u00fc\x00\xff\"}")
	must(t, f.store.PutKey(f.ctx, k, f.clock.Now()))
	got, err := f.store.Key(f.ctx, "ann", "order-7", f.tick())
	must(t, err)
	same(t, "the key", got, k)
	for _, other := range [][2]string{{"bob", "order-7"}, {"ann", "order-8"}, {"ann", "order"}, {"", "order-7"}} {
		if _, err := f.store.Key(f.ctx, other[0], other[1], f.clock.Now()); !is(call.ErrNotFound)(err) {
			t.Errorf("key %q: %v, not ErrNotFound", other, err)
		}
	}
	must(t, f.store.PutKey(f.ctx, f.key("bob", "order-7"), f.clock.Now()))
}

func keyTaken(t *testing.T, open Opener) {
	for _, one := range keyed {
		t.Run(one.name, func(t *testing.T) {
			f := newFixture(t, open)
			k := f.key("ann", "k1")
			must(t, one.write(f, f.ulid(), k))
			f.clock.Advance(call.KeyLife - time.Minute)
			again := f.key("ann", "k1")
			again.Fingerprint = "other"
			id := f.ulid()
			f.unchanged("a refused write with a key that is taken", func() {
				if err := one.write(f, id, again); !isRefused(call.ConditionKey)(err) {
					t.Errorf("%s with a taken key: %v", one.name, err)
				}
			})
			got, err := f.store.Key(f.ctx, "ann", "k1", f.clock.Now())
			must(t, err)
			same(t, "the key", got, k)
		})
	}
}

func keyExpires(t *testing.T, open Opener) {
	f := newFixture(t, open)
	old := f.key("ann", "k1")
	must(t, f.store.PutKey(f.ctx, old, f.clock.Now()))
	f.clock.Advance(call.KeyLife + time.Second)
	if _, err := f.store.Key(f.ctx, "ann", "k1", f.clock.Now()); !is(call.ErrNotFound)(err) {
		t.Errorf("an expired key: %v, not ErrNotFound", err)
	}
	fresh := f.key("ann", "k1")
	fresh.Fingerprint, fresh.Status, fresh.Body = "f2", 200, []byte("2")
	must(t, f.store.PutKey(f.ctx, fresh, f.clock.Now()))
	got, err := f.store.Key(f.ctx, "ann", "k1", f.clock.Now())
	must(t, err)
	same(t, "the key", got, fresh)
}

func keyWithItem(t *testing.T, open Opener) {
	for _, one := range keyed[:3] {
		t.Run(one.name, func(t *testing.T) {
			f := newFixture(t, open)
			id := f.ulid()
			must(t, one.write(f, id, f.key("ann", "k1")))
			if _, err := f.store.Key(f.ctx, "ann", "k1", f.clock.Now()); err != nil {
				t.Errorf("the key that was written with %s: %v", one.name, err)
			}
			f.unchanged("a refused write of what exists", func() {
				for _, key := range []string{"k1", "k2"} { // what exists is told before what the key says
					if err := one.write(f, id, f.key("ann", key)); !isRefused(call.ConditionExists)(err) {
						t.Errorf("%s that exists, with key %s: %v", one.name, key, err)
					}
				}
			})
			if _, err := f.store.Key(f.ctx, "ann", "k2", f.clock.Now()); !is(call.ErrNotFound)(err) {
				t.Errorf("the key of the refused write: %v, not ErrNotFound", err)
			}
		})
	}
}

func expiredKeyWithItem(t *testing.T, open Opener) {
	for _, one := range keyed[:3] {
		t.Run(one.name, func(t *testing.T) {
			f := newFixture(t, open)
			must(t, one.write(f, f.ulid(), f.key("ann", "k1")))
			f.clock.Advance(call.KeyLife + time.Second)
			fresh := f.key("ann", "k1")
			fresh.Fingerprint = "f2"
			must(t, one.write(f, f.ulid(), fresh))
			got, err := f.store.Key(f.ctx, "ann", "k1", f.clock.Now())
			must(t, err)
			same(t, "the key", got, fresh)
		})
	}
}
