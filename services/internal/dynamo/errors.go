package dynamo

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/outdial/outdial/services/internal/call"
)

// Answers of DynamoDB that say for certain that nothing was written, and that
// the same request may be taken a moment later.
var (
	errBusy     = errors.New("another transaction has one of the items")
	errThrottle = errors.New("too many requests")
)

// errNoAnswer is a read that was not answered, or not with an answer of DynamoDB's.
var errNoAnswer = errors.New("no answer")

// throttles are the codes by which AWS says so.
var throttles = map[string]bool{
	"ProvisionedThroughputExceededException": true,
	"ProvisionedThroughputExceeded":          true,
	"ThrottlingException":                    true,
	"ThrottlingError":                        true,
	"RequestLimitExceeded":                   true,
	"LimitExceededException":                 true,
}

// writeError is what the error of a write means: refused, busy, throttled, not
// written for another reason, or unclear. Only an answer that says so, and a
// request that never left, are certain.
func writeError(err error) error {
	var conflict *types.TransactionConflictException
	var api smithy.APIError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &conflict):
		return errBusy
	case errors.As(err, &api) && throttles[api.ErrorCode()]:
		return fmt.Errorf("%w: %w", errThrottle, err)
	case errors.As(err, &api) && api.ErrorCode() == "TransactionInProgressException":
		return errBusy
	case unclear(err):
		return fmt.Errorf("%w: %w", call.ErrUnclear, err)
	}
	return unavailable(err)
}

// unclear tells whether a write that failed so may have been made.
func unclear(err error) bool {
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return false // no connection, so nothing was sent
	}
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) && response.HTTPStatusCode()/100 == 4 {
		return false
	}
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorFault() == smithy.FaultClient {
		return false
	}
	var send *smithyhttp.RequestSendError
	var answer *smithy.DeserializationError
	return errors.As(err, &send) || errors.As(err, &answer) || errors.As(err, &response) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// outage says in a sentence what to do about an outage.
var outage = &call.UnavailableError{Sentence: "the table can't be reached, or takes no more requests at the moment: try again in a moment"}

// unavailable says of an outage what to do about it, and leaves other errors as they are.
func unavailable(err error) error {
	var dial *net.OpError
	if errors.Is(err, errThrottle) || errors.Is(err, errNoAnswer) || (errors.As(err, &dial) && dial.Op == "dial") {
		return fmt.Errorf("%w: %w", outage, err)
	}
	return err
}

// readError is the error of a read, told as throttling or as an outage where it
// was one.
func readError(err error) error {
	var api smithy.APIError
	switch {
	case errors.As(err, &api) && throttles[api.ErrorCode()]:
		return fmt.Errorf("%w: %w", errThrottle, err)
	case unclear(err):
		return fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	return err
}
