package sqlite_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/sqlite"
	"github.com/outdial/outdial/services/internal/storetest"
)

// anHour is a poll that no test waits for.
const anHour = time.Hour

func send(t *testing.T, db *sqlite.DB, name queue.Name, m queue.Message) {
	t.Helper()
	if err := db.Send(t.Context(), name, m); err != nil {
		t.Fatal(err)
	}
}

// waiting begins to wait for a message and gives the answer.
func waiting(t *testing.T, db *sqlite.DB, name queue.Name, poll time.Duration) <-chan error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	answer := make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() { answer <- db.WaitMessage(ctx, name, poll) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	return answer
}

func TestAMessageThatIsThereIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	db := open(t, sqlite.Options{})
	send(t, db, queue.Calls, queue.Message{Body: []byte("{}")})
	if err := <-waiting(t, db, queue.Calls, anHour); err != nil {
		t.Error(err)
	}
}

func TestASendOfThisProcessWakesWhoWaitsAtItsQueue(t *testing.T) {
	t.Parallel()
	db := open(t, sqlite.Options{})
	calls, events := waiting(t, db, queue.Calls, anHour), waiting(t, db, queue.Events, anHour)
	send(t, db, queue.Calls, queue.Message{Body: []byte("{}")})
	if err := <-calls; err != nil {
		t.Error(err)
	}
	select {
	case err := <-events:
		t.Errorf("a send to another queue woke it: %v", err)
	default:
	}
	send(t, db, queue.Events, queue.Message{Body: []byte("{}")})
	if err := <-events; err != nil {
		t.Error(err)
	}
}

func TestASendOfAnotherProcessIsSeenAtTheNextPoll(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outdial.db")
	server := open(t, sqlite.Options{Path: path})
	answer := waiting(t, server, queue.Events, time.Millisecond)
	agent, err := sqlite.OpenExisting(t.Context(), sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	send(t, agent, queue.Events, queue.Message{Body: []byte("{}")})
	if err := errors.Join(<-answer, agent.Close()); err != nil {
		t.Error(err)
	}
}

func TestADelayedMessageIsWaitedForUntilItsTime(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock()
	db := open(t, sqlite.Options{Now: clock.Now})
	send(t, db, queue.Calls, queue.Message{Body: []byte("{}"), Delay: time.Minute})
	answer := waiting(t, db, queue.Calls, time.Millisecond)
	if got, err := db.Receive(t.Context(), queue.Calls, 1, time.Minute); err != nil || len(got) != 0 {
		t.Errorf("received before its time: %v, %v", got, err)
	}
	select {
	case err := <-answer:
		t.Errorf("it was visible before its time: %v", err)
	default:
	}
	clock.Advance(time.Minute)
	if err := <-answer; err != nil {
		t.Error(err)
	}
	if got, err := db.Receive(t.Context(), queue.Calls, 1, time.Minute); err != nil || len(got) != 1 {
		t.Errorf("received at its time: %v, %v", got, err)
	}
}

func TestAHiddenMessageIsWaitedForUntilItsTimeoutOrUntilItIsShown(t *testing.T) {
	t.Parallel()
	db := open(t, sqlite.Options{})
	send(t, db, queue.Calls, queue.Message{Body: []byte("{}")})
	got, err := db.Receive(t.Context(), queue.Calls, 1, anHour)
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	answer := waiting(t, db, queue.Calls, anHour)
	if err := db.ChangeVisibility(t.Context(), queue.Calls, got[0].Receipt, 0); err != nil {
		t.Fatal(err)
	}
	if err := <-answer; err != nil {
		t.Error(err)
	}
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	db := open(t, sqlite.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan error, 1)
	go func() { answer <- db.WaitMessage(ctx, queue.Calls, anHour) }()
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A receipt must never name a message that came later: deleting it would lose it.
func TestAnIdOfADeletedMessageIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	db := open(t, sqlite.Options{})
	var receipts []string
	for range 3 {
		send(t, db, queue.Calls, queue.Message{Body: []byte("{}")})
		got, err := db.Receive(t.Context(), queue.Calls, 1, anHour)
		if err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		if err := db.Delete(t.Context(), queue.Calls, append(receipts, got[0].Receipt)...); err != nil {
			t.Fatal(err)
		}
		receipts = append(receipts, got[0].Receipt)
	}
	send(t, db, queue.Calls, queue.Message{Body: []byte("{}")})
	if _, err := db.Receive(t.Context(), queue.Calls, 1, 0); err != nil {
		t.Fatal(err)
	}
	if err := db.Delete(t.Context(), queue.Calls, receipts...); err != nil {
		t.Fatal(err)
	}
	if got, err := db.Receive(t.Context(), queue.Calls, 1, anHour); err != nil || len(got) != 1 {
		t.Errorf("after old receipts were deleted again: %v, %v", got, err)
	}
}

func TestAServerThatStartsReturnsWhatTheOneBeforeItHadReceived(t *testing.T) {
	t.Parallel()
	db := open(t, sqlite.Options{})
	send(t, db, queue.Calls, queue.Message{Body: []byte("received")})
	send(t, db, queue.Calls, queue.Message{Body: []byte("delayed"), Delay: queue.MaxDelay})
	first, err := db.Receive(t.Context(), queue.Calls, queue.MaxBatch, time.Hour)
	if err != nil || len(first) != 1 {
		t.Fatalf("received %d messages (%v), want 1", len(first), err)
	}
	if err := db.ReturnReceived(t.Context()); err != nil {
		t.Fatal(err)
	}
	again, err := db.Receive(t.Context(), queue.Calls, queue.MaxBatch, time.Hour)
	if err != nil || len(again) != 1 || string(again[0].Body) != "received" || again[0].ReceiveCount != 2 {
		t.Fatalf("received %+v (%v), want the received message again and not the delayed one", again, err)
	}
}
