package mutants_test

// Blunders that no rule speaks of.
var blunders = []mutant{
	{
		name: "a record is written over a newer version",
		edits: []edit{
			{"memory/write.go", `(before == nil || before.Version != ch.Before.Version)`, `before == nil`},
		},
		within: 200, promises: []string{"no change is lost"},
	},
	{
		name: "a move does not look at the status that it starts from",
		edits: []edit{
			{"call/move.go", `	if _, ok := Allowed[m][c.Status]; !ok {`, `	if _, ok := Allowed[m][c.Status]; !ok && c.Status == none {`},
		},
		within: 200, promises: []string{"a call moves as the table of moves says"},
	},
	{
		name: "an event of an earlier attempt is believed",
		edits: []edit{
			{"call/move.go", `	if attempt != c.Attempt {`, `	if attempt > c.Attempt {`},
		},
		within: 500, promises: []string{"an attempt without its slot can't dial", "an attempt has its own task", "only what the carrier stated is tried again"},
	},
	{
		name: "a lost call gives its slot back twice",
		edits: []edit{
			{"memory/write.go", `	c.InUse += ch.Slots()
`, `	c.InUse += ch.Slots()
	if ch.Move == call.MoveAgentLost && c.InUse > 0 {
		c.InUse--
	}
`},
		},
		within: 200, promises: []string{"slots equal active attempts"},
	},
	{
		name: "an end takes back the count of its admission",
		edits: []edit{
			{"memory/write.go", `	c.InUse += ch.Slots()
`, `	c.InUse += ch.Slots()
	if ch.Slots() < 0 {
		c.Admitted--
	}
`},
		},
		within: 200, promises: []string{"each admission is counted once"},
	},
	{
		name: "a launch that is given up gives no slot back",
		edits: []edit{
			{"memory/write.go", `	c.InUse += ch.Slots()
`, `	if ch.Move != call.MoveLaunchGivenUp {
		c.InUse += ch.Slots()
	}
`},
		},
		within: 800, promises: []string{"slots equal active attempts"},
	},
	{
		name: "an admitted call has no due",
		edits: []edit{
			{"call/moves_waiting.go", `after.Due = stamp(launchAt).Add(t.resendAfter(0))`, `after.Due = time.Time{}`},
		},
		within: 200, promises: []string{"the store doesn't contradict itself"},
	},
	{
		name: "a call that starts has no due",
		edits: []edit{
			{"call/moves_launch.go", `ch.After.Due = ch.At.Add(t.Start)`, `ch.After.Due = time.Time{}`},
		},
		within: 200, promises: []string{"the store doesn't contradict itself"},
	},
	{
		name: "the counters of a batch are not told of a redrive",
		edits: []edit{
			{"call/change.go", `if c.New() || c.After.BatchID == "" {`, `if c.New() || c.After.BatchID == "" || c.Move == MoveRedriven {`},
		},
		within: 500, promises: []string{"a batch's counters equal its records"},
	},
	{
		name: "the counters of a batch are written after the record, in a transaction of their own",
		edits: []edit{
			{"memory/write.go", `// counts adds`, `var countings = map[*Store][]func(){}

// counts adds`},
			{"memory/write.go", `	after, err := b.counts.Plus(add)
	if err != nil {
		return err
	}
	w.do(func() { b.counts = after })
`, `	w.do(func() {
		countings[w.s] = append(countings[w.s], func() { b.counts, _ = b.counts.Plus(add) })
	})
`},
			{"memory/apply.go", `	w := &write{s: s}
	if err := w.change(ch); err != nil {`, `	for _, counting := range countings[s] {
		counting()
	}
	delete(countings, s)
	w := &write{s: s}
	if err := w.change(ch); err != nil {`},
		},
		within: 200, promises: []string{"a batch's counters equal its records"},
	},
	{
		name: "a chunk is expanded twice, the second time with new ids",
		edits: []edit{
			{"tracking/batches.go", `	if err := t.Store.ApplyBatch(ctx, change); err != nil {`, `	for i := range change.Calls {
		one := change.Calls[i]
		if one.New() {
			one.After.ID = fmt.Sprintf("%s-%d", one.After.ID, t.Now().UnixNano())
			if err := t.Store.Apply(ctx, one); err != nil {
				return false, err
			}
		}
	}
	if b.Expanded < change.After.Expanded {
		change.Calls = nil
	}
	if err := t.Store.ApplyBatch(ctx, change); err != nil {`},
		},
		within: 200, promises: []string{"a batch's counters equal its records"},
	},
	{
		name: "an idempotency key is not stored",
		edits: []edit{
			{"intake/intake.go", `	if change.Key, err = i.key(owner, change.After, change.At); err != nil {`, `	if _, err = i.key(owner, change.After, change.At); err != nil {`},
		},
		within: 200, promises: []string{"a key gives the same answer again"},
	},
	{
		name: "an idempotency key is stored after the call, in a transaction of its own",
		edits: []edit{
			{"intake/intake.go", `	kept, err := commit(ctx,
		func() error { return s.Store.Apply(ctx, change) },`, `	key := change.Key
	change.Key = nil
	defer func() {
		store, ok := s.Store.(interface {
			PutKey(ctx context.Context, k call.IdempotencyKey, now time.Time) error
		})
		if _, err := s.Store.Key(ctx, owner, "", s.Now()); ok && errors.Is(err, call.ErrNotFound) && key != nil {
			_ = store.PutKey(ctx, *key, s.Now())
		}
	}()
	kept, err := commit(ctx,
		func() error { return s.Store.Apply(ctx, change) },`},
			{"intake/intake.go", `Value: change.After, Kept: change.Key}`, `Value: change.After, Kept: key}`},
		},
		within: 300, promises: []string{"what is accepted is stored", "a key makes one call"},
	},
	{
		name: "a call is answered as accepted though its write failed",
		edits: []edit{
			{"intake/intake.go", `		default:
			return nil, err
		}`, `		default:
			return nil, nil
		}`},
		},
		within: 200, promises: []string{"what is accepted is stored"},
	},
	{
		name: "an unclear write of a new call is made again under a new id",
		edits: []edit{
			{"intake/intake.go", `		func() error { return s.Store.Apply(ctx, change) },`, `		func() error {
			change.After.ID = call.SingleID(s.NewULID())
			change.Key = nil
			return s.Store.Apply(ctx, change)
		},`},
		},
		within: 200, promises: []string{"a key gives the same answer again"},
	},
	{
		name: "the history of a call is cut to its last steps",
		edits: []edit{
			{"call/call.go", `	c.History = append(c.History, Step{`, `	c.History = append(c.History[max(0, len(c.History)-4):], Step{`},
		},
		within: 200, promises: []string{"history only grows"},
	},
	{
		name: "jobs are acknowledged whatever comes of them",
		edits: []edit{
			{"dispatch/dispatch.go", `	return errs
}

// HandleMessages`, `	return make([]error, len(jobs))
}

// HandleMessages`},
		},
		within: 200, promises: []string{"a job's own call is a candidate"},
	},
	{
		name: "a call that ends keeps its due",
		edits: []edit{
			{"call/move.go", `	c.Due, c.Wait, c.ReadyAt = time.Time{}, Wait{}, time.Time{}
`, `	c.Wait, c.ReadyAt = Wait{}, time.Time{}
`},
		},
		within: 200, promises: []string{"the store doesn't contradict itself", "everything ends"},
	},
	{
		name: "every outcome is written as completed",
		edits: []edit{
			{"agent/follow.go", `		Status:           call.Status(s.Status),
`, `		Status:           call.Completed,
`},
		},
		within: 200, promises: []string{"messages fit their contract", "an outcome is what happened"},
	},
}
