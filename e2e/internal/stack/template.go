// Package stack reads the templates in infra/ and works out what they come to,
// so that what is tested is what would be deployed.
package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// Template is one of the files in infra/, with SAM's shorthand written out.
type Template struct {
	Parameters map[string]Parameter
	Conditions map[string]any
	Resources  map[string]Resource
	Outputs    map[string]Output
}

// Parameter is one of a template.
type Parameter struct {
	Type    string
	Default any
}

// Resource is one of a template. Its properties may have intrinsic functions.
type Resource struct {
	Type       string
	Condition  string
	Properties map[string]any
}

// Output is one of a template.
type Output struct {
	Condition string
	Value     any
}

// loaded are the templates that were read before, by path. Nobody changes them.
var loaded sync.Map

// Load reads infra/NAME of the repository at root.
func Load(ctx context.Context, root, name string) (*Template, error) {
	path := filepath.Join(root, "infra", name)
	if t, ok := loaded.Load(path); ok {
		return t.(*Template), nil //nolint:errcheck // nothing else is in it
	}
	t, err := load(ctx, root, name)
	if err == nil {
		loaded.Store(path, t)
	}
	return t, err
}

func load(ctx context.Context, root, name string) (*Template, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(root, ".ci", "sam", "transform"), filepath.Join(root, "infra", name)) //nolint:gosec // our own script
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	data, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", name, err, &stderr)
	}
	t := new(Template)
	if err := json.Unmarshal(data, t); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

// Arguments are the parameters' values: those that are given, and the defaults of
// the others. A list is given with commas.
func (t *Template) Arguments(given map[string]string) (map[string]any, error) {
	values := map[string]any{}
	for name, p := range t.Parameters {
		value, ok := given[name]
		if !ok {
			if p.Default == nil {
				return nil, fmt.Errorf("parameter %s has no default and is not given", name)
			}
			value = text(p.Default)
		}
		if p.Type == "CommaDelimitedList" {
			values[name] = toList(strings.Split(value, ","))
		} else {
			values[name] = value
		}
	}
	for name := range given {
		if _, ok := t.Parameters[name]; !ok {
			return nil, fmt.Errorf("there is no parameter %s", name)
		}
	}
	return values, nil
}

func toList(parts []string) []any {
	list := make([]any, len(parts))
	for i, part := range parts {
		list[i] = part
	}
	return list
}

// text is a scalar as CloudFormation writes it into a string.
func text(v any) string {
	if f, ok := v.(float64); ok && f == float64(int64(f)) {
		return fmt.Sprint(int64(f))
	}
	return fmt.Sprint(v)
}
