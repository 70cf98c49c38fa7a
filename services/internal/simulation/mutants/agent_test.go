package mutants_test

// The agent: claim, look for a stop, dial, note, report, in this order (R4).
var agentMutants = []mutant{
	{
		name: "any agent counts as the claim's holder, whatever its nonce",
		edits: []edit{
			{"call/claim.go", `return c.Holder == HolderAgent && c.Nonce == nonce`, `return c.Holder == HolderAgent`},
		},
		within: 8000, promises: []string{"no attempt dials twice"},
	},
	{
		name: "the nonce is the attempt's, not that of the process",
		edits: []edit{
			{"agent/agent.go", `nonce: p.NewNonce(),`, `nonce: fmt.Sprintf("%s-%d", c.CallID, c.Attempt),`},
		},
		within: 500, promises: []string{"no attempt dials twice"},
	},
	{
		name: "an unclear claim counts as won",
		edits: []edit{
			{"agent/dial.go", `	if err != nil {
		read, readErr := a.Store.Claim(`, `	if errors.Is(err, call.ErrUnclear) {
		a.claim, err = a.Store.Claim(ctx, a.CallID, a.Attempt)
		a.claim.TakenAt = a.Clock.Now()
		return err
	}
	if err != nil {
		read, readErr := a.Store.Claim(`},
			{"agent/dial.go", `	if !claim.HeldBy(a.nonce) {
		return errLost
	}
`, ``},
		},
		within: 200, promises: []string{"only the claim's holder dials"},
	},
	{
		name: "an unclear claim counts as lost",
		edits: []edit{
			{"agent/dial.go", `	if err != nil {
		read, readErr := a.Store.Claim(`, `	if errors.Is(err, call.ErrUnclear) {
		return errLost
	}
	if err != nil {
		read, readErr := a.Store.Claim(`},
		},
		within: 200, promises: []string{"what an agent saw is not lost"},
	},
	{
		name: "an agent dials before it takes the claim",
		edits: []edit{
			{"agent/agent.go", `	err := a.take(ctx)
`, `	var err error
	a.claim, err = a.Store.Claim(ctx, c.CallID, c.Attempt)
	a.claim.TakenAt = a.Clock.Now()
`},
			{"agent/agent.go", `	return a.report(ctx, outcome)
}`, `	if err := a.take(ctx); err != nil {
		return err
	}
	return a.report(ctx, outcome)
}`},
			{"agent/dial.go", `	if !claim.HeldBy(a.nonce) {
		return errLost
	}
`, ``},
		},
		within: 200, promises: []string{"only the claim's holder dials"},
	},
	{
		name: "an agent does not look for a stop before it dials",
		edits: []edit{
			{"agent/dial.go", `err != nil || a.stopping {`, `err != nil {`},
		},
		within: 12000, promises: []string{"an agent that can know of a cancel doesn't dial"},
	},
	{
		name: "the outcome is not noted on the claim",
		edits: []edit{
			{"agent/report.go", `		return a.Store.NoteOutcome(ctx, a.CallID, a.Attempt, a.nonce, o)
`, `		return nil
`},
		},
		within: 200, promises: []string{"what an agent saw is not lost"},
	},
	{
		name: "the outcome is only sent as an event, and the event is believed",
		edits: []edit{
			{"agent/report.go", `		return a.Store.NoteOutcome(ctx, a.CallID, a.Attempt, a.nonce, o)
`, `		return nil
`},
			{"tracking/tracker.go", `	if !claim.HeldBy(e.Nonce) || claim.Outcome == nil {
		return nil
	}
`, `	o := e.Outcome
	if !claim.HeldBy(e.Nonce) || o == nil {
		return nil
	}
	claim.Outcome = &call.Outcome{
		Status: call.Status(o.Status), Dialed: o.Dialed, Reason: call.FailureReason(o.Reason), CarrierReference: o.CarrierReference,
	}
`},
		},
		within: 200, promises: []string{"only what the carrier stated is tried again", "the store doesn't contradict itself", "what an agent saw is not lost"},
	},
	{
		name: "an agent that gets no answer when it notes the outcome believes it noted",
		edits: []edit{
			{"agent/report.go", `	if err != nil {
		return fmt.Errorf("note the outcome`, `	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("note the outcome`},
			{"agent/report.go", `		return a.Store.NoteOutcome(ctx, a.CallID, a.Attempt, a.nonce, o)
`, `		_ = a.Store.NoteOutcome(ctx, a.CallID, a.Attempt, a.nonce, o)
		return nil
`},
		},
		within: 200, promises: []string{"what an agent saw is not lost"},
	},
	{
		name: "an agent that asked the carrier to end the call does not wait until it is over",
		edits: []edit{
			{"agent/follow.go", `		f.endIfAsked(ctx)
`, `		f.endIfAsked(ctx)
		if f.ending != byItself {
			return call.Outcome{Status: call.Canceled, Dialed: true, CarrierReference: f.reference}, nil
		}
`},
		},
		within: 800, promises: []string{"an attempt without its slot doesn't talk"},
	},
	{
		name: "an agent that lost the claim notes its end on it",
		edits: []edit{
			{"agent/agent.go", `		a.log.InfoContext(ctx, "not dialing: the claim is taken or closed")
		return nil
`, `		return a.report(ctx, call.Outcome{})
`},
			{"memory/claims.go", `	if !claim.HeldBy(nonce) {
		return call.Refuse(call.ConditionNonce)
	}
`, ``},
		},
		within: 200, promises: []string{"the store doesn't contradict itself"},
	},
	{
		name: "anybody's word that the phone rings is believed",
		edits: []edit{
			{"tracking/tracker.go", `	if !claim.HeldBy(e.Nonce) {
		return nil
	}
`, ``},
		},
		within: 200, promises: []string{"the store doesn't contradict itself", "everything ends"},
	},
	{
		name: "an agent does not tell on the claim in which task it is",
		edits: []edit{
			{"agent/dial.go", `a.CallID, a.Attempt, a.nonce, a.Task, a.Clock.Now())`, `a.CallID, a.Attempt, a.nonce, "", a.Clock.Now())`},
		},
		within: 200, promises: []string{"the store doesn't contradict itself"},
	},
}
