// Package infratest holds the templates in infra/ to the programs that they run.
package infratest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	yaml "github.com/oasdiff/yaml3"
)

const infra = "../../../infra"

// object is a part of a template, with CloudFormation's short forms written out:
// !Ref x is {"Ref": "x"}.
type object = map[string]any

// template reads one of the files in infra/.
func template(t *testing.T, name string) object {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(infra, name))
	if err != nil {
		t.Fatal(err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return as[object](t, value(t, document.Content[0]), name)
}

// transformed is compute.yaml as CloudFormation sees it, with SAM's short forms
// written out.
func transformed(t *testing.T) object {
	t.Helper()
	var complaints bytes.Buffer
	c := exec.CommandContext(t.Context(), "../../../.ci/sam/transform", filepath.Join(infra, "compute.yaml"))
	c.Stderr = &complaints
	data, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &complaints)
	}
	var all object
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// value is a node as JSON has it.
func value(t *testing.T, n *yaml.Node) any {
	t.Helper()
	var v any
	switch n.Kind {
	case yaml.MappingNode:
		m := object{}
		for i := 0; i < len(n.Content); i += 2 {
			m[n.Content[i].Value] = value(t, n.Content[i+1])
		}
		v = m
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, part := range n.Content {
			list[i] = value(t, part)
		}
		v = list
	case yaml.ScalarNode:
		if short(n) {
			v = n.Value
		} else if err := n.Decode(&v); err != nil {
			t.Fatalf("line %d: %v", n.Line, err)
		}
		if number, ok := v.(int); ok {
			v = float64(number) // as JSON has numbers
		}
	default: // CloudFormation knows no aliases
		t.Fatalf("line %d: not a mapping, a list or a value", n.Line)
	}
	switch {
	case n.Tag == "!Ref":
		return object{"Ref": v}
	case n.Tag == "!Condition":
		return object{"Condition": v}
	case n.Tag == "!GetAtt":
		name, attribute, _ := strings.Cut(fmt.Sprint(v), ".")
		return object{"Fn::GetAtt": []any{name, attribute}}
	case short(n):
		return object{"Fn::" + strings.TrimPrefix(n.Tag, "!"): v}
	}
	return v
}

// short tells whether a node has one of CloudFormation's tags, such as !Sub.
func short(n *yaml.Node) bool {
	return strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!")
}

// as is a value of a template in the type that it must have.
func as[T any](t *testing.T, v any, what string) T {
	t.Helper()
	found, ok := v.(T)
	if !ok {
		t.Fatalf("%s is %T: %v", what, v, v)
	}
	return found
}

// at walks down a template by names.
func at[T any](t *testing.T, from any, path ...string) T {
	t.Helper()
	for i, name := range path {
		from = as[object](t, from, strings.Join(path[:i], "."))[name]
	}
	return as[T](t, from, strings.Join(path, "."))
}

// ofType are the resources of one type, by name.
func ofType(t *testing.T, all object, kind string) map[string]object {
	t.Helper()
	found := map[string]object{}
	for name := range at[object](t, all, "Resources") {
		if resource := at[object](t, all, "Resources", name); resource["Type"] == kind {
			found[name] = at[object](t, resource, "Properties")
		}
	}
	if len(found) == 0 {
		t.Fatalf("there is no %s", kind)
	}
	return found
}

// list is a value, or the values of a list, as templates let one write either.
func list(v any) []any {
	if many, ok := v.([]any); ok {
		return many
	}
	return []any{v}
}

// text is a value as JSON, to be compared.
func text(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
