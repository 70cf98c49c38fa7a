// Package messages holds what travels between Outdial's programs beside the
// HTTP API: jobs (job.v1), events (call-event.v1) and the agent's environment
// (agent-env.v1), each with its JSON Schema.
//
// Parsing is strict, because a message that is understood by half is worse
// than one that is put aside: a name that the schema doesn't know, a null, a
// value out of bounds or two kinds at once is refused. Each message says which
// schema it follows, so that a reader can tell a newer one from a broken one.
package messages

import "embed"

// The schemas that messages name in their member "schema".
const (
	JobSchema   = "job.v1"
	EventSchema = "call-event.v1"
	EnvSchema   = "agent-env.v1"
)

// MaxSize is how many bytes a job or an event has at most.
const MaxSize = 16 << 10

// Schemas holds the JSON Schemas (draft 2020-12), each as <name>.schema.json.
//
//go:embed *.schema.json
var Schemas embed.FS
