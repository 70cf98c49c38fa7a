package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/outdial/outdial/services/internal/call"
)

var listTests = []test{
	{"lists of an empty store are empty", emptyLists},
	{"every filter, alone and with others, gives what looking at every call gives", callFilters},
	{"times choose the calls created from one on, and before the other", timeFilters},
	{"dead letters are listed by owner, batch and cause, and only while they are dead letters", deadLetterFilters},
	{"batches are listed by owner, in both directions", batchLists},
	{"a cursor survives calls that come and go between pages", cursorsSurvive},
	{"a cursor need not name an item that is there", cursorOfNone},
	{"a batch's calls are listed from any place on, by its number", callsFromAPlace},
}

func emptyLists(t *testing.T, open Opener) {
	f := newFixture(t, open)
	for _, desc := range []bool{false, true} {
		p := call.Page{Limit: 5, Desc: desc}
		calls, next, err := f.store.ListCalls(f.ctx, call.Filter{}, p)
		if err != nil || len(calls) != 0 || next != "" {
			t.Errorf("calls: %v, %q, %v", calls, next, err)
		}
		dead, next, err := f.store.ListDeadLetters(f.ctx, call.DeadLetterFilter{}, p)
		if err != nil || len(dead) != 0 || next != "" {
			t.Errorf("dead letters: %v, %q, %v", dead, next, err)
		}
		batches, next, err := f.store.ListBatches(f.ctx, "", p)
		if err != nil || len(batches) != 0 || next != "" {
			t.Errorf("batches: %v, %q, %v", batches, next, err)
		}
	}
}

// lister gives one page of a list.
type lister[T any] func(call.Page) (items []T, next string, err error)

// walk reads a list page by page to its end. A page is full unless it is the last.
func walk[T any](t rapid.TB, limit int, desc bool, list lister[T]) []T {
	t.Helper()
	var all []T
	p := call.Page{Limit: limit, Desc: desc}
	for {
		items, next, err := list(p)
		must(t, err)
		all = append(all, items...)
		if len(items) > limit || (len(items) < limit && next != "") {
			t.Fatalf("a page has %d items of %d, and its next begins behind %q", len(items), limit, next)
		}
		if next == "" {
			return all
		}
		if next == p.After {
			t.Fatalf("the page behind %q leads to itself", next)
		}
		p.After = next
	}
}

// populate stores calls of many kinds and gives them in the order of ids.
func populate(f *fixture) (calls []call.Call, batches []call.Batch) {
	f.setCapacity(1000, startRate, false)
	owners := []string{"ann", "bob", "ann#1", "an"}
	numbers := []string{"+493012345678", "+49301234567", "+33123456789"}
	for i := range 48 {
		f.clock.Advance(time.Minute)
		n := call.NewCall{Owner: owners[i%4], Number: numbers[i%3]}
		if i%8 == 7 {
			b, made := f.expand(f.accept(owners[i%2], 3), 3)
			batches = append(batches, b)
			calls = append(calls, made...)
			continue
		}
		calls = append(calls, f.create(n))
	}
	for i, c := range calls {
		calls[i] = f.led(c, i%9)
	}
	slices.SortFunc(calls, func(a, b call.Call) int { return strings.Compare(a.ID, b.ID) })
	return calls, batches
}

// led leads a ready call somewhere.
func (f *fixture) led(c call.Call, where int) call.Call {
	f.t.Helper()
	switch where {
	case 0:
		return c
	case 1:
		return f.apply(call.CanceledBeforeDial(c, "canceled", f.tick()))
	}
	c = f.admit(c)
	switch where {
	case 2:
		return c
	case 3:
		return f.apply(call.TaskStarted(c, 1, taskOf(c), f.timing, f.tick()))
	case 4:
		return f.refuseLaunch(c)
	case 5:
		for c.Status == call.Launching {
			if c = f.apply(call.StartFailed(c, c.Attempt, "task_stopped", f.tick())); c.Status == call.Queued {
				c = f.admit(c)
			}
		}
		return c
	case 6:
		return f.end(c, busy)
	case 7:
		return f.end(c, call.Outcome{Status: call.Failed, Dialed: true, Reason: call.ReasonCarrierError, CarrierReference: "c"})
	}
	return f.end(c, completed)
}

