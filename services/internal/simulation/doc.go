// Package simulation proves the promises under faults. It runs the real use
// cases and the real agent on the memory store, in a world whose queues, task
// service and carrier misbehave in every way that theirs may, and whose time is
// virtual.
//
// # One history
//
// A history is one life of such a world: [Run] gives it from a seed. Workers,
// trackers, agents and people are actors, each a coroutine that stands still
// before every call of a port. A scheduler lets one of them go on at a time, so
// every order in which their reads and writes can mix may come up. When nobody
// can go on, time moves to the next moment at which somebody can.
//
// Before a port does its work a fault may be chosen (see [Fault]). Which faults
// a history has, and how often, differs from history to history: one with a
// single kind of fault, often, finds what a bit of everything never would.
//
// # What is held against it
//
// Each write is checked when it happens, with what the world knows and the use
// cases don't: which calls really are under way at the carrier, which tasks
// really run (see watch.go). In the end the faults stop, batches are resumed, the stop
// is lifted, the limit is above zero and time passes: then every accepted call must be
// final, no slot taken, no lane waiting, every queue empty, and the store must
// not contradict itself.
//
// # What is met
//
// Which port and which move met which fault, and how often, is counted (see
// [Coverage]). Over the 20,000 histories of the test each has to meet every fault
// that it may meet; what none can meet stands in a list, with the reason.
//
// # When it fails
//
// All that is left to chance in a history is drawn as a number below another,
// where 0 is the plainest: no fault, the same actor goes on. So the numbers are
// the history, and [Shrink] looks for fewer and smaller ones that break the same
// promise: it leaves steps out, makes numbers smaller, and draws other histories
// in ever smaller worlds. A failure is shown with its seed, as a trace; the same
// seed always gives the same history, and the same trace:
//
//	make prove REPLAY=17
//
// [Prove] runs as many histories as one likes on all cores: make prove N=1000000 SEED=7.
//
// # Where the world is kind
//
// Two promises rest on time, and the world keeps within it. What a carrier was
// asked by an agent shows there within half of call.Timing's Settle; and in
// histories in which a carrier is that late, clocks are right: a tracker whose
// clock is minutes ahead of another's could else end a call whose dial is still
// under way. A task that the task service doesn't know ends by the call's own
// limits within call.MissingTaskWait.
package simulation
