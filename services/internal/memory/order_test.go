package memory_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/memory"
	"github.com/outdial/outdial/services/internal/queue"
)

var noon = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

// In simulation many things happen at one moment; their order must not be left to chance.
func TestWhatHappensAtOneMomentIsListedByName(t *testing.T) {
	t.Parallel()
	s := memory.New(call.Capacity{})
	var owners, lanes, due, waiting []string
	for i := range 20 {
		owners = append(owners, fmt.Sprintf("owner-%02d", i))
		lanes = append(lanes, fmt.Sprintf("batch_%02d", i))
	}
	for i := range owners {
		n := (7 * i) % len(owners)
		apply(t, s, call.Created(call.NewCall{ID: "call_" + owners[n], Owner: owners[n]}, noon))
		b := call.BatchAccepted(call.Batch{ID: lanes[n], Owner: "zoe", Rows: 2}, nil, noon)
		must(t, s.ApplyBatch(t.Context(), b))
		b, err := call.BatchExpanded(b.After, []call.Row{{Line: 2}}, noon)
		must(t, err)
		must(t, s.ApplyBatch(t.Context(), b))
	}
	turns, err := s.Turns(t.Context(), 100)
	must(t, err)
	ofZoe, err := s.Lanes(t.Context(), "zoe", 100)
	must(t, err)
	items, err := s.Due(t.Context(), noon, 100)
	must(t, err)
	all, err := s.WaitingLanes(t.Context())
	must(t, err)
	for _, item := range items {
		due = append(due, item.ID)
	}
	for _, lane := range all {
		waiting = append(waiting, lane.Owner+lane.BatchID)
	}
	for _, list := range []struct {
		what      string
		got, want []string
	}{
		{"owners", names(turns, func(t call.Turn) string { return t.Owner }), append(owners, "zoe")},
		{"lanes", names(ofZoe, func(l call.Lane) string { return l.BatchID }), lanes},
		{"due", due, lanes},
	} {
		if !slices.Equal(list.got, list.want) {
			t.Errorf("%s: %v", list.what, list.got)
		}
	}
	if len(waiting) != 40 || !slices.IsSorted(waiting) {
		t.Errorf("waiting lanes: %v", waiting)
	}
}

func TestMessagesComeInTheOrderInWhichTheyWereSent(t *testing.T) {
	t.Parallel()
	now := noon
	q := memory.NewQueue(func() time.Time { return now })
	send := func(body string, delay time.Duration) {
		must(t, q.Send(t.Context(), queue.Calls, queue.Message{Body: []byte(body), Delay: delay}))
	}
	send("first", 0)
	send("late", time.Second)
	send("second", 0)
	now = now.Add(time.Second)
	send("third", 0)
	got, err := q.Receive(t.Context(), queue.Calls, 10, time.Minute)
	must(t, err)
	bodies := names(got, func(r queue.Received) string { return string(r.Body) })
	if want := []string{"first", "second", "late", "third"}; !slices.Equal(bodies, want) {
		t.Errorf("received %v, not %v", bodies, want)
	}
}

// BenchmarkAdmitAndEnd shows what one call costs while others wait.
func BenchmarkAdmitAndEnd(b *testing.B) {
	for _, waiting := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(waiting), func(b *testing.B) {
			s := memory.New(call.Capacity{Limit: 1, Rate: 1e9})
			for i := range waiting {
				apply(b, s, call.Created(call.NewCall{ID: fmt.Sprintf("call_%08d", i), Owner: fmt.Sprintf("owner-%d", i%100)}, noon))
			}
			now := noon
			for b.Loop() {
				now = now.Add(time.Second)
				admitAndEnd(b, s, now)
			}
		})
	}
}

// admitAndEnd admits the next call in turn, cancels it, and has another join.
func admitAndEnd(b *testing.B, s *memory.Store, now time.Time) {
	ctx := context.Background()
	turns, err := s.Turns(ctx, 1)
	must(b, err)
	lanes, err := s.Lanes(ctx, turns[0].Owner, 1)
	must(b, err)
	ids, err := s.ReadyCalls(ctx, lanes[0].LaneKey, 1)
	must(b, err)
	c, err := s.Call(ctx, ids[0])
	must(b, err)
	room, err := s.Capacity(ctx)
	must(b, err)
	launchAt, a := room.Admit(now)
	admitted, err := call.Admitted(c, launchAt, a, "agent:1", call.DefaultTiming(), now)
	must(b, err)
	apply(b, s, admitted)
	ended, err := call.CanceledBeforeDial(admitted.After, "canceled", now)
	must(b, err)
	apply(b, s, ended)
	apply(b, s, call.Created(call.NewCall{ID: "call_" + now.Format(time.RFC3339Nano), Owner: c.Owner}, now))
	if _, err := s.Due(ctx, now, 100); err != nil {
		b.Fatal(err)
	}
}

func apply(tb testing.TB, s *memory.Store, ch call.Change) {
	tb.Helper()
	must(tb, s.Apply(context.Background(), ch))
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func names[T any](list []T, name func(T) string) []string {
	var all []string
	for _, item := range list {
		all = append(all, name(item))
	}
	return all
}
