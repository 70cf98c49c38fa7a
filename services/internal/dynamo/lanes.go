package dynamo

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/outdial/outdial/services/internal/call"
)

// Turns lists the owners in turn, the next first. All turns stand in one
// partition of the table: those of owners with a lane in turn, and of those who
// had one within turnLife.
func (s *Store) Turns(ctx context.Context, limit int) ([]call.Turn, error) {
	stored, err := s.first(ctx, question{partition: turnsPartition, span: everything}, 0)
	if err != nil {
		return nil, err
	}
	var turns []call.Turn
	for _, one := range stored {
		_, owner, _ := strings.Cut(strOf(one, sortKey), "#")
		if turn := turnOf(one, owner); turn.InTurn() {
			turns = append(turns, turn)
		}
	}
	slices.SortFunc(turns, func(a, b call.Turn) int {
		return cmp.Or(cmp.Compare(a.Turn, b.Turn), strings.Compare(a.Owner, b.Owner))
	})
	return turns[:min(limit, len(turns))], nil
}

// Lanes lists an owner's lanes in turn, the next first.
func (s *Store) Lanes(ctx context.Context, owner string, limit int) ([]call.Lane, error) {
	stored, err := s.first(ctx, question{index: listIndex, partition: lanesPartition(owner), span: everything}, limit)
	if err != nil {
		return nil, err
	}
	var lanes []call.Lane
	for _, one := range stored {
		lanes = append(lanes, laneOf(one))
	}
	return lanes, nil
}

// ReadyCalls lists the ids of a lane's ready calls, the first to have joined first.
func (s *Store) ReadyCalls(ctx context.Context, lane call.LaneKey, limit int) ([]string, error) {
	var places []string
	for n := range laneShardsOf(lane) {
		stored, err := s.first(ctx, question{index: queueIndex, partition: readyPartition(lane, n), span: everything}, limit)
		if err != nil {
			return nil, err
		}
		for _, one := range stored {
			places = append(places, strOf(one, queueIndex.order()))
		}
	}
	slices.Sort(places)
	var ids []string
	for _, p := range places[:min(limit, len(places))] {
		ids = append(ids, idOf(p))
	}
	return ids, nil
}

// Lane reads one lane; an empty one when there is none yet.
func (s *Store) Lane(ctx context.Context, k call.LaneKey) (call.Lane, error) {
	stored, err := s.get(ctx, laneKey(k))
	if err != nil {
		return call.Lane{}, err
	}
	if lane := laneOf(stored); lane.LaneKey == k {
		return lane, nil
	}
	return call.Lane{LaneKey: k}, nil
}

// WaitingLanes lists every lane in which a call waits, in turn or not.
func (s *Store) WaitingLanes(ctx context.Context) ([]call.Lane, error) {
	listed, err := s.first(ctx, question{index: allIndex, partition: waitingPartition, span: everything}, 0)
	if err != nil {
		return nil, err
	}
	keys := make([]key, len(listed))
	for i, one := range listed {
		keys[i] = key{strOf(one, partitionKey), strOf(one, sortKey)}
	}
	stored, err := s.getAll(ctx, false, keys...)
	if err != nil {
		return nil, err
	}
	var lanes []call.Lane
	for _, one := range stored {
		if l := laneOf(one); l.Ready+l.Schedule+l.Retry+l.Window > 0 {
			lanes = append(lanes, l)
		}
	}
	slices.SortFunc(lanes, func(a, b call.Lane) int {
		return cmp.Or(strings.Compare(a.Owner, b.Owner), strings.Compare(a.BatchID, b.BatchID))
	})
	return lanes, nil
}

// BatchCounts reads the counters of a batch, which its lane's item holds.
func (s *Store) BatchCounts(ctx context.Context, id string) (call.Counts, error) {
	stored, err := s.get(ctx, batchLaneKey(id))
	if err != nil {
		return call.Counts{}, err
	}
	if strOf(stored, "state") == "" {
		return call.Counts{}, notFound("batch", id)
	}
	return countsOf(stored), nil
}
