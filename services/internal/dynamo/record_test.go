package dynamo

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/outdial/outdial/services/internal/call"
)

// filled sets every field of a value to something that is not zero.
func filled(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d é", *n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n) / 3)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(uint64(*n % 256))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		filled(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		filled(v.Index(0), n)
		filled(v.Index(1), n)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		filled(key, n)
		filled(value, n)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		if _, ok := reflect.TypeAssert[time.Time](v); ok {
			v.Set(reflect.ValueOf(time.Date(2026, time.March, 2, 9, 0, *n, 123_456_789, time.UTC)))
			return
		}
		for _, field := range v.Fields() {
			filled(field, n)
		}
	default:
		panic("a field of kind " + v.Kind().String())
	}
}

func full[T any]() T {
	var v T
	n := 0
	filled(reflect.ValueOf(&v).Elem(), &n)
	return v
}

func TestRecordsAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	sameAgain(t, full[call.Call]())
	sameAgain(t, call.Call{})
	sameAgain(t, full[call.Batch]())
	sameAgain(t, call.Batch{})
	sameAgain(t, full[call.Redrive]())
	sameAgain(t, full[call.IdempotencyKey]())
	sameAgain(t, full[call.Outcome]())
	sameAgain(t, full[call.Settings]())
	sameAgain(t, []call.Row{full[call.Row](), {}})
	sameAgain(t, []call.RefusedRow{full[call.RefusedRow](), {}})
}

func sameAgain[T any](t *testing.T, v T) {
	t.Helper()
	stored, err := encode(v)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode[T](stored)
	if diff := cmp.Diff(v, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestItemsAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	open := full[call.Claim]()
	open.Holder, open.Nonce, open.Task, open.TakenAt = "", "", "", time.Time{}
	open.Stop, open.CarrierReference, open.Outcome = false, "", nil
	stored, err := claimItem(claimKey("call_1", 1), open)
	if err != nil {
		t.Fatal(err)
	}
	claim, err := claimOf(stored)
	if diff := cmp.Diff(open, claim); err != nil || diff != "" {
		t.Errorf("an open claim: %v (-want +got):\n%s", err, diff)
	}
	for _, c := range []call.Capacity{full[call.Capacity](), {Rate: 0.1}, {Rate: 1.0 / 3, RateAt: time.Unix(1, 1).UTC()}} {
		got, err := capacityOf(capacityItem(c))
		if diff := cmp.Diff(c, got); err != nil || diff != "" {
			t.Errorf("a capacity: %v (-want +got):\n%s", err, diff)
		}
	}
	lane := call.Lane{LaneKey: call.LaneKey{Owner: "ann", BatchID: "batch_1"}, Ready: 1, Schedule: 2, Retry: 3, Window: 4, Closed: true, Turn: 5}
	set, _ := laneItem(lane)
	if diff := cmp.Diff(lane, laneOf(set)); diff != "" {
		t.Errorf("a lane (-want +got):\n%s", diff)
	}
	counts := full[call.Counts]()
	counted := item{}
	for name, n := range counters(counts) {
		counted[name] = num(int64(n))
	}
	if diff := cmp.Diff(counts, countsOf(counted)); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestARecordThatCantBeReadIsCorrupt(t *testing.T) {
	t.Parallel()
	good, err := encode(full[call.Call]())
	if err != nil {
		t.Fatal(err)
	}
	for name, stored := range map[string][]byte{
		"nothing": nil, "another format": append([]byte{9}, good[1:]...), "half of it": good[:len(good)/2], "no JSON": {formatOne, 1, 0, 0, 255, 255},
	} {
		if _, err := decode[call.Call](stored); !errors.Is(err, call.ErrCorrupt) {
			t.Errorf("%s: %v, not ErrCorrupt", name, err)
		}
	}
}

func TestNumbersSortAsTheirStringsDo(t *testing.T) {
	t.Parallel()
	early, late := time.Unix(0, 1), time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC)
	for _, pair := range [][2]int64{{0, 1}, {9, 10}, {nanos(early), nanos(late)}, {nanos(late) - 1, nanos(late)}, {-5, 1}} {
		if a, b := ordered(pair[0]), ordered(pair[1]); a >= b || len(a) != len(b) {
			t.Errorf("%d is %q, %d is %q", pair[0], a, pair[1], b)
		}
	}
}

func TestOnlyClaimsAndSettingsStandUnderTheAgentsPrefix(t *testing.T) {
	t.Parallel()
	for _, k := range []key{claimKey("call_1", 1), settingsKey("batch_1")} {
		if !strings.HasPrefix(k.partition, agentPrefix) {
			t.Errorf("%v is out of an agent's reach", k)
		}
	}
	for _, k := range []key{
		callKey("call_1"), batchKey("batch_1"), redriveKey("redrive_1"), capacityKey, laneKey(call.LaneKey{Owner: "agent#"}),
		batchLaneKey("batch_1"), turnKey("agent#"), idempotencyKey("agent#", "agent#"),
		partKey(rowsPartition("batch_1", 0), 0, 0), partKey(refusedPartition("batch_1"), 0, 0),
	} {
		if strings.HasPrefix(k.partition, agentPrefix) {
			t.Errorf("%v is within an agent's reach", k)
		}
	}
}

func TestNoTwoOwnersShareAKey(t *testing.T) {
	t.Parallel()
	seen := map[key][2]string{}
	for _, pair := range [][2]string{{"ann", "k"}, {"ann#k", ""}, {"ann", "#k"}, {"ann#", "k"}, {"", "ann#k"}, {"a", "nn#k"}} {
		k := idempotencyKey(pair[0], pair[1])
		if other, taken := seen[k]; taken {
			t.Errorf("%q and %q have the key %v", pair, other, k)
		}
		seen[k] = pair
	}
}

func TestIdsAreSpreadEvenly(t *testing.T) {
	t.Parallel()
	var of [4]int
	for n := range 10_000 {
		of[shard(call.BatchCallID("batch_01KJPWD8JG0000000000000001", n), len(of))]++
	}
	for _, n := range of {
		if n < 2_000 || n > 3_000 {
			t.Errorf("10,000 ids over 4 keys: %v", of)
		}
	}
}
