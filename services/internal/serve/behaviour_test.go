package serve_test

import (
	"context"
	"io"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/serve"
	"github.com/outdial/outdial/services/internal/simcarrier"
)

func TestAListEndsWithEveryGoodRowCalledAndEveryBadRowListed(t *testing.T) {
	t.Parallel()
	r := start(t, config(t.TempDir()))
	list := "\ufeffName;Telefon\r\nAnn;+12025550100\r\nBen;+12025550101\r\nCem;12\r\n\r\nDan;(202) 555-0101\r\nEve;+12025550102\r\n"
	region := "US"
	answer, err := r.client.SubmitBatchWithBodyWithResponse(t.Context(), &api.SubmitBatchParams{Region: &region}, "text/csv", strings.NewReader(list))
	if err != nil || answer.JSON202 == nil {
		t.Fatalf("submit: %v %s", err, answer.Body)
	}
	b := answer.JSON202
	if b.Rows != 3 || b.Refused != 2 || b.RefusedByCode["duplicate_number"] != 1 || b.RefusedByCode["phone_number_invalid"] != 1 {
		t.Errorf("accepted %d, refused %d: %v", b.Rows, b.Refused, b.RefusedByCode)
	}
	done := r.completed(b.ID)
	if done.Completed != 1 || done.Busy != 1 || done.NoAnswer != 1 {
		t.Errorf("counts are %+v, want one each of completed, busy and no-answer", done)
	}
}

func (r *running) completed(id string) api.BatchCounts {
	r.t.Helper()
	var last *api.Batch
	eventually(r.t, "batch "+id+" is completed", func() (bool, any) {
		last = r.batch(id)
		return last.Status == api.BatchStatusCompleted, last.Counts
	})
	return last.Counts
}

func (r *running) cancel(id string) *api.CancelCallResponse {
	r.t.Helper()
	answer, err := r.client.CancelCallWithResponse(r.t.Context(), id, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer
}

func (r *running) setCapacity(change api.SetCapacityRequest) {
	r.t.Helper()
	answer, err := r.client.SetCapacityWithResponse(r.t.Context(), change)
	if err != nil || answer.JSON200 == nil {
		r.t.Fatalf("set capacity: %v %s", err, answer.Body)
	}
}

func TestAWaitingCallIsCanceledAtOnceAndNeverDialed(t *testing.T) {
	t.Parallel()
	r := start(t, config(t.TempDir()))
	yes, no := true, false
	r.setCapacity(api.SetCapacityRequest{Stopped: &yes})
	c := r.submit(simcarrier.NumberAnswered)
	eventually(t, "the call waits because admission is stopped", func() (bool, any) {
		w := r.call(c.ID).Waiting
		return w != nil && w.Reason == api.WaitingReasonStopped, w
	})
	answer := r.cancel(c.ID)
	if answer.JSON200 == nil || answer.JSON200.Status != api.CallStatusCanceled {
		t.Fatalf("cancel answered %s", answer.Body)
	}
	r.setCapacity(api.SetCapacityRequest{Stopped: &no})
	r.ended(r.submit(simcarrier.NumberBusy).ID) // somebody later is called
	if dials := r.dials(); len(dials) != 1 || dials[0].Number != simcarrier.NumberBusy {
		t.Errorf("dialed %v, want only the later call", dials)
	}
}

func (r *running) dials() []simcarrier.Dial {
	r.t.Helper()
	dials, err := simcarrier.ReadDials(filepath.Join(r.data, "carrier"))
	if err != nil {
		r.t.Fatal(err)
	}
	return dials
}

func TestACallInTalkIsHungUpByItsCancel(t *testing.T) {
	t.Parallel()
	c := config(t.TempDir())
	c.Carrier.Speed = 10
	r := start(t, c)
	id := r.submit(simcarrier.NumberLongTalk).ID
	eventually(t, "somebody has answered", func() (bool, any) {
		c := r.call(id)
		return c.Status == api.CallStatusInProgress, c.Status
	})
	if answer := r.cancel(id); answer.JSON202 == nil || !answer.JSON202.CancelRequested {
		t.Fatalf("cancel answered %s", answer.Body)
	}
	if c := r.ended(id); c.Status != api.CallStatusCanceled || c.Dials != 1 {
		t.Errorf("ended as %s after %d dials, want canceled after 1", c.Status, c.Dials)
	}
	if again := r.cancel(id); again.JSON200 == nil {
		t.Errorf("canceling it again answered %s, want 200", again.Body)
	}
}

func TestTheLimitHoldsThoughMoreWait(t *testing.T) {
	t.Parallel()
	c := config(t.TempDir())
	c.Limit = 3
	r := start(t, c)
	id := r.submitList(20).ID
	most := 0
	eventually(t, "the batch is completed", func() (bool, any) {
		b := r.batch(id)
		most = max(most, b.Counts.Active)
		return b.Status == api.BatchStatusCompleted, b.Counts
	})
	if most > 3 {
		t.Errorf("%d calls were active at once, above the limit of 3", most)
	}
}

func TestCallsOutliveTheirServerAndTheNextOneFindsThem(t *testing.T) {
	t.Parallel()
	c := config(t.TempDir())
	c.Carrier.Speed = 60
	first := start(t, c)
	id := first.submit(simcarrier.NumberLongTalk).ID
	eventually(t, "somebody has answered", func() (bool, any) {
		c := first.call(id)
		return c.Status == api.CallStatusInProgress, c.Status
	})
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	second := start(t, c)
	if got := second.call(id); got.Status != api.CallStatusInProgress {
		t.Errorf("after the restart the call is %s, want in-progress", got.Status)
	}
	if got := second.ended(id); got.Status != api.CallStatusCompleted || got.Dials != 1 {
		t.Errorf("ended as %s after %d dials, want completed after 1", got.Status, got.Dials)
	}
}

func TestBadLuckAtTheStartIsASentenceThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	busy := config(t.TempDir())
	other := start(t, busy)
	for name, change := range map[string]struct {
		config func(*serve.Config)
		says   string
	}{
		"the data folder is used by another server": {func(c *serve.Config) { c.Data = busy.Data }, "another `outdial serve` uses the data folder"},
		"the port is taken":                         {func(c *serve.Config) { c.Listen = other.address }, "is taken by another program"},
		"the address can be reached from elsewhere": {func(c *serve.Config) { c.Listen = "0.0.0.0:0" }, "development issuer is for this machine only"},
		"a rate is no number":                       {func(c *serve.Config) { c.Rate = math.NaN() }, "--rate"},
		"a share of simulated calls is above all":   {func(c *serve.Config) { c.Carrier.Answer = 2 }, "--sim"},
		"several flags are wrong":                   {func(c *serve.Config) { c.Rate, c.Limit = 0, -1 }, "--limit"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config(t.TempDir())
			c.Out, c.Err = io.Discard, io.Discard
			change.config(&c)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if err := serve.Run(ctx, c); err == nil || !strings.Contains(err.Error(), change.says) {
				t.Errorf("got %v, want a sentence with %q", err, change.says)
			}
		})
	}
}
