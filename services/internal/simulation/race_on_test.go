//go:build race

package simulation_test

// raceDetector makes everything ten times slower. A history is sequential, so it
// has little to find here.
const raceDetector = true
