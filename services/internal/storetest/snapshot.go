package storetest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/outdial/outdial/services/internal/call"
)

// known are the names of all that a test has tried to write, whether it was
// written or not: what a snapshot asks for beside what the lists show.
type known struct {
	calls, batches, redrives, owners set[string]
	keys                             set[[2]string] // owner and key
	attempts                         map[string]int // the highest of each call
}

type set[T comparable] map[T]bool

func newKnown() known {
	return known{set[string]{}, set[string]{}, set[string]{}, set[string]{}, set[[2]string]{}, map[string]int{}}
}

func (k known) change(ch call.Change) {
	c := ch.After
	k.calls[c.ID] = true
	k.owners[c.Owner] = true
	k.attempts[c.ID] = max(k.attempts[c.ID], c.Attempt, ch.Before.Attempt)
	k.key(ch.Key)
	if ch.Redrive != nil {
		k.redriveChange(*ch.Redrive)
	}
}

func (k known) batchChange(ch call.BatchChange) {
	k.batches[ch.After.ID] = true
	k.owners[ch.After.Owner] = true
	k.key(ch.Key)
	for _, c := range ch.Calls {
		k.change(c)
	}
}

func (k known) redriveChange(ch call.RedriveChange) {
	k.redrives[ch.After.ID] = true
	k.key(ch.Key)
}

func (k known) key(key *call.IdempotencyKey) {
	if key != nil {
		k.keys[[2]string{key.Owner, key.Key}] = true
	}
}

// snapshot is all that can be seen of a store.
type snapshot struct {
	Capacity call.Capacity
	Calls    map[string]call.Call
	Claims   map[string]call.Claim // by call and attempt
	Batches  map[string]call.Batch
	Counts   map[string]call.Counts
	Redrives map[string]call.Redrive
	Keys     map[string]call.IdempotencyKey // by owner and key

	Due        []call.DueItem
	Turns      []call.Turn
	LanesIn    map[string][]call.Lane // in turn, by owner
	Lanes      map[string]call.Lane   // by key
	Ready      map[string][]string    // by lane
	Waiting    []call.Lane
	CallIDs    []string // as listed
	DeadIDs    []string
	BatchesIDs []string
}

// forEver is later than anything is due or expires.
var forEver = time.Date(2100, time.January, 1, 0, 0, 0, 0, time.UTC)

// look takes a snapshot. Keys are read as of now.
func look(ctx context.Context, t rapid.TB, s Store, k known, now time.Time) snapshot {
	t.Helper()
	r := reader{t, ctx, s}
	var v snapshot
	v.Capacity = got(s.Capacity(ctx))(t)
	r.items(&v, k, now)
	r.lists(&v)
	r.lanes(&v, k)
	return v
}

// reader reads a store for a snapshot.
type reader struct {
	t   rapid.TB
	ctx context.Context
	s   Store
}

func (r reader) items(v *snapshot, k known, now time.Time) {
	r.t.Helper()
	v.Calls, v.Claims = map[string]call.Call{}, map[string]call.Claim{}
	for id := range k.calls {
		found(r.t, v.Calls, id)(r.s.Call(r.ctx, id))
		for attempt := 1; attempt <= k.attempts[id]+1; attempt++ {
			found(r.t, v.Claims, fmt.Sprintf("%s, attempt %d", id, attempt))(r.s.Claim(r.ctx, id, attempt))
		}
	}
	v.Batches, v.Counts = map[string]call.Batch{}, map[string]call.Counts{}
	for id := range k.batches {
		found(r.t, v.Batches, id)(r.s.Batch(r.ctx, id))
		found(r.t, v.Counts, id)(r.s.BatchCounts(r.ctx, id))
	}
	v.Redrives = map[string]call.Redrive{}
	for id := range k.redrives {
		found(r.t, v.Redrives, id)(r.s.Redrive(r.ctx, id))
	}
	v.Keys = map[string]call.IdempotencyKey{}
	for key := range k.keys {
		found(r.t, v.Keys, key[0]+", "+key[1])(r.s.Key(r.ctx, key[0], key[1], now))
	}
}

