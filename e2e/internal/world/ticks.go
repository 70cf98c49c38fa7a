package world

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/messages"
)

// Hasten has the schedule's tick come every second, and not every minute only, until
// the test ends.
func (w *World) Hasten(t testing.TB) {
	t.Helper()
	tick, err := messages.EncodeEvent(messages.Event{Type: messages.EventTick})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		done.Wait()
	})
	done.Go(func() {
		every := time.NewTicker(time.Second)
		defer every.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-every.C:
			}
			if err := w.send(ctx, "EventsQueueUrl", string(tick)); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
		}
	})
}
