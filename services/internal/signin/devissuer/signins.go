package devissuer

import (
	"errors"
	"slices"
	"strings"
	"time"
)

const (
	sessionLife = 12 * time.Hour
	refreshLife = 30 * 24 * time.Hour // Cognito's default; it doesn't grow when used
	// maxSignIns bounds sessions, and refresh tokens. The oldest go first.
	maxSignIns = 1000
)

// signIns is the document issuer-sign-ins.json.
type signIns struct {
	Version  int       `json:"version"`
	Sessions []session `json:"sessions"` // oldest first
	Refresh  []refresh `json:"refresh"`  // oldest first
}

func (s signIns) check() error {
	switch {
	case s.Version > formatVersion:
		return errNewer
	case s.Version < 1:
		return errors.New("it has no version")
	}
	return nil
}

// session is one browser that a person has signed in with.
type session struct {
	Hash    string    `json:"sha256"` // of the cookie
	Subject string    `json:"subject"`
	At      time.Time `json:"at"` // when the password was given
	Origin  string    `json:"origin"`
	Expires time.Time `json:"expires"`
}

// authorization is what a person has let a client do.
type authorization struct {
	Subject string    `json:"subject"`
	Client  string    `json:"client"`
	Scopes  []string  `json:"scopes"`
	At      time.Time `json:"at"`     // when the password was given
	Origin  string    `json:"origin"` // the sign-in, as origin_jti of its tokens
	nonce   string    // goes into the first ID token only
}

// refresh is a chain of refresh tokens, of which the last one is good. A token is
// the chain's id and the secret of its turn, so a token of the chain that isn't
// the last one has been used before: it was stolen, or the last one was.
type refresh struct {
	Chain   string    `json:"chain"`
	Hash    string    `json:"sha256"` // of the last secret
	Expires time.Time `json:"expires"`
	authorization
}

// updateSignIns writes what change does, without what has expired and what is too
// much. An unchanged document isn't written.
func (i *Issuer) updateSignIns(change func(*signIns) (write bool, err error)) error {
	now := i.config.Now()
	return i.signIns.update(func(s *signIns, _ bool) (bool, error) {
		s.Version = formatVersion
		s.Sessions = slices.DeleteFunc(s.Sessions, func(x session) bool { return !now.Before(x.Expires) })
		s.Refresh = slices.DeleteFunc(s.Refresh, func(x refresh) bool { return !now.Before(x.Expires) })
		write, err := change(s)
		s.Sessions = newest(s.Sessions)
		s.Refresh = newest(s.Refresh)
		return write, err
	})
}

func newest[T any](list []T) []T { return list[max(0, len(list)-maxSignIns):] }

// beginSession signs a browser in and gives its cookie. The session that it had
// before, if any, ends.
func (i *Issuer) beginSession(subject, oldCookie string) (string, session, error) {
	cookie, err := newSecret(i.config.Rand)
	if err != nil {
		return "", session{}, err
	}
	origin, err := i.newID()
	if err != nil {
		return "", session{}, err
	}
	now := i.config.Now()
	s := session{
		Hash: hashSecret(cookie), Subject: subject, At: now, Origin: origin, Expires: now.Add(sessionLife),
	}
	err = i.updateSignIns(func(all *signIns) (bool, error) {
		all.endSession(oldCookie)
		all.Sessions = append(all.Sessions, s)
		return true, nil
	})
	return cookie, s, err
}

// findSession gives the session of a cookie, if it goes on.
func (i *Issuer) findSession(cookie string) (session, bool, error) {
	if cookie == "" {
		return session{}, false, nil
	}
	all, _, err := i.signIns.read()
	if err != nil {
		return session{}, false, err
	}
	hash := hashSecret(cookie)
	at := slices.IndexFunc(all.Sessions, func(s session) bool { return s.Hash == hash })
	if at < 0 || !i.config.Now().Before(all.Sessions[at].Expires) {
		return session{}, false, nil
	}
	return all.Sessions[at], true, nil
}

