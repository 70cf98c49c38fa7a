package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// ErrIdempotencyConflict says that the key was used for another request of the
// same owner in the last 24 hours.
var ErrIdempotencyConflict = errors.New("the idempotency key was used for another request")

// Idempotency makes the repeat of a request give the first answer again. Nil
// means that the request has no key.
type Idempotency[T any] struct {
	Key         string
	Fingerprint string // hash of method, path and body as they were sent

	// Answer is the HTTP answer to what is about to be accepted. It is stored in
	// the same transaction, so that a repeat gets the very same bytes.
	Answer func(T) (status int, location string, body []byte, err error)
}

// Accepted is what became of a request.
type Accepted[T any] struct {
	Value T // what was accepted now; zero when Replayed

	// Kept is the answer as it is kept under the idempotency key: to this
	// request, or, when Replayed, to the same request that was first. Nil
	// without a key.
	Kept     *call.IdempotencyKey
	Replayed bool
}

func replayed[T any](kept *call.IdempotencyKey) Accepted[T] {
	return Accepted[T]{Kept: kept, Replayed: kept != nil}
}

// kept is the answer to the same request that was first; nil when there is none.
func (i *Idempotency[T]) kept(ctx context.Context, keys Keys, owner string, now time.Time) (*call.IdempotencyKey, error) {
	if i == nil {
		return nil, nil
	}
	k, err := keys.Key(ctx, owner, i.Key, now)
	switch {
	case errors.Is(err, call.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the idempotency key: %w", err)
	case k.Fingerprint != i.Fingerprint:
		return nil, ErrIdempotencyConflict
	}
	return &k, nil
}

// key is the key to be stored with what is accepted; nil when there is none.
func (i *Idempotency[T]) key(owner string, accepted T, now time.Time) (*call.IdempotencyKey, error) {
	if i == nil {
		return nil, nil
	}
	status, location, body, err := i.Answer(accepted)
	if err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	return &call.IdempotencyKey{
		Owner: owner, Key: i.Key, Fingerprint: i.Fingerprint,
		Status: status, Location: location, Body: body, ExpiresAt: now.Add(call.KeyLife),
	}, nil
}
