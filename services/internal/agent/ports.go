package agent

import (
	"context"
	"log/slog"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/carrier"
)

// Claims takes the attempt's claim and reads it, strongly. Errors are those of
// package call.
type Claims interface {
	TakeClaim(ctx context.Context, callID string, attempt int, nonce, task string, now time.Time) (call.Claim, error)
	Claim(ctx context.Context, callID string, attempt int) (call.Claim, error)
	// ClaimAndSettings reads a claim and, unless batchID is empty, the settings of that
	// batch, by which a claim without settings of its own goes; nil if there are none.
	ClaimAndSettings(ctx context.Context, callID string, attempt int, batchID string) (call.Claim, *call.Settings, error)
}

// Notes writes to the claim that the nonce holds, else it refuses with
// call.ConditionNonce. Noting twice is harmless: an outcome that is there stays.
type Notes interface {
	NoteReference(ctx context.Context, callID string, attempt int, nonce, reference string) error
	NoteOutcome(ctx context.Context, callID string, attempt int, nonce string, o call.Outcome) error
}

// Store is all that an agent touches in the store.
type Store interface {
	Claims
	Notes
}

// Events tells what happened. After an error the event may have been sent.
type Events interface {
	Publish(ctx context.Context, e messages.Event) error
}

// Clock tells the time and waits.
type Clock interface {
	Now() time.Time
	// Sleep waits for d, or less when ctx is done or wake is closed (never, if nil).
	Sleep(ctx context.Context, d time.Duration, wake <-chan struct{})
}

// Ports are what an agent works with.
type Ports struct {
	Store    Store
	Events   Events
	Carrier  carrier.Carrier
	Clock    Clock
	NewNonce func() string // 1 to 64 letters, digits, "-" and "_"; never the same twice
	Log      *slog.Logger
}

// SystemClock is the machine's clock.
type SystemClock struct{}

// Now is the time.
func (SystemClock) Now() time.Time { return time.Now() }

// Sleep waits for d, or less when ctx is done or wake is closed.
func (SystemClock) Sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-wake:
	}
}
