package cli_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/cli"
)

// browser is a person who signs in at the page that is opened.
func browser(t *testing.T, user, password string) func(context.Context, string) error {
	t.Helper()
	return func(ctx context.Context, address string) error {
		go func() {
			if err := signIn(context.WithoutCancel(ctx), address, user, password); err != nil {
				t.Error(err)
			}
		}()
		return nil
	}
}

var action = regexp.MustCompile(`action="([^"]+)"`)

func signIn(ctx context.Context, address, user, password string) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	client := http.Client{Jar: jar}
	page, err := fetchPage(ctx, &client, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	found := action.FindStringSubmatch(page)
	if found == nil {
		return errors.New("the page has no form")
	}
	target, err := url.Parse(address)
	if err != nil {
		return err
	}
	target, err = target.Parse(html.UnescapeString(found[1]))
	if err != nil {
		return err
	}
	page, err = fetchPage(ctx, &client, http.MethodPost, target.String(), url.Values{"username": {user}, "password": {password}})
	if err == nil && !strings.Contains(page, "You are signed in") {
		err = fmt.Errorf("the last page is %s", page)
	}
	return err
}

func fetchPage(ctx context.Context, client *http.Client, method, address string, form url.Values) (string, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := client.Do(r)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(res.Body)
	return string(body), errors.Join(err, res.Body.Close())
}

type tokenClaims struct {
	Issuer   string   `json:"iss"`
	Username string   `json:"username"`
	Scope    string   `json:"scope"`
	Groups   []string `json:"cognito:groups"`
	Issued   int64    `json:"iat"`
	ID       string   `json:"jti"`
}

