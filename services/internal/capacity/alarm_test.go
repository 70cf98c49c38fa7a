package capacity_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/capacity"
	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/memory"
	"github.com/outdial/outdial/services/internal/storetest"
	"github.com/outdial/outdial/services/internal/testworld"
)

// books are slots and active calls that need not agree.
type books struct {
	slots, calls int
	err          error
}

func (b *books) Capacity(context.Context) (call.Capacity, error) {
	return call.Capacity{InUse: b.slots}, b.err
}

func (b *books) ListCalls(context.Context, call.Filter, call.Page) ([]call.Call, string, error) {
	return make([]call.Call, b.calls), "", nil
}

func TestAMismatchThatStaysIsTold(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := &books{}
	a := &capacity.Alarm{Store: b, Log: slog.New(slog.NewTextHandler(&out, nil))}
	for _, step := range []struct {
		name         string
		slots, calls int
		told         bool
	}{
		{"they agree", 3, 3, false},
		{"a call has ended between the two reads", 3, 2, false},
		{"others have begun", 3, 4, false},
		{"they agree again", 3, 3, false},
		{"a slot is lost", 3, 2, false},
		{"it stays lost", 2, 1, true},
	} {
		out.Reset()
		b.slots, b.calls = step.slots, step.calls
		if err := a.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(out.String(), "ALARM"); told != step.told {
			t.Errorf("%s: told is %v", step.name, told)
		}
	}
	b.err = errors.New("away")
	if err := a.Check(t.Context()); !errors.Is(err, b.err) {
		t.Errorf("what can't be read is %v", err)
	}
}

// TestRunningCallsRaiseNoAlarm, with a real store.
func TestRunningCallsRaiseNoAlarm(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock()
	store := memory.New(call.Capacity{})
	w := testworld.New(t, clock, store, memory.NewQueue(clock.Now))
	w.Carrier.Script = func(carrier.Request) testworld.Script { return testworld.Endless }
	for range 3 {
		w.Submit("ann")
	}
	w.Run(20 * time.Second)
	if n := w.Room().InUse; n != 3 {
		t.Fatalf("%d slots are taken", n)
	}
	var out bytes.Buffer
	a := &capacity.Alarm{Store: store, Log: slog.New(slog.NewTextHandler(&out, nil))}
	for range 3 {
		if err := a.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if out.Len() > 0 {
		t.Error(out.String())
	}
}
