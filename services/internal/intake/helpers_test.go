package intake_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/intake"
	"github.com/outdial/outdial/services/internal/memory"
)

const owner = "user-1"

var noon = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

var errDisk = errors.New("the disk is full")

// tb is what a test of package testing and one of package rapid have in common.
type tb interface {
	Helper()
	Context() context.Context
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// bundle is a service on a real store, whose ports can be made to fail.
type bundle struct {
	intake.Service
	store *memory.Store
	ports *ports
}

func newBundle(t tb) *bundle {
	t.Helper()
	store := memory.New(call.Capacity{Limit: 1, Rate: 1})
	p := &ports{Store: store}
	var ids atomic.Int64
	return &bundle{store: store, ports: p, Service: intake.Service{
		Store: p, Jobs: p, Looks: p,
		Now:     func() time.Time { return noon },
		NewULID: func() string { return fmt.Sprintf("%026d", ids.Add(1)) },
		Log:     slog.New(slog.DiscardHandler),
	}}
}

// ports is a store with the ports beside it. fail decides before each write,
// lose after it, which error the caller sees.
type ports struct {
	intake.Store
	fail, lose func(write string) error

	mu     sync.Mutex
	writes []string
	jobs   []messages.Job
	looks  int
}

func (p *ports) write(name string, do func() error) error {
	p.mu.Lock()
	p.writes = append(p.writes, name)
	p.mu.Unlock()
	for _, fault := range []func(string) error{p.fail, func(string) error { return do() }, p.lose} {
		if fault == nil {
			continue
		}
		if err := fault(name); err != nil {
			return err
		}
	}
	return nil
}

func (p *ports) Apply(ctx context.Context, c call.Change) error {
	return p.write("call", func() error { return p.Store.Apply(ctx, c) })
}

func (p *ports) ApplyBatch(ctx context.Context, c call.BatchChange) error {
	return p.write("batch", func() error { return p.Store.ApplyBatch(ctx, c) })
}

func (p *ports) PutChunk(ctx context.Context, id string, n int, rows []call.Row) error {
	return p.write(fmt.Sprintf("chunk %d", n), func() error { return p.Store.PutChunk(ctx, id, n, rows) })
}

func (p *ports) PutRefused(ctx context.Context, id string, n int, rows []call.RefusedRow) error {
	return p.write(fmt.Sprintf("refused %d", n), func() error { return p.Store.PutRefused(ctx, id, n, rows) })
}

func (p *ports) Send(_ context.Context, _ time.Duration, job messages.Job) error {
	return p.write("job", func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.jobs = append(p.jobs, job)
		return nil
	})
}

func (p *ports) Look(context.Context) error {
	return p.write("look", func() error { p.looks++; return nil })
}

// times gives the error the first n times that this is written.
func times(n int, name string, err error) func(string) error {
	return func(write string) error {
		if write != name || n == 0 {
			return nil
		}
		n--
		return err
	}
}

// key makes an idempotency key whose answer tells what was accepted.
func key[T any](name, fingerprint string, id func(T) string) *intake.Idempotency[T] {
	return &intake.Idempotency[T]{Key: name, Fingerprint: fingerprint, Answer: func(v T) (int, string, []byte, error) {
		return 202, "/v1/things/" + id(v), []byte(id(v)), nil
	}}
}

func callKey(name, fingerprint string) *intake.Idempotency[call.Call] {
	return key(name, fingerprint, func(c call.Call) string { return c.ID })
}

func batchKey(name, fingerprint string) *intake.Idempotency[intake.BatchResult] {
	return key(name, fingerprint, func(r intake.BatchResult) string { return r.Batch.ID })
}

// calls are all calls in the store.
func (b *bundle) calls(t tb) []call.Call {
	t.Helper()
	calls, _, err := b.store.ListCalls(t.Context(), call.Filter{}, call.Page{Limit: 1_000})
	if err != nil {
		t.Fatal(err)
	}
	return calls
}

// batches are all batches in the store.
func (b *bundle) batches(t tb) []call.Batch {
	t.Helper()
	batches, _, err := b.store.ListBatches(t.Context(), "", call.Page{Limit: 1_000})
	if err != nil {
		t.Fatal(err)
	}
	return batches
}

// rows are all accepted rows of a batch.
func (b *bundle) rows(t tb, batch call.Batch) []call.Row {
	t.Helper()
	var rows []call.Row
	for n := 0; len(rows) < batch.Rows; n++ {
		chunk, err := b.store.Chunk(t.Context(), batch.ID, n)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, chunk...)
	}
	return rows
}

// problems are the mistakes that an error lists.
func problems(t tb, err error) []intake.Problem {
	t.Helper()
	var invalid *intake.InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("got error %v, want an *InvalidError", err)
	}
	if len(invalid.Problems) == 0 {
		t.Fatal("the error lists no problem")
	}
	return invalid.Problems
}

// preview checks a list without storing it.
func preview(t tb, r intake.BatchRequest) (intake.BatchResult, error) {
	t.Helper()
	r.DryRun = true
	accepted, err := newBundle(t).SubmitBatch(t.Context(), owner, r, nil)
	return accepted.Value, err
}
