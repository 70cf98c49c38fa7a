package testworld

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/task"
)

// Tasks is a task service with the client tokens of ECS: the same token starts
// one task, and a repeat gives the answer that was given first. A started task
// runs the real agent.
type Tasks struct {
	// Answer says what a launch with a new token is answered; nil starts the task.
	Answer func(r task.Request) error
	// Hold makes the tasks that are started from now on wait for Task.Start.
	Hold bool
	// Silent: nobody is told that a task has ended.
	Silent bool
	// Unknown: no task is known (any more), whether it runs or not.
	Unknown bool

	Runs []task.Request // all launches asked for, in order
	All  []*Task        // all tasks that were started, in order

	w       *World
	answers map[string]answer // by client token
}

type answer struct {
	request task.Request
	arn     string
	err     error
}

// Run starts a task, or repeats the answer to the same request.
func (s *Tasks) Run(_ context.Context, r task.Request) (arn string, err error) {
	err = write(s.w, "tasks.Run", func() error {
		arn, err = s.run(r)
		return err
	})
	if err != nil {
		return "", err
	}
	return arn, nil
}

func (s *Tasks) run(r task.Request) (string, error) {
	s.Runs = append(s.Runs, r)
	s.w.watchLaunch(r)
	if a, ok := s.answers[r.ClientToken]; ok {
		if a.request != r {
			s.w.t.Errorf("a launch is repeated with another request:\n%+v\n%+v", r, a.request)
		}
		return a.arn, a.err
	}
	a := answer{request: r}
	if s.Answer != nil {
		a.err = s.Answer(r)
	}
	if a.err == nil {
		a.arn = s.start(r).ARN
	}
	s.answers[r.ClientToken] = a
	return a.arn, a.err
}

func (s *Tasks) start(r task.Request) *Task {
	t := &Task{
		ARN: fmt.Sprintf("arn:task/%d", len(s.All)+1), Request: r, State: task.Running,
		w: s.w, held: s.Hold, stop: make(chan struct{}),
	}
	s.All = append(s.All, t)
	return t
}

// Forget makes the service forget the client token of an attempt, as it does
// some time after its task ended: the same request starts a second task then.
func (s *Tasks) Forget(callID string, attempt int) {
	delete(s.answers, call.ClientToken(callID, attempt))
}

// Stop asks a task to end.
func (s *Tasks) Stop(_ context.Context, arn, _ string) error {
	return write(s.w, "tasks.Stop", func() error {
		t := s.byARN(arn)
		if t == nil {
			return errors.New("no such task")
		}
		t.signal()
		return nil
	})
}

// Describe tells how a task is.
func (s *Tasks) Describe(_ context.Context, arn string) (task.State, error) {
	return read(s.w, "tasks.Describe", func() (task.State, error) {
		t := s.byARN(arn)
		if t == nil || s.Unknown {
			return task.Missing, nil
		}
		return t.State, nil
	})
}

// Of gives the task that was started last for an attempt.
func (s *Tasks) Of(callID string, attempt int) *Task {
	s.w.t.Helper()
	for _, t := range slices.Backward(s.All) {
		if r := t.Request; r.CallID == callID && r.Attempt == attempt {
			return t
		}
	}
	s.w.t.Fatalf("no task of call %s, attempt %d, was started: %s", callID, attempt, s.w.state())
	return nil
}

func (s *Tasks) byARN(arn string) *Task {
	for _, t := range s.All {
		if t.ARN == arn {
			return t
		}
	}
	return nil
}

// goOn lets every agent go on until it sleeps; it tells whether one did.
func (s *Tasks) goOn() bool {
	went := false
	for i := 0; i < len(s.All); i++ { // more may be started meanwhile
		t := s.All[i]
		if !t.held && !t.begun {
			t.Start()
			went = true
		}
		for !t.held && t.awake() {
			t.Step()
			went = true
		}
	}
	return went
}

// sleeping are the agents that wait for a time.
func (s *Tasks) sleeping() []*Task {
	var sleeping []*Task
	for _, t := range s.All {
		if !t.held && t.begun && t.State == task.Running {
			sleeping = append(sleeping, t)
		}
	}
	return sleeping
}

func (s *Tasks) running() bool {
	for _, t := range s.All {
		if t.State == task.Running && !t.held {
			return true
		}
	}
	return false
}

// end drops all agents at the end of a test.
func (s *Tasks) end() {
	for _, t := range s.All {
		if t.begun {
			t.dead = true
			t.cancel()
			t.drop()
		}
	}
}
