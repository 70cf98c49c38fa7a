package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
)

func TestWhatIsAbsentOfACapacityStaysAsItIs(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for _, c := range []struct {
		body    string
		limit   int
		rate    float64
		stopped bool
	}{
		{`{"limit":0}`, 0, 1000, false},
		{`{"limit":10000}`, 10_000, 1000, false},
		{`{"rate":0.001}`, 10_000, 0.001, false},
		{`{"rate":1000}`, 10_000, 1000, false},
		{`{"stopped":true}`, 10_000, 1000, true},
		{`{"limit":3,"rate":2.5}`, 3, 2.5, true},
		{`{"stopped":false,"limit":4,"rate":20}`, 4, 20, false},
	} {
		now := b.clock.Advance(time.Second)
		got := b.root.put("/v1/capacity", c.body).is(http.StatusOK)
		room := decode[api.Capacity](got)
		if room.Limit != c.limit || room.Rate != c.rate || room.Stopped != c.stopped || !room.UpdatedAt.Equal(now) {
			t.Errorf("%s: it is %s", c.body, got.body)
		}
		if stored := b.anna.get("/v1/capacity"); string(stored.body) != string(got.body) {
			t.Errorf("%s: it is\n%s, and was answered\n%s", c.body, stored.body, got.body)
		}
	}
}

func TestACapacityOutOfBoundsIsRefused(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	before := b.anna.get("/v1/capacity")
	for body, field := range map[string]string{
		`{}`:                         "",
		`{"limit":-1}`:               "/limit",
		`{"limit":10001}`:            "/limit",
		`{"limit":1.5}`:              "/limit",
		`{"limit":"5"}`:              "/limit",
		`{"limit":null}`:             "/limit",
		`{"rate":0}`:                 "/rate",
		`{"rate":-1}`:                "/rate",
		`{"rate":1000.001}`:          "/rate",
		`{"rate":1e999}`:             "/rate",
		`{"stopped":"yes"}`:          "/stopped",
		`{"stopped":1}`:              "/stopped",
		`{"in_use":0}`:               "/in_use",
		`{"limit":5,"rate":0}`:       "/rate",
		`{"limit":5,"limits":6}`:     "/limits",
		`{"limit":5,"limit":6}`:      "/limit",
		`{"stopped":true,"rate":-0}`: "/rate",
	} {
		if _, err := b.root.put("/v1/capacity", body).problem(api.ProblemCodeInvalidRequest, field); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
	if after := b.anna.get("/v1/capacity"); string(after.body) != string(before.body) {
		t.Errorf("it became %s", after.body)
	}
}

func TestTheCapacityCountsWhoWaitsForWhat(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.anna.call("+12025550142")
	b.anna.batch("+12025550143", "+12025550144")
	paused := b.bert.batch("+12025550145", "+12025550146", "+12025550147").ID
	b.answer(call.BatchCallID(paused, 1))
	b.bert.post("/v1/batches/"+paused+"/pause", "").is(http.StatusAccepted)
	waiting := func() (int, api.WaitingCounts) {
		t.Helper()
		room := decode[api.Capacity](b.anna.get("/v1/capacity").is(http.StatusOK))
		return room.InUse, room.Waiting
	}
	if inUse, w := waiting(); inUse != 1 || w != (api.WaitingCounts{Capacity: 3, Paused: 2}) {
		t.Errorf("%d in use, waiting %+v", inUse, w)
	}
	b.root.put("/v1/capacity", `{"stopped":true}`).is(http.StatusOK)
	if _, w := waiting(); w != (api.WaitingCounts{Stopped: 3, Paused: 2}) {
		t.Errorf("stopped: waiting %+v", w)
	}
}

func TestManyWhoSetTheCapacityAtOnceLoseNoChange(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	fields := []string{`{"limit":7}`, `{"rate":3.5}`, `{"stopped":true}`}
	for _, a := range atOnce(30, func(i int) (*reply, error) {
		s := posting("/v1/capacity", fields[i%len(fields)])
		s.method = http.MethodPut
		return b.root.try(s)
	}) {
		if a.err != nil {
			t.Fatal(a.err)
		}
		if a.reply.status != http.StatusOK {
			a.reply.refused(api.ProblemCodeCapacityConflict, "-")
		}
	}
	if room := decode[api.Capacity](b.anna.get("/v1/capacity")); room.Limit != 7 || room.Rate != 3.5 || !room.Stopped {
		t.Errorf("it is %+v", room)
	}
}

func TestTheCapacitySaysSinceWhenAllIsStoppedAndByWhom(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	set := func(who user, body string) api.Capacity {
		t.Helper()
		b.tick()
		set := decode[api.Capacity](who.put("/v1/capacity", body).is(http.StatusOK))
		if shown := b.anna.get("/v1/capacity"); decode[api.Capacity](shown).Stopped != set.Stopped {
			t.Errorf("%s: it is %s", body, shown.body)
		}
		return set
	}
	stoppedBy := func(c api.Capacity, who string, at time.Time) {
		t.Helper()
		if c.StoppedBy == nil || *c.StoppedBy != who || c.StoppedAt == nil || !c.StoppedAt.Equal(at) {
			t.Errorf("it is %+v, not stopped by %s at %s", c, who, at)
		}
	}
	if c := set(b.root, `{"limit":3}`); c.StoppedAt != nil || c.StoppedBy != nil {
		t.Errorf("not stopped yet it is %+v", c)
	}
	stop := set(b.root, `{"stopped":true}`)
	at := b.clock.Now()
	stoppedBy(stop, "root", at)
	stoppedBy(set(b.robot, `{"stopped":true,"limit":4}`), "root", at)
	stoppedBy(set(b.robot, `{"rate":2}`), "root", at)
	if c := set(b.robot, `{"stopped":false}`); c.StoppedAt != nil || c.StoppedBy != nil {
		t.Errorf("not stopped any more it is %+v", c)
	}
	stoppedBy(set(b.robot, `{"stopped":true}`), "test-client", b.clock.Now())
}

func TestTheCapacityCountsAdmissions(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	admitted := func(want int64) {
		t.Helper()
		if room := decode[api.Capacity](b.anna.get("/v1/capacity").is(http.StatusOK)); room.Admitted != want {
			t.Errorf("%d admissions, not %d", room.Admitted, want)
		}
	}
	admitted(0)
	b.complete(b.anna.call("+12025550142").ID)
	b.deadLetter(b.anna.call("+12025550143").ID)
	admitted(2)
	b.root.post("/v1/dead-letters/redrive", `{"all":true}`).is(http.StatusAccepted)
	b.root.put("/v1/capacity", `{"limit":3,"rate":1,"stopped":true}`).is(http.StatusOK)
	b.expand()
	admitted(2)
}
