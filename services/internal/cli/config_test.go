package cli_test

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/signin/devissuer"
)

// keep writes a config file.
func (b *bench) keep(t *testing.T, path string, content any) {
	t.Helper()
	data, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// kept reads the config file.
func (b *bench) kept(t *testing.T) map[string]any {
	t.Helper()
	data, err := os.ReadFile(b.config())
	if err != nil {
		t.Fatal(err)
	}
	var content map[string]any
	if err := json.Unmarshal(data, &content); err != nil {
		t.Fatal(err)
	}
	return content
}

func tokens(url, access string) map[string]any {
	return map[string]any{"url": url, "login": map[string]any{"access_token": access}}
}

// Flags beat the environment, which beats the config file.
func TestWhichServerAndWhichToken(t *testing.T) {
	t.Parallel()
	type servers struct{ flag, env, file *fake }
	for name, c := range map[string]struct {
		env, args func(servers) []string // names and values
		used      func(servers) *fake
		token     string
	}{
		"the file's, where nothing else is said": {
			used: func(s servers) *fake { return s.file }, token: "file-token",
		},
		"the environment's": {
			env:  func(s servers) []string { return []string{"OUTDIAL_URL", s.env.URL, "OUTDIAL_TOKEN", "env-token"} },
			used: func(s servers) *fake { return s.env }, token: "env-token",
		},
		"the flags'": {
			env:  func(s servers) []string { return []string{"OUTDIAL_URL", s.env.URL, "OUTDIAL_TOKEN", "env-token"} },
			args: func(s servers) []string { return []string{"--url", s.flag.URL, "--token", "flag-token"} },
			used: func(s servers) *fake { return s.flag }, token: "flag-token",
		},
		"a flag's server and the environment's token": {
			env:  func(servers) []string { return []string{"OUTDIAL_TOKEN", "env-token"} },
			args: func(s servers) []string { return []string{"--url", s.flag.URL} },
			used: func(s servers) *fake { return s.flag }, token: "env-token",
		},
		"the file's server and a flag's token": {
			args: func(servers) []string { return []string{"--token", "flag-token"} },
			used: func(s servers) *fake { return s.file }, token: "flag-token",
		},
		"the file's token for its own server, said in another way": {
			args: func(s servers) []string { return []string{"--url", s.file.URL + "/v1/"} },
			used: func(s servers) *fake { return s.file }, token: "file-token",
		},
		"the file's token for its own server by another name": {
			args: func(s servers) []string {
				return []string{"--url", strings.Replace(s.file.URL, "127.0.0.1", "localhost", 1)}
			},
			used: func(s servers) *fake { return s.file }, token: "file-token",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := servers{server(t), server(t), server(t)}
			b := newBench(t, nil)
			b.keep(t, b.config(), tokens(s.file.URL, "file-token"))
			if c.env != nil {
				pairs := c.env(s)
				for i := 0; i < len(pairs); i += 2 {
					b.env[pairs[i]] = pairs[i+1]
				}
			}
			args := []string{"calls", "get", callID}
			if c.args != nil {
				args = append(args, c.args(s)...)
			}
			b.run(t, args...).expect(t, 0)
			requests, _ := c.used(s).seen()
			if len(requests) != 1 {
				t.Fatalf("the right server got %d requests", len(requests))
			}
			if got := requests[0].Header.Get("Authorization"); got != "Bearer "+c.token {
				t.Errorf("it got %q", got)
			}
		})
	}
}

// A token goes to the server that it was got for, and to no other.
func TestATokenGoesToNoOtherServer(t *testing.T) {
	t.Parallel()
	mine, other := server(t), server(t)
	for name, change := range map[string]func(*bench) []string{
		"named by a flag":          func(*bench) []string { return []string{"--url", other.URL} },
		"named by the environment": func(b *bench) []string { b.env["OUTDIAL_URL"] = other.URL; return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			b.keep(t, b.config(), tokens(mine.URL, "file-token"))
			o := b.run(t, append([]string{"calls", "list"}, change(b)...)...)
			o.expect(t, 3, "you are not signed in to "+other.URL+" (your sign-in is for "+mine.URL+")", "outdial login --url "+other.URL)
			if requests, _ := other.seen(); len(requests) != 0 {
				t.Error("the other server was asked")
			}
		})
	}
}

