package devissuer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// file is one JSON document in the data folder. It is always replaced whole, so a
// reader finds the old one or the new one and needs no lock.
type file[T any] struct {
	path   string
	what   string // what it holds, and
	remedy string // what to do if it can't be read: parts of a sentence
	check  func(T) error
}

// read gives the document; false if there is no file.
func (f file[T]) read() (T, bool, error) {
	var doc T
	data, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return doc, false, nil
	}
	if err != nil {
		return doc, false, fmt.Errorf("read %s of the development issuer: %w", f.what, err)
	}
	if err = json.Unmarshal(data, &doc); err == nil {
		err = f.check(doc)
	}
	if err != nil {
		return doc, false, fmt.Errorf("%s does not hold %s of the development issuer (%w); it was left as it is: %s", f.path, f.what, err, f.remedy)
	}
	return doc, true, nil
}

// update reads the document (the zero one if there is no file), lets change work on
// it, and writes it if change says so. No other process writes meanwhile.
func (f file[T]) update(change func(doc *T, exists bool) (write bool, err error)) (err error) {
	unlock, err := lock(filepath.Join(filepath.Dir(f.path), "issuer.lock"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	doc, exists, err := f.read()
	if err != nil {
		return err // a file that can't be read is never written over
	}
	write, err := change(&doc, exists)
	if err != nil || !write {
		return err
	}
	data, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", f.what, err)
	}
	if err := replace(f.path, append(data, '\n')); err != nil {
		return fmt.Errorf("write %s of the development issuer: %w", f.what, err)
	}
	return nil
}

// replace writes a file so that a crash leaves the old one or the new one: the
// data is on disk before the name is, and the name before anybody is answered.
func replace(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	temp, err := os.CreateTemp(dir, filepath.Base(path)+".*.tmp") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temp.Name()))
		}
	}()
	_, err = temp.Write(data)
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if err = os.Rename(temp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// lock waits for the lock of the folder. The system gives it back when its holder
// dies, so it can't be left behind.
func lock(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock of the development issuer: %w", err)
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	return f.Close, nil // closing gives the lock back
}
