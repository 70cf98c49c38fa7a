package storetest

import "testing"

// Opener gives a new, empty store for one test, and sees to its end with
// t.Cleanup. What capacity it starts with does not matter: the suite sets it.
type Opener func(t testing.TB) Store

// test is one test of a suite: its name reads as a sentence.
type test struct {
	name string
	run  func(t *testing.T, open Opener)
}

// Run checks that a store does what Store says.
func Run(t *testing.T, open Opener) {
	groups := []struct {
		name  string
		tests []test
	}{
		{"calls", callTests},
		{"lives", lifeTests},
		{"claims", claimTests},
		{"capacity", capacityTests},
		{"lanes", laneTests},
		{"due", dueTests},
		{"keys", keyTests},
		{"batches", batchTests},
		{"rows", rowTests},
		{"redrives", redriveTests},
		{"samples", sampleTests},
		{"refusals", refusalTests},
		{"lists", listTests},
		{"properties", propertyTests},
		{"at once", concurrencyTests},
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) { runTests(t, g.tests, open) })
	}
}

func runTests(t *testing.T, tests []test, open Opener) {
	for _, one := range tests {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			one.run(t, open)
		})
	}
}
