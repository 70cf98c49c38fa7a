package e2e_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/outdial/outdial/contracts/api"

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

	end := world.Eventually(t, "the batch is completed", func() api.Batch {
		return world.Do[api.Batch](t, ada, http.StatusOK, http.MethodGet, "/batches/"+batch.ID, nil)
	}, func(b api.Batch) bool { return b.Status == api.BatchStatusCompleted })

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
