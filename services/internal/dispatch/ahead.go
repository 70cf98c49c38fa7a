package dispatch

import (
	"context"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
)

// readAhead reads the records that the jobs of one receive name, in one request.
// When that fails, each is read alone.
func (d *Dispatcher) readAhead(ctx context.Context, jobs []messages.Job) Store {
	var calls []call.AttemptID
	for _, job := range jobs {
		if job.CallID != "" {
			calls = append(calls, call.AttemptID{CallID: job.CallID})
		}
	}
	if len(calls) < 2 {
		return d.Store
	}
	read, err := d.Store.ReadAhead(ctx, calls)
	if err != nil {
		d.Log.WarnContext(ctx, "calls not read together", "jobs", len(jobs), "cause", err)
		return d.Store
	}
	return ahead{d.Store, read}
}

// ahead is a store of which some records were read beforehand.
type ahead struct {
	Store
	read call.Ahead
}

// Call gives the record that was read, or reads it.
func (s ahead) Call(ctx context.Context, id string) (call.Call, error) {
	return s.read.Call(ctx, s.Store, id)
}

// Apply writes a change.
func (s ahead) Apply(ctx context.Context, change call.Change) error {
	return s.read.Apply(ctx, s.Store, change)
}
