package mutants_test

// The claim: exactly one of agent and control plane wins an attempt, once, and a
// slot goes back only with it (R1).
var claimMutants = []mutant{
	{
		name: "an admission opens no claim",
		edits: []edit{
			{"call/moves_waiting.go", `ch.Claim = ClaimOpen`, `ch.Claim = ClaimNone`},
		},
		within: 200, promises: []string{"everything ends", "the store doesn't contradict itself"},
	},
	{
		name: "an absent claim may be taken",
		edits: []edit{
			{"call/moves_waiting.go", `ch.Claim = ClaimOpen`, `ch.Claim = ClaimNone`},
			{"memory/write.go", `ok && claim.Holder == call.HolderNone,`, `claim.Holder == call.HolderNone,`},
			{"memory/write.go", `w.do(func() { w.s.claims[at] = claim })`, `if ok {
		w.do(func() { w.s.claims[at] = claim })
	}`},
			{"memory/claims.go", `return cloneClaim(claim), err`, `_ = err
	return cloneClaim(claim), nil`},
			{"memory/claims.go", `	if err != nil {
		return call.Claim{}, err
	}
	taken, err :=`, `	if err != nil {
		c := s.calls[callID]
		claim = call.Claim{CallID: callID, Attempt: attempt, BatchID: c.BatchID, Number: c.Number, RingTimeout: 60, TimeLimit: c.TimeLimit}
	}
	taken, err :=`},
		},
		within: 200, promises: []string{"an attempt without its slot can't dial", "the store doesn't contradict itself"},
	},
	{
		name: "an agent takes a claim that the control plane has closed",
		edits: []edit{
			{"call/claim.go", `c.Holder != HolderNone || c.Stop`, `c.Holder == HolderAgent`},
		},
		within: 200, promises: []string{"an attempt without its slot can't dial"},
	},
	{
		name: "an agent takes a claim that another agent holds",
		edits: []edit{
			{"call/claim.go", `c.Holder != HolderNone || c.Stop`, `c.Holder == HolderControl`},
		},
		within: 8000, promises: []string{"no attempt dials twice", "an attempt without its slot can't dial"},
	},
	{
		name: "a launch that is refused for lack of room leaves its claim open",
		edits: []edit{
			{"call/moves_launch.go", `	ch.Backoff = &b
`, `	ch.Backoff, ch.Claim = &b, ClaimNone
`},
		},
		within: 200, promises: []string{"an attempt without its slot can't dial"},
	},
	{
		name: "a launch that is refused for good leaves its claim open",
		edits: []edit{
			{"call/moves_launch.go", `	ch.deadLetter(CauseLaunchRefused, message)
`, `	ch.Claim = ClaimNone
	ch.deadLetter(CauseLaunchRefused, message)
`},
		},
		within: 200, promises: []string{"an attempt without its slot can't dial"},
	},
	{
		name: "a launch that is given up leaves its claim open",
		edits: []edit{
			{"call/moves_launch.go", `	ch.deadLetter(CauseLaunchTriesUsed, "No answer`, `	ch.Claim = ClaimNone
	ch.deadLetter(CauseLaunchTriesUsed, "No answer`},
		},
		within: 800, promises: []string{"an attempt without its slot can't dial"},
	},
	{
		name: "a task that does not start in time leaves its claim open",
		edits: []edit{
			{"call/moves_launch.go", `	ch.closed(cause)
	return *ch, nil`, `	ch.Claim = ClaimNone
	ch.closed(cause)
	return *ch, nil`},
		},
		within: 200, promises: []string{"an attempt without its slot can't dial"},
	},
	{
		name: "a cancel ends an attempt and leaves its claim open",
		edits: []edit{
			{"call/moves_talk.go", `	if c.Status.Active() {
		ch.Claim = ClaimClose
	}
`, ``},
		},
		within: 200, promises: []string{"an attempt without its slot can't dial"},
	},
	{
		name: "the claim is closed in a transaction of its own, before the record's",
		edits: []edit{
			{"memory/apply.go", `	if err := w.call(ch); err != nil {
		return err
	}
	if ch.Redrive != nil {`, `	if ch.Claim == call.ClaimClose {
		if err := w.claim(ch); err != nil {
			return err
		}
		w.commit()
		w.steps, ch.Claim = nil, call.ClaimNone
	}
	if err := w.call(ch); err != nil {
		return err
	}
	if ch.Redrive != nil {`},
		},
		within: 200, promises: []string{"the store doesn't contradict itself", "everything ends"},
	},
	{
		name: "the record ends first, and its claim is closed afterwards",
		edits: []edit{
			{"memory/write.go", `// claim does what`, `var closings = map[*Store][]func(){}

// claim does what`},
			{"memory/write.go", `w.do(func() { w.s.claims[at] = claim })`, `put := func() { w.s.claims[at] = claim }
	if ch.Claim == call.ClaimClose {
		w.do(func() { closings[w.s] = append(closings[w.s], put) })
		return nil
	}
	w.do(put)`},
			{"memory/apply.go", `	w := &write{s: s}
	if err := w.change(ch); err != nil {`, `	for _, closing := range closings[s] {
		closing()
	}
	delete(closings, s)
	w := &write{s: s}
	if err := w.change(ch); err != nil {`},
		},
		within: 200, promises: []string{"an attempt without its slot can't dial"},
	},
	{
		name: "the claim is opened though the admission is refused",
		edits: []edit{
			{"memory/write.go", `	w.do(func() { w.s.claims[at] = claim })
	return nil
}`, `	w.s.claims[at] = claim
	return nil
}`},
		},
		within: 200, promises: []string{"the store doesn't contradict itself"},
	},
}

