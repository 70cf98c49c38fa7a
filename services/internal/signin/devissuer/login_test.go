package devissuer_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/signin/devissuer"
)

func TestPersonSignsInAndMayUseTheAPI(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	w := b.browser()
	q := b.back(w.submit(w.get(authorizePath()), "username", "admin", "password", b.first.Password))
	if q.Get("state") != "s t&ate" || q.Get("iss") != b.config.Issuer {
		t.Errorf("the client is sent %v", q)
	}
	got := b.redeem(q.Get("code"))
	principal, err := b.verify(got.Access)
	if err != nil {
		t.Fatal(err)
	}
	if !principal.Admin() || principal.Machine || principal.ClientID != devissuer.ClientCLI {
		t.Errorf("principal is %+v", principal)
	}
	if got.Scope != "calls/admin calls/read calls/write email offline_access openid profile" {
		t.Errorf("scope is %q", got.Scope)
	}
	if got.header.Get("Cache-Control") != "no-store" {
		t.Error("the tokens may be cached")
	}
}

func TestLoginPageIsFitForEverybody(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	page := b.browser().get(authorizePath("login_hint", `"><script>`))
	for _, part := range []string{
		`<html lang="en">`, `<label for="username">`, `<label for="password">`, `autocomplete="username"`,
		`autocomplete="current-password"`, `<button type="submit">`, `the outdial command`, `&lt;script&gt;`,
	} {
		if !strings.Contains(page.body, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
	if strings.Contains(page.body, "<script") {
		t.Error("the page has a script")
	}
	if csp := page.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' http://127.0.0.1:40123;") {
		t.Errorf("policy is %q", csp) // the redirect is part of it, or browsers stop there
	}
	if page.StatusCode != http.StatusOK || page.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, headers %v", page.StatusCode, page.Header)
	}
}

func TestWrongPasswordIsToldOnThePage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, tc := range []struct{ name, user, password string }{
		{"wrong password", "admin", "wrong-password"},
		{"unknown user", `<b>nobody</b>`, b.first.Password},
		{"nothing", "", ""},
		{"a password without end", "admin", strings.Repeat("x", 10_000)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := b.in(t).browser()
			page := w.submit(w.get(authorizePath()), "username", tc.user, "password", tc.password)
			if page.StatusCode != http.StatusForbidden || !strings.Contains(page.body, `role="alert"`) ||
				!strings.Contains(page.body, "<title>Error: ") {
				t.Errorf("status %d: %s", page.StatusCode, page.body)
			}
			if strings.Contains(page.body, "<b>") || (tc.password != "" && strings.Contains(page.body, tc.password)) {
				t.Errorf("the page repeats what it must not: %s", page.body)
			}
			if page.Header.Get("Set-Cookie") != "" {
				t.Error("a session began")
			}
		})
	}
}

func TestWrongPasswordsAreBounded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if err := b.AddUser("bert", "berts-password"); err != nil {
		t.Fatal(err)
	}
	try := func(user, password string) answer {
		w := b.browser()
		return w.submit(w.get(authorizePath()), "username", user, "password", password)
	}
	for n := range 5 {
		if got := try("admin", "wrong").StatusCode; got != http.StatusForbidden {
			t.Fatalf("wrong password %d gives %d", n+1, got)
		}
	}
	for range 3 { // while one has to wait, nothing tells the right one from a wrong one
		got := try("admin", b.first.Password)
		if got.StatusCode != http.StatusTooManyRequests || got.Header.Get("Retry-After") != "30" {
			t.Fatalf("status %d, Retry-After %q", got.StatusCode, got.Header.Get("Retry-After"))
		}
	}
	if got := try("bert", "berts-password").StatusCode; got != http.StatusSeeOther {
		t.Errorf("somebody else gets %d", got)
	}
	b.pass(31 * time.Second)
	if got := try("admin", b.first.Password).StatusCode; got != http.StatusSeeOther {
		t.Errorf("after the time the right password gives %d", got)
	}
}

