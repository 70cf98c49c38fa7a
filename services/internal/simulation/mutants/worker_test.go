package mutants_test

// The worker: a launching call is launched again by the very same request, or
// closed; it never simply waits again (R3).
var workerMutants = []mutant{
	{
		name: "a job of a launching call puts it back to waiting, its claim open, while everything is stopped",
		edits: []edit{
			{"dispatch/launch.go", `	arn, err := d.Tasks.Run(ctx, request(c))
`, `	if room, err := d.Store.Capacity(ctx); err == nil && room.Stopped {
		_, _, err := d.moved(ctx, c, func(now call.Call) (call.Change, error) {
			change, err := call.LaunchRefusedForRoom(now, c.Attempt, room.NextBackoff(d.Now()), d.Now())
			change.Claim, change.Backoff = call.ClaimNone, nil
			return change, err
		})
		return err
	}
	arn, err := d.Tasks.Run(ctx, request(c))
`},
		},
		within: 2000, promises: []string{"an attempt without its slot can't dial"},
	},
	{
		name: "a job launches its call before the time of its rate token",
		edits: []edit{
			{"dispatch/launch.go", `wait > 0 {`, `wait > 1<<62 {`},
		},
		within: 200, promises: []string{"nothing is launched before its token's time"},
	},
	{
		name: "each launch has a client token of its own",
		edits: []edit{
			{"dispatch/launch.go", `token := call.ClientToken(c.ID, c.Attempt)`, `token := call.ClientToken(c.ID, c.Attempt) + c.UpdatedAt.Format("150405")`},
		},
		within: 200, promises: []string{"a launch is repeated with the very same request"},
	},
	{
		name: "what RunTask is asked depends on when it is asked",
		edits: []edit{
			{"dispatch/launch.go", `StartBy: c.StartBy,`, `StartBy: c.Due,`},
		},
		within: 300, promises: []string{"a launch is repeated with the very same request"},
	},
	{
		name: "jobs of launching calls are dropped",
		edits: []edit{
			{"dispatch/dispatch.go", `return false, d.launch(ctx, c)`, `return false, nil`},
		},
		within: 200, promises: []string{"everything ends"},
	},
}
