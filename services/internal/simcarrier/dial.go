package simcarrier

import (
	"time"

	"github.com/outdial/outdial/services/internal/carrier"
)

// Dial is one line of the log: a call that was dialed, and its whole course.
// Times are in microseconds, UTC; those that never come are zero.
type Dial struct {
	Reference string `json:"reference"`
	CallID    string `json:"call_id"`
	Attempt   int    `json:"attempt"`
	Nonce     string `json:"nonce"`
	Number    string `json:"number"` // E.164

	At        time.Time      `json:"at"` // when it was dialed
	RingAt    time.Time      `json:"ring_at,omitzero"`
	AnswerAt  time.Time      `json:"answer_at,omitzero"`
	EndAt     time.Time      `json:"end_at,omitzero"` // when it ends by itself; zero: never
	Status    carrier.Status `json:"status"`          // how it ends by itself; queued: never
	ErrorCode string         `json:"error_code,omitempty"`

	// HungUpAt is when End ended it, which is kept beside the log; zero: not.
	HungUpAt time.Time `json:"-"`
}

// State tells how the call is at a time after it was dialed.
func (d Dial) State(now time.Time) carrier.State {
	end, final := d.end()
	upTo := now
	if over(end, now) {
		upTo = end
	}
	s := carrier.State{Status: carrier.Queued}
	if over(d.RingAt, upTo) {
		s.Status, s.RingingAt = carrier.Ringing, d.RingAt
	}
	if over(d.AnswerAt, upTo) {
		s.Status, s.AnsweredAt = carrier.InProgress, d.AnswerAt
	}
	if !over(end, now) {
		return s
	}
	s.Status, s.EndedAt = final, end
	if !s.AnsweredAt.IsZero() {
		s.Duration = end.Sub(s.AnsweredAt)
	}
	if final == carrier.Failed {
		s.ErrorCode, s.ErrorMessage = d.ErrorCode, "The number could not be connected."
	}
	return s
}

// end is when and how the call ends, hung up or by itself.
func (d Dial) end() (time.Time, carrier.Status) {
	switch {
	case d.HungUpAt.IsZero():
		return d.EndAt, d.Status
	case over(d.AnswerAt, d.HungUpAt):
		return d.HungUpAt, carrier.Completed
	}
	return d.HungUpAt, carrier.Canceled
}

// over tells whether the time t comes at all, and has come by now.
func over(t, now time.Time) bool { return !t.IsZero() && !t.After(now) }
