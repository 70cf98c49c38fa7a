package devissuer

import (
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"github.com/go-jose/go-jose/v4"
)

// signingKey is the RSA key that signs tokens. In JSON it is a private JWK.
type signingKey struct {
	ID  string
	RSA *rsa.PrivateKey
}

func newSigningKey(random io.Reader) (signingKey, error) {
	private, err := rsa.GenerateKey(random, 2048)
	if err != nil {
		return signingKey{}, fmt.Errorf("make signing key: %w", err)
	}
	jwk := jose.JSONWebKey{Key: &private.PublicKey}
	thumbprint, err := jwk.Thumbprint(crypto.SHA256) // RFC 7638: an id that is the key's own
	if err != nil {
		return signingKey{}, fmt.Errorf("name signing key: %w", err)
	}
	return signingKey{ID: base64.RawURLEncoding.EncodeToString(thumbprint), RSA: private}, nil
}

// MarshalJSON writes the private key.
func (k signingKey) MarshalJSON() ([]byte, error) { return k.jwk(k.RSA).MarshalJSON() }

// UnmarshalJSON reads it.
func (k *signingKey) UnmarshalJSON(data []byte) error {
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON(data); err != nil {
		return err
	}
	private, ok := jwk.Key.(*rsa.PrivateKey)
	if !ok || jwk.KeyID == "" {
		return errors.New("its key is not a private RSA key with an id")
	}
	k.ID, k.RSA = jwk.KeyID, private
	return nil
}

// public is the key set that the issuer publishes.
func (k signingKey) public() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{k.jwk(&k.RSA.PublicKey)}}
}

func (k signingKey) jwk(key any) jose.JSONWebKey {
	return jose.JSONWebKey{Key: key, KeyID: k.ID, Algorithm: string(jose.RS256), Use: "sig"}
}