func (i *Issuer) endSession(cookie string) error {
	return i.updateSignIns(func(all *signIns) (bool, error) {
		return all.endSession(cookie), nil
	})
}

func (s *signIns) endSession(cookie string) (ended bool) {
	hash, before := hashSecret(cookie), len(s.Sessions)
	s.Sessions = slices.DeleteFunc(s.Sessions, func(x session) bool { return x.Hash == hash })
	return len(s.Sessions) < before
}

// endAllSignIns ends a person's sessions and refresh tokens.
func (i *Issuer) endAllSignIns(subject string) error {
	return i.updateSignIns(func(all *signIns) (bool, error) {
		all.Sessions = slices.DeleteFunc(all.Sessions, func(s session) bool { return s.Subject == subject })
		all.Refresh = slices.DeleteFunc(all.Refresh, func(r refresh) bool { return r.Subject == subject })
		return true, nil
	})
}

// beginRefresh begins the chain and gives its first token.
func (i *Issuer) beginRefresh(chain string, a authorization) (string, error) {
	secret, err := newSecret(i.config.Rand)
	if err != nil {
		return "", err
	}
	r := refresh{
		Chain: chain, Hash: hashSecret(secret), Expires: i.config.Now().Add(refreshLife), authorization: a,
	}
	err = i.updateSignIns(func(all *signIns) (bool, error) {
		all.Refresh = append(all.Refresh, r)
		return true, nil
	})
	return chain + "." + secret, err
}

// errBadRefresh: the token is unknown, expired, another client's or used before.
var errBadRefresh = errors.New("refresh token not accepted")

// rotateRefresh takes a chain's last token, gives the next one and what the chain
// stands for. A token that was used before ends the chain, for the thief and the
// robbed alike, since nothing tells them apart (RFC 9700, section 4.14.2).
func (i *Issuer) rotateRefresh(token, clientID string) (string, authorization, error) {
	next, err := newSecret(i.config.Rand)
	if err != nil {
		return "", authorization{}, err
	}
	chain, secret, _ := strings.Cut(token, ".")
	var a authorization
	var accepted bool
	err = i.updateSignIns(func(all *signIns) (bool, error) {
		at := all.chain(chain)
		if at < 0 || all.Refresh[at].Client != clientID {
			return false, nil
		}
		if !sameSecret(secret, all.Refresh[at].Hash) {
			all.Refresh = slices.Delete(all.Refresh, at, at+1)
			return true, nil
		}
		all.Refresh[at].Hash = hashSecret(next)
		a, accepted = all.Refresh[at].authorization, true
		return true, nil
	})
	if err == nil && !accepted {
		err = errBadRefresh
	}
	if err != nil {
		return "", authorization{}, err
	}
	return chain + "." + next, a, nil
}

// endRefresh ends the chain; one that isn't there is no error.
func (i *Issuer) endRefresh(chain string) error {
	return i.updateSignIns(func(all *signIns) (bool, error) {
		at := all.chain(chain)
		if at < 0 {
			return false, nil
		}
		all.Refresh = slices.Delete(all.Refresh, at, at+1)
		return true, nil
	})
}

func (s *signIns) chain(id string) int {
	return slices.IndexFunc(s.Refresh, func(r refresh) bool { return r.Chain == id })
}

// revokeRefresh ends the chain of a client's refresh token, the last one or an older
// one.
func (i *Issuer) revokeRefresh(token, clientID string) error {
	chain, _, _ := strings.Cut(token, ".")
	return i.updateSignIns(func(all *signIns) (bool, error) {
		at := all.chain(chain)
		if at < 0 || all.Refresh[at].Client != clientID {
			return false, nil
		}
		all.Refresh = slices.Delete(all.Refresh, at, at+1)
		return true, nil
	})
}
