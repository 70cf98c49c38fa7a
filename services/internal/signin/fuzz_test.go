package signin_test

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/signin"
	"github.com/outdial/outdial/services/internal/signin/signintest"
)

// fuzzedIssuer is what the verifiers of fuzz targets trust. Its name is fixed, so
// that an input means the same each time; its keys are those of signintest.
const fuzzedIssuer = "https://issuer.test"

func newFuzzVerifier(f *testing.F) *signin.Verifier {
	f.Helper()
	v, err := signin.New(signin.Config{
		Issuer: fuzzedIssuer, JWKSURL: signintest.NewIssuer(f).URL + "/keys",
		Audiences: []string{signintest.Audience}, ClientIDs: []string{signintest.ClientID},
	}, signin.Options{Now: func() time.Time { return noon }, Log: quiet()})
	if err != nil {
		f.Fatal(err)
	}
	return v
}

// FuzzAuthorization: no header that somebody without the issuer's key makes up is
// let in, and the refusal says nothing of it.
func FuzzAuthorization(f *testing.F) {
	for _, refusal := range signintest.NewIssuer(f).Refusals(f, noon) {
		if len(refusal.Authorization) == 1 {
			f.Add(refusal.Authorization[0])
		}
	}
	f.Add("bearer e30.e30.e30")
	f.Add("Bearer  eyJhbGciOiJub25lIn0.e30.")
	verifier := newFuzzVerifier(f)
	f.Fuzz(func(t *testing.T, authorization string) {
		r := request(t)
		r.Header["Authorization"] = []string{authorization}
		checkRefused(t, verifier, r, authorization)
	})
}

func checkRefused(t *testing.T, v *signin.Verifier, r *http.Request, authorization string) {
	t.Helper()
	principal, err := v.Authenticate(r)
	if err == nil || !reflect.DeepEqual(principal, signin.Principal{}) {
		t.Fatalf("%q is let in as %+v (%v)", authorization, principal, err)
	}
	if code := signin.CodeOf(err); code == "" || code == signin.CodeUnavailable {
		t.Errorf("%q is refused with %v", authorization, err)
	}
	checkSaysNothingOf(t, err, authorization)
}

// The signers of a fuzzed token.
const (
	byIssuer = iota
	byOther
	byHMAC
	byNobody
	signers
)

// FuzzToken: of tokens with any header and claims, by any signer and with any
// character changed, only those are let in that the issuer signed as they are,
// that hold now, and that are access tokens for us.
func FuzzToken(f *testing.F) {
	issuer := &signintest.Issuer{URL: fuzzedIssuer}
	scope := strings.Join(signin.Scopes(), " ")
	header := `{"alg":"RS256","kid":"key-1"}`
	add := func(header string, claims claims) {
		for signer := range uint8(signers) {
			f.Add(header, jsonOf(f, claims), signer, uint16(0), byte(0))
		}
		f.Add(header, jsonOf(f, claims), uint8(byIssuer), uint16(0), byte(1))
		f.Add(header, jsonOf(f, claims), uint8(byIssuer), uint16(400), byte(1))
	}
	person := func(changes claims) claims { return issuer.Person("anna", scope, noon, changes) }
	add(header, person(nil))
	add(header, issuer.Machine(scope, noon, nil))
	add(header, issuer.ID("anna", noon, nil))
	add(`{"alg":"RS256","kid":"key-1","typ":"at+jwt"}`, person(claims{"token_use": nil, "aud": signintest.Audience}))
	add(`{"alg":"none","kid":"key-1"}`, person(nil))
	add(header, person(claims{"exp": noon.Add(-31 * time.Second).Unix()}))
	add(header, person(claims{"nbf": noon.Add(time.Minute).Unix(), "cognito:groups": []string{"admins"}}))
	add(header, person(claims{"iss": "https://other.test"}))
	add(header, person(claims{"exp": 1e300}))
	verifier := newFuzzVerifier(f)
	f.Fuzz(func(t *testing.T, header, body string, signer uint8, at uint16, change byte) {
		token := signedBy(t, header, body, int(signer)%signers)
		place := len(token) - 1 - int(at)%len(token)
		changed := token[:place] + string([]byte{token[place] ^ change}) + token[place+1:]
		principal, err := verifier.Verify(t.Context(), changed)
		if err != nil {
			if _, known := errors.AsType[*signin.Error](err); !known || !reflect.DeepEqual(principal, signin.Principal{}) {
				t.Errorf("refused with %v, as %+v", err, principal)
			}
			return
		}
		switch {
		case !sameParts(changed, token):
			t.Errorf("%s is let in, but the issuer wrote %s", changed, token)
		case int(signer)%signers != byIssuer:
			t.Errorf("%s is let in, but somebody else signed it", token)
		}
		checkClaims(t, header, body, principal)
	})
}