func TestSessionSignsTheConsoleInSilently(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	w := b.browser()
	if got := b.back(w.get(console("prompt", "none"))); got.Get("error") != "login_required" || got.Get("state") == "" {
		t.Fatalf("without a session: %v", got)
	}
	w.signIn(console())
	for _, path := range []string{console("prompt", "none"), console(), console("max_age", "60")} {
		code := w.code(w.get(path))
		got := b.redeem(code, "client_id", devissuer.ClientConsole, "redirect_uri", consoleRedirect)
		if _, err := b.verify(got.Access); err != nil {
			t.Fatal(err)
		}
	}
	b.pass(2 * time.Minute)
	for _, path := range []string{console("max_age", "60"), console("prompt", "login"), console("prompt", "select_account")} {
		if page := w.get(path); !strings.Contains(page.body, `name="password"`) {
			t.Errorf("%s does not ask for the password", path)
		}
	}
	if page := w.get(console("prompt", "consent")); !strings.Contains(page.body, "Continue as admin") {
		t.Error("prompt=consent doesn't ask")
	}
	b.pass(12 * time.Hour)
	if got := b.back(w.get(console("prompt", "none"))); got.Get("error") != "login_required" {
		t.Errorf("the session doesn't end: %v", got)
	}
}

func TestNextSignInEndsTheSessionBefore(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	w := b.browser()
	w.signIn(console())
	before := w.Jar.Cookies(b.request(http.MethodGet, "/login", "").URL)
	w.signIn(console("prompt", "login"))
	w.code(w.get(console("prompt", "none")))
	w.Jar.SetCookies(b.request(http.MethodGet, "/", "").URL, before)
	if got := b.back(w.get(console("prompt", "none"))); got.Get("error") != "login_required" {
		t.Errorf("the session before goes on: %v", got)
	}
}

func TestSessionCookieIsForTheIssuerOnly(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	w := b.browser()
	answer := w.submit(w.get(authorizePath()), "username", "admin", "password", b.first.Password)
	cookies := answer.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("cookies are %v", cookies)
	}
	c := cookies[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/dev-issuer" || c.Domain != "" || c.MaxAge != 12*3600 {
		t.Errorf("cookie is %+v", c)
	}
}

// Any program on this machine can listen on a port and start the sign-in of the
// command line. The session must not answer for the person.
func TestSessionAloneGivesTheCommandLineNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	w := b.browser()
	w.signIn(console())
	if got := b.back(w.get(authorizePath("prompt", "none"))); got.Get("error") != "interaction_required" {
		t.Errorf("silently: %v", got)
	}
	page := w.get(authorizePath())
	if !strings.Contains(page.body, "Continue as admin") || strings.Contains(page.body, `name="password"`) {
		t.Fatalf("the page is %s", page.body)
	}
	if got := b.redeem(w.code(w.submit(page, "continue", "yes"))); got.Access == "" {
		t.Errorf("after the click: %+v", got)
	}
	stranger := b.browser()
	if got := stranger.submit(page, "continue", "yes"); got.StatusCode != http.StatusForbidden {
		t.Errorf("without the session the click gives %d", got.StatusCode)
	}
	if got := w.submit(w.get(authorizePath("prompt", "login")), "continue", "yes"); got.StatusCode != http.StatusForbidden {
		t.Errorf("prompt=login was passed by a click: %d", got.StatusCode)
	}
}

func TestFormOfAnotherSiteIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	path := "/login?" + strings.SplitN(authorizePath(), "?", 2)[1]
	form := url.Values{"username": {"admin"}, "password": {b.first.Password}}.Encode()
	for _, header := range []struct{ name, value string }{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://example.com"},
	} {
		r := b.request(http.MethodPost, path, form)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set(header.name, header.value)
		if got := b.browser().do(r); got.StatusCode != http.StatusForbidden || got.Header.Get("Location") != "" {
			t.Errorf("%s: %s gives %d", header.name, header.value, got.StatusCode)
		}
	}
}

