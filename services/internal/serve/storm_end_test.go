package serve_test

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/serve"
	"github.com/outdial/outdial/services/internal/simcarrier"
	"github.com/outdial/outdial/services/internal/sqlite"
	"github.com/outdial/outdial/services/internal/verify"
)

// largeList is how many rows a list has at least that is canceled in the end: a
// process for each of its calls would take too long.
const largeList = 1000

// runOut lets everything come to its end: nothing is stopped or paused any more.
func (s *storm) runOut() {
	s.t.Helper()
	p := s.people
	for _, id := range p.lists {
		if p.rows[id] >= largeList {
			p.aboutList(id, canceled)
		} else {
			p.aboutList(id, resumed)
		}
	}
	limit, rate, no := 20, 200.0, false
	p.setCapacity(api.SetCapacityRequest{Limit: &limit, Rate: &rate, Stopped: &no})
	least, since, said := -1, time.Now(), time.Now()
	for {
		left, seen := s.left()
		if left == 0 {
			return
		}
		if left < least || least < 0 {
			least, since = left, time.Now()
		}
		if time.Since(said) > 5*time.Second {
			said = time.Now()
			s.say("running out: %d calls have not ended", left)
		}
		if time.Since(since) > patience {
			s.t.Errorf("%d calls don't end; some of them: %s", left, strings.Join(seen, ", "))
			return
		}
		<-time.After(50 * time.Millisecond)
	}
}

// patience is after how much time without one more end nothing will end any
// more: far longer than anything waits for once it is due (see call.Timing).
const patience = 75 * time.Second

// left counts what has not ended, and names some of it.
func (s *storm) left() (n int, seen []string) {
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	c := s.server()
	room, err := c.GetCapacityWithResponse(ctx, nil)
	if err != nil || room.JSON200 == nil {
		return 1, []string{"the server does not answer"}
	}
	w := room.JSON200.Waiting
	n = room.JSON200.InUse + w.Capacity + w.Rate + w.Paused + w.Stopped + w.Backoff + w.Schedule + w.Retry + w.Window
	for _, id := range s.people.lists {
		b, err := c.GetBatchWithResponse(ctx, id, nil)
		if err == nil && b.StatusCode() == http.StatusNotFound {
			s.t.Fatalf("list %s was accepted and is lost", id)
		}
		if err != nil || b.JSON200 == nil {
			return 1, []string{id + " is not answered for"}
		}
		n += b.JSON200.Counts.Waiting // rows that are no calls yet, too
	}
	if n == 0 {
		return 0, nil
	}
	statuses := []api.CallStatus{
		api.CallStatusQueued, api.CallStatusLaunching, api.CallStatusStarting, api.CallStatusRinging, api.CallStatusInProgress,
	}
	list, err := c.ListCallsWithResponse(ctx, &api.ListCallsParams{Status: statuses})
	if err == nil && list.JSON200 != nil {
		for _, c := range list.JSON200.Calls[:min(5, len(list.JSON200.Calls))] {
			seen = append(seen, c.ID+" "+string(c.Status))
		}
	}
	return n, seen
}

// count reads the folder of the server that has stopped and counts what was promised.
func (s *storm) count() {
	t, ctx := s.t, s.t.Context()
	t.Helper()
	report := s.verify()
	most := s.mostDials()
	db, err := sqlite.OpenSnapshot(ctx, filepath.Join(s.data, "outdial.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	found, open, ended := s.found(db)
	lost := s.lost(found)
	slots := report.Checked.Slots
	t.Logf("%d calls: %d single ones and those of %d lists; answers by status (0: none): %v",
		len(found), len(s.people.calls), len(s.people.lists), s.people.answers)
	t.Logf("ended as %v", ended)
	t.Logf("dials %d, per attempt at most %d; calls without an end %d; slots left %d; rows and calls lost %d; findings of verify %d",
		report.Checked.Dials, most, open, slots, lost, len(report.Findings)+report.More)
	if most > 1 || open > 0 || slots > 0 || lost > 0 {
		t.Error("a promise was broken")
	}
	for _, line := range s.panics() {
		t.Errorf("the server said: %s", line)
	}
	s.noAgents()
}

// noAgents waits until the last agent has gone. One whose call was canceled may
// just be waiting to ask for its claim again.
func (s *storm) noAgents() {
	s.t.Helper()
	eventually(s.t, "all agents have ended, as every call is over", func() (bool, any) {
		pids := s.agents()
		return len(pids) == 0, pids
	})
}

// verify fails the test for each finding.
func (s *storm) verify() verify.Report {
	s.t.Helper()
	report, err := serve.Verify(s.t.Context(), s.data, time.Millisecond, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, finding := range report.Findings {
		s.t.Error(finding)
	}
	return report
}

// mostDials counts in the carrier's own log how often an attempt was dialed at most.
func (s *storm) mostDials() (most int) {
	dials, err := simcarrier.ReadDials(filepath.Join(s.data, "carrier"))
	if err != nil {
		s.t.Fatal(err)
	}
	attempts := map[string]int{}
	for _, d := range dials {
		token := call.ClientToken(d.CallID, d.Attempt)
		attempts[token]++
		most = max(most, attempts[token])
	}
	return most
}

// found are all calls of the store, how many of them have no end, and how the
// others ended.
func (s *storm) found(db *sqlite.Snapshot) (calls map[string]bool, open int, ended map[string]int) {
	calls, ended = map[string]bool{}, map[string]int{}
	page := call.Page{Limit: 1000}
	for {
		list, next, err := db.ListCalls(s.t.Context(), call.Filter{}, page)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, c := range list {
			calls[c.ID] = true
			how := string(c.Status)
			if !c.Status.Final() {
				open++
			}
			if c.Failure != nil {
				how += " (" + string(c.Failure.Reason) + ")"
			}
			ended[how]++
		}
		if page.After = next; next == "" {
			return calls, open, ended
		}
	}
}

// lost counts what was accepted and isn't there, and complains about what is
// there and was accepted by nobody.
func (s *storm) lost(found map[string]bool) (lost int) {
	want := map[string]bool{}
	for _, id := range s.people.calls {
		want[id] = true
	}
	for id, rows := range s.people.rows {
		for n := range rows {
			want[call.BatchCallID(id, n+1)] = true
		}
	}
	for id := range want {
		if !found[id] {
			lost++
			s.t.Errorf("%s was accepted and is lost", id)
		}
	}
	for id := range found {
		if !want[id] {
			s.t.Errorf("%s is there, though nobody was told of it: a request was taken twice", id)
		}
	}
	return lost
}
