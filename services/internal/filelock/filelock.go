// Package filelock locks files among processes, with flock(2).
//
// A lock belongs to the open file, not to the process: a child that inherits the
// descriptor holds it too, two opens of one file exclude each other even within
// one process, and the kernel gives it back when the last descriptor is closed,
// however the process ended. It holds on local file systems of Linux and macOS.
package filelock

import (
	"errors"
	"os"
	"syscall"
)

// Exclusive waits until no other open file holds a lock, and takes it.
func Exclusive(f *os.File) error { return flock(f, syscall.LOCK_EX) }

// Shared waits until no other open file holds the exclusive lock, and takes a shared one.
func Shared(f *os.File) error { return flock(f, syscall.LOCK_SH) }

// TryExclusive takes the lock if no other open file holds one, and tells whether it did.
func TryExclusive(f *os.File) (bool, error) { return try(f, syscall.LOCK_EX) }

// TryShared takes a shared lock if no other open file holds the exclusive one,
// and tells whether it did.
func TryShared(f *os.File) (bool, error) { return try(f, syscall.LOCK_SH) }

func try(f *os.File, how int) (bool, error) {
	err := flock(f, how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.EINTR) {
			return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
		}
	}
}
