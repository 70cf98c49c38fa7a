package devissuer

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
)

// accessLife is how long access and ID tokens hold.
const accessLife = time.Hour

// accessClaims are the claims of an access token, as Cognito has them. There is no
// aud.
type accessClaims struct {
	Subject   string   `json:"sub"`
	Groups    []string `json:"cognito:groups,omitempty"`
	Issuer    string   `json:"iss"`
	Client    string   `json:"client_id"`
	OriginJTI string   `json:"origin_jti,omitempty"`
	EventID   string   `json:"event_id,omitempty"`
	TokenUse  string   `json:"token_use"`
	Scope     string   `json:"scope"`
	AuthTime  int64    `json:"auth_time"`
	Expires   int64    `json:"exp"`
	IssuedAt  int64    `json:"iat"`
	ID        string   `json:"jti"`
	Username  string   `json:"username,omitempty"`
}

// idClaims are the claims of an ID token. There is no scope.
type idClaims struct {
	AccessHash    string   `json:"at_hash"`
	Subject       string   `json:"sub"`
	Groups        []string `json:"cognito:groups,omitempty"`
	Email         string   `json:"email,omitempty"`
	EmailVerified bool     `json:"email_verified,omitempty"`
	Issuer        string   `json:"iss"`
	Username      string   `json:"cognito:username"`
	Nonce         string   `json:"nonce,omitempty"`
	OriginJTI     string   `json:"origin_jti"`
	Audience      string   `json:"aud"`
	EventID       string   `json:"event_id"`
	TokenUse      string   `json:"token_use"`
	AuthTime      int64    `json:"auth_time"`
	Expires       int64    `json:"exp"`
	IssuedAt      int64    `json:"iat"`
	ID            string   `json:"jti"`
}

// MintAccessToken makes an access token for a user of the folder, without any
// sign-in: whoever can read the folder has the key. It is the command line's
// client's token, and holds for an hour from now.
func (i *Issuer) MintAccessToken(name string, scopes []string, now time.Time) (string, error) {
	id, err := i.readIdentity()
	if err != nil {
		return "", err
	}
	u, ok := id.user(byName(name))
	if !ok {
		return "", fmt.Errorf("%w: %q", ErrNoUser, name)
	}
	origin, err := i.newID()
	if err != nil {
		return "", err
	}
	token, _, err := i.personTokens(authorization{
		Subject: u.Subject, Client: ClientCLI, Scopes: scopes, At: now, Origin: origin,
	}, u, now)
	return token, err
}

// personTokens makes a person's access token and, if the scopes ask for it, an ID
// token.
func (i *Issuer) personTokens(a authorization, u user, now time.Time) (access, idToken string, err error) {
	ids, err := i.newIDs(3)
	if err != nil {
		return "", "", err
	}
	event := ids[0]
	access, err = i.sign(accessClaims{
		Subject: u.Subject, Groups: u.Groups, Issuer: i.config.Issuer, Client: a.Client,
		OriginJTI: a.Origin, EventID: event, TokenUse: "access", Scope: strings.Join(a.Scopes, " "),
		AuthTime: a.At.Unix(), Expires: now.Add(accessLife).Unix(), IssuedAt: now.Unix(), ID: ids[1],
		Username: u.Name,
	})
	if err != nil || !slices.Contains(a.Scopes, scopeOpenID) {
		return access, "", err
	}
	claims := idClaims{
		AccessHash: accessHash(access), Subject: u.Subject, Groups: u.Groups, Issuer: i.config.Issuer,
		Username: u.Name, Nonce: a.nonce, OriginJTI: a.Origin, Audience: a.Client, EventID: event,
		TokenUse: "id", AuthTime: a.At.Unix(), Expires: now.Add(accessLife).Unix(), IssuedAt: now.Unix(), ID: ids[2],
	}
	if slices.Contains(a.Scopes, scopeEmail) {
		claims.Email, claims.EmailVerified = u.Email, true
	}
	idToken, err = i.sign(claims)
	return access, idToken, err
}

// machineToken makes the machine client's access token: its subject is the client,
// and it names no person.
func (i *Issuer) machineToken(c client, scopes []string, now time.Time) (string, error) {
	id, err := i.newID()
	if err != nil {
		return "", err
	}
	return i.sign(accessClaims{
		Subject: c.id, Issuer: i.config.Issuer, Client: c.id, TokenUse: "access",
		Scope: strings.Join(scopes, " "), AuthTime: now.Unix(),
		Expires: now.Add(accessLife).Unix(), IssuedAt: now.Unix(), ID: id,
	})
}

func (i *Issuer) sign(claims any) (string, error) {
	key := jose.SigningKey{Algorithm: jose.RS256, Key: i.key.jwk(i.key.RSA)}
	signer, err := jose.NewSigner(key, nil)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return token, nil
}

// accessHash ties an ID token to its access token: the left half of its hash
// (OpenID Connect Core 1.0, section 3.1.3.6).
func accessHash(access string) string {
	sum := sha256.Sum256([]byte(access))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

func (i *Issuer) newID() (string, error) {
	ids, err := i.newIDs(1)
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

func (i *Issuer) newIDs(n int) ([]string, error) {
	ids := make([]string, n)
	for at := range ids {
		id, err := uuid.NewRandomFromReader(i.config.Rand)
		if err != nil {
			return nil, fmt.Errorf("make token id: %w", err)
		}
		ids[at] = id.String()
	}
	return ids, nil
}
