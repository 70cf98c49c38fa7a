package world

import (
	"net/http"
	"testing"

	"github.com/outdial/outdial/contracts/api"
)

// Capacity reads slots, rate and stop.
func (c Caller) Capacity(t testing.TB) api.Capacity {
	t.Helper()
	return Do[api.Capacity](t, c, http.StatusOK, http.MethodGet, "/capacity", nil)
}

// Stop stops all admission, or lets it go on.
func (c Caller) Stop(t testing.TB, stopped bool) {
	t.Helper()
	Do[api.Capacity](t, c, http.StatusOK, http.MethodPut, "/capacity", api.SetCapacityRequest{Stopped: &stopped})
}

// Cancel cancels a call, which has to be answered with a status: 200 when the call
// is canceled, 202 when its agent is asked to hang up.
func (c Caller) Cancel(t testing.TB, id string, want int) api.Call {
	t.Helper()
	return Do[api.Call](t, c, want, http.MethodPost, "/calls/"+id+"/cancel", nil)
}

// SubmitNumbers submits a list.
func (c Caller) SubmitNumbers(t testing.TB, numbers ...string) api.SubmittedBatch {
	t.Helper()
	rows := make([]api.BatchRow, len(numbers))
	for i, number := range numbers {
		rows[i].PhoneNumber = number
	}
	return Do[api.SubmittedBatch](t, c, http.StatusAccepted, http.MethodPost, "/batches", api.SubmitBatchRequest{Rows: rows})
}

// Batch reads a batch.
func (c Caller) Batch(t testing.TB, id string) api.Batch {
	t.Helper()
	return Do[api.Batch](t, c, http.StatusOK, http.MethodGet, "/batches/"+id, nil)
}

// CancelBatch cancels a batch, and waits until all of it is over.
func (c Caller) CancelBatch(t testing.TB, id string) api.Batch {
	t.Helper()
	Do[api.Batch](t, c, http.StatusAccepted, http.MethodPost, "/batches/"+id+"/cancel", nil)
	return Eventually(t, "the canceled batch is over", func() api.Batch { return c.Batch(t, id) },
		func(b api.Batch) bool { return b.Counts.Waiting+b.Counts.Active == 0 })
}
