package serve_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// agentsOf are the processes of a folder's agents, also of those that have not
// done anything yet: known by their environment.
func agentsOf(t *testing.T, tasks string) (pids []int) {
	t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	mark := []byte("\x00OUTDIAL_TASK_LOCK=" + tasks + "/")
	for _, process := range processes {
		environment, err := os.ReadFile(filepath.Join(process, "environ"))
		if err != nil || !bytes.Contains(environment, mark) {
			continue // it has ended, or is another's
		}
		if pid, err := strconv.Atoi(filepath.Base(process)); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// killProcess ends a process with SIGKILL, if it is still there.
func killProcess(pid int) { _ = syscall.Kill(pid, syscall.SIGKILL) }
