package mutants_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// internal is the folder that the files of edits are below.
const internal = "../.."

// edit is a change of one place in a file.
type edit struct {
	file     string // below internal
	old, new string // old is there exactly once
}

// patched is the text of each file that the mutant changes.
func (m mutant) patched() (map[string]string, error) {
	files := map[string]string{}
	for _, e := range m.edits {
		text, ok := files[e.file]
		if !ok {
			b, err := os.ReadFile(filepath.Join(internal, e.file))
			if err != nil {
				return nil, err
			}
			text = string(b)
		}
		if n := strings.Count(text, e.old); n != 1 || e.old == e.new {
			return nil, fmt.Errorf("the patch doesn't apply any more: %s has this %d times, and not once:\n%s", e.file, n, e.old)
		}
		files[e.file] = strings.Replace(text, e.old, e.new, 1)
	}
	return files, nil
}

// program is the simulation's program, built from a changed source.
type program struct {
	path string
	err  error // why there is none
}

// build builds it with the text of some files replaced.
func build(t *testing.T, files map[string]string) program {
	t.Helper()
	dir := t.TempDir()
	replace := map[string]string{}
	for name, text := range files {
		original, err := filepath.Abs(filepath.Join(internal, name))
		if err != nil {
			t.Fatal(err)
		}
		replace[original] = filepath.Join(dir, strings.ReplaceAll(name, "/", "-"))
		if err := os.WriteFile(replace[original], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "prove")
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	c := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-overlay", list, "-o", path, "./simulation/prove")
	c.Dir = internal
	if out, err := c.CombinedOutput(); err != nil {
		return program{err: fmt.Errorf("it doesn't compile: %w\n%s", err, out)}
	}
	return program{path: path}
}

// broken is how the program shows a broken promise.
var broken = regexp.MustCompile(`^seed (\d+): ([^:]+): (.*)`)

// prove runs so many histories, as the mutant of this number; 0 is none.
func (p program) prove(t *testing.T, number, histories int) finding {
	t.Helper()
	if p.err != nil {
		t.Fatal(p.err)
	}
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	c := exec.CommandContext(ctx, p.path, "-n", strconv.Itoa(histories), "-seed", "1", "-shrink=false")
	c.Env = append(os.Environ(), "GOMAXPROCS=1", switchVariable+"="+strconv.Itoa(number))
	c.WaitDelay = time.Second
	var out, log bytes.Buffer
	c.Stdout, c.Stderr = &out, &log
	err := c.Run()
	if ctx.Err() != nil {
		t.Fatalf("it is not through after %v", patience)
	}
	if err == nil {
		return finding{}
	}
	var exit *exec.ExitError
	found := broken.FindStringSubmatch(out.String())
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || found == nil {
		t.Fatalf("%v\n%s\n%s", err, out.String(), log.String())
	}
	seed, err := strconv.ParseUint(found[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return finding{seed, found[2], found[3]}
}

// programs are what each mutant is to be run with, by its number.
type programs map[int]program

// weaveAll builds programs that can be any of the mutants: one, unless a mutant
// doesn't compile. Then halves of them are tried, until it stands alone.
func (all programs) weaveAll(t *testing.T, mutants []mutant) {
	t.Helper()
	w := newWeave()
	var in []mutant
	for _, m := range mutants {
		files, err := m.patched()
		if err == nil && files != nil {
			err = w.add(m.number, files)
		}
		switch {
		case errors.Is(err, errAlone):
			all[m.number] = build(t, files)
		case err != nil:
			all[m.number] = program{err: err}
		default:
			in = append(in, m)
		}
	}
	p := build(t, w.overlay())
	if half := len(in) / 2; p.err != nil && half > 0 {
		all.weaveAll(t, in[:half])
		all.weaveAll(t, in[half:])
		return
	}
	for _, m := range in {
		all[m.number] = p
	}
}
