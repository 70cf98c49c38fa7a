package simulation

import (
	"context"
	"fmt"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/memory"
)

// store is the memory store as an actor sees it. Of its writes each is held
// against the promises.
type store struct {
	*memory.Store
	a *actor
}

// Call reads a call.
func (s store) Call(ctx context.Context, id string) (call.Call, error) {
	return read(s.a, "Call", id, func() (call.Call, error) { return s.Store.Call(ctx, id) })
}

// Claim reads a claim.
func (s store) Claim(ctx context.Context, id string, attempt int) (call.Claim, error) {
	return read(s.a, "Claim", call.ClientToken(id, attempt), func() (call.Claim, error) {
		return s.Store.Claim(ctx, id, attempt)
	})
}

// Capacity reads the capacity.
func (s store) Capacity(ctx context.Context) (call.Capacity, error) {
	return read(s.a, "Capacity", "", func() (call.Capacity, error) {
		room, err := s.Store.Capacity(ctx)
		s.a.room, s.a.held = room, room.Held(s.a.Now())
		return room, err
	})
}

// Lane reads a lane.
func (s store) Lane(ctx context.Context, key call.LaneKey) (call.Lane, error) {
	return read(s.a, "Lane", key.String(), func() (call.Lane, error) { return s.Store.Lane(ctx, key) })
}

// Batch reads a batch.
func (s store) Batch(ctx context.Context, id string) (call.Batch, error) {
	return read(s.a, "Batch", id, func() (call.Batch, error) { return s.Store.Batch(ctx, id) })
}

// ClaimAndSettings reads a claim, and the settings of a batch with it.
func (s store) ClaimAndSettings(ctx context.Context, id string, attempt int, batchID string) (claim call.Claim, settings *call.Settings, err error) {
	claim, err = read(s.a, "ClaimAndSettings", call.ClientToken(id, attempt), func() (call.Claim, error) {
		claim, settings, err = s.Store.ClaimAndSettings(ctx, id, attempt, batchID)
		return claim, err
	})
	return claim, settings, err
}

// ReadAhead reads records and claims.
func (s store) ReadAhead(ctx context.Context, attempts []call.AttemptID) (call.Ahead, error) {
	return read(s.a, "ReadAhead", fmt.Sprint(attempts), func() (call.Ahead, error) { return s.Store.ReadAhead(ctx, attempts) })
}

// Chunk reads rows of a batch.
func (s store) Chunk(ctx context.Context, id string, n int) ([]call.Row, error) {
	return read(s.a, "Chunk", id, func() ([]call.Row, error) { return s.Store.Chunk(ctx, id, n) })
}

// Redrive reads a redrive.
func (s store) Redrive(ctx context.Context, id string) (call.Redrive, error) {
	return read(s.a, "Redrive", id, func() (call.Redrive, error) { return s.Store.Redrive(ctx, id) })
}

// Key reads an idempotency key.
func (s store) Key(ctx context.Context, owner, key string, now time.Time) (call.IdempotencyKey, error) {
	return read(s.a, "Key", key, func() (call.IdempotencyKey, error) { return s.Store.Key(ctx, owner, key, now) })
}

// Turns lists the owners in turn.
func (s store) Turns(ctx context.Context, limit int) ([]call.Turn, error) {
	return list(s.a, "Turns", "", func() ([]call.Turn, error) { return s.Store.Turns(ctx, limit) })
}

// Lanes lists an owner's lanes in turn.
func (s store) Lanes(ctx context.Context, owner string, limit int) ([]call.Lane, error) {
	return list(s.a, "Lanes", owner, func() ([]call.Lane, error) { return s.Store.Lanes(ctx, owner, limit) })
}

// ReadyCalls lists a lane's ready calls.
func (s store) ReadyCalls(ctx context.Context, lane call.LaneKey, limit int) ([]string, error) {
	return list(s.a, "ReadyCalls", lane.String(), func() ([]string, error) { return s.Store.ReadyCalls(ctx, lane, limit) })
}

// Due lists what is due.
func (s store) Due(ctx context.Context, at time.Time, limit int) ([]call.DueItem, error) {
	return list(s.a, "Due", "", func() ([]call.DueItem, error) { return s.Store.Due(ctx, at, limit) })
}

// ListDeadLetters lists dead letters.
func (s store) ListDeadLetters(ctx context.Context, f call.DeadLetterFilter, p call.Page) (calls []call.Call, next string, err error) {
	calls, err = list(s.a, "ListDeadLetters", p.After, func() (calls []call.Call, err error) {
		calls, next, err = s.Store.ListDeadLetters(ctx, f, p)
		return calls, err
	})
	return calls, next, err
}

