package stack

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/outdial/outdial/e2e/internal/aws"
)

// Physical says what a resource is when it is deployed: its Ref (attribute "") and
// its attributes.
type Physical func(name string, resource Resource, attribute string) (string, error)

// Stack is a template together with what its names stand for.
type Stack struct {
	Name      string
	Template  *Template
	Arguments map[string]any
	Physical  Physical
}

// absent is AWS::NoValue.
type absent struct{}

// Resolve is a value of the template without intrinsic functions.
func (s *Stack) Resolve(v any) (any, error) {
	switch v := v.(type) {
	case []any:
		list := []any{}
		for _, part := range v {
			got, err := s.Resolve(part)
			if err != nil {
				return nil, err
			}
			if got != (absent{}) {
				list = append(list, got)
			}
		}
		return list, nil
	case map[string]any:
		if len(v) == 1 {
			for name, argument := range v {
				if name == "Ref" || strings.HasPrefix(name, "Fn::") {
					return s.function(name, argument)
				}
			}
		}
		return s.object(v)
	}
	return v, nil
}

func (s *Stack) object(v map[string]any) (any, error) {
	object := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		got, err := s.Resolve(v[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if got != (absent{}) {
			object[name] = got
		}
	}
	return object, nil
}

func (s *Stack) function(name string, argument any) (any, error) {
	switch name {
	case "Ref":
		return s.ref(text(argument))
	case "Fn::If":
		return s.choose(argument)
	case "Fn::Sub":
		return s.sub(argument)
	}
	v, err := s.Resolve(argument)
	if err != nil {
		return nil, err
	}
	args, _ := v.([]any)
	if len(args) != 2 {
		return nil, fmt.Errorf("%s wants two arguments, not %v", name, v)
	}
	switch name {
	case "Fn::GetAtt":
		return s.attribute(text(args[0]), text(args[1]))
	case "Fn::Join":
		list, _ := args[1].([]any)
		parts := make([]string, len(list))
		for i, part := range list {
			parts[i] = text(part)
		}
		return strings.Join(parts, text(args[0])), nil
	case "Fn::Split":
		return toList(strings.Split(text(args[1]), text(args[0]))), nil
	case "Fn::Select":
		list, _ := args[1].([]any)
		i, err := strconv.Atoi(text(args[0]))
		if err != nil || i < 0 || i >= len(list) {
			return nil, fmt.Errorf("Fn::Select %v of %v", args[0], args[1])
		}
		return list[i], nil
	}
	return nil, fmt.Errorf("%s is not known here", name)
}

func (s *Stack) ref(name string) (any, error) {
	pseudo := map[string]any{
		"AWS::Region": aws.Region, "AWS::AccountId": aws.Account, "AWS::Partition": aws.Partition,
		"AWS::URLSuffix": "amazonaws.com", "AWS::StackName": s.Name, "AWS::NoValue": absent{},
		"AWS::StackId": aws.ARN("cloudformation", "stack/"+s.Name+"/0f5a2c10-1111-2222-3333-444455556666"),
	}
	if v, ok := pseudo[name]; ok {
		return v, nil
	}
	if v, ok := s.Arguments[name]; ok {
		return v, nil
	}
	return s.attribute(name, "")
}

func (s *Stack) attribute(name, attribute string) (any, error) {
	r, ok := s.Template.Resources[name]
	if !ok {
		return nil, fmt.Errorf("there is neither a parameter nor a resource %s", name)
	}
	return s.Physical(name, r, attribute)
}

// sub fills "${Name}", "${Name.Attribute}" and, in its long form, names of its own.
func (s *Stack) sub(argument any) (any, error) {
	own := map[string]any{}
	if list, ok := argument.([]any); ok && len(list) == 2 {
		names, _ := list[1].(map[string]any)
		for name, v := range names {
			got, err := s.Resolve(v)
			if err != nil {
				return nil, err
			}
			own[name] = got
		}
		argument = list[0]
	}
	var b strings.Builder
	rest := text(argument)
	for {
		before, after, found := strings.Cut(rest, "${")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		name, tail, _ := strings.Cut(after, "}")
		rest = tail
		v, ok := own[name]
		if !ok {
			var err error
			if resource, attribute, dotted := strings.Cut(name, "."); dotted {
				v, err = s.attribute(resource, attribute)
			} else {
				v, err = s.ref(name)
			}
			if err != nil {
				return nil, err
			}
		}
		b.WriteString(text(v))
	}
}

func (s *Stack) choose(argument any) (any, error) {
	args, _ := argument.([]any)
	if len(args) != 3 {
		return nil, fmt.Errorf("Fn::If wants three arguments, not %v", argument)
	}
	holds, err := s.Holds(text(args[0]))
	if err != nil {
		return nil, err
	}
	if holds {
		return s.Resolve(args[1])
	}
	return s.Resolve(args[2])
}

// Holds tells whether a condition of the template holds. The empty one does.
func (s *Stack) Holds(condition string) (bool, error) {
	if condition == "" {
		return true, nil
	}
	v, ok := s.Template.Conditions[condition]
	if !ok {
		return false, fmt.Errorf("there is no condition %s", condition)
	}
	return s.holds(v)
}

func (s *Stack) holds(v any) (bool, error) {
	object, _ := v.(map[string]any)
	if name, ok := object["Condition"].(string); ok {
		return s.Holds(name)
	}
	if list, ok := object["Fn::Not"].([]any); ok && len(list) == 1 {
		holds, err := s.holds(list[0])
		return !holds, err
	}
	if list, ok := object["Fn::Equals"].([]any); ok && len(list) == 2 {
		got, err := s.Resolve(list)
		if err != nil {
			return false, err
		}
		both, _ := got.([]any)
		return len(both) == 2 && text(both[0]) == text(both[1]), nil
	}
	return false, fmt.Errorf("%v is not a condition known here", v)
}
