package messages_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/examples"
	"github.com/outdial/outdial/contracts/messages"
)

func TestJobsSurviveEncodingAndFollowTheSchema(t *testing.T) {
	t.Parallel()
	schema := compile(t, address(messages.JobSchema))
	for name, job := range map[string]messages.Job{
		"look at a call": {CallID: "call_01KJPQ7Z5W8XN2T4V6R9C3M1GH", Attempt: 1},
		"dead letter":    {CallID: "call_01KJPQ7Z5W8XN2T4V6R9C3M1GH", Attempt: 3, Dead: true},
		"fill":           {Fill: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := job.Encode()
			if err := validate(schema, data); err != nil {
				t.Errorf("%s: %v", data, err)
			}
			got, err := messages.ParseJob(data)
			if err != nil || got != job {
				t.Errorf("%s came back as %+v, %v", data, got, err)
			}
		})
	}
}

func TestEventsSurviveEncodingAndFollowTheSchema(t *testing.T) {
	t.Parallel()
	schema := compile(t, address(messages.EventSchema))
	for _, e := range examples.Valid(examples.Events) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			event, err := messages.ParseEvent(e.Data)
			if err != nil {
				t.Fatal(err)
			}
			data, err := messages.EncodeEvent(event)
			if err != nil {
				t.Fatal(err)
			}
			if err := validate(schema, data); err != nil {
				t.Errorf("%s: %v", data, err)
			}
			again, err := messages.ParseEvent(data)
			if err != nil || !reflect.DeepEqual(again, event) {
				t.Errorf("%s came back as %+v, %v", data, again, err)
			}
		})
	}
}

func TestAnEventHoldsAllThatItsMessageSays(t *testing.T) {
	t.Parallel()
	for _, e := range examples.Valid(examples.Events) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			event, err := messages.ParseEvent(e.Data)
			if err != nil {
				t.Fatal(err)
			}
			data, err := messages.EncodeEvent(event)
			if err != nil {
				t.Fatal(err)
			}
			if want, got := values(t, e.Data), values(t, data); !reflect.DeepEqual(got, want) {
				t.Errorf("in:  %v\nout: %v", want, got)
			}
		})
	}
}

// values decodes a message, with its times made comparable.
func values(t *testing.T, data []byte) any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal(data, &object); err != nil {
		t.Fatal(err)
	}
	var plain func(map[string]any)
	plain = func(object map[string]any) {
		for name, value := range object {
			switch v := value.(type) {
			case map[string]any:
				plain(v)
			case string:
				if at, err := time.Parse(time.RFC3339, v); err == nil {
					object[name] = at.UTC()
				}
			}
		}
	}
	plain(object)
	return object
}

func TestEncodeEventRefusesWhatParseEventWouldRefuse(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 15, 4, 0, time.UTC)
	ended := messages.Event{Type: messages.EventEnded, CallID: "call_1", Attempt: 1, Nonce: "n", Task: "t", At: at}
	for name, c := range map[string]struct {
		outcome *messages.Outcome
		word    string
	}{
		"no outcome":               {nil, "outcome"},
		"completed but not dialed": {&messages.Outcome{Status: messages.StatusCompleted}, "outcome.status"},
		"failed without a reason":  {&messages.Outcome{Status: messages.StatusFailed}, "outcome.reason"},
		"message too long":         {&messages.Outcome{Message: strings.Repeat("x", 1001)}, "outcome.message"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			event := ended
			event.Outcome = c.outcome
			_, err := messages.EncodeEvent(event)
			if err == nil || !strings.Contains(err.Error(), c.word) {
				t.Errorf("the error must name %s: %v", c.word, err)
			}
		})
	}
}

func TestMessagesHaveALargestSize(t *testing.T) {
	t.Parallel()
	padded := func(data []byte, size int) []byte {
		return append(data, bytes.Repeat([]byte(" "), size-len(data))...)
	}
	fill := messages.Job{Fill: true}.Encode()
	if _, err := messages.ParseJob(padded(fill, messages.MaxSize)); err != nil {
		t.Errorf("a job of the largest size: %v", err)
	}
	if _, err := messages.ParseJob(padded(fill, messages.MaxSize+1)); err == nil {
		t.Error("a job beyond the largest size was accepted")
	}
	look, err := messages.EncodeEvent(messages.Event{Type: messages.EventLook})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := messages.ParseEvent(padded(look, messages.MaxSize+1)); err == nil {
		t.Error("an event beyond the largest size was accepted")
	}
}

func TestParsingReportsEveryMistakeAtOnce(t *testing.T) {
	t.Parallel()
	_, err := messages.ParseEvent([]byte(`{"schema": "call-event.v1", "type": "ended", "call_id": "x", "attempt": 0, "at": "now",
		"outcome": {"dialed": true, "duration": -1, "phone": "1"}, "extra": 1}`))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, word := range []string{
		"call_id must", "attempt must", "at must", "nonce is missing", "task is missing",
		"outcome.status is missing", "outcome.duration must", "outcome.phone is not known", "extra is not known",
	} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("not said: %s\n%v", word, err)
		}
	}
}

func TestAgentEnvSurvivesTheEnvironment(t *testing.T) {
	t.Parallel()
	for _, e := range examples.Valid(examples.AgentEnvs) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			env, err := messages.ParseAgentEnv(lookup(e.Data))
			if err != nil {
				t.Fatal(err)
			}
			vars := map[string]string{}
			for _, v := range env.Environ() {
				name, value, _ := strings.Cut(v, "=")
				vars[name] = value
			}
			again, err := messages.ParseAgentEnv(func(name string) (string, bool) {
				value, ok := vars[name]
				return value, ok
			})
			if err != nil || again != env {
				t.Errorf("%+v came back as %+v, %v", env, again, err)
			}
			for name, value := range vars {
				if original, _ := lookup(e.Data)(name); value != original {
					t.Errorf("%s is %q and was %q", name, value, original)
				}
			}
		})
	}
}

func BenchmarkEvent(b *testing.B) {
	for _, e := range examples.Valid(examples.Events) {
		b.Run(e.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := messages.ParseEvent(e.Data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkJob(b *testing.B) {
	data := messages.Job{CallID: "call_01KJPQ7Z5W8XN2T4V6R9C3M1GH", Attempt: 1}.Encode()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := messages.ParseJob(data); err != nil {
			b.Fatal(err)
		}
	}
}
