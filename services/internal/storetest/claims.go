package storetest

import (
	"fmt"
	"testing"

	"github.com/outdial/outdial/services/internal/call"
)

var claimTests = []test{
	{"records and claims are read together", readAhead},
	{"there is no claim, and nobody may dial, before the call is admitted", noClaimBeforeAdmission},
	{"an admission opens the claim of its attempt with all that the agent needs", admissionOpensClaim},
	{"an open claim is taken once, by one start of an agent", claimIsTakenOnce},
	{"a claim that control has closed can't be taken, and its next attempt has its own", closedClaim},
	{"a claim that an agent holds can't be closed, only stopped", heldClaim},
	{"a stop is shown to the holder and takes nothing off the claim", stopKeepsTheRest},
	{"only the start of an agent that holds the claim may note on it", onlyHolderNotes},
	{"the first outcome that was noted stays", firstOutcomeStays},
	{"an outcome is kept with every field", outcomeIsKept},
	{"the settings shared by a batch's calls are read by its id", batchSettings},
}

func noClaimBeforeAdmission(t *testing.T, open Opener) {
	f := newFixture(t, open)
	c := f.create(call.NewCall{})
	f.unchanged("taking a claim that isn't there", func() {
		for _, id := range []string{c.ID, "call_none"} {
			if _, err := f.store.Claim(f.ctx, id, 1); !is(call.ErrNotFound)(err) {
				t.Errorf("reading the claim of %s: %v, not ErrNotFound", id, err)
			}
			if _, err := f.store.TakeClaim(f.ctx, id, 1, "nonce", "task", f.clock.Now()); !is(call.ErrNotFound)(err) {
				t.Errorf("taking the claim of %s: %v, not ErrNotFound", id, err)
			}
			if err := f.store.NoteReference(f.ctx, id, 1, "nonce", "r"); !is(call.ErrNotFound)(err) {
				t.Errorf("noting a reference for %s: %v, not ErrNotFound", id, err)
			}
			if err := f.store.NoteOutcome(f.ctx, id, 1, "nonce", completed); !is(call.ErrNotFound)(err) {
				t.Errorf("noting an outcome for %s: %v, not ErrNotFound", id, err)
			}
		}
	})
}

func admissionOpensClaim(t *testing.T, open Opener) {
	f := newFixture(t, open)
	b, calls := f.expand(f.accept("bob", 1), 1)
	for _, c := range []call.Call{f.create(rich(f)), calls[0]} {
		ch := f.admission(c)
		f.apply(ch, nil)
		claim := f.claim(c)
		same(t, "the claim", claim, ch.Open)
		if claim.Holder != call.HolderNone || claim.Number != c.Number || claim.CallID != c.ID {
			t.Errorf("the claim is %+v", claim)
		}
		if _, err := f.store.Claim(f.ctx, c.ID, c.Attempt+1); !is(call.ErrNotFound)(err) {
			t.Errorf("the claim of the next attempt: %v, not ErrNotFound", err)
		}
	}
	if got := f.claim(calls[0]).BatchID; got != b.ID {
		t.Errorf("the claim of a batch's call names batch %q, not %q", got, b.ID)
	}
}

func claimIsTakenOnce(t *testing.T, open Opener) {
	f := newFixture(t, open)
	c := f.admit(f.create(rich(f)))
	before := f.claim(c)
	now := f.tick()
	taken, err := f.store.TakeClaim(f.ctx, c.ID, c.Attempt, "nonce-1", "task-1", now)
	must(t, err)
	want := before
	want.Holder, want.Nonce, want.Task, want.TakenAt = call.HolderAgent, "nonce-1", "task-1", now
	same(t, "the claim as given to its holder", taken, want)
	same(t, "the claim as read", f.claim(c), want)
	same(t, "the record, which only moves change", f.call(c.ID), c)
	f.unchanged("losing the claim", func() {
		for _, nonce := range []string{"nonce-2", "nonce-1"} {
			if _, err := f.store.TakeClaim(f.ctx, c.ID, c.Attempt, nonce, "task-2", f.clock.Now()); !isRefused(call.ConditionClaim)(err) {
				t.Errorf("taking the taken claim with %s: %v", nonce, err)
			}
		}
	})
}

