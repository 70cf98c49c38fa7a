package sqlite_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/sqlite"
	"github.com/outdial/outdial/services/internal/verify"
)

// TestMain makes the test binary one of several processes on a file: with a role
// in its environment it plays that, and tells on its output what it has done.
func TestMain(m *testing.M) {
	if role := os.Getenv("OUTDIAL_TEST_ROLE"); role != "" {
		if err := play(role, os.Getenv("OUTDIAL_TEST_FILE")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	if raced && !given("rapid.checks") {
		if err := flag.Set("rapid.checks", "25"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// given tells whether a flag stands on the command line.
func given(name string) (is bool) {
	flag.Visit(func(f *flag.Flag) { is = is || f.Name == name })
	return is
}

func play(role, path string) (err error) {
	ctx := context.Background()
	db, err := sqlite.OpenExisting(ctx, sqlite.Options{Path: path, BusyTimeout: 30 * time.Second})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return roles[role](ctx, db)
}

// roles are what another process on the file may do.
var roles = map[string]func(context.Context, *sqlite.DB) error{
	"admit and end":     playAdmit,
	"take claims":       playClaims,
	"receive":           playReceive,
	"create":            playCreate,
	"work until killed": playWork,
}

var printing sync.Mutex

// tell says what was done. It is told once the store has answered, so it must be there.
func tell(word, id string) {
	printing.Lock()
	defer printing.Unlock()
	fmt.Println(word, id)
}

// process is another process on a file.
type process struct {
	cmd  *exec.Cmd
	told *bufio.Scanner
	errs strings.Builder
}

func start(t *testing.T, role, path string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.CommandContext(t.Context(), self)}
	p.cmd.Env = append(os.Environ(), "OUTDIAL_TEST_ROLE="+role, "OUTDIAL_TEST_FILE="+path)
	p.cmd.Stderr = &p.errs
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.told = bufio.NewScanner(out)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// done are the ids that a process told of, by word.
type done map[string][]string

// read takes in what the process tells until it has told n things, or all when n is zero.
func (p *process) read(n int, into done) {
	for i := 0; (n == 0 || i < n) && p.told.Scan(); i++ {
		if word, id, ok := strings.Cut(p.told.Text(), " "); ok {
			into[word] = append(into[word], id)
		}
	}
}

// end waits for the end of a process that ends by itself.
func (p *process) end(t *testing.T) done {
	t.Helper()
	all := done{}
	p.read(0, all)
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, p.errs.String())
	}
	return all
}

// atOnce runs as many processes in a role as there are to run, and gives what each has done.
func atOnce(t *testing.T, n int, role, path string) []done {
	t.Helper()
	all := make([]done, n)
	var wg sync.WaitGroup
	for i := range n {
		p := start(t, role, path)
		wg.Go(func() { all[i] = p.end(t) })
	}
	wg.Wait()
	return all
}

// each gives all ids that the processes told of, and checks that none was told twice.
func each(t *testing.T, all []done, word string) []string {
	t.Helper()
	var ids []string
	for _, d := range all {
		ids = append(ids, d[word]...)
	}
	slices.Sort(ids)
	if unique := slices.Compact(slices.Clone(ids)); len(unique) != len(ids) {
		t.Errorf("%d of %d were %s twice", len(ids)-len(unique), len(ids), word)
	}
	return ids
}

// scale makes a test smaller with -short, and under the race detector.
func scale(n int) int {
	if testing.Short() || raced {
		return n / 4
	}
	return n
}

const processes = 4

func TestProcessesNeverAdmitMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	const limit = 3
	path := filepath.Join(t.TempDir(), "outdial.db")
	db := open(t, sqlite.Options{Path: path, Capacity: call.Capacity{Limit: limit, Rate: 1e6}})
	calls := scale(120)
	expand(t, db, acceptBatch(t, db, "ann", calls), calls)

	ctx, stop := context.WithCancel(t.Context())
	var watch sync.WaitGroup
	watch.Go(func() {
		for ctx.Err() == nil {
			active := []call.Status{call.Launching, call.Starting, call.Ringing, call.InProgress}
			now, _, err := db.ListCalls(ctx, call.Filter{Statuses: active}, call.Page{Limit: calls})
			if len(now) > limit || (err != nil && ctx.Err() == nil) {
				t.Errorf("%d calls hold a slot, %v", len(now), err)
				return
			}
		}
	})
	ended := each(t, atOnce(t, processes, "admit and end", path), "ended")
	stop()
	watch.Wait()
	if len(ended) != calls {
		t.Errorf("%d calls of %d ended", len(ended), calls)
	}
	if c, err := db.Capacity(t.Context()); err != nil || c.InUse != 0 {
		t.Errorf("capacity afterwards: %+v, %v", c, err)
	}
	if err := verify.Check(t.Context(), db); err != nil {
		t.Error(err)
	}
}

// playAdmit takes calls of any lane to their end, until none is ready.
func playAdmit(ctx context.Context, db *sqlite.DB) error {
	for {
		lanes, err := db.WaitingLanes(ctx)
		if err != nil || len(lanes) == 0 {
			return err
		}
		ids, err := db.ReadyCalls(ctx, lanes[0].LaneKey, 2*processes)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			continue
		}
		id := ids[os.Getpid()%len(ids)]
		var refused *call.RefusedError
		switch err := live(ctx, db, id); {
		case err == nil:
			tell("ended", id)
		case call.NotAllowed(err), errors.As(err, &refused): // another process has it, or all slots are taken
		default:
			return err
		}
	}
}

func TestEachClaimHasOneWinnerAmongProcesses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outdial.db")
	db := open(t, sqlite.Options{Path: path})
	calls := scale(100)
	batch := expand(t, db, acceptBatch(t, db, "ann", calls), calls)
	for n := range calls {
		if err := admit(t.Context(), db, call.BatchCallID(batch.ID, n+1)); err != nil {
			t.Fatal(err)
		}
	}
	all := atOnce(t, processes, "take claims", path)
	if won := each(t, all, "won"); len(won) != calls {
		t.Errorf("%d claims of %d were won", len(won), calls)
	}
	for _, d := range all {
		for i, id := range d["won"] {
			if c, err := db.Claim(t.Context(), id, 1); err != nil || !c.HeldBy(d["nonce"][i]) {
				t.Errorf("the claim of %s is %+v (%v), not of its winner", id, c, err)
			}
		}
	}
}

