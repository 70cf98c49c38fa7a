package devissuer

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"sync"
	"time"
)

const (
	codeLife = time.Minute
	// codeMemory is how long a code is remembered, so that its second use is seen.
	codeMemory = 10 * time.Minute
	// maxCodes bounds the codes that are remembered. Only people who have signed in
	// get any.
	maxCodes = 1000
)

// code stands for an authorization until the client fetches its tokens. Codes live
// in memory only: after a restart one clicks again.
type code struct {
	authorization
	redirect  string
	challenge string // PKCE S256
	chain     string // the chain of refresh tokens that it begins
	made      time.Time
	used      bool
}

// codes are the codes of late, by their hashes.
type codes struct {
	mu   sync.Mutex
	list map[string]*code
}

// errBadCode: the code is unknown, over, another client's or used before.
var errBadCode = errors.New("code not accepted")

func (c *codes) add(secret string, added code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.list == nil {
		c.list = make(map[string]*code)
	}
	var oldest string
	for hash, other := range c.list {
		if added.made.Sub(other.made) > codeMemory {
			delete(c.list, hash)
		} else if oldest == "" || other.made.Before(c.list[oldest].made) {
			oldest = hash
		}
	}
	if len(c.list) >= maxCodes {
		delete(c.list, oldest)
	}
	c.list[hashSecret(secret)] = &added
}

// redemption is what a client sends with a code.
type redemption struct{ secret, client, redirect, verifier string }

// redeem takes a code, once, and calls give while no other use of it can come in
// between. A second use calls takeBack with the chain that the first one began
// (RFC 6749, section 4.1.2). Any attempt uses the code up.
func (c *codes) redeem(r redemption, now time.Time, give func(code) error, takeBack func(chain string) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.list[hashSecret(r.secret)]
	if !ok {
		return errBadCode
	}
	if found.used {
		if err := takeBack(found.chain); err != nil {
			return err
		}
		return errBadCode
	}
	found.used = true
	if now.Sub(found.made) > codeLife || found.Client != r.client || found.redirect != r.redirect ||
		!verifies(r.verifier, found.challenge) {
		return errBadCode
	}
	return give(*found)
}

// verifies checks PKCE (RFC 7636, section 4.6).
func verifies(verifier, challenge string) bool {
	sum := sha256.Sum256([]byte(verifier))
	computed := base64.RawURLEncoding.EncodeToString(sum[:])
	return isVerifier(verifier) && subtle.ConstantTimeCompare([]byte(computed), []byte(challenge)) == 1
}

// isVerifier holds a verifier to RFC 7636, section 4.1: short ones could be guessed.
func isVerifier(s string) bool {
	return len(s) >= 43 && len(s) <= 128 && isUnreserved(s)
}

// isChallenge tells whether s can be the S256 of anything.
func isChallenge(s string) bool {
	return len(s) == 43 && isUnreserved(s)
}

func isUnreserved(s string) bool {
	for _, c := range []byte(s) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' && c != '~' {
			return false
		}
	}
	return true
}
