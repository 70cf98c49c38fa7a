package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
)

// While everything changes, whoever reads sees at every moment a state that can
// be. (That each answer fits the contract, and that no two requests race, is seen
// by the bundle and by the race detector.)
func TestWhoReadsWhileOthersWriteSeesWhatCanBe(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	const rows = 30
	lines := make([]string, rows)
	for i := range lines {
		lines[i] = fmt.Sprintf("+120255501%02d", i)
	}
	list := decode[api.SubmittedBatch](b.anna.post("/v1/batches", "phone\n"+strings.Join(lines, "\n"), "Content-Type", "text/csv").is(http.StatusAccepted)).ID
	done := make(chan struct{})
	var readers sync.WaitGroup
	for _, read := range []func(){
		func() { b.readBatch(t, list, rows) },
		func() { b.readMembers(t, list, rows) },
		func() { b.readAll(t, list) },
	} {
		readers.Go(func() {
			for {
				read()
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	b.changeEverything(t, list, rows)
	close(done)
	readers.Wait()
	b.readBatch(t, list, rows)
	if got := decode[api.Batch](b.anna.get("/v1/batches/" + list)); got.Counts != (api.BatchCounts{Completed: 10, Canceled: 20}) {
		t.Errorf("it ends as %+v", got.Counts)
	}
}

func (b *bundle) changeEverything(t *testing.T, list string, rows int) {
	t.Helper()
	b.expand()
	for n := 1; n <= rows; n++ {
		id := call.BatchCallID(list, n)
		switch n % 3 {
		case 0:
			b.complete(id)
		case 1:
			b.anna.post("/v1/calls/"+id+"/cancel", "").is(http.StatusOK)
		}
		switch n % 10 {
		case 0:
			b.anna.post("/v1/batches/"+list+"/pause", "").is(http.StatusAccepted)
			b.anna.post("/v1/batches/"+list+"/resume", "").is(http.StatusAccepted)
		case 5:
			b.root.put("/v1/capacity", fmt.Sprintf(`{"limit":%d}`, 10+n)).is(http.StatusOK)
			b.deadLetter(b.anna.call("+12025550199").ID)
			b.root.post("/v1/dead-letters/redrive", `{"all":true}`).is(http.StatusAccepted)
			b.expand()
		}
	}
	b.anna.post("/v1/batches/"+list+"/cancel", "").is(http.StatusAccepted)
	b.expand()
}

func (b *bundle) readBatch(t *testing.T, list string, rows int) {
	got, err := b.anna.try(sending{method: http.MethodGet, path: "/v1/batches/" + list})
	if err != nil || got.status != http.StatusOK {
		t.Errorf("the batch can't be read: %v", err)
		return
	}
	n := decode[api.Batch](got).Counts
	if sum := n.Waiting + n.Active + n.Completed + n.Busy + n.NoAnswer + n.Failed + n.Canceled + n.Expired; sum != rows {
		t.Errorf("the counts add up to %d: %+v", sum, n)
	}
}

// readMembers reads all pages; each row stands in them once, in order.
func (b *bundle) readMembers(t *testing.T, list string, rows int) {
	last, path := 0, "/v1/batches/"+list+"/calls?limit=25"
	for cursor := ""; ; {
		got, err := b.anna.try(sending{method: http.MethodGet, path: path + cursor})
		if err != nil || got.status != http.StatusOK {
			t.Errorf("the calls can't be read: %v", err)
			return
		}
		page := decode[api.CallList](got)
		for _, c := range page.Calls {
			if *c.Row <= last || *c.Row > rows+1 {
				t.Errorf("row %d stands behind row %d", *c.Row, last)
			}
			last = *c.Row
			if (c.Status == api.CallStatusQueued) != (c.Waiting != nil) {
				t.Errorf("a call is %s and waits for %+v", c.Status, c.Waiting)
			}
		}
		if page.NextCursor == nil {
			return
		}
		cursor = "&cursor=" + *page.NextCursor
	}
}

func (b *bundle) readAll(t *testing.T, list string) {
	for _, path := range []string{"/v1/capacity", "/v1/calls", "/v1/batches", "/v1/dead-letters", "/v1/batches/" + list + "/results.csv", "/v1/calls/" + call.BatchCallID(list, 1)} {
		got, err := b.root.try(sending{method: http.MethodGet, path: path})
		if err != nil || got.status != http.StatusOK && got.status != http.StatusNotFound {
			t.Errorf("%s can't be read: %v", path, err)
		}
	}
}
