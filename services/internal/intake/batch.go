package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/outdial/outdial/services/internal/call"
)

// BatchRequest asks for the calls of a list, which is given as exactly one of
// Rows and CSV.
type BatchRequest struct {
	Name            string // for people; at most 200 characters
	Region          string // of rows without their own: ISO 3166-1 alpha-2; empty: none
	AllowDuplicates bool
	NumberColumn    string // of CSV: the column of the numbers; empty: by its name
	Agent           AgentSettings
	Metadata        map[string]string // of every call; a row's own keys win
	Rows            []Row             // nil: none given
	CSV             []byte            // a whole file; nil: none given
	DryRun          bool              // check only, and store nothing

	// CSVBody says that the list came as a text/csv body and the settings as
	// query parameters: mistakes name those.
	CSVBody bool
}

// Row is one row of a list.
type Row struct {
	PhoneNumber string // E.164, or national with a region
	Region      string // ISO 3166-1 alpha-2, capital or not; empty: the batch's
	Metadata    map[string]string
}

// BatchResult is a batch that was accepted, or what a dry run found.
type BatchResult struct {
	Batch       call.Batch        // of a dry run only Rows, Refused and RefusedByCode
	RefusedRows []call.RefusedRow // the first of them, at most Limits.RefusedInline
}

// SubmitBatch accepts a batch. Its rows are written first, in chunks that expire
// unless their batch follows; then one transaction writes batch, idempotency key
// and due: the moment of acceptance. Errors are those of Submit.
func (s *Service) SubmitBatch(ctx context.Context, owner string, r BatchRequest, i *Idempotency[BatchResult]) (Accepted[BatchResult], error) {
	if kept, err := i.kept(ctx, s.Store, owner, s.Now()); kept != nil || err != nil {
		return replayed[BatchResult](kept), err
	}
	b, rows, err := s.checkBatch(r)
	if err != nil {
		return Accepted[BatchResult]{}, err
	}
	result := BatchResult{Batch: b, RefusedRows: rows.refused[:min(len(rows.refused), s.Limits.orDefault().RefusedInline)]}
	if r.DryRun {
		return Accepted[BatchResult]{Value: result}, nil
	}
	if len(rows.accepted) == 0 {
		return Accepted[BatchResult]{}, noCallableRows(r, rows)
	}
	result.Batch.ID, result.Batch.Owner = call.BatchID(s.NewULID()), owner
	if err := s.writeRows(ctx, result.Batch, rows); err != nil {
		return Accepted[BatchResult]{}, err
	}
	return s.acceptBatch(ctx, owner, result, i)
}

func (s *Service) acceptBatch(ctx context.Context, owner string, result BatchResult, i *Idempotency[BatchResult]) (Accepted[BatchResult], error) {
	change := call.BatchAccepted(result.Batch, nil, s.Now())
	result.Batch = change.After
	var err error
	if change.Key, err = i.key(owner, result, change.At); err != nil {
		return Accepted[BatchResult]{}, err
	}
	kept, err := commit(ctx,
		func() error { return s.Store.ApplyBatch(ctx, change) },
		func() (*call.IdempotencyKey, error) { return i.kept(ctx, s.Store, owner, s.Now()) })
	if kept != nil || err != nil {
		return replayed[BatchResult](kept), err
	}
	if err := s.Looks.Look(ctx); err != nil { // the batch is due, so the next look finds it
		s.Log.WarnContext(ctx, "look not sent", "batch", result.Batch.ID, "cause", err)
	}
	return Accepted[BatchResult]{Value: result, Kept: change.Key}, nil
}