// where gives the items for which keep says yes, newest first if desc.
func where[T any](items []T, desc bool, keep func(T) bool) []T {
	var kept []T
	for _, item := range items {
		if keep(item) {
			kept = append(kept, item)
		}
	}
	if desc {
		slices.Reverse(kept)
	}
	return kept
}

func callFilters(t *testing.T, open Opener) {
	f := newFixture(t, open)
	calls, batches := populate(f)
	statuses := [][]call.Status{nil, nil, {call.Queued}, {call.Busy, call.Completed, call.Canceled}, {call.Failed, call.Launching}, {call.Expired}}
	times := []time.Time{{}, calls[0].CreatedAt, calls[10].CreatedAt, calls[30].CreatedAt.Add(time.Millisecond), forEver}
	rapid.Check(t, func(t *rapid.T) {
		filter := call.Filter{
			Owner:    rapid.SampledFrom([]string{"", "", "ann", "bob", "an", "nobody"}).Draw(t, "owner"),
			BatchID:  rapid.SampledFrom([]string{"", "", "", "", "batch_none", batches[0].ID, batches[1].ID}).Draw(t, "batch"),
			Number:   rapid.SampledFrom([]string{"", "", "", "+493012345678", "+49301234567", "+4930000001"}).Draw(t, "number"),
			Statuses: rapid.SampledFrom(statuses).Draw(t, "statuses"),
			From:     rapid.SampledFrom(times).Draw(t, "from"),
			To:       rapid.SampledFrom(times).Draw(t, "to"),
		}
		limit, desc := rapid.IntRange(1, 12).Draw(t, "limit"), rapid.Bool().Draw(t, "desc")
		got := walk(t, limit, desc, func(p call.Page) ([]call.Call, string, error) {
			return f.store.ListCalls(f.ctx, filter, p)
		})
		same(t, "the list", got, where(calls, desc, func(c call.Call) bool { return chosen(filter, c) }))
	})
}

// chosen tells whether a filter chooses a call.
func chosen(f call.Filter, c call.Call) bool {
	return (f.Owner == "" || f.Owner == c.Owner) &&
		(f.BatchID == "" || f.BatchID == c.BatchID) &&
		(f.Number == "" || f.Number == c.Number) &&
		(len(f.Statuses) == 0 || slices.Contains(f.Statuses, c.Status)) &&
		(f.From.IsZero() || !c.CreatedAt.Before(f.From)) &&
		(f.To.IsZero() || c.CreatedAt.Before(f.To))
}

func timeFilters(t *testing.T, open Opener) {
	f := newFixture(t, open)
	calls := f.creates("ann", 4)
	moment := time.Millisecond
	at := func(i int) time.Time { return calls[i].CreatedAt }
	for _, one := range []struct {
		name     string
		from, to time.Time
		want     []call.Call
	}{
		{"from the second", at(1), time.Time{}, calls[1:]},
		{"from just behind the second", at(1).Add(moment), time.Time{}, calls[2:]},
		{"before the third", time.Time{}, at(2), calls[:2]},
		{"before just behind the third", time.Time{}, at(2).Add(moment), calls[:3]},
		{"from the second, before the fourth", at(1), at(3), calls[1:3]},
		{"from a time, before the same", at(1), at(1), nil},
		{"from a time in another zone", at(2).In(time.FixedZone("", 3600)), time.Time{}, calls[2:]},
	} {
		for _, owner := range []string{"", "ann"} {
			filter := call.Filter{Owner: owner, From: one.from, To: one.to}
			got, _, err := f.store.ListCalls(f.ctx, filter, call.Page{Limit: many})
			must(t, err)
			same(t, "calls "+one.name, got, one.want)
		}
	}
}

func deadLetterFilters(t *testing.T, open Opener) {
	f := newFixture(t, open)
	calls, batches := populate(f)
	check := func() {
		t.Helper()
		for _, desc := range []bool{false, true} {
			for _, owner := range []string{"", "ann", "bob", "nobody"} {
				for _, cause := range []call.DeadLetterCause{"", call.CauseLaunchRefused, call.CauseLaunchTriesUsed} {
					deadLettersAre(f, call.DeadLetterFilter{Owner: owner, Cause: cause}, desc, calls)
				}
			}
			for _, b := range batches {
				deadLettersAre(f, call.DeadLetterFilter{BatchID: b.ID}, desc, calls)
				deadLettersAre(f, call.DeadLetterFilter{Owner: "ann", BatchID: b.ID, Cause: call.CauseLaunchRefused}, desc, calls)
			}
		}
	}
	check()
	for i, c := range calls {
		if c.DeadLettered() && i%2 == 0 {
			calls[i] = f.apply(call.Redriven(c, c.Attempt, "", f.tick()))
		} else if c.DeadLettered() {
			calls[i] = f.apply(call.MarkSent(c, c.Attempt, f.tick()))
		}
	}
	check()
}

