package dynamo_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/dynamo"
)

// refusing refuses one action of the first transaction, for a condition that does
// not hold for the stored item, and takes all that comes afterwards.
type refusing struct {
	t      testing.TB
	action string // the beginning of the partition key
	stored attributes

	asked   int // transactions
	refused bool
}

func (r *refusing) answer(request *http.Request) (*http.Response, error) {
	if operationOf(request) != "TransactWriteItems" {
		return says(request, 200, "{}"), nil
	}
	if r.asked++; r.asked > 1 {
		return says(request, 200, "{}"), nil
	}
	var ask struct {
		TransactItems []struct {
			Put, Update struct{ Key, Item attributes }
		}
	}
	asked(r.t, request, &ask)
	var reasons []map[string]any
	for _, one := range ask.TransactItems {
		reason := map[string]any{"Code": "None"}
		partition := textOf(one.Put.Item["PK"]) + textOf(one.Update.Key["PK"])
		if !r.refused && strings.HasPrefix(partition, r.action) {
			r.refused = true
			reason = map[string]any{"Code": "ConditionalCheckFailed", "Item": r.stored}
		}
		reasons = append(reasons, reason)
	}
	return answer(request, 400, "TransactionCanceledException", `,"CancellationReasons":`+encoded(r.t, reasons)), nil
}

func text(s string) map[string]any  { return map[string]any{"S": s} }
func number(n int64) map[string]any { return map[string]any{"N": strconv.FormatInt(n, 10)} }

// laneIn is what is stored of a batch's lane.
func laneIn(state call.BatchState, waiting, active int64) attributes {
	return attributes{"state": text(string(state)), "waiting": number(waiting), "active": number(active)}
}

// capacityWith is what is stored of a capacity under which one call was admitted,
// changed.
func capacityWith(name string, value map[string]any) attributes {
	stored := attributes{
		"limit": number(5), "in_use": number(1), "rate": number(1), "version": number(0),
		"stopped": {"BOOL": false}, "backoff_until": number(0), "rate_at": number(0),
	}
	stored[name] = value
	return stored
}

// movesOfABatch leads a call of a batch through its moves, on paper.
func movesOfABatch(t *testing.T) map[string]func(ctx context.Context, s *dynamo.Store) error {
	t.Helper()
	accepted := call.BatchAccepted(call.Batch{ID: "batch_1", Owner: "ann", Rows: 2, ChunkRows: 2}, nil, morning)
	expanded, err := call.BatchExpanded(accepted.After, []call.Row{{Line: 2, Number: "+1"}, {Line: 3, Number: "+2"}}, morning)
	must(t, err)
	launchAt, a := call.Capacity{Limit: 5, Rate: 1}.Admit(morning)
	admitted, err := call.Admitted(expanded.Calls[0].After, launchAt, a, "agent:1", call.DefaultTiming(), morning)
	must(t, err)
	closed, err := call.LaunchRefusedForGood(admitted.After, 1, "No.", morning)
	must(t, err)
	stopped, err := call.CancelRequested(admitted.After, call.DefaultTiming(), morning)
	must(t, err)
	canceled, err := call.BatchCanceled(expanded.After, morning)
	must(t, err)
	first, err := call.CanceledBeforeDial(expanded.Calls[0].After, "batch_canceled", morning)
	must(t, err)
	visited, err := call.CancelAdvanced(canceled.After, 1, []call.Change{first}, morning)
	must(t, err)
	apply := func(ch call.Change) func(ctx context.Context, s *dynamo.Store) error {
		return func(ctx context.Context, s *dynamo.Store) error { return s.Apply(ctx, ch) }
	}
	applyBatch := func(ch call.BatchChange) func(ctx context.Context, s *dynamo.Store) error {
		return func(ctx context.Context, s *dynamo.Store) error { return s.ApplyBatch(ctx, ch) }
	}
	return map[string]func(ctx context.Context, s *dynamo.Store) error{
		"admit": apply(admitted), "close": apply(closed), "stop": apply(stopped),
		"accept": applyBatch(accepted), "expand": applyBatch(expanded), "visit": applyBatch(visited),
	}
}

