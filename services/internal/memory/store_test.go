package memory_test

import (
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/memory"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/storetest"
)

func TestStoreDoesWhatEveryStoreDoes(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(testing.TB) storetest.Store { return memory.New(call.Capacity{Limit: 1, Rate: 1}) })
}

func TestQueueDoesWhatEveryQueueDoes(t *testing.T) {
	t.Parallel()
	storetest.RunQueue(t, func(_ testing.TB, clock *storetest.Clock) queue.Queue { return memory.NewQueue(clock.Now) })
}

func TestQueueDoesWhatEveryQueueDoesInRealTime(t *testing.T) {
	t.Parallel()
	storetest.RunQueueInRealTime(t, 300*time.Millisecond, func(testing.TB) queue.Queue { return memory.NewQueue(time.Now) })
}
