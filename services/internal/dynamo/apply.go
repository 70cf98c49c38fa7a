package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// Apply writes a change of a call with all its effects and conditions. The
// actions stand in the order in which their conditions are told.
func (s *Store) Apply(ctx context.Context, ch call.Change) error {
	backoff := ch.Backoff
	return s.settle(ctx, func(try int) ([]*action, error) {
		var t transaction
		t.call(ch)
		if ch.Redrive != nil {
			t.redrive(*ch.Redrive)
		}
		t.key(ch.Key, ch.At)
		t.claim(ch)
		if err := s.lane(ctx, &t, laneChangeOf(ch), try); err != nil {
			return nil, err
		}
		t.capacity(ch, &backoff)
		return t.actions, t.err
	})
}

// ApplyBatch writes a change of a batch, with its calls: at most MaxSlice of them.
func (s *Store) ApplyBatch(ctx context.Context, ch call.BatchChange) error {
	return s.settle(ctx, func(try int) ([]*action, error) {
		var t transaction
		t.batch(ch)
		t.key(ch.Key, ch.At)
		for i := range ch.Calls {
			t.call(ch.Calls[i])
		}
		if err := s.lane(ctx, &t, laneChangeOfBatch(ch), try); err != nil {
			return nil, err
		}
		return t.actions, t.err
	})
}

// MaxSlice is how many calls one ApplyBatch may carry: beside them it writes the
// batch, its lane and its owner's turn.
const MaxSlice = MaxActions - 3

// ApplyRedrive writes a change of a redrive.
func (s *Store) ApplyRedrive(ctx context.Context, ch call.RedriveChange) error {
	var t transaction
	t.redrive(ch)
	t.key(ch.Key, ch.After.UpdatedAt)
	if t.err != nil {
		return t.err
	}
	return s.write(ctx, t.actions)
}

// PutKey writes an idempotency key.
func (s *Store) PutKey(ctx context.Context, k call.IdempotencyKey, now time.Time) error {
	var t transaction
	t.key(&k, now)
	if t.err != nil {
		return t.err
	}
	return s.write(ctx, t.actions)
}

// What a write was worked out from has moved on; it is worked out again.
var errStale = errors.New("lane, turn or capacity have moved on")

const staleTries = 30

// settle makes a write whose lane, turn or capacity are read beforehand, again
// when one of them moved on in between. Those are nobody's to see: the caller's
// own version guards what it read.
func (s *Store) settle(ctx context.Context, build func(try int) ([]*action, error)) error {
	wait := firstWait
	for try := range staleTries {
		actions, err := build(try)
		if err == nil {
			err = s.write(ctx, actions)
		}
		switch {
		case errors.Is(err, errNoCapacity):
			if err := s.startCapacity(ctx); err != nil {
				return err
			}
		case !errors.Is(err, errStale):
			return err
		case !s.pause(ctx, wait):
			return fmt.Errorf("%w: %w", call.ErrConflict, err)
		}
		wait = min(2*wait, maxWait)
	}
	return fmt.Errorf("%w: %w", call.ErrConflict, errStale)
}

// transaction collects the actions of a write, and the first error of making them.
type transaction struct {
	actions []*action
	err     error
}

// do adds the action that puts an item.
func (t *transaction) do(a *action, err error) {
	t.actions = append(t.actions, a)
	if t.err == nil {
		t.err = err
	}
}

// versioned puts a record if the stored one has the version it was made from.
func (t *transaction) versioned(put item, err error, version int64) {
	a := &action{put: put}
	if version == 0 {
		a.absent()
		a.refused = func(item) error { return call.Refuse(call.ConditionExists) }
	} else {
		a.where("#version = :version", item{":version": num(version)})
		a.refused = func(item) error { return call.ErrConflict }
	}
	t.do(a, err)
}

func (t *transaction) call(ch call.Change) {
	put, err := callItem(ch.After)
	t.versioned(put, err, ch.Before.Version)
}

func (t *transaction) redrive(ch call.RedriveChange) {
	put, err := redriveItem(ch.After)
	t.versioned(put, err, ch.Before.Version)
}

// batch puts a batch, and with a new one the settings that agents read.
func (t *transaction) batch(ch call.BatchChange) {
	put, err := batchItem(ch.After)
	t.versioned(put, err, ch.Before.Version)
	if ch.New() {
		settings, err := recordItem(settingsKey(ch.After.ID), ch.After.Settings, 1)
		t.do(&action{put: settings}, err)
	}
}

// key puts an idempotency key, unless there is one that has not expired.
func (t *transaction) key(k *call.IdempotencyKey, now time.Time) {
	if k == nil {
		return
	}
	put, err := keyItem(*k)
	a := &action{put: put}
	a.where("attribute_not_exists(#PK) OR #expires <= :now", item{":now": num(nanos(now))})
	a.refused = func(item) error { return call.Refuse(call.ConditionKey) }
	t.do(a, err)
}

// claim does what a change does to the claim of its attempt.
func (t *transaction) claim(ch call.Change) {
	a := &action{at: claimKey(ch.After.ID, ch.Attempt())}
	a.refused = func(item) error { return call.Refuse(call.ConditionClaim) }
	var err error
	switch ch.Claim {
	case call.ClaimNone:
		return
	case call.ClaimOpen:
		a.put, err = claimItem(a.at, ch.Open)
		a.absent()
	case call.ClaimClose:
		a.set = item{"holder": str(string(call.HolderControl))}
		a.where("attribute_exists(#PK) AND attribute_not_exists(#holder)", nil)
	case call.ClaimStop:
		a.set = item{"stop": boolean(true)}
		a.where("#holder = :agent", item{":agent": str(string(call.HolderAgent))})
	}
	t.do(a, err)
}
