package tracking

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// slicesAtOnce is how many slices of a batch are taken before what is due is listed
// again: that costs more than a slice.
const slicesAtOnce = 10

// lookAtBatch takes a batch some slices on. It says whether there is more. When
// somebody else's slices come first twice in a row, the batch is left to them: two
// that go on side by side would do everything twice.
func (r *round) lookAtBatch(ctx context.Context, id string) (more bool, err error) {
	for range slicesAtOnce {
		more, err = r.takeSlice(ctx, id)
		switch {
		case errors.Is(err, call.ErrConflict):
			r.lost[id]++
			more, err = r.lost[id] < 2, nil
		case errors.Is(err, call.ErrUnclear):
			more, err = true, nil
		default:
			r.lost[id] = 0
		}
		if err != nil || !more || r.spent() {
			break
		}
	}
	return more, err
}

// takeSlice takes a batch one slice on: it expands rows into calls, or visits calls
// to cancel them.
func (t *Tracker) takeSlice(ctx context.Context, id string) (more bool, err error) {
	b, err := t.Store.Batch(ctx, id)
	if err != nil {
		return false, err
	}
	var change call.BatchChange
	switch {
	case b.Due.IsZero():
		return false, nil
	case b.State == call.StateCanceled && b.CanceledTo < b.Expanded:
		change, err = t.cancelSlice(ctx, b)
	case b.Expanded < b.Rows:
		change, err = t.expandSlice(ctx, b)
	default:
		change = call.BatchLooked(b, t.Now(), t.Now()) // nothing is left to do: due goes
	}
	if err != nil {
		return false, err
	}
	if err := t.Store.ApplyBatch(ctx, change); err != nil {
		return false, err
	}
	if len(change.Calls) > 0 && b.State == call.StateActive {
		t.fill(ctx)
	}
	return !change.After.Due.IsZero(), nil
}

// expandSlice makes calls of the next rows. It ignores a pause: that holds
// admission, not expansion. Before the first slice the chunks are kept for good.
func (t *Tracker) expandSlice(ctx context.Context, b call.Batch) (call.BatchChange, error) {
	if b.Expanded == 0 {
		if err := t.Store.KeepChunks(ctx, b.ID); err != nil {
			return call.BatchChange{}, fmt.Errorf("keep the chunks: %w", err)
		}
	}
	rows, err := t.Store.Chunk(ctx, b.ID, b.Expanded/b.ChunkRows)
	if err != nil {
		return call.BatchChange{}, fmt.Errorf("read chunk %d: %w", b.Expanded/b.ChunkRows, err)
	}
	first := b.Expanded % b.ChunkRows
	if first >= len(rows) {
		return call.BatchChange{}, fmt.Errorf("chunk %d has %d rows: %w", b.Expanded/b.ChunkRows, len(rows), call.ErrCorrupt)
	}
	rows = rows[first:min(first+t.Slice, len(rows))]
	var taken weight
	for i, row := range rows {
		if !taken.takes(row.Metadata) {
			rows = rows[:i]
			break
		}
	}
	return call.BatchExpanded(b, rows, t.Now())
}

// weight is the bytes of metadata that a slice writes. A transaction of DynamoDB
// has at most 4 MB, and metadata is all of a call that can be large.
type weight int

const mostWeight = 2_000_000

// takes adds a call's metadata, unless that is too much. The first always fits.
func (w *weight) takes(metadata map[string]string) bool {
	more := weight(1)
	for name, value := range metadata {
		more += weight(len(name) + len(value))
	}
	if *w > 0 && *w+more > mostWeight {
		return false
	}
	*w += more
	return true
}

