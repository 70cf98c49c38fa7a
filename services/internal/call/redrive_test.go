package call_test

import (
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

func TestARedriveIsWorkedOffCallByCall(t *testing.T) {
	t.Parallel()
	key := &call.IdempotencyKey{Owner: "root", Key: "k"}
	asked := call.Redrive{ID: "redrive_01J", Owner: "root", Only: "ada", Cause: call.CauseLaunchRefused}
	requested := call.RedriveRequested(asked, key, morning)
	want := asked
	want.Version, want.Due, want.CreatedAt, want.UpdatedAt = 1, morning, morning, morning
	differ(t, "the request", requested, call.RedriveChange{After: want, Key: key})

	r := requested.After
	for _, c := range []struct {
		name string
		got  call.RedriveChange
		want func(*call.Redrive)
	}{
		{"a reopened call is counted and passed", r.Reopening("call_01J", noon), func(r *call.Redrive) { r.Cursor, r.Redriven = "call_01J", 1 }},
		{"a call that can't be reopened is counted apart and passed", r.Skipping("call_01J", "batch_canceled", noon), func(r *call.Redrive) {
			r.Cursor, r.Skipped, r.SkippedByCode = "call_01J", 1, map[string]int{"batch_canceled": 1}
		}},
		{"the end leaves nothing due", r.Ending(noon), func(r *call.Redrive) { r.Done, r.Due = true, time.Time{} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			after := r
			after.Version, after.UpdatedAt, after.Due = 2, noon, noon
			c.want(&after)
			differ(t, "the change", c.got, call.RedriveChange{Before: r, After: after})
		})
	}
}

func TestTheProgressOfARedriveAddsUp(t *testing.T) {
	t.Parallel()
	r := call.RedriveRequested(call.Redrive{ID: "redrive_01J"}, nil, morning).After
	r = r.Reopening("call_1", noon).After
	r = r.Skipping("call_2", "batch_canceled", noon).After
	before := r
	r = r.Skipping("call_2b", "batch_canceled", noon).After
	r = r.Skipping("call_2c", "not_dead_lettered", noon).After
	r = r.Reopening("call_3", noon).After
	r = r.Ending(noon).After
	if r.Redriven != 2 || r.Skipped != 3 || r.Cursor != "call_3" || !r.Done || r.Version != 7 {
		t.Errorf("the redrive is %+v", r)
	}
	differ(t, "why calls were skipped", r.SkippedByCode, map[string]int{"batch_canceled": 2, "not_dead_lettered": 1})
	differ(t, "what was so before", before.SkippedByCode, map[string]int{"batch_canceled": 1})
}
