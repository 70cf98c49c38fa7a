package verify

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// laneSum is what the records say of a lane.
type laneSum struct {
	lane  call.Lane
	ready []joined
}

type joined struct {
	at time.Time
	id string
}

// sum is the lane's, empty at first.
func (k *checker) sum(key call.LaneKey) *laneSum {
	sum := k.lanes[key]
	if sum == nil {
		sum = &laneSum{lane: call.Lane{LaneKey: key}}
		k.lanes[key] = sum
	}
	return sum
}

func (k *checker) inLane(c call.Call) {
	if sum := k.sum(c.Lane()); c.Status == call.Queued {
		sum.add(c)
	}
}

// add counts a queued call.
func (s *laneSum) add(c call.Call) {
	switch c.Wait.Reason {
	case call.WaitSchedule:
		s.lane.Schedule++
	case call.WaitRetry:
		s.lane.Retry++
	case call.WaitWindow:
		s.lane.Window++
	default:
		s.lane.Ready++
		s.ready = append(s.ready, joined{c.ReadyAt, c.ID})
	}
}

// waits tells whether a call waits in the lane.
func waits(l call.Lane) bool { return l.Ready+l.Schedule+l.Retry+l.Window > 0 }

func (k *checker) laneCounts() error {
	listed, err := k.Store.WaitingLanes(k.ctx)
	if err != nil {
		return err
	}
	waiting := map[call.LaneKey]bool{}
	for _, lane := range listed {
		waiting[lane.LaneKey] = true
		if k.lanes[lane.LaneKey] == nil {
			k.find(CheckLanes, lane.String(), "lane %s is listed as waiting and has no calls", lane)
		}
	}
	k.report.Checked.Lanes = len(k.lanes)
	for _, key := range slices.SortedFunc(maps.Keys(k.lanes), func(a, b call.LaneKey) int { return strings.Compare(a.String(), b.String()) }) {
		sum := k.lanes[key]
		lane, err := k.Store.Lane(k.ctx, key)
		if err != nil {
			return err
		}
		sum.lane.Turn = lane.Turn
		if lane != sum.lane {
			k.find(CheckLanes, key.String(), "lane %s counts %s, but its calls say %s: both must be equal", key, told(lane), told(sum.lane))
		}
		if waits(sum.lane) != waiting[key] {
			k.find(CheckLanes, key.String(), "lane %s: calls wait: %t; listed as waiting: %t: both must be equal", key, waits(sum.lane), waiting[key])
		}
		if err := k.readyCalls(key, sum.ready); err != nil {
			return err
		}
	}
	return nil
}

// told is a lane's counts as findings tell them.
func told(l call.Lane) string {
	open := "open"
	if l.Closed {
		open = "closed"
	}
	return open + countsOf([]count{{"ready", l.Ready}, {"schedule", l.Schedule}, {"retry", l.Retry}, {"window", l.Window}})
}

func (k *checker) readyCalls(key call.LaneKey, want []joined) error {
	got, err := k.Store.ReadyCalls(k.ctx, key, len(want)+1)
	if err != nil {
		return err
	}
	slices.SortFunc(want, func(a, b joined) int { return cmp.Or(a.at.Compare(b.at), strings.Compare(a.id, b.id)) })
	if !slices.EqualFunc(got, want, func(id string, j joined) bool { return id == j.id }) {
		k.find(CheckLanes, key.String(), "lane %s lists %d ready calls, not the %d there are, the first to have joined first", key, len(got), len(want))
	}
	return nil
}

// turns checks that exactly the owners and lanes in turn are listed, the next first.
func (k *checker) turns() error {
	want := map[string]int{} // lanes in turn, by owner
	for _, sum := range k.lanes {
		if sum.lane.InTurn() {
			want[sum.lane.Owner]++
		}
	}
	turns, err := k.Store.Turns(k.ctx, len(k.owners)+1)
	if err != nil {
		return err
	}
	if !slices.IsSortedFunc(turns, func(a, b call.Turn) int { return cmp.Compare(a.Turn, b.Turn) }) {
		k.find(CheckLanes, "", "owners are not listed in turn: %+v", turns)
	}
	listed := map[string]bool{}
	for _, turn := range turns {
		if listed[turn.Owner] || turn.Lanes != want[turn.Owner] {
			k.find(CheckLanes, turn.Owner, "owner %s is listed with %d lanes in turn and has %d", turn.Owner, turn.Lanes, want[turn.Owner])
		}
		listed[turn.Owner] = true
	}
	for _, owner := range slices.Sorted(maps.Keys(k.owners)) {
		if !listed[owner] && want[owner] > 0 {
			k.find(CheckLanes, owner, "owner %s has %d lanes in turn and is not in turn: its calls would never be admitted", owner, want[owner])
		}
		if err := k.lanesOf(owner, want[owner]); err != nil {
			return err
		}
	}
	return nil
}

func (k *checker) lanesOf(owner string, want int) error {
	lanes, err := k.Store.Lanes(k.ctx, owner, want+1)
	if err != nil {
		return err
	}
	if !slices.IsSortedFunc(lanes, func(a, b call.Lane) int { return cmp.Compare(a.Turn, b.Turn) }) {
		k.find(CheckLanes, owner, "lanes of owner %s are not listed in turn: %+v", owner, lanes)
	}
	if len(lanes) != want {
		k.find(CheckLanes, owner, "owner %s has %d lanes listed and %d in turn", owner, len(lanes), want)
	}
	for _, lane := range lanes {
		if sum := k.lanes[lane.LaneKey]; sum == nil || sum.lane != lane {
			k.find(CheckLanes, lane.String(), "lane %s is listed in turn as %s, and is another", lane, told(lane))
		}
	}
	return nil
}

// dueIndex checks that the index lists all that is due, with its time, and nothing else.
func (k *checker) dueIndex() error {
	const redrives = 1000 // only the index knows of them
	items, err := k.Store.Due(k.ctx, forEver, len(k.due)+redrives)
	if err != nil {
		return err
	}
	k.report.Checked.Due = len(items)
	if !slices.IsSortedFunc(items, func(a, b call.DueItem) int { return a.Due.Compare(b.Due) }) {
		k.find(CheckDue, "", "what is due is not listed in the order of time")
	}
	for _, item := range items {
		item.Due = item.Due.UTC()
		seen, must := k.due[item]
		switch {
		case item.Kind == call.DueRedrive:
			if err := k.dueRedrive(item); err != nil {
				return err
			}
		case !must || seen:
			k.find(CheckDue, item.ID, "%s %s is listed as due at %s, and is not", item.Kind, item.ID, at(item.Due))
		default:
			k.due[item] = true
		}
	}
	missing := []call.DueItem{}
	for item, seen := range k.due {
		if !seen {
			missing = append(missing, item)
		}
	}
	slices.SortFunc(missing, func(a, b call.DueItem) int { return strings.Compare(a.ID, b.ID) })
	for _, item := range missing {
		k.find(CheckDue, item.ID, "%s %s is due at %s and not listed: nobody would look at it again", item.Kind, item.ID, at(item.Due))
	}
	return nil
}

func (k *checker) dueRedrive(item call.DueItem) error {
	r, err := k.Store.Redrive(k.ctx, item.ID)
	if err != nil {
		return err
	}
	if r.Done || !r.Due.Equal(item.Due) {
		k.find(CheckDue, r.ID, "redrive %s is listed as due at %s; done: %t, due: %s", r.ID, at(item.Due), r.Done, at(r.Due))
	}
	return nil
}
