package main

import (
	"context"
	"regexp"
	"strings"
	"testing"
)

// prove runs the program with its output in a pipe.
func prove(ctx context.Context, args ...string) (code int, out, log string) {
	var o, l strings.Builder
	code = run(ctx, args, &o, &l, false)
	return code, o.String(), l.String()
}

func TestItEndsWithOneLineOfTotals(t *testing.T) {
	t.Parallel()
	code, out, log := prove(t.Context(), "-n", "50", "-seed", "7")
	line := regexp.MustCompile(`^50 histories, \d+ steps, seeds 7–56, \S+, \d+ histories/s, \d+ of \d+ moves × faults met, 0 violations\n$`)
	if code != 0 || !line.MatchString(out) {
		t.Errorf("exit code %d, and it said %q and %q", code, out, log)
	}
}

func TestAReplayShowsTheHistory(t *testing.T) {
	t.Parallel()
	code, out, _ := prove(t.Context(), "-replay", "17")
	if lines := strings.Count(out, "\n"); code != 0 || lines < 20 || !strings.Contains(out, "  1. ") || !strings.Contains(out, "seeds 17–17") {
		t.Errorf("exit code %d, and it said %s", code, out)
	}
}

func TestCoverageIsShownWhenAsked(t *testing.T) {
	t.Parallel()
	_, out, _ := prove(t.Context(), "-n", "50", "-coverage")
	for _, want := range []string{"Admitted", "carrier.Create", "not met: LaunchGivenUp × crash", "can't be met: WindowClosed"} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing is said of %s in\n%s", want, out)
		}
	}
}

func TestAnInterruptStillGivesTheTotals(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	code, out, _ := prove(ctx, "-n", "1000000")
	if code != 0 || !strings.HasPrefix(out, "0 histories, 0 steps, seeds none") {
		t.Errorf("exit code %d, and it said %q", code, out)
	}
}

func TestWrongUseIsExplained(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-n", "0"}, {"-n", "many"}, {"-speed", "1"}, {"17"}} {
		code, out, log := prove(t.Context(), args...)
		if code != 2 || out != "" || log == "" {
			t.Errorf("%q: exit code %d, and it said %q and %q", args, code, out, log)
		}
	}
}
