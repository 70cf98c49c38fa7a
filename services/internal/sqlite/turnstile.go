package sqlite

import (
	"os"
	"time"
)

// turnstile lets the processes that want to write pass one by one. SQLite's own
// waiting is a poll that gets slower: beside a busy server, which begins its next
// transaction the moment one is over, an agent would wait for seconds and then
// give up. Whoever waits for SQLite's lock stands in the turnstile meanwhile, so
// the server can't begin again before it.
//
// It is a courtesy and no lock: without it all is still correct. So whatever goes
// wrong with its file, the write goes on, and SQLite decides.
type turnstile struct {
	path     string
	patience time.Duration // how long to wait in front of it
	file     *os.File
}

// enter waits until nobody else stands in the turnstile, and gives the way out of it.
func (t *turnstile) enter() (leave func()) {
	if t.file == nil {
		f, err := os.OpenFile(t.path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return func() {}
		}
		t.file = f
	}
	const first, longest = 100 * time.Microsecond, 2 * time.Millisecond
	deadline := time.Now().Add(t.patience)
	for pause := first; !lock(t.file); pause = min(2*pause, longest) {
		if time.Now().After(deadline) {
			return func() {}
		}
		time.Sleep(pause)
	}
	return func() { unlock(t.file) }
}

func (t *turnstile) close() error {
	if t.file == nil {
		return nil
	}
	err := t.file.Close()
	t.file = nil
	return err
}
