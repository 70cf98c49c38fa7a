package mutants_test

// Dead letters: the record moves first, and only a mark with its attempt reopens
// it; resends last more than a day (R6).
var deadLetterMutants = []mutant{
	{
		name: "any copy of the job reopens a dead-lettered call",
		edits: []edit{
			{"dispatch/dispatch.go", `if !job.Dead {`, `if false {`},
		},
		within: 200, promises: []string{"only a redrive reopens a dead letter"},
	},
	{
		name: "the mark of an earlier attempt reopens a dead-lettered call",
		edits: []edit{
			{"dispatch/dispatch.go", `case job.Attempt < c.Attempt:`, `case job.Attempt < c.Attempt && !job.Dead:`},
			{"dispatch/dispatch.go", `call.Redriven(c, job.Attempt, "",`, `call.Redriven(c, c.Attempt, "",`},
		},
		within: 3000, promises: []string{"only a redrive reopens a dead letter"},
	},
	{
		name: "a dead-lettered call is reopened as the same attempt",
		edits: []edit{
			{"call/moves_waiting.go", `	ch.again("redriven")
`, `	ch.again("redriven")
	ch.After.Attempt--
`},
		},
		within: 200, promises: []string{"the store doesn't contradict itself", "history is in order"},
	},
	{
		name: "a call of a canceled batch is reopened",
		edits: []edit{
			{"call/moves_waiting.go", `ch.Batch = BatchNotCanceled`, `ch.Batch = BatchAny`},
		},
		within: 20000, promises: []string{"the store doesn't contradict itself"},
	},
	{
		name: "an owed mark is never sent",
		edits: []edit{
			{"tracking/due.go", `return r.mark(ctx, c)`, `return nil`},
		},
		within: 2000, promises: []string{"everything ends"},
	},
	{
		name: "a mark is noted as sent before it is, and lost when the sender dies",
		edits: []edit{
			{"tracking/due.go", `	if err := t.Jobs.SendDead(ctx, messages.Job{CallID: c.ID, Attempt: c.Attempt, Dead: true}); err != nil {
		return fmt.Errorf("send the dead letter of call %s: %w", c.ID, err)
	}
	_, err := call.Update(ctx, t.Store, c.ID, func(now call.Call) (call.Change, error) {
		return call.MarkSent(now, c.Attempt, t.Now())
	})
	if call.NotAllowed(err) {
		return nil
	}
	return err`, `	_, err := call.Update(ctx, t.Store, c.ID, func(now call.Call) (call.Change, error) {
		return call.MarkSent(now, c.Attempt, t.Now())
	})
	if err != nil {
		return err
	}
	return t.Jobs.SendDead(ctx, messages.Job{CallID: c.ID, Attempt: c.Attempt, Dead: true})`},
		},
		within: 800, promises: []string{"a dead letter is in the dead-letter queue"},
	},
	{
		name: "the job of a launching call is not sent again",
		edits: []edit{
			{"tracking/due.go", `		return t.sendAgain(ctx, c)
`, `		return t.lookAgain(ctx, c, "")
`},
		},
		within: 200, promises: []string{"everything ends"},
	},
	{
		name: "resends end after an hour",
		edits: []edit{
			{"call/timing.go", `sum < launchOutage; n++`, `sum < time.Hour; n++`},
		},
		within: 500, promises: []string{"nothing healthy is given up"},
	},
	{
		name: "a resend is counted before it is due",
		edits: []edit{
			{"call/moves_launch.go", `	if ch.At.Before(c.Due) {
		return ch.refuse("it is not due")
	}
`, ``},
			{"tracking/due.go", `	_, err := call.ApplyTo(ctx, t.Store, c, func(c call.Call) (call.Change, error) {
		return call.JobResent(`, `	_, err := call.Update(ctx, t.Store, c.ID, func(c call.Call) (call.Change, error) {
		return call.JobResent(`},
		},
		within: 3000, promises: []string{"nothing healthy is given up"},
	},
	{
		name: "resends are not counted",
		edits: []edit{
			{"call/moves_launch.go", `	ch.After.Resends++
`, ``},
		},
		within: 200, promises: []string{"each job that is sent again is counted"},
	},
	{
		name: "the next attempt inherits the resends of the last",
		edits: []edit{
			{"call/move.go", `c.TaskDefinition, c.Resends = "", "", "", 0`, `c.TaskDefinition = "", "", ""`},
		},
		within: 2000, promises: []string{"nothing healthy is given up"},
	},
	{
		name: "a resent job names the next attempt",
		edits: []edit{
			{"tracking/due.go", `messages.Job{CallID: c.ID, Attempt: c.Attempt}); err`, `messages.Job{CallID: c.ID, Attempt: c.Attempt + 1}); err`},
		},
		within: 200, promises: []string{"everything ends"},
	},
}

// Cancel: the wish is written, the claim closed or its holder stopped (R7).
var cancelMutants = []mutant{
	{
		name: "a call with the wish to cancel is tried again",
		edits: []edit{
			{"call/moves_talk.go", `p == nil || ch.Before.CancelRequested ||`, `p == nil ||`},
		},
		within: 800, promises: []string{"a cancel that was accepted holds"},
	},
	{
		name: "a call that was stopped before its dial waits again",
		edits: []edit{
			{"call/moves_talk.go", `		if c.CancelRequested {
			ch.end(Canceled`, `		if false {
			ch.end(Canceled`},
		},
		within: 3000, promises: []string{"a cancel that was accepted holds"},
	},
	{
		name: "a cancel asks the agent to stop, and writes no wish",
		edits: []edit{
			{"call/moves_talk.go", `	ch.After.CancelRequested = true
`, ``},
		},
		within: 200, promises: []string{"nobody hangs up without reason"},
	},
	{
		name: "a cancel writes the wish, and no stop on the claim",
		edits: []edit{
			{"call/moves_talk.go", `	ch.Claim = ClaimStop
`, ``},
		},
		within: 2000, promises: []string{"the store doesn't contradict itself"},
	},
	{
		name: "a cancel says yes though its write failed",
		edits: []edit{
			{"tracking/cancel.go", `		if !racing(err) {
			return c, err
		}`, `		return c, nil`},
		},
		within: 200, promises: []string{"a cancel that was accepted holds"},
	},
	{
		name: "a cancel is not followed up: no task is stopped, and no agent looks at its claim",
		edits: []edit{
			{"tracking/cancel.go", `claim.Task != "" && claim.Outcome == nil`, `claim.Task == "none"`},
			{"tracking/due.go", `if c.CancelRequested || t.Now()`, `if t.Now()`},
			{"agent/follow.go", `	if !f.stopAsked() && !f.Clock.Now().Before(f.lookedAt.Add(f.Timing.Look)) {
		// A stop`, `	if false {
		// A stop`},
		},
		within: 200, promises: []string{"everything ends"},
	},
}
