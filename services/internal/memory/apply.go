package memory

import (
	"context"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// Apply writes a change of a call with all its effects and conditions.
func (s *Store) Apply(_ context.Context, ch call.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &write{s: s}
	if err := w.change(ch); err != nil {
		return err
	}
	w.commit()
	return nil
}

func (w *write) change(ch call.Change) error {
	if err := w.call(ch); err != nil {
		return err
	}
	if ch.Redrive != nil {
		if err := w.redrive(*ch.Redrive); err != nil {
			return err
		}
	}
	if err := w.key(ch.Key, ch.At); err != nil {
		return err
	}
	if err := w.claim(ch); err != nil {
		return err
	}
	if err := w.batchState(ch); err != nil {
		return err
	}
	if err := w.capacity(ch); err != nil {
		return err
	}
	if ch.TouchesLane() {
		if err := w.lane(ch.After.Lane(), ch.Lane(), nil, ch.At); err != nil {
			return err
		}
	}
	if ch.Counts() == (call.Counts{}) {
		return nil
	}
	b, err := w.s.batch(ch.After.BatchID)
	if err != nil {
		return err
	}
	return w.counts(b, ch.Counts())
}

// ApplyBatch writes a change of a batch, with its calls.
func (s *Store) ApplyBatch(_ context.Context, ch call.BatchChange) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &write{s: s}
	if err := w.batchChange(ch); err != nil {
		return err
	}
	w.commit()
	return nil
}

func (w *write) batchChange(ch call.BatchChange) error {
	b, err := w.batch(ch)
	if err != nil {
		return err
	}
	if err := w.key(ch.Key, ch.At); err != nil {
		return err
	}
	for _, c := range ch.Calls {
		if err := w.call(c); err != nil {
			return err
		}
	}
	if err := w.counts(b, ch.Counts); err != nil {
		return err
	}
	if !ch.TouchesLane() {
		return nil
	}
	open := ch.LaneOpen()
	return w.lane(ch.After.Lane(), ch.Lane(), &open, ch.At)
}

// batch checks the version of a batch and writes the one after.
func (w *write) batch(ch call.BatchChange) (*batch, error) {
	b := w.s.batches[ch.After.ID]
	switch {
	case ch.New() && b != nil && b.record.Version > 0:
		return nil, call.Refuse(call.ConditionExists)
	case !ch.New() && (b == nil || b.record.Version != ch.Before.Version):
		return nil, call.ErrConflict
	case b == nil:
		b = newBatch()
	}
	after := cloneBatch(ch.After)
	w.do(func() { w.s.putBatch(b, after) })
	return b, nil
}

func (s *Store) putBatch(b *batch, after call.Batch) {
	s.setDue(call.DueBatch, after.ID, b.record.Due, after.Due)
	b.record = after
	s.batches[after.ID] = b
	s.index.batches.insert(after.ID, scope{}, scope{owner: after.Owner})
}

// ApplyRedrive writes a change of a redrive.
func (s *Store) ApplyRedrive(_ context.Context, ch call.RedriveChange) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &write{s: s}
	if err := w.redrive(ch); err != nil {
		return err
	}
	if err := w.key(ch.Key, ch.After.UpdatedAt); err != nil {
		return err
	}
	w.commit()
	return nil
}

// PutKey writes an idempotency key.
func (s *Store) PutKey(_ context.Context, k call.IdempotencyKey, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &write{s: s}
	if err := w.key(&k, now); err != nil {
		return err
	}
	w.commit()
	return nil
}
