package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/verify"
)

// records is what the writes that succeeded say: the truth that slots, counters
// and claims are held against.
type records struct {
	w          *world
	ids        []string // of all calls, in the order in which they came
	calls      map[string]call.Call
	batchIDs   []string
	batches    map[string]call.Batch
	counts     map[string]*call.Counts // of each batch, from its records
	redriveIDs []string
	active     int
	admitted   int64 // admissions so far
	writes     int
	rateAt     time.Time // of the last token

	stopped  map[string]int        // the step at which an agent was asked to stop, by call
	passed   map[call.LaneKey]int  // how often others were served since the lane was
	marks    map[messages.Job]bool // marked jobs that somebody redrove
	redriven map[[2]string]bool    // calls that a redrive reopened
}

func (r *records) open(w *world) {
	*r = records{
		w: w, calls: map[string]call.Call{}, batches: map[string]call.Batch{}, counts: map[string]*call.Counts{},
		stopped: map[string]int{}, passed: map[call.LaneKey]int{}, marks: map[messages.Job]bool{}, redriven: map[[2]string]bool{},
	}
}

func (r *records) has(id string) bool      { _, ok := r.calls[id]; return ok }
func (r *records) hasBatch(id string) bool { _, ok := r.batches[id]; return ok }

// redrivable notes that somebody redrove a job of the dead-letter queue.
func (r *records) redrivable(job messages.Job) { r.marks[job] = true }

// put notes a record that was written.
func (r *records) put(ch call.Change) {
	after := ch.After
	if ch.New() {
		r.ids = append(r.ids, after.ID)
	}
	r.active += ch.Slots()
	if ch.Move == call.MoveAdmitted {
		r.admitted++
	}
	if n := r.counts[after.BatchID]; n != nil {
		if !ch.New() {
			*tally(n, ch.Before.Status)--
		}
		*tally(n, after.Status)++
	}
	r.calls[after.ID] = after
}

// tally is where a batch counts a call of this status.
func tally(n *call.Counts, s call.Status) *int {
	switch {
	case s == call.Queued:
		return &n.Waiting
	case s.Active():
		return &n.Active
	}
	return map[call.Status]*int{
		call.Completed: &n.Completed, call.Busy: &n.Busy, call.NoAnswer: &n.NoAnswer,
		call.Failed: &n.Failed, call.Canceled: &n.Canceled, call.Expired: &n.Expired,
	}[s]
}

// checkEvery is after how many writes the whole store is checked.
const checkEvery = 25

// check holds slots and counters against the records.
func (r *records) check(batchID string) {
	w := r.w
	room, _ := w.store.Capacity(w.ctx)
	if room.InUse != r.active {
		w.violate("slots equal active attempts", "%d slots in use, %d attempts active", room.InUse, r.active)
	}
	if room.Admitted != r.admitted {
		w.violate("each admission is counted once", "%d were counted, %d were written", room.Admitted, r.admitted)
	}
	if n := r.counts[batchID]; n != nil {
		b := r.batches[batchID]
		want := *n
		want.Waiting += b.Rows - b.Expanded
		if got, _ := w.store.BatchCounts(w.ctx, batchID); got != want {
			w.violate("a batch's counters equal its records", "%s counts %+v, its records %+v", batchID, got, want)
		}
	}
	if r.writes++; r.writes%checkEvery == 0 {
		r.checkStore()
	}
}

func (r *records) checkStore() {
	if err := verify.Check(r.w.ctx, r.w.store); err != nil {
		lines := strings.Split(err.Error(), "\n")
		slices.Sort(lines) // they come in the order of a map
		r.w.violate("the store doesn't contradict itself", "%s", strings.Join(lines, "; "))
	}
}

// checkEnd holds the world against what must be true once everything is over.
func (w *world) checkEnd() {
	if s := w.unfinished(); s != "" {
		w.violate("everything ends", "%s", s)
		return
	}
	w.records.checkStore()
	for _, id := range w.records.ids {
		w.checkOutcome(w.records.calls[id])
		w.checkMark(w.records.calls[id])
		w.checkDials(w.records.calls[id])
	}
	w.checkRedrives()
}

// checkMark: what can be redriven is in the dead-letter queue too, for AWS's own
// redrive. A mark that was put back is dropped when the batch is canceled.
func (w *world) checkMark(c call.Call) {
	mark := messages.Job{CallID: c.ID, Attempt: c.Attempt, Dead: true}
	if c.DeadLettered() && w.records.batches[c.BatchID].State != call.StateCanceled && !slices.Contains(w.mail.dead, mark) {
		w.violate("a dead letter is in the dead-letter queue", "%s/%d", c.ID, c.Attempt)
	}
}

// unfinished tells what is not over; "" when all is.
func (w *world) unfinished() string {
	var left []string
	for _, id := range w.records.ids {
		if c := w.records.calls[id]; !c.Status.Final() {
			left = append(left, fmt.Sprintf("%s is %s at attempt %d", c.ID, c.Status, c.Attempt))
		}
	}
	for _, id := range w.records.batchIDs {
		if b := w.records.batches[id]; !b.Due.IsZero() {
			left = append(left, fmt.Sprintf("%s is expanded to %d and canceled to %d of %d", b.ID, b.Expanded, b.CanceledTo, b.Rows))
		}
	}
	for _, id := range w.records.redriveIDs {
		if r, _ := w.store.Redrive(w.ctx, id); !r.Done {
			left = append(left, fmt.Sprintf("%s is not done: %d redriven, %d skipped", id, r.Redriven, r.Skipped))
		}
	}
	if room, _ := w.store.Capacity(w.ctx); room.InUse != 0 {
		left = append(left, fmt.Sprintf("%d slots are taken", room.InUse))
	}
	if lanes, _ := w.store.WaitingLanes(w.ctx); len(lanes) > 0 {
		left = append(left, fmt.Sprintf("%d lanes wait", len(lanes)))
	}
	if due, _ := w.store.Due(w.ctx, w.now.AddDate(10, 0, 0), 100); len(due) > 0 {
		left = append(left, fmt.Sprintf("%s %s is due, and %d in all", due[0].Kind, due[0].ID, len(due)))
	}
	if n := len(w.mail.jobs) + len(w.mail.news); n > 0 {
		left = append(left, fmt.Sprintf("%d messages are in the queues", n))
	}
	for _, l := range w.carrier.legs {
		if w.carrier.live(l) && !w.unclear(l.request.CallID, l.request.Attempt) {
			left = append(left, fmt.Sprintf("%s of %s/%d goes on", l.reference, l.request.CallID, l.request.Attempt))
		}
	}
	for _, a := range w.actors {
		left = append(left, fmt.Sprintf("%s stands before %s", a.name, a.port))
	}
	return strings.Join(left, "; ")
}
