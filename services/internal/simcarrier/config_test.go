package simcarrier_test

import (
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/simcarrier"
)

func TestConfigAsText(t *testing.T) {
	t.Parallel()
	odd := simcarrier.Default("/data/a folder?#%ü")
	odd.Speed, odd.Seed, odd.Answer, odd.Busy, odd.Fail = 2.5, 1<<63, 0.7, 0.2, 0.1
	odd.Talk, odd.TalkMin, odd.TalkMax = time.Minute, 0, time.Hour
	for _, want := range []simcarrier.Config{simcarrier.Default("/data"), odd} {
		got, err := simcarrier.Parse(want.String())
		if err != nil || got != want {
			t.Errorf("%s was read as %+v, %v; want %+v", want, got, err, want)
		}
	}
	got, err := simcarrier.Parse("simulated:/path?speed=10&seed=7&answer=0.6&talk=30s")
	want := simcarrier.Default("/path")
	want.Speed, want.Seed, want.Answer, want.Talk = 10, 7, 0.6, 30*time.Second
	if err != nil || got != want {
		t.Errorf("read %+v, %v; want %+v", got, err, want)
	}
}

func TestConfigErrorsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                                   {"must look like simulated:/absolute/folder"},
		"twilio:/x":                          {"must look like"},
		"simulated:relative":                 {"must look like"},
		"simulated://host/x":                 {"must look like"},
		"simulated:?speed=1":                 {"folder is \"\""},
		"simulated:/x?speed=fast":            {`speed is "fast"`},
		"simulated:/x?speed=0.5":             {"speed is 0.5; it must be 1 to 10000"},
		"simulated:/x?speed=NaN":             {"speed is NaN"},
		"simulated:/x?answer=0.7&busy=0.4":   {"are 1.12 together"},
		"simulated:/x?answer=-1&fail=2":      {"answer is -1", "fail is 2"},
		"simulated:/x?talk=1s":               {"talk is 1s; it must be between talk_min (5s)"},
		"simulated:/x?talk_min=-1s":          {"talk_min is -1s"},
		"simulated:/x?seed=1&seed=2":         {"seed is given 2 times"},
		"simulated:/x?sped=2&answer=x&talk=": {"sped is not known", `answer is "x"`, `talk is ""`},
	} {
		_, err := simcarrier.Parse(text)
		for _, part := range want {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%q gave %v; want it to say %q", text, err, part)
			}
		}
	}
}
