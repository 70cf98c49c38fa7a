package stack

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// OfType are the names of the resources of a type that are deployed, in order.
func (s *Stack) OfType(kind string) ([]string, error) {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(s.Template.Resources)) {
		r := s.Template.Resources[name]
		holds, err := s.Holds(r.Condition)
		if err != nil {
			return nil, err
		}
		if r.Type == kind && holds {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("there is no %s", kind)
	}
	return names, nil
}

// Read resolves the properties of a resource into a value of the caller's type.
// Members that the type doesn't have are left out.
func Read[T any](s *Stack, name string) (T, error) {
	var v T
	r, ok := s.Template.Resources[name]
	if !ok {
		return v, fmt.Errorf("there is no resource %s", name)
	}
	properties, err := s.Resolve(r.Properties)
	if err != nil {
		return v, fmt.Errorf("%s: %w", name, err)
	}
	data, err := json.Marshal(properties)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return v, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}

// Outputs are the stack's outputs.
func (s *Stack) Outputs() (map[string]string, error) {
	outputs := map[string]string{}
	for name, o := range s.Template.Outputs {
		holds, err := s.Holds(o.Condition)
		if err != nil {
			return nil, err
		}
		if !holds {
			continue
		}
		v, err := s.Resolve(o.Value)
		if err != nil {
			return nil, fmt.Errorf("output %s: %w", name, err)
		}
		outputs[name] = text(v)
	}
	return outputs, nil
}

// Text is a scalar of a template that may be a number written as a string, or
// the other way round.
type Text string

// UnmarshalJSON takes strings, numbers and booleans.
func (t *Text) UnmarshalJSON(data []byte) error {
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	*t = Text(text(v))
	return nil
}
