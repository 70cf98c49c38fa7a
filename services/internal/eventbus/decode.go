package eventbus

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
)

// envelope is an event as EventBridge delivers it.
type envelope struct {
	Source     string          `json:"source"`
	DetailType string          `json:"detail-type"`
	Time       time.Time       `json:"time"`
	Detail     json.RawMessage `json:"detail"`
}

// What ECS tells about its tasks, and the last it tells about each.
const (
	ecsSource  = "aws.ecs"
	ecsChange  = "ECS Task State Change"
	ecsStopped = "STOPPED"
)

// Decode reads a message of the events queue: a call-event.v1 message as it is, or in
// EventBridge's envelope, or the news from ECS that a task has stopped. It is not ok
// if the message is of no concern, such as the end of a task that no call has. An
// error says that nobody can read the message.
func Decode(body []byte) (e messages.Event, ok bool, err error) {
	var in envelope
	if err := json.Unmarshal(body, &in); err != nil || in.DetailType == "" {
		e, err := messages.ParseEvent(body)
		return e, err == nil, err
	}
	switch {
	case in.Source == Source:
		e, err = agentEvent(in.Detail)
		return e, err == nil, err
	case in.Source == ecsSource && in.DetailType == ecsChange:
		return taskStopped(in)
	}
	return messages.Event{}, false, nil
}

// agentEvent takes from the bus what agents tell, and nothing else: whoever may put
// events there must not be believed that a task has stopped.
func agentEvent(detail []byte) (messages.Event, error) {
	e, err := messages.ParseEvent(detail)
	if err != nil {
		return messages.Event{}, err
	}
	switch e.Type {
	case messages.EventRinging, messages.EventAnswered, messages.EventEnded:
		return e, nil
	}
	return messages.Event{}, fmt.Errorf("%s: type is %q, which doesn't come from an agent", messages.EventSchema, e.Type)
}

// taskChange is the detail of ECS's event, as far as it matters here. ECS counts
// a task's changes in version, by which its events are ordered.
type taskChange struct {
	TaskARN       string    `json:"taskArn"`
	LastStatus    string    `json:"lastStatus"`
	StartedBy     string    `json:"startedBy"`
	StoppedAt     time.Time `json:"stoppedAt"`
	StoppedReason string    `json:"stoppedReason"`
	Version       int       `json:"version"`
}

func taskStopped(in envelope) (e messages.Event, ok bool, err error) {
	var change taskChange
	if err := json.Unmarshal(in.Detail, &change); err != nil {
		return messages.Event{}, false, fmt.Errorf("%s: %w", ecsChange, err)
	}
	callID, attempt, ours := call.ParseClientToken(change.StartedBy)
	if !ours || change.LastStatus != ecsStopped {
		return messages.Event{}, false, nil
	}
	e = messages.Event{
		Type: messages.EventTaskStopped, CallID: callID, Attempt: attempt, Task: change.TaskARN,
		At: stoppedAt(in, change), Version: change.Version, Reason: cut(change.StoppedReason),
	}
	data, err := messages.EncodeEvent(e)
	if err == nil {
		e, err = messages.ParseEvent(data) // as it would be, had it come so
	}
	if err != nil {
		return messages.Event{}, false, errors.Join(fmt.Errorf("%s doesn't make an event", ecsChange), err)
	}
	return e, true, nil
}

// stoppedAt is when the task stopped. A task that never started may lack the time;
// then it is that of the event.
func stoppedAt(in envelope, change taskChange) time.Time {
	if change.StoppedAt.IsZero() {
		return in.Time
	}
	return change.StoppedAt
}

// maxReason is how many characters the contract allows.
const maxReason = 1000

// cut shortens ECS's reason, which has no bound that is written down.
func cut(reason string) string {
	r := []rune(strings.TrimSpace(reason))
	return string(r[:min(len(r), maxReason)])
}