// deadLettersAre checks which of these calls a list of dead letters has.
func deadLettersAre(f *fixture, filter call.DeadLetterFilter, desc bool, calls []call.Call) {
	f.t.Helper()
	got := walk(f.t, 2, desc, func(p call.Page) ([]call.Call, string, error) {
		return f.store.ListDeadLetters(f.ctx, filter, p)
	})
	same(f.t, "dead letters", got, where(calls, desc, func(c call.Call) bool {
		return c.DeadLettered() && (filter.Owner == "" || filter.Owner == c.Owner) &&
			(filter.BatchID == "" || filter.BatchID == c.BatchID) && (filter.Cause == "" || filter.Cause == c.Failure.Cause)
	}))
}

func batchLists(t *testing.T, open Opener) {
	f := newFixture(t, open)
	_, batches := populate(f)
	batches[1] = f.pause(batches[1])
	batches = append(batches, f.accept("zoe", 0))
	for _, owner := range []string{"", "ann", "bob", "zoe", "nobody"} {
		for _, desc := range []bool{false, true} {
			for _, limit := range []int{1, 2, many} {
				got := walk(t, limit, desc, func(p call.Page) ([]call.Batch, string, error) {
					return f.store.ListBatches(f.ctx, owner, p)
				})
				same(t, "batches of "+owner, got, where(batches, desc, func(b call.Batch) bool {
					return owner == "" || b.Owner == owner
				}))
			}
		}
	}
}

// cursorsSurvive: between any two pages a call is created and one leaves the
// filter. Each call that was there all the time is listed once, and none twice.
func cursorsSurvive(t *testing.T, open Opener) {
	for _, desc := range []bool{false, true} {
		f := newFixture(t, open)
		calls := f.creates("ann", 20)
		gone, pages := set[string]{}, 0
		got := walk(t, 3, desc, func(p call.Page) ([]call.Call, string, error) {
			leaves := calls[(pages*7)%len(calls)]
			if pages++; pages > 1 && !gone[leaves.ID] {
				f.apply(call.CanceledBeforeDial(leaves, "canceled", f.tick()))
				gone[leaves.ID] = true
				f.create(call.NewCall{Owner: "ann"})
			}
			return f.store.ListCalls(f.ctx, call.Filter{Owner: "ann", Statuses: []call.Status{call.Queued}}, p)
		})
		times := map[string]int{}
		for i, c := range got {
			times[c.ID]++
			if i > 0 && (got[i-1].ID < c.ID) == desc {
				t.Errorf("desc %t: %s is listed behind %s", desc, c.ID, got[i-1].ID)
			}
		}
		for _, c := range calls {
			if n := times[c.ID]; n > 1 || (n == 0 && !gone[c.ID]) {
				t.Errorf("desc %t: %s is listed %d times", desc, c.ID, n)
			}
		}
	}
}

func cursorOfNone(t *testing.T, open Opener) {
	f := newFixture(t, open)
	calls := f.creates("ann", 3)
	between := calls[1].ID + "x" // behind the second, before the third
	for _, one := range []struct {
		desc bool
		want []call.Call
	}{{false, calls[2:]}, {true, []call.Call{calls[1], calls[0]}}} {
		got, _, err := f.store.ListCalls(f.ctx, call.Filter{}, call.Page{After: between, Limit: many, Desc: one.desc})
		must(t, err)
		same(t, "the rest of the list", got, one.want)
	}
}

func callsFromAPlace(t *testing.T, open Opener) {
	f := newFixture(t, open)
	b, calls := f.expand(f.accept("ann", 12), 9)
	f.expand(f.accept("ann", 3), 3)
	for _, passed := range []int{1, 4, 8, 9, 10, 12, 13, 100_000} {
		after := call.BatchCallID(b.ID, passed)
		got, _, err := f.store.ListCalls(f.ctx, call.Filter{BatchID: b.ID}, call.Page{After: after, Limit: many})
		must(t, err)
		same(t, "the calls behind "+after, idsOf(got), idsOf(calls[min(passed, len(calls)):]))
	}
}
