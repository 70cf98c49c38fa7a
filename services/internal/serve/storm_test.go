package serve_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"
)

var (
	stormKills   = flag.Int("storm.kills", 0, "how many times the storm kills the server or an agent; 0: a few")
	stormSeed    = flag.Uint64("storm.seed", 0, "what the storm's choices are drawn from; 0: the clock")
	stormProgram = flag.String("storm.program", "", "the outdial that the storm runs; empty: this test binary, which does as that does")
	stormSays    = flag.Bool("storm.progress", false, "tell on standard error how far the storm is")
)

// storm is a server with its agents, people who use it, and somebody who kills.
type storm struct {
	t    *testing.T
	data string
	seed uint64
	draw *rand.Rand // of who drives the storm; people have their own
	log  *os.File   // what servers print

	process *exec.Cmd // of the server, once it is up

	mu     sync.Mutex
	client *api.ClientWithResponses // of the server that is up, or was last

	people *people
	kills  kills
}

// kills counts what was killed.
type kills struct {
	servers, agents                        int
	starting, expanding, canceling, atOnce int // of those of servers: what it was doing
	early                                  int // of those of agents: just started
}

func (k kills) all() int { return k.servers + k.agents }

func newStorm(t *testing.T, seed uint64) *storm {
	t.Helper()
	if seed == 0 {
		seed = uint64(time.Now().UnixNano()) % 1_000_000
	}
	data, err := os.MkdirTemp("", "outdial-storm-") //nolint:usetesting // it is kept when the test fails
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(data + ".log")
	if err != nil {
		t.Fatal(err)
	}
	s := &storm{t: t, data: data, seed: seed, draw: rand.New(rand.NewPCG(seed, 0)), log: log}
	s.people = newPeople(s)
	t.Cleanup(s.cleanUp)
	return s
}

// cleanUp leaves nothing running, and of a storm that failed what it can be understood from.
func (s *storm) cleanUp() {
	s.killServer()
	for _, pid := range s.agents() {
		killProcess(pid)
	}
	_ = s.log.Close()
	if s.t.Failed() {
		s.t.Logf("seed %d; the data folder is kept: %s; what the servers said: %s", s.seed, s.data, s.log.Name())
		return
	}
	_ = os.RemoveAll(s.data)
	_ = os.Remove(s.log.Name())
}

// launch starts a server, which may not live long enough to say something.
func (s *storm) launch() (*exec.Cmd, io.Reader) {
	s.t.Helper()
	program, args := *stormProgram, []string{
		"serve", "--data", s.data, "--listen", "127.0.0.1:0", "--limit", "20", "--rate", "200",
		"--sim-speed", "100", "--log-level", "warn", "--dispatchers", "2",
	}
	if program == "" {
		var err error
		if program, err = os.Executable(); err != nil {
			s.t.Fatal(err)
		}
		args = []string{"serve", s.data}
	}
	cmd := exec.CommandContext(context.WithoutCancel(s.t.Context()), program, args...)
	cmd.Stderr = s.log
	said, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	return cmd, said
}

// up starts a server and waits until it serves.
func (s *storm) up() {
	s.t.Helper()
	cmd, said := s.launch()
	line := make([]byte, 200)
	n, err := said.Read(line)
	if err != nil {
		_ = cmd.Wait()
		s.t.Fatalf("the server does not come up: %s", s.lastWords())
	}
	s.process = cmd
	go func() { _, _ = io.Copy(io.Discard, said) }()
	client := signedIn(s.t, s.data, address(s.t, bytes.NewReader(line[:n])))
	s.mu.Lock()
	s.client = client
	s.mu.Unlock()
}

func (s *storm) server() *api.ClientWithResponses {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.client
}

// killServer kills the server, if one is up, with SIGKILL.
func (s *storm) killServer() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
	s.process = nil
}

// stop ends the server as a person does.
func (s *storm) stop() {
	s.t.Helper()
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	if err := s.process.Wait(); err != nil {
		s.t.Errorf("the server's end: %v", err)
	}
	s.process = nil
}

// kill kills what the draw says, and sees that a server is up again.
func (s *storm) kill() {
	s.t.Helper()
	ways := []func(){
		s.killAtRandom, s.killAtRandom, s.killAgent, s.killAgent, s.killEarly, s.killBoth, s.killStarting, s.killExpanding, s.killCanceling,
	}
	ways[s.draw.IntN(len(ways))]()
	if s.process == nil {
		s.up()
	}
}

