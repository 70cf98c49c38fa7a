package signin

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
	"github.com/go-jose/go-jose/v4/jwt"
)

// maxKeyID bounds a key id, in bytes.
const maxKeyID = 256

// Options are what a [Verifier] takes from outside. Each has a default.
type Options struct {
	Client *http.Client     // reads the issuer's keys; http.DefaultClient
	Now    func() time.Time // time.Now
	Log    *slog.Logger     // is told when the issuer is away; slog.Default
}

// Verifier checks access tokens of one issuer. It may be used by many goroutines.
type Verifier struct {
	config Config
	now    func() time.Time
	keys   keySet
	passed verified
}

// New makes a verifier. It reads nothing yet: keys are read when the first token
// comes, so that a program starts while its issuer is away.
func New(c Config, o Options) (*Verifier, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.GroupsClaim == "" {
		c.GroupsClaim = DefaultGroupsClaim
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	fetch := func(ctx context.Context) (map[string]*rsa.PublicKey, error) {
		return fetchKeys(ctx, o.Client, c)
	}
	return &Verifier{config: c, now: o.Now, keys: keySet{fetch: fetch, now: o.Now, log: o.Log}}, nil
}

// Authenticate checks the access token of a request. Its error is an [*Error].
func (v *Verifier) Authenticate(r *http.Request) (Principal, error) {
	token, err := BearerToken(r)
	if err != nil {
		return Principal{}, err
	}
	return v.Verify(r.Context(), token)
}

// Verify checks an access token. Its error is an [*Error].
func (v *Verifier) Verify(ctx context.Context, token string) (Principal, error) {
	sum := tokenSum(sha256.Sum256([]byte(token)))
	if g, ok := v.passed.get(sum); ok {
		// Keys that were read again are others: then the signature is checked again, too.
		if key, err := v.keys.key(ctx, g.keyID); err == nil && key == g.key {
			if err := g.claims.checkTime(v.now()); err != nil {
				return Principal{}, err
			}
			return g.principal, nil
		}
	}
	g, err := v.check(ctx, token)
	if err != nil {
		return Principal{}, err
	}
	v.passed.put(sum, g)
	return g.principal, nil
}

// check checks everything.
func (v *Verifier) check(ctx context.Context, token string) (good, error) {
	parsed, err := parse(token)
	if err != nil {
		return good{}, err
	}

	// Looked at before the key, so that a foreign token is told by its name and
	// sends nobody to look for its key.
	var unchecked claims
	if err := parsed.UnsafeClaimsWithoutVerification(&unchecked); err != nil {
		return good{}, malformed()
	}
	if unchecked.Issuer != v.config.Issuer {
		return good{}, refuse(CodeWrongIssuer, "the token is from another issuer than the one configured")
	}

	g := good{keyID: parsed.Headers[0].KeyID}
	if g.key, err = v.keys.key(ctx, g.keyID); err != nil {
		return good{}, err
	}
	if g.claims, err = v.signedClaims(parsed, g.key); err != nil {
		return good{}, err
	}
	if err := g.claims.checkTime(v.now()); err != nil {
		return good{}, err
	}
	if err := g.claims.checkUse(typeOf(parsed)); err != nil {
		return good{}, err
	}
	if err := g.claims.checkAudience(v.config.Audiences, v.config.ClientIDs); err != nil {
		return good{}, err
	}
	g.principal, err = g.claims.principal()
	return g, err
}

// parse takes a token apart without believing anything. Causes are dropped on
// purpose: they may quote the token.
func parse(token string) (*jwt.JSONWebToken, error) {
	if len(token) > maxToken {
		return nil, refuse(CodeMalformed, "the token is longer than 8192 bytes")
	}
	// The one allowed algorithm is named here and never taken from the token, so
	// neither "none" nor HMAC with the public key as its secret gets any further
	// (RFC 8725, section 3.1).
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if _, other := errors.AsType[*jose.ErrUnexpectedSignatureAlgorithm](err); other {
		return nil, refuse(CodeBadAlgorithm, "the token must be signed with RS256")
	}
	if err != nil || len(parsed.Headers) != 1 {
		return nil, malformed()
	}
	if id := parsed.Headers[0].KeyID; id == "" || len(id) > maxKeyID {
		return nil, refuse(CodeMalformed, "the token's header must name its key (kid)")
	}
	return parsed, nil
}

// typeOf gives the header's typ in lower case, "" if there is none.
func typeOf(parsed *jwt.JSONWebToken) string {
	switch typ := parsed.Headers[0].ExtraHeaders[jose.HeaderType].(type) {
	case nil:
		return ""
	case string:
		return strings.ToLower(typ)
	default:
		return "not a string" // no type that is accepted
	}
}

// signedClaims checks the signature and reads the claims.
func (v *Verifier) signedClaims(parsed *jwt.JSONWebToken, key *rsa.PublicKey) (*claims, error) {
	var c claims
	var all map[string]json.RawMessage
	err := parsed.Claims(key, &c, &all)
	if errors.Is(err, jose.ErrCryptoFailure) {
		return nil, refuse(CodeBadSignature, "the token's signature is wrong")
	}
	if err != nil {
		return nil, malformed()
	}
	if raw, ok := all[v.config.GroupsClaim]; ok {
		if err := json.Unmarshal(raw, &c.groups); err != nil {
			return nil, malformed()
		}
	}
	return &c, nil
}

func malformed() error { return refuse(CodeMalformed, "the token is not a well-formed JWT") }
