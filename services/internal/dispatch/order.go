package dispatch

import (
	"context"
	"fmt"
	"slices"

	"github.com/outdial/outdial/services/internal/call"
)

// How much of each list is read at first; more when that was not enough.
const (
	ringAtOnce  = 50
	callsAtOnce = 25
)

// order gives the calls of one fill in turn: the next owner, then that owner's
// next lane, and in it the first to have joined. It keeps its own turns beside
// the lists, because a list may lag behind what this fill has just done.
type order struct {
	store  Turns
	tried  map[string]bool // calls that were candidates in this fill
	owners ring[*ownerTurn]
	known  map[string]*ownerTurn // all owners met
	lanes  map[string]*laneTurn  // all lanes met
}

type ownerTurn struct {
	id    string
	lanes ring[*laneTurn]
}

type laneTurn struct {
	key   call.LaneKey
	ids   []string
	given int  // candidates given so far
	gone  bool // gives nothing more in this fill
}

func newOrder(s Turns) *order {
	return &order{store: s, tried: map[string]bool{}, known: map[string]*ownerTurn{}, lanes: map[string]*laneTurn{}}
}

// next is the id of the next candidate. Each is given once, unless again put it back.
func (o *order) next(ctx context.Context) (string, bool, error) {
	for {
		owner, ok, err := o.owners.first(ctx, o.moreOwners)
		if err != nil || !ok {
			return "", false, err
		}
		id, ok, err := o.nextOfOwner(ctx, owner)
		if err != nil || ok {
			return id, ok, err
		}
		o.owners.drop()
	}
}

func (o *order) nextOfOwner(ctx context.Context, owner *ownerTurn) (string, bool, error) {
	more := func(ctx context.Context, limit int) ([]*laneTurn, bool, error) {
		return o.moreLanes(ctx, owner.id, limit)
	}
	for {
		lane, ok, err := owner.lanes.first(ctx, more)
		if err != nil || !ok {
			return "", false, err
		}
		id, ok, err := o.nextOfLane(ctx, lane)
		if err != nil || ok {
			return id, ok, err
		}
		owner.lanes.drop()
	}
}

// moreOwners lists owners in turn, and gives those that were not met before.
func (o *order) moreOwners(ctx context.Context, limit int) (fresh []*ownerTurn, ended bool, err error) {
	turns, err := o.store.Turns(ctx, limit)
	if err != nil {
		return nil, false, fmt.Errorf("list the owners in turn: %w", err)
	}
	for _, t := range turns {
		if o.known[t.Owner] == nil {
			o.known[t.Owner] = &ownerTurn{id: t.Owner}
			fresh = append(fresh, o.known[t.Owner])
		}
	}
	return fresh, len(turns) < limit, nil
}

// moreLanes lists an owner's lanes in turn, and gives those that were not met before.
func (o *order) moreLanes(ctx context.Context, owner string, limit int) (fresh []*laneTurn, ended bool, err error) {
	lanes, err := o.store.Lanes(ctx, owner, limit)
	if err != nil {
		return nil, false, fmt.Errorf("list the lanes of an owner: %w", err)
	}
	for _, l := range lanes {
		if o.lanes[l.String()] == nil {
			o.lanes[l.String()] = &laneTurn{key: l.LaneKey}
			fresh = append(fresh, o.lanes[l.String()])
		}
	}
	return fresh, len(lanes) < limit, nil
}

// nextOfLane is the lane's next call that was not tried yet. It reads past as
// many as it gave before, since the list may still show those.
func (o *order) nextOfLane(ctx context.Context, lane *laneTurn) (string, bool, error) {
	for fresh := false; !lane.gone; fresh = true {
		for len(lane.ids) > 0 {
			id := lane.ids[0]
			lane.ids = lane.ids[1:]
			if !o.tried[id] {
				o.tried[id] = true
				lane.given++
				return id, true, nil
			}
		}
		if fresh {
			break
		}
		ids, err := o.store.ReadyCalls(ctx, lane.key, callsAtOnce+lane.given)
		if err != nil {
			return "", false, fmt.Errorf("list the calls of lane %s: %w", lane.key, err)
		}
		lane.ids = ids
	}
	lane.gone = true
	return "", false, nil
}

// served sends the lane and its owner to the back.
func (o *order) served(key call.LaneKey) {
	owner := o.known[key.Owner]
	if owner == nil {
		return
	}
	o.owners.serve(owner)
	owner.lanes.serve(o.lanes[key.String()])
}

// again lets a call be a candidate once more: at the front of its lane, or, when
// its lane shows nothing, as the job's own call.
func (o *order) again(c call.Call) {
	delete(o.tried, c.ID)
	if lane, ok := o.lanes[c.Lane().String()]; ok && !lane.gone {
		lane.ids = append([]string{c.ID}, lane.ids...)
	}
}

// skip takes a lane out of this fill.
func (o *order) skip(key call.LaneKey) {
	if lane, ok := o.lanes[key.String()]; ok {
		lane.gone = true
		lane.ids = nil
	}
}

// ring goes round its members. Each is served once before one is served twice:
// so before a second round the rest of the list is read.
type ring[T comparable] struct {
	turn   []T  // to be served in this round, in turn
	served []T  // served in this round, in turn for the next
	listed int  // how many were asked for so far
	ended  bool // the list has no more
}

// first is the member whose turn it is. More gives those members of the list's
// first limit that were not met before, and whether the list has no more.
func (r *ring[T]) first(ctx context.Context, more func(ctx context.Context, limit int) (fresh []T, ended bool, err error)) (one T, ok bool, err error) {
	for len(r.turn) == 0 {
		switch {
		case !r.ended:
			r.listed = max(ringAtOnce, 2*r.listed)
			if r.turn, r.ended, err = more(ctx, r.listed); err != nil {
				return one, false, err
			}
		case len(r.served) > 0:
			r.turn, r.served = r.served, nil
		default:
			return one, false, nil
		}
	}
	return r.turn[0], true, nil
}

// drop takes out the member whose turn it is.
func (r *ring[T]) drop() { r.turn = r.turn[1:] }

// serve sends a member to the back.
func (r *ring[T]) serve(one T) {
	if i := slices.Index(r.turn, one); i >= 0 {
		r.turn = slices.Delete(r.turn, i, i+1)
		r.served = append(r.served, one)
	}
}