// Apply writes a change of a call.
func (s store) Apply(ctx context.Context, ch call.Change) error {
	about := ""
	if s.a.w.tracing {
		about = fmt.Sprintf("%s/%d %s → %s/%d %s", ch.After.ID, ch.Before.Attempt, ch.Before.Status, ch.After.ID, ch.After.Attempt, ch.After.Status)
	}
	return s.a.ask(string(ch.Move), about, func() error {
		err := s.Store.Apply(ctx, ch)
		if err == nil {
			if a := ch.Admission; a != nil {
				s.a.room = s.a.room.After(*a)
				s.a.held = s.a.room.Held(s.a.Now())
			}
			s.a.w.watchChange(s.a, ch)
		}
		return err
	})
}

// ApplyBatch writes a change of a batch.
func (s store) ApplyBatch(ctx context.Context, ch call.BatchChange) error {
	row := "ApplyBatch"
	if ch.New() {
		row = "ApplyBatch new"
	}
	about := ""
	if s.a.w.tracing {
		b := ch.After
		about = fmt.Sprintf("%s: %s, expanded %d, canceled to %d of %d", b.ID, b.State, b.Expanded, b.CanceledTo, b.Rows)
	}
	return s.a.ask(row, about, func() error {
		err := s.Store.ApplyBatch(ctx, ch)
		if err == nil {
			s.a.w.watchBatch(ch)
		}
		return err
	})
}

// ApplyRedrive writes a change of a redrive.
func (s store) ApplyRedrive(ctx context.Context, ch call.RedriveChange) error {
	row := "ApplyRedrive"
	if ch.Before.Version == 0 {
		row = "ApplyRedrive new"
	}
	about := ""
	if s.a.w.tracing {
		about = fmt.Sprintf("%s: redriven %d, skipped %d, done %t", ch.After.ID, ch.After.Redriven, ch.After.Skipped, ch.After.Done)
	}
	return s.a.ask(row, about, func() error {
		err := s.Store.ApplyRedrive(ctx, ch)
		if err == nil && ch.Before.Version == 0 {
			s.a.w.records.redriveIDs = append(s.a.w.records.redriveIDs, ch.After.ID)
		}
		return err
	})
}

// SetCapacity writes limit, rate and stop.
func (s store) SetCapacity(ctx context.Context, before, after call.Capacity) error {
	about := fmt.Sprintf("limit %d, rate %g, stopped %t", after.Limit, after.Rate, after.Stopped)
	return s.a.ask("SetCapacity", about, func() error { return s.Store.SetCapacity(ctx, before, after) })
}

// PutChunk writes rows of a batch that isn't there yet.
func (s store) PutChunk(ctx context.Context, id string, n int, rows []call.Row) error {
	return s.a.ask("PutChunk", id, func() error { return s.Store.PutChunk(ctx, id, n, rows) })
}

// KeepChunks takes the expiry off a batch's rows.
func (s store) KeepChunks(ctx context.Context, id string) error {
	return s.a.ask("KeepChunks", id, func() error {
		s.a.w.effort.kept[id] = true
		return s.Store.KeepChunks(ctx, id)
	})
}

// TakeClaim makes an agent the holder of a claim.
func (s store) TakeClaim(ctx context.Context, id string, attempt int, nonce, arn string, now time.Time) (claim call.Claim, err error) {
	err = s.a.ask("TakeClaim", call.ClientToken(id, attempt), func() error {
		claim, err = s.Store.TakeClaim(ctx, id, attempt, nonce, arn, now)
		return err
	})
	return claim, err
}

// NoteReference writes the carrier's reference to a claim.
func (s store) NoteReference(ctx context.Context, id string, attempt int, nonce, reference string) error {
	return s.a.ask("NoteReference", call.ClientToken(id, attempt), func() error {
		return s.Store.NoteReference(ctx, id, attempt, nonce, reference)
	})
}

// NoteOutcome writes the outcome to a claim.
func (s store) NoteOutcome(ctx context.Context, id string, attempt int, nonce string, o call.Outcome) error {
	about := fmt.Sprintf("%s: %q dialed %t", call.ClientToken(id, attempt), o.Status, o.Dialed)
	return s.a.ask("NoteOutcome", about, func() error {
		if o.Reason == call.ReasonCarrierUnclear && !s.a.looked {
			s.a.w.violate("an unclear dial is looked up", "%s/%d", id, attempt)
		}
		return s.Store.NoteOutcome(ctx, id, attempt, nonce, o)
	})
}
