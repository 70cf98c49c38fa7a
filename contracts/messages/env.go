package messages

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// The variables of an agent's environment (agent-env.v1).
const (
	EnvCallID   = "OUTDIAL_CALL_ID"
	EnvAttempt  = "OUTDIAL_ATTEMPT"
	EnvStore    = "OUTDIAL_STORE"
	EnvEvents   = "OUTDIAL_EVENTS" // may be left out
	EnvTask     = "OUTDIAL_TASK"
	EnvCarrier  = "OUTDIAL_CARRIER"
	EnvDeadline = "OUTDIAL_DEADLINE"
)

// AgentEnv is what an agent's task gets by its environment. Environments show
// in task events and process lists, so nothing personal is in it: number and
// settings are on the attempt's claim.
type AgentEnv struct {
	CallID   string
	Attempt  int       // from 1
	Store    string    // where to claim: "sqlite:PATH"
	Events   string    // where to report: "eventbridge:BUS"; "": to the queue of the store
	Task     string    // the ARN of this task
	Carrier  string    // who places the call: "simulated:PATH?speed=10"
	Deadline time.Time // the last moment at which the agent takes its claim
}

var (
	attemptText = pattern(`^([1-9][0-9]{0,5}|1000000)$`, "a whole number from 1 to 1000000")
	address     = pattern(`^[a-z][a-z0-9+.-]{0,31}:[^\x00-\x1f\x7f]{1,1000}$`, "a kind, a colon and an address, such as sqlite:/var/lib/outdial/outdial.db")
	deadline    = form{timeWords, func(s string) bool { _, err := parseTime(s); return err == nil }}
)

// ParseAgentEnv reads the environment; lookup is os.LookupEnv. The error names
// every variable that is missing or wrong.
func ParseAgentEnv(lookup func(string) (string, bool)) (AgentEnv, error) {
	var errs []error
	optional := func(name string, f form) (s string, ok bool) {
		s, ok = lookup(name)
		if ok && !f.matches(s) {
			errs = append(errs, fmt.Errorf("%s is %q; it must be %s", name, s, f.words))
		}
		return s, ok
	}
	value := func(name string, f form) string {
		s, ok := optional(name, f)
		if !ok {
			errs = append(errs, fmt.Errorf("%s is not set; it must be %s", name, f.words))
		}
		return s
	}
	env := AgentEnv{
		CallID:  value(EnvCallID, callID),
		Store:   value(EnvStore, address),
		Task:    value(EnvTask, task),
		Carrier: value(EnvCarrier, address),
	}
	env.Events, _ = optional(EnvEvents, address)
	attempt, end := value(EnvAttempt, attemptText), value(EnvDeadline, deadline)
	if len(errs) > 0 {
		return AgentEnv{}, errors.Join(errs...)
	}
	var err1, err2 error
	env.Attempt, err1 = strconv.Atoi(attempt)
	env.Deadline, err2 = parseTime(end)
	return env, errors.Join(err1, err2)
}

// Environ is the environment as NAME=value, for os/exec.Cmd.Env.
func (e AgentEnv) Environ() []string {
	environ := []string{
		EnvCallID + "=" + e.CallID,
		EnvAttempt + "=" + strconv.Itoa(e.Attempt),
		EnvStore + "=" + e.Store,
		EnvTask + "=" + e.Task,
		EnvCarrier + "=" + e.Carrier,
		EnvDeadline + "=" + e.Deadline.UTC().Format(time.RFC3339Nano),
	}
	if e.Events != "" {
		environ = append(environ, EnvEvents+"="+e.Events)
	}
	return environ
}
