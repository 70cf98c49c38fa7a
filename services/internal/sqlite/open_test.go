package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/sqlite"
	"github.com/outdial/outdial/services/internal/verify"
)

func TestANewFileHasTheCapacityItWasOpenedWithAndKeepsIt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a name with % ? & # in it.db")
	first := call.Capacity{Limit: 7, Rate: 2.5, Stopped: true, Version: 1}
	for _, o := range []sqlite.Options{
		{Path: path, Capacity: first},
		{Path: path, Capacity: call.Capacity{Limit: 100, Rate: 100}},
	} {
		db, err := sqlite.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := db.Capacity(t.Context()); err != nil || got != first {
			t.Errorf("capacity %+v, %v; want %+v", got, err, first)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOnlyThisUserMayReadTheFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, sqlite.Options{Path: filepath.Join(dir, "outdial.db")})
	if err := db.Send(t.Context(), queue.Calls, queue.Message{Body: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", f.Name(), info.Mode(), err)
		}
	}
	if len(files) != 4 { // data, log, shared memory, turnstile
		t.Errorf("%d files: %v", len(files), files)
	}
}

func TestTheFileOutlivesItsProcess(t *testing.T) {
	t.Parallel()
	o := sqlite.Options{Path: filepath.Join(t.TempDir(), "outdial.db")}
	server := open(t, o)
	c := create(t, server)
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // while no server runs
		agent, err := sqlite.OpenExisting(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := agent.Call(t.Context(), c.ID); err != nil || got.ID != c.ID {
			t.Errorf("call: %+v, %v", got, err)
		}
		if err := agent.Send(t.Context(), queue.Events, queue.Message{Body: []byte("{}")}); err != nil {
			t.Error(err)
		}
		if err := agent.Close(); err != nil {
			t.Error(err)
		}
	}
	again := open(t, o)
	if err := verify.Check(t.Context(), again); err != nil {
		t.Error(err)
	}
}

func TestServersThatStartAtOnceMakeOneFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outdial.db")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			db, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Capacity: call.Capacity{Limit: 3, Rate: 1}})
			if err != nil {
				t.Error(err)
				return
			}
			if c, err := db.Capacity(t.Context()); err != nil || c.Limit != 3 {
				t.Errorf("capacity %+v, %v", c, err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// made makes a file of another kind in a folder of its own.
func made(t *testing.T, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "outdial.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func text(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "outdial.db")
	if err := os.WriteFile(path, bytes.Repeat([]byte("These are somebody's notes.\n"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAFileThatIsNotOursIsNotTouched(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		path string
		says string
	}{
		{"another program's tables", made(t, "CREATE TABLE notes (text)", "INSERT INTO notes VALUES ('mine')"), "not an Outdial data file"},
		{"another program's id", made(t, "PRAGMA application_id = 7"), "not an Outdial data file"},
		{"another program's version", made(t, "PRAGMA user_version = 7"), "not an Outdial data file"},
		{"text", text(t), "not an Outdial data file"},
		{"a newer version of ours", made(t, "PRAGMA application_id = 0x4f757444", "PRAGMA user_version = 999"), "install the newer outdial"},
	} {
		for name, opener := range openers {
			t.Run(test.name+", "+name, func(t *testing.T) {
				before, err := os.ReadFile(test.path)
				if err != nil {
					t.Fatal(err)
				}
				db, err := opener(t.Context(), sqlite.Options{Path: test.path})
				if err == nil {
					t.Fatal("it was opened: ", db.Close())
				}
				if !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), test.path) {
					t.Errorf("it says: %v", err)
				}
				after, err := os.ReadFile(test.path)
				if err != nil || !bytes.Equal(before, after) {
					t.Errorf("the file was changed (%v)", err)
				}
			})
		}
	}
}

var openers = map[string]func(ctx context.Context, o sqlite.Options) (*sqlite.DB, error){
	"by a server": sqlite.Open, "by an agent": sqlite.OpenExisting,
}

func TestANewerFileTellsBothVersions(t *testing.T) {
	t.Parallel()
	path := made(t, "PRAGMA application_id = 0x4f757444", "PRAGMA user_version = 999")
	_, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	var newer *sqlite.NewerVersionError
	if !errors.As(err, &newer) || newer.File != 999 || newer.Supports < 1 || newer.Path != path {
		t.Errorf("error: %+v", err)
	}
}

func TestAnAgentNeitherMakesNorUpgradesAFile(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "outdial.db")
	if _, err := sqlite.OpenExisting(t.Context(), sqlite.Options{Path: missing}); !errors.Is(err, sqlite.ErrNoFile) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := os.Stat(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it was made: %v", err)
	}
	for name, path := range map[string]string{
		"an empty file":                made(t, "VACUUM"),
		"a file of an earlier version": made(t, "PRAGMA application_id = 0x4f757444"),
	} {
		if _, err := sqlite.OpenExisting(t.Context(), sqlite.Options{Path: path}); !errors.Is(err, sqlite.ErrOlderVersion) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A server that was killed while it made its file has left an empty one, or one in WAL mode.
func TestAFileThatWasBegunIsFinished(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{
		"empty":    made(t, "VACUUM"),
		"WAL mode": made(t, "PRAGMA journal_mode = WAL"),
	} {
		db, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Capacity: call.Capacity{Limit: 3}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c, err := db.Capacity(t.Context()); err != nil || c.Limit != 3 {
			t.Errorf("%s: capacity %+v, %v", name, c, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// ofVersion makes a file as programs of an earlier version did, with calls under way.
func ofVersion(t *testing.T, version int) string {
	t.Helper()
	names, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(names) <= version {
		t.Fatalf("%d migrations, %v", len(names), err)
	}
	statements := []string{fmt.Sprintf("PRAGMA application_id = 0x4f757444; PRAGMA user_version = %d", version)}
	for _, name := range names[:version] {
		script, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		statements = append(statements, string(script))
	}
	return made(t, append(statements, `INSERT INTO capacity (id, slots, in_use, rate, stopped, backoff_step, version) VALUES (1, 7, 2, 2.5, 1, 0, 4)`)...)
}

func TestAFileOfAnEarlierVersionGoesOn(t *testing.T) {
	t.Parallel()
	for _, version := range []int{1, 2} {
		db := open(t, sqlite.Options{Path: ofVersion(t, version)})
		stopped := call.Capacity{Limit: 7, InUse: 2, Rate: 2.5, Stopped: true, Version: 4}
		if got, err := db.Capacity(t.Context()); err != nil || got != stopped {
			t.Fatalf("version %d: capacity %+v, %v; want %+v", version, got, err, stopped)
		}
		goOn := false
		if err := db.SetCapacity(t.Context(), stopped, stopped.Set(call.CapacityUpdate{Stopped: &goOn}, time.Now())); err != nil {
			t.Fatal(err)
		}
		c := create(t, db)
		room, err := db.Capacity(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		launchAt, admission := room.Admit(time.Now())
		if _, err := call.ApplyTo(t.Context(), db, c, func(c call.Call) (call.Change, error) {
			return call.Admitted(c, launchAt, admission, "agent:1", call.DefaultTiming(), time.Now())
		}); err != nil {
			t.Fatal(err)
		}
		if got, err := db.Capacity(t.Context()); err != nil || got.InUse != 3 || got.Admitted != 1 {
			t.Errorf("version %d: capacity %+v after an admission, %v", version, got, err)
		}
	}
}
