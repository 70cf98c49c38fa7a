package devissuer_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"

	"github.com/outdial/outdial/services/internal/signin"
	"github.com/outdial/outdial/services/internal/signin/devissuer"
)

// payload gives a token's claims; signatures are checked elsewhere.
func payload(t *testing.T, token string) map[string]any {
	t.Helper()
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatalf("parse %q: %v", token, err)
	}
	var claims map[string]any
	if err := parsed.UnsafeClaimsWithoutVerification(&claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestTokensAreShapedAsCognitos(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	signedIn := b.now()
	code := b.browser().signIn(authorizePath())
	b.pass(30 * time.Second)
	got := b.redeem(code)
	now := b.now()

	access := payload(t, got.Access)
	for _, name := range []string{"sub", "origin_jti", "event_id", "jti"} {
		if s, _ := access[name].(string); len(s) != 36 {
			t.Errorf("access token: %s is %v", name, access[name])
		}
	}
	checkAll(t, "access token", access, map[string]any{
		"iss": b.config.Issuer, "client_id": devissuer.ClientCLI, "token_use": "access", "username": "admin",
		"scope": got.Scope, "auth_time": float64(signedIn.Unix()), "iat": float64(now.Unix()),
		"exp": float64(now.Add(time.Hour).Unix()), "cognito:groups": []any{"admins"}, "aud": nil,
	})

	id := payload(t, got.ID)
	sum := sha256.Sum256([]byte(got.Access))
	checkAll(t, "ID token", id, map[string]any{
		"iss": b.config.Issuer, "aud": devissuer.ClientCLI, "token_use": "id", "cognito:username": "admin",
		"email": "admin@outdial.localhost", "nonce": "n0nce", "sub": access["sub"], "origin_jti": access["origin_jti"],
		"at_hash": base64.RawURLEncoding.EncodeToString(sum[:16]), "scope": nil, "client_id": nil, "username": nil,
		"auth_time": float64(signedIn.Unix()), "exp": float64(now.Add(time.Hour).Unix()),
	})
	if _, err := b.verify(got.ID); signin.CodeOf(err) != signin.CodeNotAccessToken {
		t.Errorf("the API answers the ID token with %v", err)
	}
}

func TestScopesDecideWhatIsGiven(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if got := b.redeem(b.browser().signIn(authorizePath("scope", "calls/read"))); got.ID != "" || got.Refresh != "" || got.Scope != "calls/read" {
		t.Errorf("for calls/read: %+v", got)
	}
	got := b.redeem(b.browser().signIn(authorizePath("scope", "openid calls/read")))
	if got.ID == "" || payload(t, got.ID)["email"] != nil {
		t.Errorf("for openid: %+v", got)
	}
}

func TestCodeIsGoodOnceAndForOneClient(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, tc := range []struct {
		name    string
		changes []string
	}{
		{"another verifier", []string{"code_verifier", verifier + "x"}},
		{"no verifier", []string{"code_verifier", ""}},
		{"another redirect", []string{"redirect_uri", "http://127.0.0.1:40124/callback"}},
		{"another client", []string{"client_id", devissuer.ClientConsole}},
		{"another code", []string{"code", "guessed"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := b.in(t)
			code := b.browser().signIn(authorizePath())
			b.checkRefused(b.redeem(code, tc.changes...), "invalid_grant")
			if tc.name != "another code" {
				b.checkRefused(b.redeem(code), "invalid_grant") // used up by the attempt
			}
		})
	}
}

func TestVerifierThatCouldBeGuessedIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	code := b.browser().signIn(authorizePath("code_challenge", oauth2.S256ChallengeFromVerifier("short")))
	b.checkRefused(b.redeem(code, "code_verifier", "short"), "invalid_grant")
}

func TestCodeIsShortLived(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	code := b.browser().signIn(authorizePath())
	b.pass(61 * time.Second)
	b.checkRefused(b.redeem(code), "invalid_grant")
}

