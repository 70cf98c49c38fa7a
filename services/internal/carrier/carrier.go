// Package carrier is the port to whoever places phone calls: what Outdial asks
// of a carrier, and the words it is answered in, which are Twilio's.
package carrier

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Carrier places calls and tells how they are. Callers name the methods they
// call in an interface of their own; this is their sum, and their contract.
//
// A call goes on when whoever created it is gone, and ends by its own limits.
type Carrier interface {
	// Create dials. The reference is the carrier's own id of the call, 1 to 200
	// visible ASCII characters. It is not idempotent: asking twice dials twice.
	// A *RefusedError says that nothing was dialed; after any other error the
	// phone may be ringing, and Find tells.
	Create(ctx context.Context, r Request) (reference string, err error)
	// Find looks up a call by what it was created with; it finds the latest, if
	// there are several. A call may show a moment after its Create failed.
	Find(ctx context.Context, callID string, attempt int, nonce string) (reference string, found bool, err error)
	// Status tells how the call is. ErrNotFound when there is none of this reference.
	Status(ctx context.Context, reference string) (State, error)
	// End hangs up: a call that was not answered becomes canceled, else completed.
	// Ending a call that is over does nothing and is no error. It may be over only
	// a moment later: Status tells. ErrNotFound when there is none of this reference.
	End(ctx context.Context, reference string) error
}

// Request asks for one call.
type Request struct {
	// Whose call it is: what Find looks for.
	CallID  string
	Attempt int
	Nonce   string

	Number      string        // E.164
	RingTimeout time.Duration // the call is no-answer after ringing for so long; whole seconds, at most 600
	TimeLimit   time.Duration // the call is ended after so much talk; whole seconds
	Settings    Settings
}

// Settings tell who speaks to the person how to do it.
type Settings struct {
	Instructions string
	Voice        string
	FirstWords   string
	Language     string // BCP 47
}

// Status is where a call stands at the carrier.
type Status string

// The statuses of a call at the carrier. The last five are final.
const (
	Queued     Status = "queued" // accepted, the phone does not ring yet
	Ringing    Status = "ringing"
	InProgress Status = "in-progress" // answered

	Completed Status = "completed" // answered and over
	Busy      Status = "busy"
	NoAnswer  Status = "no-answer" // rang until the ring timeout
	Failed    Status = "failed"    // could not be connected: see State.ErrorCode
	Canceled  Status = "canceled"  // ended by End before it was answered
)

// Final tells whether a call in this status is over. It never changes again.
func (s Status) Final() bool {
	switch s {
	case Completed, Busy, NoAnswer, Failed, Canceled:
		return true
	}
	return false
}

// State is how a call is. Times that have not come, or that the carrier does
// not tell, are zero.
type State struct {
	Status     Status
	RingingAt  time.Time
	AnsweredAt time.Time
	EndedAt    time.Time
	Duration   time.Duration // of the talk, once it is over

	ErrorCode    string // of failed, as the carrier gives it
	ErrorMessage string // a sentence with no phone number in it
}

// Errors of a carrier.
var (
	// ErrUnclear: perhaps dialed. Look the call up with Find, never create it again.
	ErrUnclear = errors.New("unclear whether the carrier dialed")
	// ErrNotFound: the carrier knows no call of this reference.
	ErrNotFound = errors.New("the carrier knows no such call")
)

// RefusedError is a definite no to Create: nothing was dialed.
type RefusedError struct {
	Code    string // the carrier's own code, such as Twilio's 21214
	Message string // a sentence with no phone number in it
	// Temporary says that the same request may be accepted in a moment, as after
	// Twilio's 429: the account's rate of calls was used up.
	Temporary bool
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the carrier refused the call: %s (%s)", e.Message, e.Code)
}
