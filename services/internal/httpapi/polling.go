package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/outdial/outdial/contracts/api"
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
	return bytesETag(encoded), nil
}

// bytesETag is the entity tag of an answer that is written already, in parts.
func bytesETag(parts ...[]byte) string {
	sum := sha256.New()
	for _, part := range parts {
		sum.Write(part) // which never fails
	}
	return `"` + hex.EncodeToString(sum.Sum(nil)[:8]) + `"`
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
	pollList     = 3
	pollStill    = 10 // nothing moves, but it may at any time
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

// pollOfBatch says when to look at a batch again; nil once it is finished. Where
// none of its calls is under way and none may start, its counts stand still.
func (s *Server) pollOfBatch(ctx context.Context, b call.Batch, n call.Counts) (*int, error) {
	after := pollBatch
	switch {
	case n.Finished() && b.Due.IsZero():
		return nil, nil
	case n.Active > 0:
	case b.State == call.StatePaused:
		after = pollStill
	case b.State == call.StateActive && b.Due.IsZero(): // all rows are calls
		lane, err := s.Store.Lane(ctx, b.Lane())
		if err != nil {
			return nil, fmt.Errorf("read the lane of batch %s: %w", b.ID, err)
		}
		if lane.Ready == 0 { // all of them wait for a time
			after = pollStill
		}
	}
	return &after, nil
}

// pollOfCapacity says when to look at the capacity again.
func pollOfCapacity(c api.Capacity) *int {
	after := pollStill
	if c.InUse > 0 || c.Waiting.Capacity+c.Waiting.Rate+c.Waiting.Backoff > 0 {
		after = pollCapacity
	}
	return &after
}

// polledList is what a client is told that polls a list: its tag, and when to look
// at it again. Nothing is ever the last word on a list.
func polledList[T any](page any, items []T, final func(T) bool) (api.NotModifiedResponseHeaders, error) {
	after := pollStill
	for _, item := range items {
		if !final(item) {
			after = pollList
		}
	}
	etag, err := contentETag(page)
	return api.NotModifiedResponseHeaders{ETag: etag, RetryAfter: &after}, err
}

// pollOfRedrive says when to look at a redrive again; nil once it is done.
func pollOfRedrive(r call.Redrive) *int {
	if r.Done {
		return nil
	}
	after := pollRedrive
	return &after
}