func TestRedirectThatIsNotRegisteredIsNotFollowed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, path := range []string{
		authorizePath("redirect_uri", "https://example.com/callback"),
		authorizePath("redirect_uri", ""),
		authorizePath("redirect_uri", "http://127.0.0.1/callback"),
		authorizePath("redirect_uri", "http://127.0.0.1:0/callback"),
		authorizePath("redirect_uri", "http://127.0.0.1:70000/callback"),
		authorizePath("redirect_uri", "http://127.0.0.1:40123/callback/"),
		authorizePath("redirect_uri", "http://127.0.0.1:40123/callback?x=y"),
		authorizePath("redirect_uri", "http://127.0.0.1:40123/callback#x"),
		authorizePath("redirect_uri", "http://127.0.0.1:40123@example.com/callback"),
		authorizePath("redirect_uri", "http://127.0.0.1:040123/callback"),
		authorizePath("redirect_uri", "http://localhost:40123/callback"),
		authorizePath("redirect_uri", "https://127.0.0.1:40123/callback"),
		authorizePath("redirect_uri", consoleRedirect),
		console("redirect_uri", consoleRedirect+"/"),
		console("redirect_uri", "http://127.0.0.1:5174/signed-in"),
		authorizePath() + "&redirect_uri=https://example.com",
		authorizePath() + "&client_id=other",
		authorizePath("client_id", "unknown"),
		authorizePath("client_id", devissuer.ClientMachine),
	} {
		got := b.browser().get(path)
		if got.StatusCode != http.StatusBadRequest || got.Header.Get("Location") != "" {
			t.Errorf("%s gives %d, location %q", path, got.StatusCode, got.Header.Get("Location"))
		}
	}
}

func TestBadAuthorizationRequestIsToldTheClient(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, tc := range []struct{ name, path, want string }{
		{"no PKCE", authorizePath("code_challenge", ""), "invalid_request"},
		{"PKCE without a method, which means plain", authorizePath("code_challenge_method", ""), "invalid_request"},
		{"PKCE plain", authorizePath("code_challenge_method", "plain"), "invalid_request"},
		{"a challenge that is no hash", authorizePath("code_challenge", "abc"), "invalid_request"},
		{"another response type", authorizePath("response_type", "token"), "unsupported_response_type"},
		{"another response mode", authorizePath("response_mode", "fragment"), "invalid_request"},
		{"an unknown scope", authorizePath("scope", "openid calls/everything"), "invalid_scope"},
		{"a request object", authorizePath("request", "e30"), "request_not_supported"},
		{"a parameter twice", authorizePath() + "&scope=openid", "invalid_request"},
		{"contradicting prompts", authorizePath("prompt", "none login"), "invalid_request"},
		{"an age that is no number", authorizePath("max_age", "-1"), "invalid_request"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := b.in(t)
			got := b.back(b.browser().get(tc.path))
			if got.Get("error") != tc.want || got.Get("state") != "s t&ate" || got.Get("iss") != b.config.Issuer || got.Has("code") {
				t.Errorf("the client is sent %v, want %s", got, tc.want)
			}
		})
	}
}

func TestSignOutEndsTheSession(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, tc := range []struct {
		name, path string
		status     int
		location   string
	}{
		{"in Cognito's words", "/logout?client_id=" + devissuer.ClientConsole + "&logout_uri=" + consoleReturn, http.StatusSeeOther, consoleReturn},
		{"in OpenID Connect's words", "/logout?state=a&post_logout_redirect_uri=" + consoleReturn, http.StatusSeeOther, consoleReturn + "?state=a"},
		{"without a way back", "/logout", http.StatusOK, ""},
		{"with a way back that isn't registered", "/logout?logout_uri=https://example.com", http.StatusBadRequest, ""},
		{"with a way back of another client", "/logout?client_id=" + devissuer.ClientCLI + "&logout_uri=" + consoleReturn, http.StatusBadRequest, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := b.in(t)
			w := b.browser()
			w.signIn(console())
			kept := w.Jar.Cookies(b.request(http.MethodGet, "/login", "").URL)
			got := w.get(tc.path)
			if got.StatusCode != tc.status || got.Header.Get("Location") != tc.location {
				t.Errorf("status %d, location %q", got.StatusCode, got.Header.Get("Location"))
			}
			w.Jar.SetCookies(b.request(http.MethodGet, "/", "").URL, kept) // as if somebody had copied it
			if got := b.back(w.get(console("prompt", "none"))); got.Get("error") != "login_required" {
				t.Errorf("the session goes on: %v", got)
			}
		})
	}
}
