package dynamo

import (
	"fmt"
	"hash/fnv"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/outdial/outdial/services/internal/call"
)

// key is the primary key of an item.
type key struct{ partition, sort string }

func (k key) item() item { return item{partitionKey: str(k.partition), sortKey: str(k.sort)} }

func keyOf(stored item) key { return key{strOf(stored, partitionKey), strOf(stored, sortKey)} }

func callKey(id string) key    { return key{"call#" + id, "call"} }
func batchKey(id string) key   { return key{"batch#" + id, "batch"} }
func redriveKey(id string) key { return key{"redrive#" + id, "redrive"} }

var capacityKey = key{"capacity", "capacity"}

// agentPrefix begins the partition keys of all that an agent may touch, and of
// nothing else: its policy is held to them by dynamodb:LeadingKeys.
const agentPrefix = "agent#"

func claimKey(callID string, attempt int) key {
	return key{agentPrefix + callID, fmt.Sprintf("claim#%06d", attempt)}
}

func settingsKey(batchID string) key { return key{agentPrefix + batchID, "settings"} }

// laneKey is the key of a lane. A batch's lane is found by the batch alone, since
// it counts the batch's calls too.
func laneKey(k call.LaneKey) key {
	if k.BatchID != "" {
		return batchLaneKey(k.BatchID)
	}
	return key{"lane#owner#" + k.Owner, "lane"}
}

func batchLaneKey(batchID string) key { return key{"lane#batch#" + batchID, "lane"} }

// turnsPartition holds the turns of all owners, so that one strong query tells
// who is next.
const turnsPartition = "turns"

func turnKey(owner string) key { return key{turnsPartition, "owner#" + owner} }

// idempotencyKey begins with the owner's length, so that no two pairs of owner
// and key are the same, whatever they hold.
func idempotencyKey(owner, name string) key {
	return key{fmt.Sprintf("key#%d#%s#%s", len(owner), owner, name), "key"}
}

// Rows are kept under a few keys for each batch: a hundred chunks are written
// within a second or two.
const rowShards = 4

func rowsPartition(batchID string, shard int) string {
	return fmt.Sprintf("rows#%s#%d", batchID, shard)
}

func refusedPartition(batchID string) string { return "refused#" + batchID }

// partKey is the key of one part of a chunk that is too large for an item.
func partKey(partition string, chunk, part int) key {
	return key{partition, fmt.Sprintf("%06d#%02d", chunk, part)}
}

// place is where an item stands in an index.
type place struct{ partition, order string }

// put adds the place to an item.
func (p place) put(in item, i index) {
	in[i.hash()], in[i.order()] = str(p.partition), str(p.order)
}

// shard spreads names evenly over n index keys.
func shard(name string, n int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // a hash takes everything
	return int(h.Sum32() % uint32(n))
}

// dueShards is over how many index keys what is due is spread: a batch of calls
// that wait for a time is expanded at 1,000 rows a second, and each move of an
// active call writes its due twice.
const dueShards = 4

// The kinds of what is due. Active calls have index keys of their own, so that
// they can be listed: they are never more than the limit.
const (
	dueActive = "active"
	dueOther  = "other"
)

func duePartition(kind string, shard int) string { return fmt.Sprintf("due#%s#%d", kind, shard) }

func duePlace(kind, id string, due time.Time) place {
	return place{duePartition(kind, shard(id, dueShards)), ordered(nanos(due)) + "#" + id}
}

// laneShards is over how many index keys the calls of a batch's lane are spread.
// It is expanded at 1,000 rows a second, and an index key bears no more.
const laneShards = 2

func laneShardsOf(k call.LaneKey) int {
	if k.BatchID == "" {
		return 1
	}
	return laneShards
}

func readyPartition(k call.LaneKey, shard int) string {
	return fmt.Sprintf("ready#%s#%d", k, shard)
}

func readyPlace(c call.Call) place {
	return place{
		readyPartition(c.Lane(), shard(c.ID, laneShardsOf(c.Lane()))),
		ordered(nanos(c.ReadyAt)) + "#" + c.ID,
	}
}

const deadPartition = "dead"

// endedPartition lists the calls of a batch that ended in one way.
func endedPartition(batchID string, s call.Status, shard int) string {
	return fmt.Sprintf("ended#%s#%s#%d", batchID, s, shard)
}

func lanesPartition(owner string) string { return "lanes#" + owner }

func lanePlace(k call.LaneKey, turn int64) place {
	return place{lanesPartition(k.Owner), ordered(turn) + "#" + k.BatchID}
}

const waitingPartition = "waiting"

func callsPartition(owner string) string   { return "calls#" + owner }
func batchesPartition(owner string) string { return "batches#" + owner }

const (
	allCallsPartition   = "calls"
	allBatchesPartition = "batches"
)

// position is an id without its kind: a ULID, with a row's ordinal behind it. So
// single calls, batches and the calls of batches have one order.
func position(id string) string {
	_, p, found := strings.Cut(id, "_")
	if !found {
		return id
	}
	return p
}

// ordered writes a number that isn't negative so that strings sort like numbers.
func ordered(n int64) string { return fmt.Sprintf("%019d", max(n, 0)) }

// idOf is the id behind the number of an index's sort key.
func idOf(order string) string {
	_, id, _ := strings.Cut(order, "#")
	return id
}

// nanos is a time in nanoseconds since 1970, 0 for none; timeOf is its inverse.
// Times later than the year 2262 are the last that there is.
func nanos(t time.Time) int64 {
	switch {
	case t.IsZero():
		return 0
	case t.After(lastTime):
		return math.MaxInt64
	}
	return t.UnixNano()
}

var lastTime = time.Unix(0, math.MaxInt64)

func timeOf(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// item is an item as DynamoDB has it.
type item = map[string]types.AttributeValue

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func num(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func boolean(b bool) types.AttributeValue { return &types.AttributeValueMemberBOOL{Value: b} }

func blob(b []byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: b} }

// The values of attributes; a missing one is zero.

func strOf(in item, name string) string {
	if s, ok := in[name].(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

func numOf(in item, name string) int64 {
	if n, ok := in[name].(*types.AttributeValueMemberN); ok {
		if i, err := strconv.ParseInt(n.Value, 10, 64); err == nil {
			return i
		}
	}
	return 0
}

func boolOf(in item, name string) bool {
	b, ok := in[name].(*types.AttributeValueMemberBOOL)
	return ok && b.Value
}

func blobOf(in item, name string) []byte {
	if b, ok := in[name].(*types.AttributeValueMemberB); ok {
		return b.Value
	}
	return nil
}
