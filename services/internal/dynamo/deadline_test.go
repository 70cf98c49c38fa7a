package dynamo_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/dynamo"
)

// patience is how long the callers of these tests have, in a time that stands
// still while anything is done.
const patience = 3 * time.Second

// givesUp calls with a deadline, in a bubble of its own: a goroutine that is left
// fails the test. It gives the error, and how long that took.
func givesUp(t *testing.T, s standIn, do func(ctx context.Context, s *dynamo.Store) error, check func(t *testing.T, err error, took time.Duration)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		began := time.Now()
		err := do(ctx, s.store())
		check(t, err, time.Since(began))
	})
}

// onlyReads finds nothing, and gives writes to another.
func onlyReads(write standIn) standIn {
	return func(r *http.Request) (*http.Response, error) {
		if isWrite(r) {
			return write(r)
		}
		return says(r, http.StatusOK, "{}"), nil
	}
}

func TestAWriteWhoseTimeEndsInItsMiddleIsUnclear(t *testing.T) {
	t.Parallel()
	for name, write := range writers() {
		t.Run(name, func(t *testing.T) {
			givesUp(t, onlyReads(hang), write, func(t *testing.T, err error, took time.Duration) {
				if !errors.Is(err, call.ErrUnclear) || !errors.Is(err, context.DeadlineExceeded) || took != patience {
					t.Errorf("%v, after %v", err, took)
				}
			})
		})
	}
}

// TestAWriteThatTheClientGivesUpIsUnclear, and once is enough: package awsenv gives
// each request a time of its own.
func TestAWriteThatTheClientGivesUpIsUnclear(t *testing.T) {
	t.Parallel()
	for name, write := range writers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				err := write(t.Context(), onlyReads(hang).within(patience, "outdial"))
				if took := time.Since(began); !errors.Is(err, call.ErrUnclear) || took != patience {
					t.Errorf("%v, after %v", err, took)
				}
			})
		})
	}
}

func TestAReadWhoseTimeEndsInItsMiddleShowsNothing(t *testing.T) {
	t.Parallel()
	for name, read := range readers(anyone) {
		t.Run(name, func(t *testing.T) {
			var seen sight
			givesUp(t, hang, func(ctx context.Context, s *dynamo.Store) (err error) {
				seen, err = read(ctx, s)
				return err
			}, func(t *testing.T, err error, took time.Duration) {
				if !isUnavailable(err) || !errors.Is(err, context.DeadlineExceeded) || took != patience || !seen.isBlind() {
					t.Errorf("%v, %v, after %v", seen, err, took)
				}
			})
		})
	}
}

func isUnavailable(err error) bool {
	var unavailable *call.UnavailableError
	return errors.As(err, &unavailable) && !errors.Is(err, call.ErrUnclear)
}

func TestRowsWhoseTimeEndsAreNotWritten(t *testing.T) {
	t.Parallel()
	for name, write := range rowWriters() {
		t.Run(name, func(t *testing.T) {
			givesUp(t, hang, write, func(t *testing.T, err error, took time.Duration) {
				if !isUnavailable(err) || took != patience {
					t.Errorf("%v, after %v", err, took)
				}
			})
		})
	}
}

// TestAWriteThatBeganTooLateIsNotSent, and so is certain.
func TestAWriteThatBeganTooLateIsNotSent(t *testing.T) {
	t.Parallel()
	for name, write := range writers() {
		t.Run(name, func(t *testing.T) {
			sent := false
			late := func(ctx context.Context, s *dynamo.Store) error {
				<-ctx.Done()
				return write(ctx, s)
			}
			note := onlyReads(func(r *http.Request) (*http.Response, error) {
				sent = true
				return hang(r)
			})
			givesUp(t, note, late, func(t *testing.T, err error, _ time.Duration) {
				if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, call.ErrUnclear) || sent {
					t.Errorf("%v; sent: %t", err, sent)
				}
			})
		})
	}
}

// TestAServiceThatIsBusyAllTheTimeIsGivenUpOn: in time, with pauses that grow, and
// with a certain answer.
func TestAServiceThatIsBusyAllTheTimeIsGivenUpOn(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]func(error) bool{
		"ThrottlingException":                    isUnavailable,
		"ProvisionedThroughputExceededException": isUnavailable,
		"TransactionConflictException": func(err error) bool {
			return errors.Is(err, call.ErrConflict) && !errors.Is(err, call.ErrUnclear)
		},
	} {
		for name, write := range writers() {
			if name == "TakeClaim" {
				continue // see TestAClaimThatAnotherTransactionHasIsNotLost
			}
			t.Run(name+" meets "+code, func(t *testing.T) {
				requests := 0
				busy := onlyReads(func(r *http.Request) (*http.Response, error) {
					requests++
					return refusedFor(r, code), nil
				})
				givesUp(t, busy, write, func(t *testing.T, err error, took time.Duration) {
					if !want(err) || took > patience || requests < 4 || requests > 12 {
						t.Errorf("%v, after %v and %d requests", err, took, requests)
					}
				})
			})
		}
	}
}

// TestWhatIsNeverWorkedOffIsGivenUpOn: DynamoDB may leave the whole of a batch undone.
func TestWhatIsNeverWorkedOffIsGivenUpOn(t *testing.T) {
	t.Parallel()
	requests := map[string]int{}
	undone := standIn(func(r *http.Request) (*http.Response, error) {
		var ask map[string]any
		asked(t, r, &ask)
		if requests[operationOf(r)]++; requests[operationOf(r)] > 100 {
			return answer(r, 400, "ValidationException", ""), nil // it asks without a pause
		}
		return says(r, http.StatusOK, `{"Responses":{},"UnprocessedKeys":`+encoded(t, ask["RequestItems"])+`,"UnprocessedItems":`+encoded(t, ask["RequestItems"])+`}`), nil
	})
	synctest.Test(t, func(t *testing.T) {
		for operation, do := range map[string]func(ctx context.Context, s *dynamo.Store) error{
			"BatchGetItem": func(ctx context.Context, s *dynamo.Store) error {
				_, _, err := s.ClaimAndSettings(ctx, "call_1", 1, "batch_1")
				return err
			},
			"BatchWriteItem": rowWriters()["PutChunk"],
		} {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			began := time.Now()
			err := do(ctx, undone.store())
			if took := time.Since(began); !isUnavailable(err) || took > patience || requests[operation] < 4 || requests[operation] > 20 {
				t.Errorf("%s: %v, after %v and %d requests", operation, err, took, requests[operation])
			}
			cancel()
		}
	})
}
