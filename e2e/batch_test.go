package e2e_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"

	"github.com/outdial/outdial/e2e/internal/front"
	"github.com/outdial/outdial/e2e/internal/world"
)

func TestABatchOf300WithBadRowsGoesToItsEnd(t *testing.T) {
	t.Parallel()
	w := world.Start(t, world.Parameters{"Carrier": "simulated:FOLDER?speed=500"})
	w.Admin("root").SetCapacity(t, 20, 20)
	ada := w.Person("ada")

	var rows []api.BatchRow
	for i := range 290 {
		rows = append(rows, api.BatchRow{PhoneNumber: fmt.Sprintf("+1202555%04d", 1000+i)})
	}
	for range 5 {
		rows = append(rows, api.BatchRow{PhoneNumber: "12"}, api.BatchRow{PhoneNumber: rows[0].PhoneNumber})
	}
	batch := world.Do[api.SubmittedBatch](t, ada, http.StatusAccepted, http.MethodPost, "/batches", api.SubmitBatchRequest{Rows: rows})
	if batch.Rows != 290 || batch.Refused != 10 || len(batch.RefusedRows) != 10 {
		t.Fatalf("accepted %d, refused %d: %v", batch.Rows, batch.Refused, batch.RefusedByCode)
	}

	refused := world.Do[api.RefusedRowList](t, ada, http.StatusOK, http.MethodGet, "/batches/"+batch.ID+"/refused", nil)
	if !slices.Equal(refused.RefusedRows, batch.RefusedRows) {
		t.Errorf("refused rows: %+v, want %+v", refused.RefusedRows, batch.RefusedRows)
	}

	end := world.Eventually(t, "the batch is completed", func() api.Batch { return ada.Batch(t, batch.ID) }, func(b api.Batch) bool { return b.Status == api.BatchStatusCompleted })

	c := end.Counts
	if c.Waiting+c.Active+c.Canceled+c.Expired != 0 || c.Completed+c.Busy+c.NoAnswer+c.Failed != 290 || c.Completed == 0 {
		t.Errorf("the counts are %+v", c)
	}
	if most := w.ECS.Most(); most > 20 {
		t.Errorf("%d tasks ran at once, and the limit is 20", most)
	}
	dials, err := w.Dials()
	if err != nil || len(dials) != 290 {
		t.Errorf("%d dials, %v", len(dials), err)
	}
}

// TestALookThatTakesLongerThanAFunctionMayIsHandedOn: the table is slow, so one
// invocation doesn't get through a list. It ends in time, and asks for another.
func TestALookThatTakesLongerThanAFunctionMayIsHandedOn(t *testing.T) {
	t.Parallel()
	w := world.Start(t, nil)
	ada := w.Person("ada")
	w.Admin("root").Stop(t, true)
	asked := make(chan front.Call, 100)
	eventsQueue := []byte(w.Data["EventsQueueUrl"])
	w.Front.Inject(front.Fault{
		Caller: "tracker", Service: "sqs", Before: func(c front.Call) { asked <- c },
		Match: func(c front.Call) bool {
			return bytes.Contains(c.Body, eventsQueue) && bytes.Contains(c.Body, []byte(`\"look\"`))
		},
	})
	lift := w.Front.Inject(front.Fault{
		Caller: "tracker", Service: "dynamodb", Operation: "TransactWriteItems",
		Before: func(front.Call) { <-time.After(2 * time.Second) },
	})

	batch := ada.SubmitNumbers(t, numbers(1600)...)
	within(t, "the tracker asks for another look", asked)
	lift()
	last := "/calls/" + strings.Replace(batch.ID, "batch_", "call_", 1) + "-001600"
	world.Eventually(t, "the last row is a call", func() world.Answer {
		got, err := ada.Request(t.Context(), http.MethodGet, last, nil)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}, func(a world.Answer) bool { return a.Status == http.StatusOK })
}
