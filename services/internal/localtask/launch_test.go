package localtask_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/outdial/outdial/services/internal/localtask"
	"github.com/outdial/outdial/services/internal/task"
)

func TestALaunchThatFailsForCertain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(t *testing.T, c *localtask.Config)
	}{
		{"the program is missing", func(_ *testing.T, c *localtask.Config) { c.Command[0] = "/does/not/exist" }},
		{"the program can't be run", func(t *testing.T, c *localtask.Config) {
			t.Helper()
			c.Command[0] = filepath.Join(t.TempDir(), "program")
			if err := os.WriteFile(c.Command[0], []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"the log is a folder", func(t *testing.T, c *localtask.Config) { t.Helper(); c.LogFile = t.TempDir() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			b.open(func(config *localtask.Config) { c.change(t, config) })
			if arn, err := b.Run(t.Context(), request(atOnce)); !errors.Is(err, task.ErrRefused) {
				t.Fatalf("gave %q, %v; want refused", arn, err)
			}
			if s := b.state("local:task/call_a-2"); s != task.Missing {
				t.Errorf("the task is %s, want missing", s)
			}
			// Nothing stands in the way of the same launch once the cause is gone.
			b.open(nil)
			b.run(atOnce)
			if all := b.told(1); len(all) != 1 || all[0].Reason != "exit status 7" {
				t.Errorf("told %+v", all)
			}
		})
	}
}

func TestWhatAFailedLaunchMeans(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]error{
		syscall.ENOENT: task.ErrRefused, syscall.EACCES: task.ErrRefused, syscall.ENOEXEC: task.ErrRefused,
		exec.ErrNotFound: task.ErrRefused, syscall.E2BIG: task.ErrRefused,
		syscall.EAGAIN: task.ErrNoCapacity, syscall.ENOMEM: task.ErrNoCapacity, syscall.EMFILE: task.ErrNoCapacity,
		syscall.ENFILE: task.ErrNoCapacity, syscall.ENOSPC: task.ErrNoCapacity, syscall.ETXTBSY: task.ErrNoCapacity,
	} {
		got := localtask.Refusal(&os.PathError{Op: "fork/exec", Path: "/bin/outdial", Err: err})
		if !errors.Is(got, want) || !errors.Is(got, err) {
			t.Errorf("%v means %v, want %v with its cause", err, got, want)
		}
	}
}

func TestATokenThatCanNotBeAFileNameIsRefused(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.open(nil)
	for _, token := range []string{"", "../x", "a/b", "a b", strings.Repeat("x", 65)} {
		r := request(atOnce)
		r.ClientToken = token
		if arn, err := b.Run(t.Context(), r); !errors.Is(err, task.ErrRefused) {
			t.Errorf("%q gave %q, %v", token, arn, err)
		}
	}
}
