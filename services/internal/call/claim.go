package call

import "time"

// Holder says who owns an attempt's dial claim.
type Holder string

// The holders of a claim. Exactly one of control and agent wins it, once.
const (
	HolderNone    Holder = ""        // open
	HolderAgent   Holder = "agent"   // the agent may dial
	HolderControl Holder = "control" // nobody dials any more
)

// Claim is the one item per attempt that decides who won it. Admission writes
// it open, in its own transaction; an absent claim means that nobody may dial.
// It holds all that the agent needs, since nothing personal may stand in the
// task's environment.
type Claim struct {
	CallID  string `json:"call_id"`
	Attempt int    `json:"attempt"`
	BatchID string `json:"batch_id,omitempty"`

	Number      string    `json:"number"`             // E.164
	Settings    *Settings `json:"settings,omitempty"` // nil: the batch's
	RingTimeout int       `json:"ring_timeout"`       // seconds
	TimeLimit   int       `json:"time_limit"`         // seconds of talk
	OpenedAt    time.Time `json:"opened_at"`

	Holder  Holder    `json:"holder,omitempty"`
	Nonce   string    `json:"nonce,omitempty"` // made by the agent at this start of its process
	Task    string    `json:"task,omitempty"`  // ARN of the holder's task
	TakenAt time.Time `json:"taken_at,omitzero"`

	Stop             bool     `json:"stop,omitempty"`              // the agent is asked to end the call
	CarrierReference string   `json:"carrier_reference,omitempty"` // of the dialed call
	Outcome          *Outcome `json:"outcome,omitempty"`
}

// Expiry is when an agent that took the claim must be over by its own limits.
func (c Claim) Expiry(t Timing) time.Time {
	limit := time.Duration(c.RingTimeout+c.TimeLimit)*time.Second + t.Grace
	return c.TakenAt.Add(limit)
}

// Take is the claim after an agent took it. A claim that is not open, or that
// carries a stop, can't be taken.
func (c Claim) Take(nonce, task string, now time.Time) (Claim, error) {
	if c.Holder != HolderNone || c.Stop {
		return c, Refuse(ConditionClaim)
	}
	c.Holder, c.Nonce, c.Task, c.TakenAt = HolderAgent, nonce, task, stamp(now)
	return c, nil
}

// HeldBy tells whether the agent start that made this nonce holds the claim.
func (c Claim) HeldBy(nonce string) bool {
	return c.Holder == HolderAgent && c.Nonce == nonce
}

// ClaimEffect is what a change does to the claim of its attempt.
type ClaimEffect string

// The effects of a change on a claim, each with what it requires.
const (
	ClaimNone  ClaimEffect = ""
	ClaimOpen  ClaimEffect = "open"  // write Change.Open; requires that there is none
	ClaimClose ClaimEffect = "close" // control takes it; requires it open
	ClaimStop  ClaimEffect = "stop"  // ask the agent to stop; requires that an agent holds it
)