func TestCodeUsedTwiceTakesBackWhatItGave(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	code := b.browser().signIn(authorizePath())
	first := b.redeem(code)
	b.pass(5 * time.Minute)
	b.checkRefused(b.redeem(code), "invalid_grant")
	b.checkRefused(b.refresh(first.Refresh), "invalid_grant")
}

func TestCodeUsedManyTimesAtOnceGivesOneAnswer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	code := b.browser().signIn(authorizePath())
	answers := make([]tokens, 8)
	var all sync.WaitGroup
	for n := range answers {
		all.Go(func() { answers[n] = b.redeem(code) })
	}
	all.Wait()
	given := slices.DeleteFunc(answers, func(a tokens) bool { return a.Access == "" })
	if len(given) != 1 {
		t.Fatalf("%d answers have tokens", len(given))
	}
	b.checkRefused(b.refresh(given[0].Refresh), "invalid_grant")
}

func TestRefreshTokenIsGoodOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.mustTokens()
	b.pass(2 * time.Hour)
	second := b.refresh(first.Refresh)
	if second.Refresh == "" || second.Refresh == first.Refresh || second.Scope != first.Scope {
		t.Fatalf("refreshed: %+v", second)
	}
	if _, err := b.verify(second.Access); err != nil {
		t.Error(err)
	}
	old, fresh := payload(t, first.Access), payload(t, second.Access)
	checkAll(t, "refreshed", fresh, map[string]any{"auth_time": old["auth_time"], "origin_jti": old["origin_jti"], "sub": old["sub"]})
	if fresh["jti"] == old["jti"] || payload(t, second.ID)["nonce"] != nil {
		t.Error("the refreshed tokens repeat what they must not")
	}
	third := b.refresh(second.Refresh)

	b.checkRefused(b.refresh(second.Refresh), "invalid_grant") // stolen, or the last one was
	b.checkRefused(b.refresh(third.Refresh), "invalid_grant")
}

func TestRefreshTokenIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.mustTokens()
	b.checkRefused(b.refresh(first.Refresh, "client_id", devissuer.ClientConsole), "invalid_grant")
	b.checkRefused(b.refresh("guessed"), "invalid_grant")
	b.checkRefused(b.refresh(""), "invalid_grant")
	again := b.refresh(first.Refresh) // none of this has harmed it
	if again.Refresh == "" {
		t.Fatalf("answer is %+v", again)
	}
	b.pass(31 * 24 * time.Hour)
	b.checkRefused(b.refresh(again.Refresh), "invalid_grant")
}

func TestRevokeEndsTheChain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.mustTokens()
	second := b.refresh(first.Refresh)
	revoke := func(token, clientID string) int {
		return b.browser().post("/oauth2/revoke", url.Values{"token": {token}, "client_id": {clientID}}).StatusCode
	}
	if got := revoke("unknown", devissuer.ClientCLI); got != http.StatusOK {
		t.Errorf("an unknown token gives %d", got)
	}
	if got := revoke(second.Refresh, devissuer.ClientConsole); got != http.StatusOK {
		t.Errorf("another client's token gives %d", got)
	}
	third := b.refresh(second.Refresh)
	if third.Refresh == "" {
		t.Fatal("another client could revoke it")
	}
	if got := revoke(third.Refresh, devissuer.ClientCLI); got != http.StatusOK {
		t.Errorf("revoke gives %d", got)
	}
	b.checkRefused(b.refresh(third.Refresh), "invalid_grant")
	if got := revoke(first.Access, devissuer.ClientCLI); got != http.StatusBadRequest {
		t.Errorf("an access token gives %d", got)
	}
}

