package agent_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/simcarrier"
)

var ports = []string{
	"TakeClaim", "Claim", "LookAndSettings", "Look", "Create", "Find", "NoteReference",
	"Status", "End", "NoteOutcome", "Publish",
}

// scenarios are calls of which each asks every port, in all of them together.
var scenarios = map[string]func(t *testing.T) *world{
	"answered": func(t *testing.T) *world {
		t.Helper()
		return newWorld(t, simcarrier.NumberAnswered)
	},
	"stopped during the talk": func(t *testing.T) *world {
		t.Helper()
		w := newWorld(t, simcarrier.NumberLongTalk)
		w.at(40*time.Second, func() { close(w.stop) })
		return w
	},
	"looked up": func(t *testing.T) *world {
		t.Helper()
		return newWorld(t, simcarrier.NumberLostAnswer)
	},
}

// whole is each scenario's outcome when nothing fails.
var whole = map[string]call.Status{
	"answered": call.Completed, "stopped during the talk": call.Canceled, "looked up": call.Completed,
}

// What fails a few times changes nothing about how the call ends. The one
// exception is an answer that can't be repeated: see the dial.
func TestEachPortFailsAFewTimes(t *testing.T) {
	t.Parallel()
	for scenario, begin := range scenarios {
		for _, port := range ports {
			for _, kind := range []faultKind{before, after, unclear} {
				for _, times := range []int{1, 3} {
					t.Run(fmt.Sprintf("%s/%s/%s/%d", scenario, port, kind, times), func(t *testing.T) {
						t.Parallel()
						w := begin(t)
						w.faults[port] = &fault{kind: kind, times: times}
						if err := w.run(); err != nil {
							t.Fatalf("gave %v", err)
						}
						want, reason := whole[scenario], call.FailureReason("")
						if port == "Create" && kind != after {
							want, reason = call.Failed, call.ReasonCarrierUnclear
						}
						if o := w.claim.Outcome; o.Status != want || o.Reason != reason {
							t.Errorf("the outcome is %+v, want %s %s", o, want, reason)
						}
						if o := w.claim.Outcome; w.claim.CarrierReference != o.CarrierReference {
							t.Errorf("noted the reference %q, want %q", w.claim.CarrierReference, o.CarrierReference)
						}
					})
				}
			}
		}
	}
}

// ending is how an agent must end when a port never works.
type ending struct {
	claimed, dialed, noted bool
	status                 call.Status // of the noted outcome
	well                   bool        // exit without an error
}

func TestEachPortFailsForEver(t *testing.T) {
	t.Parallel()
	well := ending{claimed: true, dialed: true, noted: true, status: call.Completed, well: true}
	notDialed := ending{claimed: true, noted: true, well: true}
	noOutcome := ending{claimed: true, dialed: true}
	unfound := ending{claimed: true, noted: true, status: call.Failed, well: true}
	for _, c := range []struct {
		port string
		kind faultKind
		want ending
	}{
		{"TakeClaim", before, ending{}},
		{"TakeClaim", unclear, ending{}},
		{"TakeClaim", after, well}, // the strong read finds the nonce
		{"LookAndSettings", before, notDialed},
		{"LookAndSettings", after, notDialed},
		{"LookAndSettings", unclear, notDialed},
		{"Look", before, well}, // a stop is told by signal too
		{"Look", after, well},
		{"Look", unclear, well},
		{"Create", before, unfound},
		{"Create", unclear, unfound},
		{"Create", after, well}, // the look-up finds the call
		{"NoteReference", before, well},
		{"NoteReference", after, well},
		{"NoteReference", unclear, well},
		{"Status", before, noOutcome},
		{"Status", after, noOutcome},
		{"Status", unclear, noOutcome},
		{"NoteOutcome", before, noOutcome},
		{"NoteOutcome", unclear, noOutcome},
		{"NoteOutcome", after, ending{claimed: true, dialed: true, noted: true, status: call.Completed}},
		{"Publish", before, ending{claimed: true, dialed: true, noted: true, status: call.Completed}},
		{"Publish", unclear, ending{claimed: true, dialed: true, noted: true, status: call.Completed}},
		{"Publish", after, ending{claimed: true, dialed: true, noted: true, status: call.Completed}},
	} {
		t.Run(fmt.Sprintf("%s/%s", c.port, c.kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simcarrier.NumberAnswered)
			w.faults[c.port] = &fault{kind: c.kind, times: -1}
			began := w.now
			err := w.run()
			got := ending{claimed: w.mine(), dialed: len(w.dials()) == 1, noted: w.claim.Outcome != nil, well: err == nil}
			if got.noted {
				got.status = w.claim.Outcome.Status
			}
			if got != c.want {
				t.Errorf("ended as %+v, want %+v; error %v", got, c.want, err)
			}
			if limit := 6 * time.Minute; w.now.Sub(began) > limit {
				t.Errorf("went on for %s", w.now.Sub(began))
			}
			if c.port == "Status" && !w.dials()[0].State(w.now).Status.Final() {
				t.Error("left a call behind that is not over")
			}
		})
	}
}

// The carrier can't be made to hang up: the agent waits until the call's own end.
func TestHangingUpFailsForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simcarrier.NumberLongTalk)
	w.faults["End"] = &fault{kind: before, times: -1}
	w.at(40*time.Second, func() { close(w.stop) })
	if err := w.runIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if o := w.claim.Outcome; o == nil || o.Status != call.Canceled || o.Duration != 60 {
		t.Errorf("the outcome is %+v, want canceled after the whole time limit", o)
	}
}

// The carrier answers again just before the agent gives up: the outcome still
// gets as many tries as any other.
func TestAnOutcomeThatComesLateIsStillNoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simcarrier.NumberAnswered)
	w.faults["Status"] = &fault{kind: before, times: -1}
	w.faults["NoteOutcome"] = &fault{kind: before, times: 8}
	w.at((30+60+60+59)*time.Second, func() { delete(w.faults, "Status") })
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
	if o := w.claim.Outcome; o.Status != call.Completed {
		t.Errorf("the outcome is %+v, want completed", o)
	}
}

// Two ports at a time, each failing a few times.
func TestPortsFailTogether(t *testing.T) {
	t.Parallel()
	kinds := []faultKind{before, after, unclear}
	if testing.Short() {
		kinds = kinds[1:2]
	}
	for scenario, begin := range scenarios {
		for i, first := range ports {
			for _, second := range ports[i+1:] {
				for _, kind := range kinds {
					w := begin(t)
					w.faults[first], w.faults[second] = &fault{kind: kind, times: 2}, &fault{kind: kind, times: 2}
					if err := w.run(); err != nil {
						t.Errorf("%s, %s and %s %s: %v", scenario, first, second, kind, err)
					}
				}
			}
		}
	}
}
