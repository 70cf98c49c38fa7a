package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/queue"
)

// limitPages lets the file grow to so many pages: the disk is full then.
func limitPages(t *testing.T, db *DB, n int) {
	t.Helper()
	limit := fmt.Sprintf("PRAGMA max_page_count = %d", n)
	connect := db.o.connectWriter
	err := db.writer.write(t.Context(), func(x *tx) error {
		db.writer.connect = func() (*writeConn, error) {
			c, err := connect(t.Context(), serverPool)
			if err == nil {
				err = c.run(limit)
			}
			return c, err
		}
		return x.conn.run(limit)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// other is a connection of another program to the file.
func other(t *testing.T, path string) *sql.Conn {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(conn.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	return conn
}

func run(t *testing.T, conn *sql.Conn, text string) {
	t.Helper()
	if _, err := conn.ExecContext(t.Context(), text); err != nil {
		t.Fatal(err)
	}
}

func TestAFullDiskRefusesNewCallsAndLosesNone(t *testing.T) {
	t.Parallel()
	db := openFile(t, Options{})
	limitPages(t, db, 100)
	var err error
	n := 0
	for ; err == nil; n++ {
		err = db.Apply(t.Context(), newCall(n))
	}
	n-- // the last was refused
	if !errors.Is(err, ErrDiskFull) || errors.Is(err, call.ErrUnclear) || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("answer: %v", err)
	}
	if n == 0 {
		t.Fatal("no call was written before the disk was full")
	}
	for i := range n {
		mustHave(t, db, i, true)
	}
	mustHave(t, db, n, false)
	check(t, db)

	limitPages(t, db, 100_000)
	if err := db.Apply(t.Context(), newCall(n)); err != nil {
		t.Errorf("with room again: %v", err)
	}
	check(t, db)
}

// On a full disk a large write must not take the small ones of its group with it.
func TestAWriteThatFitsIsWrittenBesideOneThatDoesNot(t *testing.T) {
	t.Parallel()
	db := openFile(t, Options{})
	large := queue.Message{Body: make([]byte, 4<<20)}
	limitPages(t, db, 500)
	answers := together(
		t, db,
		func() error { return db.Apply(context.Background(), newCall(1)) },
		func() error { return db.Send(context.Background(), queue.Calls, large) },
		func() error { return db.Apply(context.Background(), newCall(2)) },
	)
	if answers[0] != nil || !errors.Is(answers[1], ErrDiskFull) || answers[2] != nil {
		t.Errorf("answers: %v", answers)
	}
	mustHave(t, db, 1, true)
	mustHave(t, db, 2, true)
	check(t, db)
}

func TestALockedFileIsReadAndRefusesWrites(t *testing.T) {
	t.Parallel()
	db := openFile(t, Options{BusyTimeout: 20 * time.Millisecond})
	if err := db.Apply(t.Context(), newCall(1)); err != nil {
		t.Fatal(err)
	}
	conn := other(t, db.o.Path)
	run(t, conn, "BEGIN IMMEDIATE")
	err := db.Apply(t.Context(), newCall(2))
	if !errors.Is(err, ErrLocked) || errors.Is(err, call.ErrUnclear) || !strings.Contains(err.Error(), "close that program") {
		t.Errorf("answer: %v", err)
	}
	mustHave(t, db, 1, true)
	run(t, conn, "ROLLBACK")
	mustHave(t, db, 2, false)
	if err := db.Apply(t.Context(), newCall(2)); err != nil {
		t.Errorf("after the lock: %v", err)
	}
	check(t, db)
}

func TestAWriteWaitsForAnotherProgramsTransaction(t *testing.T) {
	t.Parallel()
	db := openFile(t, Options{})
	conn := other(t, db.o.Path)
	run(t, conn, "BEGIN IMMEDIATE")
	answer := make(chan error)
	go func() { answer <- db.Apply(context.Background(), newCall(1)) }()
	mustHave(t, db, 1, false)
	run(t, conn, "ROLLBACK")
	if err := <-answer; err != nil {
		t.Error(err)
	}
	mustHave(t, db, 1, true)
}

// Beside a server that begins a transaction the moment the last is over, SQLite's
// own waiting would starve an agent.
func TestAWriteLetsTheProcessThatWasThereFirstGoFirst(t *testing.T) {
	t.Parallel()
	db := openFile(t, Options{})
	db.writer.turn.patience = time.Hour
	release := occupy(t, db)
	answer := make(chan error)
	go func() { answer <- db.Apply(context.Background(), newCall(1)) }()
	waitFor(t, db, 1)
	first := turnstile{path: db.o.Path + "-turn"}
	leave := first.enter()
	release()
	waitFor(t, db, 0) // the writer has taken it
	conn := other(t, db.o.Path)
	run(t, conn, "BEGIN IMMEDIATE")
	mustHave(t, db, 1, false)
	leave()
	run(t, conn, "COMMIT")
	if err := errors.Join(<-answer, first.close()); err != nil {
		t.Error(err)
	}
	mustHave(t, db, 1, true)
}

// Somebody who stays in the turnstile is no reason not to write.
func TestTheTurnstileIsOnlyACourtesy(t *testing.T) {
	t.Parallel()
	db := openFile(t, Options{BusyTimeout: 20 * time.Millisecond})
	blocked := turnstile{path: db.o.Path + "-turn"}
	blocked.enter() // and never leaves
	if err := db.Apply(t.Context(), newCall(1)); err != nil {
		t.Errorf("while another process stands in the turnstile: %v", err)
	}
	if err := blocked.close(); err != nil {
		t.Error(err)
	}
	noFile := turnstile{path: filepath.Join(db.o.Path, "no folder")}
	noFile.enter()()
	mustHave(t, db, 1, true)
}

// SQLite's own errors, made for real where that is possible, in our words.
func TestErrorsOfTheFileSayWhatToDo(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		happens func(t *testing.T, path string) error
		want    error
		says    string
	}{
		{"a file that may not be written", writeReadOnly, ErrReadOnly, "make the data folder"},
		{"a file that is damaged", readDamaged, ErrDamaged, "restore the folder from a backup"},
		{"no such folder", openInMissingFolder, ErrCantOpen, "check that the data folder exists"},
		{"a file that is another's lock", lockedRightAway, ErrLocked, "wait until it is done"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "outdial.db")
			db := openFile(t, Options{Path: path})
			for i := range 200 {
				if err := db.Apply(t.Context(), newCall(i)); err != nil {
					t.Fatal(err)
				}
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			err := translate(test.happens(t, path))
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v, not %v", err, test.want)
			}
		})
	}
	if err := translate(errors.New("plain")); err == nil || err.Error() != "plain" {
		t.Errorf("an error that is not SQLite's became: %v", err)
	}
}

