package sqlite

import (
	"context"
	"sync"
	"time"

	"github.com/outdial/outdial/services/internal/queue"
)

// wake tells those who wait at a queue that this process has sent to it.
type wake struct {
	mu    sync.Mutex
	bells map[queue.Name]chan struct{} // closed to wake all who wait
}

func newWake() *wake { return &wake{bells: make(map[queue.Name]chan struct{})} }

// bell is closed at the next send. Take it before looking into the queue: a
// send after the look is heard then.
func (w *wake) bell(name queue.Name) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.bells[name] == nil {
		w.bells[name] = make(chan struct{})
	}
	return w.bells[name]
}

func (w *wake) up(name queue.Name) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if bell := w.bells[name]; bell != nil {
		close(bell)
		delete(w.bells, name)
	}
}

// WaitMessage returns when a message of a queue may be visible. It hears sends
// of this process at once, and looks for those of others every poll, at the cost
// of one small read.
func (db *DB) WaitMessage(ctx context.Context, name queue.Name, poll time.Duration) error {
	for {
		bell := db.wake.bell(name)
		next, err := db.nextVisible(ctx, name)
		if err != nil {
			return err
		}
		wait := poll
		if !next.IsZero() {
			wait = min(poll, next.Sub(db.o.Now()))
			if wait <= 0 {
				return nil
			}
		}
		timer := time.NewTimer(wait)
		select {
		case <-bell:
		case <-timer.C:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		timer.Stop()
		if err != nil {
			return err
		}
	}
}
