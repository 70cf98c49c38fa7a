//go:build !linux

package serve_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// agentsOf are the processes of a folder's agents that have noted their process
// id, and whose end was not told yet.
func agentsOf(t *testing.T, tasks string) (pids []int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(tasks, "*.lock"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // it was deleted just now
		}
		var note struct {
			PID         int       `json:"pid"`
			PublishedAt time.Time `json:"published_at"`
		}
		for line := range bytes.Lines(content) {
			next := note
			if json.Unmarshal(line, &next) == nil {
				note = next
			}
		}
		if note.PID != 0 && note.PublishedAt.IsZero() && syscall.Kill(note.PID, 0) == nil {
			pids = append(pids, note.PID)
		}
	}
	return pids
}

// killProcess ends a process with SIGKILL, if it is still there.
func killProcess(pid int) { _ = syscall.Kill(pid, syscall.SIGKILL) }
