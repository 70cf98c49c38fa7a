package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/agent"
	"github.com/outdial/outdial/services/internal/localtask"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/simcarrier"
	"github.com/outdial/outdial/services/internal/sqlite"
)

// RunAgent is the agent's process: it places the one attempt that its
// environment names (see messages.AgentEnv) and ends.
func RunAgent(ctx context.Context) (err error) {
	stop := agent.StopSignal()
	if lock, ok := os.LookupEnv(localtask.EnvLock); ok {
		if err := localtask.Hold(lock); err != nil {
			return err // above all: another process is this task
		}
	}
	env, err := messages.ParseAgentEnv(os.LookupEnv)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	path, ok := strings.CutPrefix(env.Store, "sqlite:")
	if !ok {
		return fmt.Errorf("%s is %q; this agent knows sqlite: only", messages.EnvStore, env.Store)
	}
	if env.Events != "" { // whoever waits for them elsewhere would wait in vain
		return fmt.Errorf("%s is %q; this agent reports to the queue of its store only: leave it out", messages.EnvEvents, env.Events)
	}
	config, err := simcarrier.Parse(env.Carrier)
	if err != nil {
		return fmt.Errorf("%s: %w", messages.EnvCarrier, err)
	}
	carrier, err := simcarrier.Open(config, time.Now)
	if err != nil {
		return err
	}
	db, err := sqlite.OpenExisting(ctx, sqlite.Options{Path: path, BusyTimeout: busyAgent})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	ports := agent.Ports{
		Store: db, Events: queue.EventSender{Queue: db}, Carrier: carrier,
		Clock: agent.SystemClock{}, NewNonce: agent.NewNonce, Log: log,
	}
	pace := agent.DefaultTiming().SpedUp(config.Speed)
	pace.Grace = timing().Grace
	return agent.Run(ctx, agent.Config{
		CallID: env.CallID, Attempt: env.Attempt, Task: env.Task, StartBy: env.Deadline, Timing: pace,
	}, ports, stop)
}

// busyAgent is how long an agent waits for the file: longer than the server,
// because it has nothing else to do.
const busyAgent = 10 * time.Second
