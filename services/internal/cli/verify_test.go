package cli_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/cli"
	"github.com/outdial/outdial/services/internal/sqlite"
	"github.com/outdial/outdial/services/internal/verify"
)

// dataFolder is a server's data folder with one waiting call.
func dataFolder(t *testing.T) string {
	t.Helper()
	data := t.TempDir()
	db, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(data, "outdial.db"), Capacity: call.Capacity{Limit: 1, Rate: 1}})
	if err != nil {
		t.Fatal(err)
	}
	waiting := call.Created(call.NewCall{
		ID: "call_01KJPQ0000000000000000000A", Owner: "ada", Number: "+12025550143", TimeLimit: 60,
	}, time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	if err := errors.Join(db.Apply(t.Context(), waiting), db.Close()); err != nil {
		t.Fatal(err)
	}
	return data
}

// spoil takes a slot for nobody, and makes the call's history end otherwise.
func spoil(t *testing.T, data string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(data, "outdial.db"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), "UPDATE capacity SET in_use = 1; UPDATE calls SET record = json_set(record, '$.attempt', 2)")
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	data := dataFolder(t)
	b := newBench(t, nil)
	b.env["OUTDIAL_DATA"] = data
	golden(t, "verify.pipe", b.run(t, "verify").expect(t, 0))
	b.terminal = true
	golden(t, "verify.terminal", b.run(t, "verify").expect(t, 0))
}

func TestVerifyTellsEachFinding(t *testing.T) {
	t.Parallel()
	data := dataFolder(t)
	spoil(t, data)
	b := newBench(t, nil)
	shown := func(o outcome) outcome {
		o.err = strings.ReplaceAll(o.err, data, "DATA")
		return o
	}
	golden(t, "verify-findings.pipe", shown(b.run(t, "verify", "--data", data).expect(t, 1)))
	b.terminal, b.width = true, 100
	golden(t, "verify-findings.terminal", shown(b.run(t, "verify", "--data", data).expect(t, 1)))
}

func TestVerifyAsJSON(t *testing.T) {
	t.Parallel()
	data := dataFolder(t)
	b := newBench(t, nil)
	for _, code := range []int{0, 1} {
		var r verify.Report
		if err := json.Unmarshal([]byte(b.run(t, "verify", "--data", data, "--json").expect(t, code).out), &r); err != nil {
			t.Fatal(err)
		}
		if r.Checked.Calls != 1 || (len(r.Findings) > 0) != (code == 1) {
			t.Errorf("exit code %d: %+v", code, r)
		}
		if code == 0 {
			spoil(t, data)
		}
	}
}

func TestWhatCantBeVerifiedIsASentence(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.run(t, "verify", "--data", filepath.Join(t.TempDir(), "nowhere")).expect(t, 4, "there is no data folder here")
	b.run(t, "verify", "--data", t.TempDir()).expect(t, 4, "there is no data file yet")
	b.run(t, "verify", "--data", t.TempDir(), "--clock-skew", "-1s").expect(t, 2, "must not be negative")
	b.run(t, "verify", "call_1").expect(t, 2, "takes flags only")
	delete(b.env, "HOME")
	b.run(t, "verify").expect(t, 2, "name the data folder")
}

// Whoever waits for a large folder sees how far it is.
func TestVerifyShowsItsProgress(t *testing.T) {
	t.Parallel()
	data := dataFolder(t)
	b := newBench(t, nil)
	b.change = func(o *cli.Options) {
		now := o.Now()
		o.Now = func() time.Time { now = now.Add(time.Second); return now }
		o.Tick = func(time.Duration) (<-chan time.Time, func()) {
			ticks := make(chan time.Time)
			stop := make(chan struct{})
			go func() {
				for {
					select {
					case ticks <- time.Time{}:
					case <-stop:
						return
					}
				}
			}()
			return ticks, func() { close(stop) }
		}
	}
	shown := false
	for range 200 { // it may be through before anything is shown
		if shown = shown || strings.Contains(b.run(t, "verify", "--data", data).err, "claims checked"); shown {
			break
		}
	}
	if !shown {
		t.Error("nothing is ever shown of its progress")
	}
}
