package simulation

import (
	"strings"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
)

// effort is what was done for calls, as the world saw it.
type effort struct {
	closed map[string]int       // attempts that ended without a dial, since the call was redriven
	asked  map[string]time.Time // when its agent was asked to stop
	made   map[string]string    // the call that each person's request made
	kept   map[string]bool      // batches whose rows are kept for good
}

func (e *effort) open() {
	*e = effort{closed: map[string]int{}, asked: map[string]time.Time{}, made: map[string]string{}, kept: map[string]bool{}}
}

// watchEffort: nothing is tried without end, nothing healthy is given up, and
// every wait has an end that is ahead.
func (w *world) watchEffort(a *actor, ch call.Change) {
	id, before, after := ch.After.ID, ch.Before, ch.After
	claim, _ := w.store.Claim(w.ctx, id, before.Attempt)
	w.watchTries(ch, claim)
	w.watchGivenUp(ch)
	switch ch.Move {
	case call.MoveCreated:
		request := a.name + " of " + after.Owner
		if first, ok := w.effort.made[request]; ok && strings.HasSuffix(a.name, ": submit") {
			w.violate("a key makes one call", "%s made %s and %s", request, first, id)
		}
		w.effort.made[request] = id
	case call.MoveTaskStarted:
		if p := w.tasks.byARN[after.Task]; p == nil || p.request.CallID != id || p.request.Attempt != after.Attempt {
			w.violate("an attempt has its own task", "%s/%d has %s", id, after.Attempt, after.Task)
		}
	case call.MoveJobResent, call.MoveLooked:
		if !after.Due.After(ch.At) {
			w.violate("each look moves due on", "%s: %s", id, ch.Move)
		}
		if ch.Move == call.MoveJobResent && after.Resends != before.Resends+1 {
			w.violate("each job that is sent again is counted", "%s: %d, then %d", id, before.Resends, after.Resends)
		}
	case call.MoveCancelRequested:
		w.effort.asked[id] = w.now
	case call.MoveLaunchRefused:
		room, _ := w.store.Capacity(w.ctx)
		if after.Status == call.Queued && (ch.Backoff == nil || room.BackoffUntil.Before(ch.Backoff.Until)) {
			w.violate("a refused launch begins a backoff", "%s/%d", id, before.Attempt)
		}
	}
	if after.Ready() && !before.Ready() && !after.ReadyAt.Equal(ch.At) {
		w.violate("a call joins the end of its lane", "%s at %v as of %v", id, ch.At, after.ReadyAt)
	}
}

// watchTries: a call is tried again only after what its carrier stated, or after
// an attempt that nobody dialed in; of these there are only so many.
func (w *world) watchTries(ch call.Change, claim call.Claim) {
	id := ch.After.ID
	undialed := ch.Move == call.MoveEnded && claim.Outcome != nil && !claim.Outcome.Dialed
	switch {
	case ch.Move == call.MoveRedriven:
		w.effort.closed[id] = 0
		if f := ch.Before.Failure; f == nil || f.Reason != call.ReasonDeadLettered {
			w.violate("only a dead letter is redriven", "%s", id)
		}
		return
	case ch.Move == call.MoveStartFailed, undialed:
		w.effort.closed[id]++
	}
	if ch.After.Status != call.Queued || !ch.Before.Status.Active() {
		return
	}
	if n := w.effort.closed[id]; n >= call.MaxClosed {
		w.violate("attempts without a dial are bounded", "%s waits again after %d", id, n)
	}
	if claim.Holder != call.HolderAgent {
		return
	}
	if o := claim.Outcome; o == nil || (o.Reason != "" && o.Reason != call.ReasonCarrierError) {
		w.violate("only what the carrier stated is tried again", "%s/%d", id, ch.Before.Attempt)
	}
}

// watchGivenUp: a call is dead-lettered only when RunTask refused it for good,
// when several attempts came to nothing, or when launches failed for a day.
func (w *world) watchGivenUp(ch call.Change) {
	id, before := ch.After.ID, ch.Before
	if !ch.After.DeadLettered() || ch.Move == call.MoveMarkSent {
		return
	}
	waited := ch.At.Sub(before.LaunchAt)
	switch {
	case ch.Move == call.MoveLaunchGivenUp && (w.profile[Outage] == 0 || waited < 24*time.Hour):
		w.violate("nothing healthy is given up", "%s/%d was launching for %v", id, before.Attempt, waited)
	case ch.Move == call.MoveLaunchRefused && ch.After.Failure.Cause == call.CauseLaunchRefused:
		if !w.tasks.refused[attempt{id, before.Attempt}] {
			w.violate("nothing healthy is given up", "%s/%d was not refused", id, before.Attempt)
		}
	case ch.Move != call.MoveLaunchGivenUp && w.effort.closed[id] < call.MaxClosed:
		w.violate("nothing healthy is given up", "%s after %d attempts without a dial", id, w.effort.closed[id])
	}
}

