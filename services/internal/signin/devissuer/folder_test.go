package devissuer_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/outdial/outdial/services/internal/signin"
	"github.com/outdial/outdial/services/internal/signin/devissuer"
)

func TestFirstStartTellsItsSecretsOnce(t *testing.T) {
	t.Parallel()
	config := devissuer.Config{Dir: filepath.Join(t.TempDir(), "new", "folder"), Issuer: "http://127.0.0.1:8080/dev-issuer"}
	starts := make([]*devissuer.FirstStart, 4)
	var all sync.WaitGroup
	for n := range starts { // several processes at once
		all.Go(func() {
			var err error
			if _, starts[n], err = devissuer.Open(config); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var first *devissuer.FirstStart
	for _, s := range starts {
		if s != nil && first != nil {
			t.Fatal("two of them are the first")
		}
		if s != nil {
			first = s
		}
	}
	if first == nil {
		t.Fatal("none of them is the first")
	}
	if first.User != "admin" || !regexp.MustCompile(`^([0-9a-z]{4}-){3}[0-9a-z]{4}$`).MatchString(first.Password) || len(first.MachineSecret) != 43 {
		t.Errorf("first start is %+v", first)
	}
	data, err := os.ReadFile(filepath.Join(config.Dir, "issuer.json"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), first.Password) || strings.Contains(string(data), first.MachineSecret) {
		t.Error("a secret stands in the file as it is")
	}
}

func TestFilesAreTheirOwnersAndHoldNoTokens(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	got := b.mustTokens()
	entries, err := os.ReadDir(b.config.Dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", entry.Name(), info.Mode())
		}
		data, err := os.ReadFile(filepath.Join(b.config.Dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		_, secret, _ := strings.Cut(got.Refresh, ".")
		if strings.Contains(string(data), secret) || strings.Contains(string(data), got.Access) {
			t.Errorf("a token stands in %s", entry.Name())
		}
	}
	if want := "[issuer-sign-ins.json issuer.json issuer.lock]"; fmt.Sprint(names) != want {
		t.Errorf("files are %v, want %s", names, want)
	}
}

func TestSignInsOutliveTheServer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	w := b.browser()
	w.signIn(console())
	kept := w.Jar.Cookies(b.request(http.MethodGet, "/login", "").URL)
	got := b.mustTokens()

	b.server.Close()
	b.start()
	w.Jar.SetCookies(b.request(http.MethodGet, "/", "").URL, kept)
	if w.code(w.get(console("prompt", "none"))) == "" {
		t.Error("the session is gone")
	}
	again := b.refresh(got.Refresh)
	principal, err := b.verify(again.Access) // names the new address
	if err != nil || !principal.Admin() {
		t.Errorf("principal is %+v, error %v", principal, err)
	}
}

func TestTokenIsMadeBesideTheServer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	beside, err := devissuer.Load(devissuer.Config{Dir: b.config.Dir})
	if err != nil {
		t.Fatal(err)
	}
	name, err := beside.FirstUser()
	if err != nil {
		t.Fatal(err)
	}
	token, err := beside.MintAccessToken(name, signin.Scopes(), b.now())
	if err != nil {
		t.Fatal(err)
	}
	principal, err := b.verify(token)
	if err != nil || !principal.Admin() || !principal.Has(signin.ScopeRead) || !principal.Has(signin.ScopeWrite) || principal.Machine {
		t.Errorf("principal is %+v, error %v", principal, err)
	}
	signedIn, err := b.verify(b.mustTokens().Access)
	if err != nil || signedIn.Owner != principal.Owner {
		t.Errorf("owners are %q and %q, error %v", principal.Owner, signedIn.Owner, err)
	}
	if _, err := beside.MintAccessToken("nobody", nil, b.now()); !errors.Is(err, devissuer.ErrNoUser) {
		t.Errorf("for nobody: %v", err)
	}
}

func TestFolderThatWasNeverServedHasNoTokens(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := devissuer.Load(devissuer.Config{Dir: dir}); !errors.Is(err, devissuer.ErrNotStarted) {
		t.Errorf("error is %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("it left %v, error %v", entries, err)
	}
}

func TestUsersAreAddedBesideTheServer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			beside, err := devissuer.Load(devissuer.Config{Dir: b.config.Dir})
			if err == nil {
				err = beside.AddUser(fmt.Sprint("user", n), "a-long-password")
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	owners := map[string]bool{}
	for n := range 8 {
		token, err := b.MintAccessToken(fmt.Sprint("user", n), signin.Scopes(), b.now())
		if err != nil {
			t.Fatal(err)
		}
		principal, err := b.verify(token)
		if err != nil || principal.Admin() {
			t.Fatalf("principal is %+v, error %v", principal, err)
		}
		owners[principal.Owner] = true
	}
	if len(owners) != 8 {
		t.Errorf("owners are %v", owners)
	}
	w := b.browser()
	if got := w.submit(w.get(authorizePath()), "username", "user3", "password", "a-long-password"); got.StatusCode != http.StatusSeeOther {
		t.Errorf("the server lets the new user in with %d", got.StatusCode)
	}
	for name, password := range map[string]string{"user3": "a-long-password", "": "a-long-password", "a b": "a-long-password", "new": "short"} {
		if err := b.AddUser(name, password); err == nil {
			t.Errorf("user %q with password %q was added", name, password)
		}
	}
}

func TestNewPasswordEndsWhatTheOldOneBegan(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	w := b.browser()
	w.signIn(console())
	got := b.mustTokens()
	if err := b.SetPassword("admin", "another-password"); err != nil {
		t.Fatal(err)
	}
	if q := b.back(w.get(console("prompt", "none"))); q.Get("error") != "login_required" {
		t.Errorf("the session goes on: %v", q)
	}
	b.checkRefused(b.refresh(got.Refresh), "invalid_grant")
	if a := w.submit(w.get(console()), "username", "admin", "password", b.first.Password); a.StatusCode != http.StatusForbidden {
		t.Errorf("the old password gives %d", a.StatusCode)
	}
	b.first.Password = "another-password"
	b.mustTokens()
	if err := b.SetPassword("nobody", "another-password"); !errors.Is(err, devissuer.ErrNoUser) {
		t.Errorf("for nobody: %v", err)
	}
}

func TestFileThatCannotBeReadIsLeftAlone(t *testing.T) {
	t.Parallel()
	whole, _ := firstFolder()
	for _, tc := range []struct {
		name, file, content, want string
	}{
		{"users cut off", "issuer.json", string(whole[:len(whole)/2]), "put a copy of it back"},
		{"users empty", "issuer.json", "", "put a copy of it back"},
		{"users of nobody", "issuer.json", "{}", "it has no version"},
		{"users without a key", "issuer.json", `{"version":1}`, "key"},
		{"users of a newer version", "issuer.json", strings.Replace(string(whole), `"version": 1`, `"version": 2`, 1), "newer version of outdial"},
		{"a user without a password", "issuer.json", strings.Replace(string(whole), `"time": 2`, `"time": 0`, 1), "no password"},
		{"sign-ins cut off", "issuer-sign-ins.json", `{"version": 1, "sess`, "delete it and start again"},
		{"sign-ins of a newer version", "issuer-sign-ins.json", `{"version": 2}`, "newer version of outdial"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			path := filepath.Join(b.config.Dir, tc.file)
			if err := os.WriteFile(path, []byte(tc.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, first, err := devissuer.Open(b.config)
			if err == nil || first != nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error is %v", err)
			}
			w := b.browser() // the server that runs tells no more than it must
			got := w.submit(w.get(authorizePath()), "username", "admin", "password", b.first.Password)
			if got.StatusCode != http.StatusInternalServerError || strings.Contains(got.body, path) {
				t.Errorf("the server answers %d: %s", got.StatusCode, got.body)
			}
			if data, err := os.ReadFile(path); err != nil || string(data) != tc.content {
				t.Errorf("the file was changed, error %v", err)
			}
		})
	}
}
