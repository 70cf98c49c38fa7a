package oidclogin

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/outdial/outdial/services/internal/signin/discovery"
)

// FuzzCallback: nothing that a browser brings back gives tokens without our state,
// a code and the issuer's own name; nothing without our state ends the sign-in;
// and what others write neither steers the terminal nor adds to the page.
func FuzzCallback(f *testing.F) {
	for _, query := range []string{
		"state=s3cret&code=c&iss=https://issuer.test", "state=s3cret&code=c", "state=s3cret", "code=c", "", "state=s3cre&code=c", "state=S3cret&code=c",
		"state=other&state=s3cret&code=c&iss=https://issuer.test", "state=s3cret&error=access_denied&error_description=%1b[31mno&iss=https://issuer.test",
		"state=s3cret&error=%3Cscript%3Ealert(1)%3C/script%3E&iss=https://issuer.test", "state=s3cret&code=c&iss=https://other.test", "state=s3cret&code=c;iss=x", "%zz",
	} {
		f.Add(http.MethodGet, "/callback", query, true)
		f.Add(http.MethodGet, "/callback", query, false)
	}
	f.Add(http.MethodPost, "/callback", "state=s3cret&code=c&iss=https://issuer.test", true)
	f.Add(http.MethodGet, "/", "state=s3cret&code=c&iss=https://issuer.test", true)
	f.Fuzz(func(t *testing.T, method, path, query string, namesItself bool) {
		const issuer = "https://issuer.test"
		redeemed := ""
		cb := newCallback("/callback", "s3cret", discovery.Document{Issuer: issuer, NamesItself: namesItself}, func(code string) (Tokens, error) {
			redeemed = code
			return Tokens{Access: "a"}, nil
		})
		r := &http.Request{Method: method, URL: &url.URL{Path: path, RawQuery: query}, Header: http.Header{}}
		w := httptest.NewRecorder()
		cb.ServeHTTP(w, r)

		q := r.URL.Query()
		ours := method == http.MethodGet && path == "/callback" && q.Get("state") == "s3cret"
		if ended := len(cb.result) == 1; ended != ours {
			t.Fatalf("%s %s?%s: ended is %t", method, path, query, ended)
		}
		if strings.Contains(w.Body.String(), "<script") {
			t.Errorf("the page holds a script:\n%s", w.Body)
		}
		if !ours {
			return
		}
		got := <-cb.result
		named := q.Get("iss") == issuer || q.Get("iss") == "" && !namesItself
		want := named && q.Get("error") == "" && q.Get("code") != ""
		if done := got.err == nil; done != want || done != (w.Code == http.StatusOK) || done != (redeemed == q.Get("code") && redeemed != "") {
			t.Errorf("%s: tokens %+v, error %v, status %d, redeemed %q", query, got.tokens, got.err, w.Code, redeemed)
		}
		var refused *IssuerError
		if errors.As(got.err, &refused) && strings.ContainsFunc(refused.Error(), func(c rune) bool { return c < ' ' || c > '~' }) {
			t.Errorf("the terminal would show %q", refused)
		}
		cb.ServeHTTP(httptest.NewRecorder(), r)
		if len(cb.result) != 0 {
			t.Error("the same answer ends the sign-in twice")
		}
	})
}
