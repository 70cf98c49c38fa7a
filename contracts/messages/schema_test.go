package messages_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/outdial/outdial/contracts/examples"
	"github.com/outdial/outdial/contracts/messages"
)

// message is a schema with the Go parser that must agree with it.
type message struct {
	schema string
	kind   examples.Kind
	parse  func([]byte) error
}

var all = []message{
	{messages.JobSchema, examples.Jobs, func(data []byte) error {
		_, err := messages.ParseJob(data)
		return err
	}},
	{messages.EventSchema, examples.Events, func(data []byte) error {
		_, err := messages.ParseEvent(data)
		return err
	}},
	{messages.EnvSchema, examples.AgentEnvs, func(data []byte) error {
		_, err := messages.ParseAgentEnv(lookup(data))
		return err
	}},
}

// lookup is os.LookupEnv for an environment written as a JSON object. What is
// not a text can't be in an environment; it is read as a text that none can have.
func lookup(data []byte) func(string) (string, bool) {
	var vars map[string]any
	if err := json.Unmarshal(data, &vars); err != nil {
		return func(string) (string, bool) { return "", false }
	}
	return func(name string) (string, bool) {
		value, set := vars[name]
		if s, ok := value.(string); ok || !set {
			return s, set
		}
		return "\x00", true
	}
}

