package storetest

import (
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

var callTests = []test{
	{"a call that was never created is not found", callNotFound},
	{"what was read can be written to without changing the store", readsAreCopies},
	{"what was given can be written to afterwards without changing the store", writesAreCopies},
	{"a text may hold any character", anyText},
}

func callNotFound(t *testing.T, open Opener) {
	f := newFixture(t, open)
	c := f.create(call.NewCall{})
	for _, id := range []string{"call_none", c.ID[:len(c.ID)-1], c.ID + "0"} {
		if _, err := f.store.Call(f.ctx, id); !is(call.ErrNotFound)(err) {
			t.Errorf("call %s: %v, not ErrNotFound", id, err)
		}
	}
}

// rich is a call with everything in it that is kept by reference.
func rich(f *fixture) call.NewCall {
	return f.newCall(call.NewCall{
		Settings: &call.Settings{Instructions: "Be brief.", Voice: "alloy", FirstWords: "Hello.", Language: "de-DE"},
		Metadata: map[string]string{"customer": "7"},
		Retry:    &call.RetryPolicy{MaxDials: 2, Delay: 0, On: []call.Status{call.Busy}},
	})
}

// scribble writes to all that a record refers to.
func scribble(c call.Call) {
	if c.Settings != nil {
		c.Settings.Voice = "changed"
	}
	if c.Metadata != nil {
		c.Metadata["customer"] = "changed"
		c.Metadata["more"] = "changed"
	}
	if c.Retry != nil {
		c.Retry.MaxDials = 99
		c.Retry.On[0] = call.Failed
	}
	if c.Outcome != nil {
		c.Outcome.Status = call.Failed
	}
	if c.Failure != nil {
		c.Failure.Message = "changed"
	}
	for i := range c.History {
		c.History[i].Cause = "changed"
	}
}

func readsAreCopies(t *testing.T, open Opener) {
	f := newFixture(t, open)
	ended := f.end(f.admit(f.create(rich(f))), completed)
	dead := f.refuseLaunch(f.admit(f.create(rich(f))))
	taken := f.take(f.admit(f.create(rich(f))), "nonce")
	b := f.counted(f.tick())
	must(t, f.store.PutChunk(f.ctx, b.ID, 0, f.rows(1)))
	f.unchanged("writing to what was read", func() {
		taken.Settings.Voice = "changed"
		scribble(f.call(ended.ID))
		scribble(f.call(dead.ID))
		claim := f.claim(ended)
		claim.Settings.Voice, claim.Outcome.Status = "changed", call.Failed
		listed, _, err := f.store.ListCalls(f.ctx, call.Filter{}, call.Page{Limit: many})
		must(t, err)
		for _, c := range listed {
			scribble(c)
		}
		rows, err := f.store.Chunk(f.ctx, b.ID, 0)
		must(t, err)
		rows[0].Number = "changed"
		read, err := f.store.Batch(f.ctx, b.ID)
		must(t, err)
		batches, _, err := f.store.ListBatches(f.ctx, "", call.Page{Limit: many})
		must(t, err)
		read.RefusedByCode["changed"], batches[0].RefusedByCode["changed"] = 1, 1
		key, err := f.store.Key(f.ctx, "ann", "k1", f.clock.Now())
		must(t, err)
		key.Body[0] = '!'
	})
	rows, err := f.store.Chunk(f.ctx, b.ID, 0)
	must(t, err)
	same(t, "the chunk", rows, f.rows(1))
}

// counted accepts a batch with refused rows and a key.
func (f *fixture) counted(now time.Time) call.Batch {
	f.t.Helper()
	key := f.key("ann", "k1")
	b := call.Batch{
		ID: call.BatchID(f.ulid()), Owner: "ann", Rows: 1, ChunkRows: 1,
		Refused: 1, RefusedByCode: map[string]int{"duplicate_number": 1},
	}
	return f.applyBatch(call.BatchAccepted(b, &key, now), nil)
}

func writesAreCopies(t *testing.T, open Opener) {
	f := newFixture(t, open)
	b := f.counted(f.tick())
	rows := f.rows(1)
	rows[0].Metadata = map[string]string{"customer": "7"}
	must(t, f.store.PutChunk(f.ctx, b.ID, 0, rows))
	f.unchanged("writing to what was given", func() { b.RefusedByCode["changed"] = 1 })
	rows[0].Metadata["customer"], rows[0].Number = "changed", "changed"
	stored, err := f.store.Chunk(f.ctx, b.ID, 0)
	must(t, err)
	if stored[0].Metadata["customer"] != "7" || stored[0].Number == "changed" {
		t.Errorf("the chunk: %+v", stored)
	}
	create := call.Created(rich(f), f.tick())
	key := f.key("ann", "k2")
	create.Key = &key
	f.apply(create, nil)
	f.unchanged("writing to what was given", func() {
		scribble(create.After)
		key.Body[0] = '!'
	})
	admission := f.admission(f.call(create.After.ID))
	f.apply(admission, nil)
	f.unchanged("writing to what was given", func() {
		scribble(admission.After)
		admission.Open.Settings.Voice = "changed"
	})
}

// anyText: a store must not take a part of a text for its own mark-up.
func anyText(t *testing.T, open Opener) {
	f := newFixture(t, open)
	for _, text := range []string{"Grüße 👋\n\t", `"quoted" \ 'both'`, "%_*?[a-z]", "a#b|c:d/e", "; DROP TABLE calls; --", "\u2028."} {
		n := f.newCall(call.NewCall{Owner: text, Metadata: map[string]string{text: text}})
		c := f.create(n)
		same(t, "the call", f.call(c.ID), c)
		lanes, err := f.store.Lanes(f.ctx, text, many)
		must(t, err)
		if len(lanes) != 1 || lanes[0].Owner != text {
			t.Errorf("lanes of owner %q: %+v", text, lanes)
		}
		listed, _, err := f.store.ListCalls(f.ctx, call.Filter{Owner: text}, call.Page{Limit: many})
		must(t, err)
		same(t, "the calls of the owner", listed, []call.Call{c})
	}
	f.check()
}
