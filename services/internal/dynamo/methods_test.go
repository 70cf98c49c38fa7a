package dynamo_test

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/dynamo"
)

// subject names what the reads of a test ask for.
type subject struct {
	callID, batchID, redriveID string
	key                        string // of ann
}

// sight is what a read gives: its values, without the error.
type sight []any

// anyone asks for things that need not be there.
var anyone = subject{callID: "call_1", batchID: "batch_1", redriveID: "redrive_1", key: "k"}

// readers are all reads of the store, by the method and what it is asked for.
func readers(at subject) map[string]func(ctx context.Context, s *dynamo.Store) (sight, error) {
	const limit = 50
	lane := call.LaneKey{Owner: "ann", BatchID: at.batchID}
	page := call.Page{Limit: limit}
	type read = func(ctx context.Context, s *dynamo.Store) (sight, error)
	list := func(f call.Filter) read {
		return func(ctx context.Context, s *dynamo.Store) (sight, error) {
			calls, next, err := s.ListCalls(ctx, f, page)
			return sight{calls, next}, err
		}
	}
	return map[string]read{
		"Call":        func(ctx context.Context, s *dynamo.Store) (sight, error) { return one(s.Call(ctx, at.callID)) },
		"Batch":       func(ctx context.Context, s *dynamo.Store) (sight, error) { return one(s.Batch(ctx, at.batchID)) },
		"Redrive":     func(ctx context.Context, s *dynamo.Store) (sight, error) { return one(s.Redrive(ctx, at.redriveID)) },
		"Capacity":    func(ctx context.Context, s *dynamo.Store) (sight, error) { return one(s.Capacity(ctx)) },
		"Lane":        func(ctx context.Context, s *dynamo.Store) (sight, error) { return one(s.Lane(ctx, lane)) },
		"BatchCounts": func(ctx context.Context, s *dynamo.Store) (sight, error) { return one(s.BatchCounts(ctx, at.batchID)) },
		"BatchSettings": func(ctx context.Context, s *dynamo.Store) (sight, error) {
			return one(s.BatchSettings(ctx, at.batchID))
		},
		"Chunk": func(ctx context.Context, s *dynamo.Store) (sight, error) { return one(s.Chunk(ctx, at.batchID, 0)) },
		"Refused": func(ctx context.Context, s *dynamo.Store) (sight, error) {
			return one(s.Refused(ctx, at.batchID, 0, limit))
		},
		"Turns":        func(ctx context.Context, s *dynamo.Store) (sight, error) { return one(s.Turns(ctx, limit)) },
		"Lanes":        func(ctx context.Context, s *dynamo.Store) (sight, error) { return one(s.Lanes(ctx, "ann", limit)) },
		"WaitingLanes": func(ctx context.Context, s *dynamo.Store) (sight, error) { return one(s.WaitingLanes(ctx)) },
		"ReadyCalls":   func(ctx context.Context, s *dynamo.Store) (sight, error) { return one(s.ReadyCalls(ctx, lane, limit)) },
		"Due": func(ctx context.Context, s *dynamo.Store) (sight, error) {
			return one(s.Due(ctx, morning.Add(1000*time.Hour), limit))
		},
		"Key": func(ctx context.Context, s *dynamo.Store) (sight, error) {
			return one(s.Key(ctx, "ann", at.key, morning))
		},
		"Claim": func(ctx context.Context, s *dynamo.Store) (sight, error) { return one(s.Claim(ctx, at.callID, 1)) },
		"ClaimAndSettings": func(ctx context.Context, s *dynamo.Store) (sight, error) {
			claim, settings, err := s.ClaimAndSettings(ctx, at.callID, 1, at.batchID)
			return sight{claim, settings}, err
		},
		"ReadAhead": func(ctx context.Context, s *dynamo.Store) (sight, error) {
			read, err := s.ReadAhead(ctx, []call.AttemptID{{CallID: at.callID, Attempt: 1}})
			return sight{read.Calls, read.Claims}, err
		},
		"ListBatches": func(ctx context.Context, s *dynamo.Store) (sight, error) {
			batches, next, err := s.ListBatches(ctx, "ann", page)
			return sight{batches, next}, err
		},
		"ListDeadLetters": func(ctx context.Context, s *dynamo.Store) (sight, error) {
			calls, next, err := s.ListDeadLetters(ctx, call.DeadLetterFilter{}, page)
			return sight{calls, next}, err
		},
		"ActiveBatches": func(ctx context.Context, s *dynamo.Store) (sight, error) { return one(s.ActiveBatches(ctx)) },
		"CountsOfBatches": func(ctx context.Context, s *dynamo.Store) (sight, error) {
			return one(s.CountsOfBatches(ctx, []string{at.batchID}))
		},
		"LastSamples": func(ctx context.Context, s *dynamo.Store) (sight, error) { return one(s.LastSamples(ctx)) },
		"CapacitySamples": func(ctx context.Context, s *dynamo.Store) (sight, error) {
			return one(s.CapacitySamples(ctx, morning, morning.Add(time.Hour)))
		},
		"BatchSamples": func(ctx context.Context, s *dynamo.Store) (sight, error) {
			return one(s.BatchSamples(ctx, at.batchID, morning, morning.Add(time.Hour)))
		},
		"ListCalls of an owner":             list(call.Filter{Owner: "ann"}),
		"ListCalls of a number":             list(call.Filter{Number: "+493012345678"}),
		"ListCalls of a batch":              list(call.Filter{BatchID: at.batchID}),
		"ListCalls that are active":         list(call.Filter{Statuses: []call.Status{call.Launching}}),
		"ListCalls of a batch, that failed": list(call.Filter{BatchID: at.batchID, Statuses: []call.Status{call.Failed, call.Starting}}),
	}
}

