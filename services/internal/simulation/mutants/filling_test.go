package mutants_test

// Filling: all that holds admission up is a condition of the admission itself,
// and what is free is filled, lanes in turn (R9).
var fillMutants = []mutant{
	{
		name: "calls are admitted at the limit",
		edits: []edit{
			{"call/capacity.go", `	case c.InUse >= c.Limit:
		return ConditionLimit
`, ``},
			{"call/capacity.go", `	case c.InUse >= c.Limit:
		return Refuse(ConditionLimit)
`, ``},
		},
		within: 1200, promises: []string{"nothing is admitted at or above the limit"},
	},
	{
		name: "calls are admitted while everything is stopped",
		edits: []edit{
			{"call/capacity.go", `	case c.Stopped:
		return ConditionStopped
	case c.BackoffUntil`, `	case c.BackoffUntil`},
			{"call/capacity.go", `	case c.Stopped:
		return Refuse(ConditionStopped)
`, ``},
		},
		within: 3000, promises: []string{"nothing is admitted while stopped"},
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
			{"call/capacity.go", `	case c.Version != a.Version, !c.RateAt.Equal(a.RateBefore):`, `	case c.Version != a.Version:`},
		},
		within: 200, promises: []string{"tokens keep to the rate"},
	},
	{
		name: "an admission goes by a rate that is not the one any more",
		edits: []edit{
			{"call/capacity.go", `	case c.Version != a.Version, !c.RateAt`, `	case !c.RateAt`},
		},
		within: 3000, promises: []string{"tokens keep to the rate", "tokens are taken a few seconds ahead"},
	},
	{
		name: "a fill does not know that a refused launch gave its slot back",
		edits: []edit{
			{"dispatch/fill.go", `	if refused {
		f.room = nil
	}
`, `	_ = refused
`},
		},
		within: 8000, promises: []string{"what is free is filled at once"},
	},
	{
		name: "a fill that admitted a call takes all slots to be free as before",
		edits: []edit{
			{"call/capacity.go", `	c.InUse++
`, ``},
			{"call/capacity.go", `	case c.InUse >= c.Limit:
		return Refuse(ConditionLimit)
`, ``},
		},
		within: 500, promises: []string{"nothing is admitted at or above the limit"},
	},
	{
		name: "the time of the last rate token goes back",
		edits: []edit{
			{"call/capacity.go", `RateAfter: launchAt}`, `RateAfter: now.UTC()}`},
		},
		within: 200, promises: []string{"tokens keep to the rate"},
	},
	{
		name: "rate tokens are taken as far ahead as there are slots",
		edits: []edit{
			{"call/capacity.go", `case c.Rate <= 0 || c.NextToken(now).After(now):`, `case c.Rate <= 0:`},
		},
		within: 200, promises: []string{"tokens are taken a few seconds ahead"},
	},
	{
		name: "a refused launch begins no backoff",
		edits: []edit{
			{"memory/write.go", `if b := ch.Backoff; b != nil &&`, `if b := ch.Backoff; false &&`},
		},
		within: 200, promises: []string{"a refused launch begins a backoff"},
	},
	{
		name: "nobody asks for a fill every minute",
		edits: []edit{
			{"tracking/due.go", `	t.fill(ctx)
	return t.LookAtDue(ctx)`, `	return t.LookAtDue(ctx)`},
		},
		within: 800, promises: []string{"everything ends"},
	},
	{
		name: "nobody asks for a fill when a call arrives",
		edits: []edit{
			{"intake/intake.go", `	s.sendJob(ctx, change.After)
`, ``},
		},
		within: 500, promises: []string{"what is free is filled at once"},
	},
	{
		name: "nobody asks for a fill when a batch was expanded",
		edits: []edit{
			{"tracking/batches.go", `	if len(change.Calls) > 0 && b.State == call.StateActive {
		t.fill(ctx)
	}
`, ``},
		},
		within: 300, promises: []string{"what is free is filled at once"},
	},
	{
		name: "nobody asks for a fill when an attempt ends",
		edits: []edit{
			{"tracking/end.go", `	t.fill(ctx)
	if c.DeadLettered() {`, `	if c.DeadLettered() {`},
		},
		within: 200, promises: []string{"what is free is filled at once"},
	},
	{
		name: "nobody asks for a fill when an admitted call is canceled",
		edits: []edit{
			{"tracking/cancel.go", `	t.fill(ctx)
`, ``},
		},
		within: 5000, promises: []string{"what is free is filled at once"},
	},
	{
		name: "nobody asks for a fill at the end of a backoff",
		edits: []edit{
			{"dispatch/launch.go", `	if err := d.Jobs.Send(ctx, backoff.Until.Sub(d.Now()), messages.Job{Fill: true}); err != nil {
		d.Log.WarnContext(ctx, "fill after backoff not sent", "cause", err)
	}
`, ``},
		},
		within: 2000, promises: []string{"what is free is filled at once"},
	},
	{
		name: "nobody asks for a fill when a call's time has come",
		edits: []edit{
			{"tracking/due.go", `r.joined = r.joined || err == nil
`, ``},
		},
		within: 800, promises: []string{"what is free is filled at once"},
	},
	{
		name: "nobody asks for a fill when all calls are redriven",
		edits: []edit{
			{"deadletters/deadletters.go", `	defer s.fill(ctx)
`, ``},
		},
		within: 2000, promises: []string{"what is free is filled at once"},
	},
	{
		name: "nobody asks for a fill when the limit rises",
		edits: []edit{
			{"capacity/capacity.go", `			s.fill(ctx)
			return after, nil`, `			return after, nil`},
		},
		within: 500, promises: []string{"what is free is filled at once"},
	},
	{
		name: "a call that becomes ready is not counted in its lane",
		edits: []edit{
			{"call/change.go", `return !c.Lane().zero() }`, `return !c.Lane().zero() && c.Move != MoveReady }`},
		},
		within: 200, promises: []string{"everything ends", "the store doesn't contradict itself"},
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
		within: 200, promises: []string{"everything ends", "the store doesn't contradict itself"},
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
		name: "the lane of a paused batch stays in turn",
		edits: []edit{
			{"call/lane.go", `return l.Ready > 0 && !l.Closed }`, `return l.Ready > 0 }`},
		},
		within: 8000, promises: []string{"no lane starves"},
	},
	{
		name: "a fill stops at the lane of a paused batch, which stays in turn",
		edits: []edit{
			{"call/lane.go", `return l.Ready > 0 && !l.Closed }`, `return l.Ready > 0 }`},
			{"dispatch/fill.go", `		f.order.skip(c.Lane())
		return c, nil`, `		return c, err`},
		},
		within: 8000, promises: []string{"what is free is filled at once"},
	},
	{
		name: "pause, resume and cancel do not move the lane",
		edits: []edit{
			{"call/batch.go", `return c.New() || c.Before.State != c.After.State || !c.Lane().zero()`, `return c.New() || !c.Lane().zero()`},
			{"call/batch.go", `return c.After.State == StateActive }`, `return c.Before.State != StatePaused && c.After.State == StateActive }`},
		},
		within: 200, promises: []string{"the store doesn't contradict itself", "everything ends"},
	},
	{
		name: "a lane joins at the front",
		edits: []edit{
			{"call/lane.go", `{ return max(now.UnixMicro(), last+1) }`, `{ return last }`},
		},
		within: 2000, promises: []string{"no lane starves"},
	},
	{
		name: "a lane that was served keeps its turn",
		edits: []edit{
			{"call/lane.go", `	if e.Served || (l.InTurn() && !was) {`, `	if l.InTurn() && !was {`},
		},
		within: 8000, promises: []string{"no lane starves"},
	},
	{
		name: "an owner who was served keeps the turn",
		edits: []edit{
			{"call/lane.go", `	if served || (t.InTurn() && !was) {`, `	if t.InTurn() && !was {`},
		},
		within: 2000, promises: []string{"no lane starves"},
	},
	{
		name: "a call whose launch was refused joins the front of its lane",
		edits: []edit{
			{"call/move.go", `c.ReadyAt, c.Wait, c.Due = ch.At,`, `c.ReadyAt, c.Wait, c.Due = c.CreatedAt,`},
		},
		within: 200, promises: []string{"a call joins the end of its lane"},
	},
	{
		name: "a job's own call is no candidate when no list shows it",
		edits: []edit{
			{"dispatch/fill.go", `range f.named {`, `range f.named[:0] {`},
		},
		within: 8000, promises: []string{"a job's own call is a candidate"},
	},
	{
		name: "whoever sets the capacity writes back the slots in use that were read",
		edits: []edit{
			{"memory/store.go", `	c.Limit, c.Rate, c.Stopped = after.Limit, after.Rate, after.Stopped
`, `	c.Limit, c.Rate, c.Stopped = after.Limit, after.Rate, after.Stopped
	c.InUse = after.InUse
`},
		},
		within: 300, promises: []string{"slots equal active attempts", "everything ends"},
	},
	{
		name: "a look at an active call does not move its due on",
		edits: []edit{
			{"call/moves_talk.go", `	ch.After.Due = stamp(due)
	return *ch, nil
}

// TaskLost`, `	return *ch, nil
}

// TaskLost`},
		},
		within: 200, promises: []string{"each look moves due on"},
	},
}
