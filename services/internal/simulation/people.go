package simulation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/intake"
)

// people ask for things, each at a time.
type people struct {
	w      *world
	wishes []wish
	asked  int // for things so far
	asking int // people at it now
}

// wish is what a person asks for.
type wish struct {
	at   time.Time
	what string
	do   func(a *actor) error
}

// plan makes up what people will ask for.
func (p *people) plan() {
	c := p.w.choices
	at := epoch
	all := []wish{
		{what: "submit", do: p.submit},
		{what: "submit for later", do: p.submitForLater},
		{what: "submit a batch", do: p.submitBatch},
		{what: "cancel a call", do: p.cancelCall},
		{what: "cancel a call under way", do: p.cancelUnderWay},
		{what: "cancel a batch", do: p.cancelBatch},
		{what: "pause", do: p.pause},
		{what: "resume", do: p.resume},
		{what: "redrive chosen calls", do: p.redriveChosen},
		{what: "redrive all", do: p.redriveAll},
		{what: "redrive the queue", do: p.redriveQueue},
		{what: "set the capacity", do: p.setCapacity},
	}
	most := 12
	if p.w.profile[Outage] > 0 { // few calls, and nothing that holds them up besides
		most, all = 4, all[:len(all)-1]
	}
	p.wish(at, all[c.below(3)])
	liked := c.below(len(all)) // comes more often than the others
	for n := 0; n < most && c.chance(880); n++ {
		at = at.Add(pick(c, 0, 0, time.Second, 10*time.Second, time.Minute, 10*time.Minute, 2*time.Hour))
		p.wish(at, all[pick(c, c.below(3), liked, c.below(len(all)))])
	}
}

func (p *people) wish(at time.Time, one wish) {
	one.at = at
	p.wishes = append(p.wishes, one)
}

// can adds the next wish, when its time has come. The last, that everything may
// go on, comes when all others are through.
func (p *people) can(can []func()) []func() {
	if p.w.calm && p.asking > 0 {
		return can
	}
	if len(p.wishes) > 0 && !p.w.now.Before(p.wishes[0].at) {
		can = append(can, p.ask)
	}
	return can
}

func (p *people) next(earlier func(time.Time)) {
	if len(p.wishes) > 0 {
		earlier(p.wishes[0].at)
	}
}

// ask lets a person ask, and again a few times after an error, as people do.
func (p *people) ask() {
	wish := p.wishes[0]
	p.wishes = p.wishes[1:]
	p.asked++
	tries := 0
	name := fmt.Sprintf("person %d: %s", p.asked, wish.what)
	skew := p.w.clock(p.asked)
	var try func()
	try = func() {
		tries++
		p.asking++
		p.w.current = p.w.start(name, skew, wish.do, func(err error) {
			p.asking--
			if err != nil && tries < 3 && !errors.Is(err, errEnough) {
				try()
			}
		})
	}
	try()
}

// errEnough ends a wish that can't be fulfilled.
var errEnough = errors.New("there is nothing to do")

// calmDown drops all wishes that are left, and asks for what lets everything go on.
func (p *people) calmDown() {
	p.wishes = nil
	p.wish(p.w.now, wish{what: "let everything go on", do: func(a *actor) error {
		for _, id := range p.w.records.batchIDs {
			if _, err := a.tracker().ResumeBatch(p.w.ctx, id); err != nil && !call.RefusedFor(err, call.ConditionCanceled) {
				return err
			}
		}
		limit, rate, stopped := 2, 1.0, false
		_, err := a.capacity().Set(p.w.ctx, call.CapacityUpdate{Limit: &limit, Rate: &rate, Stopped: &stopped})
		return err
	}})
}

const phoneNumber = "+4930123456%02d"

func (p *people) owner() string { return pick(p.w.choices, "anna", "ben") }