func TestWhereTheConfigFileIs(t *testing.T) {
	t.Parallel()
	f := server(t)
	for name, c := range map[string]struct {
		env  map[string]string
		path string // in the home folder
	}{
		"at home":                                {nil, ".config/outdial/config.json"},
		"where XDG_CONFIG_HOME says":             {map[string]string{"XDG_CONFIG_HOME": "HOME/xdg"}, "xdg/outdial/config.json"},
		"at home if XDG_CONFIG_HOME is relative": {map[string]string{"XDG_CONFIG_HOME": "xdg"}, ".config/outdial/config.json"},
		"where OUTDIAL_CONFIG says":              {map[string]string{"OUTDIAL_CONFIG": "HOME/mine.json", "XDG_CONFIG_HOME": "HOME/xdg"}, "mine.json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			for k, v := range c.env {
				b.env[k] = strings.Replace(v, "HOME", b.env["HOME"], 1)
			}
			b.keep(t, filepath.Join(b.env["HOME"], c.path), tokens(f.URL, "file-token"))
			b.run(t, "calls", "get", callID).expect(t, 0)
		})
	}
}

func TestNobodySignedIn(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.run(t, "calls", "list").expect(t, 3, "you are not signed in to http://127.0.0.1:8080", "`outdial login --data DIR`")
	// Where there is a server's data folder, it is named.
	data := filepath.Join(b.env["HOME"], ".local", "share", "outdial")
	startIssuer(t, filepath.Join(data, "issuer"), "http://127.0.0.1:8080/dev-issuer", time.Now)
	b.run(t, "calls", "list").expect(t, 3, "`outdial login --data "+data+"`")
	b.run(t, "token").expect(t, 3, "you are not signed in")
}

func TestABrokenConfigFileIsNotWrittenOver(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	if err := os.MkdirAll(filepath.Dir(b.config()), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(b.config(), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"calls", "list"}, {"logout"}, {"login"}} {
		b.run(t, args...).expect(t, 1, b.config()+" is not a config file", "Mend it, or delete it")
	}
	if data, err := os.ReadFile(b.config()); err != nil || string(data) != "{" {
		t.Errorf("it is now %q, %v", data, err)
	}
}

func TestATokenThatCannotBeOne(t *testing.T) {
	t.Parallel()
	b := newBench(t, server(t))
	b.env["OUTDIAL_TOKEN"] = "secret token"
	if o := b.run(t, "calls", "list").expect(t, 2, "OUTDIAL_TOKEN is not an access token"); strings.Contains(o.err, "secret") {
		t.Error("it shows the token")
	}
	b.env["OUTDIAL_TOKEN"] = " test-token\n" // as a file has it
	b.run(t, "calls", "list").expect(t, 0)
}

// A token from outside can't be renewed: it is told where it comes from.
func TestARefusedTokenFromOutside(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.on("GET /calls", problem(t, "unauthorized"))
	b := newBench(t, f)
	b.run(t, "calls", "list").expect(t, 3, "The token comes from OUTDIAL_TOKEN")
	b.run(t, "calls", "list", "--token", "x").expect(t, 3, "The token comes from --token")
	if requests, _ := f.seen(); len(requests) != 2 {
		t.Errorf("%d requests; a refused token isn't sent again", len(requests))
	}
}

func startIssuer(t *testing.T, dir, url string, now func() time.Time) (*devissuer.Issuer, *devissuer.FirstStart) {
	t.Helper()
	issuer, first, err := devissuer.Open(devissuer.Config{Dir: dir, Issuer: url, Now: now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return issuer, first
}

// issuingServer is a server whose development issuer is real. It gives the first
// user too, and the data folder.
func issuingServer(t *testing.T, b *bench) (*fake, *devissuer.FirstStart, string) {
	t.Helper()
	f := server(t)
	data := t.TempDir()
	issuer, first := startIssuer(t, filepath.Join(data, "issuer"), f.URL+"/dev-issuer", b.Now)
	f.mux.Handle("/dev-issuer/", issuer.Handler())
	return f, first, data
}
