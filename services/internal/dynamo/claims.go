package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// A claim's record is what admission wrote; what became of it stands beside it,
// in attributes of its own, so that each write touches its own part.

func claimItem(k key, c call.Claim) (item, error) {
	return recordItem(k, c, 1)
}

func claimOf(stored item) (call.Claim, error) {
	c, err := recordOf[call.Claim](stored)
	if err != nil {
		return c, err
	}
	c.Holder, c.Nonce, c.Task = call.Holder(strOf(stored, "holder")), strOf(stored, "nonce"), strOf(stored, "task")
	c.TakenAt, c.Stop = timeOf(numOf(stored, "taken_at")), boolOf(stored, "stop")
	c.CarrierReference = strOf(stored, "reference")
	if stored["outcome"] != nil {
		o, err := decode[call.Outcome](blobOf(stored, "outcome"))
		if err != nil {
			return c, err
		}
		c.Outcome = &o
	}
	return c, nil
}

// Claim reads the claim of an attempt.
func (s *Store) Claim(ctx context.Context, callID string, attempt int) (call.Claim, error) {
	stored, err := s.get(ctx, claimKey(callID, attempt))
	if err != nil {
		return call.Claim{}, fmt.Errorf("read the claim of %s, attempt %d: %w", callID, attempt, err)
	}
	if stored == nil {
		return call.Claim{}, noClaim(callID, attempt)
	}
	return claimOf(stored)
}

// ClaimAndSettings reads a claim and, unless batchID is empty, the settings of that
// batch, in one request; nil if there are none.
func (s *Store) ClaimAndSettings(ctx context.Context, callID string, attempt int, batchID string) (call.Claim, *call.Settings, error) {
	if batchID == "" {
		claim, err := s.Claim(ctx, callID, attempt)
		return claim, nil, err
	}
	stored, err := s.getAll(ctx, true, claimKey(callID, attempt), settingsKey(batchID))
	if err != nil {
		return call.Claim{}, nil, fmt.Errorf("read the claim of %s, attempt %d, and its settings: %w", callID, attempt, err)
	}
	claim, settings, err := call.Claim{}, (*call.Settings)(nil), noClaim(callID, attempt)
	for _, one := range stored {
		if keyOf(one) == settingsKey(batchID) {
			s, err := recordOf[call.Settings](one)
			if err != nil {
				return claim, nil, err
			}
			settings = &s
		} else {
			claim, err = claimOf(one)
		}
	}
	return claim, settings, err
}

// ReadAhead reads the records and claims of several attempts in one request.
func (s *Store) ReadAhead(ctx context.Context, attempts []call.AttemptID) (call.Ahead, error) {
	read := call.NewAhead()
	claims := map[key]call.AttemptID{}
	var keys []key // each once, or DynamoDB refuses them all
	for _, id := range attempts {
		claim := claimKey(id.CallID, id.Attempt)
		if _, asked := claims[claim]; !asked && id.Attempt > 0 {
			claims[claim], keys = id, append(keys, claim)
		}
		if record := callKey(id.CallID); !slices.Contains(keys, record) {
			keys = append(keys, record)
		}
	}
	stored, err := s.getAll(ctx, true, keys...)
	if err != nil {
		return read, fmt.Errorf("read %d attempts: %w", len(attempts), err)
	}
	for _, one := range stored {
		if id, ok := claims[keyOf(one)]; ok {
			if c, err := claimOf(one); err == nil {
				read.Claims[id] = c
			}
		} else if c, err := recordOf[call.Call](one); err == nil {
			read.Calls[c.ID] = c
		}
	}
	return read, nil
}

func noClaim(callID string, attempt int) error {
	return notFound("claim", fmt.Sprintf("%s, attempt %d", callID, attempt))
}

// TakeClaim makes the agent with this nonce the holder of an open claim. It asks
// for the claim as it is afterwards, which saves the agent a read.
func (s *Store) TakeClaim(ctx context.Context, callID string, attempt int, nonce, task string, now time.Time) (call.Claim, error) {
	taken, err := call.Claim{}.Take(nonce, task, now)
	if err != nil {
		return call.Claim{}, err
	}
	a := &action{at: claimKey(callID, attempt), set: item{
		"holder": str(string(taken.Holder)), "nonce": str(nonce), "task": str(task), "taken_at": num(nanos(taken.TakenAt)),
	}, answer: true}
	a.where("attribute_exists(#PK) AND attribute_not_exists(#holder) AND attribute_not_exists(#stop)", nil)
	a.refused = func(stored item) error {
		if stored == nil {
			return noClaim(callID, attempt)
		}
		return call.Refuse(call.ConditionClaim)
	}
	err = s.write(ctx, []*action{a})
	if errors.Is(err, call.ErrConflict) {
		// Another transaction had the claim all the time: nobody has lost it yet (R4).
		return call.Claim{}, fmt.Errorf("%w: %w", call.ErrUnclear, err)
	}
	if err != nil {
		return call.Claim{}, err
	}
	return claimOf(a.after)
}

// NoteReference writes the carrier's reference to the claim that the nonce holds.
func (s *Store) NoteReference(ctx context.Context, callID string, attempt int, nonce, reference string) error {
	return s.write(ctx, []*action{note(callID, attempt, nonce, item{"reference": str(reference)})})
}

// NoteOutcome writes the outcome to the claim that the nonce holds; the first one stays.
func (s *Store) NoteOutcome(ctx context.Context, callID string, attempt int, nonce string, o call.Outcome) error {
	outcome, err := encode(o)
	if err != nil {
		return err
	}
	a := note(callID, attempt, nonce, item{"outcome": blob(outcome)})
	a.where("attribute_not_exists(#outcome)", nil)
	refused := a.refused
	a.refused = func(stored item) error {
		if stored["outcome"] != nil && heldBy(stored, nonce) {
			return nil
		}
		return refused(stored)
	}
	return s.write(ctx, []*action{a})
}

func note(callID string, attempt int, nonce string, set item) *action {
	a := &action{at: claimKey(callID, attempt), set: set}
	a.where("#holder = :agent AND #nonce = :nonce", item{":agent": str(string(call.HolderAgent)), ":nonce": str(nonce)})
	a.refused = func(stored item) error {
		if stored == nil {
			return noClaim(callID, attempt)
		}
		return call.Refuse(call.ConditionNonce)
	}
	return a
}

func heldBy(stored item, nonce string) bool {
	return strOf(stored, "holder") == string(call.HolderAgent) && strOf(stored, "nonce") == nonce
}

// BatchSettings are the agent settings shared by the calls of a batch.
func (s *Store) BatchSettings(ctx context.Context, batchID string) (call.Settings, error) {
	return read[call.Settings](ctx, s, "batch", batchID, settingsKey(batchID))
}
