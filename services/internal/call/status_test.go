package call_test

import (
	"slices"
	"testing"

	"github.com/outdial/outdial/services/internal/call"
)

func TestEveryStatusIsQueuedActiveOrFinal(t *testing.T) {
	t.Parallel()
	active := []call.Status{call.Launching, call.Starting, call.Ringing, call.InProgress}
	final := []call.Status{call.Completed, call.Busy, call.NoAnswer, call.Failed, call.Canceled, call.Expired}
	if want := slices.Concat([]call.Status{call.Queued}, active, final); !slices.Equal(call.Statuses, want) {
		t.Errorf("Statuses are %v; want %v", call.Statuses, want)
	}
	for _, s := range call.Statuses {
		if got, want := s.Active(), slices.Contains(active, s); got != want {
			t.Errorf("%s: active is %t", s, got)
		}
		if got, want := s.Final(), slices.Contains(final, s); got != want {
			t.Errorf("%s: final is %t", s, got)
		}
		if !s.Valid() {
			t.Errorf("%s is not valid", s)
		}
	}
	for _, s := range []call.Status{"", "Queued", "on-hold"} {
		if s.Valid() || s.Active() || s.Final() {
			t.Errorf("%q is taken for a status", s)
		}
	}
}

func TestMaskHidesTheNumber(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"+493012345678":  "+493…78",
		"+1650253000":    "+165…00",
		"+29012345":      "+2…", // a short number is all but shown by six of its digits
		"1234567":        "12…",
		"112":            "11…",
		"1":              "1…",
		"":               "…",
		"Müller, 030 12": "Müll…12", // what stands in a list is cut by characters, not bytes
	} {
		if got := call.Mask(number); got != want {
			t.Errorf("%q is masked as %q; want %q", number, got, want)
		}
	}
}
