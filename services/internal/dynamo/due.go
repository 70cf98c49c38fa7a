package dynamo

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// Due lists what is due at or before the given time, the longest overdue first:
// the first of each index key, merged.
func (s *Store) Due(ctx context.Context, at time.Time, limit int) ([]call.DueItem, error) {
	var items []call.DueItem
	until := span{"", ordered(nanos(at)) + "#" + highest}
	for _, kind := range []string{dueActive, dueOther} {
		for n := range dueShards {
			stored, err := s.first(ctx, question{index: dueIndex, partition: duePartition(kind, n), span: until}, limit)
			if err != nil {
				return nil, err
			}
			for _, one := range stored {
				items = append(items, dueItem(one))
			}
		}
	}
	slices.SortFunc(items, func(a, b call.DueItem) int {
		return cmp.Or(a.Due.Compare(b.Due), strings.Compare(a.ID, b.ID))
	})
	return items[:min(limit, len(items))], nil
}

func dueItem(stored item) call.DueItem {
	kind, _, _ := strings.Cut(strOf(stored, partitionKey), "#")
	due, _, _ := strings.Cut(strOf(stored, dueIndex.order()), "#")
	n, err := strconv.ParseInt(due, 10, 64)
	if err != nil {
		n = 0 // an entry that nobody wrote is looked at at once
	}
	return call.DueItem{Kind: call.DueKind(kind), ID: idIn(stored), Due: timeOf(n)}
}

// activeCalls are the ids of all active calls: each is due, and they are never
// more than the limit.
func (s *Store) activeCalls(ctx context.Context) ([]string, error) {
	var ids []string
	for n := range dueShards {
		stored, err := s.first(ctx, question{index: dueIndex, partition: duePartition(dueActive, n), span: everything}, 0)
		if err != nil {
			return nil, err
		}
		for _, one := range stored {
			ids = append(ids, idIn(one))
		}
	}
	return ids, nil
}
