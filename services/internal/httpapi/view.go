package httpapi

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/deadletters"
)

// views turns records into what the API shows. It reads the settings of a batch
// once, however many of its calls are shown, and the reason why calls of a lane
// wait once per lane.
type views struct {
	server   *Server
	settings map[string]call.Settings
	waiting  map[call.LaneKey]call.WaitReason
}

func (s *Server) views() *views {
	return &views{server: s, settings: map[string]call.Settings{}, waiting: map[call.LaneKey]call.WaitReason{}}
}

func (v *views) call(ctx context.Context, c call.Call) (api.Call, error) {
	settings, err := v.settingsOf(ctx, c)
	if err != nil {
		return api.Call{}, err
	}
	waiting, err := v.waitingOf(ctx, c)
	if err != nil {
		return api.Call{}, err
	}
	return callView(c, settings, waiting), nil
}

func callView(c call.Call, settings call.Settings, waiting *api.Waiting) api.Call {
	return api.Call{
		ID: c.ID, Status: api.CallStatus(c.Status), PhoneNumber: c.Number,
		Agent: agentView(settings, c.TimeLimit), Metadata: nonNil(c.Metadata),
		BatchID: optional(c.BatchID), Row: optional(c.Row), Waiting: waiting,
		Attempt: c.Attempt, Dials: c.Dials, CancelRequested: c.CancelRequested,
		Outcome: outcomeView(c.Outcome), Failure: failureView(c.Failure), History: historyView(c.History),
		CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, EndedAt: optional(c.EndedAt),
	}
}

func (v *views) calls(ctx context.Context, calls []call.Call) ([]api.Call, error) {
	shown := make([]api.Call, 0, len(calls))
	for _, c := range calls {
		one, err := v.call(ctx, c)
		if err != nil {
			return nil, err
		}
		shown = append(shown, one)
	}
	return shown, nil
}

func (v *views) settingsOf(ctx context.Context, c call.Call) (call.Settings, error) {
	if c.Settings != nil {
		return *c.Settings, nil
	}
	if settings, ok := v.settings[c.BatchID]; ok {
		return settings, nil
	}
	settings, err := v.server.Store.BatchSettings(ctx, c.BatchID)
	if err != nil {
		return settings, fmt.Errorf("read the settings of batch %s: %w", c.BatchID, err)
	}
	v.settings[c.BatchID] = settings
	return settings, nil
}

func (v *views) waitingOf(ctx context.Context, c call.Call) (*api.Waiting, error) {
	if c.Status != call.Queued {
		return nil, nil
	}
	if !c.Ready() {
		return &api.Waiting{Reason: api.WaitingReason(c.Wait.Reason), Until: &c.Wait.Until}, nil
	}
	reason, ok := v.waiting[c.Lane()]
	if !ok {
		var err error
		if reason, err = v.server.Capacity.WaitReason(ctx, c); err != nil {
			return nil, err
		}
		v.waiting[c.Lane()] = reason
	}
	return &api.Waiting{Reason: api.WaitingReason(reason)}, nil
}

func agentView(s call.Settings, timeLimit int) api.AgentSettings {
	return api.AgentSettings{
		Instructions: optional(s.Instructions), Voice: optional(s.Voice), FirstWords: optional(s.FirstWords),
		Language: optional(s.Language), TimeLimit: optional(timeLimit),
	}
}

func outcomeView(o *call.Outcome) *api.Outcome {
	if o == nil {
		return nil
	}
	return &api.Outcome{
		CarrierReference: optional(o.CarrierReference), Duration: &o.Duration,
		RingingAt: optional(o.RingingAt), AnsweredAt: optional(o.AnsweredAt), EndedAt: optional(o.EndedAt),
	}
}

func failureView(f *call.Failure) *api.Failure {
	if f == nil {
		return nil
	}
	return &api.Failure{Reason: api.FailureReason(f.Reason), Cause: optional(api.FailureCause(f.Cause)), Message: f.Message}
}

func historyView(steps []call.Step) []api.HistoryEntry {
	shown := make([]api.HistoryEntry, 0, len(steps))
	for _, step := range steps {
		shown = append(shown, api.HistoryEntry{Status: api.CallStatus(step.Status), At: step.At, Attempt: step.Attempt, Cause: step.Cause})
	}
	return shown
}

func batchView(b call.Batch, n call.Counts) api.Batch {
	return api.Batch{
		ID: b.ID, Name: optional(b.Name), Status: api.BatchStatus(b.StateWith(n)),
		Rows: b.Rows, Refused: b.Refused, RefusedByCode: nonNil(b.RefusedByCode),
		Counts: countsView(n), Agent: agentView(b.Settings, b.TimeLimit), CreatedAt: b.CreatedAt, UpdatedAt: b.UpdatedAt,
	}
}

func countsView(n call.Counts) api.BatchCounts {
	return api.BatchCounts{
		Waiting: n.Waiting, Active: n.Active, Completed: n.Completed, Busy: n.Busy, NoAnswer: n.NoAnswer,
		Failed: n.Failed, Canceled: n.Canceled, Expired: n.Expired,
	}
}

func refusedView(rows []call.RefusedRow) []api.RefusedRow {
	shown := make([]api.RefusedRow, 0, len(rows))
	for _, row := range rows {
		shown = append(shown, api.RefusedRow{Row: row.Line, Value: row.Value, Code: api.RefusalCode(row.Code), Message: row.Message})
	}
	return shown
}

func redriveView(r call.Redrive) api.Redrive {
	status := api.RedriveStatusActive
	if r.Done {
		status = api.RedriveStatusCompleted
	}
	return api.Redrive{
		ID: r.ID, Status: status, Batch: optional(r.Batch), Cause: optional(api.FailureCause(r.Cause)),
		Redriven: r.Redriven, Skipped: r.Skipped, SkippedByCode: nonNil(r.SkippedByCode), CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

func capacityView(c call.Capacity, w call.Waiting, now time.Time) api.Capacity {
	shown := api.Capacity{
		Limit: c.Limit, InUse: c.InUse, Admitted: c.Admitted, Rate: c.Rate, UpdatedAt: c.UpdatedAt,
		Stopped: c.Stopped, StoppedAt: optional(c.StoppedAt), StoppedBy: optional(c.StoppedBy),
		Waiting: waitingView(w),
	}
	if c.BackoffUntil.After(now) {
		shown.BackoffUntil = &c.BackoffUntil
	}
	return shown
}

func waitingView(w call.Waiting) api.WaitingCounts {
	return api.WaitingCounts{
		Capacity: w[call.WaitCapacity], Rate: w[call.WaitRate], Paused: w[call.WaitPaused], Stopped: w[call.WaitStopped],
		Backoff: w[call.WaitBackoff], Schedule: w[call.WaitSchedule], Retry: w[call.WaitRetry], Window: w[call.WaitWindow],
	}
}

func deadLetterCountsView(n deadletters.Counts) api.DeadLetterCounts {
	shown := api.DeadLetterCounts{Total: n.Total, Causes: []api.DeadLettersOfCause{}}
	for _, of := range n.Causes {
		shown.Causes = append(shown.Causes, api.DeadLettersOfCause{
			Cause: api.FailureCause(of.Cause), Count: of.Count, Message: of.Message, CallID: of.CallID, FirstAt: of.FirstAt, LastAt: of.LastAt,
		})
	}
	if n.More {
		shown.CountedUpTo = &n.Total
	}
	return shown
}

// optional is nil for a zero value, which the API leaves out.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func nonNil[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return maps.Clone(m)
}

func given[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
