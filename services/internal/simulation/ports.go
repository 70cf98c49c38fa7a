package simulation

import (
	"context"
	"fmt"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/agent"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/capacity"
	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/deadletters"
	"github.com/outdial/outdial/services/internal/dispatch"
	"github.com/outdial/outdial/services/internal/intake"
	"github.com/outdial/outdial/services/internal/storetest"
	"github.com/outdial/outdial/services/internal/task"
	"github.com/outdial/outdial/services/internal/tracking"
)

// Ports are what one actor works with.
type Ports struct {
	Store   storetest.Store
	Tasks   Tasks
	Carrier carrier.Carrier
	Jobs    Jobs
	Events  Events
}

// Tasks is the task service.
type Tasks interface {
	Run(ctx context.Context, r task.Request) (arn string, err error)
	Stop(ctx context.Context, arn, reason string) error
	Describe(ctx context.Context, arn string) (task.State, error)
}

// Jobs sends jobs to the calls queue, and marked ones to its dead-letter queue.
type Jobs interface {
	Send(ctx context.Context, delay time.Duration, job messages.Job) error
	SendDead(ctx context.Context, job messages.Job) error
}

// Events sends events, and asks for early looks.
type Events interface {
	Publish(ctx context.Context, e messages.Event) error
	Look(ctx context.Context) error
}

// ports are the actor's, as the history's options change them.
func (a *actor) ports() Ports {
	p := Ports{Store: store{a.w.store, a}, Tasks: service{a}, Carrier: phone{a}, Jobs: jobs{a}, Events: events{a}}
	if change := a.w.options.Ports; change != nil {
		change(&p)
	}
	return p
}

func (a *actor) dispatcher() *dispatch.Dispatcher {
	p := a.ports()
	return &dispatch.Dispatcher{
		Store: p.Store, Tasks: p.Tasks, Jobs: p.Jobs, Now: a.Now, Timing: call.DefaultTiming(), Log: a.w.log,
		TaskDefinition: a.w.taskDefinition(), Budget: a.w.budget,
	}
}

// taskDefinition is the agent's revision: there is a new one every ten minutes.
func (w *world) taskDefinition() string {
	return fmt.Sprintf("agent:%d", 1+w.now.Sub(epoch)/(10*time.Minute))
}

// slice is small, so that batches and redrives take several.
const slice = 2

func (a *actor) tracker() *tracking.Tracker {
	p := a.ports()
	return &tracking.Tracker{
		Store: p.Store, Tasks: p.Tasks, Carrier: p.Carrier, Jobs: p.Jobs, Looks: p.Events, Redrives: a.deadLetters(),
		Now: a.Now, Timing: call.DefaultTiming(), Log: a.w.log, Slice: slice, Budget: a.w.budget,
	}
}

func (a *actor) deadLetters() *deadletters.Service {
	p := a.ports()
	return &deadletters.Service{Store: p.Store, Jobs: p.Jobs, Looks: p.Events, Now: a.Now, Log: a.w.log, Slice: slice}
}

func (a *actor) capacity() *capacity.Service {
	p := a.ports()
	return &capacity.Service{Store: p.Store, Jobs: p.Jobs, Now: a.Now, Log: a.w.log}
}

func (a *actor) intake() *intake.Service {
	p := a.ports()
	return &intake.Service{
		Store: p.Store, Jobs: p.Jobs, Looks: p.Events, Now: a.Now, NewULID: a.w.ulid, Log: a.w.log,
		Limits: intake.Limits{ChunkRows: 3},
	}
}

func (a *actor) agentPorts() agent.Ports {
	p := a.ports()
	return agent.Ports{
		Store: p.Store, Events: p.Events, Carrier: p.Carrier, Clock: clock{a}, Log: a.w.log,
		NewNonce: func() string { return "nonce-" + a.w.ulid() },
	}
}

// clock is an agent's.
type clock struct{ *actor }

// Sleep stands still for a time, or until it is woken.
func (c clock) Sleep(_ context.Context, d time.Duration, wake <-chan struct{}) { c.sleep(d, wake) }
