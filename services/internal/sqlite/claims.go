package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

const (
	selectClaim = `SELECT offer, holder, nonce, task, taken_at, stop, reference, outcome FROM claims WHERE call_id = ? AND attempt = ?`
	insertClaim = `INSERT INTO claims (call_id, attempt, offer) VALUES (?, ?, ?)`
	takeClaim   = `UPDATE claims SET holder = ?, nonce = ?, task = ?, taken_at = ? WHERE call_id = ? AND attempt = ?`
	closeClaim  = `UPDATE claims SET holder = ? WHERE call_id = ? AND attempt = ?`
	stopClaim   = `UPDATE claims SET stop = 1 WHERE call_id = ? AND attempt = ?`
	noteRef     = `UPDATE claims SET reference = ? WHERE call_id = ? AND attempt = ?`
	noteOutcome = `UPDATE claims SET outcome = ? WHERE call_id = ? AND attempt = ?`
)

// Claim reads the claim of an attempt.
func (db *DB) Claim(ctx context.Context, callID string, attempt int) (call.Claim, error) {
	c, found, err := readClaim(db.read(ctx), callID, attempt)
	return c, foundClaim(found, err, callID, attempt)
}

// ClaimAndSettings reads a claim and the settings of a batch, if one is named.
func (db *DB) ClaimAndSettings(ctx context.Context, callID string, attempt int, batchID string) (call.Claim, *call.Settings, error) {
	return call.ReadClaimAndSettings(ctx, db, callID, attempt, batchID)
}

// ReadAhead reads the records and claims of several attempts.
func (db *DB) ReadAhead(ctx context.Context, attempts []call.AttemptID) (call.Ahead, error) {
	return call.ReadEach(ctx, db, attempts)
}

// TakeClaim makes the agent with this nonce the holder of an open claim.
func (db *DB) TakeClaim(ctx context.Context, callID string, attempt int, nonce, task string, now time.Time) (call.Claim, error) {
	var taken call.Claim
	err := db.write(ctx, func(t *tx) (func() error, error) {
		c, found, err := readClaim(t, callID, attempt)
		if err := foundClaim(found, err, callID, attempt); err != nil {
			return nil, err
		}
		if taken, err = c.Take(nonce, task, now.UTC()); err != nil {
			return nil, err
		}
		return func() error {
			_, err := t.exec(takeClaim, string(taken.Holder), taken.Nonce, taken.Task, nanos(taken.TakenAt), callID, attempt)
			return err
		}, nil
	})
	if err != nil {
		return call.Claim{}, err
	}
	return taken, nil
}

// NoteReference writes the carrier's reference to the claim that the nonce holds.
func (db *DB) NoteReference(ctx context.Context, callID string, attempt int, nonce, reference string) error {
	return db.write(ctx, func(t *tx) (func() error, error) {
		if _, err := heldClaim(t, callID, attempt, nonce); err != nil {
			return nil, err
		}
		return func() error {
			_, err := t.exec(noteRef, reference, callID, attempt)
			return err
		}, nil
	})
}

// NoteOutcome writes the outcome to the claim that the nonce holds, unless there is one.
func (db *DB) NoteOutcome(ctx context.Context, callID string, attempt int, nonce string, o call.Outcome) error {
	record, err := encode(o)
	if err != nil {
		return err
	}
	return db.write(ctx, func(t *tx) (func() error, error) {
		c, err := heldClaim(t, callID, attempt, nonce)
		if err != nil || c.Outcome != nil {
			return nil, err
		}
		return func() error {
			_, err := t.exec(noteOutcome, record, callID, attempt)
			return err
		}, nil
	})
}

// heldClaim is the claim that the nonce holds.
func heldClaim(t *tx, callID string, attempt int, nonce string) (call.Claim, error) {
	c, found, err := readClaim(t, callID, attempt)
	if err := foundClaim(found, err, callID, attempt); err != nil {
		return c, err
	}
	if !c.HeldBy(nonce) {
		return c, call.Refuse(call.ConditionNonce)
	}
	return c, nil
}

// claimEffect opens, closes or stops the claim of the change's attempt, if its
// state is what that requires. A claim that is absent is in no such state.
func claimEffect(ch call.Change) effect {
	id, attempt := ch.After.ID, ch.Attempt()
	return func(t *tx) (func() error, error) {
		c, found, err := readClaim(t, id, attempt)
		if err != nil {
			return nil, err
		}
		switch {
		case ch.Claim == call.ClaimOpen && !found:
			return openClaim(t, ch.Open)
		case ch.Claim == call.ClaimClose && found && c.Holder == call.HolderNone:
			return func() error {
				_, err := t.exec(closeClaim, string(call.HolderControl), id, attempt)
				return err
			}, nil
		case ch.Claim == call.ClaimStop && found && c.Holder == call.HolderAgent:
			return func() error {
				_, err := t.exec(stopClaim, id, attempt)
				return err
			}, nil
		}
		return nil, call.Refuse(call.ConditionClaim)
	}
}

func openClaim(t *tx, c call.Claim) (func() error, error) {
	offer, err := encode(c)
	if err != nil {
		return nil, err
	}
	return func() error {
		_, err := t.exec(insertClaim, c.CallID, c.Attempt, offer)
		return err
	}, nil
}

func readClaim(q queryer, callID string, attempt int) (c call.Claim, found bool, err error) {
	var offer, outcome []byte
	var holder string
	var takenAt sql.NullInt64
	var now call.Claim
	found, err = q.get(selectClaim, []any{callID, attempt},
		&offer, &holder, &now.Nonce, &now.Task, &takenAt, &now.Stop, &now.CarrierReference, &outcome)
	if err != nil || !found {
		return c, found, err
	}
	if err := decode(offer, &c); err != nil {
		return c, true, err
	}
	c.Holder, c.Nonce, c.Task, c.TakenAt = call.Holder(holder), now.Nonce, now.Task, instant(takenAt)
	c.Stop, c.CarrierReference = now.Stop, now.CarrierReference
	if outcome != nil {
		c.Outcome = new(call.Outcome)
		return c, true, decode(outcome, c.Outcome)
	}
	return c, true, nil
}

func foundClaim(found bool, err error, callID string, attempt int) error {
	switch {
	case err != nil:
		return fmt.Errorf("read the claim of call %s, attempt %d: %w", callID, attempt, err)
	case !found:
		return fmt.Errorf("claim of call %s, attempt %d: %w", callID, attempt, call.ErrNotFound)
	}
	return nil
}

// BatchSettings are the agent settings that the calls of a batch share.
func (db *DB) BatchSettings(ctx context.Context, batchID string) (call.Settings, error) {
	b, err := db.Batch(ctx, batchID)
	return b.Settings, err
}
