package localtask

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Stop asks a task to end, with SIGTERM, and ends it by force when it still runs
// after the stop timeout. It does not wait for that. Stopping a task that has
// ended, or that isn't known, does nothing.
func (t *Tasks) Stop(ctx context.Context, arn, reason string) error {
	token, ok := tokenOf(arn)
	if !ok {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	running, _, err := t.read(token)
	if err != nil {
		return fmt.Errorf("stop %s: %w", arn, err)
	}
	l := t.live[token]
	if !running || l == nil {
		return nil
	}
	if l.record.StopAt.IsZero() {
		// In the file, so that the server after this one ends it by force if need be.
		asked := record{StopAt: t.now().UTC(), StopReason: reason}
		l.record.StopAt, l.record.StopReason = asked.StopAt, asked.StopReason
		if err := t.write(token, asked); err != nil {
			t.log.WarnContext(ctx, "stop not noted", "task", arn, "cause", err)
		}
	}
	if err := t.press(l); err != nil {
		return fmt.Errorf("stop %s: %w", arn, err)
	}
	return nil
}

// press signals a task that was asked to stop: once gently, and then, when its
// time is over, by force.
func (t *Tasks) press(l *live) error {
	switch {
	case l.record.StopAt.IsZero():
		return nil
	case !t.now().Before(l.record.StopAt.Add(t.config.StopTimeout)):
		return t.signal(l, syscall.SIGKILL)
	case l.signaled:
		return nil
	}
	err := t.signal(l, syscall.SIGTERM)
	l.signaled = err == nil
	return err
}

// signal signals a task's process, and never a stranger that got its process id.
// An own process can't be mistaken before it is reaped. Another's is got hold of
// by its id first, and signaled if the lock is held then: so it had not ended
// when it was got hold of. (On Linux a hold is a pidfd. Elsewhere there is none,
// and a process that ends within these few microseconds could be mistaken.)
func (t *Tasks) signal(l *live, s os.Signal) error {
	process := l.process
	if process == nil {
		_, r, err := t.read(l.token)
		if err != nil {
			return err
		}
		if r.PID <= 0 {
			return errors.New("the task has not told its process id yet")
		}
		if process, err = os.FindProcess(r.PID); err != nil {
			return err
		}
		defer func() { _ = process.Release() }()
		if running, _, err := t.read(l.token); err != nil || !running {
			return err
		}
	}
	if err := process.Signal(s); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}
