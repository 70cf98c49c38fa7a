package localtask

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/filelock"
	"github.com/outdial/outdial/services/internal/task"
)

// Config says where tasks are kept and what they run.
type Config struct {
	Dir     string   // folder of the tasks' files; only one server at a time may own it
	LogFile string   // what agents print is appended here
	Command []string // the agent: absolute path of the program, and arguments
	Env     []string // its environment, to which each task's own is added

	// What every agent gets by messages.AgentEnv.
	Store   string
	Carrier string

	Poll        time.Duration // between looks at tasks that an earlier server started
	StopTimeout time.Duration // from asking a task to stop to ending it by force
	Keep        time.Duration // how long the file of an ended task is kept
}

// DefaultConfig has the times; the rest is to be filled in.
func DefaultConfig() Config {
	return Config{Poll: 500 * time.Millisecond, StopTimeout: time.Minute, Keep: time.Hour}
}

// Events takes the news that a task has ended. After an error it is told again.
type Events interface {
	Publish(ctx context.Context, e messages.Event) error
}

// Tasks are the tasks of one folder. Its methods may be called from any goroutine.
type Tasks struct {
	config Config
	events Events
	now    func() time.Time
	log    *slog.Logger
	ended  chan struct{} // an own process has ended: look at once

	// mu guards the files, too: nobody else in this process opens them while one
	// is locked, looked at or handed to a new process. A look takes the lock for
	// a moment, and a process that is being started holds a copy of every open
	// descriptor for a moment: each could be taken for a running task.
	mu   sync.Mutex
	live map[string]*live // by token: tasks whose end was not told yet
}

// live is a task whose end was not told yet.
type live struct {
	token    string
	record   record
	process  *os.Process // nil: started by an earlier server, or has ended
	exit     string      // how it ended, if it was an own process
	signaled bool        // was asked to stop by this server
}

// Open finds the tasks in the folder, and makes it if it isn't there. Tasks that
// an earlier server started are followed on: see Watch.
func Open(c Config, events Events, now func() time.Time, log *slog.Logger) (*Tasks, error) {
	if len(c.Command) == 0 {
		return nil, errors.New("tasks: no command to run")
	}
	var err error
	if c.Dir, err = filepath.Abs(c.Dir); err != nil { // agents work elsewhere
		return nil, fmt.Errorf("tasks: %w", err)
	}
	if err := os.MkdirAll(c.Dir, privateDir); err != nil {
		return nil, fmt.Errorf("tasks: %w", err)
	}
	t := &Tasks{
		config: c, events: events, now: now, log: log,
		ended: make(chan struct{}, 1), live: map[string]*live{},
	}
	found, err := t.files()
	if err != nil {
		return nil, fmt.Errorf("tasks: %w", err)
	}
	for _, token := range found {
		if err := t.find(token); err != nil {
			return nil, fmt.Errorf("tasks: find %s again: %w", token, err)
		}
	}
	return t, nil
}

// files lists the tokens of all tasks in the folder.
func (t *Tasks) files() ([]string, error) {
	entries, err := os.ReadDir(t.config.Dir)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, e := range entries {
		if token, ok := strings.CutSuffix(e.Name(), fileSuffix); ok && tokens.MatchString(token) {
			found = append(found, token)
		}
	}
	return found, nil
}

func (t *Tasks) find(token string) error {
	f, err := t.open(token, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := readRecord(f)
	if err == nil && r.spawned() && !r.published() {
		t.live[token] = &live{token: token, record: r}
	}
	return err
}

func (t *Tasks) open(token string, flags int) (*os.File, error) {
	return os.OpenFile(pathOf(t.config.Dir, token), os.O_RDWR|os.O_APPEND|flags, private)
}

// Run starts the task of an attempt, once per client token: asked again it gives
// the same ARN, whether the task runs or has ended. Its errors are those of
// package task. The context bounds the launch, not the task.
func (t *Tasks) Run(ctx context.Context, r task.Request) (arn string, err error) {
	if !tokens.MatchString(r.ClientToken) {
		return "", fmt.Errorf("%w: client token %q must be 1 to 64 letters, digits, _ or -", task.ErrRefused, r.ClientToken)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return "", err
	}
	f, err := t.open(r.ClientToken, os.O_CREATE)
	if err != nil {
		return "", fmt.Errorf("%w: %w", task.ErrUnclear, err)
	}
	defer f.Close()
	free, err := filelock.TryExclusive(f)
	if err != nil {
		return "", fmt.Errorf("%w: %w", task.ErrUnclear, err)
	}
	if !free {
		return arnOf(r.ClientToken), nil
	}
	before, err := readRecord(f)
	if err != nil {
		return "", fmt.Errorf("%w: %w", task.ErrUnclear, err)
	}
	if !before.spawned() {
		err = t.spawn(ctx, f, r)
	}
	if err != nil {
		return "", err
	}
	return arnOf(r.ClientToken), nil
}

// Describe tells where a task stands. An ARN that is not of this package, or of
// a task whose file was deleted, is missing.
func (t *Tasks) Describe(_ context.Context, arn string) (task.State, error) {
	token, ok := tokenOf(arn)
	if !ok {
		return task.Missing, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	running, r, err := t.read(token)
	switch {
	case err != nil:
		return "", fmt.Errorf("describe %s: %w", arn, err)
	case running:
		return task.Running, nil
	case r.spawned():
		return task.Stopped, nil
	}
	return task.Missing, nil
}

// read tells whether a task runs, and what its file says; nothing if there is none.
func (t *Tasks) read(token string) (running bool, r record, err error) {
	f, err := t.open(token, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, r, nil
	}
	if err != nil {
		return false, r, err
	}
	defer f.Close()
	free, err := filelock.TryShared(f)
	if err != nil {
		return false, r, err
	}
	r, err = readRecord(f)
	return !free, r, err
}

// write adds to what a task's file says.
func (t *Tasks) write(token string, r record) error {
	f, err := t.open(token, 0)
	if err != nil {
		return err
	}
	return errors.Join(appendRecord(f, r), f.Close())
}

// syncDir makes new names in the folder durable.
func (t *Tasks) syncDir() error {
	d, err := os.Open(t.config.Dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