// checkBatch checks the whole request, and gives the batch as far as it is known
// from it, and its rows.
func (s *Service) checkBatch(r BatchRequest) (call.Batch, *list, error) {
	limits := s.Limits.orDefault()
	f := fields{inQuery: r.CSVBody}
	region, _ := f.region(r.Region)
	settings, timeLimit := f.agent(r.Agent)
	f.text("/name", "name", r.Name, MaxName)
	f.text("/number_column", "name of the number column", r.NumberColumn, maxColumnName)
	f.batchMetadata(r.Metadata)
	f.oneList(r)
	if err := f.err(); err != nil {
		return call.Batch{}, nil, err // a list is read with settings that are right
	}
	rows := &list{
		numbers: numberChecker{policy: s.Numbers}, most: limits.MaxRows,
		region: region, metadata: r.Metadata, allowDuplicates: r.AllowDuplicates,
	}
	if err := rows.read(r); err != nil {
		f.problems = append(f.problems, Problem{Field: f.name(listField(r)), Row: err.line, Code: err.code, Detail: err.detail})
		return call.Batch{}, nil, f.err()
	}
	return call.Batch{
		Name: r.Name, Settings: settings, TimeLimit: timeLimit, ChunkRows: limits.ChunkRows,
		Rows: len(rows.accepted), Refused: len(rows.refused), RefusedByCode: rows.byCode,
	}, rows, nil
}

// oneList checks that there is exactly one list. Of a file without a row readCSV says so.
func (f *fields) oneList(r BatchRequest) {
	switch {
	case r.Rows != nil && r.CSV != nil:
		f.add("/csv", CodeConflict, "There are both rows and csv; give one of them.")
	case r.Rows == nil && r.CSV == nil:
		f.add("/rows", CodeRequired, "There is no list; give rows or csv.")
	case r.Rows != nil && len(r.Rows) == 0:
		f.add("/rows", CodeRequired, "The list has no row; give one for each call.")
	case r.Rows != nil && r.NumberColumn != "":
		f.add("/number_column", CodeConflict, "A number column goes with csv only; rows have phone_number.")
	}
}

func listField(r BatchRequest) string {
	if r.CSV != nil {
		return "/csv"
	}
	return "/rows"
}

// refusedShown is how many rows are listed when all were refused.
const refusedShown = 100

// noCallableRows refuses a list of which no row is good: a batch without a call is of no use to anybody.
func noCallableRows(r BatchRequest, rows *list) error {
	f := fields{inQuery: r.CSVBody}
	field := f.name(listField(r))
	f.add(listField(r), CodeNoCallableRows, "All %s rows are refused. Each of the first ones is listed in errors.", thousands(len(rows.refused)))
	if len(rows.refused) == 1 {
		f.problems[0].Detail = "The only row is refused; errors has the reason."
	}
	for _, row := range rows.refused[:min(len(rows.refused), refusedShown)] {
		f.problems = append(f.problems, Problem{Field: field, Row: row.Line, Code: row.Code, Detail: row.Message})
	}
	return f.err()
}

// writeRows writes refused and accepted rows in chunks. Without the batch they
// are of no effect, so an error half way has accepted nothing.
func (s *Service) writeRows(ctx context.Context, b call.Batch, rows *list) error {
	err := inChunks(rows.refused, b.ChunkRows, func(n int, chunk []call.RefusedRow) error {
		return s.Store.PutRefused(ctx, b.ID, n, chunk)
	})
	if err != nil {
		return fmt.Errorf("write refused rows: %w", err)
	}
	err = inChunks(rows.accepted, b.ChunkRows, func(n int, chunk []call.Row) error {
		return s.Store.PutChunk(ctx, b.ID, n, chunk)
	})
	if err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	return nil
}

// inChunks puts rows chunk by chunk. A chunk whose answer was unclear is put
// again: it is the same.
func inChunks[T any](rows []T, size int, put func(n int, chunk []T) error) error {
	n := 0
	for chunk := range slices.Chunk(rows, size) {
		err := put(n, chunk)
		for try := 1; try < commitTries && errors.Is(err, call.ErrUnclear); try++ {
			err = put(n, chunk)
		}
		if err != nil {
			return fmt.Errorf("chunk %d: %w", n, err)
		}
		n++
	}
	return nil
}
