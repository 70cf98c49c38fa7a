package messages_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/examples"
	"github.com/outdial/outdial/contracts/messages"
)

// seed adds the valid and invalid examples of a kind.
func seed(f *testing.F, kind examples.Kind, add func(data []byte)) {
	f.Helper()
	for _, e := range slices.Concat(examples.Valid(kind), examples.Invalid(kind)) {
		add(e.Data)
	}
}

// FuzzJob: no bytes make the parser panic, schema and parser agree on every
// message, and what was parsed survives encoding.
func FuzzJob(f *testing.F) {
	seed(f, examples.Jobs, func(data []byte) { f.Add(data) })
	schema := compile(f, address(messages.JobSchema))
	f.Fuzz(func(t *testing.T, data []byte) {
		job, err := messages.ParseJob(data)
		if plainlyWritten(data) {
			if bySchema := validate(schema, data); (bySchema == nil) != (err == nil) {
				t.Fatalf("%q\nschema: %v\nparser: %v", data, bySchema, err)
			}
		}
		if err != nil {
			return
		}
		again, err := messages.ParseJob(job.Encode())
		if err != nil || again != job {
			t.Errorf("%+v came back as %+v, %v", job, again, err)
		}
	})
}

// FuzzEvent: the same of events.
func FuzzEvent(f *testing.F) {
	seed(f, examples.Events, func(data []byte) { f.Add(data) })
	schema := compile(f, address(messages.EventSchema))
	f.Fuzz(func(t *testing.T, data []byte) {
		event, err := messages.ParseEvent(data)
		if plainlyWritten(data) {
			if bySchema := validate(schema, data); (bySchema == nil) != (err == nil) {
				t.Fatalf("%q\nschema: %v\nparser: %v", data, bySchema, err)
			}
		}
		if err != nil || event.CallID != "" && !writable(event) {
			return
		}
		encoded, err := messages.EncodeEvent(event)
		if err != nil {
			t.Fatalf("%q can be read, but not written: %v", data, err)
		}
		again, err := messages.ParseEvent(encoded)
		if err != nil || !reflect.DeepEqual(again, event) {
			t.Errorf("%+v came back as %+v, %v", event, again, err)
		}
	})
}

// writable tells whether all times of an event can be written in UTC: by their
// offsets, times that RFC 3339 can write lie up to a day outside of the years that
// it knows. The zero time, which stands for none, can't be an event's.
func writable(e messages.Event) bool {
	if o := e.Outcome; o != nil && !inYears(o.RingingAt, o.AnsweredAt, o.EndedAt) {
		return false
	}
	return inYears(e.At) && !e.At.IsZero()
}

func inYears(times ...time.Time) bool {
	return !slices.ContainsFunc(times, func(t time.Time) bool { return t.Year() < 0 || t.Year() > 9999 })
}

// FuzzAgentEnv: the same of an agent's environment.
func FuzzAgentEnv(f *testing.F) {
	seed(f, examples.AgentEnvs, func(data []byte) {
		get := lookup(data)
		value := func(name string) string { s, _ := get(name); return s }
		f.Add(value(messages.EnvCallID), value(messages.EnvAttempt), value(messages.EnvStore),
			value(messages.EnvEvents), value(messages.EnvTask), value(messages.EnvCarrier), value(messages.EnvDeadline))
	})
	schema := compile(f, address(messages.EnvSchema))
	f.Fuzz(func(t *testing.T, callID, attempt, store, events, task, carrier, deadline string) {
		vars := map[string]string{
			messages.EnvCallID: callID, messages.EnvAttempt: attempt, messages.EnvStore: store,
			messages.EnvTask: task, messages.EnvCarrier: carrier, messages.EnvDeadline: deadline,
		}
		if events != "" { // "" stands for one that isn't set
			vars[messages.EnvEvents] = events
		}
		env, err := messages.ParseAgentEnv(func(name string) (string, bool) { s, ok := vars[name]; return s, ok })
		data, marshalErr := json.Marshal(vars)
		if marshalErr != nil {
			t.Fatal(marshalErr)
		}
		if bySchema := validate(schema, data); (bySchema == nil) != (err == nil) {
			t.Fatalf("%q\nschema: %v\nparser: %v", data, bySchema, err)
		}
		if err != nil || !inYears(env.Deadline) {
			return
		}
		again := map[string]string{}
		for _, variable := range env.Environ() {
			name, value, _ := strings.Cut(variable, "=")
			again[name] = value
		}
		back, err := messages.ParseAgentEnv(func(name string) (string, bool) { s, ok := again[name]; return s, ok })
		if err != nil || back != env {
			t.Errorf("%+v came back as %+v, %v", env, back, err)
		}
	})
}

// plainNumber is a number as encoders write it. Of others the schema knows only
// their value: to it 1.0 is an integer, and 86400.00000000000001 above 86400,
// where the parser wants a whole number to be written as one, and counts duration
// in float64.
var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,14})(\.[0-9]{0,5}[1-9])?$`)

// plainlyWritten tells whether the parser and the schema should agree on a message:
// not on its size, of which schemas know nothing, nor on odd forms of numbers.
func plainlyWritten(data []byte) bool {
	if len(data) > messages.MaxSize {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err != nil {
			return true // at the end, or where neither of them can go on
		}
		if n, ok := token.(json.Number); ok && !plainNumber.MatchString(n.String()) {
			return false
		}
	}
}
