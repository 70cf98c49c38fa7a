package dynamo

import (
	"context"
	"slices"
	"strings"

	"github.com/outdial/outdial/services/internal/call"
)

// stream gives ids one by one, in the order of positions or, descending, against
// it; "" at its end.
type stream func(ctx context.Context) (id string, err error)

// window is the part of a list that is asked for: positions above from and below
// to, both excluded.
type window struct {
	from, to string
	desc     bool
}

// holds tells whether an id lies in the window.
func (w window) holds(id string) bool {
	p := position(id)
	return p > w.from && p < w.to
}

// ulidLength is how long the ULID is with which a position begins.
const ulidLength = 26

// span is the part of an index in which the window's ids stand, and the batches
// whose calls lie in it: those have the batch's ULID and more.
func (w window) span() span {
	return span{w.from[:min(len(w.from), ulidLength)], w.to}
}

// less tells which of two ids comes first.
func (w window) less(a, b string) bool { return (position(a) < position(b)) != w.desc }

// streamPage is how many entries of an index are read at once.
const streamPage = 100

// indexed gives the ids of one index key.
func (s *Store) indexed(i index, partition string, w window) stream {
	q := question{index: i, partition: partition, span: w.span(), desc: w.desc, limit: streamPage}
	var items []item
	var next item
	ended := false
	return func(ctx context.Context) (string, error) {
		for len(items) == 0 {
			if ended {
				return "", nil
			}
			var err error
			if items, next, err = s.page(ctx, q, next); err != nil {
				return "", err
			}
			ended = next == nil
		}
		id := idIn(items[0])
		items = items[1:]
		return id, nil
	}
}

// listed gives ids that are known already.
func listed(ids []string, w window) stream {
	var left []string
	for _, id := range ids {
		if w.holds(id) {
			left = append(left, id)
		}
	}
	slices.SortFunc(left, func(a, b string) int {
		if w.desc {
			a, b = b, a
		}
		return strings.Compare(position(a), position(b))
	})
	return func(context.Context) (string, error) {
		if len(left) == 0 {
			return "", nil
		}
		id := left[0]
		left = left[1:]
		return id, nil
	}
}

// rows gives the ids of a batch's calls, which are made from its id and ordinals.
func rows(b call.Batch, w window) stream {
	n, step := 1, 1
	if w.desc {
		n, step = b.Expanded, -1
	}
	return func(context.Context) (string, error) {
		for ; n >= 1 && n <= b.Expanded; n += step {
			if id := call.BatchCallID(b.ID, n); w.holds(id) {
				n += step
				return id, nil
			}
		}
		return "", nil
	}
}

// merged gives the ids of several streams in one order.
func merged(w window, streams ...stream) stream {
	heads := make([]string, len(streams))
	var begun bool
	return func(ctx context.Context) (string, error) {
		for i := range streams {
			if begun {
				break
			}
			var err error
			if heads[i], err = streams[i](ctx); err != nil {
				return "", err
			}
		}
		begun = true
		first := -1
		for i, id := range heads {
			if id != "" && (first < 0 || w.less(id, heads[first])) {
				first = i
			}
		}
		if first < 0 {
			return "", nil
		}
		id := heads[first]
		var err error
		heads[first], err = streams[first](ctx)
		return id, err
	}
}

// expanded gives, for each id of a stream of batches, the ids of its calls.
func expanded(batches stream, calls func(ctx context.Context, batchID string) (stream, error)) stream {
	current := listed(nil, window{})
	return func(ctx context.Context) (string, error) {
		for {
			id, err := current(ctx)
			if id != "" || err != nil {
				return id, err
			}
			batch, err := batches(ctx)
			if batch == "" || err != nil {
				return "", err
			}
			if current, err = calls(ctx, batch); err != nil {
				return "", err
			}
		}
	}
}
