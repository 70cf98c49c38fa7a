package devissuer

import (
	"fmt"
	"testing"
	"time"
)

func TestOldestSignInsGoFirst(t *testing.T) {
	t.Parallel()
	i := newIssuer(Config{Dir: t.TempDir()})
	expires := i.config.Now().Add(time.Hour)
	err := i.updateSignIns(func(s *signIns) (bool, error) {
		for n := range maxSignIns + 2 {
			name := fmt.Sprint(n)
			s.Sessions = append(s.Sessions, session{Hash: name, Expires: expires})
			s.Refresh = append(s.Refresh, refresh{Chain: name, Expires: expires})
		}
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	kept, _, err := i.signIns.read()
	if err != nil {
		t.Fatal(err)
	}
	if len(kept.Sessions) != maxSignIns || kept.Sessions[0].Hash != "2" {
		t.Errorf("%d sessions are kept, from %s", len(kept.Sessions), kept.Sessions[0].Hash)
	}
	if len(kept.Refresh) != maxSignIns || kept.Refresh[0].Chain != "2" {
		t.Errorf("%d refresh tokens are kept, from %s", len(kept.Refresh), kept.Refresh[0].Chain)
	}
}

func TestExpiredSignInsAreNotKept(t *testing.T) {
	t.Parallel()
	i := newIssuer(Config{Dir: t.TempDir()})
	past := i.config.Now().Add(-time.Second)
	fill := func(s *signIns) (bool, error) {
		s.Sessions = append(s.Sessions, session{Expires: past})
		s.Refresh = append(s.Refresh, refresh{Expires: past})
		return true, nil
	}
	nothing := func(*signIns) (bool, error) { return true, nil }
	for _, change := range []func(*signIns) (bool, error){fill, nothing} {
		if err := i.updateSignIns(change); err != nil {
			t.Fatal(err)
		}
	}
	kept, _, err := i.signIns.read()
	if err != nil || len(kept.Sessions) != 0 || len(kept.Refresh) != 0 {
		t.Errorf("kept are %+v, error %v", kept, err)
	}
}

func TestCodesAreForgotten(t *testing.T) {
	t.Parallel()
	var c codes
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for n := range maxCodes + 1 {
		c.add(fmt.Sprint(n), code{made: start.Add(time.Duration(n) * time.Millisecond)})
	}
	if _, oldest := c.list[hashSecret("0")]; len(c.list) != maxCodes || oldest {
		t.Errorf("%d codes are kept, the oldest: %v", len(c.list), oldest)
	}
	c.add("late", code{made: start.Add(codeMemory + time.Minute)})
	if len(c.list) != 1 {
		t.Errorf("%d codes are kept for too long", len(c.list)-1)
	}
}
