// Package mapping is the receiving end of an SQS event source mapping of Lambda:
// messages come in batches, those that failed are named in the answer and come
// back later, and all has to be done before the invocation's deadline.
package mapping

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Function is what lambda.Start takes.
type Function func(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error)

// Handler handles the bodies of messages and gives an error for each, nil for one
// that is done. After the budget it begins nothing new: what it has not begun
// gets ErrNotBegun.
type Handler func(ctx context.Context, bodies [][]byte, budget time.Duration) []error

// ErrNotBegun says that there was no time left for a message. It comes back.
var ErrNotBegun = errors.New("not begun: the invocation has no time left")

// What is kept of an invocation's time.
const (
	toFinish = 5 * time.Second // for what was begun within the budget
	toAnswer = time.Second     // after requests under way are given up, for the answer
)

// New handles batches. The mapping must take partial answers
// (ReportBatchItemFailures), or what succeeded comes back too.
func New(handle Handler, now func() time.Time, log *slog.Logger) Function {
	return func(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
		var budget time.Duration // none: no deadline
		if deadline, ok := ctx.Deadline(); ok {
			budget = max(deadline.Sub(now())-toFinish, time.Second)
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, deadline.Add(-toAnswer))
			defer cancel()
		}
		bodies := make([][]byte, len(e.Records))
		for i, m := range e.Records {
			bodies[i] = []byte(m.Body)
		}
		answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
		for i, err := range handle(ctx, bodies, budget) {
			if err == nil {
				continue
			}
			m := e.Records[i]
			log.WarnContext(ctx, "message comes back later", "message", m.MessageId,
				"receives", m.Attributes["ApproximateReceiveCount"], "cause", err)
			answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
		return answer, nil
	}
}
