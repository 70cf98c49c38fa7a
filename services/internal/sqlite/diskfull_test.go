//go:build unix

package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/sqlite"
	"github.com/outdial/outdial/services/internal/verify"
)

// The system refuses to make the log any longer, which shows when a group is
// committed. What was answered for is there, and with room again the process goes on.
func TestALogThatCanGrowNoMoreLosesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outdial.db")
	db := open(t, sqlite.Options{Path: path})
	told := start(t, "fill the disk", path).end(t)
	if len(told["refused"]) != 1 || len(told["created"]) < afterwards {
		t.Errorf("%d calls created, %d refused", len(told["created"]), len(told["refused"]))
	}
	have(t, db, told["created"])
	if err := verify.Check(t.Context(), db); err != nil {
		t.Error(err)
	}
}

// afterwards is how many calls are created when there is room again.
const afterwards = 5

func init() { roles["fill the disk"] = playFull }

func playFull(ctx context.Context, db *sqlite.DB) error {
	signal.Ignore(syscall.SIGXFSZ) // the write fails instead
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	small := limit
	small.Cur = 500_000 // bytes
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
		return err
	}
	var err error
	for err == nil {
		err = createOne(ctx, db)
	}
	if !errors.Is(err, call.ErrUnclear) || !errors.Is(err, sqlite.ErrIO) {
		return fmt.Errorf("the call was refused with: %w", err)
	}
	tell("refused", "1")
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	for range afterwards {
		if err := createOne(ctx, db); err != nil {
			return err
		}
	}
	return nil
}
