// Package web is the console: pages that a browser loads from here and that speak
// to the API and the issuer. They are built by npm (see README.md) into dist,
// which is part of the binary; one build serves every stack, because what differs
// between stacks is read from /config.json.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

//go:embed all:dist
var dist embed.FS

// Paths of the console that an issuer has to know.
const (
	// PathSignedIn is where the issuer sends the browser after sign-in.
	PathSignedIn = "/signed-in"
	// PathSignedOut is where the issuer sends the browser after sign-out.
	PathSignedOut = "/signed-out"
)

// DefaultScopes are what the console asks for at an issuer that knows offline_access.
const DefaultScopes = "openid profile email offline_access calls/read calls/write calls/admin"

// Config is /config.json, which the pages read when they start. Nothing in it is secret.
type Config struct {
	API      string `json:"api"`       // base URL of the API with its /v1; a path means this origin
	Issuer   string `json:"issuer"`    // URL of the OpenID Connect issuer
	ClientID string `json:"client_id"` // the public client that the console is at the issuer
	Scopes   string `json:"scopes"`    // to ask for, with spaces between them
	// GroupsClaim is the access token's claim with the person's groups; empty: cognito:groups.
	GroupsClaim string `json:"groups_claim,omitempty"`
	// Logout is Cognito's own sign-out address, which takes client_id and logout_uri.
	// Empty: the issuer's end_session_endpoint.
	Logout string `json:"logout,omitempty"`
	// TokenEndpoint is the issuer's, which may be on another origin than the issuer.
	// It is for the policy only: the pages ask the issuer.
	TokenEndpoint string `json:"-"`
	// Simulated tells people that no real phone rings.
	Simulated bool `json:"simulated,omitempty"`
}

// Validate reports every mistake at once, by the field's name in /config.json.
func (c Config) Validate() error {
	var mistakes []error
	mistake := func(format string, args ...any) { mistakes = append(mistakes, fmt.Errorf(format, args...)) }
	if !strings.HasPrefix(c.API, "/") && origin(c.API) == "" {
		mistake("api: %q must be a URL or a path, such as /v1", c.API)
	}
	if origin(c.Issuer) == "" {
		mistake("issuer: %q must be a URL", c.Issuer)
	}
	if c.ClientID == "" {
		mistake("client_id: name the console's client at the issuer")
	}
	if c.Logout != "" && origin(c.Logout) == "" {
		mistake("logout: %q must be a URL", c.Logout)
	}
	return errors.Join(mistakes...)
}

