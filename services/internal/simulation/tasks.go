package simulation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/agent"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/task"
)

// process is a task and the agent in it.
type process struct {
	arn     string
	request task.Request
	startAt time.Time // of the agent in it
	stuck   bool      // never starts
	agent   *actor    // once started
	over    bool
	endedAt time.Time
	err     error // that the agent ended with
	known   bool  // was described: from then on it is known until long after its end
	stop    chan struct{}
	asked   bool // to stop
}

// tasks is the task service, with the client tokens of ECS.
type tasks struct {
	w         *world
	started   int
	byARN     map[string]*process
	waiting   []*process // accepted, and not started yet
	running   []*process
	answers   map[string]runAnswer // by client token
	requests  map[attempt]task.Request
	refused   map[attempt]bool // for good
	downUntil time.Time
}

type runAnswer struct {
	arn string
	err error
}

type attempt struct {
	callID string
	number int
}

func (s *tasks) open(w *world) {
	s.w = w
	s.byARN, s.answers, s.requests = map[string]*process{}, map[string]runAnswer{}, map[attempt]task.Request{}
	s.refused = map[attempt]bool{}
}

// service is the task service as an actor sees it.
type service struct{ *actor }

// Run starts a task, or repeats the answer to the same request.
func (s service) Run(_ context.Context, r task.Request) (arn string, err error) {
	err = s.ask("RunTask", call.ClientToken(r.CallID, r.Attempt), func() error {
		if s.w.now.Before(s.w.tasks.downUntil) {
			s.w.coverage.count("RunTask", Outage)
			return errUnclear
		}
		s.w.watchLaunch(r, s.Now())
		arn, err = s.w.tasks.run(r)
		return err
	})
	if err != nil {
		return "", err
	}
	return arn, nil
}

func (s *tasks) run(r task.Request) (string, error) {
	of := attempt{r.CallID, r.Attempt}
	if first, ok := s.requests[of]; ok && first != r {
		s.w.violate("a launch is repeated with the very same request", "%+v, then %+v", first, r)
	}
	s.requests[of] = r
	a, ok := s.answers[r.ClientToken]
	if ok && s.w.fault("RunTask", TokenExpired) == None {
		return a.arn, a.err
	}
	a = runAnswer{}
	switch f := s.w.fault("RunTask", launchFaults...); f {
	case NoCapacity:
		a.err = task.ErrNoCapacity
	case Throttled:
		a.err = task.ErrThrottled
	case Refused:
		a.err = task.ErrRefused
		s.refused[of] = true
	default:
		a.arn = s.begin(r, f == Stuck)
	}
	s.answers[r.ClientToken] = a
	return a.arn, a.err
}

func (s *tasks) begin(r task.Request, stuck bool) string {
	s.started++
	s.w.coverage.count("task starting", None)
	p := &process{arn: fmt.Sprintf("arn:task/%d", s.started), request: r, stuck: stuck, stop: make(chan struct{})}
	p.startAt = s.w.now.Add(pick(s.w.choices, 0, 20*time.Second, time.Minute, 6*time.Minute))
	s.byARN[p.arn] = p
	s.waiting = append(s.waiting, p)
	return p.arn
}

// Stop asks a task to end.
func (s service) Stop(_ context.Context, arn, reason string) error {
	return s.ask("StopTask", fmt.Sprintf("%s: %s", arn, reason), func() error {
		p := s.w.tasks.byARN[arn]
		if p != nil {
			s.w.watchStop(p)
		}
		switch {
		case p == nil:
			return errors.New("no such task")
		case p.agent == nil && !p.over:
			s.w.tasks.end(p)
		case !p.asked:
			p.asked = true
			close(p.stop)
		}
		return nil
	})
}

// Describe tells how a task is.
func (s service) Describe(_ context.Context, arn string) (state task.State, err error) {
	err = s.ask("DescribeTask", arn, func() error {
		state = s.w.tasks.state(s.w.tasks.byARN[arn])
		return nil
	})
	return state, err
}

// forgotten is how long after its end a task isn't known any more.
const forgotten = time.Hour

func (s *tasks) state(p *process) task.State {
	switch {
	case p == nil, p.over && s.w.now.After(p.endedAt.Add(forgotten)):
		return task.Missing
	case !p.known && s.w.fault("DescribeTask", Unknown) == Unknown:
		return task.Missing
	case p.over && s.w.now.Before(p.endedAt.Add(time.Minute)) && s.w.fault("DescribeTask", LooksAlive) == LooksAlive:
	case p.over:
		p.known = true
		return task.Stopped
	}
	p.known = true
	return task.Running
}

// can adds each start of a task that can happen now.
func (s *tasks) can(can []func()) []func() {
	for _, p := range s.waiting {
		if !s.w.now.Before(p.startAt) && (!p.stuck || s.w.calm) {
			can = append(can, func() { s.start(p) })
		}
	}
	return can
}

func (s *tasks) next(earlier func(time.Time)) {
	for _, p := range s.waiting {
		if !p.stuck || s.w.calm {
			earlier(p.startAt)
		}
	}
}

func (s *tasks) start(p *process) {
	s.waiting = without(s.waiting, p)
	s.running = append(s.running, p)
	s.w.coverage.count("task running", None)
	r := p.request
	name := fmt.Sprintf("agent %s/%d in %s", r.CallID, r.Attempt, p.arn)
	p.agent = s.w.start(name, s.w.clock(s.started), func(a *actor) error {
		timing := agent.DefaultTiming()
		timing.Poll, timing.Request = poll, time.Hour // of the machine's clock, which stands still
		c := agent.Config{CallID: r.CallID, Attempt: r.Attempt, Task: p.arn, StartBy: r.StartBy, Timing: timing}
		return agent.Run(s.w.ctx, c, a.agentPorts(), p.stop)
	}, func(err error) {
		p.err = err
		s.end(p)
	})
	s.w.current = p.agent
}

// poll is how often an agent looks at its call.
const poll = 15 * time.Second

// alive are the tasks that could be killed.
func (s *tasks) alive() []*process { return slices.Concat(s.running, s.waiting) }

func (s *tasks) kill(p *process) {
	if p.agent == nil {
		s.w.coverage.count("task starting", Killed)
		s.w.notef("%s dies before its agent starts", p.arn)
		s.end(p)
		return
	}
	s.w.coverage.count("task running", Killed)
	s.w.notef("%s dies", p.agent.name)
	p.agent.kill()
}

// end notes that a task has ended, and tells it.
func (s *tasks) end(p *process) {
	p.over, p.endedAt = true, s.w.now
	s.waiting, s.running = without(s.waiting, p), without(s.running, p)
	s.w.mail.tell(messages.Event{
		Type: messages.EventTaskStopped, CallID: p.request.CallID, Attempt: p.request.Attempt,
		Task: p.arn, At: s.w.now, Version: 3,
	})
}

func without[T comparable](all []T, one T) []T {
	return slices.DeleteFunc(all, func(other T) bool { return other == one })
}
