package capacity

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/outdial/outdial/services/internal/call"
)

// Books are the two things that must agree: slots and records.
type Books interface {
	Capacity(ctx context.Context) (call.Capacity, error)
	ListCalls(ctx context.Context, f call.Filter, p call.Page) (calls []call.Call, next string, err error)
}

// Alarm compares slots with records. A mismatch is told and never written back:
// a repair could write an old count over an admission (R9).
type Alarm struct {
	Store Books
	Log   *slog.Logger

	before int // mismatch at the last check
}

// margin is how many calls more than there are slots a check can tell.
const margin = 1_000

// Check tells a mismatch that two checks in a row have seen: the two reads of
// one check are not of the same moment.
func (a *Alarm) Check(ctx context.Context) error {
	capacity, err := a.Store.Capacity(ctx)
	if err != nil {
		return fmt.Errorf("read the capacity: %w", err)
	}
	active := call.Filter{Statuses: []call.Status{call.Launching, call.Starting, call.Ringing, call.InProgress}}
	calls, _, err := a.Store.ListCalls(ctx, active, call.Page{Limit: capacity.InUse + margin})
	if err != nil {
		return fmt.Errorf("list the active calls: %w", err)
	}
	mismatch := capacity.InUse - len(calls)
	if mismatch != 0 && mismatch == a.before {
		a.Log.ErrorContext(ctx, "ALARM: slots in use and active calls differ", "slots", capacity.InUse, "calls", len(calls))
	}
	a.before = mismatch
	return nil
}