func (r reader) lists(v *snapshot) {
	r.t.Helper()
	due := got(r.s.Due(r.ctx, forEver, many))(r.t)
	v.Due = inOrder(r.t, "due", due, func(d call.DueItem) int64 { return d.Due.UnixNano() }, func(d call.DueItem) string { return d.ID })
	calls, _, err := r.s.ListCalls(r.ctx, call.Filter{}, call.Page{Limit: many})
	must(r.t, err)
	dead, _, err := r.s.ListDeadLetters(r.ctx, call.DeadLetterFilter{}, call.Page{Limit: many})
	must(r.t, err)
	batches, _, err := r.s.ListBatches(r.ctx, "", call.Page{Limit: many})
	must(r.t, err)
	v.CallIDs, v.DeadIDs = idsOf(calls), idsOf(dead)
	for _, b := range batches {
		v.BatchesIDs = append(v.BatchesIDs, b.ID)
	}
}

func (r reader) lanes(v *snapshot, k known) {
	r.t.Helper()
	turns := got(r.s.Turns(r.ctx, many))(r.t)
	v.Turns = inOrder(r.t, "owners in turn", turns, func(t call.Turn) int64 { return t.Turn }, func(t call.Turn) string { return t.Owner })
	v.LanesIn, v.Lanes, v.Ready = map[string][]call.Lane{}, map[string]call.Lane{}, map[string][]string{}
	keys := set[call.LaneKey]{}
	for owner := range k.owners {
		keys[call.LaneKey{Owner: owner}] = true
		lanes := got(r.s.Lanes(r.ctx, owner, many))(r.t)
		v.LanesIn[owner] = inOrder(r.t, "lanes in turn", lanes, func(l call.Lane) int64 { return l.Turn }, laneName)
	}
	for _, b := range v.Batches {
		keys[b.Lane()] = true
	}
	for key := range keys {
		v.Lanes[key.String()] = got(r.s.Lane(r.ctx, key))(r.t)
		v.Ready[key.String()] = got(r.s.ReadyCalls(r.ctx, key, many))(r.t)
	}
	v.Waiting = got(r.s.WaitingLanes(r.ctx))(r.t)
	slices.SortFunc(v.Waiting, func(a, b call.Lane) int { return strings.Compare(a.String(), b.String()) })
}

func laneName(l call.Lane) string { return l.String() }

// got gives a value that must have been read without an error.
func got[T any](v T, err error) func(rapid.TB) T {
	return func(t rapid.TB) T {
		t.Helper()
		must(t, err)
		return v
	}
}

// found adds an item to a map, unless there is none.
func found[K comparable, T any](t rapid.TB, m map[K]T, k K) func(T, error) {
	return func(v T, err error) {
		t.Helper()
		if errors.Is(err, call.ErrNotFound) {
			return
		}
		must(t, err)
		m[k] = v
	}
}

// inOrder checks that a list is in the order of a number, and gives it with
// what has the same number in the order of names: a store may choose that.
func inOrder[T any](t rapid.TB, what string, list []T, number func(T) int64, name func(T) string) []T {
	t.Helper()
	if !slices.IsSortedFunc(list, func(a, b T) int { return cmp.Compare(number(a), number(b)) }) {
		t.Fatalf("%s, not in order: %+v", what, list)
	}
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b T) int {
		return cmp.Or(cmp.Compare(number(a), number(b)), strings.Compare(name(a), name(b)))
	})
	return list
}

func idsOf(calls []call.Call) []string {
	var ids []string
	for _, c := range calls {
		ids = append(ids, c.ID)
	}
	return ids
}

// look takes a snapshot of the fixture's store.
func (f *fixture) look() snapshot {
	f.t.Helper()
	return look(f.ctx, f.t, f.store, f.known, f.clock.Now())
}

// unchanged checks that nothing that can be seen of the store is changed by what happens.
func (f *fixture) unchanged(what string, happens func()) {
	f.t.Helper()
	before := frozen(f.t, f.look())
	happens()
	same(f.t, "after "+what, f.look(), before)
}

// frozen is a copy of a snapshot that shares nothing with it, since a store may
// have given away what it goes on writing to.
func frozen(t rapid.TB, v snapshot) snapshot {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	var frozen snapshot
	must(t, json.Unmarshal(text, &frozen))
	return frozen
}

// same checks that two values are equal; an empty list is as good as none.
func same(t rapid.TB, what string, got, want any) {
	t.Helper()
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}
