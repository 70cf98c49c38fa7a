package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func config() Config {
	return Config{API: "https://api.example.com/v1", Issuer: "https://issuer.example.com/pool", ClientID: "console", Scopes: DefaultScopes}
}

// built is what npm run build leaves, in small.
func built() fstest.MapFS {
	file := func(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content)} }
	return fstest.MapFS{
		".keep": file(""), "index.html": file("<p>index"), "index.html.br": file("index in br"), "index.html.gz": file("index in gzip"),
		"theme.js": file("theme"), "icon.svg": file("<svg/>"),
		"assets/main-1a2b.js": file("main"), "assets/main-1a2b.js.gz": file("main in gzip"), "assets/main-3c4d.css": file("css"),
	}
}

func console(t *testing.T, c Config, files fstest.MapFS) http.Handler {
	t.Helper()
	h, err := newHandler(c, files)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// answer is what was answered, but for the body.
type answer struct {
	StatusCode int
	Header     http.Header
}

func get(t *testing.T, h http.Handler, path string, headers ...string) (answer, string) {
	t.Helper()
	return ask(t, h, http.MethodGet, path, headers...)
}

func ask(t *testing.T, h http.Handler, method, path string, headers ...string) (answer, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	for n := 0; n < len(headers); n += 2 {
		r.Header.Set(headers[n], headers[n+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return answer{w.Code, w.Header()}, w.Body.String()
}

func TestFilesAreServedAsWhatTheyAreAndPagesAsTheIndex(t *testing.T) {
	t.Parallel()
	h := console(t, config(), built())
	const asked, forever = "no-cache", "public, max-age=31536000, immutable"
	for path, want := range map[string]struct {
		status                   int
		contentType, cache, body string
	}{
		"/":                         {200, "text/html; charset=utf-8", asked, "<p>index"},
		"/index.html":               {200, "text/html; charset=utf-8", asked, "<p>index"},
		"/calls":                    {200, "text/html; charset=utf-8", asked, "<p>index"},
		"/calls/call_01KJ-000001":   {200, "text/html; charset=utf-8", asked, "<p>index"},
		"/signed-in?code=1&state=2": {200, "text/html; charset=utf-8", asked, "<p>index"},
		"/theme.js":                 {200, "text/javascript; charset=utf-8", asked, "theme"},
		"/icon.svg":                 {200, "image/svg+xml", asked, "<svg/>"},
		"/assets/main-1a2b.js":      {200, "text/javascript; charset=utf-8", forever, "main"},
		"/assets/main-3c4d.css":     {200, "text/css; charset=utf-8", forever, "css"},
		"/assets/main-0000.js":      {404, "text/plain; charset=utf-8", asked, "no such file\n"},
		"/assets/nothing":           {404, "text/plain; charset=utf-8", asked, "no such file\n"},
		"/favicon.ico":              {404, "text/plain; charset=utf-8", asked, "no such file\n"},
		"/assets/main-1a2b.js.gz":   {404, "text/plain; charset=utf-8", asked, "no such file\n"},
		"/.keep":                    {404, "text/plain; charset=utf-8", asked, "no such file\n"},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			answer, body := get(t, h, path)
			if answer.StatusCode != want.status || body != want.body {
				t.Errorf("answers %d %q", answer.StatusCode, body)
			}
			if got := answer.Header.Get("Content-Type"); got != want.contentType {
				t.Errorf("its type is %q", got)
			}
			if got := answer.Header.Get("Cache-Control"); got != want.cache {
				t.Errorf("its cache rule is %q", got)
			}
		})
	}
}

func TestThePrebuiltEncodingIsServedThatTheBrowserTakes(t *testing.T) {
	t.Parallel()
	h := console(t, config(), built())
	for _, c := range []struct{ path, accept, encoding, body string }{
		{"/", "gzip, deflate, br, zstd", "br", "index in br"},
		{"/", "gzip, br;q=0.5", "br", "index in br"},
		{"/", "BR", "br", "index in br"},
		{"/", "gzip, br;q=0", "gzip", "index in gzip"},
		{"/", "gzip;q=0.000, br; q=0", "", "<p>index"},
		{"/", "identity", "", "<p>index"},
		{"/", "", "", "<p>index"},
		{"/assets/main-1a2b.js", "br, gzip", "gzip", "main in gzip"},
		{"/theme.js", "br, gzip", "", "theme"},
	} {
		t.Run(c.path+" "+c.accept, func(t *testing.T) {
			t.Parallel()
			answer, body := get(t, h, c.path, "Accept-Encoding", c.accept)
			if answer.Header.Get("Content-Encoding") != c.encoding || body != c.body {
				t.Errorf("answers %q, encoded as %q", body, answer.Header.Get("Content-Encoding"))
			}
			if vary := answer.Header.Get("Vary"); (vary == "Accept-Encoding") != (c.path != "/theme.js") {
				t.Errorf("varies by %q", vary)
			}
		})
	}
}

func TestAnUnchangedFileIsNotSentAgain(t *testing.T) {
	t.Parallel()
	h := console(t, config(), built())
	first, _ := get(t, h, "/", "Accept-Encoding", "br")
	etag := first.Header.Get("ETag")
	if again, body := get(t, h, "/", "Accept-Encoding", "br", "If-None-Match", etag); again.StatusCode != http.StatusNotModified || body != "" {
		t.Errorf("unchanged answers %d %q", again.StatusCode, body)
	}
	if other, _ := get(t, h, "/", "Accept-Encoding", "gzip", "If-None-Match", etag); other.StatusCode != http.StatusOK {
		t.Errorf("another encoding answers %d, though its bytes are others", other.StatusCode)
	}
}

func TestEveryAnswerHasThePolicy(t *testing.T) {
	t.Parallel()
	h := console(t, config(), built())
	for _, path := range []string{"/", "/calls", "/config.json", "/assets/main-1a2b.js", "/assets/gone.js", "/signed-in"} {
		answer, _ := get(t, h, path)
		policy := answer.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "connect-src 'self' https://api.example.com https://issuer.example.com;") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		wantOpener := "same-origin-allow-popups"
		if path == "/signed-in" {
			wantOpener = ""
		}
		if got := answer.Header.Get("Cross-Origin-Opener-Policy"); got != wantOpener {
			t.Errorf("%s: the opener policy is %q", path, got)
		}
	}
}

func TestThePolicyNamesOneOriginOnce(t *testing.T) {
	t.Parallel()
	c := config()
	c.API, c.Issuer = "/v1", "http://127.0.0.1:8080/dev-issuer"
	if got := c.Policy(); !strings.Contains(got, "connect-src 'self' http://127.0.0.1:8080;") {
		t.Errorf("the policy is %q", got)
	}
	c.API = "http://127.0.0.1:8080/v1"
	if got := c.Policy(); !strings.Contains(got, "connect-src 'self' http://127.0.0.1:8080;") {
		t.Errorf("the policy is %q", got)
	}
}

func TestTheConfigurationIsReadWhenThePagesStart(t *testing.T) {
	t.Parallel()
	want := config()
	want.Simulated, want.Logout = true, "https://login.example.com/logout"
	answer, body := get(t, console(t, want, built()), "/config.json")
	var got Config
	if err := json.Unmarshal([]byte(body), &got); err != nil || got != want {
		t.Errorf("it is %s: %v", body, err)
	}
	if answer.Header.Get("Content-Type") != "application/json" || answer.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("its headers are %v", answer.Header)
	}
}

