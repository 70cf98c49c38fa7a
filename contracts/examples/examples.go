// Package examples holds messages and requests, valid and invalid, with what
// is expected of each. Whatever reads such a thing is tested on all of them.
//
// An example is a file valid/<kind>/<name> or invalid/<kind>/<name>; what is
// expected stands beside it in <name>.expect.json, if there is more to say
// than that it is valid.
package examples

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Files holds the examples.
//
//go:embed valid invalid
var Files embed.FS

// Kind says what an example is of. It is the name of its folder.
type Kind string

// The kinds of examples.
const (
	Jobs      Kind = "jobs"      // job.v1 messages
	Events    Kind = "events"    // call-event.v1 messages
	AgentEnvs Kind = "agent-env" // agent-env.v1, as a JSON object
	Calls     Kind = "calls"     // bodies of POST /calls
	Batches   Kind = "batches"   // JSON bodies of POST /batches
	Lists     Kind = "lists"     // text/csv bodies of POST /batches
)

// Kinds lists all kinds.
var Kinds = []Kind{Jobs, Events, AgentEnvs, Calls, Batches, Lists}

// Example is one message or request.
type Example struct {
	Name   string // of the file, without its ending
	Data   []byte
	Expect Expect
}

// Expect is what must come of an example.
type Expect struct {
	// Of requests.
	Query    map[string]string `json:"query"`    // query parameters that go with a list
	Status   int               `json:"status"`   // of the answer
	Accepted []Accepted        `json:"accepted"` // all rows that become calls, in order
	Refused  []Refused         `json:"refused"`  // all rows that don't, in order

	// Of invalid requests.
	Code  string `json:"code"`  // of the problem
	Field string `json:"field"` // of the first of the problem's errors
	Row   int    `json:"row"`   // the same
	// BeyondSchema: the rule stands in the words of the API's document, where
	// its schemas can't express it.
	BeyondSchema bool `json:"beyond_schema"`

	// Of invalid messages.
	Mentions []string `json:"mentions"` // what the error must name
}

// Accepted is a row that becomes a call.
type Accepted struct {
	Row         int               `json:"row"`
	PhoneNumber string            `json:"phone_number"` // E.164
	Metadata    map[string]string `json:"metadata"`     // with the batch's
}

// Refused is a row that doesn't become a call.
type Refused struct {
	Row  int    `json:"row"`
	Code string `json:"code"`
}

// Valid gives all valid examples of a kind. It panics if a file of this
// package can't be read, which its own tests rule out.
func Valid(kind Kind) []Example { return load(path.Join("valid", string(kind))) }

// Invalid gives all invalid examples of a kind. It panics as Valid does.
func Invalid(kind Kind) []Example { return load(path.Join("invalid", string(kind))) }

const expectEnding = ".expect.json"

func load(folder string) []Example {
	entries, err := Files.ReadDir(folder)
	if err != nil {
		panic(err)
	}
	var examples []Example
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), expectEnding) {
			continue
		}
		file := path.Join(folder, entry.Name())
		data, err := Files.ReadFile(file)
		if err != nil {
			panic(err)
		}
		name := strings.TrimSuffix(entry.Name(), path.Ext(file))
		examples = append(examples, Example{Name: name, Data: data, Expect: expected(path.Join(folder, name+expectEnding))})
	}
	return examples
}

func expected(file string) Expect {
	data, err := Files.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Expect{}
	}
	if err != nil {
		panic(err)
	}
	var expect Expect
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&expect); err != nil {
		panic(fmt.Errorf("%s: %w", file, err))
	}
	return expect
}
