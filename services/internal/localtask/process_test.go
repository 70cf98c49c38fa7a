package localtask_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/filelock"
	"github.com/outdial/outdial/services/internal/localtask"
	"github.com/outdial/outdial/services/internal/task"
)

// The test binary is run again as the processes that the tests are about.
const (
	envRole    = "OUTDIAL_TEST_ROLE"
	envDir     = "OUTDIAL_TEST_DIR"
	roleServer = "server" // runs the tasks whose attempts it reads, one a line
	roleAgent  = "agent"  // does what the file named for its attempt's behaviour says
)

func TestMain(m *testing.M) {
	switch os.Getenv(envRole) {
	case roleServer:
		os.Exit(server())
	case roleAgent:
		os.Exit(agentProcess())
	}
	os.Exit(m.Run())
}

// How an agent of attempt n behaves. Each leaves by itself when its folder is gone.
const (
	untilTold  = 1 // until its file "release" is there, or SIGTERM
	atOnce     = 2 // ends with 7
	stubborn   = 3 // ignores SIGTERM
	withChild  = 4 // starts a process that outlives it, and ends
	tellEnv    = 5 // writes its environment, and ends
	slow       = 6 // as untilTold, but takes long to begin: until its file "begin" is there
	fromBefore = 100
)

func agentProcess() int {
	dir, token := os.Getenv(envDir), strings.TrimPrefix(os.Getenv(messages.EnvTask), "local:task/")
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	env, err := messages.ParseAgentEnv(os.LookupEnv)
	if err != nil {
		fmt.Println(err)
		return 4
	}
	if env.Attempt == slow && !appears(dir, "begin", nil) {
		return 6
	}
	if err := localtask.Hold(os.Getenv(localtask.EnvLock)); err != nil {
		fmt.Println(err)
		return 3
	}
	collectGarbage()
	appendLine(filepath.Join(dir, token+".ran"), strconv.Itoa(os.Getpid()))
	switch env.Attempt {
	case atOnce:
		return 7
	case stubborn:
		asked := stop
		stop = nil
		go func() {
			for range asked {
				appendLine(filepath.Join(dir, token+".asked"), "SIGTERM")
			}
		}()
	case withChild:
		if err := exec.Command("sleep", "20").Start(); err != nil {
			fmt.Println(err)
			return 5
		}
		return 0
	case tellEnv:
		session, err := syscall.Getpgid(0)
		appendLine(filepath.Join(dir, token+".env"), fmt.Sprintf("%+v %t %v", env, session == os.Getpid(), err))
		return 0
	}
	if !appears(dir, "release", stop) {
		return 6
	}
	return 0
}

// appears waits for a file, or for a signal. It is false when the folder is gone.
func appears(dir, name string, stop <-chan os.Signal) bool {
	for {
		select {
		case <-stop:
			return true
		case <-time.After(10 * time.Millisecond):
		}
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
		if _, err := os.Stat(dir); err != nil {
			return false
		}
	}
}

// collectGarbage closes every open file that nothing refers to any more.
func collectGarbage() {
	for range 2 {
		collected := make(chan struct{})
		runtime.AddCleanup(new([16]byte), func(c chan struct{}) { close(c) }, collected)
		runtime.GC()
		<-collected
	}
}

// server launches a task for each attempt it reads, tells the ARN, and stays
// until it is killed or its input ends.
func server() int {
	tasks, err := localtask.Open(config(os.Getenv(envDir)), &news{}, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		attempt, _ := strconv.Atoi(lines.Text())
		arn, err := tasks.Run(context.Background(), request(attempt))
		fmt.Println(arn, err)
	}
	return 0
}

func appendLine(path, line string) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		panic(err)
	}
	if _, err := f.WriteString(line + "\n"); err != nil {
		panic(err)
	}
	if err := f.Close(); err != nil {
		panic(err)
	}
}

func config(dir string) localtask.Config {
	program, err := os.Executable()
	if err != nil {
		panic(err)
	}
	c := localtask.DefaultConfig()
	c.Dir, c.LogFile = filepath.Join(dir, "tasks"), filepath.Join(dir, "agents.log")
	c.Command = []string{program}
	c.Env = []string{envRole + "=" + roleAgent, envDir + "=" + dir, "PATH=" + os.Getenv("PATH")}
	c.Store, c.Carrier = "sqlite:/data/outdial.db", "simulated:/data?speed=1"
	c.Poll = 10 * time.Millisecond
	return c
}

func request(attempt int) task.Request {
	token := call.ClientToken("call_a", attempt)
	return task.Request{
		ClientToken: token, StartedBy: token, CallID: "call_a", Attempt: attempt,
		TaskDefinition: "local", StartBy: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

// news are the events that were told. While it fails, none is taken.
type news struct {
	mu     sync.Mutex
	fails  int
	lost   int // told, but its answer got lost
	events []messages.Event
}

func (n *news) Publish(_ context.Context, e messages.Event) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fails > 0 {
		n.fails--
		return fmt.Errorf("the queue is down")
	}
	n.events = append(n.events, e)
	if n.lost > 0 {
		n.lost--
		return fmt.Errorf("the answer got lost")
	}
	return nil
}

func (n *news) all() []messages.Event {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]messages.Event(nil), n.events...)
}