func writeReadOnly(t *testing.T, path string) error {
	_, err := other(t, "file:"+path+"?mode=ro").ExecContext(t.Context(), "DELETE FROM calls")
	return err
}

func readDamaged(t *testing.T, path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096; i < len(b); i++ { // all pages but the first, which tells the schema
		b[i] = 0xa5
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	var n int
	return other(t, path).QueryRowContext(t.Context(), "SELECT count(*) FROM calls").Scan(&n)
}

func openInMissingFolder(t *testing.T, path string) error {
	_, err := Open(t.Context(), Options{Path: filepath.Join(path+"-none", "outdial.db")})
	return err
}

func lockedRightAway(t *testing.T, path string) error {
	run(t, other(t, path), "BEGIN IMMEDIATE")
	_, err := other(t, path).ExecContext(t.Context(), "BEGIN IMMEDIATE")
	return err
}

func TestTimesThatNanosecondsCantTellAreTheLastThatTheyCan(t *testing.T) {
	t.Parallel()
	near, far := now.UnixNano(), time.Date(9999, time.January, 1, 0, 0, 0, 0, time.UTC)
	if n := unixNano(now); n != near {
		t.Errorf("now is %d, not %d", n, near)
	}
	if unixNano(far) <= near || unixNano(time.Time{}) >= near {
		t.Error("a far time is not in order: ", fmt.Sprint(unixNano(far), unixNano(time.Time{})))
	}
}
