package dynamo_test

import (
	"encoding/json"
	"errors"
	"maps"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/dynamo"
)

// answering gives a store whose writes are all answered so, and whose reads find nothing.
func answering(t *testing.T, status int, code string, more map[string]any) *dynamo.Store {
	t.Helper()
	return standIn(func(r *http.Request) (*http.Response, error) {
		if !isWrite(r) {
			return says(r, http.StatusOK, "{}"), nil
		}
		body := map[string]any{"__type": "com.amazonaws.dynamodb.v20120810#" + code, "message": code}
		maps.Copy(body, more)
		text, err := json.Marshal(body)
		return says(r, status, string(text)), err
	}).store()
}

var morning = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// withKey is a new call with its key: a transaction of call, key, lane and turn.
func withKey() call.Change {
	ch := call.Created(call.NewCall{ID: "call_1", Owner: "ann", Number: "+493012345678"}, morning)
	ch.Key = &call.IdempotencyKey{Owner: "ann", Key: "k", ExpiresAt: morning.Add(time.Hour)}
	return ch
}

func TestTheReasonsOfACanceledTransactionAreToldInTheOrderOfConditions(t *testing.T) {
	t.Parallel()
	const failed = "ConditionalCheckFailed"
	for _, one := range []struct {
		name    string
		reasons []string // of call, key, lane, turn
		told    func(error) bool
	}{
		{"the call is there", []string{failed, "None", "None", "None"}, isRefused(call.ConditionExists)},
		{"the key is taken", []string{"None", failed, "None", "None"}, isRefused(call.ConditionKey)},
		{"both, and the call is told", []string{failed, failed, failed, failed}, isRefused(call.ConditionExists)},
		{"a condition is told before a conflict", []string{"TransactionConflict", failed, "None", "None"}, isRefused(call.ConditionKey)},
		{"an item that can't be is no refusal", []string{"None", "None", "ValidationError", "None"}, func(err error) bool {
			var refused *call.RefusedError
			return err != nil && !errors.As(err, &refused) && !errors.Is(err, call.ErrConflict) && !errors.Is(err, call.ErrUnclear)
		}},
	} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			var reasons []map[string]string
			for _, code := range one.reasons {
				reasons = append(reasons, map[string]string{"Code": code, "Message": code})
			}
			s := answering(t, 400, "TransactionCanceledException", map[string]any{"CancellationReasons": reasons})
			if err := s.Apply(t.Context(), withKey()); !one.told(err) {
				t.Errorf("%v", err)
			}
		})
	}
}

func isRefused(c call.Condition) func(error) bool {
	return func(err error) bool { return call.RefusedFor(err, c) }
}

func TestAnErrorSaysWhetherAWriteMayHaveBeenMade(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		status  int
		code    string
		unclear bool
	}{
		{500, "InternalServerError", true},
		{503, "ServiceUnavailable", true},
		{400, "ResourceNotFoundException", false},
		{400, "ValidationException", false},
		{400, "AccessDeniedException", false},
		{400, "UnrecognizedClientException", false},
	} {
		t.Run(one.code, func(t *testing.T) {
			t.Parallel()
			s := answering(t, one.status, one.code, nil)
			_, taken := s.TakeClaim(t.Context(), "call_1", 1, "nonce", "task", morning)
			for _, err := range []error{s.Apply(t.Context(), withKey()), taken} {
				if err == nil || errors.Is(err, call.ErrUnclear) != one.unclear || errors.Is(err, call.ErrConflict) {
					t.Errorf("%v", err)
				}
			}
		})
	}
}

func TestATableThatCantBeReachedIsUnavailableAndNothingWasWritten(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	s := dynamo.New(dynamodb.New(dynamodb.Options{
		Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""), BaseEndpoint: &url,
	}), "outdial", call.Capacity{})
	_, err = s.TakeClaim(t.Context(), "call_1", 1, "nonce", "task", morning)
	var unavailable *call.UnavailableError
	if !errors.As(err, &unavailable) || errors.Is(err, call.ErrUnclear) {
		t.Errorf("%v", err)
	}
}

// TestAClaimThatAnotherTransactionHasIsNotLost: who gives up then would leave a
// claim that nobody has taken.
func TestAClaimThatAnotherTransactionHasIsNotLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := answering(t, 400, "TransactionConflictException", nil)
		if _, err := s.TakeClaim(t.Context(), "call_1", 1, "nonce", "task", morning); !errors.Is(err, call.ErrUnclear) {
			t.Errorf("taking a claim: %v, not unclear", err)
		}
		if err := s.NoteReference(t.Context(), "call_1", 1, "nonce", "c1"); !errors.Is(err, call.ErrConflict) {
			t.Errorf("noting a reference: %v, not a conflict", err)
		}
	})
}
