package simcarrier_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/simcarrier"
)

func TestATornLineIsCutOff(t *testing.T) {
	t.Parallel()
	for _, torn := range []string{`{"reference":"sim-0000`, "x", "\x00\x00\x00"} {
		for _, first := range []bool{true, false} {
			t.Run(fmt.Sprintf("%q, log empty before: %t", torn, first), func(t *testing.T) {
				t.Parallel()
				b := open(t, nil)
				want := 1
				if !first {
					b.create(request("call_a", simcarrier.NumberBusy))
					want = 2
				}
				path := filepath.Join(b.dir, "dials.jsonl")
				f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := f.WriteString(torn); err != nil {
					t.Fatal(err)
				}
				if err := f.Close(); err != nil {
					t.Fatal(err)
				}
				if got := len(b.dials()); got != want-1 {
					t.Errorf("%d dials are read before healing, want %d", got, want-1)
				}
				if s := b.status(b.create(request("call_b", simcarrier.NumberBusy))); s.Status != carrier.Queued {
					t.Errorf("the dial after it is %s, want queued", s.Status)
				}
				if got := len(b.dials()); got != want {
					t.Errorf("%d dials are read, want %d", got, want)
				}
			})
		}
	}
}

func TestALogThatIsNotOneIsAnError(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	if err := os.WriteFile(filepath.Join(b.dir, "dials.jsonl"), []byte("no dial\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if dials, err := simcarrier.ReadDials(b.dir); err == nil {
		t.Errorf("read %v, want an error", dials)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "dials.jsonl"), make([]byte, 1<<16), 0o600); err != nil {
		t.Fatal(err)
	}
	if ref, err := b.Create(t.Context(), request("call_a", simcarrier.NumberBusy)); !errors.Is(err, carrier.ErrUnclear) {
		t.Errorf("create gave %q, %v; want unclear", ref, err)
	}
}

func TestManyDialAtOnce(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	const dialers, each = 4, 20
	slow, err := simcarrier.Open(simcarrier.Default(b.dir), func() time.Time {
		<-time.After(time.Millisecond / 2) // gives the others time to come in between
		return b.now
	})
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for i := range dialers {
		wait.Go(func() {
			for j := range each {
				r := request(fmt.Sprintf("call_%d-%d", i, j), simcarrier.NumberLongTalk)
				ref, err := slow.Create(t.Context(), r)
				if err != nil {
					t.Errorf("create: %v", err)
					continue
				}
				if found, _, err := b.Find(t.Context(), r.CallID, 1, r.Nonce); err != nil || found != ref {
					t.Errorf("found %q, %v; want %q", found, err, ref)
				}
				if err := b.End(t.Context(), ref); err != nil {
					t.Errorf("end: %v", err)
				}
			}
		})
	}
	wait.Wait()
	seen := map[string]bool{}
	for _, d := range b.dials() {
		if d.HungUpAt.IsZero() {
			t.Errorf("%s was not hung up", d.CallID)
		}
		seen[d.CallID] = true
	}
	if len(seen) != dialers*each {
		t.Errorf("%d calls in the log, want %d", len(seen), dialers*each)
	}
}

func TestNothingDialedIsAnEmptyLog(t *testing.T) {
	t.Parallel()
	dials, err := simcarrier.ReadDials(t.TempDir())
	if err != nil || len(dials) != 0 {
		t.Errorf("read %v, %v; want nothing", dials, err)
	}
}
