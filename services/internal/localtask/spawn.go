package localtask

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/task"
)

// spawn starts the process of a task whose locked file is f. An error says for
// certain that there is no process.
func (t *Tasks) spawn(ctx context.Context, f *os.File, r task.Request) error {
	l := &live{token: r.ClientToken, record: record{
		CallID: r.CallID, Attempt: r.Attempt, StartedBy: r.StartedBy,
		TaskDefinition: r.TaskDefinition, SpawnedAt: t.now().UTC(),
	}}
	t.live[l.token] = l
	err := errors.Join(appendRecord(f, l.record), f.Sync(), t.syncDir())
	if err == nil {
		err = t.start(ctx, f, l, r)
	}
	if err == nil {
		return nil
	}
	// The same launch may be asked for again. If the file stays, its task has
	// ended, and that is told: as safe, only slower.
	if os.Remove(f.Name()) == nil {
		delete(t.live, l.token)
	}
	return refusal(err)
}

// start starts the process and reaps it when it ends.
func (t *Tasks) start(ctx context.Context, f *os.File, l *live, r task.Request) error {
	out, err := os.OpenFile(t.config.LogFile, os.O_WRONLY|os.O_APPEND|os.O_CREATE, private)
	if err != nil {
		return err
	}
	defer out.Close()
	env := messages.AgentEnv{
		CallID: r.CallID, Attempt: r.Attempt, Task: arnOf(r.ClientToken),
		Store: t.config.Store, Carrier: t.config.Carrier, Deadline: r.StartBy,
	}
	// The task outlives the request that asked for it.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), t.config.Command[0], t.config.Command[1:]...) //nolint:gosec // the command is configuration
	cmd.Env = slices.Concat(t.config.Env, env.Environ(), []string{EnvLock + "=" + f.Name()})
	cmd.Dir = t.config.Dir
	cmd.Stdout, cmd.Stderr = out, out
	cmd.ExtraFiles = []*os.File{f}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	l.process = cmd.Process
	go t.reap(cmd, l)
	return nil
}

// reap waits for the end of an own process.
func (t *Tasks) reap(cmd *exec.Cmd, l *live) {
	err := cmd.Wait()
	t.mu.Lock()
	l.process, l.exit = nil, "exit status 0"
	if err != nil {
		l.exit = err.Error()
	}
	t.mu.Unlock()
	select {
	case t.ended <- struct{}{}:
	default: // a look is asked for already
	}
}

// permanent are the errors that asking again can't change.
var permanent = []error{
	exec.ErrNotFound, exec.ErrDot, syscall.ENOENT, syscall.ENOTDIR, syscall.EISDIR,
	syscall.EACCES, syscall.EPERM, syscall.ENOEXEC, syscall.E2BIG, syscall.ELOOP,
}

// refusal says what a launch that failed for certain means: too many processes
// or open files, no memory or a full disk pass; a program that isn't there doesn't.
func refusal(err error) error {
	for _, p := range permanent {
		if errors.Is(err, p) {
			return fmt.Errorf("%w: the agent can't be started: %w", task.ErrRefused, err)
		}
	}
	return fmt.Errorf("%w: the agent can't be started now: %w", task.ErrNoCapacity, err)
}