// submit submits a call, with an idempotency key: what is accepted twice is the same call.
func (p *people) submit(a *actor) error {
	owner := p.owner()
	timeLimit := 30
	accepted := ""
	key := &intake.Idempotency[call.Call]{
		Key: a.name, Fingerprint: "the same",
		Answer: func(c call.Call) (int, string, []byte, error) { return 202, c.ID, nil, nil },
	}
	for range 1 + p.w.choices.below(2) { // perhaps twice
		got, err := a.intake().Submit(p.w.ctx, owner, intake.SingleRequest{
			PhoneNumber: fmt.Sprintf(phoneNumber, p.asked), Agent: intake.AgentSettings{TimeLimit: &timeLimit},
		}, key)
		if err != nil {
			return err
		}
		id := p.answer(got.Kept)
		if accepted != "" && id != accepted {
			p.w.violate("a key gives the same answer again", "%s, then %s", accepted, id)
		}
		accepted = id
		p.accepted(id)
	}
	return nil
}

// answer is the id in the answer that is kept under an idempotency key.
func (p *people) answer(kept *call.IdempotencyKey) string {
	if kept == nil {
		p.w.violate("a key gives the same answer again", "no answer is kept")
		return ""
	}
	return kept.Location
}

// accepted notes an answer: from here on the call must reach its end.
func (p *people) accepted(id string) {
	if !p.w.records.has(id) {
		p.w.violate("what is accepted is stored", "%s was accepted and isn't there", id)
	}
}

// submitForLater stores a call with a time, a last start or a retry policy, and sends its job.
func (p *people) submitForLater(a *actor) error {
	n := call.NewCall{ID: call.SingleID(p.w.ulid()), Owner: p.owner(), Number: fmt.Sprintf(phoneNumber, p.asked), TimeLimit: 30}
	p.later(&n.NotBefore, &n.LastStart, &n.Retry, a.Now())
	ports := a.ports()
	if err := ports.Store.Apply(p.w.ctx, call.Created(n, a.Now())); err != nil {
		return err
	}
	p.accepted(n.ID)
	return ports.Jobs.Send(p.w.ctx, 0, messages.Job{CallID: n.ID, Attempt: 1})
}

func (p *people) later(notBefore, lastStart *time.Time, retry **call.RetryPolicy, now time.Time) {
	c := p.w.choices
	if d := pick(c, 0, 0, time.Minute, time.Hour); d > 0 {
		*notBefore = now.Add(d)
	}
	if d := pick(c, 0, 0, 0, 2*time.Minute, 3*time.Hour); d > 0 {
		*lastStart = now.Add(d)
	}
	if c.chance(500) {
		*retry = &call.RetryPolicy{
			MaxDials: 1 + c.below(4), Delay: pick(c, time.Minute, 0, time.Hour),
			On: []call.Status{call.Busy, call.NoAnswer, call.Failed, call.Completed},
		}
	}
}

// submitBatch submits a batch.
func (p *people) submitBatch(a *actor) error {
	timeLimit := 30
	var rows []intake.Row
	size := 1 + p.w.choices.below(7)
	if p.w.choices.chance(100) {
		size = 30
	}
	for n := range size {
		rows = append(rows, intake.Row{PhoneNumber: fmt.Sprintf(phoneNumber, n)})
	}
	service := a.intake()
	service.Store = laterRows{service.Store, p, a}
	got, err := service.SubmitBatch(p.w.ctx, p.owner(), intake.BatchRequest{
		Rows: rows, Agent: intake.AgentSettings{TimeLimit: &timeLimit},
	}, &intake.Idempotency[intake.BatchResult]{
		Key: a.name, Fingerprint: "the same",
		Answer: func(r intake.BatchResult) (int, string, []byte, error) { return 202, r.Batch.ID, nil, nil },
	})
	if err != nil {
		return err
	}
	id := p.answer(got.Kept)
	if !p.w.records.hasBatch(id) {
		p.w.violate("what is accepted is stored", "%s was accepted and isn't there", id)
	}
	return nil
}

// laterRows gives rows a time, a last start or a retry policy.
type laterRows struct {
	intake.Store
	p *people
	a *actor
}

// PutChunk writes rows.
func (s laterRows) PutChunk(ctx context.Context, batchID string, n int, rows []call.Row) error {
	if n == 0 {
		s.p.later(&rows[0].NotBefore, &rows[0].LastStart, &rows[0].Retry, s.a.Now())
	}
	return s.Store.PutChunk(ctx, batchID, n, rows)
}

