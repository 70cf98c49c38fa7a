package serve

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
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
	stop := stopSignal()
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
		Clock: agent.SystemClock{}, NewNonce: newNonce, Log: log,
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

// stopSignal is closed when the process is asked to end.
func stopSignal() <-chan struct{} {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	stop := make(chan struct{})
	go func() {
		<-signals
		close(stop)
	}()
	return stop
}

func newNonce() string {
	var nonce [16]byte
	rand.Read(nonce[:])
	return hex.EncodeToString(nonce[:])
}