func one(v any, err error) (sight, error) { return sight{v}, err }

// isBlind tells whether a read shows nothing at all.
func (s sight) isBlind() bool {
	for _, v := range s {
		if value := reflect.ValueOf(v); value.IsValid() && !value.IsZero() && (value.Kind() != reflect.Map || value.Len() > 0) {
			return false
		}
	}
	return true
}

// writers are all writes of the store. Their conditions are not the matter here.
func writers() map[string]func(ctx context.Context, s *dynamo.Store) error {
	settings := call.Batch{ID: "batch_1", Owner: "ann", Rows: 1, ChunkRows: 1}
	redrive := call.RedriveRequested(call.Redrive{ID: "redrive_1", Owner: "ann"}, nil, morning)
	return map[string]func(ctx context.Context, s *dynamo.Store) error{
		"Apply": func(ctx context.Context, s *dynamo.Store) error { return s.Apply(ctx, withKey()) },
		"ApplyBatch": func(ctx context.Context, s *dynamo.Store) error {
			return s.ApplyBatch(ctx, call.BatchAccepted(settings, nil, morning))
		},
		"ApplyRedrive": func(ctx context.Context, s *dynamo.Store) error { return s.ApplyRedrive(ctx, redrive) },
		"PutKey": func(ctx context.Context, s *dynamo.Store) error {
			return s.PutKey(ctx, call.IdempotencyKey{Owner: "ann", Key: "k", ExpiresAt: morning.Add(time.Hour)}, morning)
		},
		"SetCapacity": func(ctx context.Context, s *dynamo.Store) error {
			return s.SetCapacity(ctx, call.Capacity{}, call.Capacity{Limit: 1})
		},
		"PutSamples": func(ctx context.Context, s *dynamo.Store) error {
			return s.PutSamples(ctx, call.Samples{}, call.Samples{Capacity: call.CapacitySample{At: morning}})
		},
		"TakeClaim": func(ctx context.Context, s *dynamo.Store) error {
			_, err := s.TakeClaim(ctx, "call_1", 1, "nonce", "task", morning)
			return err
		},
		"NoteReference": func(ctx context.Context, s *dynamo.Store) error {
			return s.NoteReference(ctx, "call_1", 1, "nonce", "c1")
		},
		"NoteOutcome": func(ctx context.Context, s *dynamo.Store) error {
			return s.NoteOutcome(ctx, "call_1", 1, "nonce", call.Outcome{Status: call.Busy})
		},
	}
}

// rowWriters write rows that nobody reads before their batch is accepted: nothing
// was written, to all that can be seen, unless they succeed.
func rowWriters() map[string]func(ctx context.Context, s *dynamo.Store) error {
	return map[string]func(ctx context.Context, s *dynamo.Store) error{
		"PutChunk": func(ctx context.Context, s *dynamo.Store) error {
			return s.PutChunk(ctx, "batch_1", 0, []call.Row{{Line: 2}})
		},
		"PutRefused": func(ctx context.Context, s *dynamo.Store) error {
			return s.PutRefused(ctx, "batch_1", 0, []call.RefusedRow{{Line: 2}})
		},
		"KeepChunks": func(ctx context.Context, s *dynamo.Store) error { return s.KeepChunks(ctx, "batch_1") },
	}
}

// TestEveryMethodMeetsTheFaults: a new method has to be in one of the lists above.
func TestEveryMethodMeetsTheFaults(t *testing.T) {
	t.Parallel()
	listed := map[string]bool{}
	for name := range readers(anyone) {
		method, _, _ := strings.Cut(name, " ")
		listed[method] = true
	}
	for name := range writers() {
		listed[name] = true
	}
	for name := range rowWriters() {
		listed[name] = true
	}
	for method := range reflect.TypeFor[*dynamo.Store]().Methods() {
		if !listed[method.Name] {
			t.Errorf("%s is not tried under faults", method.Name)
		}
	}
}
