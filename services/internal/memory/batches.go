package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/outdial/outdial/services/internal/call"
)

func newBatch() *batch {
	return &batch{chunks: map[int][]call.Row{}, refused: map[int][]call.RefusedRow{}}
}

// batch gives an accepted batch. Rows alone are none yet.
func (s *Store) batch(id string) (*batch, error) {
	b := s.batches[id]
	if b == nil || b.record.Version == 0 {
		return nil, notFound("batch", id)
	}
	return b, nil
}

// Batch reads a batch.
func (s *Store) Batch(_ context.Context, id string) (call.Batch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.batch(id)
	if err != nil {
		return call.Batch{}, err
	}
	return cloneBatch(b.record), nil
}

// BatchCounts reads the counters of a batch.
func (s *Store) BatchCounts(_ context.Context, id string) (call.Counts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.batch(id)
	if err != nil {
		return call.Counts{}, err
	}
	return b.counts, nil
}

// BatchSettings are the agent settings shared by the calls of a batch.
func (s *Store) BatchSettings(ctx context.Context, batchID string) (call.Settings, error) {
	b, err := s.Batch(ctx, batchID)
	return b.Settings, err
}

// PutChunk writes the n-th chunk of a batch's accepted rows.
func (s *Store) PutChunk(_ context.Context, batchID string, n int, rows []call.Row) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rowsOf(batchID).chunks[n] = cloneRows(rows)
	return nil
}

// Chunk reads the n-th chunk of a batch's accepted rows.
func (s *Store) Chunk(_ context.Context, batchID string, n int) ([]call.Row, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.batches[batchID]; b != nil {
		if rows, ok := b.chunks[n]; ok {
			return cloneRows(rows), nil
		}
	}
	return nil, notFound("chunk", fmt.Sprintf("%s, %d", batchID, n))
}

// PutRefused writes the n-th chunk of a batch's refused rows.
func (s *Store) PutRefused(_ context.Context, batchID string, n int, rows []call.RefusedRow) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rowsOf(batchID).refused[n] = slices.Clone(rows)
	return nil
}

// Refused lists refused rows whose line is above after, in the order of lines.
func (s *Store) Refused(_ context.Context, batchID string, after, limit int) ([]call.RefusedRow, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.batches[batchID]
	if b == nil {
		return nil, nil
	}
	var rows []call.RefusedRow
	for _, n := range slices.Sorted(maps.Keys(b.refused)) {
		for _, row := range b.refused[n] {
			if row.Line > after {
				rows = append(rows, row)
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b call.RefusedRow) int { return cmp.Compare(a.Line, b.Line) })
	return rows[:min(limit, len(rows))], nil
}

// KeepChunks has nothing to do: no chunk expires here.
func (s *Store) KeepChunks(context.Context, string) error { return nil }

// rowsOf is where the rows of a batch are kept, which come before the batch itself.
func (s *Store) rowsOf(batchID string) *batch {
	if s.batches[batchID] == nil {
		s.batches[batchID] = newBatch()
	}
	return s.batches[batchID]
}
