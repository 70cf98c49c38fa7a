package httpapi

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// No handler of ours begins an answer that it can't finish: all encode before
// they write. Should one, nobody may take half of it for a whole one.
func TestAnAnswerThatFailsHalfWayIsNoWholeOne(t *testing.T) {
	t.Parallel()
	half := func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", typeJSON)
		_, _ = io.WriteString(w, `{"calls":[`)
	}
	for name, c := range map[string]struct {
		handler  func(s *Server) http.HandlerFunc
		cut      bool // the connection
		inTheLog string
	}{
		"it panics": {func(*Server) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { half(w); panic("no more") }
		}, true, "no more"},
		"it is broken off": {func(*Server) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { half(w); panic(http.ErrAbortHandler) }
		}, true, ""},
		"the client can't be reached": {func(s *Server) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) { half(w); s.fail(w, r, errors.New("broken pipe")) }
		}, false, "broken pipe"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			s := &Server{Now: time.Now, NewULID: func() string { return "1" }, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
			server := httptest.NewServer(s.withRequestID(s.logged(s.recovered(c.handler(s)))))
			body, err := get(t, server.URL)
			server.Close() // which waits for the handler
			if (err != nil) != c.cut || strings.Contains(body, "problems") {
				t.Errorf("the client reads %q, %v", body, err)
			}
			if !strings.Contains(log.String(), c.inTheLog) {
				t.Errorf("the log is %s", &log)
			}
		})
	}
}

func get(t *testing.T, url string) (string, error) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(answer.Body)
	return string(body), errors.Join(err, answer.Body.Close())
}