func TestMachineSignsInWithItsSecret(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	secret := b.first.MachineSecret
	basic := func(id, secret string) tokens {
		r := b.request(http.MethodPost, "/oauth2/token", "grant_type=client_credentials&scope=calls/read")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(id, secret)
		return b.readTokens(b.browser().do(r))
	}
	form := func(changes ...string) tokens {
		return b.tokens(append([]string{
			"grant_type", "client_credentials", "client_id", devissuer.ClientMachine, "client_secret", secret,
		}, changes...)...)
	}
	for name, got := range map[string]tokens{"Basic": basic(devissuer.ClientMachine, secret), "form": form("scope", "calls/read")} {
		principal, err := b.verify(got.Access)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !principal.Machine || principal.Owner != devissuer.ClientMachine || !slices.Equal(principal.Scopes, []string{"calls/read"}) {
			t.Errorf("%s: principal is %+v", name, principal)
		}
		if got.Refresh != "" || got.ID != "" || payload(t, got.Access)["username"] != nil {
			t.Errorf("%s: the answer is a person's: %+v", name, got)
		}
	}
	if got := form(); got.Scope != "calls/read calls/write" {
		t.Errorf("without asking it gets %q", got.Scope)
	}
	b.checkRefused(form("scope", "calls/admin"), "invalid_scope")
	b.checkRefused(form("client_secret", "wrong"), "invalid_client")
	b.checkRefused(form("client_secret", ""), "invalid_client")
	wrong := basic(devissuer.ClientMachine, "wrong")
	b.checkRefused(wrong, "invalid_client")
	if wrong.Status != http.StatusUnauthorized || wrong.header.Get("WWW-Authenticate") == "" {
		t.Errorf("status %d, headers %v", wrong.Status, wrong.header)
	}
	next, err := b.NewMachineSecret()
	if err != nil {
		t.Fatal(err)
	}
	b.checkRefused(form(), "invalid_client")
	if got := form("client_secret", next); got.Access == "" {
		t.Errorf("the new secret gives %+v", got)
	}
}

func TestMachineMayBeGivenEverything(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.config.MachineScopes = signin.Scopes()
	b.start()
	got := b.tokens("grant_type", "client_credentials", "client_id", devissuer.ClientMachine,
		"client_secret", b.first.MachineSecret, "scope", "calls/admin")
	if principal, err := b.verify(got.Access); err != nil || !principal.Admin() {
		t.Errorf("principal is %+v, error %v", principal, err)
	}
}

func TestTokenRequestIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const form = "application/x-www-form-urlencoded"
	machine := "client_id=" + devissuer.ClientMachine + "&client_secret=" + b.first.MachineSecret
	for _, tc := range []struct {
		name, media, body, basic, want string
	}{
		{"JSON", "application/json", `{"grant_type":"refresh_token"}`, "", "invalid_request"},
		{"a parameter twice", form, "client_id=outdial-cli&client_id=outdial-cli", "", "invalid_request"},
		{"no client", form, "grant_type=refresh_token", "", "invalid_client"},
		{"an unknown client", form, "client_id=x", "", "invalid_client"},
		{"a public client with a secret", form, "client_id=outdial-cli&client_secret=x", "", "invalid_client"},
		{"credentials in both places", form, machine, b.first.MachineSecret, "invalid_client"},
		{"no grant type", form, "client_id=outdial-cli", "", "unsupported_grant_type"},
		{"an unknown grant type", form, "client_id=outdial-cli&grant_type=password", "", "unsupported_grant_type"},
		{"a public client without a person", form, "client_id=outdial-cli&grant_type=client_credentials", "", "unauthorized_client"},
		{"a machine with a code", form, machine + "&grant_type=authorization_code", "", "unauthorized_client"},
		{"a body that is too long", form, "client_id=outdial-cli&x=" + string(make([]byte, 65<<10)), "", "invalid_request"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := b.in(t)
			r := b.request(http.MethodPost, "/oauth2/token", tc.body)
			r.Header.Set("Content-Type", tc.media)
			if tc.basic != "" {
				r.SetBasicAuth(devissuer.ClientMachine, tc.basic)
			}
			b.checkRefused(b.readTokens(b.browser().do(r)), tc.want)
		})
	}
	if got := b.browser().get("/oauth2/token?" + machine + "&grant_type=client_credentials"); got.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET gives %d", got.StatusCode)
	}
}