// compiler knows all schemas of the package.
func compiler(t testing.TB) *jsonschema.Compiler {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	files, err := fs.Glob(messages.Schemas, "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaFile(t, file)))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if err := c.AddResource(address(strings.TrimSuffix(file, ".schema.json")), doc); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	return c
}

func address(schema string) string { return "https://outdial.dev/schemas/" + schema + ".schema.json" }

func schemaFile(t testing.TB, file string) []byte {
	t.Helper()
	data, err := messages.Schemas.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func compile(t testing.TB, at string) *jsonschema.Schema {
	t.Helper()
	schema, err := compiler(t).Compile(at)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// validate says whether the data follows the schema.
func validate(schema *jsonschema.Schema, data []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

func TestEverySchemaIsTestedHere(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, m := range all {
		known[m.schema+".schema.json"] = true
	}
	files, err := fs.Glob(messages.Schemas, "*.schema.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no schemas: %v", err)
	}
	for _, file := range files {
		if !known[file] {
			t.Errorf("%s has no parser in this test", file)
		}
	}
}

func TestSchemaAndParserAcceptEveryValidExample(t *testing.T) {
	t.Parallel()
	for _, m := range all {
		schema := compile(t, address(m.schema))
		for _, e := range examples.Valid(m.kind) {
			t.Run(m.schema+"/"+e.Name, func(t *testing.T) {
				t.Parallel()
				if err := validate(schema, e.Data); err != nil {
					t.Errorf("the schema refuses it: %v", err)
				}
				if err := m.parse(e.Data); err != nil {
					t.Errorf("the parser refuses it: %v", err)
				}
			})
		}
	}
}

func TestSchemaAndParserRefuseEveryInvalidExample(t *testing.T) {
	t.Parallel()
	for _, m := range all {
		schema := compile(t, address(m.schema))
		for _, e := range examples.Invalid(m.kind) {
			t.Run(m.schema+"/"+e.Name, func(t *testing.T) {
				t.Parallel()
				if validate(schema, e.Data) == nil {
					t.Error("the schema accepts it")
				}
				err := m.parse(e.Data)
				if err == nil {
					t.Fatal("the parser accepts it")
				}
				if len(e.Expect.Mentions) == 0 {
					t.Fatal("the example doesn't say what the error must name")
				}
				for _, word := range e.Expect.Mentions {
					if !strings.Contains(err.Error(), word) {
						t.Errorf("the error doesn't name %q: %v", word, err)
					}
				}
			})
		}
	}
}

// A kind is one of a schema's alternatives. Its examples are named after it.
func TestEveryKindOfMessageHasValidAndInvalidExamples(t *testing.T) {
	t.Parallel()
	for _, m := range all {
		var doc struct {
			OneOf []struct {
				Ref string `json:"$ref"`
			} `json:"oneOf"`
		}
		if err := json.Unmarshal(schemaFile(t, m.schema+".schema.json"), &doc); err != nil {
			t.Fatal(err)
		}
		if len(doc.OneOf) == 0 && (len(examples.Valid(m.kind)) == 0 || len(examples.Invalid(m.kind)) == 0) {
			t.Errorf("%s lacks valid or invalid examples", m.schema)
		}
		for _, alternative := range doc.OneOf {
			kind := strings.TrimPrefix(alternative.Ref, "#/$defs/")
			schema := compile(t, address(m.schema)+alternative.Ref)
			valid := named(examples.Valid(m.kind), kind)
			if len(valid) == 0 || len(named(examples.Invalid(m.kind), kind)) == 0 {
				t.Errorf("%s: %s lacks valid or invalid examples", m.schema, kind)
			}
			for _, e := range valid {
				if err := validate(schema, e.Data); err != nil {
					t.Errorf("%s is named after %s and is of another kind: %v", e.Name, kind, err)
				}
			}
		}
	}
}

func named(list []examples.Example, kind string) []examples.Example {
	var found []examples.Example
	for _, e := range list {
		if e.Name == kind || strings.HasPrefix(e.Name, kind+"-") {
			found = append(found, e)
		}
	}
	return found
}

// Schema and parser are two texts of one rule. Examples are too few to keep
// them together, so each valid one is also spoiled in every way that a member
// can be spoiled.
func TestSchemaAndParserAgreeOnSpoiledExamples(t *testing.T) {
	t.Parallel()
	for _, m := range all {
		t.Run(m.schema, func(t *testing.T) {
			t.Parallel()
			schema := compile(t, address(m.schema))
			refused := 0
			for _, e := range examples.Valid(m.kind) {
				var object map[string]any
				if err := json.Unmarshal(e.Data, &object); err != nil {
					t.Fatal(err)
				}
				for _, spoiled := range spoil(t, object) {
					bySchema, byParser := validate(schema, spoiled), m.parse(spoiled)
					if (bySchema == nil) != (byParser == nil) {
						t.Errorf("%s, spoiled: %s\nschema: %v\nparser: %v", e.Name, spoiled, bySchema, byParser)
					}
					if bySchema != nil {
						refused++
					}
				}
			}
			if refused == 0 {
				t.Error("nothing was spoiled")
			}
		})
	}
}

var spoilers = []any{
	nil, true, false, 0, 1, -1, 1.5, 999_999, 1_000_000, 1_000_001, 86_400, 86_400.5,
	"", " ", "x", "1", "01", "call_", "call_x", "call_x\n", "look", "ended", "failed", "canceled", "carrier_error", "job.v1",
	"a:b", "A:b", "sqlite:\x7f", "2026-03-02T09:15:04Z", "2026-03-02t09:15:04z", "2026-03-02T09:15:04,5Z", "2026-02-30T09:15:04Z",
	"2026-03-02 09:15:04Z", "2026-03-02T24:00:00Z", "2026-03-02T9:15:04Z", "2026-03-02T09:15:04+24:00",
	strings.Repeat("x", 64), strings.Repeat("x", 65), strings.Repeat("x", 200), strings.Repeat("x", 201), strings.Repeat("x", 512),
	strings.Repeat("x", 513), strings.Repeat("ü", 1000), strings.Repeat("ü", 1001), "a:" + strings.Repeat("x", 1000), "a:" + strings.Repeat("x", 1001),
	[]any{},
	map[string]any{},
	map[string]any{"dialed": true},
	map[string]any{"dialed": false},
}

// spoil gives the object without each of its members, with each under another
// name, and with each replaced by all spoilers; members of members too.
func spoil(t *testing.T, object map[string]any) [][]byte {
	t.Helper()
	var out [][]byte
	add := func(change func(map[string]any)) {
		change(object)
		data, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, data)
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		original := object[name]
		add(func(o map[string]any) { delete(o, name) })
		add(func(o map[string]any) { o[strings.ToUpper(name)] = original })
		if strings.ToUpper(name) != name {
			delete(object, strings.ToUpper(name))
		}
		for _, spoiler := range spoilers {
			add(func(o map[string]any) { o[name] = spoiler })
		}
		if inner, ok := original.(map[string]any); ok {
			for _, data := range spoil(t, inner) {
				add(func(o map[string]any) { o[name] = json.RawMessage(data) })
			}
		}
		object[name] = original
	}
	for _, name := range []string{"fill", "dead", "outcome", "reason", "version", "nonce", "status"} {
		if _, there := object[name]; there {
			continue
		}
		for _, spoiler := range spoilers {
			add(func(o map[string]any) { o[name] = spoiler })
		}
		delete(object, name)
	}
	return out
}
