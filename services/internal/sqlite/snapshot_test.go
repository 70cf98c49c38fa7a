package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/sqlite"
)

func created(t *testing.T, db *sqlite.DB, ids ...string) {
	t.Helper()
	for _, id := range ids {
		ch := call.Created(call.NewCall{ID: id, Owner: "ann", Number: "+12025550100", TimeLimit: 60}, time.Now())
		if err := db.Apply(t.Context(), ch); err != nil {
			t.Fatal(err)
		}
	}
}

func snapshot(t *testing.T, path string) *sqlite.Snapshot {
	t.Helper()
	s, err := sqlite.OpenSnapshot(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestASnapshotIsOfOneMoment(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outdial.db")
	db := open(t, sqlite.Options{Path: path})
	created(t, db, "call_1")
	s := snapshot(t, path)
	created(t, db, "call_2")
	if err := db.Send(t.Context(), queue.Calls, queue.Message{Body: []byte("later")}); err != nil {
		t.Fatal(err)
	}
	calls, _, err := s.ListCalls(t.Context(), call.Filter{}, call.Page{Limit: 10})
	if err != nil || len(calls) != 1 {
		t.Errorf("%d calls (%v), want the one that was there", len(calls), err)
	}
	if _, err := s.Call(t.Context(), "call_2"); !errors.Is(err, call.ErrNotFound) {
		t.Errorf("a call that came later: %v, want not found", err)
	}
	if messages, err := s.Messages(t.Context(), queue.Calls, "", 10); err != nil || len(messages) != 0 {
		t.Errorf("messages that came later: %v, %v", messages, err)
	}
	if messages, err := snapshot(t, path).Messages(t.Context(), queue.Calls, "", 10); err != nil || len(messages) != 1 || string(messages[0].Body) != "later" {
		t.Errorf("messages of a snapshot taken now: %v, %v", messages, err)
	}
}

func TestASnapshotCantBeWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outdial.db")
	db := open(t, sqlite.Options{Path: path})
	created(t, db, "call_1")
	s := snapshot(t, path)
	if err := s.Send(t.Context(), queue.Calls, queue.Message{Body: []byte("x")}); err == nil {
		t.Error("a message was sent")
	}
	if messages, err := snapshot(t, path).Messages(t.Context(), queue.Calls, "", 10); err != nil || len(messages) != 0 {
		t.Errorf("messages: %v, %v", messages, err)
	}
}

// A server that was killed leaves what it wrote in the log beside the file.
func TestASnapshotOfAFileWhoseServerWasKilled(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outdial.db")
	db := open(t, sqlite.Options{Path: path})
	created(t, db, "call_1")
	left := t.TempDir()
	if err := os.CopyFS(left, os.DirFS(filepath.Dir(path))); err != nil { // as the disk has it now
		t.Fatal(err)
	}
	if _, err := snapshot(t, filepath.Join(left, "outdial.db")).Call(t.Context(), "call_1"); err != nil {
		t.Error(err)
	}
}

func TestAFileThatIsAllRightHasNoFaults(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outdial.db")
	created(t, open(t, sqlite.Options{Path: path}), "call_1")
	if faults, err := snapshot(t, path).Faults(t.Context()); err != nil || len(faults) != 0 {
		t.Errorf("faults: %v, %v", faults, err)
	}
}

func TestThereIsNoSnapshotOfNoFile(t *testing.T) {
	t.Parallel()
	if _, err := sqlite.OpenSnapshot(t.Context(), filepath.Join(t.TempDir(), "none.db")); !errors.Is(err, sqlite.ErrNoFile) {
		t.Errorf("got %v", err)
	}
}
