package e2e_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"

	"github.com/outdial/outdial/e2e/internal/world"
)

// problem reads a problem document, which says itself what it is.
func problem(t *testing.T, a world.Answer) api.Problem {
	t.Helper()
	var p api.Problem
	if kind := a.Header.Get("Content-Type"); kind != api.ProblemContentType {
		t.Errorf("a refusal has the content type %q", kind)
	}
	if err := json.Unmarshal(a.Body, &p); err != nil {
		t.Errorf("%v: %s", err, a.Body)
	}
	return p
}

// poller asks for one thing again and again, as a frontend does.
type poller struct {
	caller     world.Caller
	path, etag string
}

// poll asks whether something has changed, and checks what has to hold for every
// answer. Seconds is when it is worth asking again: 0, nothing will change any more.
func (p *poller) poll(t *testing.T) (changed bool, body []byte, seconds int) {
	t.Helper()
	var headers []string
	if p.etag != "" {
		headers = []string{"If-None-Match", p.etag}
	}
	got, err := p.caller.Request(t.Context(), http.MethodGet, p.path, nil, headers...)
	if err != nil {
		t.Fatal(err)
	}
	etag := got.Header.Get("ETag")
	switch {
	case got.Status == http.StatusOK && etag != "" && etag != p.etag:
		changed = true
	case got.Status == http.StatusNotModified && etag == p.etag && len(got.Body) == 0:
	default:
		t.Fatalf("after %q comes %d with %q: %s", p.etag, got.Status, etag, got.Body)
	}
	p.etag = etag
	if after := got.Header.Get("Retry-After"); after != "" {
		if seconds, err = strconv.Atoi(after); err != nil || seconds < 1 || seconds > 30 {
			t.Fatalf("Retry-After is %q", after)
		}
	}
	return changed, got.Body, seconds
}

// wait waits as long as it was told to.
func wait(t *testing.T, seconds int) {
	t.Helper()
	select {
	case <-time.After(time.Duration(seconds) * time.Second):
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
}

// TestAFrontendThatWaitsAsItIsToldSeesTheEnd: it asks no sooner than Retry-After
// says, and only for what has changed.
func TestAFrontendThatWaitsAsItIsToldSeesTheEnd(t *testing.T) {
	t.Parallel()
	w := world.Start(t, nil)
	ada, root := w.Person("ada"), w.Admin("root")
	stop := func(stopped bool) {
		world.Do[api.Capacity](t, root, http.StatusOK, http.MethodPut, "/capacity", api.SetCapacityRequest{Stopped: &stopped})
	}
	stop(true)
	call := ada.Submit(t, answered)
	batch := world.Do[api.SubmittedBatch](t, ada, http.StatusAccepted, http.MethodPost, "/batches",
		api.SubmitBatchRequest{Rows: []api.BatchRow{{PhoneNumber: answered}, {PhoneNumber: busy}}})
	pollers := map[string]*poller{
		"the call":  {caller: ada, path: "/calls/" + call.ID},
		"the batch": {caller: ada, path: "/batches/" + batch.ID},
	}
	for name, p := range pollers {
		for _, first := range []bool{true, false} {
			if changed, _, seconds := p.poll(t); changed != first || seconds == 0 {
				t.Errorf("%s, which waits: changed %t, Retry-After %d", name, changed, seconds)
			}
		}
	}
	stop(false)
	for name, p := range pollers {
		var last []byte
		const most = 30
		for tries, seconds := 0, 1; seconds > 0; tries++ {
			if tries == most {
				t.Fatalf("%s is not over after %d looks: %s", name, tries, last)
			}
			wait(t, seconds)
			var changed bool
			var body []byte
			if changed, body, seconds = p.poll(t); changed {
				last = body
			}
		}
		var end struct{ Status string }
		if err := json.Unmarshal(last, &end); err != nil || end.Status != "completed" {
			t.Errorf("%s, which nobody need ask for any more, is %s", name, last)
		}
		if changed, _, seconds := p.poll(t); changed || seconds != 0 {
			t.Errorf("%s, which is over: changed %t, Retry-After %d", name, changed, seconds)
		}
	}
}
