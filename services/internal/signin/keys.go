package signin

import (
	"context"
	"crypto/rsa"
	"errors"
	"log/slog"
	"sync"
	"time"
)

const (
	// refreshAfter is the age at which keys are read again, so that one that the
	// issuer has withdrawn isn't honoured for long.
	refreshAfter = 15 * time.Minute
	// keepFor is how long keys serve while the issuer is away.
	keepFor = 24 * time.Hour
	// retryAfter is the shortest time between two reads. Whoever sends tokens with
	// invented key ids causes no more traffic than this; a new key is unknown for
	// no longer than this.
	retryAfter = 10 * time.Second
	// fetchTimeout bounds one read.
	fetchTimeout = 5 * time.Second
)

// errNoAnswerYet is the cause if the client went away, or gave up, first.
var errNoAnswerYet = errors.New("the keys were still being read")

// keySet holds the issuer's keys by their id. At most one read runs at a time,
// and it serves all who wait for it.
type keySet struct {
	fetch func(context.Context) (map[string]*rsa.PublicKey, error)
	now   func() time.Time
	log   *slog.Logger

	mu      sync.Mutex
	keys    map[string]*rsa.PublicKey
	readAt  time.Time     // when keys were asked for; the last time they came
	triedAt time.Time     // when they were asked for last
	failed  error         // how that ended; nil: well
	running chan struct{} // closed at the end of the read that runs; nil: none
}

// key gives the key of this id, or CodeUnknownKey, or CodeUnavailable.
func (s *keySet) key(ctx context.Context, id string) (*rsa.PublicKey, error) {
	if done := s.read(ctx, id); done != nil {
		select {
		case <-done:
		case <-ctx.Done():
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key, known := s.keys[id]
	switch {
	case known && s.now().Sub(s.readAt) < keepFor:
		return key, nil
	case s.failed != nil:
		return nil, unavailable(s.failed)
	case s.running != nil:
		return nil, unavailable(errNoAnswerYet)
	default:
		return nil, refuse(CodeUnknownKey, "the token is signed by a key that the issuer does not publish")
	}
}

// read starts a read if this key calls for one and gives what to wait for, or nil
// if the answer is in what is there. Whoever finds a read running for the sake of
// age doesn't wait for it, so that an issuer that hangs delays one request only.
func (s *keySet) read(ctx context.Context, id string) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	_, known := s.keys[id]
	age := now.Sub(s.readAt)
	switch {
	case known && age < refreshAfter:
		return nil
	case s.running != nil:
		if known && age < keepFor {
			return nil
		}
		return s.running
	case !s.triedAt.IsZero() && now.Sub(s.triedAt) < retryAfter:
		return nil
	}
	s.triedAt = now
	s.running = make(chan struct{})
	go s.run(context.WithoutCancel(ctx), now, s.running)
	return s.running
}

// run reads the keys. It goes on if the request that wanted it is given up,
// because others may wait too.
func (s *keySet) run(ctx context.Context, started time.Time, done chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	keys, err := s.fetch(ctx)
	if err != nil {
		s.log.WarnContext(ctx, "the issuer's keys can't be read", "error", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = err
	if err == nil {
		s.keys, s.readAt = keys, started
	}
	s.running = nil
	close(done)
}
