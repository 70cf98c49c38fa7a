package mutants_test

// Filling: all that holds admission up is a condition of the admission itself,
// and what is free is filled, lanes in turn (R9).
var fillMutants = []mutant{
	{
		name: "calls are admitted at the limit",
		edits: []edit{
			{"call/capacity.go", `	case c.InUse >= c.Limit:
		return Refuse(ConditionLimit)
`, ``},
		},
		within: 300, promises: []string{"nothing is admitted at or above the limit"},
	},
	{
		name: "calls are admitted while everything is stopped",
		edits: []edit{
			{"call/capacity.go", `	case c.Stopped:
		return Refuse(ConditionStopped)
`, ``},
		},
		within: 500, promises: []string{"nothing is admitted while stopped"},
	},
	{
		name: "calls are admitted during a backoff",
		edits: []edit{
			{"call/capacity.go", `	case c.BackoffUntil.After(a.Now):
		return Refuse(ConditionBackoff)
`, ``},
		},
		within: 2000, promises: []string{"nothing is admitted during a backoff"},
	},
	{
		name: "two admissions may take the same rate token",
		edits: []edit{
			{"call/capacity.go", `	case !c.RateAt.Equal(a.RateBefore):
		return Refuse(ConditionRate)
`, ``},
		},
		within: 200, promises: []string{"tokens keep to the rate"},
	},
	{
		name: "the time of the last rate token goes back",
		edits: []edit{
			{"call/capacity.go", `RateAfter: launchAt}`, `RateAfter: now.UTC()}`},
		},
		within: 200, promises: []string{"tokens keep to the rate"},
	},
	{
		name: "nobody asks for a fill every minute",
		edits: []edit{
			{"tracking/due.go", `	t.fill(ctx)
	return t.LookAtDue(ctx)`, `	return t.LookAtDue(ctx)`},
		},
		within: 500, promises: []string{"everything ends"},
	},
	{
		name: "a call that becomes ready is not counted in its lane",
		edits: []edit{
			{"call/change.go", `return !c.Lane().zero() }`, `return !c.Lane().zero() && c.Move != MoveReady }`},
		},
		within: 200, promises: []string{"the store doesn't contradict itself", "everything ends"},
	},
	{
		name: "a call that waits for a time counts as ready",
		edits: []edit{
			{"call/lane.go", `	case WaitSchedule:
		e.Schedule += n
`, ``},
		},
		within: 200, promises: []string{"the store doesn't contradict itself"},
	},
	{
		name: "a call that waits for a time has no due",
		edits: []edit{
			{"call/move.go", `c.Due = earlier(c.Wait.Until, c.LastStart)`, `c.Due = c.LastStart`},
		},
		within: 200, promises: []string{"the store doesn't contradict itself", "everything ends"},
	},
	{
		name: "a call that becomes ready keeps no due for its last start",
		edits: []edit{
			{"call/moves_waiting.go", `a.Wait, a.ReadyAt, a.Due = Wait{}, ch.At, c.LastStart`, `a.Wait, a.ReadyAt, a.Due = Wait{}, ch.At, time.Time{}`},
		},
		within: 200, promises: []string{"the store doesn't contradict itself"},
	},
	{
		name: "a call is admitted after its last start",
		edits: []edit{
			{"call/moves_waiting.go", `	return !c.LastStart.IsZero() && now.After(c.LastStart)`, `	return false`},
		},
		within: 200, promises: []string{"nothing is admitted after its last start time"},
	},
	{
		name: "pause, resume and cancel do not move the lane",
		edits: []edit{
			{"call/batch.go", `return c.New() || c.Before.State != c.After.State || !c.Lane().zero()`, `return c.New() || !c.Lane().zero()`},
			{"call/batch.go", `return c.After.State == StateActive }`, `return c.Before.State != StatePaused && c.After.State == StateActive }`},
		},
		within: 200, promises: []string{"everything ends", "the store doesn't contradict itself"},
	},
	{
		name: "a lane joins at the front",
		edits: []edit{
			{"call/lane.go", `{ return max(now.UnixMicro(), last+1) }`, `{ return last }`},
		},
		within: 500, promises: []string{"no lane starves"},
	},
	{
		name: "a lane that was served keeps its turn",
		edits: []edit{
			{"call/lane.go", `	if e.Served || (l.InTurn() && !was) {`, `	if l.InTurn() && !was {`},
		},
		within: 300, promises: []string{"no lane starves"},
	},
	{
		name: "an owner who was served keeps the turn",
		edits: []edit{
			{"call/lane.go", `	if served || (t.InTurn() && !was) {`, `	if t.InTurn() && !was {`},
		},
		within: 200, promises: []string{"no lane starves"},
	},
	{
		name: "whoever sets the capacity writes back the slots in use that were read",
		edits: []edit{
			{"memory/store.go", `	c.Limit, c.Rate, c.Stopped = after.Limit, after.Rate, after.Stopped
`, `	c.Limit, c.Rate, c.Stopped = after.Limit, after.Rate, after.Stopped
	c.InUse = after.InUse
`},
		},
		within: 300, promises: []string{"slots equal active attempts", "nothing is admitted at or above the limit"},
	},
}
