package call_test

import (
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

func TestAClaimIsWonOnce(t *testing.T) {
	t.Parallel()
	open := claimOf(queued())
	taken, err := open.Take("nonce", task, noon)
	if err != nil {
		t.Fatal(err)
	}
	want := open
	want.Holder, want.Nonce, want.Task, want.TakenAt = call.HolderAgent, "nonce", task, noon
	differ(t, "the taken claim", taken, want)
	closed, stopped := open, open
	closed.Holder, stopped.Stop = call.HolderControl, true
	for name, c := range map[string]call.Claim{
		"taken by an agent": taken, "closed by the control plane": closed, "open with a stop on it": stopped,
	} {
		got, err := c.Take("other", "task/b", noon)
		if !call.RefusedFor(err, call.ConditionClaim) {
			t.Errorf("a claim %s was taken: %v", name, err)
		}
		differ(t, "the claim "+name, got, c)
	}
}

func TestAClaimIsHeldByOneStartOfAnAgent(t *testing.T) {
	t.Parallel()
	taken, err := claimOf(queued()).Take("nonce", task, noon)
	if err != nil {
		t.Fatal(err)
	}
	closed := taken
	closed.Holder = call.HolderControl
	for _, c := range []struct {
		name  string
		claim call.Claim
		nonce string
		held  bool
	}{
		{"its own nonce", taken, "nonce", true},
		{"the nonce of another start", taken, "other", false},
		{"an open claim and no nonce", claimOf(queued()), "", false},
		{"a closed claim", closed, "nonce", false},
	} {
		if got := c.claim.HeldBy(c.nonce); got != c.held {
			t.Errorf("%s: held is %t", c.name, got)
		}
	}
}

func TestAClaimExpiresAfterTheCallsOwnLimits(t *testing.T) {
	t.Parallel()
	taken, err := claimOf(queued()).Take("nonce", task, noon)
	if err != nil {
		t.Fatal(err)
	}
	// a minute to ring, ten of talk, a minute of grace
	if got, want := taken.Expiry(timing), noon.Add(12*time.Minute); !got.Equal(want) {
		t.Errorf("expires at %v; want %v", got, want)
	}
}
