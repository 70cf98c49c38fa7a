package signin_test

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/outdial/outdial/services/internal/signin"
	"github.com/outdial/outdial/services/internal/signin/signintest"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// bench is a verifier with an issuer and a clock of its own.
type bench struct {
	*signintest.Issuer
	*signin.Verifier

	mu   sync.Mutex
	now  time.Time
	hold chan struct{} // if set, what is asked of the issuer waits for it
}

// RoundTrip is how the verifier reaches the issuer.
func (b *bench) RoundTrip(r *http.Request) (*http.Response, error) {
	b.mu.Lock()
	hold := b.hold
	b.mu.Unlock()
	if hold != nil {
		<-hold
	}
	return http.DefaultTransport.RoundTrip(r)
}

func (b *bench) hang() (release func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hold = make(chan struct{})
	return sync.OnceFunc(func() { close(b.hold) })
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{Issuer: signintest.NewIssuer(t), now: noon}
	var err error
	b.Verifier, err = signin.New(b.Config(), signin.Options{Client: &http.Client{Transport: b}, Now: b.clock, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// token is good at the bench's time if the key of this id is published.
func (b *bench) token(t *testing.T, kid string, key *rsa.PrivateKey) string {
	t.Helper()
	return signintest.SignWith(t, claims{"alg": "RS256", "kid": kid}, b.Person("anna", "calls/read", b.clock(), nil), key)
}

// check fails unless verifying a token of this key gives the code.
func (b *bench) check(t *testing.T, kid string, key *rsa.PrivateKey, want signin.Code) {
	t.Helper()
	_, err := b.Verify(t.Context(), b.token(t, kid, key))
	if err != nil && signin.CodeOf(err) == "" {
		t.Fatalf("an error without a code: %v", err)
	}
	if got := signin.CodeOf(err); got != want {
		t.Fatalf("code for %s is %q (%v), want %q", kid, got, err, want)
	}
}

func (b *bench) checkFetches(t *testing.T, want int64) {
	t.Helper()
	if got := b.Fetches.Load(); got != want {
		t.Fatalf("keys were asked for %d times, want %d", got, want)
	}
}

func away(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }

func TestKeysAreReadOnceForManyTokens(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := b.Verify(t.Context(), b.token(t, signintest.KeyID, signintest.Key())); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	b.checkFetches(t, 1)
}

func TestInventedKeyIDsCauseNoTrafficToSpeakOf(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.check(t, signintest.KeyID, signintest.Key(), "")
	for n := range 60 { // a minute, one every second
		b.pass(time.Second)
		b.check(t, fmt.Sprint("invented-", n), signintest.OtherKey(), signin.CodeUnknownKey)
		b.check(t, signintest.KeyID, signintest.Key(), "")
	}
	b.checkFetches(t, 1+6)
}

func TestForeignTokensCauseNoTraffic(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for n := range 5 {
		b.pass(time.Minute)
		token := signintest.SignWith(t, claims{"alg": "RS256", "kid": fmt.Sprint(n)},
			b.Person("anna", "calls/read", noon, claims{"iss": "https://issuer.example.com"}), signintest.OtherKey())
		if _, err := b.Verify(t.Context(), token); signin.CodeOf(err) != signin.CodeWrongIssuer {
			t.Fatalf("error is %v", err)
		}
	}
	b.checkFetches(t, 0)
}

func TestNewKeyIsPickedUpAndOldOneForgotten(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.check(t, signintest.KeyID, signintest.Key(), "")

	b.Publish(signintest.Public(signintest.KeyID, signintest.Key()), signintest.Public("key-2", signintest.OtherKey()))
	b.pass(11 * time.Second)
	b.check(t, "key-2", signintest.OtherKey(), "")
	b.check(t, signintest.KeyID, signintest.Key(), "")

	b.Publish(signintest.Public("key-2", signintest.OtherKey()))
	b.pass(14 * time.Minute)
	b.check(t, signintest.KeyID, signintest.Key(), "") // withdrawn, but read a moment ago
	b.pass(2 * time.Minute)
	b.check(t, signintest.KeyID, signintest.Key(), signin.CodeUnknownKey)
}

func TestKnownKeysServeWhileTheIssuerIsAway(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.check(t, signintest.KeyID, signintest.Key(), "")
	b.Answer(away)

	b.pass(time.Hour)
	b.check(t, signintest.KeyID, signintest.Key(), "")
	b.check(t, "key-2", signintest.OtherKey(), signin.CodeUnavailable) // it may be a new one: not a matter for 401
	b.checkFetches(t, 2)                                               // no second try within ten seconds

	b.pass(24 * time.Hour)
	b.check(t, signintest.KeyID, signintest.Key(), signin.CodeUnavailable) // for so long, they may have been withdrawn

	b.Publish(signintest.Public(signintest.KeyID, signintest.Key()))
	b.check(t, signintest.KeyID, signintest.Key(), signin.CodeUnavailable)
	b.pass(11 * time.Second)
	b.check(t, signintest.KeyID, signintest.Key(), "")
	b.check(t, "key-2", signintest.OtherKey(), signin.CodeUnknownKey)
}

func TestIssuerThatHangsDelaysNobodyWhoseKeyIsKnown(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.check(t, signintest.KeyID, signintest.Key(), "")

	b.Publish(signintest.Public(signintest.KeyID, signintest.Key()), signintest.Public("key-2", signintest.OtherKey()))
	release := b.hang()
	defer release()
	verify := func(kid string, key *rsa.PrivateKey, patience time.Duration) (waited bool, err error) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		_, err = b.Verify(ctx, b.token(t, kid, key))
		return ctx.Err() != nil, err
	}
	b.pass(time.Hour)
	if waited, err := verify(signintest.KeyID, signintest.Key(), 50*time.Millisecond); err != nil || !waited {
		t.Errorf("who starts the read: waited %v, error %v", waited, err)
	}
	if waited, err := verify(signintest.KeyID, signintest.Key(), time.Minute); err != nil || waited {
		t.Errorf("who comes after: waited %v, error %v", waited, err)
	}
	if waited, err := verify("key-2", signintest.OtherKey(), 50*time.Millisecond); signin.CodeOf(err) != signin.CodeUnavailable || !waited {
		t.Errorf("who has an unknown key: waited %v, error %v", waited, err)
	}
	release() // the read has gone on without those who asked for it
	b.check(t, "key-2", signintest.OtherKey(), "")
	b.checkFetches(t, 2)

	defer b.hang()()
	b.pass(25 * time.Hour)
	if _, err := verify("key-2", signintest.OtherKey(), 50*time.Millisecond); signin.CodeOf(err) != signin.CodeUnavailable {
		t.Errorf("who has a key that is too old: %v", err)
	}
	if waited, err := verify("key-2", signintest.OtherKey(), 50*time.Millisecond); signin.CodeOf(err) != signin.CodeUnavailable || !waited {
		t.Errorf("who comes after with it: waited %v, error %v", waited, err)
	}
}

func TestKeySetThatCannotBeUsedIsAFailure(t *testing.T) {
	t.Parallel()
	good := signintest.Public(signintest.KeyID, signintest.Key())
	with := func(change func(*jose.JSONWebKey)) any {
		key := good
		change(&key)
		return key
	}
	publish := func(keys ...any) func(*bench) { return func(b *bench) { b.Publish(keys...) } }
	answer := func(h http.HandlerFunc) func(*bench) { return func(b *bench) { b.Answer(h) } }
	elsewhere := signintest.NewIssuer(t)
	for _, tc := range []struct {
		name  string
		setUp func(*bench)
	}{
		{"no keys", publish()},
		{"a key of 1,024 bits", publish(signintest.Public(signintest.KeyID, signintest.ShortKey()))},
		{"a key for encryption", publish(with(func(k *jose.JSONWebKey) { k.Use = "enc" }))},
		{"a key for another algorithm", publish(with(func(k *jose.JSONWebKey) { k.Algorithm = "PS256" }))},
		{"a key without an id", publish(with(func(k *jose.JSONWebKey) { k.KeyID = "" }))},
		{"a private key", publish(with(func(k *jose.JSONWebKey) { k.Key = signintest.Key() }))},
		{"a secret", publish(jose.JSONWebKey{Key: []byte("secret"), KeyID: signintest.KeyID})},
		{"two keys of one id", publish(good, signintest.Public(signintest.KeyID, signintest.OtherKey()))},
		{"an error", answer(away)},
		{"a page", answer(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") })},
		{"a redirect", answer(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+"/keys", http.StatusFound)
		})},
		{"more than 256 KiB", answer(func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{good}})
			_, _ = w.Write(bytes.Repeat([]byte(" "), 256<<10))
		})},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			tc.setUp(b)
			b.check(t, signintest.KeyID, signintest.Key(), signin.CodeUnavailable)
		})
	}
}

