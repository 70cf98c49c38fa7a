package call

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Ids sort by the time of creation, so that lists need no other key:
//
//	call_<ULID>                    a single call
//	call_<ULID of batch>-<000001>  the calls of a batch, by ordinal from 1
//	batch_<ULID>  redrive_<ULID>
const (
	callPrefix    = "call_"
	batchPrefix   = "batch_"
	redrivePrefix = "redrive_"
)

// SingleID is the id of a single call.
func SingleID(ulid string) string { return callPrefix + ulid }

// BatchID is the id of a batch.
func BatchID(ulid string) string { return batchPrefix + ulid }

// RedriveID is the id of a redrive.
func RedriveID(ulid string) string { return redrivePrefix + ulid }

// BatchCallID is the id of the call made from the n-th accepted row of a batch,
// from 1. It is a function of both, so that expanding a row again adds nothing.
func BatchCallID(batchID string, n int) string {
	return fmt.Sprintf("%s%s-%06d", callPrefix, strings.TrimPrefix(batchID, batchPrefix), n)
}

// BatchOf is the batch whose call has this id. It is not ok for a single call.
func BatchOf(callID string) (batchID string, ok bool) {
	ulid, _, ok := strings.Cut(strings.TrimPrefix(callID, callPrefix), "-")
	if !ok {
		return "", false
	}
	return BatchID(ulid), true
}

// BatchesOf are the batches of these calls, each once, sorted; nil when there is none.
func BatchesOf(callIDs []string) []string {
	var ids []string
	for _, callID := range callIDs {
		if id, ok := BatchOf(callID); ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// ClientToken is the idempotency token of an attempt's launch, and the name
// under which its task is found: at most 64 characters of letters, digits, "_" and "-".
func ClientToken(callID string, attempt int) string {
	return fmt.Sprintf("%s-%d", callID, attempt)
}

// ParseClientToken gives the call and the attempt that ClientToken made a token of.
// It is not ok for anything else, such as what started a task that isn't ours.
func ParseClientToken(token string) (callID string, attempt int, ok bool) {
	parts := clientToken.FindStringSubmatch(token)
	if parts == nil || len(parts[1]) > len(callPrefix)+64 {
		return "", 0, false
	}
	attempt, err := strconv.Atoi(parts[2])
	return parts[1], attempt, err == nil
}

// clientToken doesn't count characters: every program compiles it when it starts,
// and {1,64} would take ten times as long.
var clientToken = regexp.MustCompile(`^(` + callPrefix + `[0-9A-Za-z-]+)-([1-9][0-9]*)$`)