func closedClaim(t *testing.T, open Opener) {
	f := newFixture(t, open)
	first := f.admit(f.create(call.NewCall{}))
	want := f.claim(first)
	want.Holder = call.HolderControl
	waiting := f.apply(call.StartFailed(first, first.Attempt, "task_stopped", f.tick()))
	same(t, "the closed claim", f.claim(first), want)
	second := f.admit(waiting)
	f.unchanged("coming too late for a closed claim", func() {
		if _, err := f.store.TakeClaim(f.ctx, first.ID, first.Attempt, "nonce", "task", f.clock.Now()); !isRefused(call.ConditionClaim)(err) {
			t.Errorf("taking the closed claim: %v", err)
		}
		if err := f.store.NoteOutcome(f.ctx, first.ID, first.Attempt, "", completed); !isRefused(call.ConditionNonce)(err) {
			t.Errorf("noting on the closed claim: %v", err)
		}
	})
	f.take(second, "nonce")
	same(t, "the claim of the first attempt", f.claim(first), want)
}

func heldClaim(t *testing.T, open Opener) {
	f := newFixture(t, open)
	c := f.admit(f.create(call.NewCall{}))
	f.take(c, "nonce")
	closing, err := call.CanceledBeforeDial(c, "canceled", f.tick())
	must(t, err)
	f.unchanged("closing a claim that is held", func() {
		if err := f.store.Apply(f.ctx, closing); !isRefused(call.ConditionClaim)(err) {
			t.Errorf("closing the held claim: %v", err)
		}
	})
	f.apply(call.CancelRequested(c, f.timing, f.tick()))
	if claim := f.claim(c); !claim.Stop || !claim.HeldBy("nonce") {
		t.Errorf("the stopped claim is %+v", claim)
	}
}

func stopKeepsTheRest(t *testing.T, open Opener) {
	f := newFixture(t, open)
	c := f.admit(f.create(rich(f)))
	f.take(c, "nonce")
	must(t, f.store.NoteReference(f.ctx, c.ID, c.Attempt, "nonce", "carrier-1"))
	want := f.claim(c)
	want.Stop = true
	c = f.apply(call.CancelRequested(c, f.timing, f.tick()))
	same(t, "the stopped claim", f.claim(c), want)
	must(t, f.store.NoteOutcome(f.ctx, c.ID, c.Attempt, "nonce", completed))
	want.Outcome = &completed
	same(t, "the claim with its outcome", f.claim(c), want)
}

func onlyHolderNotes(t *testing.T, open Opener) {
	f := newFixture(t, open)
	untaken := f.admit(f.create(call.NewCall{}))
	held := f.admit(f.create(call.NewCall{}))
	f.take(held, "nonce")
	f.unchanged("notes of others", func() {
		for _, c := range []call.Call{untaken, held} {
			for _, nonce := range []string{"", "nonc", "other"} {
				if err := f.store.NoteReference(f.ctx, c.ID, c.Attempt, nonce, "r"); !isRefused(call.ConditionNonce)(err) {
					t.Errorf("reference noted with nonce %q: %v", nonce, err)
				}
				if err := f.store.NoteOutcome(f.ctx, c.ID, c.Attempt, nonce, completed); !isRefused(call.ConditionNonce)(err) {
					t.Errorf("outcome noted with nonce %q: %v", nonce, err)
				}
			}
		}
	})
	must(t, f.store.NoteReference(f.ctx, held.ID, held.Attempt, "nonce", "carrier-1"))
	if got := f.claim(held).CarrierReference; got != "carrier-1" {
		t.Errorf("the holder's reference reads back as %q", got)
	}
}

