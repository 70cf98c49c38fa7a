package serve

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/outdial/outdial/services/internal/localtask"
	"github.com/outdial/outdial/services/internal/queue"
)

// openTasks makes each attempt a process of this very program.
func (s *server) openTasks(context.Context) error {
	program, err := s.executable()
	if err != nil {
		return fmt.Errorf("this program can't find itself to start agents: %w", err)
	}
	database, err := filepath.Abs(s.database())
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	config := localtask.DefaultConfig()
	config.Dir = s.tasksDir()
	config.LogFile = filepath.Join(s.Data, "agents.log")
	config.Command = []string{program, "agent"}
	config.Env = agentEnviron()
	config.Store = "sqlite:" + database
	config.Carrier = s.Carrier.String()
	s.tasks, err = localtask.Open(config, queue.EventSender{Queue: s.db}, time.Now, s.log)
	return err
}

// agentEnviron is what agents get of the server's environment: nothing secret.
func agentEnviron() []string {
	env := []string{"GOMAXPROCS=2", "GOGC=400"} // many small processes that live for one call
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "TZ"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
