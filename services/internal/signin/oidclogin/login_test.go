package oidclogin_test

import (
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/signin"
	"github.com/outdial/outdial/services/internal/signin/devissuer"
	"github.com/outdial/outdial/services/internal/signin/oidclogin"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func now() time.Time { return noon }

// bench is a real issuer with a person who signs in with a browser.
type bench struct {
	t      *testing.T
	issuer string
	first  *devissuer.FirstStart
	pages  chan string // what the browser shows at the end
}

func newBench(t *testing.T) *bench {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	b := &bench{t: t, issuer: "http://" + server.Listener.Addr().String() + "/dev-issuer", pages: make(chan string, 1)}
	issuer, first, err := devissuer.Open(devissuer.Config{
		Dir: t.TempDir(), Issuer: b.issuer, Now: now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.first = first
	server.Config.Handler = issuer.Handler()
	server.Start()
	t.Cleanup(server.Close)
	return b
}

func (b *bench) config() oidclogin.Config {
	return oidclogin.Config{
		Issuer: b.issuer, ClientID: devissuer.ClientCLI, Now: now, OpenBrowser: b.browse,
		Scopes: []string{"openid", "offline_access", "calls/read"},
	}
}

var formAction = regexp.MustCompile(`<form method="post" action="([^"]+)">`)

// browse signs the person in and follows the redirect back.
func (b *bench) browse(address string) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	client := &http.Client{Jar: jar}
	_, page, err := fetch(b.t.Context(), client, address, nil)
	if err != nil {
		return err
	}
	action := formAction.FindStringSubmatch(page)
	if action == nil { // the issuer has sent an error back
		b.pages <- page
		return nil
	}
	target := strings.TrimSuffix(b.issuer, "/dev-issuer") + html.UnescapeString(action[1])
	_, page, err = fetch(b.t.Context(), client, target, url.Values{"username": {b.first.User}, "password": {b.first.Password}})
	b.pages <- page
	return err
}

// fetch gets, or with a form posts.
func fetch(ctx context.Context, client *http.Client, address string, form url.Values) (int, string, error) {
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, string(body), errors.Join(err, res.Body.Close())
}

func (b *bench) verify(token string) error {
	v, err := signin.New(
		signin.Config{Issuer: b.issuer, ClientIDs: []string{devissuer.ClientCLI}},
		signin.Options{Now: now})
	if err != nil {
		return err
	}
	_, err = v.Verify(b.t.Context(), token)
	return err
}

func TestPersonSignsInWithTheBrowser(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var shown string
	config := b.config()
	config.ShowURL = func(address string) { shown = address }
	got, err := oidclogin.Login(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.verify(got.Access); err != nil {
		t.Errorf("the access token: %v", err)
	}
	if !got.Expiry.Equal(noon.Add(time.Hour)) {
		t.Errorf("it expires at %v", got.Expiry)
	}
	if page := <-b.pages; !strings.Contains(page, "You are signed in") {
		t.Errorf("the browser shows %s", page)
	}
	u, err := url.Parse(shown)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("code_challenge_method") != "S256" || len(q.Get("state")) != 43 || q.Get("code_challenge") == q.Get("state") {
		t.Errorf("the person is sent to %s", shown)
	}

	again, err := oidclogin.Refresh(t.Context(), config, got.Refresh)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.verify(again.Access); err != nil || again.Refresh == got.Refresh || again.Refresh == "" {
		t.Errorf("refreshed: %+v, error %v", again, err)
	}
	_, err = oidclogin.Refresh(t.Context(), config, got.Refresh)
	checkIssuerError(t, err, "invalid_grant")
}

func checkIssuerError(t *testing.T, err error, code string) {
	t.Helper()
	refused, ok := errors.AsType[*oidclogin.IssuerError](err)
	if !ok || refused.Code != code {
		t.Errorf("error is %v, want the issuer's %s", err, code)
	}
}

func TestWithoutABrowserThePersonIsShownTheAddress(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, open := range []func(string) error{nil, func(string) error { return errors.New("no browser here") }} {
		config := b.config()
		config.OpenBrowser = open
		config.ShowURL = func(address string) {
			if err := b.browse(address); err != nil {
				t.Error(err)
			}
		}
		if _, err := oidclogin.Login(t.Context(), config); err != nil {
			t.Error(err)
		}
		<-b.pages
	}
}

func TestRefusalOfTheIssuerIsTold(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	config := b.config()
	config.Scopes = []string{"calls/everything"}
	_, err := oidclogin.Login(t.Context(), config)
	checkIssuerError(t, err, "invalid_scope")
	if page := <-b.pages; !strings.Contains(page, "You are not signed in") || !strings.Contains(page, "invalid_scope") {
		t.Errorf("the browser shows %s", page)
	}
}

func TestStrangerCannotEndASignIn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	config := b.config()
	var callback string
	config.ShowURL = func(address string) {
		u, err := url.Parse(address)
		if err != nil {
			t.Error(err)
			return
		}
		callback = u.Query().Get("redirect_uri")
		for path, want := range map[string]int{
			"?state=guessed&error=access_denied": http.StatusBadRequest,
			"?code=guessed":                      http.StatusBadRequest,
			"/other?state=guessed":               http.StatusNotFound,
		} {
			status, _, err := fetch(t.Context(), http.DefaultClient, callback+path, nil)
			if err != nil || status != want {
				t.Errorf("%s gives %d, error %v", path, status, err)
			}
		}
	}
	if _, err := oidclogin.Login(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	if _, _, err := fetch(t.Context(), http.DefaultClient, callback, nil); err == nil {
		t.Error("the port is still open")
	}
}

func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	config := b.config()
	config.OpenBrowser = nil
	config.Timeout = time.Millisecond
	if _, err := oidclogin.Login(t.Context(), config); !errors.Is(err, oidclogin.ErrTimeout) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("when nobody comes: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	config.Timeout = time.Hour
	config.ShowURL = func(string) { cancel() } // Ctrl-C
	if _, err := oidclogin.Login(ctx, config); !errors.Is(err, context.Canceled) {
		t.Errorf("when the person gives up: %v", err)
	}
}

// standIn is an issuer that answers as it is told.
type standIn struct {
	*httptest.Server
	document map[string]any
	token    http.HandlerFunc
}

func newStandIn(t *testing.T) *standIn {
	t.Helper()
	s := &standIn{}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		if err := json.NewEncoder(w).Encode(s.document); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) { s.token(w, r) })
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	s.document = map[string]any{"issuer": s.URL, "authorization_endpoint": s.URL + "/authorize", "token_endpoint": s.URL + "/token"}
	return s
}

// login sends the browser back at once with these parameters and the right state.
func (s *standIn) login(t *testing.T, back url.Values) (oidclogin.Tokens, error) {
	t.Helper()
	return oidclogin.Login(t.Context(), oidclogin.Config{
		Issuer: s.URL, ClientID: "c", Now: now,
		OpenBrowser: func(address string) error {
			u, err := url.Parse(address)
			if err != nil {
				return err
			}
			back.Set("state", u.Query().Get("state"))
			_, page, err := fetch(t.Context(), http.DefaultClient, u.Query().Get("redirect_uri")+"?"+back.Encode(), nil)
			if strings.Contains(page, "<script") {
				t.Errorf("the page repeats what others wrote: %s", page)
			}
			return err
		},
	})
}

func answerWith(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestBadAnswersOfAnIssuer(t *testing.T) {
	t.Parallel()
	good := answerWith(http.StatusOK, `{"access_token":"a","token_type":"Bearer"}`)
	code := url.Values{"code": {"c"}}
	for _, tc := range []struct {
		name  string
		setUp func(*standIn)
		back  url.Values
		want  string
	}{
		{"all is well", func(*standIn) {}, code, ""},
		{"another issuer answers", func(*standIn) {}, url.Values{"code": {"c"}, "iss": {"https://issuer.example.com"}}, "another issuer"},
		{
			"an issuer that names itself doesn't",
			func(s *standIn) { s.document["authorization_response_iss_parameter_supported"] = true }, code, "another issuer",
		},
		{"neither code nor error", func(*standIn) {}, url.Values{}, "neither a code nor an error"},
		{
			"an error that steers terminals", func(*standIn) {},
			url.Values{"error": {"access_denied"}, "error_description": {"\x1b[2J<script>"}},
			"?[2J<script> (access_denied)",
		},
		{"no token", func(s *standIn) { s.token = answerWith(http.StatusOK, `{}`) }, code, "fetch tokens: "},
		{"a page instead of tokens", func(s *standIn) { s.token = answerWith(http.StatusBadGateway, `<script>`) }, code, "502 Bad Gateway"},
		{
			"a redirect of the code to somewhere else",
			func(s *standIn) {
				s.token = func(w http.ResponseWriter, r *http.Request) {
					http.Redirect(w, r, "https://example.com", http.StatusTemporaryRedirect)
				}
			}, code, "307 Temporary Redirect",
		},
		{
			"a token endpoint in the clear",
			func(s *standIn) { s.document["token_endpoint"] = "http://issuer.example.com/token" }, code, "must begin with https://",
		},
		{"another issuer's document", func(s *standIn) { s.document["issuer"] = "https://issuer.example.com" }, code, "names the issuer"},
		{"no endpoints", func(s *standIn) { delete(s.document, "authorization_endpoint") }, code, "not a whole URL"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newStandIn(t)
			s.token = good
			tc.setUp(s)
			got, err := s.login(t, tc.back)
			if tc.want == "" {
				if err != nil || got.Access != "a" || !got.Expiry.IsZero() {
					t.Errorf("tokens are %+v, error %v", got, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error is %v, want %q in it", err, tc.want)
			}
		})
	}
}

func TestAnswerCountsOnce(t *testing.T) {
	t.Parallel()
	s := newStandIn(t)
	s.token = answerWith(http.StatusOK, `{"access_token":"a","token_type":"Bearer"}`)
	got, err := oidclogin.Login(t.Context(), oidclogin.Config{
		Issuer: s.URL, ClientID: "c", Timeout: 30 * time.Second,
		OpenBrowser: func(address string) error {
			u, err := url.Parse(address)
			if err != nil {
				return err
			}
			q := u.Query()
			for _, back := range []struct {
				answer string
				status int
			}{{"code=c", http.StatusOK}, {"error=access_denied", http.StatusBadRequest}} {
				status, _, err := fetch(t.Context(), &http.Client{Timeout: 10 * time.Second},
					q.Get("redirect_uri")+"?"+back.answer+"&state="+q.Get("state"), nil)
				if err != nil || status != back.status {
					t.Errorf("%s gives %d, error %v", back.answer, status, err)
				}
			}
			return nil
		},
	})
	if err != nil || got.Access != "a" {
		t.Errorf("tokens are %+v, error %v", got, err)
	}
}

func TestRedirectMustBeAPortOfThisMachine(t *testing.T) {
	t.Parallel()
	s := newStandIn(t)
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for redirect, want := range map[string]string{
		"http://example.com:8080/callback":              "must be like",
		"http://127.0.0.1/callback":                     "must be like",
		"https://127.0.0.1:0/callback":                  "must be like",
		"http://127.0.0.1:0":                            "must be like",
		"http://" + taken.Addr().String() + "/callback": "open a port for the browser",
	} {
		_, err := oidclogin.Login(t.Context(), oidclogin.Config{Issuer: s.URL, ClientID: "c", Redirect: redirect})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v", redirect, err)
		}
	}
}

func TestRegisteredRedirectIsSentAsItIs(t *testing.T) {
	t.Parallel()
	s := newStandIn(t)
	ctx, cancel := context.WithCancel(t.Context())
	var sent string
	_, err := oidclogin.Login(ctx, oidclogin.Config{
		Issuer: s.URL, ClientID: "c", Redirect: "http://localhost:0/back",
		ShowURL: func(address string) {
			u, err := url.Parse(address)
			if err != nil {
				t.Error(err)
			}
			sent = u.Query().Get("redirect_uri")
			cancel()
		},
	})
	if !errors.Is(err, context.Canceled) || !regexp.MustCompile(`^http://localhost:[1-9][0-9]*/back$`).MatchString(sent) {
		t.Errorf("redirect is %q, error %v", sent, err)
	}
}

func TestIssuerThatIsAwayIsNamed(t *testing.T) {
	t.Parallel()
	s := newStandIn(t)
	s.Close()
	for _, err := range []error{
		func() error { _, err := s.login(t, url.Values{}); return err }(),
		func() error {
			_, err := oidclogin.Refresh(t.Context(), oidclogin.Config{Issuer: s.URL, ClientID: "c"}, "token")
			return err
		}(),
	} {
		if err == nil || !strings.Contains(err.Error(), "ask the issuer how to sign in") || !strings.Contains(err.Error(), s.URL) {
			t.Errorf("error is %v", err)
		}
	}
}