func TestOnlyReadingIsPossible(t *testing.T) {
	t.Parallel()
	h := console(t, config(), built())
	if answer, _ := ask(t, h, http.MethodPost, "/calls"); answer.StatusCode != http.StatusMethodNotAllowed || answer.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST answers %d, allowing %q", answer.StatusCode, answer.Header.Get("Allow"))
	}
	if answer, body := ask(t, h, http.MethodHead, "/"); answer.StatusCode != http.StatusOK || body != "" || answer.Header.Get("Content-Length") != "8" {
		t.Errorf("HEAD answers %d with %q, and the length %s", answer.StatusCode, body, answer.Header.Get("Content-Length"))
	}
}

func TestABinaryWithoutTheConsoleSaysHowToBuildIt(t *testing.T) {
	t.Parallel()
	h := console(t, config(), fstest.MapFS{".keep": &fstest.MapFile{}})
	for _, path := range []string{"/", "/calls"} {
		if answer, body := get(t, h, path); answer.StatusCode != http.StatusOK || !strings.Contains(body, "make build") {
			t.Errorf("%s answers %d %q", path, answer.StatusCode, body)
		}
	}
}

func TestWhatIsEmbeddedCanBeServed(t *testing.T) {
	t.Parallel()
	h, err := Handler(config())
	if err != nil {
		t.Fatal(err)
	}
	if answer, body := get(t, h, "/"); answer.StatusCode != http.StatusOK || !strings.Contains(body, "Outdial") {
		t.Errorf("answers %d %q", answer.StatusCode, body)
	}
}

func TestEveryMistakeInTheConfigurationIsNamed(t *testing.T) {
	t.Parallel()
	_, err := newHandler(Config{API: "v1", Issuer: "issuer", Logout: "/logout"}, built())
	if err == nil {
		t.Fatal("it was taken")
	}
	for _, field := range []string{"api", "issuer", "client_id", "logout"} {
		if !strings.Contains(err.Error(), field+": ") {
			t.Errorf("%q says nothing of %s", err, field)
		}
	}
}
