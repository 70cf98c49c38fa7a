package eventbus_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/examples"
	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/eventbus"
)

// fromAgents are the types of events that come over the bus.
var fromAgents = []messages.EventType{messages.EventRinging, messages.EventAnswered, messages.EventEnded}

func enveloped(t testing.TB, source, detailType string, detail []byte) []byte {
	t.Helper()
	data, err := json.Marshal(map[string]any{
		"version": "0", "id": "1", "account": "111122223333", "region": "eu-central-1", "time": "2026-03-02T09:15:05Z",
		"resources": []string{}, "source": source, "detail-type": detailType, "detail": json.RawMessage(detail),
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestDecodeReadsEventsAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, e := range examples.Valid(examples.Events) {
		want, err := messages.ParseEvent(e.Data)
		if err != nil {
			t.Fatal(err)
		}
		got, ok, err := eventbus.Decode(e.Data)
		if err != nil || !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %t, %v", e.Name, got, ok, err)
		}
	}
	for _, e := range examples.Invalid(examples.Events) {
		if got, ok, err := eventbus.Decode(e.Data); err == nil || ok {
			t.Errorf("%s: %+v, %t, %v", e.Name, got, ok, err)
		}
	}
}

func TestDecodeBelievesAgentsOnlyWhatAgentsTell(t *testing.T) {
	t.Parallel()
	for _, e := range examples.Valid(examples.Events) {
		want, err := messages.ParseEvent(e.Data)
		if err != nil {
			t.Fatal(err)
		}
		got, ok, err := eventbus.Decode(enveloped(t, "outdial.agent", string(want.Type), e.Data))
		switch agents := slices.Contains(fromAgents, want.Type); {
		case agents && (err != nil || !ok || !reflect.DeepEqual(got, want)):
			t.Errorf("%s: %+v, %t, %v", e.Name, got, ok, err)
		case !agents && (err == nil || ok):
			t.Errorf("%s doesn't come from an agent, and is taken: %+v", e.Name, got)
		}
	}
	for _, e := range examples.Invalid(examples.Events) {
		if !json.Valid(e.Data) {
			continue
		}
		if got, ok, err := eventbus.Decode(enveloped(t, "outdial.agent", "ringing", e.Data)); err == nil || ok {
			t.Errorf("%s: %+v, %t, %v", e.Name, got, ok, err)
		}
	}
}

// change is ECS's event of a task that has stopped, with members of its detail replaced.
func change(t testing.TB, replaced map[string]any) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/task-stopped.json")
	if err != nil {
		t.Fatal(err)
	}
	var event map[string]json.RawMessage
	if err := json.Unmarshal(data, &event); err != nil {
		t.Fatal(err)
	}
	detail := map[string]any{}
	if err := json.Unmarshal(event["detail"], &detail); err != nil {
		t.Fatal(err)
	}
	for name, value := range replaced {
		if detail[name] = value; value == nil {
			delete(detail, name)
		}
	}
	if event["detail"], err = json.Marshal(detail); err != nil {
		t.Fatal(err)
	}
	if data, err = json.Marshal(event); err != nil {
		t.Fatal(err)
	}
	return data
}

func TestTheEndOfATaskIsReadFromWhatECSTells(t *testing.T) {
	t.Parallel()
	stopped := messages.Event{
		Type: messages.EventTaskStopped, CallID: "call_01KJPQ2M4N6P8R0S3T5V7W9XYZ-000042", Attempt: 2, Version: 7,
		Task: "arn:aws:ecs:eu-central-1:111122223333:task/outdial/2f1c9a7be8d34c5f9a0b1c2d3e4f5a6b",
		At:   time.Date(2026, 3, 2, 9, 17, 3, 412_000_000, time.UTC), Reason: "Essential container in task exited",
	}
	with := func(change func(*messages.Event)) messages.Event {
		e := stopped
		change(&e)
		return e
	}
	for name, c := range map[string]struct {
		replaced map[string]any
		want     messages.Event
	}{
		"as AWS shows it": {nil, stopped},
		"of a single call": {
			map[string]any{"startedBy": "call_01KJPQ7Z5W8XN2T4V6R9C3M1GH-13"},
			with(func(e *messages.Event) { e.CallID, e.Attempt = "call_01KJPQ7Z5W8XN2T4V6R9C3M1GH", 13 }),
		},
		"without a reason": {map[string]any{"stoppedReason": nil}, with(func(e *messages.Event) { e.Reason = "" })},
		"with a reason that is too long": {
			map[string]any{"stoppedReason": strings.Repeat("ü", 1500)},
			with(func(e *messages.Event) { e.Reason = strings.Repeat("ü", 1000) }),
		},
		"with odd characters in its reason": {
			map[string]any{"stoppedReason": " two\nlines\x00 \U0001F600 "},
			with(func(e *messages.Event) { e.Reason = "two\nlines\x00 \U0001F600" }),
		},
		"of a task that never started": {
			map[string]any{"stoppedAt": nil, "startedAt": nil},
			with(func(e *messages.Event) { e.At = time.Date(2026, 3, 2, 9, 17, 5, 0, time.UTC) }),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok, err := eventbus.Decode(change(t, c.replaced))
			if err != nil || !ok || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v, %t, %v\nwant %+v", got, ok, err, c.want)
			}
		})
	}
}

