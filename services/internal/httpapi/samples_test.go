package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/samples"
)

// sample takes samples a minute later.
func (b *bundle) sample() time.Time {
	b.t.Helper()
	now := b.clock.Advance(time.Minute)
	b.must((&samples.Taker{Store: b.store, Now: b.clock.Now}).Take(b.t.Context()))
	return now
}

// at is a time in a query.
func at(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func TestTheCapacityIsShownOverTime(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	shown := func(query string) api.CapacitySamples {
		t.Helper()
		return decode[api.CapacitySamples](b.anna.get("/v1/capacity/samples" + query).is(http.StatusOK))
	}
	if got := shown(""); got.Samples == nil || len(got.Samples) != 0 || got.Step != 300 {
		t.Errorf("before the first sample it is %+v", got)
	}
	b.admit(b.anna.call("+12025550142").ID)
	b.bert.call("+12025550143")
	first := b.sample()
	b.root.put("/v1/capacity", `{"limit":3,"rate":2.5,"stopped":true}`).is(http.StatusOK)
	second := b.sample()
	b.tick()
	want := []api.CapacitySample{
		{At: first, Limit: 10, InUse: 1, Admitted: 1, Rate: 1000, Waiting: api.WaitingCounts{Capacity: 1}},
		{At: second, Limit: 3, InUse: 1, Admitted: 1, Rate: 2.5, Stopped: true, Waiting: api.WaitingCounts{Stopped: 1}},
	}
	for query, test := range map[string]struct {
		step int
		want []api.CapacitySample
	}{
		"":                                    {300, want},
		"?from=" + at(first):                  {60, want},
		"?from=" + at(first.Add(time.Second)): {60, want},
		"?from=" + at(second):                 {60, want[1:]},
		"?to=" + at(second):                   {300, want[:1]},
		"?from=2020-01-01T00:00:00Z":          {1800, want},
		"?from=2020-01-01T00:00:00Z&to=" + at(second):          {1800, want[:1]},
		"?to=2020-01-01T00:00:00Z":                             {60, nil},
		"?from=" + at(first) + "&to=" + "2200-01-01T00:00:00Z": {60, want},
	} {
		got := shown(query)
		if got.Step != test.step || len(got.Samples) != len(test.want) {
			t.Errorf("%q shows %+v", query, got)
			continue
		}
		for i := range got.Samples {
			if got.Samples[i] != test.want[i] {
				t.Errorf("%q shows %+v, not %+v", query, got.Samples[i], test.want[i])
			}
		}
	}
	if again := b.anna.get("/v1/capacity/samples").header.Get("Retry-After"); again != "60" {
		t.Errorf("to be looked at again after %q", again)
	}
	if again := b.anna.get("/v1/capacity/samples?to=" + at(first)).header.Get("Retry-After"); again != "" {
		t.Errorf("what is past is to be looked at again after %q", again)
	}
}

func TestABatchIsShownOverTimeFromItsBeginningToItsEnd(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	list := b.anna.batch("+12025550142", "+12025550143")
	path := "/v1/batches/" + list.ID + "/samples"
	shown := func(query string) (api.BatchSamples, string) {
		t.Helper()
		got := b.anna.get(path + query).is(http.StatusOK)
		return decode[api.BatchSamples](got), got.header.Get("Retry-After")
	}
	same := func(what string, got api.BatchSamples, want ...api.BatchSample) {
		t.Helper()
		if len(got.Samples) != len(want) {
			t.Fatalf("%s: %+v", what, got)
		}
		for i := range want {
			if got.Samples[i] != want[i] {
				t.Errorf("%s: %+v, not %+v", what, got.Samples[i], want[i])
			}
		}
	}
	beginning := api.BatchSample{At: list.CreatedAt, Counts: api.BatchCounts{Waiting: 2}}
	got, again := shown("")
	same("at once", got, beginning)
	if got.Step != 60 || again != "60" {
		t.Errorf("steps of %d seconds, to be looked at again after %q", got.Step, again)
	}
	b.complete(call.BatchCallID(list.ID, 1))
	half := api.BatchSample{At: b.sample(), Counts: api.BatchCounts{Waiting: 1, Completed: 1}}
	got, _ = shown("")
	same("half-way", got, beginning, half)
	b.complete(call.BatchCallID(list.ID, 2))
	if _, again := shown(""); again != "60" {
		t.Errorf("over, but the last sample is still to come: to be looked at again after %q", again)
	}
	end := api.BatchSample{At: b.sample(), Counts: api.BatchCounts{Completed: 2}}
	b.sample()
	got, again = shown("")
	same("at the end", got, beginning, half, end)
	if again != "" {
		t.Errorf("over, and to be looked at again after %q", again)
	}
	got, _ = shown("?from=" + at(half.At.Add(time.Second)))
	same("from half-way", got, half, end)
	got, _ = shown("?to=" + at(half.At))
	same("until half-way", got, beginning)
}

func TestABatchsSamplesAreItsOwnersAndAdministrators(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	path := "/v1/batches/" + b.anna.batch("+12025550142").ID + "/samples"
	b.bert.get(path).is(http.StatusNotFound).refused(api.ProblemCodeBatchNotFound, "-")
	b.root.get(path).is(http.StatusOK)
	b.anna.get("/v1/batches/x/samples").is(http.StatusNotFound).refused(api.ProblemCodeBatchNotFound, "-")
}

func TestANewSampleChangesTheTag(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	list := b.anna.batch("+12025550142")
	for _, path := range []string{"/v1/capacity/samples", "/v1/batches/" + list.ID + "/samples"} {
		b.sample()
		etag := b.anna.get(path).header.Get("ETag")
		b.sample() // nothing has changed
		b.anna.get(path, ifNoneMatch, etag).is(http.StatusNotModified)
	}
	paths := map[string]string{}
	for _, path := range []string{"/v1/capacity/samples", "/v1/batches/" + list.ID + "/samples"} {
		paths[path] = b.anna.get(path).header.Get("ETag")
	}
	b.admit(call.BatchCallID(list.ID, 1))
	b.sample()
	for path, etag := range paths {
		b.expectChange(path, etag, "a new sample")
	}
}
