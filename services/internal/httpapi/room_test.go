package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/gateway"
)

// large makes a batch whose calls have as much metadata as is allowed, of the
// character that every encoding makes longer.
func (b *bundle) large(rows int) (id string) {
	b.t.Helper()
	metadata := map[string]string{}
	for n := range 50 {
		metadata[fmt.Sprintf("%064d", n)] = strings.Repeat(`"`, 500)
	}
	list := api.SubmitBatchRequest{}
	for n := range rows {
		list.Rows = append(list.Rows, api.BatchRow{PhoneNumber: fmt.Sprintf("+120255501%02d", n), Metadata: metadata})
	}
	body, err := json.Marshal(list)
	b.must(err)
	id = decode[api.SubmittedBatch](b.anna.post("/v1/batches", string(body)).is(http.StatusAccepted)).ID
	b.expand()
	return id
}

// TestAPageEndsBeforeItIsMoreThanLambdaLetsOut: nothing is left out, no page has
// more bytes than an answer may have, and none ends long before that.
func TestAPageEndsBeforeItIsMoreThanLambdaLetsOut(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	const rows = 90
	id := b.large(rows)
	var ids []string
	for n := range rows {
		ids = append(ids, call.BatchCallID(id, n+1))
		b.deadLetter(ids[n])
	}
	newest := slices.Clone(ids)
	slices.Reverse(newest)
	batches := []string{id}
	for range 140 {
		b.tick()
		one := b.anna.post("/v1/batches", `{"agent": {"instructions": "`+strings.Repeat("<", 4_000)+`"}, "rows": [{"phone_number": "+12025550142"}]}`)
		batches = append(batches, decode[api.SubmittedBatch](one.is(http.StatusAccepted)).ID)
	}
	slices.Reverse(batches)
	for path, want := range map[string][]string{
		"/v1/calls?limit=200":                            newest,
		"/v1/dead-letters?limit=200":                     newest,
		"/v1/batches/" + id + "/calls?limit=200":         ids,
		"/v1/batches/" + id + "/results.csv?limit=10000": ids,
		"/v1/batches/" + id + "/results.csv":             ids,
		"/v1/batches?limit=200":                          batches,
	} {
		got, pages := b.root.whole(path)
		if !slices.Equal(got, want) {
			t.Errorf("%s has %v, not %v", path, got, want)
		}
		if len(pages) < 2 {
			t.Errorf("%s is one page", path)
		}
		for i, page := range pages {
			if event := inEvent(t, page); event > gateway.MaxPayload {
				t.Errorf("%s, page %d: %d bytes make an event of %d", path, i+1, len(page), event)
			}
			if i+1 < len(pages) && len(page) < 2_800_000 {
				t.Errorf("%s, page %d has %d bytes only", path, i+1, len(page))
			}
		}
	}
}

// inEvent is how many bytes an answer has on its way out of Lambda.
func inEvent(t *testing.T, body []byte) int {
	t.Helper()
	event, err := json.Marshal(string(body))
	if err != nil {
		t.Fatal(err)
	}
	const headers = 64 << 10 // more than they ever have
	return len(event) + headers
}

// whole reads a list to its end: the ids, and each page as it came.
func (u user) whole(path string) (ids []string, pages [][]byte) {
	u.b.t.Helper()
	at, err := url.Parse(path)
	u.b.must(err)
	for range 100 {
		got := u.get(at.String()).is(http.StatusOK)
		items, next := contents(u.b.t, at.Path, got)
		ids, pages = append(ids, items...), append(pages, got.body)
		if next == "" {
			return ids, pages
		}
		query := at.Query()
		query.Set("cursor", next)
		at.RawQuery = query.Encode()
	}
	u.b.t.Fatalf("%s has no end", path)
	return nil, nil
}

// contents are what stands in a page, and where the next one begins.
func contents(t *testing.T, path string, got *reply) (ids []string, next string) {
	t.Helper()
	if strings.HasSuffix(path, ".csv") {
		return csvPage(t, got)
	}
	var body struct {
		Calls, Batches []struct{ ID string }
		Next           string `json:"next_cursor"`
	}
	if err := json.Unmarshal(got.body, &body); err != nil {
		t.Fatal(err)
	}
	for _, item := range append(body.Calls, body.Batches...) {
		ids = append(ids, item.ID)
	}
	return ids, body.Next
}