func claimsOf(t *testing.T, token string) tokenClaims {
	t.Helper()
	parts := strings.Split(strings.TrimSpace(token), ".")
	if len(parts) != 3 {
		t.Fatalf("%q is not a JWT", token)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var c tokenClaims
	if err := json.Unmarshal(payload, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// loggedIn is a bench whose person has signed in in the browser.
func loggedIn(t *testing.T) (*bench, *fake) {
	t.Helper()
	b := newBench(t, nil)
	f, first, _ := issuingServer(t, b)
	b.change = func(o *cli.Options) { o.OpenBrowser = browser(t, first.User, first.Password) }
	o := b.run(t, "login", "--url", f.URL).expect(t, 0, f.URL+"/dev-issuer/oauth2/authorize?")
	if o.out != "Signed in to "+f.URL+".\n" {
		t.Errorf("it prints %q", o.out)
	}
	return b, f
}

// sent gives the access tokens that the API got.
func (f *fake) sent() []string {
	requests, _ := f.seen()
	var all []string
	for _, r := range requests {
		if strings.HasPrefix(r.URL.Path, "/v1/") {
			all = append(all, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		}
	}
	return all
}

func TestLoginInTheBrowser(t *testing.T) {
	t.Parallel()
	b, f := loggedIn(t)
	b.run(t, "calls", "get", callID).expect(t, 0)
	got := claimsOf(t, f.sent()[0])
	if got.Username != "admin" || got.Scope != "calls/admin calls/read calls/write offline_access" || got.Issuer != f.URL+"/dev-issuer" {
		t.Errorf("the token is of %+v", got)
	}
	info, err := os.Stat(b.config())
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 {
		t.Errorf("the config file has mode %v", info.Mode())
	}
	o := b.run(t, "token").expect(t, 0)
	if strings.TrimSpace(o.out) != f.sent()[0] {
		t.Errorf("token prints %q", o.out)
	}
	b.run(t, "logout").expect(t, 0)
	if kept := b.kept(t); kept["login"] != nil || kept["url"] != f.URL {
		t.Errorf("after logout the config file has %v", kept)
	}
	b.run(t, "calls", "list").expect(t, 3, "you are not signed in to "+f.URL)
}

// The development issuer calls itself by address.
func TestLoginByTheNameLocalhost(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	f, first, _ := issuingServer(t, b)
	b.change = func(o *cli.Options) { o.OpenBrowser = browser(t, first.User, first.Password) }
	name := strings.Replace(f.URL, "127.0.0.1", "localhost", 1)
	b.run(t, "login", "--url", name).expect(t, 0)
	b.run(t, "calls", "get", callID).expect(t, 0)
}

// A token is refreshed shortly before it expires, and the new ones are kept.
func TestTokensAreRefreshed(t *testing.T) {
	t.Parallel()
	b, f := loggedIn(t)
	b.run(t, "calls", "get", callID).expect(t, 0)
	b.advance(58 * time.Minute)
	b.run(t, "calls", "get", callID).expect(t, 0)
	b.advance(time.Minute + 30*time.Second) // it would hold for half a minute yet
	b.run(t, "calls", "get", callID).expect(t, 0)
	b.advance(59*time.Minute + 30*time.Second)
	b.run(t, "calls", "get", callID).expect(t, 0)
	sent := f.sent()
	if sent[0] != sent[1] || sent[1] == sent[2] || sent[2] == sent[3] {
		t.Errorf("refreshed at the wrong time: %v", slices.Compact(slices.Clone(sent)))
	}
	for i, token := range sent[2:] {
		if claimsOf(t, token).Username != "admin" {
			t.Errorf("token %d is of somebody else", i+2)
		}
	}
}

// Where refresh tokens rotate, two that use the same one end the sign-in.
func TestManyCommandsRefreshOnce(t *testing.T) {
	t.Parallel()
	b, f := loggedIn(t)
	b.advance(time.Hour)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if o := b.runWith(t.Context(), "calls", "get", callID); o.code != 0 {
				t.Errorf("exit code %d: %s", o.code, o.err)
			}
		})
	}
	all.Wait()
	if different := slices.Compact(slices.Sorted(slices.Values(f.sent()))); len(different) != 1 {
		t.Errorf("they used %d tokens", len(different))
	}
}

// A long wait outlives its token.
func TestAWaitRefreshesItsToken(t *testing.T) {
	t.Parallel()
	b, f := loggedIn(t)
	polls := slices.Repeat([]http.HandlerFunc{polled(batchWith(t, "active", 5, 5, 0, 0), "Retry-After", "600")}, 13)
	f.on("GET /batches/{id}", answers(append(polls, polled(batchWith(t, "completed", 0, 0, 10, 0)))...))
	b.run(t, "batch", "get", batchID, "--wait").expect(t, 0)
	if different := slices.Compact(f.sent()); len(different) != 3 {
		t.Errorf("in two hours it used %d tokens", len(different))
	}
}

func TestASignInThatWasEnded(t *testing.T) {
	t.Parallel()
	b, f := loggedIn(t)
	kept := b.kept(t)
	login, ok := kept["login"].(map[string]any)
	if !ok {
		t.Fatal("no login is kept")
	}
	login["refresh_token"] = "not-one"
	b.keep(t, b.config(), kept)
	b.advance(time.Hour)
	b.run(t, "calls", "list").expect(t, 3, "your sign-in to "+f.URL+" has ended", "invalid_grant", "Sign in again: `outdial login --url "+f.URL+"`.")
	delete(login, "refresh_token")
	b.keep(t, b.config(), kept)
	b.run(t, "calls", "list").expect(t, 3, "your sign-in to "+f.URL+" has ended")
}

// A token that is refused although it still holds, after the server got a new key
// for one, is renewed once.
func TestARefusedTokenIsRenewedOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refusals int
		code     int
	}{
		"and then taken":    {1, 0},
		"and refused again": {2, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, f := loggedIn(t)
			all := slices.Repeat([]http.HandlerFunc{problem(t, "unauthorized")}, c.refusals)
			f.on("GET /calls/{id}", answers(append(all, polled(example(t, "call_completed")))...))
			o := b.run(t, "calls", "get", callID)
			o.expect(t, c.code)
			if c.code == 3 {
				o.expect(t, 3, "Sign in again: `outdial login --url "+f.URL+"`.")
			}
			if sent := f.sent(); len(sent) != 2 || sent[0] == sent[1] {
				t.Errorf("%d tokens were sent", len(sent))
			}
		})
	}
}

