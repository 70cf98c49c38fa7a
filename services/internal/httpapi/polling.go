package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// callETag changes whenever what is shown of a call does: with each move, and
// with the reason for which it waits.
func callETag(c call.Call, reason string) string {
	if reason == "" {
		return fmt.Sprintf(`"%d"`, c.Version)
	}
	return fmt.Sprintf(`"%d-%s"`, c.Version, reason)
}

// contentETag is the entity tag of an answer that comes from several items.
func contentETag(body any) (string, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return "", fmt.Errorf("encode the answer: %w", err)
	}
	sum := sha256.Sum256(encoded)
	return `"` + hex.EncodeToString(sum[:8]) + `"`, nil
}

// matches compares as RFC 9110, section 13.1.2 says: weakly, with each of a list.
func matches(ifNoneMatch *string, etag string) bool {
	if ifNoneMatch == nil {
		return false
	}
	for candidate := range strings.SplitSeq(*ifNoneMatch, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == etag {
			return true
		}
	}
	return false
}

// Polling: seconds until the next look is worth it.
const (
	pollActive   = 1
	pollTalk     = 2
	pollBatch    = 2
	pollCapacity = 3
	pollRedrive  = 1
	pollMost     = 30

	pollDeadLetters = 30
	pollSamples     = 60 // they are taken once a minute
)

// pollCall says when to look at a call again; nil once it is final. A call that
// has waited for long will hardly start in the next second.
func pollCall(c call.Call, now time.Time) *int {
	after := pollActive
	switch {
	case c.Status.Final():
		return nil
	case c.Status == call.InProgress:
		after = pollTalk
	case c.Ready():
		after += int(now.Sub(c.ReadyAt) / (30 * time.Second))
	case c.Status == call.Queued:
		after = int(c.Wait.Until.Sub(now)/time.Second) + 1
	}
	after = min(max(after, pollActive), pollMost)
	return &after
}

func pollOfBatch(b call.Batch, n call.Counts) *int {
	if n.Waiting == 0 && n.Active == 0 && b.Due.IsZero() {
		return nil
	}
	after := pollBatch
	return &after
}

// pollOfRedrive says when to look at a redrive again; nil once it is done.
func pollOfRedrive(r call.Redrive) *int {
	if r.Done {
		return nil
	}
	after := pollRedrive
	return &after
}