func TestWhatIsOfNoConcernIsDropped(t *testing.T) {
	t.Parallel()
	for name, body := range map[string][]byte{
		"a task that runs":             change(t, map[string]any{"lastStatus": "RUNNING"}),
		"a task that is being stopped": change(t, map[string]any{"lastStatus": "DEPROVISIONING"}),
		"a task of nobody":             change(t, map[string]any{"startedBy": nil}),
		"a task of a service":          change(t, map[string]any{"startedBy": "ecs-svc/1234567890123456789"}),
		"a task of a person":           change(t, map[string]any{"startedBy": "ann"}),
		"another event of ECS":         enveloped(t, "aws.ecs", "ECS Service Action", []byte(`{}`)),
		"an event of another service":  bytes.Replace(change(t, nil), []byte("aws.ecs"), []byte("aws.ec2"), 1),
		"an event of a stranger":       enveloped(t, "somebody", "ended", []byte(`{"schema": "call-event.v1", "type": "look"}`)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if e, ok, err := eventbus.Decode(body); ok || err != nil {
				t.Errorf("%+v, %t, %v", e, ok, err)
			}
		})
	}
}

func TestWhatNobodyCanReadIsAnError(t *testing.T) {
	t.Parallel()
	for name, body := range map[string][]byte{
		"nothing":                       nil,
		"no JSON":                       []byte("hello"),
		"no object":                     []byte(`[]`),
		"no event":                      []byte(`{}`),
		"an envelope with nothing":      []byte(`{"source": "outdial.agent", "detail-type": "ended"}`),
		"an envelope of the wrong form": []byte(`{"source": 1, "detail-type": "ended"}`),
		"a change without detail":       enveloped(t, "aws.ecs", "ECS Task State Change", []byte(`"x"`)),
		"a change of no task":           change(t, map[string]any{"taskArn": nil}),
		"a change without a version":    change(t, map[string]any{"version": nil}),
		"a time that is none":           change(t, map[string]any{"stoppedAt": "yesterday"}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if e, ok, err := eventbus.Decode(body); ok || err == nil {
				t.Errorf("%+v, %t, %v", e, ok, err)
			}
		})
	}
}

// FuzzDecode: no bytes make it panic, and what it reads keeps the contract.
func FuzzDecode(f *testing.F) {
	for _, e := range slices.Concat(examples.Valid(examples.Events), examples.Invalid(examples.Events)) {
		f.Add(e.Data)
		if json.Valid(e.Data) {
			f.Add(enveloped(f, "outdial.agent", "ended", e.Data))
		}
	}
	for _, replaced := range []map[string]any{nil, {"startedBy": nil}, {"version": 0}, {"lastStatus": "RUNNING"}} {
		f.Add(change(f, maps.Clone(replaced)))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, ok, err := eventbus.Decode(body)
		if ok && err != nil || !ok && !reflect.DeepEqual(e, messages.Event{}) {
			t.Fatalf("%q: %+v, %t, %v", body, e, ok, err)
		}
		if e.Type != messages.EventTaskStopped || e.At.Year() > 9999 { // by its offset, a time may lie beyond the years that can be written
			return
		}
		if _, err := messages.EncodeEvent(e); err != nil {
			t.Errorf("%q gives what the contract doesn't allow: %v", body, err)
		}
	})
}