func TestKeysThatCannotBeUsedArePassedOver(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	good := signintest.Public(signintest.KeyID, signintest.Key())
	encryption := signintest.Public(signintest.KeyID, signintest.OtherKey())
	encryption.Use = "enc"
	bare := jose.JSONWebKey{Key: &signintest.OtherKey().PublicKey, KeyID: "bare"} // neither use nor alg: allowed
	b.Publish(
		map[string]string{"kty": "new", "kid": "of the future"}, "nonsense", encryption, good, good, bare,
		signintest.Public("short", signintest.ShortKey()),
	)
	b.check(t, signintest.KeyID, signintest.Key(), "")
	b.check(t, "bare", signintest.OtherKey(), "")
	b.check(t, "short", signintest.ShortKey(), signin.CodeUnknownKey)
}

func TestDiscoveryMustNameTheConfiguredIssuer(t *testing.T) {
	t.Parallel()
	issuer := signintest.NewIssuer(t)
	config := issuer.Config()
	config.Issuer += "/" // the document is found there, but names itself without the slash
	_, err := newVerifier(t, config).Verify(t.Context(), signintest.Sign(t, issuer.Person("anna", "", noon, claims{"iss": config.Issuer})))
	if signin.CodeOf(err) != signin.CodeUnavailable || !strings.Contains(err.Error(), "names the issuer") {
		t.Errorf("error is %v", err)
	}
}

func TestKeysMayBeReadFromAConfiguredAddress(t *testing.T) {
	t.Parallel()
	issuer := signintest.NewIssuer(t)
	config := issuer.Config()
	config.Issuer, config.JWKSURL = "https://issuer.example.com", issuer.URL+"/keys"
	token := signintest.Sign(t, issuer.Person("anna", "calls/read", noon, claims{"iss": config.Issuer}))
	if _, err := newVerifier(t, config).Verify(t.Context(), token); err != nil {
		t.Error(err)
	}
}
