package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

const (
	selectActive  = `SELECT id FROM calls INDEXED BY calls_by_status WHERE status IN ('launching', 'starting', 'ringing', 'in-progress')`
	selectLast    = `SELECT record FROM last_samples WHERE id = 1`
	selectLastAt  = `SELECT at FROM last_samples WHERE id = 1`
	putLast       = `INSERT OR REPLACE INTO last_samples (id, at, record) VALUES (1, ?, ?)`
	putSample     = `INSERT OR REPLACE INTO samples (series, minute, at, record) VALUES (?, ?, ?, ?)`
	selectSamples = `SELECT record FROM samples WHERE series = ? AND minute < ?
		AND minute >= coalesce((SELECT max(minute) FROM samples WHERE series = ? AND minute < ?), 0) ORDER BY minute`
)

// capacitySeries is the series of the capacity; a batch's is called by its id.
const capacitySeries = "capacity"

// ActiveBatches lists the batches that have an active call.
func (db *DB) ActiveBatches(ctx context.Context) ([]string, error) {
	calls, err := list(ctx, db, selectActive, nil, func(scan func(...any) error) (id string, err error) {
		return id, scan(&id)
	})
	if err != nil {
		return nil, fmt.Errorf("list active calls: %w", err)
	}
	return call.BatchesOf(calls), nil
}

// CountsOfBatches reads the counters of several batches.
func (db *DB) CountsOfBatches(ctx context.Context, ids []string) (map[string]call.Counts, error) {
	counts := map[string]call.Counts{}
	for _, id := range ids {
		n, found, err := readCounts(db.read(ctx), id)
		if err != nil {
			return nil, fmt.Errorf("read the counts of batch %s: %w", id, err)
		}
		if found {
			counts[id] = n
		}
	}
	return counts, nil
}

// LastSamples gives what the last look saw.
func (db *DB) LastSamples(ctx context.Context) (last call.Samples, err error) {
	var record []byte
	found, err := db.read(ctx).get(selectLast, nil, &record)
	if err != nil || !found {
		return last, err
	}
	return last, decode(record, &last)
}

// PutSamples keeps what is new in after, and after as the last look, unless that is
// not before any more: then it gives call.ErrConflict.
func (db *DB) PutSamples(ctx context.Context, before, after call.Samples) error {
	puts := []effect{lastSamplesAre(before)}
	if room, changed := after.ChangedCapacity(before); changed {
		puts = append(puts, sampleEffect(capacitySeries, room))
	}
	for id, sample := range after.ChangedBatches(before) {
		puts = append(puts, sampleEffect(id, sample))
	}
	if len(puts) == 1 {
		return nil
	}
	puts = append(puts, putEffect(putLast, after, unixNano(after.At())))
	if err := db.write(ctx, puts...); err != nil {
		return fmt.Errorf("write samples: %w", err)
	}
	return nil
}

// lastSamplesAre requires that nobody has kept samples since.
func lastSamplesAre(before call.Samples) effect {
	return func(t *tx) (func() error, error) {
		var at int64
		found, err := t.get(selectLastAt, nil, &at)
		if err == nil && (found == before.At().IsZero() || found && at != unixNano(before.At())) {
			err = call.ErrConflict
		}
		return nil, err
	}
}

func sampleEffect(series string, s call.Sample) effect {
	return putEffect(putSample, s, series, unixNano(call.SampleMinute(s.Taken())), unixNano(s.Taken()))
}

// putEffect runs a statement whose last value is a record.
func putEffect(query string, record any, values ...any) effect {
	return func(t *tx) (func() error, error) {
		encoded, err := encode(record)
		return func() error {
			_, err := t.exec(query, append(values, encoded)...)
			return err
		}, err
	}
}

// CapacitySamples lists the samples from the last one before from up to to.
func (db *DB) CapacitySamples(ctx context.Context, from, to time.Time) ([]call.CapacitySample, error) {
	return samples[call.CapacitySample](ctx, db, capacitySeries, from, to)
}

// BatchSamples lists the samples of a batch from the last one before from up to to.
func (db *DB) BatchSamples(ctx context.Context, id string, from, to time.Time) ([]call.BatchSample, error) {
	return samples[call.BatchSample](ctx, db, id, from, to)
}

func samples[T call.Sample](ctx context.Context, db *DB, series string, from, to time.Time) ([]T, error) {
	first := unixNano(call.SampleMinute(from))
	found, err := list(ctx, db, selectSamples, []any{series, unixNano(to), series, first}, func(scan func(...any) error) (s T, err error) {
		var record []byte
		if err := scan(&record); err != nil {
			return s, err
		}
		return s, decode(record, &s)
	})
	if err != nil {
		return nil, fmt.Errorf("list samples of %s: %w", series, err)
	}
	return found, nil
}
