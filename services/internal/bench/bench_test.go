package main

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRows runs each row small: both sides do the same work, or the row fails,
// and its figure is one. How fast it was doesn't count here.
func TestRows(t *testing.T) {
	t.Parallel()
	for _, r := range rows() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			got, err := measure(t.Context(), r, options{quick: true, dir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			if r.against == "" || r.aim.bound == 0 || got.note == "" {
				t.Errorf("the row is not whole: %+v, %+v", r, got)
			}
		})
	}
}

// costs is a side whose rounds cost so much, one after the other, and which
// notes its name when it works.
func costs(order *strings.Builder, name string, rounds ...time.Duration) side {
	n := -1
	return func(context.Context) (effort, error) {
		n++
		order.WriteString(name)
		return effort{work: 2, wall: rounds[n], cpu: rounds[n]}, nil
	}
}

func TestPairs(t *testing.T) {
	t.Parallel()
	var order strings.Builder
	ticks := 0
	o := options{tick: func() { ticks++ }}
	p, err := inPairs(t.Context(), o, 3,
		costs(&order, "a", 900, 10, 20, 90),
		costs(&order, "b", 1, 10, 10, 30))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := order.String(), "abbaabba"; got != want {
		t.Errorf("the sides worked in the order %s, not %s", got, want)
	}
	if ticks != 4 {
		t.Errorf("progress was shown %d times, not after each of 4 rounds", ticks)
	}
	// The ratios are 1, 2 and 3: the first round is not counted.
	if got, want := p.costs(byWall, "note"), (result{ratio: 2, spread: 0.5, note: "note"}); got != want {
		t.Errorf("the costs are %+v, not %+v", got, want)
	}
	if got := p.rates(byCPU, "").ratio; got != 0.5 {
		t.Errorf("the ratio of the rates is %g, not 0.5", got)
	}
}

func TestPairsFailWhenTheSidesDiffer(t *testing.T) {
	t.Parallel()
	does := func(n int, err error) side {
		return func(context.Context) (effort, error) { return timed(func() (int, error) { return n, err }) }
	}
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		ours, theirs side
		want         string
	}{
		"ours does less":    {does(1, nil), does(2, nil), "ours 1, the other's 2"},
		"both do nothing":   {does(0, nil), does(0, nil), "ours 0, the other's 0"},
		"ours fails":        {does(1, broken), does(1, nil), "ours: broken"},
		"the other's fails": {does(1, nil), does(1, broken), "the other: broken"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := inPairs(t.Context(), options{quick: true}, 1, c.ours, c.theirs)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v; it should say %q", err, c.want)
			}
		})
	}
}

func TestARowWithoutAFigureFails(t *testing.T) {
	t.Parallel()
	for _, ratio := range []float64{math.NaN(), math.Inf(1), 0, -1} {
		r := row{run: func(context.Context, options) (result, error) { return result{ratio: ratio}, nil }}
		if _, err := measure(t.Context(), r, options{}); err == nil {
			t.Errorf("the ratio %g was taken", ratio)
		}
	}
}

func TestTableMarksWhatMissesItsAim(t *testing.T) {
	t.Parallel()
	got := table("A machine.", []line{
		{row{name: "a", against: "b", aim: atMost(1.3)}, result{ratio: 1.299, spread: 0.1, note: "n"}},
		{row{name: "c", against: "d", aim: atMost(1.3)}, result{ratio: 1.31}},
		{row{name: "e", against: "f", aim: atLeast(0.5)}, result{ratio: 0.5}},
		{row{name: "g", against: "h", aim: atLeast(0.5)}, result{ratio: 0.4, spread: 0.02}},
	})
	want := `A machine.

| what | against | aim | measured | |
|---|---|---|---|---|
| a | b | ≤ 1.3 | 1.30 ± 0.10 | n |
| c | d | ≤ 1.3 | **1.31: missed** |  |
| e | f | ≥ 0.5 | 0.50 |  |
| g | h | ≥ 0.5 | **0.40 ± 0.02: missed** |  |
`
	if got != want {
		t.Errorf("the table is\n%s\nnot\n%s", got, want)
	}
}

func TestTheTableStandsBetweenTheMarkersOfTheReadme(t *testing.T) {
	t.Parallel()
	readme := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(readme, []byte("# A\n\n<!-- bench -->\nold\n<!-- /bench -->\n\nrest\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second finds what the first wrote
		if err := publish(io.Discard, readme, "new\n"); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(readme)
	if want := "# A\n\n<!-- bench -->\nnew\n<!-- /bench -->\n\nrest\n"; err != nil || string(got) != want {
		t.Errorf("the file is %q, %v; not %q", got, err, want)
	}
	if err := os.WriteFile(readme, []byte("# A\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := publish(io.Discard, readme, "new\n"); err == nil || !strings.Contains(err.Error(), "<!-- bench -->") {
		t.Errorf("a file without markers gave %v", err)
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want int
		says string
	}{
		"a row that was measured":  {[]string{"-quick", "-rows", "^records", "-dir", t.TempDir()}, 0, "1/1 records"},
		"a folder that isn't here": {[]string{"-quick", "-rows", "^records", "-dir", "/nowhere"}, 1, "no such file"},
		"a row that there isn't":   {[]string{"-rows", "xyzzy"}, 2, "checking 100,000 rows"},
		"no regular expression":    {[]string{"-rows", "("}, 2, "-rows"},
		"a word too many":          {[]string{"records"}, 2, "nothing but flags"},
		"help":                     {[]string{"-h"}, 0, "-million"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			if got := run(t.Context(), c.args, io.Discard, &log); got != c.want || !strings.Contains(log.String(), c.says) {
				t.Errorf("exit code %d, not %d, or the log doesn't say %q:\n%s", got, c.want, c.says, log.String())
			}
		})
	}
}
