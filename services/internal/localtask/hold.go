package localtask

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/outdial/outdial/services/internal/filelock"
)

// EnvLock is the variable that tells an agent on this machine its task's file.
// Agents elsewhere don't have it.
const EnvLock = "OUTDIAL_TASK_LOCK"

// inherited is the descriptor of the locked file in the agent: the first of
// exec.Cmd.ExtraFiles.
const inherited = 3

// ErrHeld says that another process is the task already.
var ErrHeld = errors.New("another process holds the task's lock")

// held keeps the lock until the process ends: were the file to become garbage,
// its descriptor would be closed and the lock lost.
var held *os.File

// Hold is an agent's first step: it makes sure that this process holds the lock
// of its task, inherited or, if it was not started by Tasks, taken now, and notes
// the process id. After an error (ErrHeld: another process is the task) the
// agent must exit. The lock is held until the process ends.
func Hold(path string) error {
	if held != nil {
		return nil
	}
	f, err := lockFile(path)
	if err != nil {
		return fmt.Errorf("open the task's lock: %w", err)
	}
	// The lock belongs to the open file, so this succeeds if it is held already.
	ok, err := filelock.TryExclusive(f)
	if err == nil && !ok {
		err = ErrHeld
	}
	if err == nil {
		err = appendRecord(f, record{PID: os.Getpid()})
	}
	if err != nil {
		return fmt.Errorf("hold %s: %w", path, err)
	}
	held = f
	return nil
}

// lockFile is the inherited file, if that is the one, or else the file opened anew.
func lockFile(path string) (*os.File, error) {
	var want, got syscall.Stat_t
	if err := syscall.Stat(path, &want); err != nil {
		return nil, err
	}
	if syscall.Fstat(inherited, &got) != nil || got.Dev != want.Dev || got.Ino != want.Ino {
		return os.OpenFile(path, os.O_RDWR|os.O_APPEND, private)
	}
	syscall.CloseOnExec(inherited) // else a child of the agent would be the task, too
	return os.NewFile(inherited, path), nil
}
