package e2e_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/outdial/outdial/contracts/api"

	"github.com/outdial/outdial/e2e/internal/world"
)

// numbers are some, which go as the carrier likes.
func numbers(n int) []string {
	some := make([]string, n)
	for i := range some {
		some[i] = fmt.Sprintf("+1202555%04d", 1000+i)
	}
	return some
}

// TestTheLimitIsNeverExceededSeenFromECS counts tasks and asks nobody else.
func TestTheLimitIsNeverExceededSeenFromECS(t *testing.T) {
	t.Parallel()
	w := world.Start(t, nil)
	w.Admin("root").SetCapacity(t, 5, 20)
	ada := w.Person("ada")
	var ids []string
	for _, number := range numbers(20) {
		ids = append(ids, ada.Submit(t, number).ID)
	}
	for _, id := range ids {
		over(t, ada, id)
	}
	if most := w.ECS.Most(); most > 5 || most < 2 {
		t.Errorf("%d tasks ran at once, and the limit is 5", most)
	}
}

func TestALimitThatIsLoweredAndRaisedHoldsFromThenOn(t *testing.T) {
	t.Parallel()
	w := world.Start(t, world.Parameters{"Carrier": "simulated:FOLDER?speed=20&answer=1&busy=0&fail=0"})
	root, ada := w.Admin("root"), w.Person("ada")
	root.SetCapacity(t, 4, 20)
	batch := ada.SubmitNumbers(t, numbers(150)...)
	runs := func(what string, fits func(n int) bool) {
		t.Helper()
		world.Eventually(t, what, w.ECS.Running, fits)
	}
	runs("as many tasks run as may", func(n int) bool { return n == 4 })

	root.SetCapacity(t, 1, 20) // what runs goes on
	runs("one task is left", func(n int) bool { return n <= 1 })
	w.ECS.CountAnew()
	started := len(w.ECS.Tasks())
	world.Eventually(t, "three more were started", func() int { return len(w.ECS.Tasks()) }, func(n int) bool { return n >= started+3 })
	if most := w.ECS.Most(); most != 1 {
		t.Errorf("%d tasks ran at once, and the limit is 1", most)
	}

	root.SetCapacity(t, 3, 20)
	runs("the room is used", func(n int) bool { return n == 3 })
	end := ada.CancelBatch(t, batch.ID)
	if most := w.ECS.Most(); most != 3 {
		t.Errorf("%d tasks ran at once, and the limit is 3", most)
	}
	if end.Counts.Canceled < 50 {
		t.Errorf("the limit was not what held the batch back: %+v", end.Counts)
	}
}

// TestTwoOwnersTakeTurns: a list of one delays each single call of another by a
// turn, and not by its length; nor does it wait until all of those are placed.
func TestTwoOwnersTakeTurns(t *testing.T) {
	t.Parallel()
	const limit, singles = 2, 8
	w := world.Start(t, nil)
	root, ada, bob := w.Admin("root"), w.Person("ada"), w.Person("bob")
	root.SetCapacity(t, limit, 20)

	list := ada.SubmitNumbers(t, numbers(200)...)
	world.Eventually(t, "the list is being called", func() api.Batch { return ada.Batch(t, list.ID) },
		func(b api.Batch) bool { return b.Counts.Active == limit && b.Counts.Waiting > 100 })
	root.Stop(t, true) // so that all of them wait before the first has its turn
	allFree(t, w, root)
	before, err := w.Dials()
	if err != nil {
		t.Fatal(err)
	}
	var mine []string
	for range singles {
		mine = append(mine, bob.Submit(t, answered).ID)
	}
	root.Stop(t, false)
	for _, id := range mine {
		over(t, bob, id)
	}
	left := ada.Batch(t, list.ID).Counts
	ada.CancelBatch(t, list.ID)

	// How many of the list were dialed before the last single call. Of agents that run
	// at the same time, those that were started later may dial first.
	dials, err := w.Dials()
	if err != nil {
		t.Fatal(err)
	}
	dials = dials[len(before):]
	last := 0
	for i, d := range dials {
		if slices.Contains(mine, d.CallID) {
			last = i
		}
	}
	if others := last + 1 - singles; others < singles-1-limit || others > singles+limit {
		t.Errorf("%d of the list were dialed among the %d: %v", others, singles, dials[:last+1])
	}
	if left.Waiting < 50 {
		t.Errorf("the list is not long enough to show it: %+v are left", left)
	}
}
