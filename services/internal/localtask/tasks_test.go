package localtask_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/localtask"
	"github.com/outdial/outdial/services/internal/task"
)

func TestATaskGetsItsEnvironmentAndASessionOfItsOwn(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.open(nil)
	arn := b.run(tellEnv)
	b.told(1)
	got, err := os.ReadFile(filepath.Join(b.dir, "call_a-5.env"))
	if err != nil {
		t.Fatalf("%v\n%s", err, b.agentsLog())
	}
	want := fmt.Sprintf("%+v true <nil>\n", messages.AgentEnv{
		CallID: "call_a", Attempt: tellEnv, Store: "sqlite:/data/outdial.db", Task: "local:task/call_a-5",
		Carrier: "simulated:/data?speed=1", Deadline: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC),
	})
	if string(got) != want || arn != "local:task/call_a-5" {
		t.Errorf("task %s has the environment %s, want %s", arn, got, want)
	}
}

func TestTheEndOfATaskIsToldOnce(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.open(nil)
	arn := b.run(atOnce)
	e := b.told(1)[0]
	if e.Type != messages.EventTaskStopped || e.Task != arn || e.CallID != "call_a" || e.Attempt != atOnce || e.Reason != "exit status 7" {
		t.Errorf("told %+v", e)
	}
	if _, err := messages.EncodeEvent(e); err != nil {
		t.Error(err)
	}
	if s := b.state(arn); s != task.Stopped {
		t.Errorf("the task is %s, want stopped", s)
	}
	// Neither this server nor the next one tells it again, nor starts it again.
	for range 2 {
		if again := b.run(atOnce); again != arn {
			t.Errorf("running it again gave %s, want %s", again, arn)
		}
		b.open(nil)
	}
	b.run(untilTold)
	b.release()
	if all := b.told(2); len(all) != 2 || all[1].Attempt != untilTold {
		t.Errorf("told %+v", all)
	}
	if pids := b.ran(atOnce); len(pids) != 1 {
		t.Errorf("processes %v, want one", pids)
	}
}

func TestAnEndThatWasNotTakenIsToldAgain(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.news.fails, b.news.lost = 3, 1
	b.open(nil)
	b.run(atOnce)
	if all := b.told(2); len(all) != 2 || all[0].Task != all[1].Task {
		t.Errorf("told %+v, want the same end twice", all)
	}
}

