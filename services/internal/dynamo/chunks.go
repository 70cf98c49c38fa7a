package dynamo

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/outdial/outdial/services/internal/call"
)

const (
	// partBytes is the most that one item holds of a chunk; an item has 400 KB.
	partBytes = 350 << 10
	// chunkLife is how long rows are kept that no batch was accepted for.
	chunkLife = 24 * time.Hour
)

// PutChunk writes the n-th chunk of a batch's accepted rows.
func (s *Store) PutChunk(ctx context.Context, batchID string, n int, rows []call.Row) error {
	return s.putChunk(ctx, rowsPartition(batchID, n%rowShards), n, rows, 0)
}

// PutRefused writes the n-th chunk of a batch's refused rows.
func (s *Store) PutRefused(ctx context.Context, batchID string, n int, rows []call.RefusedRow) error {
	last := 0
	for _, row := range rows {
		last = max(last, row.Line)
	}
	return s.putChunk(ctx, refusedPartition(batchID), n, rows, last)
}

// putChunk writes a chunk in parts, the first of which tells how many there are.
func (s *Store) putChunk(ctx context.Context, partition string, n int, rows any, last int) error {
	encoded, err := encode(rows)
	if err != nil {
		return err
	}
	var puts []types.WriteRequest
	for part := 0; part == 0 || len(encoded) > 0; part++ {
		size := min(len(encoded), partBytes)
		one := partKey(partition, n, part).item()
		one["rows"] = blob(encoded[:size])
		one[expiresAt] = num(time.Now().Add(chunkLife).Unix())
		if part == 0 {
			one["parts"] = num(int64((len(encoded) + partBytes - 1) / partBytes))
			one["last"] = num(int64(last))
		}
		encoded = encoded[size:]
		puts = append(puts, types.WriteRequest{PutRequest: &types.PutRequest{Item: one}})
	}
	for _, put := range puts {
		if err := s.putRows(ctx, put); err != nil {
			return fmt.Errorf("write chunk %d of %s: %w", n, partition, err)
		}
	}
	return nil
}

// putRows writes one part of a chunk, which nobody reads before its batch is
// accepted: it may be repeated as often as it takes.
func (s *Store) putRows(ctx context.Context, put types.WriteRequest) error {
	ask := map[string][]types.WriteRequest{s.table: {put}}
	for wait := firstWait; ; wait = min(2*wait, maxWait) {
		out, err := s.client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: ask})
		if err != nil {
			return unavailable(readError(err))
		}
		if len(out.UnprocessedItems) == 0 {
			return nil
		}
		ask = out.UnprocessedItems
		if !s.pause(ctx, wait) {
			return unavailable(errThrottle)
		}
	}
}

// Chunk reads the n-th chunk of a batch's accepted rows.
func (s *Store) Chunk(ctx context.Context, batchID string, n int) ([]call.Row, error) {
	partition := rowsPartition(batchID, n%rowShards)
	first, err := s.get(ctx, partKey(partition, n, 0))
	if err != nil {
		return nil, fmt.Errorf("read chunk %d of %s: %w", n, batchID, err)
	}
	if first == nil {
		return nil, notFound("chunk", fmt.Sprintf("%s, %d", batchID, n))
	}
	return decodeChunk[call.Row](ctx, s, partition, n, first)
}

func decodeChunk[T any](ctx context.Context, s *Store, partition string, n int, first item) ([]T, error) {
	encoded := blobOf(first, "rows")
	for part := 1; part < int(numOf(first, "parts")); part++ {
		more, err := s.get(ctx, partKey(partition, n, part))
		if err != nil {
			return nil, fmt.Errorf("read chunk %d of %s: %w", n, partition, err)
		}
		encoded = append(encoded, blobOf(more, "rows")...)
	}
	rows, err := decode[[]T](encoded)
	if err != nil {
		return nil, fmt.Errorf("chunk %d of %s: %w", n, partition, err)
	}
	return rows, nil
}

// Refused lists refused rows whose line is above after, in the order of lines,
// which is that of their chunks.
func (s *Store) Refused(ctx context.Context, batchID string, after, limit int) ([]call.RefusedRow, error) {
	partition := refusedPartition(batchID)
	q := question{partition: partition, span: everything}
	var rows []call.RefusedRow
	var next item
	for {
		parts, more, err := s.page(ctx, q, next)
		if err != nil {
			return nil, err
		}
		for _, first := range parts {
			if numOf(first, "last") <= int64(after) {
				continue // read before, or the further part of a chunk
			}
			var n int
			if _, err := fmt.Sscanf(strOf(first, sortKey), "%d#", &n); err != nil {
				return nil, fmt.Errorf("chunk %q: %w: %w", strOf(first, sortKey), call.ErrCorrupt, err)
			}
			chunk, err := decodeChunk[call.RefusedRow](ctx, s, partition, n, first)
			if err != nil {
				return nil, err
			}
			for _, row := range chunk {
				if row.Line > after {
					rows = append(rows, row)
				}
			}
			if len(rows) >= limit {
				return rows[:limit], nil
			}
		}
		if next = more; next == nil {
			return rows, nil
		}
	}
}

// KeepChunks takes the expiry off all chunks of a batch, also when repeated.
func (s *Store) KeepChunks(ctx context.Context, batchID string) error {
	partitions := []string{refusedPartition(batchID)}
	for n := range rowShards {
		partitions = append(partitions, rowsPartition(batchID, n))
	}
	for _, partition := range partitions {
		if err := s.keep(ctx, partition); err != nil {
			return fmt.Errorf("keep the rows of %s: %w", batchID, err)
		}
	}
	return nil
}

func (s *Store) keep(ctx context.Context, partition string) error {
	var next item
	for {
		parts, more, err := s.page(ctx, question{partition: partition, span: everything}, next)
		if err != nil {
			return err
		}
		for _, part := range parts {
			if part[expiresAt] == nil {
				continue
			}
			a := &action{at: key{partition, strOf(part, sortKey)}, remove: []string{expiresAt}}
			a.where("attribute_exists(#PK)", nil)
			a.refused = func(item) error { return call.ErrCorrupt }
			if err := s.write(ctx, []*action{a}); err != nil {
				return err
			}
		}
		if next = more; next == nil {
			return nil
		}
	}
}
