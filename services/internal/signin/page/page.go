// Package page writes the few HTML pages of sign-in: without script, with one
// style, and with headers that allow the browser nothing else.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // layout and style
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

var (
	//go:embed layout.html
	layout string
	//go:embed style.css
	style string
)

// New parses a page: templates named "title" and "main". It panics if they can't
// be parsed, because they are part of the program.
func New(templates string) *template.Template {
	whole := strings.Replace(layout, "STYLE", style, 1)
	return template.Must(template.Must(template.New("page").Parse(whole)).Parse(templates))
}

// Write answers with a page. formAction are the sources that its form may be sent
// to, redirects included; none: it has no form.
func Write(w http.ResponseWriter, status int, t *template.Template, data any, formAction ...string) error {
	var body bytes.Buffer
	if err := t.Execute(&body, data); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	if len(formAction) == 0 {
		formAction = []string{"'none'"}
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src "+styleSource()+
		"; form-action "+strings.Join(formAction, " ")+"; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	// Not "no-referrer": it makes browsers send "Origin: null" with the form, which
	// then can't be told from a forged one.
	h.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	_, err := w.Write(body.Bytes())
	return err
}

func styleSource() string {
	sum := sha256.Sum256([]byte(style))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
