package call_test

import (
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

var backoff = call.Backoff{Until: noon.Add(time.Second), Step: time.Second}

func jobResent(c call.Call) (call.Change, error) { return call.JobResent(c, timing, noon) }

func refusedForRoom(c call.Call) (call.Change, error) {
	return call.LaunchRefusedForRoom(c, c.Attempt, backoff, noon)
}

func refusedForGood(c call.Call) (call.Change, error) {
	return call.LaunchRefusedForGood(c, c.Attempt, "No such image.", noon)
}

func givenUp(c call.Call) (call.Change, error) { return call.LaunchGivenUp(c, timing, noon) }

func taskStarted(c call.Call) (call.Change, error) {
	return call.TaskStarted(c, c.Attempt, task, timing, noon)
}

func startFailed(c call.Call) (call.Change, error) {
	return call.StartFailed(c, c.Attempt, "task_stopped", noon)
}

func canceled(c call.Call) (call.Change, error) {
	return call.CanceledBeforeDial(c, "canceled", noon)
}

// closedOften is a launching call whose attempts were closed n times.
func closedOften(n int) call.Call {
	c := launching(until(noon.Add(time.Hour)))
	for range n {
		c = admit(made(call.StartFailed(c, c.Attempt, "start_timeout", morning)).After, morning)
	}
	return c
}

func closedTooOften() call.Call {
	return made(call.StartFailed(closedOften(call.MaxClosed-1), call.MaxClosed, "start_timeout", morning)).After
}

// resentOnce has sent its job again once, and is due at noon.
func resentOnce() call.Call {
	c := launching()
	c.Due = morning
	c = made(call.JobResent(c, timing, morning)).After
	c.Due = noon
	return c
}

func acceptedAtLaunch() []accepted {
	atNoon := func(c call.Call) call.Call { c.Due = noon; return c }
	back, ready := call.Counts{Active: -1, Waiting: 1}, call.LaneEffect{Ready: 1}
	failed := call.Counts{Active: -1, Failed: 1}
	cases := []accepted{
		{
			"a job sent again is counted, and the next is owed after twice the wait", call.MoveJobResent, atNoon(launching()), jobResent,
			func(w *call.Change) { w.After.Resends, w.After.Due = 1, noon.Add(2*timing.Resend) }, 0,
			call.LaneEffect{},
			call.Counts{},
		},
		{
			"the wait doubles with each job", call.MoveJobResent, resentOnce(), jobResent,
			func(w *call.Change) { w.After.Resends, w.After.Due = 2, noon.Add(4*timing.Resend) }, 0,
			call.LaneEffect{},
			call.Counts{},
		},
		{
			"a launch refused for lack of room costs the call nothing but time", call.MoveLaunchRefused,
			launching(until(noon.Add(time.Hour))), refusedForRoom,
			func(w *call.Change) {
				nextAttempt(w, "no_capacity")
				w.Claim, w.Backoff = call.ClaimClose, &backoff
			}, -1, ready, back,
		},
		{
			"a launch refused for good is a dead letter", call.MoveLaunchRefused, launching(), refusedForGood,
			func(w *call.Change) {
				deadLetter(w, call.CauseLaunchRefused, "No such image.")
				w.Claim = call.ClaimClose
			}, -1,
			call.LaneEffect{},
			failed,
		},
		{
			"a launch that nobody answered for more than a day is a dead letter", call.MoveLaunchGivenUp, usedUp(), givenUp,
			func(w *call.Change) {
				deadLetter(w, call.CauseLaunchTriesUsed, "No answer to the launch for more than a day.")
				w.Claim = call.ClaimClose
			}, -1,
			call.LaneEffect{},
			failed,
		},
		{
			"an accepted task has its time to start", call.MoveTaskStarted, launching(), taskStarted,
			func(w *call.Change) {
				w.After.Task, w.After.Due = task, noon.Add(timing.Start)
				step(w, call.Starting, "task_started")
			}, 0,
			call.LaneEffect{},
			call.Counts{},
		},
		{
			"a task that is to be stopped gets no time to start", call.MoveTaskStarted, unwanted(launching()), taskStarted,
			func(w *call.Change) {
				w.After.Task = task
				step(w, call.Starting, "task_started")
			}, 0,
			call.LaneEffect{},
			call.Counts{},
		},
		{
			"late news of a task that is gone puts nothing off", call.MoveTaskStarted, lost(launching()), taskStarted,
			func(w *call.Change) {
				w.After.Task = task
				step(w, call.Starting, "task_started")
			}, 0,
			call.LaneEffect{},
			call.Counts{},
		},
		{
			"a waiting call is canceled there and then", call.MoveCanceled, queued(until(noon)), canceled,
			func(w *call.Change) { final(w, call.Canceled, "canceled") },
			0,
			call.LaneEffect{Ready: -1},
			call.Counts{Waiting: -1, Canceled: 1},
		},
		{
			"a call that waits for its time is canceled there and then", call.MoveCanceled, scheduled(), canceled,
			func(w *call.Change) { final(w, call.Canceled, "canceled") },
			0,
			call.LaneEffect{Schedule: -1},
			call.Counts{Waiting: -1, Canceled: 1},
		},
	}
	for _, s := range []call.Status{call.Launching, call.Starting} {
		cases = append(
			cases,
			accepted{
				"an attempt that can't start while " + string(s) + " is closed and the next one waits", call.MoveStartFailed, in(s), startFailed,
				func(w *call.Change) {
					w.After.Closed = 1
					nextAttempt(w, "task_stopped")
					w.Claim = call.ClaimClose
				}, -1, ready, back,
			},
			accepted{
				"a call that is " + string(s) + " is canceled by closing its claim", call.MoveCanceled, in(s), canceled,
				func(w *call.Change) {
					final(w, call.Canceled, "canceled")
					w.Claim = call.ClaimClose
				}, -1,
				call.LaneEffect{},
				call.Counts{Active: -1, Canceled: 1},
			},
		)
	}
	started := made(call.TaskStarted(closedOften(call.MaxClosed-1), call.MaxClosed, task, timing, morning)).After
	for _, c := range []call.Call{closedOften(call.MaxClosed - 1), started} {
		cases = append(cases, accepted{
			"a call that is " + string(c.Status) + " in the last of its attempts becomes a dead letter when it can't start", call.MoveStartFailed, c, startFailed,
			func(w *call.Change) {
				w.After.Closed = call.MaxClosed
				deadLetter(w, call.CauseLaunchTriesUsed, "Its task did not start in any of several attempts; the last: task_stopped.")
				w.Claim = call.ClaimClose
			}, -1,
			call.LaneEffect{},
			failed,
		})
	}
	return cases
}

func refusedAtLaunch() []refused {
	wish := unwanted(launching())
	early := launching()
	early.Due = noon.Add(time.Millisecond)
	unwantedAndUsedUp, soon := usedUp(), usedUp()
	unwantedAndUsedUp.CancelRequested = true
	soon.Due = noon.Add(time.Millisecond)
	fewer := usedUp()
	fewer.Resends--
	return []refused{
		{"a job is not sent again before the call is due", call.MoveJobResent, early, jobResent, "it is not due"},
		{"a job is not sent again for ever", call.MoveJobResent, usedUp(), jobResent, "its jobs are used up"},
		{"a job is not sent again for a call that is to be canceled", call.MoveJobResent, wish, jobResent, "its cancel is requested"},
		{"a launch is not given up while jobs are left", call.MoveLaunchGivenUp, fewer, givenUp, "its jobs are not used up"},
		{"a launch is not given up before the last job had its time", call.MoveLaunchGivenUp, soon, givenUp, "its jobs are not used up"},
		{"a call that is to be canceled is no dead letter of tries", call.MoveLaunchGivenUp, unwantedAndUsedUp, givenUp, "its cancel is requested"},
		{"a call that is to be canceled never waits again after a refusal", call.MoveLaunchRefused, wish, refusedForRoom, "its cancel is requested"},
		{"a call that is to be canceled is no dead letter of a refusal", call.MoveLaunchRefused, wish, refusedForGood, "its cancel is requested"},
		{"a call that is to be canceled never waits again after a failed start", call.MoveStartFailed, unwanted(starting()), startFailed, "its cancel is requested"},
	}
}

func TestMovesOfALaunch(t *testing.T) {
	t.Parallel()
	for _, m := range acceptedAtLaunch() {
		t.Run(m.name, m.test)
	}
	for _, m := range refusedAtLaunch() {
		t.Run(m.name, m.test)
	}
}

// Two trackers that look at the same time must not use up the waits twice as
// fast: an outage of less than a day kills no healthy call (R6).
func TestTheJobsOfALaunchLastMoreThanADay(t *testing.T) {
	t.Parallel()
	for _, first := range []time.Duration{time.Second, 30 * time.Second, time.Minute, 7 * time.Minute, time.Hour} {
		t.Run(first.String(), func(t *testing.T) {
			t.Parallel()
			timing := call.DefaultTiming()
			timing.Resend = first
			launchAt, a := call.Capacity{Limit: 1, Rate: 1}.Admit(morning)
			c := made(call.Admitted(queued(), launchAt, a, "agent:1", timing, morning)).After
			wait, longest := time.Duration(0), time.Duration(0)
			for now := launchAt; c.Status == call.Launching; now = now.Add(10 * time.Second) {
				before := c
				for _, tracker := range []moving{
					func(c call.Call) (call.Change, error) { return call.JobResent(c, timing, now) },
					func(c call.Call) (call.Change, error) { return call.JobResent(c, timing, now) },
					func(c call.Call) (call.Change, error) { return call.LaunchGivenUp(c, timing, now) },
				} {
					if ch, err := tracker(c); err == nil {
						c = ch.After
					}
				}
				if c.Version > before.Version+1 {
					t.Fatalf("%d moves at once", c.Version-before.Version)
				}
				if c.Resends > before.Resends {
					wait = c.Due.Sub(now)
					longest = max(longest, wait)
				}
				if wait > call.MaxResend {
					t.Fatalf("a wait of %v", wait)
				}
				if now.After(launchAt.Add(48 * time.Hour)) {
					t.Fatalf("never given up; %d jobs sent again, due %v", c.Resends, c.Due)
				}
			}
			if lived := c.EndedAt.Sub(launchAt); lived < 24*time.Hour || lived > 28*time.Hour {
				t.Errorf("given up after %v", lived)
			}
			if longest != call.MaxResend {
				t.Errorf("the longest wait is %v; it should double up to %v", longest, call.MaxResend)
			}
		})
	}
}
