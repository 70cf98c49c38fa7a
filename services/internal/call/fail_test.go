package call_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/outdial/outdial/services/internal/call"
)

func TestALongFailureIsCutToASentenceThatFitsARecord(t *testing.T) {
	t.Parallel()
	c := call.Call{ID: "call_1", Owner: "ann", Status: call.Launching, Attempt: 1, Version: 2}
	change, err := call.LaunchRefusedForGood(c, 1, strings.Repeat("ü", 5_000), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if n := utf8.RuneCountInString(change.After.Failure.Message); n != 500 {
		t.Errorf("the message has %d characters, want 500", n)
	}
}
