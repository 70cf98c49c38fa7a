package page_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/outdial/outdial/services/internal/signin/page"
)

func TestPageAllowsItsOwnStyleAndNothingElse(t *testing.T) {
	t.Parallel()
	tmpl := page.New(`{{define "title"}}Hello{{end}}{{define "main"}}<h1>{{.}}</h1>{{end}}`)
	w := httptest.NewRecorder()
	if err := page.Write(w, http.StatusTeapot, tmpl, `<script>alert(1)</script>`); err != nil {
		t.Fatal(err)
	}
	body := w.Body.String()
	_, rest, _ := strings.Cut(body, "<style>")
	style, _, found := strings.Cut(rest, "</style>")
	if !found {
		t.Fatalf("no style in %s", body)
	}
	sum := sha256.Sum256([]byte(style))
	csp := w.Header().Get("Content-Security-Policy")
	for _, part := range []string{
		"default-src 'none'", "form-action 'none'", "frame-ancestors 'none'",
		"style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
	} {
		if !strings.Contains(csp, part) {
			t.Errorf("policy %q lacks %q", csp, part)
		}
	}
	if strings.Contains(body, "<script") || !strings.Contains(body, "<title>Hello · Outdial</title>") {
		t.Errorf("body is %s", body)
	}
	if w.Code != http.StatusTeapot {
		t.Errorf("status is %d", w.Code)
	}
}

func TestFormMayBeSentToTheSourcesGiven(t *testing.T) {
	t.Parallel()
	tmpl := page.New(`{{define "title"}}{{end}}{{define "main"}}{{end}}`)
	w := httptest.NewRecorder()
	if err := page.Write(w, http.StatusOK, tmpl, nil, "'self'", "http://127.0.0.1:1234"); err != nil {
		t.Fatal(err)
	}
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' http://127.0.0.1:1234;") {
		t.Errorf("policy is %q", csp)
	}
}
