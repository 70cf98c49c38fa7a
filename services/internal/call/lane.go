package call

import (
	"fmt"
	"strings"
	"time"
)

// LaneKey names a lane: one per batch, and one per owner for single calls.
type LaneKey struct {
	Owner   string `json:"owner"`
	BatchID string `json:"batch_id,omitempty"` // empty: the owner's single calls
}

// String is the key as one word, for stores.
func (k LaneKey) String() string {
	if k.BatchID != "" {
		return k.BatchID
	}
	return "single:" + k.Owner
}

// Lane is what waiting calls stand in. It counts who is ready, in the same
// transactions that make calls ready or not, and it is in the turn order
// exactly while that count is above zero and its batch neither paused nor canceled.
type Lane struct {
	LaneKey
	Ready    int   `json:"ready"`              // calls that only wait for their turn
	Schedule int   `json:"schedule,omitempty"` // calls that wait for a time, by reason
	Retry    int   `json:"retry,omitempty"`
	Window   int   `json:"window,omitempty"`
	Closed   bool  `json:"closed,omitempty"` // the batch is paused or canceled
	Turn     int64 `json:"turn"`             // place in its owner's order: smallest first
}

// InTurn tells whether the lane is in the turn order.
func (l Lane) InTurn() bool { return l.Ready > 0 && !l.Closed }

// LaneEffect is what a change adds to a lane's counts.
type LaneEffect struct {
	Ready, Schedule, Retry, Window int
	Served                         bool // a call of it was admitted: to the back
}

func (e LaneEffect) zero() bool { return e == LaneEffect{} }

func (e *LaneEffect) add(c Call, n int) {
	if c.Status != Queued {
		return
	}
	switch c.Wait.Reason {
	case WaitSchedule:
		e.Schedule += n
	case WaitRetry:
		e.Retry += n
	case WaitWindow:
		e.Window += n
	default:
		e.Ready += n
	}
}

// After is the lane with the effect added. It joins behind the others and goes
// to the back when it is served; its turn never goes back, so that a clock that
// is wrong can't let it overtake for ever.
func (l Lane) After(e LaneEffect, now time.Time) (Lane, error) {
	was := l.InTurn()
	l.Ready += e.Ready
	l.Schedule += e.Schedule
	l.Retry += e.Retry
	l.Window += e.Window
	if min(l.Ready, l.Schedule, l.Retry, l.Window) < 0 {
		return l, fmt.Errorf("lane %s would count below zero: %w", l.LaneKey, ErrCorrupt)
	}
	if e.Served || (l.InTurn() && !was) {
		l.Turn = nextTurn(l.Turn, now)
	}
	return l, nil
}

// Open is the lane with its batch's state applied: closed while paused or canceled.
func (l Lane) Open(open bool, now time.Time) Lane {
	was := l.InTurn()
	l.Closed = !open
	if l.InTurn() && !was {
		l.Turn = nextTurn(l.Turn, now)
	}
	return l
}

// Turn is an owner's place in the order of all owners. The owner's lanes share
// it, so a thousand batches get no more turns than one.
type Turn struct {
	Owner string `json:"owner"`
	Lanes int    `json:"lanes"` // lanes in turn
	Turn  int64  `json:"turn"`  // smallest first
}

// InTurn tells whether the owner is in the turn order.
func (t Turn) InTurn() bool { return t.Lanes > 0 }

// After is the owner's turn after one of its lanes changed.
func (t Turn) After(before, after Lane, served bool, now time.Time) (Turn, error) {
	was := t.InTurn()
	switch {
	case after.InTurn() && !before.InTurn():
		t.Lanes++
	case !after.InTurn() && before.InTurn():
		t.Lanes--
	}
	if t.Lanes < 0 {
		return t, fmt.Errorf("owner %s would count lanes below zero: %w", t.Owner, ErrCorrupt)
	}
	if served || (t.InTurn() && !was) {
		t.Turn = nextTurn(t.Turn, now)
	}
	return t, nil
}

func nextTurn(last int64, now time.Time) int64 { return max(now.UnixMicro(), last+1) }

// Waiting counts waiting calls by reason.
type Waiting map[WaitReason]int

// WaitingIn counts the waiting calls of lanes by the reason that holds them up now.
func (c Capacity) WaitingIn(lanes []Lane, now time.Time) Waiting {
	waiting := Waiting{}
	for _, lane := range lanes {
		waiting.Add(lane, c.WaitingFor(now))
	}
	return waiting
}

// Add counts a lane's calls, its ready ones under the reason that holds them all up.
func (w Waiting) Add(l Lane, ready WaitReason) {
	if l.Closed {
		ready = WaitPaused
	}
	for reason, n := range map[WaitReason]int{ready: l.Ready, WaitSchedule: l.Schedule, WaitRetry: l.Retry, WaitWindow: l.Window} {
		if n > 0 {
			w[reason] += n
		}
	}
}

// LaneOf is the key that String wrote.
func LaneOf(owner, s string) LaneKey {
	if strings.HasPrefix(s, batchPrefix) {
		return LaneKey{Owner: owner, BatchID: s}
	}
	return LaneKey{Owner: owner}
}
