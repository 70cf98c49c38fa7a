package signin

import (
	"slices"
	"time"
)

// The scopes of the API. A route names the one it takes.
const (
	ScopeRead  = "calls/read"
	ScopeWrite = "calls/write"
	ScopeAdmin = "calls/admin"
)

// AdminGroup is the group whose members may use ScopeAdmin.
const AdminGroup = "admins"

// Scopes gives all scopes of the API.
func Scopes() []string { return []string{ScopeRead, ScopeWrite, ScopeAdmin} }

// Principal is who makes a request.
type Principal struct {
	// Owner is whose calls these are: the token's sub, which for a machine is
	// its client_id. 1 to 255 printable ASCII characters.
	Owner    string
	Subject  string
	ClientID string    // empty if the issuer doesn't name it
	Scopes   []string  // as granted; sorted, each once. Ask Has, not this list
	Groups   []string  // a person's; sorted, each once
	Machine  bool      // a program that signed in by client credentials
	Expires  time.Time // end of the token
}

// Has tells whether the principal may do what takes this scope. ScopeAdmin counts
// only where [Principal.Admin] says so.
func (p Principal) Has(scope string) bool {
	if scope == ScopeAdmin {
		return p.Admin()
	}
	return slices.Contains(p.Scopes, scope)
}

// Admin tells whether the principal may see and do everything. For people the
// scope is not enough: whoever signs in may ask for any scope that the client
// has, so it takes membership of AdminGroup too. A machine client was given the
// scope by name.
func (p Principal) Admin() bool {
	return slices.Contains(p.Scopes, ScopeAdmin) && (p.Machine || slices.Contains(p.Groups, AdminGroup))
}
