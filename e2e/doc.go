// Package e2e is the end-to-end tests: the unmodified programs, run as infra/'s
// templates say, on LocalStack and on stand-ins for what LocalStack doesn't have.
//
// Each test is a scenario with a system of its own, which world.Start deploys. It
// reads like what happens: somebody submits, something goes wrong, a call becomes
// completed. What must hold whatever happens, such as that no attempt dials twice
// and that no call to AWS is denied, is checked at the end of each.
//
// A scenario begins with world.Start, which takes parameters of infra/template.yaml
// ("Carrier": "simulated:FOLDER?speed=5" leaves time to do something while a call
// goes on). People are signed in by World.Person and World.Admin; they submit, look
// and wait. What goes wrong is said beforehand:
//
//	w.Front.Inject(front.Fault{…})  a call to AWS fails, is cut off, happens twice, or kills who made it
//	w.ECS.Refuse(ecs.NoCapacity)    a launch is refused
//	w.ECS.Deliver(…)                task events come late, twice, out of order, or not at all
//	w.ECS.Later(…)                  ECS forgets tasks that have stopped, and client tokens
//	w.ECS.Kill(…), w.Worker.Kill(…) a process is killed
//	w.Deliver(mapping.Copies{…})    the very same messages of queues come more than once
//	w.SendTraced(…)                 a message comes at the end of a long chain of invocations
//	w.DeployAgain(…)                another agent image is deployed
//	hold(…)                         a call to AWS waits until the test lets it go on
//
// Nothing is asked of the clock: world.Eventually waits for what has to come, and
// World.Hasten brings the minute tick sooner.
//
// A run of all scenarios fails, too, when infra/ gives a role a permission that no
// scenario needed. What only AWS itself uses stands in world/permissions.go.
package e2e
