// Package task holds what the launch of tasks is spoken of in: the request, the
// states and the errors that every task service gives in the same words.
package task

import (
	"errors"
	"time"
)

// Request asks for the task of one attempt. It is a function of the call's
// record alone, so that repeating it is the very same request.
type Request struct {
	// ClientToken makes a repeat harmless: the same token starts one task, and a
	// repeat gives its ARN, whether it runs or has ended. After a refusal a repeat
	// may be refused without being tried. 1 to 64 letters, digits, "_" and "-".
	// A service forgets a token an hour or more after its task ended.
	ClientToken string
	StartedBy   string // shown with the task and its events; the same characters, at most 128

	CallID         string
	Attempt        int       // from 1
	TaskDefinition string    // revision of the task to run
	StartBy        time.Time // the agent takes no claim after this
}

// State is where a task stands.
type State string

// The states of a task.
const (
	Running State = "running" // accepted: about to start, started or ending
	Stopped State = "stopped" // its process is gone and never comes back
	Missing State = "missing" // not known (any more), which is no proof of its end
)

// Errors of a launch. The first three say for certain that it started no task;
// any other error is as good as ErrUnclear. They come wrapped in a sentence:
// compare with errors.Is.
var (
	// ErrNoCapacity: there is no room for one more task now. Another attempt may start later.
	ErrNoCapacity = errors.New("no capacity for one more task")
	// ErrThrottled: too many launches were asked for at once. Another attempt may start later.
	ErrThrottled = errors.New("launches are throttled")
	// ErrRefused: the launch was refused for good; another attempt would be, too.
	ErrRefused = errors.New("launch refused")
	// ErrUnclear: a task may or may not have been started. Repeat the same request.
	ErrUnclear = errors.New("unclear whether a task was started")
)
