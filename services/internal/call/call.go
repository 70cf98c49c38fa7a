package call

import (
	"maps"
	"slices"
	"time"
)

// Call is the one record of a call: what was asked for, where it stands and
// how it got there. It is changed by moves only.
type Call struct {
	ID      string `json:"id"`
	Owner   string `json:"owner"`
	BatchID string `json:"batch_id,omitempty"` // empty for a single call
	Row     int    `json:"row,omitempty"`      // line of the batch's file, from 1

	Number    string            `json:"number"`               // E.164
	Settings  *Settings         `json:"settings,omitempty"`   // nil: the batch's
	TimeLimit int               `json:"time_limit,omitempty"` // seconds of talk
	Metadata  map[string]string `json:"metadata,omitempty"`
	Retry     *RetryPolicy      `json:"retry,omitempty"` // nil: every outcome is final

	Status  Status `json:"status"`
	Attempt int    `json:"attempt"`         // the number of the current attempt, from 1
	Dials   int    `json:"dials,omitempty"` // attempts that really dialed
	Version int64  `json:"version"`         // goes up by one with each move

	// Queued. A call waits for a time (Wait) or, ready, for its turn since ReadyAt.
	Wait      Wait      `json:"wait,omitzero"`
	ReadyAt   time.Time `json:"ready_at,omitzero"`
	LastStart time.Time `json:"last_start,omitzero"` // not admitted after this; zero: no limit

	// Due is when something must look at this call again; zero: nothing need.
	Due             time.Time `json:"due,omitzero"`
	CancelRequested bool      `json:"cancel_requested,omitempty"`

	// The current attempt. All that RunTask is asked is a function of these.
	LaunchAt       time.Time `json:"launch_at,omitzero"` // its rate token's time
	StartBy        time.Time `json:"start_by,omitzero"`  // the agent takes no claim after this
	TaskDefinition string    `json:"task_definition,omitempty"`
	Task           string    `json:"task,omitempty"`      // ARN of the task, once known
	TaskSeen       string    `json:"task_seen,omitempty"` // ARN that the task service has described as running
	LostAt         time.Time `json:"lost_at,omitzero"`    // when the claim holder's task was first found ended without an outcome
	Resends        int       `json:"resends,omitempty"`   // jobs sent again while launching
	Closed         int       `json:"closed,omitempty"`    // attempts closed for other causes than capacity

	Outcome   *Outcome `json:"outcome,omitempty"` // of the last attempt that had one; none while another runs
	Failure   *Failure `json:"failure,omitempty"`
	RedriveID string   `json:"redrive_id,omitempty"` // the stored redrive that reopened it last
	// EarlierRedrives are those that reopened it before, the latest MaxRedrives of
	// them: a redrive that is repeated takes no call twice.
	EarlierRedrives []string  `json:"earlier_redrives,omitempty"`
	History         []Step    `json:"history,omitempty"`
	CreatedAt       time.Time `json:"created_at"`
	UpdatedAt       time.Time `json:"updated_at"`
	EndedAt         time.Time `json:"ended_at,omitzero"`
}

// Settings tell the agent how to hold the conversation.
type Settings struct {
	Instructions string `json:"instructions,omitempty"`
	Voice        string `json:"voice,omitempty"`
	FirstWords   string `json:"first_words,omitempty"`
	Language     string `json:"language,omitempty"` // BCP 47
}

// Wait is the time a queued call waits for, and why.
type Wait struct {
	Reason WaitReason `json:"reason"`
	Until  time.Time  `json:"until"`
}

// Step is one entry of a call's history.
type Step struct {
	Status  Status    `json:"status"`
	At      time.Time `json:"at"`
	Attempt int       `json:"attempt"`
	Cause   string    `json:"cause,omitempty"`
}

// Outcome is what the holder of an attempt's claim noted at its end.
// An empty Status means that it stopped without dialing.
type Outcome struct {
	Status           Status        `json:"status,omitempty"` // completed, busy, no-answer, failed or canceled
	Dialed           bool          `json:"dialed,omitempty"`
	Reason           FailureReason `json:"reason,omitempty"` // of failed
	Message          string        `json:"message,omitempty"`
	CarrierReference string        `json:"carrier_reference,omitempty"`
	RingingAt        time.Time     `json:"ringing_at,omitzero"`
	AnsweredAt       time.Time     `json:"answered_at,omitzero"`
	EndedAt          time.Time     `json:"ended_at,omitzero"`
	Duration         int           `json:"duration,omitempty"` // whole seconds of talk
}

// Failure says why a call failed: a reason for machines and a sentence.
type Failure struct {
	Reason  FailureReason   `json:"reason"`
	Cause   DeadLetterCause `json:"cause,omitempty"` // of dead_lettered
	Message string          `json:"message"`
}

// RetryPolicy says which outcomes are tried again, how often and when.
type RetryPolicy struct {
	MaxDials int           `json:"max_dials"` // all dials, the first included
	Delay    time.Duration `json:"delay"`     // from the end of one attempt to the next
	On       []Status      `json:"on"`        // outcomes that are tried again
}

// Ready tells whether the call only waits for its turn.
func (c Call) Ready() bool { return c.Status == Queued && c.Wait.Reason == "" }

// DeadLettered tells whether the call failed for want of a launch, and so may be redriven.
func (c Call) DeadLettered() bool {
	return c.Status == Failed && c.Failure != nil && c.Failure.Reason == ReasonDeadLettered
}

// Lane is the lane in which the call waits.
func (c Call) Lane() LaneKey { return LaneKey{Owner: c.Owner, BatchID: c.BatchID} }

// Clone is a copy that shares nothing that a move may write.
func (c Call) Clone() Call {
	c.History = slices.Clone(c.History)
	c.Metadata = maps.Clone(c.Metadata)
	c.EarlierRedrives = slices.Clone(c.EarlierRedrives)
	return c
}

// MaxHistory bounds a call's history: launches may be refused without end, and
// a stored item has a largest size. The first steps and the latest are kept.
const (
	MaxHistory  = 60
	keepEarlier = 20
)

// MaxRedrives bounds the redrives that a call remembers beside the last.
const MaxRedrives = 20

// RedrivenBy tells whether this redrive has reopened the call.
func (c Call) RedrivenBy(redriveID string) bool {
	return redriveID != "" && (redriveID == c.RedriveID || slices.Contains(c.EarlierRedrives, redriveID))
}

// remember notes the redrive that reopens the call.
func (c *Call) remember(redriveID string) {
	if c.RedriveID != "" {
		earlier := append(c.EarlierRedrives, c.RedriveID)
		c.EarlierRedrives = earlier[max(0, len(earlier)-MaxRedrives):]
	}
	c.RedriveID = redriveID
}

func (c *Call) log(now time.Time, cause string) {
	if len(c.History) >= MaxHistory {
		c.History = slices.Delete(c.History, keepEarlier, keepEarlier+1)
	}
	c.History = append(c.History, Step{Status: c.Status, At: now, Attempt: c.Attempt, Cause: cause})
}

// Mask hides all of a phone number but its beginning and its last two digits,
// for logs and messages. Of a short one it shows the beginning only, since six
// digits of seven are as good as the number.
func Mask(number string) string {
	r := []rune(number)
	if len(r) < 10 {
		return string(r[:min(2, len(r))]) + "…"
	}
	return string(r[:4]) + "…" + string(r[len(r)-2:])
}