func TestManyRunsOfOneTokenStartOneProcess(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.open(nil)
	var wait sync.WaitGroup
	arns := make([]string, 20)
	for i := range arns {
		wait.Go(func() {
			var err error
			if arns[i], err = b.Run(t.Context(), request(untilTold)); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	for _, arn := range arns {
		if arn != arns[0] {
			t.Errorf("several ARNs: %v", arns)
		}
	}
	b.release()
	if all := b.told(1); len(all) != 1 {
		t.Errorf("told %+v", all)
	}
	if pids := b.ran(untilTold); len(pids) != 1 {
		t.Errorf("processes %v, want one", pids)
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		attempt int
		timeout time.Duration
		reason  string
	}{
		{"asks the task to end", untilTold, time.Hour, "stopped (canceled): exit status 0"},
		{"ends by force what doesn't", stubborn, 50 * time.Millisecond, "stopped (canceled): signal: killed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			b.open(func(config *localtask.Config) { config.StopTimeout = c.timeout })
			arn := b.run(c.attempt)
			b.started(c.attempt)
			if s := b.state(arn); s != task.Running {
				t.Errorf("the task is %s, want running", s)
			}
			for range 2 {
				if err := b.Stop(t.Context(), arn, "canceled"); err != nil {
					t.Fatal(err)
				}
			}
			if all := b.told(1); len(all) != 1 || all[0].Reason != c.reason {
				t.Errorf("told %+v, want the reason %q", all, c.reason)
			}
			for _, over := range []string{arn, "local:task/unknown-1", "local:task/../../x", "arn:aws:ecs:task/1"} {
				if err := b.Stop(t.Context(), over, "canceled"); err != nil {
					t.Errorf("stopping %s: %v", over, err)
				}
			}
		})
	}
}

func TestTasksThatAreNotKnownAreMissing(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.open(nil)
	for _, arn := range []string{"local:task/unknown-1", "local:task/", "local:task/../x", "arn:aws:ecs:task/1", ""} {
		if s := b.state(arn); s != task.Missing {
			t.Errorf("%q is %s, want missing", arn, s)
		}
	}
}

// A server that is killed takes nothing with it: the next one finds its tasks.
func TestTasksOutliveTheirServer(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	launch, out, kill := b.otherServer()
	for _, attempt := range []int{untilTold, stubborn, atOnce} {
		launch(attempt)
		if !out.Scan() || out.Text() != "local:task/"+request(attempt).ClientToken+" <nil>" {
			t.Fatalf("the server said %q", out.Text())
		}
		b.started(attempt)
	}
	kill()

	b.open(func(c *localtask.Config) { c.StopTimeout = time.Hour })
	waits, ignores, ended := b.run(untilTold), b.run(stubborn), b.run(atOnce)
	if all := b.told(1); len(all) != 1 || all[0].Task != ended {
		t.Errorf("told %+v, want the end of %s alone", all, ended)
	}
	for arn, want := range map[string]task.State{waits: task.Running, ignores: task.Running, ended: task.Stopped} {
		if s := b.state(arn); s != want {
			t.Errorf("%s is %s, want %s", arn, s, want)
		}
	}
	for _, arn := range []string{waits, ignores} {
		if err := b.Stop(t.Context(), arn, "canceled"); err != nil {
			t.Fatal(err)
		}
	}
	if all := b.told(2); len(all) != 2 || all[1].Task != waits || !strings.HasPrefix(all[1].Reason, "stopped (canceled): ") {
		t.Errorf("told %+v, want the end of %s", all[1:], waits)
	}
	b.until("the other is asked to end", func() any { return b.lines(stubborn, ".asked") > 0 }, true)
	// And the one after that ends by force what was asked to stop before it began.
	b.open(func(c *localtask.Config) { c.StopTimeout = time.Millisecond })
	if all := b.told(3); len(all) != 3 || all[2].Task != ignores {
		t.Errorf("told %+v, want the end of %s", all[2:], ignores)
	}
	if n := b.lines(stubborn, ".asked"); n != 1 {
		t.Errorf("it was asked to end %d times, want once", n)
	}
	for _, attempt := range []int{untilTold, stubborn, atOnce} {
		if pids := b.ran(attempt); len(pids) != 1 {
			t.Errorf("attempt %d had the processes %v, want one", attempt, pids)
		}
	}
}

func TestAKilledTaskHasEnded(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.open(func(c *localtask.Config) { c.Poll = time.Hour }) // the end of an own process is seen at once
	arn := b.run(untilTold)
	if err := syscall.Kill(b.started(untilTold), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if e := b.told(1)[0]; e.Task != arn || e.Reason != "signal: killed" {
		t.Errorf("told %+v", e)
	}
}

// A task runs from before its process has done its first step.
func TestATaskThatTakesLongToBeginRuns(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	launch, out, kill := b.otherServer()
	launch(slow)
	if !out.Scan() {
		t.Fatal("the server said nothing")
	}
	kill()
	b.open(nil)
	arn := b.run(slow)
	if s := b.state(arn); s != task.Running {
		t.Errorf("the task is %s, want running", s)
	}
	if err := b.Stop(t.Context(), arn, "canceled"); err == nil {
		t.Error("a task whose process id is not known can't be signaled yet, and that must be said")
	}
	b.create("begin")
	// The signal reaches it once it has told its id.
	if all := b.told(1); len(all) != 1 || all[0].Task != arn || len(b.ran(slow)) != 1 {
		t.Errorf("told %+v, processes %v", all, b.ran(slow))
	}
}

// What the agent starts is not the task: it does not keep it alive.
func TestATaskEndsWithItsOwnProcess(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.open(nil)
	arn := b.run(withChild)
	if e := b.told(1)[0]; e.Task != arn || e.Reason != "exit status 0" {
		t.Errorf("told %+v", e)
	}
}

// A server is killed again and again while it launches. No token ever gets a
// second process, and each that got as far as "spawned" has its end told.
func TestServersKilledWhileTheyLaunch(t *testing.T) {
	t.Parallel()
	rounds, each := 8, 30
	if testing.Short() {
		rounds = 3
	}
	b := newBundle(t)
	b.release() // agents end at once
	random := rand.New(rand.NewPCG(1, 2))
	next := fromBefore
	for range rounds {
		launch, out, kill := b.otherServer()
		for i := range each {
			launch(next + i)
		}
		answers := random.IntN(each)
		for range answers {
			if !out.Scan() || !strings.HasSuffix(out.Text(), " <nil>") {
				t.Fatalf("the server said %q", out.Text())
			}
		}
		kill()
		next += each
	}
	b.open(nil)
	for attempt := fromBefore; attempt < next; attempt++ {
		b.run(attempt)
	}
	told := map[string]int{}
	for _, e := range b.told(next - fromBefore) {
		told[e.Task]++
	}
	ran := 0
	for attempt := fromBefore; attempt < next; attempt++ {
		pids := b.ran(attempt)
		if len(pids) > 1 {
			t.Errorf("attempt %d had the processes %v", attempt, pids)
		}
		ran += len(pids)
		if n := told["local:task/call_a-"+strconv.Itoa(attempt)]; n != 1 {
			t.Errorf("the end of attempt %d was told %d times", attempt, n)
		}
	}
	if ran < (next-fromBefore)-rounds {
		t.Errorf("%d of %d tasks ran; at most one may be lost each time", ran, next-fromBefore)
	}
}

// The server died after it had written "spawned" and before there was a process.
func TestATaskThatNeverBecameAProcessHasEnded(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.writeFile(untilTold, "\n"+`{"call_id":"call_a","attempt":1,"spawned_at":"2026-03-02T09:00:00Z"}`+"\n")
	b.open(nil)
	arn := b.run(untilTold)
	if e := b.told(1)[0]; e.Task != arn || e.CallID != "call_a" || e.Attempt != 1 {
		t.Errorf("told %+v", e)
	}
	if pids := b.ran(untilTold); len(pids) > 0 || b.state(arn) != task.Stopped {
		t.Errorf("the task is %s, with the processes %v; want stopped, none", b.state(arn), pids)
	}
}

// The server died before or while it wrote "spawned".
func TestALaunchThatDidNotComeThatFarIsMadeAgain(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\n", "\n" + `{"call_id":"call_a","attempt":2,"spawned_at":"2026-03-02T09:00`} {
		b := newBundle(t)
		b.writeFile(atOnce, text)
		b.open(nil)
		if s := b.state("local:task/call_a-2"); s != task.Missing {
			t.Errorf("the task is %s, want missing", s)
		}
		arn := b.run(atOnce)
		if e := b.told(1)[0]; e.Task != arn || len(b.ran(atOnce)) != 1 || b.state(arn) != task.Stopped {
			t.Errorf("%q: told %+v, processes %v, state %s", text, e, b.ran(atOnce), b.state(arn))
		}
	}
}

// A process id is only believed while the lock is held: it may be a stranger's by now.
func TestAStrangerIsNeverSignaled(t *testing.T) {
	t.Parallel()
	stranger := exec.Command("sleep", "60")
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	b := newBundle(t)
	b.writeFile(untilTold, fmt.Sprintf("\n"+`{"call_id":"call_a","attempt":1,"spawned_at":"2026-03-02T09:00:00Z","pid":%d,"stop_at":"2026-03-02T09:00:01Z"}`+"\n", stranger.Process.Pid))
	b.news.fails = 5 // so that the task is looked at again and again
	b.open(nil)
	if err := b.Stop(t.Context(), "local:task/call_a-1", "canceled"); err != nil {
		t.Error(err)
	}
	b.told(1)
	// Not even when the task ends just when it is signaled.
	if err := b.Signal("call_a-1", stranger.Process.Pid, syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	// The first signal that it gets is this one.
	if err := stranger.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Error(err)
	}
	var exit *exec.ExitError
	if err := stranger.Wait(); !errors.As(err, &exit) || exit.Error() != "signal: user defined signal 1" {
		t.Errorf("a stranger was signaled: %v", err)
	}
}

func TestFilesAreDeletedAnHourAfterTheEndWasTold(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	var mu sync.Mutex
	now := time.Now()
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	later := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }
	b.openAt(clock, nil)
	ended, running := b.run(atOnce), b.run(untilTold)
	b.told(1)
	b.until("the telling is noted", func() any { return b.says(atOnce, "published_at") }, true)
	b.news.mu.Lock()
	b.news.fails = 1 << 30
	b.news.mu.Unlock()
	untold := b.run(fromBefore)
	b.writeFile(fromBefore+1, "") // a launch that never came to anything
	if err := syscall.Kill(b.started(fromBefore), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	b.until("it has ended", func() any { return b.state(untold) }, task.Stopped)
	for _, step := range []struct {
		wait time.Duration
		want task.State // of the ended task
	}{{59 * time.Minute, task.Stopped}, {2 * time.Minute, task.Missing}} {
		later(step.wait)
		b.Prune(t.Context())
		got := map[string]task.State{ended: b.state(ended), running: b.state(running), untold: b.state(untold)}
		want := map[string]task.State{ended: step.want, running: task.Running, untold: task.Stopped}
		for arn := range want {
			if got[arn] != want[arn] {
				t.Errorf("after %s %s is %s, want %s", step.wait, arn, got[arn], want[arn])
			}
		}
	}
	if _, err := os.Stat(b.path(fromBefore + 1)); !os.IsNotExist(err) {
		t.Errorf("the file of a launch that came to nothing: %v", err)
	}
}

// A process that Tasks did not start takes the lock itself, and only one does.
func TestHoldWithoutAnInheritedLock(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.writeFile(untilTold, "")
	b.open(nil)
	begin := func() *exec.Cmd {
		cmd := exec.Command(config(b.dir).Command[0])
		cmd.Env = append(config(b.dir).Env, localtask.EnvLock+"="+b.path(untilTold))
		cmd.Env = append(cmd.Env, messages.AgentEnv{
			CallID: "call_a", Attempt: untilTold, Store: "sqlite:/x", Task: "local:task/call_a-1",
			Carrier: "simulated:/x", Deadline: time.Now().Add(time.Hour),
		}.Environ()...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	first := begin()
	b.started(untilTold)
	var exit *exec.ExitError
	if err := begin().Wait(); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("the second ended with %v, want 3: the lock is held", err)
	}
	if s := b.state("local:task/call_a-1"); s != task.Running {
		t.Errorf("the task is %s, want running", s)
	}
	if arn := b.run(untilTold); arn != "local:task/call_a-1" || len(b.ran(untilTold)) != 1 || b.says(untilTold, "spawned_at") {
		t.Errorf("run gave %s, processes %v; want the one that runs", arn, b.ran(untilTold))
	}
	b.release()
	if err := first.Wait(); err != nil {
		t.Error(err)
	}
}

func (b *bundle) path(attempt int) string {
	return filepath.Join(b.dir, "tasks", request(attempt).ClientToken+".lock")
}

func (b *bundle) writeFile(attempt int, text string) {
	b.t.Helper()
	if err := os.MkdirAll(filepath.Join(b.dir, "tasks"), 0o700); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(b.path(attempt), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// says tells whether the attempt's file has the word.
func (b *bundle) says(attempt int, word string) bool {
	data, err := os.ReadFile(b.path(attempt))
	return err == nil && strings.Contains(string(data), word)
}
