package devissuer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Issuer gives tokens to the users and the machine client of one data folder. It
// may be used by many goroutines.
type Issuer struct {
	config   Config
	clients  []client
	identity file[identity]
	signIns  file[signIns]
	key      signingKey
	codes    codes
	guesses  guesses
}

// FirstStart is what was made at the first start. It is kept nowhere in this form:
// show it to the person at once.
type FirstStart struct {
	User          string
	Password      string
	MachineClient string
	MachineSecret string
}

// ErrNotStarted says that the folder has no issuer yet.
var ErrNotStarted = errors.New("there is no development issuer in this folder yet: start `outdial serve` with it once")

// Open opens the issuer for serving. If the folder has none it makes one: a signing
// key, the user admin and the machine client; FirstStart, otherwise nil, has their
// secrets. A file that can't be read is an error that says what to do, and is never
// written over.
func Open(c Config) (*Issuer, *FirstStart, error) {
	if err := c.Validate(); err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("make the data folder: %w", err)
	}
	i := newIssuer(c)
	var first *FirstStart
	err := i.identity.update(func(id *identity, exists bool) (write bool, err error) {
		if !exists {
			*id, first, err = i.newIdentity()
			return err == nil, err
		}
		write = id.Issuer != c.Issuer
		id.Issuer = c.Issuer // who makes tokens beside the server has to name it too
		return write, nil
	})
	if err != nil {
		return nil, nil, err
	}
	if _, _, err := i.signIns.read(); err != nil {
		return nil, nil, err // told at the start rather than at somebody's sign-in
	}
	return i, first, i.readKey()
}

// Load opens the issuer of a folder for all but serving, beside a server that may
// run or not. Of the configuration only Dir is needed. It gives ErrNotStarted if
// the folder has no issuer.
func Load(c Config) (*Issuer, error) {
	if c.Dir == "" {
		return nil, errors.New("the data folder is missing: give Dir")
	}
	i := newIssuer(c)
	id, err := i.readIdentity()
	if err != nil {
		return nil, err
	}
	i.config.Issuer = id.Issuer
	i.key = id.Key
	return i, nil
}

func newIssuer(c Config) *Issuer {
	c = c.withDefaults()
	return &Issuer{
		config:  c,
		clients: clients(c),
		identity: file[identity]{
			path: filepath.Join(c.Dir, "issuer.json"),
			what: "the key and the users",
			remedy: "put a copy of it back; or move it away and start again, " +
				"which makes a new key and a new password, after which everybody has to sign in again and owns none of the old calls",
			check: identity.check,
		},
		signIns: file[signIns]{
			path:   filepath.Join(c.Dir, "issuer-sign-ins.json"),
			what:   "the sign-ins",
			remedy: "delete it and start again, after which everybody has to sign in again",
			check:  signIns.check,
		},
	}
}

func (i *Issuer) newIdentity() (identity, *FirstStart, error) {
	password, err := newPassword(i.config.Rand)
	if err != nil {
		return identity{}, nil, err
	}
	secret, err := newSecret(i.config.Rand)
	if err != nil {
		return identity{}, nil, err
	}
	admin, err := i.newUser(firstUser, password, firstGroups())
	if err != nil {
		return identity{}, nil, err
	}
	key, err := newSigningKey(i.config.Rand)
	if err != nil {
		return identity{}, nil, err
	}
	made := identity{
		Version: formatVersion, Issuer: i.config.Issuer, Key: key,
		Users: []user{admin}, MachineSecret: hashSecret(secret),
	}
	first := &FirstStart{
		User: admin.Name, Password: password, MachineClient: ClientMachine, MachineSecret: secret,
	}
	return made, first, nil
}

// NewMachineSecret gives the machine client another secret and makes the old one
// void.
func (i *Issuer) NewMachineSecret() (string, error) {
	secret, err := newSecret(i.config.Rand)
	if err != nil {
		return "", err
	}
	err = i.updateIdentity(func(id *identity) error {
		id.MachineSecret = hashSecret(secret)
		return nil
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

func (i *Issuer) updateIdentity(change func(*identity) error) error {
	return i.identity.update(func(id *identity, exists bool) (bool, error) {
		if !exists {
			return false, ErrNotStarted
		}
		err := change(id)
		return err == nil, err
	})
}

// readIdentity reads the file anew, because another process may have changed it.
func (i *Issuer) readIdentity() (identity, error) {
	id, exists, err := i.identity.read()
	if err == nil && !exists {
		err = ErrNotStarted
	}
	return id, err
}

func (i *Issuer) readKey() error {
	id, err := i.readIdentity()
	i.key = id.Key
	return err
}
