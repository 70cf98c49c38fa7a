package lambda_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/outdial/outdial/e2e/internal/lambda"
)

// TestAFunctionThatFollowsFromItselfIsStopped after 16 invocations in a chain,
// unless it may, and whoever else is in between.
func TestAFunctionThatFollowsFromItselfIsStopped(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		allowed bool
		between bool
		want    int // invocations of 20
	}{
		"directly":            {false, false, 16},
		"by another function": {false, true, 16},
		"but not if it may":   {true, false, 20},
		"nor by another then": {true, true, 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := function(t, func(f *lambda.Config) { f.AllowsLoops = c.allowed })
			other := function(t, func(f *lambda.Config) { f.Name, f.AllowsLoops = "other", true })
			trace, err := "", error(nil)
			for n := 1; n <= 20 && err == nil; n++ {
				trace, err = hop(t, f, trace)
				if c.between && err == nil {
					trace, err = hop(t, other, trace)
				}
			}
			if stopped := errors.Is(err, lambda.ErrLoop); stopped == c.allowed || f.Invocations() != c.want || f.LongestChain() != c.want {
				t.Errorf("it ends with %v after %d invocations, %d of them in a chain; want %d", err, f.Invocations(), f.LongestChain(), c.want)
			}
		})
	}
}

// hop invokes a function for what follows from a trace, and gives the trace that
// goes on, as the SDK writes it.
func hop(t *testing.T, f *lambda.Function, trace string) (string, error) {
	t.Helper()
	answer, err := f.InvokeTraced(t.Context(), []string{trace}, []byte(`"trace"`))
	return strings.ReplaceAll(string(answer), "|", url.PathEscape("|")), err
}

func TestOfABatchTheLongestChainCounts(t *testing.T) {
	t.Parallel()
	f := function(t, nil)
	short, err := hop(t, f, "")
	if err != nil {
		t.Fatal(err)
	}
	long, err := hop(t, f, short)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.InvokeTraced(t.Context(), []string{"", short, long, "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"}, []byte(`"trace"`)); err != nil || f.LongestChain() != 3 {
		t.Errorf("the chain has %d invocations, %v", f.LongestChain(), err)
	}
	if _, err := invoke(t, f, `"trace"`); err != nil || f.LongestChain() != 3 {
		t.Errorf("after an event that follows from nothing it has %d, %v", f.LongestChain(), err)
	}
}
