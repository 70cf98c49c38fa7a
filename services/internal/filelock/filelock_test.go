package filelock_test

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/outdial/outdial/services/internal/filelock"
)

func TestLocksOfOneFile(t *testing.T) {
	t.Parallel()
	type try func(*os.File) (bool, error)
	for _, c := range []struct {
		name          string
		first, second try
		want          bool // the second gets it beside the first
	}{
		{"exclusive excludes exclusive", filelock.TryExclusive, filelock.TryExclusive, false},
		{"exclusive excludes shared", filelock.TryExclusive, filelock.TryShared, false},
		{"shared excludes exclusive", filelock.TryShared, filelock.TryExclusive, false},
		{"shared goes with shared", filelock.TryShared, filelock.TryShared, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "lock")
			first, second := open(t, path), open(t, path)
			for range 2 { // whoever holds it may take it again
				if ok, err := c.first(first); !ok || err != nil {
					t.Fatalf("the first got %t, %v", ok, err)
				}
			}
			if ok, err := c.second(second); ok != c.want || err != nil {
				t.Errorf("the second got %t, %v; want %t", ok, err, c.want)
			}
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			if ok, err := c.second(second); !ok || err != nil {
				t.Errorf("after the first is closed, the second got %t, %v", ok, err)
			}
		})
	}
}

func TestWaitingForALock(t *testing.T) {
	t.Parallel()
	for name, lock := range map[string]func(*os.File) error{"exclusive": filelock.Exclusive, "shared": filelock.Shared} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "lock")
			first, second := open(t, path), open(t, path)
			if err := filelock.Exclusive(first); err != nil {
				t.Fatal(err)
			}
			var closing atomic.Bool
			got := make(chan error, 1)
			go func() {
				err := lock(second)
				if !closing.Load() {
					t.Error("the second did not wait")
				}
				got <- err
			}()
			closing.Store(true)
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			if err := <-got; err != nil {
				t.Error(err)
			}
		})
	}
}

func open(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}
