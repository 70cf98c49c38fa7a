package iam

import (
	"fmt"
	"slices"
	"sync"
)

// Role is what a program may do, and what it did.
type Role struct {
	Name     string
	policies []Policy

	mu     sync.Mutex
	used   map[string]bool
	denied []string
}

// NewRole makes a role of its policies.
func NewRole(name string, policies ...Policy) *Role {
	return &Role{Name: name, policies: policies, used: map[string]bool{}}
}

// Check tells whether the role allows all of a call, and remembers by what. The
// error says what isn't allowed.
func (r *Role) Check(accesses []Access) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range accesses {
		if err := r.check(a); err != nil {
			r.denied = append(r.denied, err.Error())
			return err
		}
	}
	return nil
}

func (r *Role) check(a Access) error {
	allowed := false
	for _, s := range r.statements() {
		action, resource, fits, err := s.fits(a)
		switch {
		case err != nil:
			return err
		case fits && s.Effect == "Deny":
			return fmt.Errorf("%s: %s forbids %s", r.Name, s.Sid, a)
		case fits:
			allowed = true
			r.used[r.permission(s, s.Action[action])] = true
			r.used[r.permission(s, nth(resource))] = true
		}
	}
	if !allowed {
		return fmt.Errorf("%s: no statement allows %s", r.Name, a)
	}
	return nil
}

func (r *Role) statements() []Statement {
	var all []Statement
	for _, p := range r.policies {
		all = append(all, p.Statement...)
	}
	return all
}

// Deny remembers a call that was refused because nobody knows what it needs.
func (r *Role) Deny(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.denied = append(r.denied, r.Name+": "+why)
}

// Denied are the calls that were refused.
func (r *Role) Denied() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.denied)
}

// Permissions are all that the role may do, and whether a call ever needed it:
// each a statement with one of its actions or one of its resources, such as
// "AgentRole Claims dynamodb:GetItem" and "AgentRole Claims resource 1".
func (r *Role) Permissions() map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[string]bool{}
	for _, s := range r.statements() {
		for _, action := range s.Action {
			name := r.permission(s, action)
			all[name] = r.used[name]
		}
		for i := range s.Resource {
			name := r.permission(s, nth(i))
			all[name] = r.used[name]
		}
	}
	return all
}

func (r *Role) permission(s Statement, part string) string { return r.Name + " " + s.Sid + " " + part }

func nth(resource int) string { return fmt.Sprintf("resource %d", resource+1) }
