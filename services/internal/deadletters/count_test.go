package deadletters_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/deadletters"
)

// letters is a store that holds dead letters and nothing else, the newest first.
type letters struct {
	deadletters.Store
	calls []call.Call
	read  int
	err   error
}

func (s *letters) ListDeadLetters(_ context.Context, f call.DeadLetterFilter, p call.Page) (page []call.Call, next string, err error) {
	if s.err != nil {
		return nil, "", s.err
	}
	for _, c := range s.calls {
		switch {
		case p.After != "" && c.ID >= p.After, f.Cause != "" && c.Failure.Cause != f.Cause:
		case len(page) == p.Limit:
			return page, page[len(page)-1].ID, nil
		default:
			page = append(page, c)
			s.read++
		}
	}
	return page, "", nil
}

var began = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// lettersOf makes n dead letters, each of which failed a second after the one before.
func lettersOf(n int, cause func(i int) call.DeadLetterCause) *letters {
	s := &letters{}
	for i := n - 1; i >= 0; i-- {
		s.calls = append(s.calls, call.Call{
			ID: fmt.Sprintf("call_%06d", i), Status: call.Failed, EndedAt: began.Add(time.Duration(i) * time.Second),
			Failure: &call.Failure{Reason: call.ReasonDeadLettered, Cause: cause(i), Message: fmt.Sprintf("Number %d was refused.", i)},
		})
	}
	return s
}

func refused(int) call.DeadLetterCause { return call.CauseLaunchRefused }

func TestDeadLettersAreCountedToTheLastOfThem(t *testing.T) {
	t.Parallel()
	s := lettersOf(1_201, func(i int) call.DeadLetterCause {
		if i%3 == 0 {
			return call.CauseLaunchTriesUsed
		}
		return call.CauseLaunchRefused
	})
	got, err := (&deadletters.Service{Store: s}).Count(t.Context(), call.DeadLetterFilter{})
	if err != nil || got.Total != 1_201 || got.More || len(got.Causes) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	at := func(i int) time.Time { return began.Add(time.Duration(i) * time.Second) }
	want := []deadletters.OfCause{
		{call.CauseLaunchRefused, 800, "Number 1199 was refused.", "call_001199", at(1), at(1199)},
		{call.CauseLaunchTriesUsed, 401, "Number 1200 was refused.", "call_001200", at(0), at(1200)},
	}
	for i := range want {
		if got.Causes[i] != want[i] {
			t.Errorf("%+v, not %+v", got.Causes[i], want[i])
		}
	}
}

// An old call may fail after a newer one did.
func TestTheExampleIsTheOneThatFailedLast(t *testing.T) {
	t.Parallel()
	s := lettersOf(3, refused)
	s.calls[1].EndedAt = began.Add(time.Hour)
	got, err := (&deadletters.Service{Store: s}).Count(t.Context(), call.DeadLetterFilter{})
	if err != nil || got.Causes[0].CallID != "call_000001" || !got.Causes[0].LastAt.Equal(began.Add(time.Hour)) || !got.Causes[0].FirstAt.Equal(began) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestACountReadsNoMoreThanItMay(t *testing.T) {
	t.Parallel()
	for n, more := range map[int]bool{deadletters.MaxCounted: false, deadletters.MaxCounted + 1: true, 2 * deadletters.MaxCounted: true} {
		s := lettersOf(n, refused)
		got, err := (&deadletters.Service{Store: s}).Count(t.Context(), call.DeadLetterFilter{})
		if err != nil || got.Total != deadletters.MaxCounted || got.More != more || s.read != deadletters.MaxCounted {
			t.Errorf("of %d: %d, more: %t, %v, and %d were read", n, got.Total, got.More, err, s.read)
		}
		if newest := got.Causes[0].CallID; newest != s.calls[0].ID {
			t.Errorf("of %d: the example is %s", n, newest)
		}
	}
}

func TestACountThatFailsIsNone(t *testing.T) {
	t.Parallel()
	s := &letters{err: errors.New("the store is away")}
	if got, err := (&deadletters.Service{Store: s}).Count(t.Context(), call.DeadLetterFilter{}); !errors.Is(err, s.err) || got.Total != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}
