// Package iam works out what a call to AWS needs and whether a role allows it.
package iam

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// Statement is one of a policy.
type Statement struct {
	Sid       string
	Effect    string
	Action    OneOrMany
	Resource  OneOrMany
	Condition map[string]map[string]OneOrMany
}

// Policy is a policy document.
type Policy struct {
	Statement []Statement
}

// OneOrMany is a value, or a list of values, as policies have either.
type OneOrMany []string

// UnmarshalJSON takes a string or a list of strings.
func (o *OneOrMany) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		*o = make(OneOrMany, 1)
		return json.Unmarshal(data, &(*o)[0])
	}
	return json.Unmarshal(data, (*[]string)(o))
}

// Access is one thing that a call does to one resource.
type Access struct {
	Action   string // "dynamodb:PutItem"
	Resource string // an ARN
	// Context are the condition keys of the call. A key without values isn't there.
	Context map[string][]string
}

func (a Access) String() string {
	parts := []string{a.Action + " on " + a.Resource}
	for _, key := range slices.Sorted(maps.Keys(a.Context)) {
		parts = append(parts, key+"="+strings.Join(a.Context[key], ","))
	}
	return strings.Join(parts, ", ")
}

// fits tells by which of its actions and resources the statement is about an
// access.
func (s Statement) fits(a Access) (action, resource int, ok bool, err error) {
	i := slices.IndexFunc(s.Action, func(p string) bool { return like(strings.ToLower(p), strings.ToLower(a.Action)) })
	j := slices.IndexFunc(s.Resource, func(p string) bool { return like(p, a.Resource) })
	if i < 0 || j < 0 {
		return 0, 0, false, nil
	}
	for operator, keys := range s.Condition {
		for key, want := range keys {
			holds, err := compare(operator, want, a.Context[key])
			if err != nil || !holds {
				return 0, 0, false, err
			}
		}
	}
	return i, j, true, nil
}

// compare is a condition: each value of the call must fit one of those wanted.
// ForAllValues holds when the call has no value, as it does on AWS; without it, a
// key that isn't there never fits.
func compare(operator string, want, got []string) (bool, error) {
	base, all := strings.CutPrefix(operator, "ForAllValues:")
	var same func(pattern, s string) bool
	switch base {
	case "StringEquals":
		same = func(pattern, s string) bool { return pattern == s }
	case "StringLike", "ArnEquals", "ArnLike":
		same = like
	default:
		return false, fmt.Errorf("the condition %s is not known here", operator)
	}
	if len(got) == 0 {
		return all, nil
	}
	for _, s := range got {
		if !slices.ContainsFunc(want, func(pattern string) bool { return same(pattern, s) }) {
			return false, nil
		}
	}
	return true, nil
}

// like matches with "*" and "?", which also stand for "/".
func like(pattern, s string) bool {
	flat := strings.NewReplacer("/", "\x00", "[", "\x01", `\`, "\x02")
	ok, err := path.Match(flat.Replace(pattern), flat.Replace(s))
	return err == nil && ok
}
