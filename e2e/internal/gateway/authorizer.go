package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// authorizer checks tokens as API Gateway's JWT authorizer is documented to: RSA
// only; kid, iss, aud (or client_id where there is no aud), exp, nbf and iat.
type authorizer struct {
	issuer   string
	audience []string
	now      func() time.Time

	mu   sync.Mutex
	keys *jose.JSONWebKeySet
}

// token takes the token from the header, bare or after "Bearer".
func token(header string) string {
	if scheme, rest, found := strings.Cut(header, " "); found && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(rest)
	}
	return header
}

// claims are those of a good token. The error says what is wrong with another.
func (a *authorizer) claims(ctx context.Context, raw string) (map[string]any, error) {
	parsed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil || len(parsed.Signatures) != 1 {
		return nil, errors.New("the token is no JWT signed with RS256")
	}
	payload, err := a.verify(ctx, parsed)
	if err != nil {
		return nil, err
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, errors.New("the token's payload is no JSON object")
	}
	return claims, errors.Join(a.checkParties(claims), a.checkTimes(claims))
}

func (a *authorizer) verify(ctx context.Context, parsed *jose.JSONWebSignature) ([]byte, error) {
	kid := parsed.Signatures[0].Header.KeyID
	if kid == "" {
		return nil, errors.New("the token names no key")
	}
	for _, again := range []bool{false, true} {
		keys, err := a.load(ctx, again)
		if err != nil {
			return nil, err
		}
		for _, key := range keys.Key(kid) {
			payload, err := parsed.Verify(key)
			if err != nil {
				return nil, errors.New("the signature is wrong")
			}
			return payload, nil
		}
	}
	return nil, errors.New("the issuer doesn't know the key")
}

// load is the issuer's keys, fetched again when one is not among them.
func (a *authorizer) load(ctx context.Context, again bool) (*jose.JSONWebKeySet, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.keys != nil && !again {
		return a.keys, nil
	}
	var configuration struct {
		Issuer  string `json:"issuer"`
		KeysURI string `json:"jwks_uri"`
	}
	if err := get(ctx, strings.TrimSuffix(a.issuer, "/")+"/.well-known/openid-configuration", &configuration); err != nil {
		return nil, err
	}
	keys := new(jose.JSONWebKeySet)
	if err := get(ctx, configuration.KeysURI, keys); err != nil {
		return nil, err
	}
	a.keys = keys
	return keys, nil
}

func get(ctx context.Context, url string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, answer.Status)
	}
	return json.NewDecoder(answer.Body).Decode(into)
}

func (a *authorizer) checkParties(claims map[string]any) error {
	if claims["iss"] != a.issuer {
		return errors.New("the issuer is wrong")
	}
	audience := texts(claims["aud"])
	if claims["aud"] == nil {
		audience = texts(claims["client_id"])
	}
	for _, one := range audience {
		if slices.Contains(a.audience, one) {
			return nil
		}
	}
	return errors.New("the audience is wrong")
}

func (a *authorizer) checkTimes(claims map[string]any) error {
	now := float64(a.now().Unix())
	exp, ok := claims["exp"].(float64)
	if !ok || exp <= now {
		return errors.New("the token has expired")
	}
	for _, name := range []string{"nbf", "iat"} {
		if claims[name] == nil {
			continue
		}
		if at, ok := claims[name].(float64); !ok || at > now {
			return errors.New(name + " is in the future")
		}
	}
	return nil
}

// scoped tells whether a token has at least one of a route's scopes.
func scoped(claims map[string]any, scopes []string) bool {
	if len(scopes) == 0 {
		return true
	}
	granted, _ := claims["scope"].(string)
	return slices.ContainsFunc(strings.Fields(granted), func(s string) bool { return slices.Contains(scopes, s) })
}

// texts is a claim that may be a string or a list of them.
func texts(v any) []string {
	var all []string
	switch v := v.(type) {
	case string:
		all = []string{v}
	case []any:
		for _, one := range v {
			if s, ok := one.(string); ok {
				all = append(all, s)
			}
		}
	}
	return all
}

// asStrings are claims as a function sees them: all of them are strings, numbers
// without exponent, and lists as "[a b]".
func asStrings(claims map[string]any) map[string]string {
	out := map[string]string{}
	for name, v := range claims {
		switch v := v.(type) {
		case string:
			out[name] = v
		case float64:
			out[name] = fmt.Sprint(int64(v))
		case []any:
			out[name] = fmt.Sprint(v)
		default:
			out[name] = fmt.Sprint(v)
		}
	}
	return out
}
