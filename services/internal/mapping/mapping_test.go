package mapping_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/outdial/outdial/services/internal/mapping"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func now() time.Time { return noon }

// batch is an event with messages of these bodies, whose ids are "id-" and the body.
func batch(bodies ...string) events.SQSEvent {
	var e events.SQSEvent
	for _, body := range bodies {
		e.Records = append(e.Records, events.SQSMessage{MessageId: "id-" + body, Body: body})
	}
	return e
}

// answered is what a batch answers, as Lambda gets it.
func answered(ctx context.Context, t *testing.T, handle mapping.Handler, e events.SQSEvent) string {
	t.Helper()
	out, err := mapping.New(handle, now, slog.New(slog.DiscardHandler))(ctx, e)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestOnlyWhatFailedComesBack(t *testing.T) {
	t.Parallel()
	var got []string
	handle := func(_ context.Context, bodies [][]byte, _ time.Duration) []error {
		errs := make([]error, len(bodies))
		for i, body := range bodies {
			got = append(got, string(body))
			if string(body) == "b" {
				errs[i] = errors.New("no")
			}
		}
		return errs
	}
	if answer := answered(t.Context(), t, handle, batch("a", "b", "c")); answer != `{"batchItemFailures":[{"itemIdentifier":"id-b"}]}` {
		t.Error(answer)
	}
	if !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("handled were %v", got)
	}
	// An answer without the list would be a failure of all.
	if answer := answered(t.Context(), t, handle, batch("a")); answer != `{"batchItemFailures":[]}` {
		t.Error(answer)
	}
}

func TestTheBudgetEndsBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ timeout, want time.Duration }{
		{30 * time.Second, 25 * time.Second}, {6 * time.Second, time.Second}, {3 * time.Second, time.Second},
	} {
		ctx, cancel := context.WithDeadline(t.Context(), noon.Add(c.timeout))
		handle := func(ctx context.Context, _ [][]byte, budget time.Duration) []error {
			deadline, ok := ctx.Deadline()
			if budget != c.want || !ok || !deadline.Before(noon.Add(c.timeout)) {
				t.Errorf("with %s: the budget is %s, the deadline %s", c.timeout, budget, deadline)
			}
			return make([]error, 1)
		}
		answered(ctx, t, handle, batch("a"))
		cancel()
	}
	handle := func(_ context.Context, _ [][]byte, budget time.Duration) []error {
		if budget != 0 {
			t.Errorf("without a deadline the budget is %s", budget)
		}
		return make([]error, 1)
	}
	answered(t.Context(), t, handle, batch("a"))
}
