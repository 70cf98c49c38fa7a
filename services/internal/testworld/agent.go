package testworld

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/agent"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/task"
)

// poll is how often an agent looks at its call.
const poll = 5 * time.Second

// sleep is the port of an agent that waits.
const sleep = "sleep"

var errDead = errors.New("the agent is dead")

// Task is a started task and the agent in it. The agent stands still before each
// of its calls of a port, so that a test can do something in between.
type Task struct {
	ARN     string
	Request task.Request
	State   task.State
	Port    string // that the agent is about to ask: "agent.TakeClaim", "carrier.Create", "sleep" …

	w      *World
	held   bool // moved by the test alone
	begun  bool
	dead   bool
	stop   chan struct{}
	asked  bool // to stop
	wakeAt time.Time
	wake   <-chan struct{}

	cancel context.CancelFunc
	next   func() (string, bool)
	drop   func()
	yield  func(string) bool
}

// Start starts the agent's process.
func (t *Task) Start() {
	if t.begun {
		return
	}
	t.begun = true
	ctx, cancel := context.WithCancel(t.w.ctx)
	t.cancel = cancel
	timing := agent.DefaultTiming()
	timing.Poll = poll
	config := agent.Config{
		CallID: t.Request.CallID, Attempt: t.Request.Attempt, Task: t.ARN, StartBy: t.Request.StartBy, Timing: timing,
	}
	p := agentPorts{t}
	all := agent.Ports{
		Store: p, Events: p, Carrier: p, Clock: p, Log: slog.New(slog.DiscardHandler),
		NewNonce: func() string { return "nonce-" + t.w.ulid() },
	}
	t.next, t.drop = iter.Pull(func(yield func(string) bool) {
		t.yield = yield
		_ = agent.Run(ctx, config, all, t.stop) // how it ends shows in the store
	})
	t.Step()
}

// Step lets the agent go on to its next call of a port, or to its end.
func (t *Task) Step() {
	port, ok := t.next()
	t.Port = port
	if !ok {
		t.ended()
	}
}

// To lets the agent go on until it is about to ask a port. Time passes while it sleeps.
func (t *Task) To(port string) {
	t.w.t.Helper()
	t.Start()
	for t.Port != port && t.State == task.Running {
		if !t.awake() {
			t.w.moveTo(t.wakeAt)
		}
		t.Step()
	}
	if t.Port != port {
		t.w.t.Fatalf("the agent ended and never asked %s", port)
	}
}

// Past lets the agent go on until it has asked a port.
func (t *Task) Past(port string) {
	t.w.t.Helper()
	t.To(port)
	t.Step()
}

// Finish lets the agent go on to its end.
func (t *Task) Finish() {
	t.Start()
	for t.State == task.Running {
		if !t.awake() {
			t.w.moveTo(t.wakeAt)
		}
		t.Step()
	}
}

// Release lets the agent go on by itself when the world runs.
func (t *Task) Release() { t.held = false }

// Kill ends the agent's process at once.
func (t *Task) Kill() {
	t.Start()
	t.dead = true
	t.cancel()
	for t.State == task.Running {
		t.Step()
	}
}

func (t *Task) signal() {
	if !t.asked {
		t.asked = true
		close(t.stop)
	}
}

func (t *Task) awake() bool {
	if t.State != task.Running || !t.begun {
		return false
	}
	select {
	case <-t.wake:
		return true
	default:
		return t.Port != sleep || t.dead || !t.w.Clock.Now().Before(t.wakeAt)
	}
}

// ended tells that the task has ended, as the task service does.
func (t *Task) ended() {
	t.State = task.Stopped
	t.cancel()
	if t.w.Tasks.Silent {
		return
	}
	// Nobody makes good what is lost here but the look at what is due.
	_ = survive(func() error {
		return queue.EventSender{Queue: sender{t.w}}.Publish(t.w.ctx, t.Event())
	})
}

// Event is the event that tells the end of the task.
func (t *Task) Event() messages.Event {
	return messages.Event{
		Type: messages.EventTaskStopped, CallID: t.Request.CallID, Attempt: t.Request.Attempt,
		Task: t.ARN, At: t.w.Clock.Now(), Version: 3, Reason: "the process ended",
	}
}