func TestLoginByTheDataFolder(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	f, _, data := issuingServer(t, b)
	o := b.run(t, "login", "--data", data).expect(t, 0)
	if want := fmt.Sprintf("Signed in to %s as admin.\n", f.URL); o.out != want {
		t.Errorf("it prints %q", o.out)
	}
	b.run(t, "calls", "get", callID).expect(t, 0)
	b.advance(59*time.Minute + 30*time.Second)
	b.run(t, "calls", "get", callID).expect(t, 0)
	sent := f.sent()
	if claimsOf(t, sent[0]).Username != "admin" || claimsOf(t, sent[0]).ID == claimsOf(t, sent[1]).ID {
		t.Errorf("%d tokens, of %+v", len(sent), claimsOf(t, sent[0]))
	}
	// The server moves to another port: the folder tells.
	moved := server(t)
	startIssuer(t, data+"/issuer", moved.URL+"/dev-issuer", b.Now)
	b.run(t, "calls", "get", callID).expect(t, 0)
	if len(moved.sent()) != 1 {
		t.Error("the server that moved wasn't asked")
	}
	// Whoever signs in anew does so to the same server.
	b.run(t, "login").expect(t, 1, moved.URL+"/dev-issuer/")
	// A token of the folder goes to no other server.
	b.run(t, "calls", "get", callID, "--url", f.URL).expect(t, 3, "your sign-in is for "+moved.URL)
}

func TestTheTokenOfADataFolder(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	f, _, data := issuingServer(t, b)
	f.Close() // the server need not run
	o := b.run(t, "token", "--data", data).expect(t, 0)
	if strings.Count(o.out, "\n") != 1 || o.err != "" {
		t.Errorf("%q and %q", o.out, o.err)
	}
	got := claimsOf(t, o.out)
	if got.Username != "admin" || !slices.Equal(got.Groups, []string{"admins"}) || got.Scope != "calls/read calls/write calls/admin" ||
		got.Issued != b.Now().Unix() {
		t.Errorf("%+v", got)
	}
	if _, err := os.Stat(b.config()); !errors.Is(err, os.ErrNotExist) {
		t.Error("it wrote the config file")
	}
	empty := t.TempDir()
	b.run(t, "token", "--data", empty).expect(t, 3, "there are no users in the data folder "+empty, "outdial serve --data "+empty)
	b.run(t, "login", "--data", empty).expect(t, 3)
}

func TestLoginThatFails(t *testing.T) {
	t.Parallel()
	t.Run("because the server has no development issuer", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil)
		b.run(t, "login", "--url", server(t).URL).expect(t, 1, "404 Not Found", "--issuer and --client-id")
	})
	t.Run("because the server isn't there", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil)
		f := server(t)
		f.Close()
		b.run(t, "login", "--url", f.URL).expect(t, 7, "can't reach "+f.URL)
	})
	t.Run("because the issuer refuses", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil)
		f, _, _ := issuingServer(t, b)
		b.change = func(o *cli.Options) {
			o.OpenBrowser = func(ctx context.Context, address string) error {
				go func() { _, _ = fetchPage(context.WithoutCancel(ctx), http.DefaultClient, http.MethodGet, address, nil) }()
				return nil
			}
		}
		b.run(t, "login", "--url", f.URL, "--scope", "everything").expect(t, 3, "the issuer refused", "invalid_scope")
	})
	t.Run("because of Ctrl-C", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil)
		f, _, _ := issuingServer(t, b)
		ctx, interrupt := context.WithCancel(t.Context())
		b.change = func(o *cli.Options) {
			o.OpenBrowser = func(context.Context, string) error { interrupt(); return nil }
		}
		b.runWith(ctx, "login", "--url", f.URL).expect(t, 130, "stopped")
	})
}

// Without a browser only the address is told.
func TestLoginWithoutABrowser(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	f, first, _ := issuingServer(t, b)
	b.change = func(o *cli.Options) {
		o.OpenBrowser = func(context.Context, string) error { t.Error("a browser was opened"); return nil }
		told := o.Err.Writer
		o.Err.Writer = writerFunc(func(p []byte) (int, error) {
			if _, address, ok := strings.Cut(string(p), "Sign in at\n  "); ok {
				address, _, _ = strings.Cut(address, "\n")
				_ = browser(t, first.User, first.Password)(t.Context(), address)
			}
			return told.Write(p)
		})
	}
	b.run(t, "login", "--url", f.URL, "--no-browser").expect(t, 0)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
