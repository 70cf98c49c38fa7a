package cli_test

import (
	"net/http"
	"strings"
	"testing"
)

// A store that was stopped by an earlier version knows neither when nor by whom.
func TestACapacitySaysOfItsStopWhatIsKnown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		known []string
		want  string
	}{
		"all":     {[]string{"stopped_at", "stopped_by"}, "stopped since 2026-03-02T09:00:00.000Z by 6f2c1f0e-90d1-70a4-3c55-1f0a5b8f3f11\n"},
		"when":    {[]string{"stopped_at"}, "stopped since 2026-03-02T09:00:00.000Z\n"},
		"by whom": {[]string{"stopped_by"}, "stopped by 6f2c1f0e-90d1-70a4-3c55-1f0a5b8f3f11\n"},
		"nothing": {nil, "stopped\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stopped, known := example(t, "capacity_stopped"), map[string]any{}
			for _, field := range c.known {
				known[field] = stopped[field]
			}
			delete(stopped, "stopped_at")
			delete(stopped, "stopped_by")
			f := newFake(t)
			f.on("GET /capacity", answer(http.StatusOK, with(stopped, known), "ETag", `"1"`))
			o := newBench(t, f).run(t, "capacity", "get").expect(t, 0)
			if !strings.Contains(o.out, "admission  "+c.want) {
				t.Errorf("it says\n%s", o.out)
			}
		})
	}
}