// cancelSlice visits the next calls of a canceled batch, each by strong read.
// Those that wait are canceled in the transaction that moves the cursor, the
// others before it.
func (t *Tracker) cancelSlice(ctx context.Context, b call.Batch) (call.BatchChange, error) {
	to := min(b.CanceledTo+t.Slice, b.Expanded)
	store, err := t.readRows(ctx, b, to)
	if err != nil {
		return call.BatchChange{}, err
	}
	var canceled []call.Change
	var taken weight
	for n := b.CanceledTo + 1; n <= to; n++ {
		c, err := store.Call(ctx, call.BatchCallID(b.ID, n))
		if err != nil {
			return call.BatchChange{}, fmt.Errorf("read row %d: %w", n, err)
		}
		if !taken.takes(c.Metadata) {
			to = n - 1
			break
		}
		if c.Status == call.Queued {
			change, err := call.CanceledBeforeDial(c, causeBatch, t.Now())
			if err != nil {
				return call.BatchChange{}, err
			}
			canceled = append(canceled, change)
			continue
		}
		if _, err := t.cancel(ctx, c.ID, causeBatch); err != nil && !errors.Is(err, ErrFinal) {
			return call.BatchChange{}, fmt.Errorf("cancel row %d: %w", n, err)
		}
	}
	return call.CancelAdvanced(b, to, canceled, t.Now())
}

// readRows reads the calls of a slice together.
func (t *Tracker) readRows(ctx context.Context, b call.Batch, to int) (Store, error) {
	var calls []call.AttemptID
	for n := b.CanceledTo + 1; n <= to; n++ {
		calls = append(calls, call.AttemptID{CallID: call.BatchCallID(b.ID, n)})
	}
	read, err := t.Store.ReadAhead(ctx, calls)
	if err != nil {
		return nil, fmt.Errorf("read rows %d to %d: %w", b.CanceledTo+1, to, err)
	}
	return ahead{t.Store, read}, nil
}

// causeBatch is the cause of a cancel in the history of a batch's call.
const causeBatch = "batch_canceled"

// PauseBatch keeps a batch's waiting calls waiting. Pausing a paused batch
// changes nothing; a canceled one is refused with call.ConditionCanceled.
func (t *Tracker) PauseBatch(ctx context.Context, id string) (call.Batch, error) {
	return t.setState(ctx, id, call.StatePaused, call.BatchPaused)
}

// ResumeBatch lets a batch's calls be admitted again. Resuming an active batch
// changes nothing; a canceled one is refused with call.ConditionCanceled.
func (t *Tracker) ResumeBatch(ctx context.Context, id string) (call.Batch, error) {
	b, err := t.setState(ctx, id, call.StateActive, call.BatchResumed)
	if err == nil {
		t.fill(ctx)
	}
	return b, err
}

// CancelBatch holds at once for what isn't admitted; the rest is canceled slice
// by slice, since the batch is due now. Canceling a canceled batch changes nothing.
func (t *Tracker) CancelBatch(ctx context.Context, id string) (call.Batch, error) {
	b, err := t.setState(ctx, id, call.StateCanceled, call.BatchCanceled)
	if err == nil && !b.Due.IsZero() {
		if err := t.Looks.Look(ctx); err != nil {
			t.Log.WarnContext(ctx, "look not sent", "cause", err)
		}
	}
	return b, err
}

type stateMove func(b call.Batch, now time.Time) (call.BatchChange, error)

func (t *Tracker) setState(ctx context.Context, id string, want call.BatchState, move stateMove) (call.Batch, error) {
	var err error
	for range cancelTries {
		var b call.Batch
		if b, err = t.Store.Batch(ctx, id); err != nil {
			return b, err
		}
		if b.State == want {
			return b, nil
		}
		change, refused := move(b, t.Now())
		if refused != nil {
			return b, refused
		}
		if err = t.Store.ApplyBatch(ctx, change); err == nil {
			return change.After, nil
		}
		if !errors.Is(err, call.ErrConflict) && !errors.Is(err, call.ErrUnclear) {
			return b, err
		}
	}
	return call.Batch{}, fmt.Errorf("set batch %s %s: %w", id, want, err)
}
