package verify

import (
	"github.com/outdial/outdial/services/internal/call"
)

// steps are the moves that a history tells, as statuses from and to. JobResent,
// Looked and MarkSent leave no entry.
var steps = func() map[[2]call.Status]bool {
	told := map[[2]call.Status]bool{}
	for move, ways := range call.Allowed {
		if move == call.MoveJobResent || move == call.MoveLooked || move == call.MoveMarkSent {
			continue
		}
		for from, ends := range ways {
			for _, to := range ends {
				told[[2]call.Status{from, to}] = true
			}
		}
	}
	return told
}()

// history checks that each entry may follow the one before, and that the record
// says what the last one does.
func (k *checker) history(c call.Call) {
	k.report.Checked.Steps += len(c.History)
	if len(c.History) == 0 {
		k.find(CheckHistory, c.ID, "call %s has no history: it must begin with how the call was created", c.ID)
		return
	}
	if len(c.History) > call.MaxHistory {
		k.find(CheckHistory, c.ID, "call %s has a history of %d entries: at most %d are kept", c.ID, len(c.History), call.MaxHistory)
	}
	jumped := len(c.History) < call.MaxHistory // a full history has lost entries in one place
	before := call.Step{Attempt: 1, At: c.History[0].At}
	for i, step := range c.History {
		if why := follows(before, step); why != "" {
			if jumped || step.Attempt < before.Attempt {
				k.find(CheckHistory, c.ID, "call %s: entry %d of its history, %s at attempt %d, can't follow %s at attempt %d: %s",
					c.ID, i+1, step.Status, step.Attempt, orNothing(before.Status), before.Attempt, why)
			}
			jumped = true
		}
		if k.before(step.At, before.At) {
			k.find(CheckHistory, c.ID, "call %s: entry %d of its history is of %s, before the one that it follows, %s", c.ID, i+1, at(step.At), at(before.At))
		}
		before = step
	}
	k.lastStep(c, before)
}

// follows says why an entry can't follow another, or "".
func follows(before, step call.Step) string {
	again := step.Status == call.Queued && before.Status != call.Queued && before.Status != ""
	switch {
	case !steps[[2]call.Status{before.Status, step.Status}]:
		return "no move leads there"
	case again && step.Attempt != before.Attempt+1:
		return "a call that waits again has the next attempt"
	case !again && step.Attempt != before.Attempt:
		return "only a call that waits again has another attempt"
	case again && before.Status == call.Failed && step.Cause != "redriven":
		return "only a redrive reopens a call"
	}
	return ""
}

func orNothing(s call.Status) string {
	if s == "" {
		return "the beginning"
	}
	return string(s)
}

// lastStep holds the record against the last entry of its history.
func (k *checker) lastStep(c call.Call, last call.Step) {
	switch {
	case last.Status != c.Status || last.Attempt != c.Attempt:
		k.find(CheckHistory, c.ID, "call %s is %s at attempt %d, but its history ends with %s at attempt %d: both must be equal",
			c.ID, c.Status, c.Attempt, last.Status, last.Attempt)
	case c.Status.Final() && !c.EndedAt.Equal(last.At):
		k.find(CheckHistory, c.ID, "call %s is %s and its history ended at %s, but its end is said to be %s: both must be equal",
			c.ID, c.Status, at(last.At), at(c.EndedAt))
	case !c.Status.Final() && !c.EndedAt.IsZero():
		k.find(CheckHistory, c.ID, "call %s is %s and has an end, %s: only a final call has", c.ID, c.Status, at(c.EndedAt))
	}
	if c.Version < int64(len(c.History)) {
		k.find(CheckHistory, c.ID, "call %s has version %d and %d entries in its history: each is a version of its own", c.ID, c.Version, len(c.History))
	}
	if k.before(c.UpdatedAt, last.At) {
		k.find(CheckHistory, c.ID, "call %s was updated at %s, but its history ends later, at %s", c.ID, at(c.UpdatedAt), at(last.At))
	}
	k.waits(c)
}

// waits: only a queued call waits, for its turn or for a time.
func (k *checker) waits(c call.Call) {
	queued := c.Status == call.Queued
	switch {
	case !queued && (c.Wait != (call.Wait{}) || !c.ReadyAt.IsZero()):
		k.find(CheckHistory, c.ID, "call %s is %s, but said to wait: only a queued call does", c.ID, c.Status)
	case queued && c.CancelRequested:
		k.find(CheckHistory, c.ID, "call %s waits, though its cancel is requested: it must be canceled instead", c.ID)
	case queued && c.Ready() == c.ReadyAt.IsZero():
		k.find(CheckHistory, c.ID, "call %s waits for %s, but is said to be ready since %s: one of both, not both or none",
			c.ID, orTurn(c.Wait.Reason), at(c.ReadyAt))
	case queued && !c.Ready() && c.Wait.Until.IsZero():
		k.find(CheckHistory, c.ID, "call %s waits for %s and has no time until which: it would wait for ever", c.ID, c.Wait.Reason)
	}
}

func orTurn(r call.WaitReason) string {
	if r == "" {
		return "its turn"
	}
	return string(r)
}
