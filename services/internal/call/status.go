package call

// Status is where a call stands. The words are Twilio's where Twilio has one.
type Status string

// The statuses of a call. The last six are final.
const (
	Queued     Status = "queued"      // waiting in its lane
	Launching  Status = "launching"   // admitted: holds a slot, its task is being started
	Starting   Status = "starting"    // its task was accepted and is starting
	Ringing    Status = "ringing"     // the phone rings
	InProgress Status = "in-progress" // answered

	Completed Status = "completed" // answered and over
	Busy      Status = "busy"      // the carrier reported busy
	NoAnswer  Status = "no-answer" // nobody answered in time
	Failed    Status = "failed"    // see Failure for the reason
	Canceled  Status = "canceled"  // canceled before or during the call
	Expired   Status = "expired"   // its last start time passed before it could run
)

// Statuses lists every status in the order of a call's life.
var Statuses = []Status{
	Queued, Launching, Starting, Ringing, InProgress,
	Completed, Busy, NoAnswer, Failed, Canceled, Expired,
}

// Final tells whether a call in this status has ended.
func (s Status) Final() bool {
	switch s {
	case Completed, Busy, NoAnswer, Failed, Canceled, Expired:
		return true
	}
	return false
}

// Active tells whether a call in this status holds a slot.
func (s Status) Active() bool {
	switch s {
	case Launching, Starting, Ringing, InProgress:
		return true
	}
	return false
}

// Valid tells whether s is one of Statuses.
func (s Status) Valid() bool { return s == Queued || s.Active() || s.Final() }

// WaitReason says why a queued call is not running.
type WaitReason string

// Reasons that are stored with a time, because the call itself waits for it.
const (
	WaitSchedule WaitReason = "schedule" // its start time has not come
	WaitRetry    WaitReason = "retry"    // the pause before the next attempt
	WaitWindow   WaitReason = "window"   // outside the hours in which it may be placed
)

// Reasons that are worked out when a ready call is read, because they depend
// on others: see Capacity.WaitingFor.
const (
	WaitCapacity WaitReason = "capacity" // all slots are taken, or its turn has not come
	WaitRate     WaitReason = "rate"     // the next rate token is in the future
	WaitPaused   WaitReason = "paused"   // its batch is paused
	WaitStopped  WaitReason = "stopped"  // all admission is stopped
	WaitBackoff  WaitReason = "backoff"  // launches were refused a moment ago
)

// FailureReason says, for a machine, why a call failed.
type FailureReason string

// The reasons of a failed call.
const (
	ReasonDeadLettered   FailureReason = "dead_lettered"   // could not be launched; may be redriven
	ReasonAgentLost      FailureReason = "agent_lost"      // the task died after it took the call; never retried
	ReasonCarrierError   FailureReason = "carrier_error"   // the carrier refused or reported an error
	ReasonCarrierUnclear FailureReason = "carrier_unclear" // the carrier's answer was lost and could not be looked up
	ReasonAgentError     FailureReason = "agent_error"     // the agent could not do its work
)

// DeadLetterCause says why a call was dead-lettered.
type DeadLetterCause string

// The causes of a dead letter.
const (
	CauseLaunchRefused   DeadLetterCause = "launch_refused"    // the launch was refused for good
	CauseLaunchTriesUsed DeadLetterCause = "launch_tries_used" // too many attempts or jobs without a start
)
