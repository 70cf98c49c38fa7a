package dynamo

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/outdial/outdial/services/internal/call"
)

// Store is a table of DynamoDB. Its methods may be called at the same time.
type Store struct {
	client *dynamodb.Client
	table  string
	start  call.Capacity
}

// New gives the store of a table, which CreateTable or infra/data.yaml made. A new
// table starts with the given capacity.
func New(client *dynamodb.Client, table string, start call.Capacity) *Store {
	return &Store{client: client, table: table, start: start}
}

// get reads an item strongly; nil when there is none.
func (s *Store) get(ctx context.Context, k key) (item, error) {
	strong := true
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.table, Key: k.item(), ConsistentRead: &strong})
	if err != nil {
		return nil, unavailable(readError(err))
	}
	return out.Item, nil
}

// mostGets is how many items one request reads at most.
const mostGets = 100

// getAll reads items, in any order, and leaves out what isn't there.
func (s *Store) getAll(ctx context.Context, strong bool, keys ...key) ([]item, error) {
	var found []item
	for len(keys) > 0 {
		n := min(len(keys), mostGets)
		ask := types.KeysAndAttributes{ConsistentRead: &strong}
		for _, k := range keys[:n] {
			ask.Keys = append(ask.Keys, k.item())
		}
		keys = keys[n:]
		wait := firstWait
		for ask.Keys != nil {
			out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
				RequestItems: map[string]types.KeysAndAttributes{s.table: ask},
			})
			if err != nil {
				return nil, unavailable(readError(err))
			}
			found = append(found, out.Responses[s.table]...)
			if ask.Keys = out.UnprocessedKeys[s.table].Keys; ask.Keys != nil && !s.pause(ctx, wait) {
				return nil, unavailable(errThrottle)
			}
			wait = min(2*wait, maxWait)
		}
	}
	return found, nil
}

// Call reads a call.
func (s *Store) Call(ctx context.Context, id string) (call.Call, error) {
	return read[call.Call](ctx, s, "call", id, callKey(id))
}

// Redrive reads a redrive.
func (s *Store) Redrive(ctx context.Context, id string) (call.Redrive, error) {
	return read[call.Redrive](ctx, s, "redrive", id, redriveKey(id))
}

// Batch reads a batch.
func (s *Store) Batch(ctx context.Context, id string) (call.Batch, error) {
	return read[call.Batch](ctx, s, "batch", id, batchKey(id))
}

func read[T any](ctx context.Context, s *Store, what, id string, k key) (T, error) {
	var v T
	stored, err := s.get(ctx, k)
	if err != nil {
		return v, fmt.Errorf("read %s %s: %w", what, id, err)
	}
	if stored == nil {
		return v, notFound(what, id)
	}
	if v, err = recordOf[T](stored); err != nil {
		return v, fmt.Errorf("%s %s: %w", what, id, err)
	}
	return v, nil
}

func notFound(what, id string) error {
	return fmt.Errorf("%s %q: %w", what, id, call.ErrNotFound)
}

// Key reads a key that has not expired at now.
func (s *Store) Key(ctx context.Context, owner, name string, now time.Time) (call.IdempotencyKey, error) {
	k, err := read[call.IdempotencyKey](ctx, s, "idempotency key", name, idempotencyKey(owner, name))
	if err == nil && !now.Before(k.ExpiresAt) {
		return call.IdempotencyKey{}, notFound("idempotency key", name) // DynamoDB deletes it a while later
	}
	return k, err
}
