package dynamo

import (
	"github.com/outdial/outdial/services/internal/call"
)

// callItem is a call's record with its places in the indexes.
func callItem(c call.Call) (item, error) {
	stored, err := recordItem(callKey(c.ID), c, c.Version)
	if err != nil {
		return nil, err
	}
	stored["status"] = str(string(c.Status))
	at := position(c.ID)
	place{"number#" + c.Number, at}.put(stored, numberIndex)
	switch {
	case c.BatchID == "":
		place{callsPartition(c.Owner), at}.put(stored, listIndex)
		place{allCallsPartition, at}.put(stored, allIndex)
	case c.Status.Final():
		place{endedPartition(c.BatchID, c.Status, shard(c.ID, laneShards)), at}.put(stored, listIndex)
	}
	switch {
	case c.Ready():
		readyPlace(c).put(stored, queueIndex)
	case c.DeadLettered():
		place{deadPartition, at}.put(stored, queueIndex)
	}
	if !c.Due.IsZero() {
		kind := dueOther
		if c.Status.Active() {
			kind = dueActive
		}
		duePlace(kind, c.ID, c.Due).put(stored, dueIndex)
	}
	return stored, nil
}

func batchItem(b call.Batch) (item, error) {
	stored, err := recordItem(batchKey(b.ID), b, b.Version)
	if err != nil {
		return nil, err
	}
	stored["state"] = str(string(b.State))
	place{batchesPartition(b.Owner), position(b.ID)}.put(stored, listIndex)
	place{allBatchesPartition, position(b.ID)}.put(stored, allIndex)
	if !b.Due.IsZero() {
		duePlace(dueOther, b.ID, b.Due).put(stored, dueIndex)
	}
	return stored, nil
}

func redriveItem(r call.Redrive) (item, error) {
	stored, err := recordItem(redriveKey(r.ID), r, r.Version)
	if err == nil && !r.Due.IsZero() {
		duePlace(dueOther, r.ID, r.Due).put(stored, dueIndex)
	}
	return stored, err
}

func keyItem(k call.IdempotencyKey) (item, error) {
	stored, err := recordItem(idempotencyKey(k.Owner, k.Key), k, 1)
	if err == nil {
		stored["expires"] = num(nanos(k.ExpiresAt))
		stored[expiresAt] = num(k.ExpiresAt.Unix())
	}
	return stored, err
}

func recordItem(k key, v any, version int64) (item, error) {
	encoded, err := encode(v)
	if err != nil {
		return nil, err
	}
	stored := k.item()
	stored[record], stored["version"] = blob(encoded), num(version)
	return stored, nil
}

// laneItem is the part of a lane's item that says who is next. Those of a batch
// hold the batch's state and counters beside it, so that an admission writes one
// item for lane, counters and state.
func laneItem(l call.Lane) (set item, remove []string) {
	set = item{
		"owner": str(l.Owner), "ready": num(int64(l.Ready)), "schedule": num(int64(l.Schedule)),
		"retry": num(int64(l.Retry)), "hours": num(int64(l.Window)), "closed": boolean(l.Closed), "turn": num(l.Turn),
	}
	if l.BatchID != "" {
		set["batch"] = str(l.BatchID)
	}
	if l.InTurn() {
		lanePlace(l.LaneKey, l.Turn).put(set, listIndex)
	} else {
		remove = append(remove, listIndex.hash(), listIndex.order())
	}
	if l.Ready+l.Schedule+l.Retry+l.Window > 0 {
		place{waitingPartition, l.String()}.put(set, allIndex)
	} else {
		remove = append(remove, allIndex.hash(), allIndex.order())
	}
	return set, remove
}

func laneOf(stored item) call.Lane {
	return call.Lane{
		LaneKey: call.LaneKey{Owner: strOf(stored, "owner"), BatchID: strOf(stored, "batch")},
		Ready:   int(numOf(stored, "ready")), Schedule: int(numOf(stored, "schedule")),
		Retry: int(numOf(stored, "retry")), Window: int(numOf(stored, "hours")),
		Closed: boolOf(stored, "closed"), Turn: numOf(stored, "turn"),
	}
}

// counters are the attributes that count a batch's calls.
func counters(n call.Counts) map[string]int {
	return map[string]int{
		"waiting": n.Waiting, "active": n.Active, "completed": n.Completed, "busy": n.Busy,
		"no_answer": n.NoAnswer, "failed": n.Failed, "canceled": n.Canceled, "expired": n.Expired,
	}
}

func countsOf(stored item) call.Counts {
	n := func(name string) int { return int(numOf(stored, name)) }
	return call.Counts{
		Waiting: n("waiting"), Active: n("active"), Completed: n("completed"), Busy: n("busy"),
		NoAnswer: n("no_answer"), Failed: n("failed"), Canceled: n("canceled"), Expired: n("expired"),
	}
}

func turnOf(stored item, owner string) call.Turn {
	return call.Turn{Owner: owner, Lanes: int(numOf(stored, "lanes")), Turn: numOf(stored, "turn")}
}
