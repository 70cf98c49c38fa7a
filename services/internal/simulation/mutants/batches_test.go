package mutants_test

// Batches: state, cursors and due are one item, and canceled is the last state (R10).
var batchMutants = []mutant{
	{
		name: "calls of a paused batch are admitted",
		edits: []edit{
			{"call/moves_waiting.go", `ch.Batch = BatchActive`, `ch.Batch = BatchNotCanceled`},
		},
		within: 1200, promises: []string{"nothing is admitted of a batch that isn't active"},
	},
	{
		name: "calls of a canceled batch are admitted",
		edits: []edit{
			{"call/change.go", `	case s == StateCanceled:
		return Refuse(ConditionCanceled)
`, ``},
		},
		within: 12000, promises: []string{"nothing is admitted of a batch that isn't active", "the store doesn't contradict itself"},
	},
	{
		name: "a batch is written over a newer version",
		edits: []edit{
			{"memory/apply.go", `(b == nil || b.record.Version != ch.Before.Version)`, `b == nil`},
		},
		within: 300, promises: []string{"no change is lost"},
	},
	{
		name: "the last step of the expansion drops the due that a cancel had set",
		edits: []edit{
			{"call/batch.go", `	if b.unfinished() {
		b.Due = now
	} else {`, `	if b.Expanded < b.Rows {
		b.Due = now
	} else {`},
		},
		within: 200, promises: []string{"everything ends", "the store doesn't contradict itself"},
	},
	{
		name: "a cancel ends with the expansion, before it has visited all rows",
		edits: []edit{
			{"call/batch.go", `b.CanceledTo < b.Rows)`, `b.CanceledTo < b.Rows-1)`},
		},
		within: 200, promises: []string{"everything ends", "the store doesn't contradict itself"},
	},
	{
		name: "a canceled batch is resumed",
		edits: []edit{
			{"call/batch.go", `	if b.State == StateCanceled {
		return BatchChange{}, Refuse(ConditionCanceled)
	}
`, ``},
		},
		within: 200, promises: []string{"canceled is a batch's last state"},
	},
	{
		name: "rows that are expanded after the cancel are created waiting, and the cancel does not visit them",
		edits: []edit{
			{"call/batch.go", `		if b.State == StateCanceled {
			change.Calls`, `		if false {
			change.Calls`},
		},
		within: 200, promises: []string{"the store doesn't contradict itself", "everything ends"},
	},
	{
		name: "a cancel passes a row",
		edits: []edit{
			{"tracking/batches.go", `	for n := b.CanceledTo + 1; n <= to; n++ {
		c, err`, `	for n := b.CanceledTo + 1; n < to; n++ {
		c, err`},
		},
		within: 200, promises: []string{"everything ends", "the store doesn't contradict itself"},
	},
	{
		name: "a cancel passes calls that are admitted",
		edits: []edit{
			{"tracking/batches.go", `		if _, err := t.cancel(ctx, c.ID, causeBatch); err != nil && !errors.Is(err, ErrFinal) {
			return call.BatchChange{}, fmt.Errorf("cancel row %d: %w", n, err)
		}
`, ``},
		},
		within: 800, promises: []string{"the store doesn't contradict itself", "everything ends"},
	},
	{
		name: "a cancel runs ahead of the expansion",
		edits: []edit{
			{"tracking/batches.go", `to := min(b.CanceledTo+t.Slice, b.Expanded)`, `to := min(b.CanceledTo+t.Slice, b.Rows)`},
			{"tracking/batches.go", `		if err != nil {
			return call.BatchChange{}, fmt.Errorf("read row %d: %w", n, err)
		}
`, `		if errors.Is(err, call.ErrNotFound) {
			continue
		}
		if err != nil {
			return call.BatchChange{}, fmt.Errorf("read row %d: %w", n, err)
		}
`},
			{"tracking/batches.go", `b.State == call.StateCanceled && b.CanceledTo < b.Expanded:`, `b.State == call.StateCanceled && b.CanceledTo < b.Rows:`},
			{"call/batch.go", `if b.State != StateCanceled || n > b.Expanded || n < b.CanceledTo {`, `if b.State != StateCanceled || n < b.CanceledTo {`},
		},
		within: 200, promises: []string{"a batch's cursors go on"},
	},
	{
		name: "the rows of an accepted batch keep their expiry",
		edits: []edit{
			{"tracking/batches.go", `if b.Expanded == 0 {`, `if false {`},
		},
		within: 200, promises: []string{"rows are kept before they are expanded"},
	},
	{
		name: "a redrive of all does not stamp the calls that it reopens",
		edits: []edit{
			{"deadletters/deadletters.go", `change, err := call.Redriven(c, c.Attempt, r.ID, s.Now())`, `change, err := call.Redriven(c, c.Attempt, "", s.Now())`},
		},
		within: 200, promises: []string{"only a redrive reopens a dead letter"},
	},
	{
		name: "a redrive takes a call twice",
		edits: []edit{
			{"call/moves_waiting.go", `	if c.RedrivenBy(redriveID) {`, `	if false {`},
		},
		within: 2000, promises: []string{"only a redrive reopens a dead letter"},
	},
	{
		name: "a redrive of all has no due after its first slice",
		edits: []edit{
			{"call/redrive.go", `	r.Due = r.UpdatedAt
`, `	r.Due = time.Time{}
`},
		},
		within: 200, promises: []string{"everything ends"},
	},
	{
		name: "a redrive's cursor moves on, and its call is not reopened",
		edits: []edit{
			{"deadletters/deadletters.go", `		change.Redrive = &progress
		if err = s.Store.Apply(ctx, change); err == nil {`, `		if err = s.Store.ApplyRedrive(ctx, progress); err == nil {
			err = s.Store.Apply(ctx, change)
		}
		if err == nil {`},
		},
		within: 3000, promises: []string{"a redrive counts what it reopened"},
	},
}
