// Package storetest is the conformance suite that every store passes: memory,
// SQLite, and what joins them. A store that passes it can carry the promises.
package storetest

import (
	"context"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// Store is all that Outdial asks of a store. The use cases each name the few
// methods they call; this is their sum.
//
// Every read of a single item is strongly consistent. Lists and indexes (Due,
// Turns, Lanes, ReadyCalls, List…) are hints: they may lag behind.
// Every write is one transaction. Errors are those of package call: ErrNotFound,
// ErrConflict, *RefusedError, ErrUnclear, ErrCorrupt; any other error means that
// nothing was written.
type Store interface {
	Calls
	Claims
	Lanes
	Capacity
	Batches
	Redrives
	Samples
	Keys
	// Due lists what is due at or before the given time, the longest overdue first.
	Due(ctx context.Context, at time.Time, limit int) ([]call.DueItem, error)
}

// Calls reads and changes the records of calls.
type Calls interface {
	Call(ctx context.Context, id string) (call.Call, error)
	// Apply writes a change with all its effects and conditions. Conditions are
	// checked in this order: version, also of the redrive (ErrConflict; for a new
	// call ConditionExists), key, claim, batch, capacity. Closing a claim writes its
	// holder, stopping it writes the stop, and nothing else of it.
	Apply(ctx context.Context, change call.Change) error
	// ListCalls gives the calls that match, in the order of ids, and the cursor of
	// the next page ("" at the end). A page is full unless it is the last: so it is
	// with all lists.
	ListCalls(ctx context.Context, f call.Filter, p call.Page) (calls []call.Call, next string, err error)
	// ListDeadLetters gives the dead-lettered calls that match, in the order of ids.
	ListDeadLetters(ctx context.Context, f call.DeadLetterFilter, p call.Page) (calls []call.Call, next string, err error)
}

// Claims are what an agent may touch, and reads of them.
type Claims interface {
	Claim(ctx context.Context, callID string, attempt int) (call.Claim, error)
	// ClaimAndSettings reads a claim and, unless batchID is empty, the settings of
	// that batch; nil if there are none.
	ClaimAndSettings(ctx context.Context, callID string, attempt int, batchID string) (call.Claim, *call.Settings, error)
	// ReadAhead reads the records and claims of several attempts, strongly. What isn't
	// there is left out.
	ReadAhead(ctx context.Context, attempts []call.AttemptID) (call.Ahead, error)
	// TakeClaim makes the agent with this nonce the holder. It refuses with
	// ConditionClaim when the claim is not open, and gives ErrNotFound when there
	// is none: nobody may dial then.
	TakeClaim(ctx context.Context, callID string, attempt int, nonce, task string, now time.Time) (call.Claim, error)
	// NoteReference writes the carrier's reference to the claim that the nonce
	// holds, else it refuses with ConditionNonce.
	NoteReference(ctx context.Context, callID string, attempt int, nonce, reference string) error
	// NoteOutcome writes the outcome to the claim that the nonce holds, else it
	// refuses with ConditionNonce. An outcome that is there already stays.
	NoteOutcome(ctx context.Context, callID string, attempt int, nonce string, o call.Outcome) error
	// BatchSettings are the agent settings shared by the calls of a batch.
	BatchSettings(ctx context.Context, batchID string) (call.Settings, error)
}

// Lanes tell who is next.
type Lanes interface {
	// Turns lists the owners in turn, the next first.
	Turns(ctx context.Context, limit int) ([]call.Turn, error)
	// Lanes lists an owner's lanes in turn, the next first.
	Lanes(ctx context.Context, owner string, limit int) ([]call.Lane, error)
	// ReadyCalls lists the ids of a lane's ready calls, the first to have joined
	// first: by ReadyAt, then by id.
	ReadyCalls(ctx context.Context, lane call.LaneKey, limit int) ([]string, error)
	// Lane reads one lane; an empty one when there is none yet.
	Lane(ctx context.Context, key call.LaneKey) (call.Lane, error)
	// WaitingLanes lists every lane in which a call waits, in turn or not.
	WaitingLanes(ctx context.Context) ([]call.Lane, error)
}

// Capacity reads and sets slots, rate and stop.
type Capacity interface {
	Capacity(ctx context.Context) (call.Capacity, error)
	// SetCapacity writes limit, rate, stop with its time and author, version and time
	// of after, and nothing else of it. It gives ErrConflict when the version is not that of before.
	SetCapacity(ctx context.Context, before, after call.Capacity) error
}

// Batches reads and changes batches and their rows.
type Batches interface {
	Batch(ctx context.Context, id string) (call.Batch, error)
	BatchCounts(ctx context.Context, id string) (call.Counts, error)
	// ApplyBatch writes a change with all its effects and conditions: version
	// (ErrConflict; for a new batch ConditionExists), key, and then of each call
	// that it is new (ConditionExists) or has the version it was read with (ErrConflict).
	ApplyBatch(ctx context.Context, change call.BatchChange) error
	// ListBatches gives the batches of one owner (of all when empty), and the cursor of the next page.
	ListBatches(ctx context.Context, owner string, p call.Page) (batches []call.Batch, next string, err error)
	// PutChunk writes the n-th chunk (from 0) of a batch's accepted rows. Until
	// KeepChunks the store may drop it, a day after it was written.
	PutChunk(ctx context.Context, batchID string, n int, rows []call.Row) error
	Chunk(ctx context.Context, batchID string, n int) ([]call.Row, error)
	// PutRefused writes the n-th chunk (from 0) of a batch's refused rows.
	PutRefused(ctx context.Context, batchID string, n int, rows []call.RefusedRow) error
	// Refused lists refused rows whose line is above after, in the order of lines.
	Refused(ctx context.Context, batchID string, after, limit int) ([]call.RefusedRow, error)
	// KeepChunks takes the expiry off all chunks of a batch, also when repeated.
	KeepChunks(ctx context.Context, batchID string) error
}

// Redrives reads and changes redrives.
type Redrives interface {
	Redrive(ctx context.Context, id string) (call.Redrive, error)
	ApplyRedrive(ctx context.Context, change call.RedriveChange) error
}

// Samples keeps what was so once, for call.SampleKept at least.
type Samples interface {
	// ActiveBatches lists the batches that have an active call, each once.
	ActiveBatches(ctx context.Context) ([]string, error)
	// CountsOfBatches reads the counters of several batches; it leaves out what isn't there, and may lag behind.
	CountsOfBatches(ctx context.Context, ids []string) (map[string]call.Counts, error)
	// LastSamples gives what the last look saw; nothing when there was none.
	LastSamples(ctx context.Context) (call.Samples, error)
	// PutSamples keeps what is new in after, and after as the last look; where nothing
	// is, it writes nothing. Of looks within a minute, and of two last looks, the later
	// one counts, in whatever order they come.
	PutSamples(ctx context.Context, before, after call.Samples) error
	// CapacitySamples lists the samples of the minutes from that of from until to,
	// which is excluded, oldest first, and before them the last one of an earlier minute.
	CapacitySamples(ctx context.Context, from, to time.Time) ([]call.CapacitySample, error)
	// BatchSamples lists those of a batch in the same way.
	BatchSamples(ctx context.Context, batchID string, from, to time.Time) ([]call.BatchSample, error)
}

// Keys remembers answers by idempotency key. One that has expired at the time of
// a write (a change's At, a redrive's UpdatedAt) is written over.
type Keys interface {
	// Key reads a key that has not expired at now, else ErrNotFound.
	Key(ctx context.Context, owner, key string, now time.Time) (call.IdempotencyKey, error)
	// PutKey writes a key; ConditionKey when there is one that has not expired at now.
	PutKey(ctx context.Context, k call.IdempotencyKey, now time.Time) error
}
