package serve_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/messages"
)

// TestAnAgentRefusesWhatItCantServe starts the agent's process as a task service
// would that is configured for AWS.
func TestAnAgentRefusesWhatItCantServe(t *testing.T) {
	t.Parallel()
	sound := messages.AgentEnv{
		CallID: "call_01JZZZZZZZZZZZZZZZZZZZZZZZ", Attempt: 1, Store: "sqlite:" + t.TempDir() + "/outdial.db",
		Task: "local:task/1", Carrier: "simulated:" + t.TempDir(), Deadline: time.Now().Add(time.Minute),
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, onAWS := sound, sound
	elsewhere.Events, onAWS.Store = "eventbridge:outdial", "dynamodb:outdial"
	for name, c := range map[string]struct {
		env  messages.AgentEnv
		want string
	}{
		"events to anywhere but the store's queue": {elsewhere, `OUTDIAL_EVENTS is "eventbridge:outdial"; this agent reports to the queue of its store only: leave it out`},
		"a store that is no file":                  {onAWS, `OUTDIAL_STORE is "dynamodb:outdial"; this agent knows sqlite: only`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			agent := exec.CommandContext(t.Context(), program, "agent")
			agent.Env = c.env.Environ()
			out, err := agent.CombinedOutput()
			if agent.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), c.want) {
				t.Errorf("it ended with %v and said %q, not %q", err, out, c.want)
			}
		})
	}
}