// An attempt is a fence: it never waits again (R2).
var attemptMutants = []mutant{
	{
		name: "a call waits again as the same attempt",
		edits: []edit{
			{"call/move.go", `	c.Attempt++
`, ``},
		},
		within: 200, promises: []string{"an attempt is a fence"},
	},
	{
		name: "all attempts of a call have the same client token",
		edits: []edit{
			{"dispatch/launch.go", `token := call.ClientToken(c.ID, c.Attempt)`, `token := call.ClientToken(c.ID, 1)`},
		},
		within: 200, promises: []string{"an attempt has its own task", "everything ends"},
	},
	{
		name: "a throttled launch counts as a dial",
		edits: []edit{
			{"call/moves_launch.go", `	ch.again("no_capacity")`, `	ch.After.Dials++
	ch.again("no_capacity")`},
		},
		within: 200, promises: []string{"the store doesn't contradict itself"},
	},
	{
		name: "a launch that is refused for lack of room counts as an attempt that did not start",
		edits: []edit{
			{"call/moves_launch.go", `	ch.again("no_capacity")`, `	ch.closed("no_capacity")`},
		},
		within: 200, promises: []string{"nothing healthy is given up"},
	},
	{
		name: "attempts that do not start are tried again without end",
		edits: []edit{
			{"call/moves_launch.go", `if ch.After.Closed >= MaxClosed {`, `if false {`},
		},
		within: 500, promises: []string{"attempts without a dial are bounded"},
	},
	{
		name: "attempts that the carrier refuses are tried again without end",
		edits: []edit{
			{"call/moves_talk.go", ` && ch.After.Closed < MaxClosed`, ``},
		},
		within: 20000, promises: []string{"attempts without a dial are bounded"},
	},
	{
		name: "a call is dialed more often than its policy says",
		edits: []edit{
			{"call/moves_talk.go", `ch.After.Dials < p.MaxDials && `, ``},
		},
		within: 200, promises: []string{"no call dials more often than its policy says"},
	},
	{
		name: "dials are not counted",
		edits: []edit{
			{"call/moves_talk.go", `	if o.Dialed {
		ch.After.Dials++
	}
	if o.Status`, `	if o.Status`},
		},
		within: 200, promises: []string{"the store doesn't contradict itself"},
	},
	{
		name: "the history of a call is without bound",
		edits: []edit{
			{"call/call.go", `if len(c.History) >= MaxHistory {`, `if false {`},
		},
		within: 5000, promises: []string{"history is bounded"},
	},
}
