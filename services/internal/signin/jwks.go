package signin

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-jose/go-jose/v4"

	"github.com/outdial/outdial/services/internal/signin/discovery"
)

const (
	// minKeyBits is the smallest modulus that RS256 allows (RFC 7518, section 3.3).
	minKeyBits = 2048
	// maxKeyBits bounds the work of one check.
	maxKeyBits = 8192
)

// fetchKeys reads the issuer's key set.
func fetchKeys(ctx context.Context, client *http.Client, c Config) (map[string]*rsa.PublicKey, error) {
	address := c.JWKSURL
	if address == "" {
		doc, err := discovery.Fetch(ctx, client, c.Issuer)
		if err != nil {
			return nil, err
		}
		address = doc.JWKSURI
	}
	body, err := discovery.Get(ctx, client, address)
	if err != nil {
		return nil, err
	}
	keys, err := parseKeys(body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	return keys, nil
}

// parseKeys takes from a key set (RFC 7517) the keys that may sign access tokens,
// by key id. Others are passed over, as section 5 asks, since an issuer may
// publish keys for other purposes. An id that stands for two such keys is passed
// over as well: which one is meant would be a guess.
func parseKeys(body []byte) (map[string]*rsa.PublicKey, error) {
	var published struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &published); err != nil {
		return nil, fmt.Errorf("not a key set: %w", err)
	}
	keys := make(map[string]*rsa.PublicKey)
	ambiguous := make(map[string]bool)
	for _, raw := range published.Keys {
		id, key := usableKey(raw)
		if key == nil {
			continue
		}
		if other, ok := keys[id]; ok && !other.Equal(key) {
			ambiguous[id] = true
		}
		keys[id] = key
	}
	for id := range ambiguous {
		delete(keys, id)
	}
	if len(keys) == 0 {
		// Taken for a failure, so that the keys known so far stay.
		return nil, errors.New("no key in the set can check RS256 signatures")
	}
	return keys, nil
}

// usableKey gives the id and the key, or nil for a key that must not be used.
func usableKey(raw json.RawMessage) (string, *rsa.PublicKey) {
	var jwk jose.JSONWebKey
	if err := json.Unmarshal(raw, &jwk); err != nil {
		return "", nil
	}
	key, isRSA := jwk.Key.(*rsa.PublicKey) // a private key is none: whoever publishes it has lost it
	switch {
	case !isRSA, jwk.KeyID == "",
		jwk.Use != "" && jwk.Use != "sig",
		jwk.Algorithm != "" && jwk.Algorithm != string(jose.RS256),
		key.N.BitLen() < minKeyBits, key.N.BitLen() > maxKeyBits:
		return "", nil
	}
	return jwk.KeyID, key
}
