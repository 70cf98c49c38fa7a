package memory

import (
	"fmt"
	"slices"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// write is one transaction: each of its methods checks a condition or works out
// an effect, and leaves the writing itself for commit, which can't fail. So a
// write that is refused half way has changed nothing.
type write struct {
	s     *Store
	steps []func()
}

func (w *write) do(step func()) { w.steps = append(w.steps, step) }

func (w *write) commit() {
	for _, step := range w.steps {
		step()
	}
}

// call checks the version of a call's record and writes the one after.
func (w *write) call(ch call.Change) error {
	before := w.s.calls[ch.After.ID]
	switch {
	case ch.New() && before != nil:
		return call.Refuse(call.ConditionExists)
	case !ch.New() && (before == nil || before.Version != ch.Before.Version):
		return call.ErrConflict
	}
	after := cloneCall(ch.After)
	w.do(func() { w.s.putCall(before, &after) })
	return nil
}

// putCall writes a record and its places in all lists.
func (s *Store) putCall(before, after *call.Call) {
	s.calls[after.ID] = after
	x := &s.index
	if before == nil {
		x.calls.insert(after.ID, callScopes(after)...)
	} else {
		if before.Ready() {
			x.ready.remove(before.Lane(), before)
		}
		if before.DeadLettered() {
			x.dead.remove(before.ID, scope{}, scope{owner: before.Owner})
		}
		s.setDue(call.DueCall, before.ID, before.Due, time.Time{})
	}
	if after.Ready() {
		x.ready.insert(after.Lane(), after)
	}
	if after.DeadLettered() {
		x.dead.insert(after.ID, scope{}, scope{owner: after.Owner})
	}
	s.setDue(call.DueCall, after.ID, time.Time{}, after.Due)
}

func callScopes(c *call.Call) []scope {
	scopes := []scope{{}, {owner: c.Owner}}
	if c.BatchID != "" {
		scopes = append(scopes, scope{batch: c.BatchID})
	}
	return scopes
}

func (s *Store) setDue(kind call.DueKind, id string, before, after time.Time) {
	if !before.IsZero() {
		s.index.due.Delete(call.DueItem{Kind: kind, ID: id, Due: before})
	}
	if !after.IsZero() {
		s.index.due.Set(call.DueItem{Kind: kind, ID: id, Due: after})
	}
}

// key writes an idempotency key, unless there is one that has not expired.
func (w *write) key(k *call.IdempotencyKey, now time.Time) error {
	if k == nil {
		return nil
	}
	at := idempotency{k.Owner, k.Key}
	if old, ok := w.s.keys[at]; ok && now.Before(old.ExpiresAt) {
		return call.Refuse(call.ConditionKey)
	}
	stored := *k
	stored.Body = slices.Clone(k.Body)
	w.do(func() { w.s.keys[at] = stored })
	return nil
}

// claim does what a change does to the claim of its attempt.
func (w *write) claim(ch call.Change) error {
	if ch.Claim == call.ClaimNone {
		return nil
	}
	at := claimKey{ch.After.ID, ch.Attempt()}
	claim, ok := w.s.claims[at]
	holds := map[call.ClaimEffect]bool{
		call.ClaimOpen:  !ok,
		call.ClaimClose: ok && claim.Holder == call.HolderNone,
		call.ClaimStop:  ok && claim.Holder == call.HolderAgent,
	}
	if !holds[ch.Claim] {
		return call.Refuse(call.ConditionClaim)
	}
	switch ch.Claim {
	case call.ClaimOpen:
		claim = cloneClaim(ch.Open)
	case call.ClaimClose:
		claim.Holder = call.HolderControl
	case call.ClaimStop:
		claim.Stop = true
	}
	w.do(func() { w.s.claims[at] = claim })
	return nil
}

// batchState checks what a change requires of its call's batch.
func (w *write) batchState(ch call.Change) error {
	if ch.Batch == call.BatchAny {
		return nil
	}
	b, err := w.s.batch(ch.After.BatchID)
	if err != nil {
		return err
	}
	return ch.Batch.Check(b.record.State)
}

// capacity adds the change's slots, takes its rate token, counts its admission and begins its backoff.
func (w *write) capacity(ch call.Change) error {
	c := w.s.capacity
	if a := ch.Admission; a != nil {
		if err := c.Check(*a); err != nil {
			return err
		}
		c.RateAt = a.RateAfter
		c.Admitted++
	}
	if b := ch.Backoff; b != nil && b.Until.After(c.BackoffUntil) {
		c.BackoffUntil, c.BackoffStep = b.Until, b.Step
	}
	c.InUse += ch.Slots()
	if c.InUse < 0 {
		return fmt.Errorf("slots in use would be below zero: %w", call.ErrCorrupt)
	}
	w.do(func() { w.s.capacity = c })
	return nil
}

// counts adds to the counters of a batch.
func (w *write) counts(b *batch, add call.Counts) error {
	after, err := b.counts.Plus(add)
	if err != nil {
		return err
	}
	w.do(func() { b.counts = after })
	return nil
}

// lane adds to the counts of a lane, and moves it and its owner in the turn order.
// A nil open leaves the lane open or closed as it is.
func (w *write) lane(key call.LaneKey, e call.LaneEffect, open *bool, now time.Time) error {
	before, owner := w.s.lane(key), w.s.turn(key.Owner)
	after, err := before.After(e, now)
	if err != nil {
		return err
	}
	if open != nil {
		after = after.Open(*open, now)
	}
	turn, err := owner.After(before, after, e.Served, now)
	if err != nil {
		return err
	}
	w.do(func() {
		w.s.putLane(before, after)
		w.s.putTurn(owner, turn)
	})
	return nil
}

func (s *Store) putLane(before, after call.Lane) {
	s.lanes[after.LaneKey] = after
	if before.InTurn() {
		s.index.lanes.remove(before.Owner, before)
	}
	if after.InTurn() {
		s.index.lanes.insert(after.Owner, after)
	}
}

func (s *Store) putTurn(before, after call.Turn) {
	s.turns[after.Owner] = after
	if before.InTurn() {
		s.index.turns.Delete(before)
	}
	if after.InTurn() {
		s.index.turns.Set(after)
	}
}

// redrive checks the version of a redrive and writes the one after.
func (w *write) redrive(ch call.RedriveChange) error {
	before, ok := w.s.redrives[ch.After.ID]
	isNew := ch.Before.Version == 0
	switch {
	case isNew && ok:
		return call.Refuse(call.ConditionExists)
	case !isNew && before.Version != ch.Before.Version:
		return call.ErrConflict
	}
	after := cloneRedrive(ch.After)
	w.do(func() {
		w.s.redrives[ch.After.ID] = after
		w.s.setDue(call.DueRedrive, ch.After.ID, before.Due, ch.After.Due)
	})
	return nil
}
