package world

import (
	"slices"
	"testing"
)

func TestAPermissionIsNeededByAProgramOrByAWS(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first, second map[string]bool // what two scenarios used
		byAWS         map[string]string
		want          []string
	}{
		"what any scenario used is needed": {
			map[string]bool{"A S get": true, "A S put": false}, map[string]bool{"A S get": false, "A S put": true}, nil, nil,
		},
		"what none used is not": {
			map[string]bool{"A S get": false},
			map[string]bool{"A S get": false, "A S put": true},
			nil,
			[]string{"no scenario ever needed the permission A S get"},
		},
		"AWS may use a whole statement": {
			map[string]bool{"A S get": false, "A S resource 1": false}, nil, map[string]string{"A S": "logs"}, nil,
		},
		"AWS may use one action": {
			map[string]bool{"A S get": false, "A S put": false},
			nil,
			map[string]string{"A S get": "scaling"},
			[]string{"no scenario ever needed the permission A S put"},
		},
		"a name that only begins alike is another": {
			map[string]bool{"A S get": false, "A Sx get": false},
			nil,
			map[string]string{"A S": "logs"},
			[]string{"no scenario ever needed the permission A Sx get"},
		},
		"a use of AWS's that a program makes too is no excuse": {
			map[string]bool{"A S get": true},
			nil,
			map[string]string{"A S get": "scaling"},
			[]string{"not for AWS alone, or in no template: A S get"},
		},
		"nor is one of what the templates don't have": {
			map[string]bool{"A S get": true},
			nil,
			map[string]string{"B": "gone"},
			[]string{"not for AWS alone, or in no template: B"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := ledger{used: map[string]bool{}}
			l.note(c.first)
			l.note(c.second)
			if got := l.unneeded(c.byAWS); !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