func firstOutcomeStays(t *testing.T, open Opener) {
	f := newFixture(t, open)
	c := f.admit(f.create(call.NewCall{}))
	f.take(c, "nonce")
	must(t, f.store.NoteOutcome(f.ctx, c.ID, c.Attempt, "nonce", busy))
	f.unchanged("noting outcomes again", func() {
		must(t, f.store.NoteOutcome(f.ctx, c.ID, c.Attempt, "nonce", busy))
		must(t, f.store.NoteOutcome(f.ctx, c.ID, c.Attempt, "nonce", completed))
	})
	same(t, "the outcome", f.claim(c).Outcome, &busy)
}

func outcomeIsKept(t *testing.T, open Opener) {
	f := newFixture(t, open)
	at := f.tick()
	for _, o := range []call.Outcome{
		{}, // stopped, not dialed
		{
			Status: call.Failed, Dialed: true, Reason: call.ReasonCarrierError, Message: "SIP 500", CarrierReference: "carrier-3",
			RingingAt: at, AnsweredAt: at.Add(1e6), EndedAt: at.Add(2e9), Duration: 2,
		},
	} {
		c := f.admit(f.create(call.NewCall{}))
		f.take(c, "nonce")
		must(t, f.store.NoteOutcome(f.ctx, c.ID, c.Attempt, "nonce", o))
		same(t, "the outcome", f.claim(c).Outcome, &o)
	}
}

func batchSettings(t *testing.T, open Opener) {
	f := newFixture(t, open)
	want := call.Settings{Instructions: "Be brief.", Voice: "alloy", FirstWords: "Hello.", Language: "de-DE"}
	b := call.Batch{ID: call.BatchID(f.ulid()), Owner: "bob", Settings: want, Rows: 1, ChunkRows: 1}
	f.applyBatch(call.BatchAccepted(b, nil, f.tick()), nil)
	got, err := f.store.BatchSettings(f.ctx, b.ID)
	must(t, err)
	same(t, "the settings", got, want)
	c := f.admit(f.create(call.NewCall{}))
	for name, want := range map[string]*call.Settings{"": nil, b.ID: &want, "batch_none": nil} {
		claim, got, err := f.store.ClaimAndSettings(f.ctx, c.ID, c.Attempt, name)
		must(t, err)
		same(t, "the claim", claim, f.claim(c))
		same(t, fmt.Sprintf("the settings of batch %q", name), got, want)
	}
	if _, _, err := f.store.ClaimAndSettings(f.ctx, c.ID, c.Attempt+1, b.ID); !is(call.ErrNotFound)(err) {
		t.Errorf("the claim of the next attempt: %v, not ErrNotFound", err)
	}
	if _, err := f.store.BatchSettings(f.ctx, "batch_none"); !is(call.ErrNotFound)(err) {
		t.Errorf("the settings of an unknown batch: %v, not ErrNotFound", err)
	}
}

// readAhead asks for what is there, what isn't, and the same twice.
func readAhead(t *testing.T, open Opener) {
	f := newFixture(t, open)
	one, waiting := f.admit(f.create(rich(f))), f.create(call.NewCall{})
	alone := f.admit(f.create(call.NewCall{}))
	f.take(one, "nonce")
	is, next, queued := call.AttemptID{CallID: one.ID, Attempt: 1}, call.AttemptID{CallID: one.ID, Attempt: 2}, call.AttemptID{CallID: waiting.ID, Attempt: 1}
	got, err := f.store.ReadAhead(f.ctx, []call.AttemptID{is, next, queued, is, {CallID: alone.ID}, {CallID: "call_none", Attempt: 1}})
	must(t, err)
	same(t, "what was read", got, call.Ahead{
		Calls:  map[string]call.Call{one.ID: f.call(one.ID), waiting.ID: waiting, alone.ID: f.call(alone.ID)},
		Claims: map[call.AttemptID]call.Claim{is: f.claim(one)},
	})
	got, err = f.store.ReadAhead(f.ctx, nil)
	must(t, err)
	same(t, "what was read of nothing", got, call.NewAhead())
}