func TestEachConditionOfATransactionIsToldAsWhatItMeans(t *testing.T) {
	t.Parallel()
	conflict := func(err error) bool { return errors.Is(err, call.ErrConflict) }
	missing := func(err error) bool { return errors.Is(err, call.ErrNotFound) }
	corrupt := func(err error) bool { return errors.Is(err, call.ErrCorrupt) }
	later := number(morning.Add(time.Second).UnixNano())
	const lane, admitted = "lane#batch#batch_1", "admit"
	for name, c := range map[string]struct {
		move, action string
		stored       attributes
		told         func(error) bool // nil: it is worked out again, and then taken
	}{
		"a call that has moved on is not admitted":         {admitted, "call#", attributes{"version": number(9)}, conflict},
		"nor one whose claim is there":                     {admitted, "agent#", attributes{}, isRefused(call.ConditionClaim)},
		"nor one of a batch that is paused":                {admitted, lane, laneIn(call.StatePaused, 1, 0), isRefused(call.ConditionPaused)},
		"nor one of a batch that is canceled":              {admitted, lane, laneIn(call.StateCanceled, 1, 0), isRefused(call.ConditionCanceled)},
		"nor one of no batch":                              {admitted, lane, nil, missing},
		"nor one that its batch doesn't count":             {admitted, lane, laneIn(call.StateActive, 0, 0), corrupt},
		"a lane that has moved on is read again":           {admitted, lane, laneIn(call.StateActive, 1, 0), nil},
		"and so is an owner's turn":                        {admitted, "turns", attributes{}, nil},
		"no call is admitted above the limit":              {admitted, "capacity", capacityWith("in_use", number(5)), isRefused(call.ConditionLimit)},
		"nor while all is stopped":                         {admitted, "capacity", capacityWith("stopped", map[string]any{"BOOL": true}), isRefused(call.ConditionStopped)},
		"nor in a backoff":                                 {admitted, "capacity", capacityWith("backoff_until", later), isRefused(call.ConditionBackoff)},
		"nor at another's rate token":                      {admitted, "capacity", capacityWith("rate_at", later), isRefused(call.ConditionRate)},
		"a capacity that nobody has written yet is begun":  {admitted, "capacity", nil, nil},
		"a claim that an agent holds is not closed":        {"close", "agent#", attributes{"holder": text("agent")}, isRefused(call.ConditionClaim)},
		"nor with it a call that has moved on":             {"close", "call#", attributes{}, conflict},
		"nor is a slot given back that nobody has":         {"close", "capacity", capacityWith("in_use", number(0)), corrupt},
		"nor a call ended that its batch doesn't count":    {"close", lane, laneIn(call.StateActive, 0, 0), corrupt},
		"a claim that no agent holds is not asked to stop": {"stop", "agent#", attributes{}, isRefused(call.ConditionClaim)},
		"nor that of a call that has moved on":             {"stop", "call#", attributes{}, conflict},
		"a batch is not accepted twice":                    {"accept", "batch#", attributes{}, isRefused(call.ConditionExists)},
		"a batch that has moved on is not expanded":        {"expand", "batch#", attributes{}, conflict},
		"nor over a call that is there":                    {"expand", "call#", attributes{}, isRefused(call.ConditionExists)},
		"a cancel does not visit a batch that has moved":   {"visit", "batch#", attributes{}, conflict},
		"nor a call that has":                              {"visit", "call#", attributes{}, conflict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := &refusing{t: t, action: c.action, stored: c.stored}
				err := movesOfABatch(t)[c.move](t.Context(), standIn(r.answer).store())
				if !r.refused {
					t.Fatal("there is no such action")
				}
				if c.told != nil && (!c.told(err) || r.asked != 1) || c.told == nil && (err != nil || r.asked != 2) {
					t.Errorf("%v, after %d transactions", err, r.asked)
				}
			})
		})
	}
}
