package serve_test

import (
	"errors"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// TestAStormOnAFailingDisk: writes of the server and its agents fail again and
// again, and then succeed again: those that make a file longer than a limit, so
// sometimes only the database's log and sometimes all, task files, the carrier's
// log and what is printed included.
func TestAStormOnAFailingDisk(t *testing.T) {
	t.Parallel()
	failures := max(*stormKills/4, 6)
	if testing.Short() {
		failures = 2
	}
	s := newStorm(t, *stormSeed)
	s.up()
	s.people.begin(s.seed)
	s.people.submitList(20, s.draw)
	for failure := range failures {
		s.pause(500 * time.Millisecond)
		limit := uint64(0)
		if log, err := os.Stat(filepath.Join(s.data, "outdial.db-wal")); err == nil && s.draw.IntN(3) > 0 {
			limit = uint64(log.Size()) * s.draw.Uint64N(110) / 100
		}
		s.limitFiles(limit)
		s.pause(1500 * time.Millisecond)
		s.limitFiles(math.MaxUint64)
		s.say("%d of %d failures, files limited to %d bytes; %s", failure+1, failures, limit, s.people)
	}
	s.people.end()
	s.runOut()
	s.stop()
	s.count()
	refused := s.people.answers[http.StatusServiceUnavailable] + s.people.answers[http.StatusInternalServerError]
	if refused == 0 && !testing.Short() {
		t.Errorf("nobody was told of a failure: %v", s.people.answers)
	}
	t.Logf("seed %d: %d failures", s.seed, failures)
}

// limitFiles lets no file of the server and its agents grow beyond so many
// bytes. The server comes first: agents inherit its limit.
func (s *storm) limitFiles(bytes uint64) {
	s.t.Helper()
	if err := limitFileSize(s.process.Process.Pid, bytes); err != nil {
		s.t.Fatal(err)
	}
	for _, pid := range s.agents() {
		if err := limitFileSize(pid, bytes); err != nil && !errors.Is(err, syscall.ESRCH) {
			s.t.Fatal(err)
		}
	}
}

// limitFileSize sets RLIMIT_FSIZE of another process; see prlimit(2). Go
// programs ignore the signal that comes with the error.
func limitFileSize(pid int, bytes uint64) error {
	limit := syscall.Rlimit{Cur: bytes, Max: math.MaxUint64}
	_, _, err := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), syscall.RLIMIT_FSIZE, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if err != 0 {
		return err
	}
	return nil
}