// agentPorts is all that an agent touches. Its methods are named below as the
// ports are in World.Fail.
type agentPorts struct{ t *Task }

// ask stands still, and then asks. A dead agent asks nothing.
func (p agentPorts) ask(port string, do func() error) error {
	p.t.yield(port)
	if p.t.dead {
		return errDead
	}
	err := survive(do)
	if errors.Is(err, errCrashed) {
		p.t.dead = true
		p.t.cancel()
		return errDead
	}
	return err
}

// Now is the world's time.
func (p agentPorts) Now() time.Time { return p.t.w.Clock.Now() }

// Sleep stands still until the time has passed or the agent is woken.
func (p agentPorts) Sleep(_ context.Context, d time.Duration, wake <-chan struct{}) {
	p.t.wakeAt, p.t.wake = p.Now().Add(d), wake
	p.t.yield(sleep)
	p.t.wake = nil
}

// TakeClaim is agent.TakeClaim.
func (p agentPorts) TakeClaim(ctx context.Context, id string, attempt int, nonce, arn string, now time.Time) (claim call.Claim, err error) {
	return claim, p.write("agent.TakeClaim", func() error {
		claim, err = p.t.w.store.TakeClaim(ctx, id, attempt, nonce, arn, now)
		return err
	})
}

// Claim is agent.Claim.
func (p agentPorts) Claim(ctx context.Context, id string, attempt int) (claim call.Claim, err error) {
	return claim, p.read("agent.Claim", func() error {
		claim, err = p.t.w.store.Claim(ctx, id, attempt)
		return err
	})
}

// ClaimAndSettings is agent.ClaimAndSettings.
func (p agentPorts) ClaimAndSettings(ctx context.Context, id string, attempt int, batchID string) (claim call.Claim, settings *call.Settings, err error) {
	return claim, settings, p.read("agent.ClaimAndSettings", func() error {
		claim, settings, err = p.t.w.store.ClaimAndSettings(ctx, id, attempt, batchID)
		return err
	})
}

// NoteReference is agent.NoteReference.
func (p agentPorts) NoteReference(ctx context.Context, id string, attempt int, nonce, reference string) error {
	return p.write("agent.NoteReference", func() error {
		return p.t.w.store.NoteReference(ctx, id, attempt, nonce, reference)
	})
}

// NoteOutcome is agent.NoteOutcome.
func (p agentPorts) NoteOutcome(ctx context.Context, id string, attempt int, nonce string, o call.Outcome) error {
	return p.write("agent.NoteOutcome", func() error {
		return p.t.w.store.NoteOutcome(ctx, id, attempt, nonce, o)
	})
}

// Publish is agent.Publish and then send:events.
func (p agentPorts) Publish(ctx context.Context, e messages.Event) error {
	return p.ask("agent.Publish", func() error {
		return queue.EventSender{Queue: sender{p.t.w}}.Publish(ctx, e)
	})
}

// Create is carrier.Create.
func (p agentPorts) Create(ctx context.Context, r carrier.Request) (reference string, err error) {
	return reference, p.ask("carrier.Create", func() error {
		reference, err = p.t.w.Carrier.Create(ctx, r)
		return err
	})
}

// Find is carrier.Find.
func (p agentPorts) Find(ctx context.Context, id string, attempt int, nonce string) (reference string, found bool, err error) {
	err = p.ask("carrier.Find", func() error {
		reference, found, err = p.t.w.Carrier.Find(ctx, id, attempt, nonce)
		return err
	})
	return reference, found, err
}

// Status is carrier.Status.
func (p agentPorts) Status(ctx context.Context, reference string) (state carrier.State, err error) {
	return state, p.ask("carrier.Status", func() error {
		state, err = p.t.w.Carrier.Status(ctx, reference)
		return err
	})
}

// End is carrier.End.
func (p agentPorts) End(ctx context.Context, reference string) error {
	return p.ask("carrier.End", func() error { return p.t.w.Carrier.End(ctx, reference) })
}

func (p agentPorts) read(port string, do func() error) error {
	return p.ask(port, func() error {
		_, err := read(p.t.w, port, func() (struct{}, error) { return struct{}{}, do() })
		return err
	})
}

func (p agentPorts) write(port string, do func() error) error {
	return p.ask(port, func() error { return write(p.t.w, port, do) })
}
