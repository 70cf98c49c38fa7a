package awsenv

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/outdial/outdial/services/internal/call"
)

// requestTimeout is how long a service of AWS has for one answer. The slowest that
// is waited for, RunTask, takes seconds; who has a queue wait for messages, which
// nobody here does, would need more.
const requestTimeout = 10 * time.Second

// SDK is what AWS's clients are made with: region, credentials and endpoint as
// the SDK's own variables say. It asks nobody yet. A request that isn't answered in
// time is given up, whatever time its caller has: one connection that hangs must
// not take the whole of an invocation.
func SDK(ctx context.Context) (aws.Config, error) { return sdk(ctx, requestTimeout) }

func sdk(ctx context.Context, timeout time.Duration) (aws.Config, error) {
	c, err := config.LoadDefaultConfig(ctx,
		config.WithDefaultsMode(aws.DefaultsModeInRegion),
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(timeout)))
	if err != nil {
		return c, fmt.Errorf("configure AWS's SDK: %w", err)
	}
	return c, nil
}

// FirstCapacity is what a new table starts with; afterwards PUT /capacity sets it.
// It is that of `outdial serve`.
func FirstCapacity(now time.Time) call.Capacity {
	return call.Capacity{Limit: 10, Rate: 1, Version: 1, UpdatedAt: now.UTC().Truncate(time.Millisecond)}
}

// NewLog writes lines of JSON, each with the id of the invocation it belongs to.
func NewLog(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(invocations{slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})})
}

// invocations adds the invocation's id, as API Gateway's log and Lambda's own
// lines have it.
type invocations struct{ slog.Handler }

// Handle adds the id to a line.
func (h invocations) Handle(ctx context.Context, r slog.Record) error {
	if invocation, ok := lambdacontext.FromContext(ctx); ok {
		r.AddAttrs(slog.String("lambda_request_id", invocation.AwsRequestID))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps the id.
func (h invocations) WithAttrs(attrs []slog.Attr) slog.Handler {
	return invocations{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the id.
func (h invocations) WithGroup(name string) slog.Handler {
	return invocations{h.Handler.WithGroup(name)}
}
