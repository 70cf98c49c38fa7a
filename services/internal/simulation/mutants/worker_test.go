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
		return false, err
	}
	arn, err := d.Tasks.Run(ctx, request(c))
`},
		},
		within: 3000, promises: []string{"a refused launch begins a backoff"},
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
		within: 200, promises: []string{"a launch is repeated with the very same request"},
	},
	{
		name: "a repeated launch takes the task definition of today",
		edits: []edit{
			{"dispatch/launch.go", `	arn, err := d.Tasks.Run(ctx, request(c))
`, `	r := request(c)
	r.TaskDefinition = d.TaskDefinition
	arn, err := d.Tasks.Run(ctx, r)
`},
		},
		within: 800, promises: []string{"a launch is repeated with the very same request"},
	},
	{
		name: "jobs of launching calls are dropped",
		edits: []edit{
			{"dispatch/dispatch.go", `_, err := d.launch(ctx, c)
		return false, err`, `return false, nil`},
		},
		within: 200, promises: []string{"everything ends"},
	},
	{
		name: "only a job that asks for it ends in a fill",
		edits: []edit{
			{"dispatch/dispatch.go", `	var named []string
`, `	var named []string
	asked := false
`},
			{"dispatch/dispatch.go", `		if job.Fill {
`, `		if job.Fill {
			asked = true
`},
			{"dispatch/dispatch.go", `	if err := d.fillSince(ctx, began, named...); err != nil {`, `	if !asked {
		return errs
	}
	if err := d.fillSince(ctx, began, named...); err != nil {`},
		},
		within: 200, promises: []string{"a job's own call is a candidate"},
	},
	{
		name: "a fill that launched does not go on",
		edits: []edit{
			{"dispatch/fill.go", `return true, f.launchAdmitted(ctx, after)`, `return false, f.launchAdmitted(ctx, after)`},
		},
		within: 200, promises: []string{"a job's own call is a candidate"},
	},
}