// watchStop: a task is stopped that can't dial any more, whose call somebody
// wants to cancel, or that is over its limits.
func (w *world) watchStop(p *process) {
	r := p.request
	c := w.records.calls[r.CallID]
	claim, _ := w.store.Claim(w.ctx, r.CallID, r.Attempt)
	holds := claim.Task == p.arn && claim.Outcome == nil && c.Attempt == r.Attempt && c.Status.Active()
	if holds && !p.over && !c.CancelRequested && w.profile.clocksAreRight() && !w.now.After(claim.Expiry(call.DefaultTiming())) {
		w.violate("nobody hangs up without reason", "%s of %s/%d is stopped", p.arn, r.CallID, r.Attempt)
	}
}

// watchJobs: a call whose job came is a candidate, whatever the lists show: when
// admission isn't held up in the end, each of them that was ready is admitted. (An
// admission of which nobody knows whether it was made is left to the next minute.)
func (w *world) watchJobs(a *actor, jobs []messages.Job, before []call.Call, errs []error) {
	if w.budget > 0 || w.profile[Unclear] > 0 || a.held != "" {
		return
	}
	for i, job := range jobs {
		c := w.records.calls[job.CallID]
		late := !c.LastStart.IsZero() && a.Now().After(c.LastStart)
		if errs[i] == nil && c.Ready() && job.Attempt == c.Attempt && c.Version == before[i].Version && c.BatchID == "" && !late {
			w.violate("a job's own call is a candidate", "%s/%d", c.ID, c.Attempt)
		}
	}
}

// watchIdle holds a world in which nothing goes wrong, in a moment in which nobody
// is at work: nothing waits that could go on.
func (w *world) watchIdle() {
	if !w.plain {
		return
	}
	room, _ := w.store.Capacity(w.ctx)
	launchAt, _ := room.Admit(w.now)
	// A fill that was sent for the end of a backoff comes a step or two later.
	free := room.Held(w.now.Add(-10*time.Millisecond)) == "" && !launchAt.After(w.now)
	for _, id := range w.records.ids {
		c := w.records.calls[id]
		late := !c.LastStart.IsZero() && w.now.After(c.LastStart)
		if b, ok := w.records.batches[c.BatchID]; free && c.Ready() && !late && (!ok || b.State == call.StateActive) {
			w.violate("what is free is filled at once", "%s waits", id)
		}
	}
	for _, l := range w.carrier.legs {
		s, c := l.state(w.now), w.records.calls[l.request.CallID]
		if s.Status == carrier.InProgress && w.now.After(s.AnsweredAt.Add(2*poll)) && c.Status != call.InProgress {
			w.violate("a record follows its call", "%s is %s, and %s", c.ID, c.Status, s.Status)
		}
		if asked, ok := w.effort.asked[c.ID]; ok && !s.Status.Final() && w.now.After(asked.Add(2*poll)) {
			w.violate("a cancel hangs up", "%s goes on", c.ID)
		}
	}
}

// checkDials: a call counts how often its phone rang. What the carrier did not
// state counts as a dial.
func (w *world) checkDials(c call.Call) {
	dials, unclear := 0, 0
	for _, l := range w.carrier.legs {
		dials += boolean(l.request.CallID == c.ID)
	}
	for attempt := 1; attempt <= c.Attempt; attempt++ {
		claim, err := w.store.Claim(w.ctx, c.ID, attempt)
		unclear += boolean(err == nil && claim.Outcome != nil && claim.Outcome.Reason == call.ReasonCarrierUnclear)
	}
	if c.Dials < dials || c.Dials > dials+unclear {
		w.violate("dials are counted", "%s counts %d, and its phone rang %d times", c.ID, c.Dials, dials)
	}
}

// checkRedrives: a redrive counts the calls that it reopened.
func (w *world) checkRedrives() {
	for _, id := range w.records.redriveIDs {
		reopened := 0
		for of := range w.records.redriven {
			reopened += boolean(of[0] == id)
		}
		if r, err := w.store.Redrive(w.ctx, id); err == nil && r.Redriven != reopened {
			w.violate("a redrive counts what it reopened", "%s counts %d, and reopened %d", id, r.Redriven, reopened)
		}
	}
}
