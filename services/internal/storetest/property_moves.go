package storetest

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/outdial/outdial/services/internal/call"
)

// drawCall is one of the model's calls, of those that are under way more often.
func (p *pair) drawCall(t *rapid.T) call.Call {
	calls := p.model.those(func(c call.Call) bool { return !c.Status.Final() })
	if len(calls) == 0 || rapid.IntRange(0, 9).Draw(t, "final") == 0 {
		calls = p.model.those(func(call.Call) bool { return true })
	}
	if len(calls) == 0 {
		t.Skip("no call")
	}
	return rapid.SampledFrom(calls).Draw(t, "call")
}

// movesCall makes one move.
func (p *pair) movesCall(t *rapid.T) { p.moves(t, p.drawCall(t)) }

// leadsCall makes several moves of one call, with its agent's acts between them.
func (p *pair) leadsCall(t *rapid.T) {
	id := p.drawCall(t).ID
	for range rapid.IntRange(1, 8).Draw(t, "moves") {
		c := p.model.calls[id]
		claim := p.model.claims[claimName{id, c.Attempt}]
		takes := c.Status.Active() && claim.Holder == call.HolderNone
		notes := claim.Holder == call.HolderAgent && claim.Outcome == nil
		switch {
		case (takes || notes) && rapid.IntRange(0, 2).Draw(t, "agent") == 0:
			p.acts(t, c, c.Attempt)
		case c.Wait.Until.After(p.clock.Now()) && rapid.IntRange(0, 2).Draw(t, "wait") > 0:
			p.clock.Advance(c.Wait.Until.Sub(p.clock.Now()))
		default:
			p.moves(t, c)
		}
	}
}

// moves makes a move that the domain allows. Whether the store does is for
// claim, batch and capacity to say. What takes a call off its way is seldom.
func (p *pair) moves(t *rapid.T, c call.Call) {
	now := p.clock.Now()
	moves := slices.Concat(p.launchMoves(c, now), p.talkMoves(c, now), p.waitingMoves(c, now))
	if rapid.IntRange(0, 7).Draw(t, "off its way") == 0 {
		moves = p.otherMoves(c, now)
	}
	var allowed []call.Change
	for _, m := range moves {
		if m.err == nil {
			allowed = append(allowed, m.ch)
		}
	}
	if len(allowed) == 0 {
		return
	}
	ch := rapid.SampledFrom(allowed).Draw(t, "move")
	if ch.Move == call.MoveRedriven {
		p.withRedrive(t, &ch)
	}
	p.apply(t, ch)
}

// made is what a move gave.
type made struct {
	ch  call.Change
	err error
}

func move(ch call.Change, err error) made { return made{ch, err} }

func (p *pair) otherMoves(c call.Call, now time.Time) []made {
	return []made{
		move(call.CanceledBeforeDial(c, "canceled", now)),
		move(call.CancelRequested(c, p.timing, now)),
		move(call.WindowClosed(c, now.Add(time.Minute), now)),
		move(call.Looked(c, taskOf(c), now.Add(time.Minute), now)),
	}
}

func (p *pair) waitingMoves(c call.Call, now time.Time) []made {
	room := p.model.capacity()
	launchAt, a := room.Admit(now)
	return []made{
		move(call.LastStartPassed(c, now)),
		move(call.MarkSent(c, c.Attempt, now)),
		move(call.Redriven(c, c.Attempt, "", now)),
		move(call.Ready(c, now)),
		move(call.Admitted(c, launchAt, a, "agent:1", p.timing, now)),
	}
}

func (p *pair) launchMoves(c call.Call, now time.Time) []made {
	room := p.model.capacity()
	return []made{
		move(call.LaunchGivenUp(c, p.timing, now)),
		move(call.LaunchRefusedForRoom(c, c.Attempt, room.NextBackoff(now), now)),
		move(call.LaunchRefusedForGood(c, c.Attempt, "The launch was refused.", now)),
		move(call.StartFailed(c, c.Attempt, "task_stopped", now)),
		move(call.JobResent(c, p.timing, now)),
		move(call.TaskStarted(c, c.Attempt, taskOf(c), p.timing, now)),
	}
}

// talkMoves are those that happen only when an agent holds the claim.
func (p *pair) talkMoves(c call.Call, now time.Time) []made {
	claim := p.model.claims[claimName{c.ID, c.Attempt}]
	switch {
	case claim.Holder != call.HolderAgent:
		return nil
	case claim.Outcome != nil:
		return []made{move(call.Ended(c, c.Attempt, *claim.Outcome, now))}
	}
	return []made{
		move(call.AgentLost(c, c.Attempt, claim.CarrierReference, now)),
		move(call.TaskLost(c, c.Attempt, now.Add(time.Minute), now)),
		move(call.Answered(c, c.Attempt, taskOf(c), p.timing, now)),
		move(call.Rang(c, c.Attempt, taskOf(c), p.timing, now)),
	}
}

// actsAsAgent acts on the claim of one of a call's attempts.
func (p *pair) actsAsAgent(t *rapid.T) {
	c := p.drawCall(t)
	p.acts(t, c, max(1, c.Attempt-rapid.IntRange(0, 1).Draw(t, "before")))
}

// acts takes a claim, or notes on it.
func (p *pair) acts(t *rapid.T, c call.Call, attempt int) {
	nonce := rapid.SampledFrom([]string{"n1", "n1", "n2"}).Draw(t, "nonce")
	now := p.clock.Now()
	act := rapid.IntRange(0, 3).Draw(t, "act")
	switch claim := p.model.claims[claimName{c.ID, attempt}]; {
	case act == 3, claim.Holder == call.HolderNone && act > 0:
		p.both(t, "take "+c.ID, func(s Store) error {
			_, err := s.TakeClaim(p.ctx, c.ID, attempt, nonce, taskOf(c), now)
			return err
		})
	case act == 2:
		p.both(t, "reference for "+c.ID, func(s Store) error {
			return s.NoteReference(p.ctx, c.ID, attempt, nonce, "carrier-"+nonce)
		})
	default:
		o := rapid.SampledFrom([]call.Outcome{completed, busy, {}}).Draw(t, "outcome")
		p.both(t, "outcome of "+c.ID, func(s Store) error {
			return s.NoteOutcome(p.ctx, c.ID, attempt, nonce, o)
		})
	}
}

// redrives asks for a redrive, or takes the one there is on.
func (p *pair) redrives(t *rapid.T) {
	now := p.clock.Now()
	r, ok := p.model.redrives["redrive_1"]
	if !ok {
		asked := call.Redrive{ID: "redrive_1", Owner: "root"}
		p.applyRedrive(t, call.RedriveRequested(asked, p.drawKey(t, "root"), now))
		return
	}
	if r.Done {
		t.Skip("the redrive is done")
	}
	if rapid.IntRange(0, 4).Draw(t, "end") == 0 {
		p.applyRedrive(t, r.Ending(now))
		return
	}
	p.applyRedrive(t, r.Skipping("call_none", "batch_canceled", now))
}

// withRedrive lets a redrive move on with the call that it reopens.
func (p *pair) withRedrive(t *rapid.T, ch *call.Change) {
	r, ok := p.model.redrives["redrive_1"]
	if !ok || r.Done || rapid.Bool().Draw(t, "by hand") {
		return
	}
	ch.After.RedriveID = r.ID
	progress := r.Reopening(ch.After.ID, ch.At)
	ch.Redrive = &progress
}