// Policy is the Content-Security-Policy of every page: nothing inline, and nothing
// from anywhere but this origin; requests to the API and the issuer too.
func (c Config) Policy() string {
	connect := []string{"'self'"}
	for _, address := range []string{c.API, c.Issuer, c.TokenEndpoint} {
		if o := origin(address); o != "" && !slices.Contains(connect, o) {
			connect = append(connect, o)
		}
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src " + strings.Join(connect, " ") +
		"; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}

// origin gives the origin of an http or https URL, and "" for anything else.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// Handler serves the console at "/". Paths that it doesn't know are those of pages,
// and get index.html, unless they look like a file.
func Handler(c Config) (http.Handler, error) {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, err
	}
	return newHandler(c, files)
}

func newHandler(c Config, built fs.FS) (http.Handler, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	config, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	h := &handler{policy: c.Policy(), files: map[string]file{}}
	if err := h.load(built); err != nil {
		return nil, fmt.Errorf("read the console's files: %w", err)
	}
	h.files["/config.json"] = newFile("config.json", config)
	if _, isBuilt := h.files[index]; !isBuilt {
		h.files[index] = newFile("index.html", []byte(notBuilt))
	}
	return h, nil
}

const index = "/index.html"

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Outdial</title>
<h1>This binary has no console</h1>
<p>It was built without it. <code>make build</code> builds both; it needs Node 20 or newer.</p>
<p>The API and the command line work without: <code>outdial --help</code></p></html>
`

// file is one file of the console in every encoding that was built.
type file struct {
	contentType string
	hashed      bool              // its name changes whenever its content does
	etag        string            // of the content as it is; encodings append their name
	content     map[string][]byte // by Content-Encoding; "" is the file as it is
}

func newFile(name string, content []byte) file {
	contentType := mime.TypeByExtension(path.Ext(name))
	switch path.Ext(name) { // not as the machine has it configured
	case ".html":
		contentType = "text/html; charset=utf-8"
	case ".js":
		contentType = "text/javascript; charset=utf-8"
	case ".css":
		contentType = "text/css; charset=utf-8"
	case ".svg":
		contentType = "image/svg+xml"
	case ".json":
		contentType = "application/json"
	case ".csv":
		contentType = "text/csv; charset=utf-8"
	}
	sum := sha256.Sum256(content)
	return file{
		contentType: contentType, hashed: strings.HasPrefix(name, "assets/"), etag: hex.EncodeToString(sum[:8]),
		content: map[string][]byte{"": content},
	}
}

// encodings are the prebuilt ones, best first, by their file's ending.
var encodings = []struct{ name, ending string }{{"br", ".br"}, {"gzip", ".gz"}}

type handler struct {
	policy string
	files  map[string]file // by path
}

func (h *handler) load(built fs.FS) error {
	return fs.WalkDir(built, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(path.Base(name), ".") {
			return err
		}
		if ending := path.Ext(name); ending == ".br" || ending == ".gz" {
			return nil // taken with the file that it encodes
		}
		content, err := fs.ReadFile(built, name)
		if err != nil {
			return err
		}
		f := newFile(name, content)
		for _, encoding := range encodings {
			encoded, err := fs.ReadFile(built, name+encoding.ending)
			if errors.Is(err, fs.ErrNotExist) {
				continue // it didn't become smaller
			}
			if err != nil {
				return err
			}
			f.content[encoding.name] = encoded
		}
		h.files["/"+name] = f
		return nil
	})
}

// ServeHTTP answers with a file, or with index.html for the path of a page.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.secure(w.Header(), r.URL.Path)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the console knows GET and HEAD only", http.StatusMethodNotAllowed)
		return
	}
	f, known := h.files[r.URL.Path]
	switch {
	case known:
	case path.Ext(r.URL.Path) != "" || strings.HasPrefix(r.URL.Path, "/assets/"):
		// Never index.html: a script that isn't there any more must not look like one.
		w.Header().Set("Cache-Control", "no-cache")
		http.Error(w, "no such file", http.StatusNotFound)
		return
	default:
		f = h.files[index]
	}
	f.write(w, r)
}

// secure sets the headers that every answer has.
func (h *handler) secure(header http.Header, requested string) {
	header.Set("Content-Security-Policy", h.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	// The page that a sign-in in a popup ends on has to reach the page that opened it,
	// and it wouldn't any more with a policy other than the issuer's page had: none.
	if requested != PathSignedIn {
		header.Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups")
	}
}

func (f file) write(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", f.contentType)
	header.Set("Cache-Control", "no-cache") // may be kept, and is asked for each time
	if f.hashed {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	encoding := f.best(r.Header.Values("Accept-Encoding"))
	etag := `"` + f.etag + encoding + `"`
	header.Set("ETag", etag)
	if len(f.content) > 1 {
		header.Set("Vary", "Accept-Encoding")
	}
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if encoding != "" {
		header.Set("Content-Encoding", encoding)
	}
	header.Set("Content-Length", fmt.Sprint(len(f.content[encoding])))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = bytes.NewReader(f.content[encoding]).WriteTo(w) // who went away needs no answer
}

// best gives the smallest encoding of the file that the client takes, and "" for
// none. A weight other than 0 doesn't matter: all that is offered decodes to the same.
func (f file) best(accept []string) string {
	taken := map[string]bool{}
	for item := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		name, parameters, _ := strings.Cut(item, ";")
		weight := strings.ReplaceAll(strings.ToLower(parameters), " ", "")
		refused := strings.HasPrefix(weight, "q=0") && strings.Trim(weight, "q=0.") == ""
		taken[strings.ToLower(strings.TrimSpace(name))] = !refused
	}
	for _, encoding := range encodings {
		if _, isBuilt := f.content[encoding.name]; isBuilt && taken[encoding.name] {
			return encoding.name
		}
	}
	return ""
}