// pause lets the others work for a while, at most this long.
func (s *storm) pause(most time.Duration) {
	select {
	case <-s.t.Context().Done():
	case <-time.After(time.Duration(s.draw.Int64N(int64(most)))):
	}
}

func (s *storm) killAtRandom() {
	s.pause(900 * time.Millisecond)
	s.killServer()
	s.kills.servers++
}

// killAgent kills one of the agents that run, if one does soon.
func (s *storm) killAgent() {
	s.pause(400 * time.Millisecond)
	for deadline := time.Now().Add(time.Second); time.Now().Before(deadline); {
		if pids := s.agents(); len(pids) > 0 {
			killProcess(pids[s.draw.IntN(len(pids))])
			s.kills.agents++
			return
		}
		<-time.After(time.Millisecond)
	}
}

// killEarly kills an agent as soon as it is seen: before it took its claim, or
// about when it does.
func (s *storm) killEarly() {
	known := s.agents()
	wait := time.Duration(s.draw.IntN(20)) * time.Millisecond
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); {
		for _, pid := range s.agents() {
			if !slices.Contains(known, pid) {
				<-time.After(wait)
				killProcess(pid)
				s.kills.agents++
				s.kills.early++
				return
			}
		}
		<-time.After(time.Millisecond)
	}
}

// killBoth kills the server and all agents but some.
func (s *storm) killBoth() {
	s.pause(600 * time.Millisecond)
	pids := s.agents()
	s.killServer()
	s.kills.servers++
	s.kills.atOnce++
	for _, pid := range pids[:len(pids)/2] {
		killProcess(pid)
		s.kills.agents++
	}
}

// killStarting kills a server that has just been started.
func (s *storm) killStarting() {
	s.pause(300 * time.Millisecond)
	s.killServer()
	s.kills.servers++
	for range 1 + s.draw.IntN(2) {
		cmd, _ := s.launch()
		s.pause(80 * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		s.kills.servers++
		s.kills.starting++
	}
}

// killExpanding kills the server while it makes calls of a large list.
func (s *storm) killExpanding() {
	s.people.large(s.draw)
	s.pause(250 * time.Millisecond)
	s.killServer()
	s.kills.servers++
	s.kills.expanding++
}

// killCanceling kills the server while it cancels a large list.
func (s *storm) killCanceling() {
	s.people.aboutList(s.people.large(s.draw), canceled)
	s.pause(250 * time.Millisecond)
	s.killServer()
	s.kills.servers++
	s.kills.canceling++
}

// agents are the processes of this storm's agents.
func (s *storm) agents() []int { return agentsOf(s.t, filepath.Join(s.data, "tasks")) }

// say tells how far the storm is, to somebody who waits for a long one.
func (s *storm) say(format string, args ...any) {
	if *stormSays {
		fmt.Fprintf(os.Stderr, "storm: "+format+"\n", args...)
	}
}

// TestAStormOfKills: server and agents are killed again and again while people
// submit, cancel, pause and resume. Then all of it runs out, and is counted.
//
//	make storm KILLS=100 SEED=7
func TestAStormOfKills(t *testing.T) {
	t.Parallel()
	wanted := *stormKills
	if wanted == 0 {
		wanted = 10
		if testing.Short() {
			wanted = 3
		}
	}
	s := newStorm(t, *stormSeed)
	s.say("seed %d, %d kills, data folder %s", s.seed, wanted, s.data)
	s.up()
	s.people.submitList(4*min(wanted, 10), s.draw)
	s.people.begin(s.seed)
	for s.kills.all() < wanted {
		s.kill()
		s.say("%d of %d kills; %s", s.kills.all(), wanted, s.people)
		if s.draw.IntN(5) == 0 {
			s.verify() // as somebody may while all goes on
		}
	}
	s.people.end()
	s.runOut()
	s.stop()
	s.count()
	k := s.kills
	t.Logf("seed %d: %d kills: of servers %d (starting %d, expanding a list %d, canceling a list %d, with agents at once %d), of agents %d (just started %d)",
		s.seed, k.all(), k.servers, k.starting, k.expanding, k.canceling, k.atOnce, k.agents, k.early)
}

// lastWords are the last line that servers said.
func (s *storm) lastWords() (last string) {
	said, err := os.ReadFile(s.log.Name())
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(said)) {
		last = line
	}
	return last
}

// panics are what servers said that no server should say.
func (s *storm) panics() []string {
	said, err := os.ReadFile(s.log.Name())
	if err != nil {
		s.t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(said)) {
		if strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") || strings.Contains(line, "ALARM") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}
