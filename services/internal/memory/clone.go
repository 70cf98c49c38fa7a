package memory

import (
	"maps"
	"slices"

	"github.com/outdial/outdial/services/internal/call"
)

// cloneCall is a copy that shares nothing, not even what no move writes: a
// caller that writes to what it was given must not reach the store.
func cloneCall(c call.Call) call.Call {
	c = c.Clone()
	c.Settings = cloned(c.Settings)
	c.Retry = cloneRetry(c.Retry)
	c.Outcome = cloned(c.Outcome)
	c.Failure = cloned(c.Failure)
	return c
}

func cloneClaim(c call.Claim) call.Claim {
	c.Settings = cloned(c.Settings)
	c.Outcome = cloned(c.Outcome)
	return c
}

func cloneBatch(b call.Batch) call.Batch {
	b.RefusedByCode = maps.Clone(b.RefusedByCode)
	return b
}

func cloneRedrive(r call.Redrive) call.Redrive {
	r.SkippedByCode = maps.Clone(r.SkippedByCode)
	return r
}

func cloneRows(rows []call.Row) []call.Row {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].Metadata = maps.Clone(rows[i].Metadata)
		rows[i].Retry = cloneRetry(rows[i].Retry)
	}
	return rows
}

func cloneRetry(p *call.RetryPolicy) *call.RetryPolicy {
	p = cloned(p)
	if p != nil {
		p.On = slices.Clone(p.On)
	}
	return p
}

func cloned[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
