package agent_test

import (
	"context"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/agent"
)

func TestSleepEndsEarlyWhenWokenOrCanceled(t *testing.T) {
	t.Parallel()
	woken := make(chan struct{})
	close(woken)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	began := time.Now()
	var clock agent.SystemClock
	clock.Sleep(t.Context(), time.Hour, woken)
	clock.Sleep(canceled, time.Hour, nil)
	clock.Sleep(t.Context(), time.Millisecond, nil)
	if now := clock.Now(); now.Sub(began) < time.Millisecond || now.Sub(began) > time.Minute {
		t.Errorf("slept for %s, want the millisecond alone", now.Sub(began))
	}
}
