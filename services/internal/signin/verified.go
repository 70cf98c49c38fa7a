package signin

import (
	"crypto/rsa"
	"crypto/sha256"
	"sync"
)

// maxVerified bounds the tokens that are remembered. A client has one at a time.
const maxVerified = 10_000

// verified remembers the tokens that passed every check. A client sends the same
// one for an hour, and to check its signature costs more than all else that a
// request for a call does. What can change meanwhile isn't remembered: whether
// the key is still published, and the time.
type verified struct {
	mu     sync.Mutex
	tokens map[tokenSum]good
}

// tokenSum stands for a token, which is a secret and isn't kept.
type tokenSum [sha256.Size]byte

type good struct {
	keyID     string
	key       *rsa.PublicKey
	claims    *claims
	principal Principal
}

func (v *verified) get(sum tokenSum) (good, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	g, ok := v.tokens[sum]
	return g, ok
}

// put forgets all others when there are too many: checking them again is only work.
func (v *verified) put(sum tokenSum, g good) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.tokens == nil || len(v.tokens) >= maxVerified {
		v.tokens = map[tokenSum]good{}
	}
	v.tokens[sum] = g
}
