package devissuer

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/argon2"
)

// secretBytes are 256 bits: beyond guessing, so a plain hash of it is enough.
const secretBytes = 32

// newSecret makes a code, a token or a client's secret.
func newSecret(random io.Reader) (string, error) {
	b, err := randomBytes(random, secretBytes)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// hashSecret is what is kept of a secret, so that whoever reads the file can't use
// what he finds there.
func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// sameSecret compares in constant time.
func sameSecret(secret, hash string) bool {
	return subtle.ConstantTimeCompare([]byte(hashSecret(secret)), []byte(hash)) == 1
}

func randomBytes(random io.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	return b, nil
}

// newPassword makes a password that is easy to read and to type: four groups of
// four characters that can't be mistaken for one another, 80 bits in all.
func newPassword(random io.Reader) (string, error) {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford's base 32
	b, err := randomBytes(random, 16)
	if err != nil {
		return "", err
	}
	var password []byte
	for n, v := range b {
		if n > 0 && n%4 == 0 {
			password = append(password, '-')
		}
		password = append(password, alphabet[v%32])
	}
	return string(password), nil
}

// passwordHash is an Argon2id hash with its parameters, so that they can be raised
// without making old passwords void.
type passwordHash struct {
	Salt    []byte `json:"salt"`
	Hash    []byte `json:"argon2id"`
	Time    uint32 `json:"time"`
	Memory  uint32 `json:"memory"` // KiB
	Threads uint8  `json:"threads"`
}

// Password lengths, in bytes.
const (
	minPassword = 8
	maxPassword = 256
)

func hashPassword(random io.Reader, password string) (passwordHash, error) {
	if len(password) < minPassword || len(password) > maxPassword {
		return passwordHash{}, errors.New("a password must have 8 to 256 bytes")
	}
	salt, err := randomBytes(random, 16)
	if err != nil {
		return passwordHash{}, err
	}
	// OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, one lane.
	h := passwordHash{Salt: salt, Time: 2, Memory: 19 << 10, Threads: 1}
	h.Hash = h.of(password)
	return h, nil
}

func (h passwordHash) of(password string) []byte {
	return argon2.IDKey([]byte(password), h.Salt, h.Time, h.Memory, h.Threads, 32)
}

// valid tells whether the parameters are such that Argon2id can be computed.
func (h passwordHash) valid() bool {
	return len(h.Salt) >= 8 && len(h.Hash) == 32 && h.Time >= 1 && h.Time <= 100 && h.Memory <= 1<<20 && h.Threads >= 1
}

func (h passwordHash) matches(password string) bool {
	return subtle.ConstantTimeCompare(h.of(password), h.Hash) == 1
}