func playClaims(ctx context.Context, db *sqlite.DB) error {
	calls, _, err := db.ListCalls(ctx, call.Filter{}, call.Page{Limit: 1000})
	if err != nil {
		return err
	}
	nonce := strconv.Itoa(os.Getpid())
	for _, c := range calls {
		_, err := db.TakeClaim(ctx, c.ID, 1, nonce, "task", time.Now())
		switch {
		case err == nil:
			tell("won", c.ID)
			tell("nonce", nonce)
		case !call.RefusedFor(err, call.ConditionClaim):
			return err
		}
	}
	return nil
}

func TestEachMessageIsReceivedByOneProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outdial.db")
	db := open(t, sqlite.Options{Path: path})
	messages := make([]queue.Message, scale(800))
	for i := range messages {
		messages[i].Body = []byte("{}")
	}
	if err := db.Send(t.Context(), queue.Calls, messages...); err != nil {
		t.Fatal(err)
	}
	if got := each(t, atOnce(t, processes, "receive", path), "received"); len(got) != len(messages) {
		t.Errorf("%d messages of %d were received", len(got), len(messages))
	}
	if rest, err := db.Receive(t.Context(), queue.Calls, 1, time.Hour); err != nil || len(rest) != 0 {
		t.Errorf("left: %v, %v", rest, err)
	}
}

func playReceive(ctx context.Context, db *sqlite.DB) error {
	for {
		got, err := db.Receive(ctx, queue.Calls, queue.MaxBatch, time.Hour)
		if err != nil || len(got) == 0 {
			return err
		}
		var receipts []string
		for _, m := range got {
			receipts = append(receipts, m.Receipt)
			tell("received", m.ID)
		}
		if err := db.Delete(ctx, queue.Calls, receipts...); err != nil {
			return err
		}
	}
}

func TestNoWriteOfAProcessIsLost(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outdial.db")
	db := open(t, sqlite.Options{Path: path})
	created := each(t, atOnce(t, processes, "create", path), "created")
	if len(created) != processes*perProcess {
		t.Errorf("%d calls of %d were created", len(created), processes*perProcess)
	}
	have(t, db, created)
	if err := verify.Check(t.Context(), db); err != nil {
		t.Error(err)
	}
}

