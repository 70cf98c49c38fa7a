// Package mutants breaks the system on purpose, one rule at a time, and passes
// only when the simulation notices each within a stated number of histories.
//
// A mutant is a small patch to the real source, which is built with
// `go build -overlay`; the code under test carries no switch for it. What a
// client library or a store could do wrong is put between the use cases and
// their ports instead. A patch that no longer applies, or that doesn't compile,
// fails its test: a mutant that changes nothing proves nothing.
//
// A mutant that survives shows a check that is missing in the simulation, or
// that another rule protects the same promise; then both are broken here.
//
//	go test ./internal/simulation/mutants -v -run 'TestMutants/R4'
package mutants
