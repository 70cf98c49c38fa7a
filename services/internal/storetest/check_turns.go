package storetest

import (
	"cmp"
	"slices"

	"github.com/outdial/outdial/services/internal/call"
)

// turns checks that exactly the owners and lanes in turn are listed, the next first.
func (k *checker) turns() error {
	want := map[string]int{} // lanes in turn, by owner
	for _, sum := range k.lanes {
		if sum.lane.InTurn() {
			want[sum.lane.Owner]++
		}
	}
	turns, err := k.store.Turns(k.ctx, len(k.owners)+1)
	if err != nil {
		return err
	}
	if !slices.IsSortedFunc(turns, func(a, b call.Turn) int { return cmp.Compare(a.Turn, b.Turn) }) {
		k.fault("owners are not listed in turn: %+v", turns)
	}
	listed := set[string]{}
	for _, turn := range turns {
		if listed[turn.Owner] || turn.Lanes != want[turn.Owner] {
			k.fault("owner %s is listed with %d lanes in turn and has %d", turn.Owner, turn.Lanes, want[turn.Owner])
		}
		listed[turn.Owner] = true
	}
	for owner := range k.owners {
		if !listed[owner] && want[owner] > 0 {
			k.fault("owner %s has %d lanes in turn and is not in turn", owner, want[owner])
		}
		if err := k.lanesOf(owner, want[owner]); err != nil {
			return err
		}
	}
	return nil
}

func (k *checker) lanesOf(owner string, want int) error {
	lanes, err := k.store.Lanes(k.ctx, owner, want+1)
	if err != nil {
		return err
	}
	if !slices.IsSortedFunc(lanes, func(a, b call.Lane) int { return cmp.Compare(a.Turn, b.Turn) }) {
		k.fault("lanes of owner %s are not listed in turn: %+v", owner, lanes)
	}
	if len(lanes) != want {
		k.fault("owner %s has %d lanes listed and %d in turn", owner, len(lanes), want)
	}
	for _, lane := range lanes {
		if sum := k.lanes[lane.LaneKey]; sum == nil || sum.lane != lane {
			k.fault("lane %s is listed in turn as %+v, and is another", lane, lane)
		}
	}
	return nil
}

// dueIndex checks that the index lists all that is due, with its time, and nothing else.
func (k *checker) dueIndex() error {
	const redrives = 1000 // only the index knows of them
	items, err := k.store.Due(k.ctx, forEver, len(k.due)+redrives)
	if err != nil {
		return err
	}
	if !slices.IsSortedFunc(items, func(a, b call.DueItem) int { return a.Due.Compare(b.Due) }) {
		k.fault("what is due is not listed in the order of time")
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
			k.fault("%s %s is listed as due at %v, and is not", item.Kind, item.ID, item.Due)
		default:
			k.due[item] = true
		}
	}
	for item, seen := range k.due {
		if !seen {
			k.fault("%s %s is due at %v and not listed", item.Kind, item.ID, item.Due)
		}
	}
	return nil
}

func (k *checker) dueRedrive(item call.DueItem) error {
	r, err := k.store.Redrive(k.ctx, item.ID)
	if err != nil {
		return err
	}
	if r.Done || !r.Due.Equal(item.Due) {
		k.fault("redrive %s is listed as due at %v; done: %t, due: %v", r.ID, item.Due, r.Done, r.Due)
	}
	return nil
}