// perProcess is how many calls a process of the role "create" creates.
const perProcess = 60

func playCreate(ctx context.Context, db *sqlite.DB) error {
	errs := make(chan error, 3)
	for range cap(errs) {
		go func() {
			var err error
			for i := 0; i < perProcess/cap(errs) && err == nil; i++ {
				err = createOne(ctx, db)
			}
			errs <- err
		}()
	}
	return errors.Join(<-errs, <-errs, <-errs)
}

func createOne(ctx context.Context, db *sqlite.DB) error {
	change := call.Created(call.NewCall{ID: call.SingleID(newULID()), Owner: "ann", Number: "+493012345678", TimeLimit: 600}, time.Now())
	if err := db.Apply(ctx, change); err != nil {
		return err
	}
	tell("created", change.After.ID)
	return nil
}

func have(t *testing.T, db *sqlite.DB, ids []string) {
	t.Helper()
	for _, id := range ids {
		if _, err := db.Call(t.Context(), id); err != nil {
			t.Errorf("a call that was answered for is lost: %v", err)
		}
	}
}

func TestAFileWhoseWritersAreKilledIsWhole(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outdial.db")
	if err := open(t, sqlite.Options{Path: path}).Close(); err != nil {
		t.Fatal(err)
	}
	told := done{}
	for round := range scale(8) {
		first, second := start(t, "work until killed", path), start(t, "work until killed", path)
		for i, p := range []*process{first, second} {
			p.read(20+17*round+31*i, told) // the second is at work when the first is killed
			if err := p.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			p.read(0, told)
			if err := p.cmd.Wait(); err == nil || p.errs.Len() > 0 {
				t.Fatalf("it was not killed but ended: %v, %s", err, p.errs.String())
			}
		}
		db := open(t, sqlite.Options{Path: path})
		have(t, db, told["created"])
		for _, id := range told["ended"] {
			if c, err := db.Call(t.Context(), id); err != nil || c.Status != call.Completed {
				t.Errorf("a call that had ended is %s, %v", c.Status, err)
			}
		}
		if err := verify.Check(t.Context(), db); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		integrity(t, path)
	}
	if len(told["created"]) == 0 || len(told["ended"]) == 0 || len(told["expanded"]) == 0 {
		t.Errorf("the killed processes had done too little: %d words", len(told))
	}
}

func integrity(t *testing.T, path string) {
	t.Helper()
	bare, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	var says string
	err = bare.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&says)
	if err := errors.Join(err, bare.Close()); err != nil || says != "ok" {
		t.Errorf("the file is damaged: %s, %v", says, err)
	}
}

// playWork does all at once what a server and its agents do, and never ends.
func playWork(ctx context.Context, db *sqlite.DB) error {
	loops := []func() error{
		func() error { return createOne(ctx, db) },
		func() error { return workBatch(ctx, db) },
		func() error { return workMessages(ctx, db) },
	}
	errs := make(chan error)
	for _, loop := range loops {
		go func() {
			for {
				if err := loop(); err != nil {
					errs <- err
				}
			}
		}()
	}
	return <-errs
}

// workBatch expands a batch of ten and takes its calls to their ends.
func workBatch(ctx context.Context, db *sqlite.DB) error {
	accepted := call.BatchAccepted(call.Batch{ID: call.BatchID(newULID()), Owner: "bob", Rows: 10, ChunkRows: 10}, nil, time.Now())
	expanded, err := call.BatchExpanded(accepted.After, rowsFrom(0, 10), time.Now())
	if err != nil {
		return err
	}
	if err := errors.Join(db.ApplyBatch(ctx, accepted), db.ApplyBatch(ctx, expanded)); err != nil {
		return err
	}
	tell("expanded", accepted.After.ID)
	for _, c := range expanded.Calls {
		if err := live(ctx, db, c.After.ID); err != nil {
			return err
		}
		tell("ended", c.After.ID)
	}
	return nil
}

func workMessages(ctx context.Context, db *sqlite.DB) error {
	if err := db.Send(ctx, queue.Events, queue.Message{Body: []byte("{}")}); err != nil {
		return err
	}
	got, err := db.Receive(ctx, queue.Events, queue.MaxBatch, time.Minute)
	if err != nil {
		return err
	}
	for _, m := range got {
		if err := db.Delete(ctx, queue.Events, m.Receipt); err != nil {
			return err
		}
	}
	return nil
}
