package call_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/outdial/outdial/services/internal/call"
)

// ulid draws an id whose order is that of time, as a ULID's is.
func ulid(t *rapid.T, label string) string {
	return fmt.Sprintf("01%024d", rapid.Uint64().Draw(t, label))
}

func TestIDsSortByCreation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		older, newer := ulid(t, "one"), ulid(t, "other")
		if older == newer {
			return
		}
		if older > newer {
			older, newer = newer, older
		}
		batch := call.BatchID(older)
		row := rapid.IntRange(1, 99_999).Draw(t, "row")
		inOrder := [][]string{
			{call.SingleID(older), call.SingleID(newer)},
			{call.BatchID(older), call.BatchID(newer)},
			{call.RedriveID(older), call.RedriveID(newer)},
			{call.BatchCallID(batch, row), call.BatchCallID(batch, row+1), call.BatchCallID(batch, 100_000), call.SingleID(newer)},
			{call.SingleID(older), call.BatchCallID(call.BatchID(newer), 1)},
		}
		for _, ids := range inOrder {
			if !slices.IsSorted(ids) {
				t.Fatalf("%v do not sort by creation", ids)
			}
		}
	})
}

func TestTheCallOfARowIsAlwaysTheSame(t *testing.T) {
	t.Parallel()
	if got, want := call.BatchCallID("batch_01J", 7), "call_01J-000007"; got != want {
		t.Errorf("row 7 has the call %q; want %q", got, want)
	}
}

// A client token is up to 64 characters, ASCII 33 to 126 (RunTask, clientToken);
// startedBy takes letters, digits, "-", "/" and "_".
func TestClientTokensFitWhatRunTaskTakes(t *testing.T) {
	t.Parallel()
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	rapid.Check(t, func(t *rapid.T) {
		id := call.SingleID(ulid(t, "single"))
		if rapid.Bool().Draw(t, "in a batch") {
			id = call.BatchCallID(call.BatchID(ulid(t, "batch")), rapid.IntRange(1, 100_000).Draw(t, "row"))
		}
		token := call.ClientToken(id, rapid.IntRange(1, math.MaxInt).Draw(t, "attempt"))
		if len(token) > 64 || strings.Trim(token, allowed) != "" {
			t.Fatalf("client token %q of %d characters", token, len(token))
		}
	})
}

func TestAClientTokenTellsItsCallAndAttempt(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := call.SingleID(ulid(t, "single"))
		if rapid.Bool().Draw(t, "in a batch") {
			id = call.BatchCallID(call.BatchID(ulid(t, "batch")), rapid.IntRange(1, 100_000).Draw(t, "row"))
		}
		attempt := rapid.IntRange(1, math.MaxInt).Draw(t, "attempt")
		gotID, gotAttempt, ok := call.ParseClientToken(call.ClientToken(id, attempt))
		if !ok || gotID != id || gotAttempt != attempt {
			t.Fatalf("the token of %s, %d is read as %s, %d, %t", id, attempt, gotID, gotAttempt, ok)
		}
	})
	for _, foreign := range []string{
		"", "-1", "call_-1", "call_01J", "call_01J-", "call_01J-0", "call_01J--0", "call_01J-01", "call_01J-000001", "call_01J-+1", "call_01J-x",
		"call_01J-1\n", "call_01J/x-1", "call_01J_x-1", "batch_01J-1", "ecs-svc/1234567890123456789", "call_01J-99999999999999999999",
		"call_" + strings.Repeat("x", 65) + "-1",
	} {
		if id, attempt, ok := call.ParseClientToken(foreign); ok {
			t.Errorf("%q is taken for the token of %s, %d", foreign, id, attempt)
		}
	}
}

func TestClientTokensDifferByCallAndAttempt(t *testing.T) {
	t.Parallel()
	if got, want := call.ClientToken("call_01J", 2), "call_01J-2"; got != want {
		t.Errorf("the second attempt has the client token %q; want %q", got, want)
	}
	tokens := map[string]string{}
	for _, id := range []string{call.SingleID("01J"), call.BatchCallID("batch_01J", 1), call.BatchCallID("batch_01J", 11)} {
		for attempt := 1; attempt <= 120; attempt++ {
			token, what := call.ClientToken(id, attempt), fmt.Sprint(id, " ", attempt)
			if other, taken := tokens[token]; taken {
				t.Errorf("%s and %s share the client token %q", what, other, token)
			}
			tokens[token] = what
		}
	}
}
