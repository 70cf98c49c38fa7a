package storetest

import (
	"cmp"
	"context"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// Apply checks each condition in order, then writes.
func (m *model) Apply(_ context.Context, ch call.Change) error {
	err := cmp.Or(
		m.callFits(ch), m.redriveFits(ch.Redrive), m.keyFits(ch.Key, ch.At),
		m.claimFits(ch), m.batchFits(ch), m.roomFits(ch.Admission),
	)
	if err != nil {
		return err
	}
	m.putKey(ch.Key)
	m.putClaim(ch)
	if ch.Redrive != nil {
		m.redrives[ch.Redrive.After.ID] = ch.Redrive.After
	}
	if ch.Admission != nil {
		m.room.RateAt = ch.Admission.RateAfter
		m.room.Admitted++
	}
	if b := ch.Backoff; b != nil && b.Until.After(m.room.BackoffUntil) {
		m.room.BackoffUntil, m.room.BackoffStep = b.Until, b.Step
	}
	m.inTurn(ch.After.Lane(), ch.Move == call.MoveAdmitted, ch.At, func() { m.calls[ch.After.ID] = ch.After })
	return nil
}

// ApplyBatch checks each condition in order, then writes.
func (m *model) ApplyBatch(_ context.Context, ch call.BatchChange) error {
	if err := cmp.Or(fits(m.records, ch.After.ID, ch.Before.Version, batchVersion), m.keyFits(ch.Key, ch.At)); err != nil {
		return err
	}
	for _, c := range ch.Calls {
		if err := m.callFits(c); err != nil {
			return err
		}
	}
	m.putKey(ch.Key)
	m.inTurn(ch.After.Lane(), false, ch.At, func() {
		m.records[ch.After.ID] = ch.After
		for _, c := range ch.Calls {
			m.calls[c.After.ID] = c.After
		}
	})
	return nil
}

// ApplyRedrive checks each condition in order, then writes.
func (m *model) ApplyRedrive(_ context.Context, ch call.RedriveChange) error {
	if err := cmp.Or(m.redriveFits(&ch), m.keyFits(ch.Key, ch.After.UpdatedAt)); err != nil {
		return err
	}
	m.putKey(ch.Key)
	m.redrives[ch.After.ID] = ch.After
	return nil
}

// SetCapacity writes all but what admissions and launches write.
func (m *model) SetCapacity(_ context.Context, before, after call.Capacity) error {
	if before.Version != m.room.Version {
		return call.ErrConflict
	}
	after.RateAt, after.BackoffUntil, after.BackoffStep = m.room.RateAt, m.room.BackoffUntil, m.room.BackoffStep
	after.Admitted = m.room.Admitted
	m.room = after
	return nil
}

// inTurn changes calls or the batch of one lane. The lane, and its owner, take a
// new turn when they were served, and when they come into turn.
func (m *model) inTurn(key call.LaneKey, served bool, now time.Time, change func()) {
	ownerIn := func() bool { return len(m.lanesInTurn(key.Owner)) > 0 }
	laneWas, ownerWas := m.lane(key).InTurn(), ownerIn()
	change()
	if served || (m.lane(key).InTurn() && !laneWas) {
		m.turns[key.String()] = max(now.UnixMicro(), m.turns[key.String()]+1)
	}
	if served || (ownerIn() && !ownerWas) {
		m.turns["owner "+key.Owner] = max(now.UnixMicro(), m.turns["owner "+key.Owner]+1)
	}
}

// fits checks an item's version against the one a change was made from, 0 for a new one.
func fits[T any](items map[string]T, id string, version int64, of func(T) int64) error {
	stored, ok := items[id]
	switch {
	case version == 0 && ok:
		return call.Refuse(call.ConditionExists)
	case version > 0 && (!ok || of(stored) != version):
		return call.ErrConflict
	}
	return nil
}

func batchVersion(b call.Batch) int64 { return b.Version }

func (m *model) callFits(ch call.Change) error {
	return fits(m.calls, ch.After.ID, ch.Before.Version, func(c call.Call) int64 { return c.Version })
}

func (m *model) redriveFits(ch *call.RedriveChange) error {
	if ch == nil {
		return nil
	}
	return fits(m.redrives, ch.After.ID, ch.Before.Version, func(r call.Redrive) int64 { return r.Version })
}

func (m *model) keyFits(k *call.IdempotencyKey, now time.Time) error {
	if k == nil {
		return nil
	}
	if old, ok := m.keys[[2]string{k.Owner, k.Key}]; ok && old.ExpiresAt.After(now) {
		return call.Refuse(call.ConditionKey)
	}
	return nil
}

func (m *model) claimFits(ch call.Change) error {
	claim, ok := m.claims[claimName{ch.After.ID, ch.Attempt()}]
	switch {
	case ch.Claim == call.ClaimOpen && ok,
		ch.Claim == call.ClaimClose && (!ok || claim.Holder != call.HolderNone),
		ch.Claim == call.ClaimStop && (!ok || claim.Holder != call.HolderAgent):
		return call.Refuse(call.ConditionClaim)
	}
	return nil
}

func (m *model) batchFits(ch call.Change) error {
	return ch.Batch.Check(m.records[ch.After.BatchID].State)
}

func (m *model) roomFits(a *call.Admission) error {
	if a == nil {
		return nil
	}
	return m.capacity().Check(*a)
}

func (m *model) putKey(k *call.IdempotencyKey) {
	if k != nil {
		m.keys[[2]string{k.Owner, k.Key}] = *k
	}
}

func (m *model) putClaim(ch call.Change) {
	name := claimName{ch.After.ID, ch.Attempt()}
	claim := m.claims[name]
	switch ch.Claim {
	case call.ClaimOpen:
		claim = ch.Open
	case call.ClaimClose:
		claim.Holder = call.HolderControl
	case call.ClaimStop:
		claim.Stop = true
	default:
		return
	}
	m.claims[name] = claim
}

// TakeClaim is as the domain has it.
func (m *model) TakeClaim(_ context.Context, id string, attempt int, nonce, task string, now time.Time) (call.Claim, error) {
	claim, err := item(m.claims, claimName{id, attempt})
	if err == nil {
		claim, err = claim.Take(nonce, task, now)
	}
	if err != nil {
		return call.Claim{}, err
	}
	m.claims[claimName{id, attempt}] = claim
	return claim, nil
}

// NoteReference writes for the holder.
func (m *model) NoteReference(_ context.Context, id string, attempt int, nonce, reference string) error {
	return m.note(id, attempt, nonce, func(c *call.Claim) { c.CarrierReference = reference })
}

// NoteOutcome writes the holder's first outcome.
func (m *model) NoteOutcome(_ context.Context, id string, attempt int, nonce string, o call.Outcome) error {
	return m.note(id, attempt, nonce, func(c *call.Claim) {
		if c.Outcome == nil {
			c.Outcome = &o
		}
	})
}

func (m *model) note(id string, attempt int, nonce string, write func(*call.Claim)) error {
	claim, err := item(m.claims, claimName{id, attempt})
	if err != nil {
		return err
	}
	if !claim.HeldBy(nonce) {
		return call.Refuse(call.ConditionNonce)
	}
	write(&claim)
	m.claims[claimName{id, attempt}] = claim
	return nil
}
