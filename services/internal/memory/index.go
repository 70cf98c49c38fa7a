package memory

import (
	"cmp"
	"strings"

	"github.com/tidwall/btree"

	"github.com/outdial/outdial/services/internal/call"
)

// index holds the orders in which items are listed, as balanced trees, so that
// neither a write nor the first items of a list cost more when there are many.
type index struct {
	calls   ids // of all calls, by owner and by batch
	dead    ids // of dead-lettered calls, by owner
	batches ids // of all batches, by owner
	due     *btree.BTreeG[call.DueItem]
	turns   *btree.BTreeG[call.Turn]         // owners in turn
	lanes   groups[string, call.Lane]        // by owner, lanes in turn
	ready   groups[call.LaneKey, *call.Call] // by lane, calls that are ready
}

func newIndex() index {
	return index{
		calls: ids{}, dead: ids{}, batches: ids{},
		due:   tree(lessDue),
		turns: tree(lessTurn),
		lanes: groups[string, call.Lane]{less: lessLane, trees: map[string]*btree.BTreeG[call.Lane]{}},
		ready: groups[call.LaneKey, *call.Call]{less: lessReady, trees: map[call.LaneKey]*btree.BTreeG[*call.Call]{}},
	}
}

// tree leaves locking to the store.
func tree[T any](less func(a, b T) bool) *btree.BTreeG[T] {
	return btree.NewBTreeGOptions(less, btree.Options{NoLocks: true})
}

// scope is what a list of ids may be limited to; the zero scope is everything.
type scope struct{ owner, batch string }

// ids are ordered sets of ids, one for each scope.
type ids map[scope]*btree.Set[string]

func (x ids) insert(id string, scopes ...scope) {
	for _, s := range scopes {
		if x[s] == nil {
			x[s] = &btree.Set[string]{}
		}
		x[s].Insert(id)
	}
}

func (x ids) remove(id string, scopes ...scope) {
	for _, s := range scopes {
		if set := x[s]; set != nil {
			set.Delete(id)
			if set.Len() == 0 {
				delete(x, s)
			}
		}
	}
}

// walk gives the ids of a scope that stand behind the page's cursor, until visit says no.
func (x ids) walk(s scope, p call.Page, visit func(id string) bool) {
	set := x[s]
	behind := func(id string) bool { return id == p.After || visit(id) }
	switch {
	case set == nil:
	case !p.Desc:
		set.Ascend(p.After, behind)
	case p.After == "":
		set.Reverse(visit)
	default:
		set.Descend(p.After, behind)
	}
}

// groups are ordered trees, one for each group that has an item.
type groups[K comparable, T any] struct {
	less  func(a, b T) bool
	trees map[K]*btree.BTreeG[T]
}

func (g groups[K, T]) insert(k K, item T) {
	if g.trees[k] == nil {
		g.trees[k] = tree(g.less)
	}
	g.trees[k].Set(item)
}

func (g groups[K, T]) remove(k K, item T) {
	if t := g.trees[k]; t != nil {
		t.Delete(item)
		if t.Len() == 0 {
			delete(g.trees, k)
		}
	}
}

// first gives the first items of a group.
func (g groups[K, T]) first(k K, limit int) []T {
	if g.trees[k] == nil {
		return nil
	}
	return first(g.trees[k], limit)
}

func first[T any](t *btree.BTreeG[T], limit int) []T {
	var items []T
	t.Scan(func(item T) bool {
		if len(items) == limit {
			return false
		}
		items = append(items, item)
		return true
	})
	return items
}

func lessDue(a, b call.DueItem) bool {
	return cmp.Or(a.Due.Compare(b.Due), strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.ID, b.ID)) < 0
}

func lessTurn(a, b call.Turn) bool {
	return cmp.Or(cmp.Compare(a.Turn, b.Turn), strings.Compare(a.Owner, b.Owner)) < 0
}

func lessLane(a, b call.Lane) bool {
	return cmp.Or(cmp.Compare(a.Turn, b.Turn), strings.Compare(a.BatchID, b.BatchID)) < 0
}

func lessReady(a, b *call.Call) bool {
	return cmp.Or(a.ReadyAt.Compare(b.ReadyAt), strings.Compare(a.ID, b.ID)) < 0
}
