package ecs

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"

	"github.com/outdial/outdial/services/internal/task"
)

// What RunTask's errors mean.
//
// Only what ECS says in so many words is a "no": it started no task. Of the noes,
// those are for good that are about the request itself. What time or a person can
// put right for all calls together is "not now", or a mistake in account or stack would
// send everybody's calls to the dead letters within the minute. All the rest is
// unclear: the request is repeated with its token.

// started is what an error of RunTask means: most often that no task was started
// or that it is unclear, but a conflict names the task that has this token already.
func started(err error) (arn string, _ error) {
	if conflict, ok := errors.AsType[*types.ConflictException](err); ok && len(conflict.ResourceIds) > 0 {
		return conflict.ResourceIds[0], nil
	}
	kind := meaning(err)
	if refusal, ok := errors.AsType[smithy.APIError](err); ok && !errors.Is(kind, task.ErrUnclear) {
		return "", fmt.Errorf("%w: %s: %s", kind, refusal.ErrorCode(), refusal.ErrorMessage()) // people read it on the call's record
	}
	return "", fmt.Errorf("%w: %w", kind, err)
}

// meaning is the error of package task that an error of RunTask stands for.
func meaning(err error) error {
	response, ok := errors.AsType[*awshttp.ResponseError](err)
	if !ok || response.HTTPStatusCode() >= http.StatusInternalServerError {
		return task.ErrUnclear // nothing came back, or ECS doesn't know itself
	}
	refusal, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return task.ErrUnclear // something came back that isn't ECS's
	}
	code, message := refusal.ErrorCode(), refusal.ErrorMessage()
	switch {
	case slices.Contains(throttles, code), response.HTTPStatusCode() == http.StatusTooManyRequests:
		return task.ErrThrottled
	case slices.Contains(forNow, code):
		return task.ErrNoCapacity
	case !slices.Contains(forGood, code):
		return task.ErrUnclear
	case mentions(message, throttleWords):
		return task.ErrThrottled
	case mentions(message, forNowWords):
		return task.ErrNoCapacity
	}
	return task.ErrRefused
}

var (
	throttles = []string{"ThrottlingException", "Throttling", "ThrottledException", "RequestLimitExceeded", "TooManyRequestsException", "RequestThrottled"}

	// Right after a deploy, permissions and clusters aren't known everywhere yet; later
	// these are mistakes of account or stack, which a person puts right for all calls.
	forNow = []string{
		"AccessDeniedException", "AccessDenied", "UnauthorizedException", "NotAuthorized", "OptInRequired", "BlockedException",
		"ExpiredTokenException", "ExpiredToken", "InvalidClientTokenId", "UnrecognizedClientException",
		"InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "MissingAuthenticationTokenException", "RequestExpired",
		"ClusterNotFoundException", "LimitExceededException", "ServiceQuotaExceededException",
		"PlatformTaskDefinitionIncompatibilityException", "PlatformUnknownException", "UnsupportedFeatureException",
	}

	forGood = []string{"InvalidParameterException", "ClientException", "ValidationException", "SerializationException"}

	// ECS gives throttling of the services that it asks itself, such as EC2, as a
	// mistake in the request.
	throttleWords = []string{"rate exceeded", "request limit exceeded", "requestlimitexceeded", "throttl", "too many requests"}

	// And so it does with quotas, with roles that IAM has just made, and with what the
	// stack says where and as what tasks run. The next attempt is of the task definition
	// that is current then.
	forNowWords = []string{
		"capacity", "quota", "reached the limit", "above your limit", "unable to assume",
		"subnet", "security group", "task definition", "taskdefinition",
	}
)

func mentions(message string, words []string) bool {
	message = strings.ToLower(message)
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(message, word) })
}

// failure is what an entry of failures[] in a good answer means. Fargate has
// sentences rather than codes there, nearly all about capacity and quotas; the few
// codes that say that no machine fits are about the task definition.
func failure(f types.Failure) error {
	kind := task.ErrNoCapacity
	if mentions(aws.ToString(f.Reason), throttleWords) {
		kind = task.ErrThrottled
	}
	return fmt.Errorf("%w: %s", kind, reasons([]types.Failure{f}))
}
