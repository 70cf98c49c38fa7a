package e2e_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"

	"github.com/outdial/outdial/e2e/internal/lambda"
	"github.com/outdial/outdial/e2e/internal/world"
)

// TestAHundredThousandRowsAreAcceptedInOneRequestExpandedAndCanceled, while the
// first of them are called. The cancel overtakes the expansion: rows that are no
// calls yet become canceled ones.
func TestAHundredThousandRowsAreAcceptedInOneRequestExpandedAndCanceled(t *testing.T) {
	t.Parallel()
	const (
		rows     = api.MaxRows
		expanded = 3_000 // at least, when it is canceled
	)
	w := world.Start(t, world.Parameters{"Carrier": "simulated:FOLDER?speed=500"})
	w.Admin("root").SetCapacity(t, 5, 2)
	ada := w.Person("ada")
	var list bytes.Buffer
	list.WriteString("phone_number\n")
	for i := range rows {
		fmt.Fprintf(&list, "+49301%07d\n", i)
	}

	began := time.Now()
	batch := world.Do[api.SubmittedBatch](t, ada, http.StatusAccepted, http.MethodPost, "/batches", list.Bytes(), "Content-Type", "text/csv")
	accepted := time.Now()
	if batch.Rows != rows || batch.Refused != 0 || batch.Counts.Waiting != rows {
		t.Fatalf("accepted %d, refused %d: %+v", batch.Rows, batch.Refused, batch.Counts)
	}
	row := func(n int) string { return fmt.Sprintf("call_%s-%06d", strings.TrimPrefix(batch.ID, "batch_"), n) }
	read := func() api.Batch {
		return world.Do[api.Batch](t, ada, http.StatusOK, http.MethodGet, "/batches/"+batch.ID, nil)
	}
	ended := func(c api.BatchCounts) int { return c.Completed + c.Busy + c.NoAnswer + c.Failed + c.Expired }
	world.Eventually(t, "rows are calls", func() int {
		got, err := ada.Request(t.Context(), http.MethodGet, "/calls/"+row(expanded), nil)
		if err != nil {
			t.Fatal(err)
		}
		return got.Status
	}, func(status int) bool { return status == http.StatusOK })
	reached := time.Now()
	world.Eventually(t, "some calls are over", read, func(b api.Batch) bool { return ended(b.Counts) > 2 })

	canceled := time.Now()
	world.Do[api.Batch](t, ada, http.StatusAccepted, http.MethodPost, "/batches/"+batch.ID+"/cancel", nil)
	end := world.Within(t, 5*time.Minute, time.Second, "no call is left", read, func(b api.Batch) bool { return b.Counts.Waiting+b.Counts.Active == 0 })
	over := time.Now()
	if c := end.Counts; end.Status != api.BatchStatusCanceled || c.Canceled+ended(c) != rows || c.Canceled < rows-1_000 || ended(c) < 3 {
		t.Errorf("the batch is %s with %+v", end.Status, c)
	}
	for _, n := range []int{expanded, rows} {
		if c := ada.Call(t, row(n)); c.Status != api.CallStatusCanceled || c.Dials != 0 {
			t.Errorf("row %d is %s after %d dials", n, c.Status, c.Dials)
		}
	}
	dials, err := w.Dials()
	if err != nil {
		t.Fatal(err)
	}
	dialed := map[string]bool{}
	for _, d := range dials {
		if dialed[d.Number] {
			t.Errorf("%s was dialed twice", d.CallID)
		}
		dialed[d.Number] = true
	}
	t.Logf("accepted in %s; %.0f rows a second expanded, %.0f canceled, nearly all of which were no calls yet",
		accepted.Sub(began).Round(time.Millisecond), expanded/reached.Sub(accepted).Seconds(), rows/over.Sub(canceled).Seconds())
}

// TestTheLargestRequestIsWhatLambdaTakes: 6 MB are the event's, headers and escapes
// with it, so a body has less. One byte more never reaches the function, and is
// answered by API Gateway, without a problem document.
func TestTheLargestRequestIsWhatLambdaTakes(t *testing.T) {
	t.Parallel()
	w := world.Start(t, nil)
	ada := w.Person("ada")
	var list bytes.Buffer
	for i := range api.MaxRows {
		fmt.Fprintf(&list, `,{"phone_number":"+49301%07d"}`, i)
	}
	rows := `{"rows":[` + list.String()[1:] + `]}`
	// check sends the largest list, with spaces behind it.
	check := func(spaces int) world.Answer {
		got, err := ada.Request(t.Context(), http.MethodPost, "/batches?dry_run=true", []byte(rows+strings.Repeat(" ", spaces)))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	const some = 1 << 20
	if got := check(some); got.Status != http.StatusOK || !bytes.Contains(got.Body, []byte(`"rows":100000`)) {
		t.Fatalf("the largest list is answered %d %.300s", got.Status, got.Body)
	}
	room := some + lambda.MaxPayload - w.Gateway.EventBytes()
	if got := check(room); got.Status != http.StatusOK || w.Gateway.EventBytes() != lambda.MaxPayload {
		t.Errorf("an event of %d bytes is answered %d %.300s", w.Gateway.EventBytes(), got.Status, got.Body)
	}
	before := w.API.Invocations()
	for _, spaces := range []int{room + 1, api.MaxBodyBytes - len(rows), 11 << 20} {
		got := check(spaces)
		if got.Status != http.StatusRequestEntityTooLarge || string(got.Body) != `{"message":"Request Entity Too Large"}` {
			t.Errorf("a body of %d bytes is answered %d %.300s", len(rows)+spaces, got.Status, got.Body)
		}
	}
	if n := w.API.Invocations() - before; n != 0 {
		t.Errorf("the function saw %d of them", n)
	}
}