// bundle is a folder with its tasks, as one server after the other has them.
type bundle struct {
	*localtask.Tasks
	t    *testing.T
	dir  string
	news *news
	stop func() // ends the watch of the latest server
}

func newBundle(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{t: t, dir: t.TempDir(), news: &news{}, stop: func() {}}
	t.Cleanup(func() {
		b.stop()
		b.create("begin")
		b.release()
		b.allEnded()
	})
	return b
}

// allEnded waits for all agents, so that none writes to a folder that is being deleted.
func (b *bundle) allEnded() {
	files, err := filepath.Glob(filepath.Join(b.dir, "tasks", "*.lock"))
	if err != nil {
		b.t.Error(err)
	}
	for _, path := range files {
		f, err := os.Open(path)
		if err == nil {
			err = errors.Join(filelock.Exclusive(f), f.Close())
		}
		if err != nil {
			b.t.Error(err)
		}
	}
}

// open begins a new server on the folder, in this process, and watches.
func (b *bundle) open(change func(*localtask.Config)) {
	b.openAt(time.Now, change)
}

func (b *bundle) openAt(now func() time.Time, change func(*localtask.Config)) {
	b.t.Helper()
	b.stop()
	c := config(b.dir)
	if change != nil {
		change(&c)
	}
	var err error
	if b.Tasks, err = localtask.Open(c, b.news, now, slog.New(slog.DiscardHandler)); err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() { b.Watch(ctx) })
	b.stop = func() { cancel(); watching.Wait() }
}

func (b *bundle) run(attempt int) string {
	b.t.Helper()
	arn, err := b.Run(b.t.Context(), request(attempt))
	if err != nil {
		b.t.Fatalf("run attempt %d: %v\n%s", attempt, err, b.agentsLog())
	}
	return arn
}

// lines counts the lines of a file of the attempt.
func (b *bundle) lines(attempt int, suffix string) int {
	data, _ := os.ReadFile(filepath.Join(b.dir, request(attempt).ClientToken+suffix))
	return strings.Count(string(data), "\n")
}

// release lets the agents end that wait to be told.
func (b *bundle) release() { b.create("release") }

func (b *bundle) create(name string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), nil, 0o600); err != nil {
		b.t.Error(err)
	}
}

// ran are the process ids of all processes that were ever the attempt's task.
func (b *bundle) ran(attempt int) []int {
	b.t.Helper()
	data, err := os.ReadFile(filepath.Join(b.dir, request(attempt).ClientToken+".ran"))
	if err != nil && !os.IsNotExist(err) {
		b.t.Fatal(err)
	}
	var pids []int
	for line := range strings.Lines(string(data)) {
		pid, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			b.t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

func (b *bundle) agentsLog() string {
	data, _ := os.ReadFile(filepath.Join(b.dir, "agents.log"))
	return string(data)
}

// started waits for the attempt's process to have noted its id, and gives it.
func (b *bundle) started(attempt int) int {
	b.t.Helper()
	b.until("the process has begun", func() any { return len(b.ran(attempt)) }, 1)
	return b.ran(attempt)[0]
}

func (b *bundle) state(arn string) task.State {
	b.t.Helper()
	s, err := b.Describe(b.t.Context(), arn)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// until waits until a value is the one wanted.
func (b *bundle) until(what string, value func() any, want any) {
	b.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		last := value()
		if last == want {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("waited for: %s; last saw %v, want %v\n%s", what, last, want, b.agentsLog())
		}
		<-time.After(5 * time.Millisecond)
	}
}

// told waits until so many ends were told, and gives them.
func (b *bundle) told(n int) []messages.Event {
	b.t.Helper()
	b.until("ends are told", func() any { return len(b.news.all()) >= n }, true)
	return b.news.all()
}

// otherServer begins a server in a process of its own.
func (b *bundle) otherServer() (launch func(attempt int), output *bufio.Scanner, kill func()) {
	b.t.Helper()
	cmd := exec.Command(config(b.dir).Command[0])
	cmd.Env = append(os.Environ(), envRole+"="+roleServer, envDir+"="+b.dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		if err := cmd.Process.Kill(); err != nil {
			b.t.Error(err)
		}
		_ = cmd.Wait() // killed
	})
	b.t.Cleanup(kill)
	launch = func(attempt int) {
		if _, err := fmt.Fprintln(in, attempt); err != nil {
			b.t.Error(err)
		}
	}
	return launch, bufio.NewScanner(out), kill
}
