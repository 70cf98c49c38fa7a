package serve_test

import (
	"database/sql"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// TestAStormOnALockedDatabase: another process keeps the database locked again
// and again, sometimes for longer than anybody waits, while people and calls go on.
func TestAStormOnALockedDatabase(t *testing.T) {
	t.Parallel()
	long := *stormKills > 0
	holds := max(*stormKills/10, 2)
	s := newStorm(t, *stormSeed)
	s.up()
	other, err := sql.Open("sqlite", filepath.Join(s.data, "outdial.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	conn, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run := func(text string) {
		t.Helper()
		if _, err := conn.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	run("PRAGMA busy_timeout = 20000")
	s.people.begin(s.seed)
	s.people.submitList(20, s.draw)
	for hold := range holds {
		s.pause(500 * time.Millisecond)
		run("BEGIN IMMEDIATE")
		if hold == 0 && long { // longer than a write waits behind another that waits
			<-time.After(2*busyServer + time.Second)
		} else {
			s.pause(1500 * time.Millisecond)
		}
		run("ROLLBACK")
		s.say("%d of %d times locked; %s", hold+1, holds, s.people)
	}
	s.people.end()
	s.runOut()
	s.stop()
	s.count()
	if s.people.answers[http.StatusServiceUnavailable] == 0 && long {
		t.Errorf("nobody was told that the server is unavailable: %v", s.people.answers)
	}
	t.Logf("seed %d: locked %d times", s.seed, holds)
}

// busyServer is how long a server waits for a locked file (see sqlite.Options).
const busyServer = 5 * time.Second
