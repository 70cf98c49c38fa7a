package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/verify"
)

var now = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

func openFile(t *testing.T, o Options) *DB {
	t.Helper()
	if o.Path == "" {
		o.Path = filepath.Join(t.TempDir(), "outdial.db")
	}
	o.Capacity = call.Capacity{Limit: 10, Rate: 1}
	db, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func newCall(n int) call.Change {
	return call.Created(call.NewCall{ID: callID(n), Owner: "ann", Number: "+493012345678", TimeLimit: 600}, now)
}

func callID(n int) string { return call.SingleID(fmt.Sprintf("01JABCDEFGHJKMNPQRSTVW%04d", n)) }

func mustHave(t *testing.T, db *DB, n int, want bool) {
	t.Helper()
	_, err := db.Call(t.Context(), callID(n))
	switch {
	case want && err != nil:
		t.Errorf("call %d: %v", n, err)
	case !want && !errors.Is(err, call.ErrNotFound):
		t.Errorf("call %d is there, or: %v", n, err)
	}
}

func check(t *testing.T, db *DB) {
	t.Helper()
	if err := verify.Check(t.Context(), db); err != nil {
		t.Error(err)
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 10 seconds", what)
		}
	}
}

// occupy keeps the writer at work until release is called: what is written
// meanwhile becomes one group.
func occupy(t *testing.T, db *DB) (release func()) {
	t.Helper()
	began, end := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var wg sync.WaitGroup
	wg.Go(func() {
		err := db.writer.write(context.Background(), func(*tx) error {
			once.Do(func() { close(began) })
			<-end
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-began
	return func() {
		close(end)
		wg.Wait()
	}
}

// together makes writes that wait at the same time, and gives their answers.
func together(t *testing.T, db *DB, writes ...func() error) []error {
	t.Helper()
	release := occupy(t, db)
	answers := make([]error, len(writes))
	var wg sync.WaitGroup
	for i, write := range writes {
		wg.Go(func() { answers[i] = write() })
	}
	waitFor(t, db, len(writes))
	release()
	wg.Wait()
	return answers
}

// waitFor waits until n writes are in the queue.
func waitFor(t *testing.T, db *DB, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d writes wait", n), func() bool { return len(db.writer.queue) == n })
}

func TestWritesThatWaitShareOneCommit(t *testing.T) {
	t.Parallel()
	db := openFile(t, Options{})
	commits := 0
	plain := db.writer.commit
	db.writer.commit = func(c *writeConn) error { commits++; return plain(c) }
	const n = 100
	var writes []func() error
	for i := range n {
		writes = append(writes, func() error { return db.Apply(context.Background(), newCall(i)) })
	}
	for i, err := range together(t, db, writes...) {
		if err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
	for i := range n {
		mustHave(t, db, i, true)
	}
	if commits != 1 {
		t.Errorf("%d calls took %d commits, not one", n, commits)
	}
	check(t, db)
}

func TestOneRefusalInAGroupLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	db := openFile(t, Options{})
	if err := db.Apply(t.Context(), newCall(0)); err != nil {
		t.Fatal(err)
	}
	answers := together(
		t, db,
		func() error { return db.Apply(context.Background(), newCall(1)) },
		func() error { return db.Apply(context.Background(), newCall(0)) },
		func() error { return db.Apply(context.Background(), newCall(2)) },
	)
	if answers[0] != nil || !call.RefusedFor(answers[1], call.ConditionExists) || answers[2] != nil {
		t.Errorf("answers: %v", answers)
	}
	check(t, db)
}

// A slice that finds one of its calls there already has written others before.
func TestAWriteThatFailsHalfWayIsUndoneAndLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	db := openFile(t, Options{})
	accepted := call.BatchAccepted(call.Batch{ID: call.BatchID("01JABCDEFGHJKMNPQRSTVWXYZ0"), Owner: "ann", Rows: 2, ChunkRows: 2}, nil, now)
	slice, err := call.BatchExpanded(accepted.After, []call.Row{{Line: 2, Number: "+4930111111"}, {Line: 3, Number: "+4930222222"}}, now)
	if err != nil {
		t.Fatal(err)
	}
	stray := slice.Calls[1]
	if err := errors.Join(db.ApplyBatch(t.Context(), accepted), db.Apply(t.Context(), stray)); err != nil {
		t.Fatal(err)
	}
	answers := together(
		t, db,
		func() error { return db.Apply(context.Background(), newCall(1)) },
		func() error { return db.ApplyBatch(context.Background(), slice) },
		func() error { return db.Apply(context.Background(), newCall(2)) },
	)
	if answers[0] != nil || !call.RefusedFor(answers[1], call.ConditionExists) || answers[2] != nil {
		t.Errorf("answers: %v", answers)
	}
	if _, err := db.Call(t.Context(), slice.Calls[0].After.ID); !errors.Is(err, call.ErrNotFound) {
		t.Errorf("the first call of the slice: %v, not ErrNotFound", err)
	}
	if b, err := db.Batch(t.Context(), accepted.After.ID); err != nil || b.Expanded != 0 {
		t.Errorf("batch: %+v, %v", b, err)
	}
	mustHave(t, db, 1, true)
	mustHave(t, db, 2, true)
}

func TestACallerThatLeavesWhileItWaitsHasWrittenNothing(t *testing.T) {
	t.Parallel()
	db := openFile(t, Options{})
	release := occupy(t, db)
	ctx, cancel := context.WithCancel(context.Background())
	answer := make(chan error)
	go func() { answer <- db.Apply(ctx, newCall(1)) }()
	waitFor(t, db, 1)
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) || errors.Is(err, call.ErrUnclear) {
		t.Errorf("answer: %v", err)
	}
	release()
	if err := db.Apply(t.Context(), newCall(2)); err != nil {
		t.Error(err)
	}
	mustHave(t, db, 1, false)
	check(t, db)
}

func TestACallerWhoseWriteHasBegunGetsItsAnswer(t *testing.T) {
	t.Parallel()
	db := openFile(t, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	plain := db.writer.commit
	db.writer.commit = func(c *writeConn) error {
		cancel()
		return plain(c)
	}
	if err := db.Apply(ctx, newCall(1)); err != nil {
		t.Errorf("answer: %v, although it was written", err)
	}
	mustHave(t, db, 1, true)
}

func TestACommitThatFailsIsUnclear(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		commit func(c *writeConn) error
		there  bool
	}{
		{"before it took effect", func(*writeConn) error { return errors.New("disk gone") }, false},
		{"after it took effect", func(c *writeConn) error { return errors.Join(c.run("COMMIT"), errors.New("disk gone")) }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			db := openFile(t, Options{})
			plain := db.writer.commit
			db.writer.commit = test.commit
			if err := db.Apply(t.Context(), newCall(1)); !errors.Is(err, call.ErrUnclear) || !strings.Contains(err.Error(), "disk gone") {
				t.Errorf("answer: %v", err)
			}
			db.writer.commit = plain
			if err := db.Apply(t.Context(), newCall(2)); err != nil {
				t.Errorf("the next write: %v", err)
			}
			mustHave(t, db, 1, test.there)
			mustHave(t, db, 2, true)
			check(t, db)
		})
	}
}

func TestAWriteThatGivesAnErrorAfterItWroteIsUndone(t *testing.T) {
	t.Parallel()
	db := openFile(t, Options{})
	refusal := errors.New("refused too late")
	half := func() error {
		return db.writer.write(context.Background(), func(x *tx) error {
			change := newCall(1)
			return errors.Join(x.insertCall(change.After, "{}"), refusal)
		})
	}
	for _, answers := range [][]error{
		together(t, db, half),
		together(t, db, half, func() error { return db.Apply(context.Background(), newCall(2)) }),
	} {
		if !errors.Is(answers[0], refusal) || errors.Join(answers[1:]...) != nil {
			t.Errorf("answers: %v", answers)
		}
	}
	mustHave(t, db, 1, false)
	mustHave(t, db, 2, true)
	check(t, db)
}

// What an answer rests on: a commit is flushed to the disk, by an agent as by a server.
func TestACommitThatWasAnsweredOutlivesALossOfPower(t *testing.T) {
	t.Parallel()
	server := openFile(t, Options{})
	agent, err := OpenExisting(t.Context(), Options{Path: server.o.Path})
	if err != nil {
		t.Fatal(err)
	}
	for name, db := range map[string]*DB{"server": server, "agent": agent} {
		var journal, synchronous string
		err := db.writer.write(t.Context(), func(x *tx) error {
			_, err := x.get("SELECT journal_mode, synchronous FROM pragma_journal_mode, pragma_synchronous", nil, &journal, &synchronous)
			return err
		})
		if err != nil || journal != "wal" || synchronous != "2" { // FULL
			t.Errorf("%s: journal mode %s, synchronous %s, %v", name, journal, synchronous, err)
		}
	}
	if err := agent.Close(); err != nil {
		t.Error(err)
	}
}

func TestCloseWritesWhatWaits(t *testing.T) {
	t.Parallel()
	for range 10 { // what comes first, the write or the end, is a matter of chance
		closeWhileAWriteWaits(t)
	}
}

func closeWhileAWriteWaits(t *testing.T) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "outdial.db")
	db := openFile(t, Options{Path: path})
	release := occupy(t, db)
	answer := make(chan error)
	go func() { answer <- db.Apply(context.Background(), newCall(1)) }()
	waitFor(t, db, 1)
	closed := make(chan error)
	go func() { closed <- db.Close() }()
	<-db.writer.closing
	release()
	if err := errors.Join(<-answer, <-closed); err != nil {
		t.Error(err)
	}
	again := openFile(t, Options{Path: path})
	mustHave(t, again, 1, true)
	if err := db.Apply(t.Context(), newCall(2)); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v, not ErrClosed", err)
	}
}