// signedBy makes a token of raw parts.
func signedBy(t *testing.T, header, body string, signer int) string {
	t.Helper()
	input := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(body))
	sum := sha256.Sum256([]byte(input))
	key := signintest.Key()
	var signature []byte
	var err error
	switch signer {
	case byOther:
		key = signintest.OtherKey()
		fallthrough
	case byIssuer:
		signature, err = rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	case byHMAC:
		var secret []byte
		secret, err = x509.MarshalPKIXPublicKey(&key.PublicKey)
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(input))
		signature = mac.Sum(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// sameParts tells whether two tokens say the same and have the same signature. A
// signature's last character has four bits that mean nothing.
func sameParts(a, b string) bool {
	return slices.EqualFunc(strings.Split(a, "."), strings.Split(b, "."), func(a, b string) bool {
		plainA, errA := base64.RawURLEncoding.DecodeString(a)
		plainB, errB := base64.RawURLEncoding.DecodeString(b)
		return errA == nil && errB == nil && bytes.Equal(plainA, plainB)
	})
}

func jsonOf(f *testing.F, c claims) string {
	f.Helper()
	data, err := json.Marshal(c)
	if err != nil {
		f.Fatal(err)
	}
	return string(data)
}

// checkClaims reads once more what was let in, with other eyes than the verifier's.
func checkClaims(t *testing.T, header, body string, p signin.Principal) {
	t.Helper()
	var said map[string]any
	if err := json.Unmarshal([]byte(body), &said); err != nil {
		t.Fatalf("let in with claims that are no JSON: %v\n%s", err, body)
	}
	now := float64(noon.Unix())
	until, isNumber := said["exp"].(float64)
	from, _ := said["nbf"].(float64)
	var head map[string]any
	if err := json.Unmarshal([]byte(header), &head); err != nil {
		t.Fatalf("let in with a header that is no JSON: %v\n%s", err, header)
	}
	wrong := map[string]bool{
		"algorithm": head["alg"] != "RS256",
		"key":       head["kid"] != signintest.KeyID,
		"issuer":    said["iss"] != fuzzedIssuer,
		"end":       !isNumber || until < now-31,
		"beginning": from > now+31,
		"kind":      said["token_use"] != nil && said["token_use"] != "access" && said["token_use"] != "",
		"subject":   said["sub"] != p.Owner || p.Owner == "",
		"audience":  !forUs(said),
		"scope":     slices.ContainsFunc(p.Scopes, func(scope string) bool { return !strings.Contains(fmt.Sprint(said), scope) }),
	}
	for what, isWrong := range wrong {
		if isWrong {
			t.Errorf("let in as %+v with the wrong %s:\n%s\n%s", p, what, header, body)
		}
	}
}

// forUs tells whether the claims name our audience, or our client and no audience.
func forUs(said map[string]any) bool {
	switch audience := said["aud"].(type) {
	case nil:
		return said["client_id"] == signintest.ClientID
	case string:
		return audience == signintest.Audience
	case []any:
		return slices.Contains(audience, any(signintest.Audience)) || len(audience) == 0 && said["client_id"] == signintest.ClientID
	}
	return false
}
