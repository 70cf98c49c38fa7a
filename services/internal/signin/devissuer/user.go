package devissuer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/outdial/outdial/services/internal/signin"
)

// The first user, made at the first start.
const firstUser = "admin"

// user is one person. The subject is made once and stays when anything else
// changes: it owns the calls.
type user struct {
	Name     string       `json:"name"`
	Subject  string       `json:"subject"`
	Email    string       `json:"email"`
	Groups   []string     `json:"groups,omitempty"`
	Password passwordHash `json:"password"`
}

// identity is the document issuer.json.
type identity struct {
	Version int        `json:"version"`
	Issuer  string     `json:"issuer"` // as of the last start
	Key     signingKey `json:"key"`
	Users   []user     `json:"users"` // in the order they were added; never empty
	// MachineSecret is the hash of the machine client's secret.
	MachineSecret string `json:"machine_secret_sha256"`
}

// formatVersion goes up when an older program could not use the files any more.
const formatVersion = 1

var errNewer = errors.New("it was written by a newer version of outdial")

func (id identity) check() error {
	switch {
	case id.Version > formatVersion:
		return errNewer
	case id.Version < 1:
		return errors.New("it has no version")
	case id.Key.RSA == nil:
		return errors.New("it has no signing key")
	case len(id.Users) == 0:
		return errors.New("it has no users")
	case id.MachineSecret == "":
		return errors.New("it has no machine secret")
	}
	for _, u := range id.Users {
		if u.Subject == "" || !u.Password.valid() {
			return fmt.Errorf("its user %q has no id or no password", u.Name)
		}
	}
	return nil
}

func (id identity) user(match func(user) bool) (user, bool) {
	at := slices.IndexFunc(id.Users, match)
	if at < 0 {
		return user{}, false
	}
	return id.Users[at], true
}

func byName(name string) func(user) bool { return func(u user) bool { return u.Name == name } }

func bySubject(subject string) func(user) bool {
	return func(u user) bool { return u.Subject == subject }
}

// ErrNoUser says that there is no user of that name.
var ErrNoUser = errors.New("no such user")

// FirstUser gives the name of the user who was added first, a member of admins.
func (i *Issuer) FirstUser() (string, error) {
	id, err := i.readIdentity()
	if err != nil {
		return "", err
	}
	return id.Users[0].Name, nil
}

// AddUser adds a person, a member of these groups. Names are 1 to 64 letters,
// digits, ".", "_" and "-".
func (i *Issuer) AddUser(name, password string, groups ...string) error {
	added, err := i.newUser(name, password, groups)
	if err != nil {
		return err
	}
	return i.updateIdentity(func(id *identity) error {
		if _, taken := id.user(byName(name)); taken {
			return fmt.Errorf("the user %q is there already", name)
		}
		id.Users = append(id.Users, added)
		return nil
	})
}

// SetPassword changes a password and ends all that was begun with the old one:
// sessions and refresh tokens.
func (i *Issuer) SetPassword(name, password string) error {
	hash, err := hashPassword(i.config.Rand, password)
	if err != nil {
		return err
	}
	var subject string
	err = i.updateIdentity(func(id *identity) error {
		at := slices.IndexFunc(id.Users, byName(name))
		if at < 0 {
			return fmt.Errorf("%w: %q", ErrNoUser, name)
		}
		id.Users[at].Password = hash
		subject = id.Users[at].Subject
		return nil
	})
	if err != nil {
		return err
	}
	return i.endAllSignIns(subject)
}

func (i *Issuer) newUser(name, password string, groups []string) (user, error) {
	if !isUserName(name) {
		return user{}, fmt.Errorf("the user name %q must have 1 to 64 letters, digits, dots, underscores or hyphens", name)
	}
	subject, err := uuid.NewRandomFromReader(i.config.Rand)
	if err != nil {
		return user{}, fmt.Errorf("make user id: %w", err)
	}
	hash, err := hashPassword(i.config.Rand, password)
	if err != nil {
		return user{}, err
	}
	return user{
		Name: name, Subject: subject.String(), Email: name + "@outdial.localhost",
		Groups: groups, Password: hash,
	}, nil
}

func isUserName(name string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	return name != "" && len(name) <= 64 && strings.Trim(name, allowed) == ""
}

func firstGroups() []string { return []string{signin.AdminGroup} }
