package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/rs/cors"

	"github.com/outdial/outdial/contracts/api"
)

type (
	requestIDKey struct{}
	routeKey     struct{}
	principalKey struct{}
	requestKey   struct{}
)

// saneRequestID tells whether a client may choose this request id: it ends in logs.
func saneRequestID(id string) bool {
	const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
	return id != "" && len(id) <= 128 && strings.Trim(id, characters) == ""
}

// withRequestID gives every request an id, its own where that is a sane one, and answers it.
func (s *Server) withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(api.HeaderRequestID)
		if !saneRequestID(id) {
			id = "req_" + s.NewULID()
		}
		w.Header().Set(api.HeaderRequestID, id)
		w.Header().Set("Cache-Control", "no-store") // answers hold phone numbers, and change by the second
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// recorder remembers the status of an answer for the log.
type recorder struct {
	http.ResponseWriter
	status int
	code   api.ProblemCode
}

// WriteHeader notes the first status.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write notes that an answer without a status is 200.
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// begun tells whether a part of the answer is sent.
func begun(w http.ResponseWriter) bool {
	rec, ok := w.(*recorder)
	return ok && rec.status != 0
}

// Unwrap lets http.ResponseController reach the real writer.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// logged writes one line per request. The query is not in it, since it may hold
// phone numbers, nor is a path that is no known one, nor any header.
func (s *Server) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.Now()
		rec := &recorder{ResponseWriter: w}
		next.ServeHTTP(rec, r)
		level := slog.LevelInfo
		switch {
		case rec.status >= http.StatusInternalServerError:
			level = slog.LevelError
		case r.URL.Path == api.BasePath+"/health", r.Method == http.MethodGet:
			level = slog.LevelDebug
		}
		if !s.Log.Enabled(r.Context(), level) {
			return
		}
		s.Log.LogAttrs(r.Context(), level, "request",
			slog.String("method", r.Method), slog.String("path", loggedPath(r)), slog.Int("status", rec.status),
			slog.String("code", string(rec.code)), slog.Float64("took_ms", float64(s.Now().Sub(began).Microseconds())/1000),
			slog.String("request_id", requestID(r.Context())))
	})
}

// recovered answers a panic as an unknown error. Where the answer has begun, the
// connection is cut, so that nobody takes half an answer for a whole one.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer s.answerPanic(w, r)
		next.ServeHTTP(w, r)
	})
}

func (s *Server) answerPanic(w http.ResponseWriter, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler { //nolint:errorlint // the value itself is the signal
		panic(cause)
	}
	s.Log.ErrorContext(r.Context(), "panic", "request_id", requestID(r.Context()), "cause", cause, "stack", string(debug.Stack()))
	if begun(w) {
		panic(http.ErrAbortHandler)
	}
	s.writeProblem(w, r, api.NewProblem(api.ProblemCodeInternal, internalDetail, requestID(r.Context())))
}

// cors lets browsers on the configured origins call the API and read the
// headers that a client needs.
func (s *Server) cors(next http.Handler) http.Handler {
	if len(s.AllowedOrigins) == 0 {
		return next
	}
	return cors.New(cors.Options{
		AllowedOrigins: s.AllowedOrigins,
		AllowedMethods: []string{http.MethodGet, http.MethodPost, http.MethodPut},
		AllowedHeaders: []string{"Authorization", "Content-Type", "If-None-Match", api.HeaderIdempotencyKey, api.HeaderRequestID},
		ExposedHeaders: []string{"ETag", "Retry-After", "Location", "Link", api.HeaderIdempotentReplayed, api.HeaderRequestID},
		MaxAge:         int(time.Hour / time.Second),
	}).Handler(next)
}
