package simcarrier_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/simcarrier"
)

// FuzzLog: whatever stands in the log of dials, reading it gives its dials or an
// error; a reference gives a dial of this log or none; and a dial that is made is
// added behind what is whole, unless the file is no log at all.
func FuzzLog(f *testing.F) {
	line := `{"reference":"sim-000000000000","call_id":"call_a","attempt":1,"nonce":"n","number":"+12025550101","at":"2026-03-02T09:00:00Z","ring_at":"2026-03-02T09:00:01Z","end_at":"2026-03-02T09:00:02Z","status":"busy"}` + "\n"
	for _, log := range []string{"", "\n", line, line + line, line + line[:40], "no dial\n", "null\n", line + "\x00\x00", "{}\n", `{"reference":"sim-000000000000","at":7}` + "\n"} {
		f.Add([]byte(log), "sim-000000000000")
		f.Add([]byte(log), "sim-0000000000d5")
	}
	f.Add([]byte(line), "sim-00000000000g")
	f.Add([]byte(line), "../dials.jsonl")
	f.Fuzz(func(t *testing.T, log []byte, reference string) {
		b := open(t, nil)
		path := filepath.Join(b.dir, "dials.jsonl")
		if err := os.WriteFile(path, log, 0o600); err != nil {
			t.Fatal(err)
		}
		before, err := simcarrier.ReadDials(b.dir)
		readable := err == nil

		if _, err := b.Status(t.Context(), reference); err == nil && !bytes.Contains(log, []byte(reference)) && !bytes.ContainsRune(log, '\\') {
			t.Errorf("%q has a status, and is not in the log", reference)
		} else if err != nil && !errors.Is(err, carrier.ErrNotFound) && readable {
			t.Errorf("the status of %q: %v", reference, err)
		}

		ref, err := b.Create(t.Context(), request("call_b", simcarrier.NumberBusy))
		if err != nil {
			if readable && len(log) < 4<<10 {
				t.Errorf("no dial can be added to a log that can be read: %v", err)
			}
			return
		}
		if s, err := b.Status(t.Context(), ref); err != nil || s.Status != carrier.Queued {
			t.Errorf("the dial that was made is %+v (%v)", s, err)
		}
		whole := log[:bytes.LastIndexByte(log, '\n')+1]
		if after, err := os.ReadFile(path); err != nil || !bytes.HasPrefix(after, whole) {
			t.Errorf("the log has changed before its end (%v):\n%q\n%q", err, log, after)
		}
		after, err := simcarrier.ReadDials(b.dir)
		if (err == nil) != readable || readable && (len(after) != len(before)+1 || !slices.EqualFunc(after[:len(before)], before, same)) {
			t.Errorf("before: %+v (readable: %t)\nafter: %+v (%v)", before, readable, after, err)
		}
	})
}

func same(a, b simcarrier.Dial) bool { return reflect.DeepEqual(a, b) }
