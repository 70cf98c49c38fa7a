package memory

import (
	"context"
	"fmt"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// Claim reads the claim of an attempt.
func (s *Store) Claim(_ context.Context, callID string, attempt int) (call.Claim, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	claim, err := s.claim(callID, attempt)
	return cloneClaim(claim), err
}

// ClaimAndSettings reads a claim and the settings of a batch, if one is named.
func (s *Store) ClaimAndSettings(ctx context.Context, callID string, attempt int, batchID string) (call.Claim, *call.Settings, error) {
	return call.ReadClaimAndSettings(ctx, s, callID, attempt, batchID)
}

// ReadAhead reads the records and claims of several attempts.
func (s *Store) ReadAhead(ctx context.Context, attempts []call.AttemptID) (call.Ahead, error) {
	return call.ReadEach(ctx, s, attempts)
}

// TakeClaim makes the agent with this nonce the holder of an open claim.
func (s *Store) TakeClaim(_ context.Context, callID string, attempt int, nonce, task string, now time.Time) (call.Claim, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	claim, err := s.claim(callID, attempt)
	if err != nil {
		return call.Claim{}, err
	}
	taken, err := claim.Take(nonce, task, now)
	if err != nil {
		return call.Claim{}, err
	}
	s.claims[claimKey{callID, attempt}] = taken
	return cloneClaim(taken), nil
}

// NoteReference writes the carrier's reference to the claim that the nonce holds.
func (s *Store) NoteReference(_ context.Context, callID string, attempt int, nonce, reference string) error {
	return s.note(callID, attempt, nonce, func(c *call.Claim) { c.CarrierReference = reference })
}

// NoteOutcome writes the outcome to the claim that the nonce holds; the first one stays.
func (s *Store) NoteOutcome(_ context.Context, callID string, attempt int, nonce string, o call.Outcome) error {
	return s.note(callID, attempt, nonce, func(c *call.Claim) {
		if c.Outcome == nil {
			c.Outcome = &o
		}
	})
}

func (s *Store) note(callID string, attempt int, nonce string, write func(*call.Claim)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	claim, err := s.claim(callID, attempt)
	if err != nil {
		return err
	}
	if !claim.HeldBy(nonce) {
		return call.Refuse(call.ConditionNonce)
	}
	write(&claim)
	s.claims[claimKey{callID, attempt}] = claim
	return nil
}

func (s *Store) claim(callID string, attempt int) (call.Claim, error) {
	claim, ok := s.claims[claimKey{callID, attempt}]
	if !ok {
		return call.Claim{}, notFound("claim", fmt.Sprintf("%s, attempt %d", callID, attempt))
	}
	return claim, nil
}
