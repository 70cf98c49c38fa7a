package mutants_test

// The proof of an attempt's end: only the holder's task counts, and its end is
// proven before the claim is read (R5).
var endMutants = []mutant{
	{
		name: "the end of any task of an attempt ends it",
		edits: []edit{
			{"tracking/end.go", `claim.Holder != call.HolderAgent || claim.Task != arn`, `claim.Holder != call.HolderAgent`},
		},
		within: 800, promises: []string{"an attempt without its slot can't dial"},
	},
	{
		name: "the claim is read before the proof that its holder's task has ended",
		edits: []edit{
			{"tracking/due.go", `return t.stopped(ctx, c, claim.Task)`, `return t.lost(ctx, c, claim)`},
		},
		within: 8000, promises: []string{"what an agent noted counts"},
	},
	{
		name: "a task that the service does not know has ended",
		edits: []edit{
			{"tracking/due.go", `return c.TaskSeen == claim.Task ||`, `return true ||`},
		},
		within: 8000, promises: []string{"an attempt without its slot can't dial"},
	},
	{
		name: "a task that RunTask named counts as seen running",
		edits: []edit{
			{"call/moves_launch.go", `	ch.After.Task = task
`, `	ch.After.Task, ch.After.TaskSeen = task, task
`},
		},
		within: 8000, promises: []string{"an attempt without its slot can't dial"},
	},
	{
		name: "a task that was never seen is given up at the call's limits, without the hour",
		edits: []edit{
			{"tracking/due.go", `claim.Expiry(t.Timing).Add(call.MissingTaskWait)`, `claim.Expiry(t.Timing)`},
		},
		within: 8000, promises: []string{"an attempt without its slot can't dial"},
	},
	{
		name: "a task that can't be described has ended",
		edits: []edit{
			{"tracking/due.go", `"task", claim.Task, "cause", err)
		return t.lookAgain(ctx, c, "")`, `"task", claim.Task, "cause", err)
		return t.stopped(ctx, c, claim.Task)`},
		},
		within: 20000, promises: []string{"an attempt without its slot can't dial"},
	},
	{
		name: "a start timeout stops the task before it closes the claim",
		edits: []edit{
			{"tracking/due.go", `	closed, err := t.startFailed(ctx, c, "start_timeout")
	if closed && c.Task != "" {
		t.stop(ctx, c.Task, "did not start in time")
	}
	return err`, `	t.stop(ctx, c.Task, "did not start in time")
	_, err := t.startFailed(ctx, c, "start_timeout")
	return err`},
		},
		within: 2000, promises: []string{"nobody hangs up without reason"},
	},
}

// Only what the carrier stated is tried again, and a lost call's slot waits for
// the carrier's word (R8).
var carrierMutants = []mutant{
	{
		name: "an outcome that the carrier did not state is tried again",
		edits: []edit{
			{"call/moves_talk.go", `stated := o.Reason == "" || o.Reason == ReasonCarrierError`, `stated := true`},
		},
		within: 300, promises: []string{"only what the carrier stated is tried again"},
	},
	{
		name: "a lost call is tried again",
		edits: []edit{
			{"call/moves_talk.go", `	ch.fail(Failure{Reason: ReasonAgentLost,`, `	if c.Retry != nil && !c.CancelRequested && ch.After.Dials < c.Retry.MaxDials {
		ch.After.Outcome = nil
		ch.again("agent_lost")
		return *ch, nil
	}
	ch.fail(Failure{Reason: ReasonAgentLost,`},
		},
		within: 200, promises: []string{"a call moves as the table of moves says"},
	},
	{
		name: "a lost call may be redriven",
		edits: []edit{
			{"call/call.go", `c.Failure.Reason == ReasonDeadLettered`, `(c.Failure.Reason == ReasonDeadLettered || c.Failure.Reason == ReasonAgentLost)`},
		},
		within: 200, promises: []string{"nothing healthy is given up"},
	},
	{
		name: "an unclear dial is repeated",
		edits: []edit{
			{"agent/dial.go", `	return done, false, err
}

// find`, `	return done, true, err
}

// find`},
		},
		within: 200, promises: []string{"no attempt dials twice", "an attempt without its slot doesn't talk"},
	},
	{
		name: "an unclear dial is not looked up, and is final",
		edits: []edit{
			{"agent/dial.go", `	done, err = a.find(ctx)
	return done, false, err`, `	return failed(true, call.ReasonCarrierUnclear, "The carrier gave no answer."), false, nil`},
		},
		within: 200, promises: []string{"an unclear dial is looked up"},
	},
	{
		name: "an unclear dial counts as the carrier's refusal",
		edits: []edit{
			{"agent/dial.go", `	done, err = a.find(ctx)
	return done, false, err`, `	return failed(false, call.ReasonCarrierError, "The carrier gave no answer."), false, nil`},
		},
		within: 200, promises: []string{"an attempt without its slot can't dial", "an attempt without its slot doesn't talk"},
	},
	{
		name: "a dial that can't be found counts as the carrier's refusal",
		edits: []edit{
			{"agent/dial.go", `call.ReasonCarrierUnclear, "The`, `call.ReasonCarrierError, "The`},
		},
		within: 200, promises: []string{"dials are counted"},
	},
	{
		name: "a lost call gives its slot back without the carrier's word",
		edits: []edit{
			{"tracking/end.go", `if err != nil || !over {`, `if over = true; !over {`},
		},
		within: 800, promises: []string{"an attempt without its slot can't dial", "an attempt without its slot doesn't talk"},
	},
	{
		name: "a lost call is over once the carrier was asked to end it",
		edits: []edit{
			{"tracking/end.go", `	endErr := t.Carrier.End(ctx, reference)
`, `	endErr := t.Carrier.End(ctx, reference)
	if endErr == nil {
		return reference, true, nil
	}
`},
		},
		within: 800, promises: []string{"an attempt without its slot doesn't talk"},
	},
	{
		name: "a lost call whose reference was not noted is not looked up",
		edits: []edit{
			{"tracking/end.go", `	if reference == "" {
`, `	if reference == "" {
		return "", true, nil
	}
	if reference == "" {
`},
		},
		within: 300, promises: []string{"an attempt without its slot doesn't talk", "an attempt without its slot can't dial", "dials are counted"},
	},
	{
		name: "a dial that does not show at once was never made",
		edits: []edit{
			{"tracking/end.go", `return "", !t.Now().Before(c.LostAt.Add(t.Timing.Settle)), nil`, `return "", true, nil`},
		},
		within: 8000, promises: []string{"an attempt without its slot can't dial"},
	},
}
