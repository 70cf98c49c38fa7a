package messages

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// EventType says what an event tells.
type EventType string

// The types of events. The first three come from the agent that holds the claim.
const (
	EventRinging     EventType = "ringing"      // the phone rings
	EventAnswered    EventType = "answered"     // somebody answered
	EventEnded       EventType = "ended"        // it is over; Outcome says how
	EventTaskStopped EventType = "task-stopped" // the task will never run again
	EventLook        EventType = "look"         // look at what is due now
	EventTick        EventType = "tick"         // a minute has passed: fill, and look at what is due
)

// Event is a message of the events queue. Events come at least once, late and
// in any order.
type Event struct {
	Type    EventType `json:"type"`
	CallID  string    `json:"call_id,omitempty"` // of all but look and tick
	Attempt int       `json:"attempt,omitempty"` // of all but look and tick, from 1
	Nonce   string    `json:"nonce,omitempty"`   // of the agent's events: as on the claim
	Task    string    `json:"task,omitempty"`    // of all but look and tick: the task's ARN
	At      time.Time `json:"at,omitzero"`       // of all but look and tick: when it happened

	Outcome *Outcome `json:"outcome,omitempty"` // of ended

	Version int    `json:"version,omitempty"` // of task-stopped: counts the task's changes, from 1
	Reason  string `json:"reason,omitempty"`  // of task-stopped: why, at most 1,000 characters; may be empty
}

// Status is how a dialed call ended.
type Status string

// The statuses of an outcome.
const (
	StatusCompleted Status = "completed"
	StatusBusy      Status = "busy"
	StatusNoAnswer  Status = "no-answer"
	StatusFailed    Status = "failed"
	StatusCanceled  Status = "canceled"
)

// Reason says, for a machine, why an outcome is StatusFailed.
type Reason string

// The reasons of a failed outcome.
const (
	ReasonCarrierError   Reason = "carrier_error"   // the carrier refused or broke off the call
	ReasonCarrierUnclear Reason = "carrier_unclear" // the carrier never said whether it placed the call
	ReasonAgentError     Reason = "agent_error"     // the agent could not go on
)

// Outcome is how an attempt ended.
//
// What was dialed has a status. What wasn't can be failed, canceled, or have
// none: then the agent stopped before it dialed and says nothing more.
type Outcome struct {
	Dialed           bool      `json:"dialed"` // the carrier was asked to place the call
	Status           Status    `json:"status,omitempty"`
	Reason           Reason    `json:"reason,omitempty"`            // of failed, and of nothing else
	Message          string    `json:"message,omitempty"`           // for people, at most 1,000 characters, no phone number in it
	CarrierReference string    `json:"carrier_reference,omitempty"` // at most 200 visible ASCII characters
	RingingAt        time.Time `json:"ringing_at,omitzero"`
	AnsweredAt       time.Time `json:"answered_at,omitzero"`
	EndedAt          time.Time `json:"ended_at,omitzero"`
	Duration         float64   `json:"duration,omitempty"` // seconds of talk, at most 86,400
}

// ParseEvent reads a call-event.v1 message. The error says each thing that is wrong with it.
func ParseEvent(data []byte) (Event, error) {
	r, err := read(data, EventSchema)
	if err != nil {
		return Event{}, err
	}
	e := Event{Type: EventType(r.text("type", anyText))}
	switch e.Type {
	case EventRinging, EventAnswered, EventEnded:
		e.Nonce = r.text("nonce", nonce)
		if e.Type == EventEnded {
			e.Outcome = r.outcome("outcome")
		}
	case EventTaskStopped:
		e.Version = r.whole("version", 1, maxVersion)
		if r.has("reason") {
			e.Reason = r.text("reason", sentence)
		}
	case EventLook, EventTick:
		if err := r.end(); err != nil {
			return Event{}, err
		}
		return e, nil
	default:
		return Event{}, fmt.Errorf("%s: type is %q; it must be ringing, answered, ended, task-stopped, look or tick", EventSchema, e.Type)
	}
	e.CallID = r.text("call_id", callID)
	e.Attempt = r.whole("attempt", 1, maxAttempt)
	e.Task = r.text("task", task)
	e.At = r.time("at")
	if err := r.end(); err != nil {
		return Event{}, err
	}
	return e, nil
}

// EncodeEvent is the event as a call-event.v1 message. What ParseEvent would
// refuse is an error here already, where the mistake was made.
func EncodeEvent(e Event) ([]byte, error) {
	data, err := json.Marshal(struct {
		Schema string `json:"schema"`
		Event
	}{EventSchema, e})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", EventSchema, err)
	}
	if _, err := ParseEvent(data); err != nil {
		return nil, err
	}
	return data, nil
}

// outcome reads the member as an Outcome.
func (r *reader) outcome(name string) *Outcome {
	in := r.object(name)
	o := Outcome{Dialed: in.flag("dialed")}
	if in.has("status") {
		o.Status = Status(in.oneOf("status", outcomeStatuses))
	}
	if in.has("reason") {
		o.Reason = Reason(in.oneOf("reason", outcomeReasons))
	}
	if in.has("message") {
		o.Message = in.text("message", sentence)
	}
	if in.has("carrier_reference") {
		o.CarrierReference = in.text("carrier_reference", carrierReference)
	}
	if in.has("duration") {
		o.Duration = in.number("duration", 0, maxDuration)
	}
	if in.has("ringing_at") {
		o.RingingAt = in.time("ringing_at")
	}
	if in.has("answered_at") {
		o.AnsweredAt = in.time("answered_at")
	}
	if in.has("ended_at") {
		o.EndedAt = in.time("ended_at")
	}
	o.check(in)
	in.rest()
	return &o
}

var (
	outcomeStatuses = []string{string(StatusCompleted), string(StatusBusy), string(StatusNoAnswer), string(StatusFailed), string(StatusCanceled)}
	outcomeReasons  = []string{string(ReasonCarrierError), string(ReasonCarrierUnclear), string(ReasonAgentError)}
	notDialed       = []Status{"", StatusFailed, StatusCanceled}
)

// check holds what goes together and what doesn't.
func (o Outcome) check(in *reader) {
	if o.Dialed && o.Status == "" {
		in.wrong("status", "is missing; what was dialed has one")
	}
	if !o.Dialed && !slices.Contains(notDialed, o.Status) {
		in.wrong("status", "is %s, but nothing was dialed", o.Status)
	}
	if (o.Status == StatusFailed) != (o.Reason != "") {
		in.wrong("reason", "goes with the status failed, always and only")
	}
}
