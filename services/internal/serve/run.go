package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/outdial/outdial/services/internal/capacity"
	"github.com/outdial/outdial/services/internal/deadletters"
	"github.com/outdial/outdial/services/internal/dispatch"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/samples"
	"github.com/outdial/outdial/services/internal/tracking"
)

const (
	lookInterval  = time.Second      // between looks at what is due
	tickInterval  = time.Minute      // between ticks: a fill and a look, whatever else was lost
	purgeInterval = 10 * time.Minute // between removals of what has expired
	alarmInterval = time.Minute      // between comparisons of slots and records
	sampleTime    = time.Minute      // between samples, of which a minute has one
	trackers      = 8                // loops that follow events: those that write at the same time share a flush of the disk
	shutdownTime  = 10 * time.Second // for requests under way

	// A batch of one machine is expanded in slices of this many rows, and one look
	// at what is due hands over after this time.
	slice  = 500
	budget = 5 * time.Second
)

// run starts every loop and waits until ctx ends, or one of them fails.
func (s *server) run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var loops sync.WaitGroup
	for range s.Dispatchers {
		loops.Go(func() { s.consumer(queue.Calls, s.jobHandler()).run(ctx) })
	}
	for range trackers {
		loops.Go(func() { s.consumer(queue.Events, s.eventHandler()).run(ctx) })
	}
	loops.Go(func() { s.every(ctx, lookInterval, s.tracker().LookAtDue, "look at what is due") })
	loops.Go(func() { s.every(ctx, tickInterval, s.tracker().Tick, "minute tick") })
	loops.Go(func() { s.every(ctx, purgeInterval, s.purge, "purge") })
	loops.Go(func() {
		s.every(ctx, alarmInterval, (&capacity.Alarm{Store: s.db, Log: s.log}).Check, "compare slots with records")
	})
	loops.Go(func() {
		s.every(ctx, sampleTime, (&samples.Taker{Store: s.db, Now: time.Now}).Take, "take samples")
	})
	loops.Go(func() { s.tasks.Watch(ctx) })
	loops.Go(func() {
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			stop(fmt.Errorf("serve HTTP: %w", err))
		}
	})
	s.welcome()
	if s.FirstCall {
		loops.Go(func() { s.firstCall(ctx) })
	}
	<-ctx.Done()
	s.log.Info("stopping: requests under way are finished; calls go on with their agents")
	err := s.shutdown(context.WithoutCancel(ctx))
	loops.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		err = errors.Join(cause, err)
	}
	return err
}

func (s *server) shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, shutdownTime)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("requests were cut off: %w", err), s.http.Close())
	}
	return nil
}

func (s *server) consumer(name queue.Name, handle func(context.Context, [][]byte) []error) consumer {
	return consumer{queue: s.db, name: name, handle: handle, log: s.log}
}

// every runs do at once and then again and again. It never runs twice at a time.
func (s *server) every(ctx context.Context, interval time.Duration, do func(context.Context) error, what string) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "failed; it is tried again", "what", what, "cause", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// jobHandler looks at what all jobs of one receive name, and fills once.
func (s *server) jobHandler() func(context.Context, [][]byte) []error {
	d := &dispatch.Dispatcher{
		Store: s.db, Tasks: s.tasks, Jobs: queue.JobSender{Queue: s.db},
		Now: time.Now, Timing: timing(), Log: s.log, TaskDefinition: "local", Budget: budget,
	}
	return d.HandleMessages
}

func (s *server) eventHandler() func(context.Context, [][]byte) []error {
	return s.tracker().HandleMessages
}

func (s *server) tracker() *tracking.Tracker {
	return &tracking.Tracker{
		Store: s.db, Tasks: s.tasks, Carrier: s.carrier,
		Jobs: queue.JobSender{Queue: s.db}, Looks: queue.EventSender{Queue: s.db}, Redrives: s.deadLetters(),
		Now: time.Now, Timing: timing(), Log: s.log, Slice: slice, Budget: budget,
	}
}

func (s *server) deadLetters() *deadletters.Service {
	return &deadletters.Service{
		Store: s.db, Jobs: queue.JobSender{Queue: s.db}, Looks: queue.EventSender{Queue: s.db},
		Now: time.Now, Log: s.log, Slice: slice,
	}
}

func (s *server) purge(ctx context.Context) error {
	_, err := s.db.Purge(ctx, time.Now())
	return err
}
