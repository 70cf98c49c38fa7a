//go:build race

package sqlite_test

// raced: the race detector makes SQLite ten times slower.
const raced = true
