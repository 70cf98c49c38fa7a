package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/filelock"
	"github.com/outdial/outdial/services/internal/signin/discovery"
)

const (
	defaultURL = "http://127.0.0.1:8080"

	envURL    = "OUTDIAL_URL"
	envToken  = "OUTDIAL_TOKEN"
	envConfig = "OUTDIAL_CONFIG"
	envData   = "OUTDIAL_DATA"
)

// config is what the config file holds.
type config struct {
	// URL is the server that Login is for; empty with a data folder's login, whose
	// server the folder names.
	URL   string `json:"url,omitempty"`
	Login *login `json:"login,omitempty"`
}

// login is how somebody is signed in: by the data folder of a server on this
// machine, or by tokens of an issuer.
type login struct {
	Data string `json:"data,omitempty"`

	Issuer       string    `json:"issuer,omitempty"`
	ClientID     string    `json:"client_id,omitempty"`
	AccessToken  string    `json:"access_token,omitempty"`
	RefreshToken string    `json:"refresh_token,omitempty"`
	ExpiresAt    time.Time `json:"expires_at,omitzero"` // of AccessToken; zero if the issuer didn't say
}

// configFile is the config file, readable by its owner only.
type configFile struct{ path string }

func (a *app) configFile() configFile {
	if path := a.Env(envConfig); path != "" {
		return configFile{path}
	}
	if dir := a.folder("XDG_CONFIG_HOME", ".config"); dir != "" {
		return configFile{filepath.Join(dir, "outdial", "config.json")}
	}
	return configFile{}
}

// defaultData is the data folder of `outdial serve`.
func (a *app) defaultData() string {
	if dir := a.Env(envData); dir != "" {
		return dir
	}
	if dir := a.folder("XDG_DATA_HOME", filepath.Join(".local", "share")); dir != "" {
		return filepath.Join(dir, "outdial")
	}
	return ""
}

// folder is one of the XDG base directories; by their specification a relative
// path is as good as none. It is empty where there is no home either.
func (a *app) folder(variable, inHome string) string {
	if dir := a.Env(variable); filepath.IsAbs(dir) {
		return dir
	}
	if home := a.Env("HOME"); home != "" {
		return filepath.Join(home, inHome)
	}
	return ""
}

// load reads the file; no file is an empty config.
func (f configFile) load() (config, error) {
	var c config
	if f.path == "" {
		return c, nil
	}
	data, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("read the config file: %w", err)
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, &exitError{
			code: exitUnexpected, message: fmt.Sprintf("%s is not a config file: %v", f.path, err), cause: err,
			advice: "Mend it, or delete it and sign in again: `outdial login`.",
		}
	}
	return c, nil
}

// update changes the file while no other process does: where an issuer rotates
// refresh tokens, two that used the same one would end the sign-in.
func (f configFile) update(change func(*config) error) (err error) {
	if f.path == "" {
		return usageError("there is no home directory to keep the config file in: set %s", envConfig)
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return fmt.Errorf("make the folder of the config file: %w", err)
	}
	lock, err := os.OpenFile(f.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock the config file: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }() // which gives the lock back
	if err := filelock.Exclusive(lock); err != nil {
		return fmt.Errorf("lock the config file: %w", err)
	}
	c, err := f.load()
	if err != nil {
		return err
	}
	if err := change(&c); err != nil {
		return err
	}
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the config file: %w", err)
	}
	err = replaceFile(f.path, func(f *os.File) error {
		_, err := f.Write(append(data, '\n'))
		return err
	})
	if err != nil {
		return fmt.Errorf("write the config file: %w", err)
	}
	return nil
}

// replaceFile lets write fill a new file, readable by its owner only, which takes
// the place of the old one when all of it is on disk. What isn't a file, such as
// /dev/null, is written to as it is.
func replaceFile(path string, write func(*os.File) error) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // a link stays one
	}
	old, err := os.Stat(path)
	if err == nil && !old.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temp.Name()))
		}
	}()
	if err = write(temp); err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

// session is which server is asked, and whose tokens it gets.
type session struct {
	url    string
	tokens tokenSource
}

// session finds out both: a flag beats the environment, which beats the config file.
func (a *app) session() (session, error) {
	file := a.configFile()
	c, err := file.load()
	if err != nil {
		return session{}, err
	}
	loginURL, tokens, loginErr := a.loginTokens(file, c)
	s := session{}
	if s.url, err = a.serverURL(file, c, loginURL); err != nil {
		return s, err
	}
	if token, from := first(named{strings.TrimSpace(a.flags.token), "--token"}, named{strings.TrimSpace(a.Env(envToken)), envToken}); token != "" {
		if !isVisibleASCII(token) {
			return s, usageError("%s is not an access token: it must be visible ASCII characters without spaces", from)
		}
		s.tokens = givenToken{token, from}
		return s, nil
	}
	switch {
	case loginErr != nil:
		return s, loginErr
	case tokens == nil:
		s.tokens = noTokens{a.notSignedIn(s.url, "")}
	case !sameServer(loginURL, s.url):
		s.tokens = noTokens{a.notSignedIn(s.url, loginURL)}
	default:
		s.tokens = tokens
	}
	return s, nil
}

// serverURL is the server to ask; loginURL is the one that somebody is signed in to.
func (a *app) serverURL(file configFile, c config, loginURL string) (string, error) {
	address, from := first(
		named{a.flags.url, "--url"}, named{a.Env(envURL), envURL},
		named{loginURL, file.path}, named{c.URL, file.path}, named{defaultURL, ""},
	)
	server, err := tidyURL(address)
	if err != nil {
		return "", usageError("%s: %v", from, err)
	}
	return server, nil
}

// isVisibleASCII tells whether a text can stand in a header as it is.
func isVisibleASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '!' || r > '~' })
}

type named struct{ value, from string }

// first gives the first that has a value.
func first(candidates ...named) (value, from string) {
	for _, c := range candidates {
		if c.value != "" {
			return c.value, c.from
		}
	}
	return "", ""
}

// tidyURL checks the URL of a server; "/v1" may stand at its end or not.
func tidyURL(raw string) (string, error) {
	if err := discovery.CheckURL(raw); err != nil {
		return "", err
	}
	u, err := url.Parse(raw)
	if err != nil {
		return "", err
	}
	if u.RawQuery != "" {
		return "", fmt.Errorf("%q must not have a query", raw)
	}
	path := strings.TrimSuffix(strings.TrimRight(u.Path, "/"), api.BasePath)
	return u.Scheme + "://" + u.Host + strings.TrimRight(path, "/"), nil
}

// sameServer tells whether two URLs are one server. This machine has several names.
func sameServer(a, b string) bool {
	if a == b {
		return true
	}
	ua, errA := url.Parse(a)
	ub, errB := url.Parse(b)
	return errA == nil && errB == nil && discovery.IsLoopback(ua.Host) && discovery.IsLoopback(ub.Host) &&
		ua.Scheme == ub.Scheme && ua.Port() == ub.Port() && ua.Path == ub.Path
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