// cancelCall cancels a call. Once the cancel is accepted, the call is never admitted again.
func (p *people) cancelCall(a *actor) error {
	id, ok := p.anyCall()
	if !ok {
		return errEnough
	}
	return p.cancel(a, id)
}

// cancelUnderWay waits until an agent is at a call, and cancels that.
func (p *people) cancelUnderWay(a *actor) error {
	for range 20 {
		var all []string
		for _, t := range p.w.tasks.running {
			if c := p.w.records.calls[t.request.CallID]; c.Status.Active() && !slices.Contains(all, c.ID) {
				all = append(all, c.ID)
			}
		}
		if len(all) > 0 {
			return p.cancel(a, all[p.w.choices.below(len(all))])
		}
		a.sleep(pick(p.w.choices, time.Second, 10*time.Second, time.Minute), nil)
	}
	return errEnough
}

func (p *people) cancel(a *actor, id string) error {
	after, err := a.tracker().Cancel(p.w.ctx, id)
	if err == nil && after.Status != call.Canceled && !after.CancelRequested {
		p.w.violate("a cancel that was accepted holds", "%s is %s and carries no wish", id, after.Status)
	}
	if after.Status.Final() {
		return nil
	}
	return err
}

func (p *people) anyCall() (string, bool) {
	all := p.w.records.ids
	if len(all) == 0 {
		return "", false
	}
	return all[p.w.choices.below(len(all))], true
}

func (p *people) anyBatch() (string, bool) {
	all := p.w.records.batchIDs
	if len(all) == 0 {
		return "", false
	}
	return all[p.w.choices.below(len(all))], true
}

func (p *people) cancelBatch(a *actor) error { return p.setBatch(a.tracker().CancelBatch) }
func (p *people) pause(a *actor) error       { return p.setBatch(a.tracker().PauseBatch) }
func (p *people) resume(a *actor) error      { return p.setBatch(a.tracker().ResumeBatch) }

func (p *people) setBatch(set func(ctx context.Context, id string) (call.Batch, error)) error {
	id, ok := p.anyBatch()
	if !ok {
		return errEnough
	}
	_, err := set(p.w.ctx, id)
	if call.RefusedFor(err, call.ConditionCanceled) {
		return nil
	}
	return err
}

// redriveChosen redrives some calls, dead letters or not, and perhaps once more
// by the same id: then it must take none again.
func (p *people) redriveChosen(a *actor) error {
	var ids []string
	for _, id := range p.w.records.ids {
		if p.w.records.calls[id].DeadLettered() || p.w.choices.chance(300) {
			ids = append(ids, id)
		}
	}
	_, err := a.deadLetters().Chosen(p.w.ctx, call.RedriveID(a.name), ids)
	if err == nil && p.w.choices.chance(500) {
		a.sleep(p.w.aWhile(), nil)
		_, err = a.deadLetters().Chosen(p.w.ctx, call.RedriveID(a.name), ids)
	}
	return err
}

// redriveAll asks for the redrive of all dead letters.
func (p *people) redriveAll(a *actor) error {
	r := call.Redrive{ID: call.RedriveID(p.w.ulid()), Owner: "anna"}
	_, err := a.deadLetters().Request(p.w.ctx, r, nil)
	return err
}

// redriveQueue moves the dead-letter queue back to the calls queue, as AWS's own redrive does.
func (p *people) redriveQueue(a *actor) error {
	return a.ask("redrive the queue", "", func() error {
		for _, job := range p.w.mail.dead {
			p.w.records.redrivable(job)
			p.w.mail.put(&message{job: &job}, 0)
		}
		p.w.mail.dead = nil
		return nil
	})
}

// setCapacity changes limit, rate or stop.
func (p *people) setCapacity(a *actor) error {
	c := p.w.choices
	limit, rate, stopped := c.below(5), pick(c, 1, 20, 0.05), c.chance(300)
	_, err := a.capacity().Set(p.w.ctx, call.CapacityUpdate{Limit: &limit, Rate: &rate, Stopped: &stopped})
	return err
}
