package gateway

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/outdial/outdial/e2e/internal/lambda"
)

const (
	apiID       = "a1b2c3d4e5"
	maxBody     = 10 << 20
	integration = 30 * time.Second // an integration may take no longer
)

// Function is what a route invokes.
type Function interface {
	Invoke(ctx context.Context, event []byte) ([]byte, error)
}

// Gateway is the HTTP API.
type Gateway struct {
	URL    string
	Routes []Route

	authorizer *authorizer
	cors       *cors
	functions  map[string]Function // by ARN
	server     *httptest.Server

	mu    sync.Mutex
	seen  []string // route key and status of each request
	event int      // bytes of the latest event
}

// New serves the API that an OpenAPI document with API Gateway's extensions
// describes. Functions are by ARN.
func New(openapi []byte, functions map[string]Function) (*Gateway, error) {
	var doc document
	if err := json.Unmarshal(openapi, &doc); err != nil {
		return nil, err
	}
	g := &Gateway{functions: functions}
	var err error
	if g.Routes, err = parse(doc); err != nil {
		return nil, err
	}
	for _, r := range g.Routes {
		if functions[r.function] == nil {
			return nil, fmt.Errorf("%s: there is no function %s", r.Key, r.function)
		}
	}
	issuer, audience, err := doc.jwt()
	if err != nil {
		return nil, err
	}
	g.authorizer = &authorizer{issuer: issuer, audience: audience, now: time.Now}
	if len(doc.CORS) > 0 {
		g.cors = new(cors)
		if err := json.Unmarshal(doc.CORS, g.cors); err != nil {
			return nil, fmt.Errorf("x-amazon-apigateway-cors is %s: %w", doc.CORS, err)
		}
	}
	g.server = httptest.NewServer(g)
	g.URL = g.server.URL
	return g, nil
}

// Close ends the API.
func (g *Gateway) Close() {
	g.server.CloseClientConnections()
	g.server.Close()
}

// Seen are the requests so far, each as "GET /v1/calls 200".
func (g *Gateway) Seen() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.seen)
}

// EventBytes is how large the latest event was, which is what Lambda bounds. It
// says nothing while there are others at the same time.
func (g *Gateway) EventBytes() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.event
}

// ServeHTTP answers one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := rand.Text()[:16]
	w.Header().Set("Apigw-Requestid", id)
	if g.browser(w, r) {
		return
	}
	route, parameters, found := match(g.Routes, r.Method, r.URL.EscapedPath())
	if !found {
		g.refuse(w, r.Method+" "+r.URL.Path, http.StatusNotFound, "Not Found")
		return
	}
	claims, ok := g.authorize(w, r, route)
	if !ok {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		g.refuse(w, route.Key, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	data, err := newEvent(r, route, parameters, body, claims, id, time.Now()).encode()
	if err != nil {
		g.refuse(w, route.Key, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	g.mu.Lock()
	g.event = len(data)
	g.mu.Unlock()
	g.invoke(w, r, route, data)
}

// authorize lets a request pass that has a good token with a scope of the route.
// No other one reaches the function.
func (g *Gateway) authorize(w http.ResponseWriter, r *http.Request, route Route) (map[string]any, bool) {
	if route.Public {
		return nil, true
	}
	header := r.Header.Get("Authorization")
	if header == "" {
		w.Header().Set("Www-Authenticate", "Bearer")
		g.refuse(w, route.Key, http.StatusUnauthorized, "Unauthorized")
		return nil, false
	}
	claims, err := g.authorizer.claims(r.Context(), token(header))
	if err != nil {
		w.Header().Set("Www-Authenticate", fmt.Sprintf(`Bearer scope="%s" error="invalid_token" error_description=%q`, strings.Join(route.Scopes, " "), err))
		g.refuse(w, route.Key, http.StatusUnauthorized, "Unauthorized")
		return nil, false
	}
	if !scoped(claims, route.Scopes) {
		g.refuse(w, route.Key, http.StatusForbidden, "Forbidden")
		return nil, false
	}
	return claims, true
}

func (g *Gateway) invoke(w http.ResponseWriter, r *http.Request, route Route, event []byte) {
	ctx, cancel := context.WithTimeout(r.Context(), integration)
	defer cancel()
	type outcome struct {
		data []byte
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		data, err := g.functions[route.function].Invoke(context.WithoutCancel(ctx), event)
		done <- outcome{data, err}
	}()
	select {
	case o := <-done:
		g.answer(w, route, o.data, o.err)
	case <-ctx.Done():
		g.refuse(w, route.Key, http.StatusServiceUnavailable, "Service Unavailable")
	}
}

func (g *Gateway) answer(w http.ResponseWriter, route Route, data []byte, err error) {
	if errors.Is(err, lambda.ErrTooLarge) { // whom nobody but API Gateway can answer
		g.refuse(w, route.Key, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	var a answer
	var body []byte
	if err == nil {
		a, body, err = parseAnswer(data)
	}
	if err != nil {
		g.refuse(w, route.Key, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	for name, value := range a.Headers {
		// Where CORS is configured, what the function says of it is ignored.
		if g.cors == nil || !strings.HasPrefix(strings.ToLower(name), "access-control-") {
			w.Header().Set(name, value)
		}
	}
	for _, c := range a.Cookies {
		w.Header().Add("Set-Cookie", c)
	}
	g.note(route.Key, a.StatusCode)
	w.WriteHeader(a.StatusCode)
	_, _ = w.Write(body) // whoever asked may be gone
}

func (g *Gateway) refuse(w http.ResponseWriter, key string, status int, message string) {
	g.note(key, status)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"message":%q}`, message)
}

func (g *Gateway) note(key string, status int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen = append(g.seen, key+" "+strconv.Itoa(status))
}

// browser sets the CORS headers, and answers preflight requests without asking
// the function or the authorizer.
func (g *Gateway) browser(w http.ResponseWriter, r *http.Request) (answered bool) {
	origin := r.Header.Get("Origin")
	if g.cors == nil || origin == "" {
		return false
	}
	allowed := slices.Contains(g.cors.AllowOrigins, origin) || slices.Contains(g.cors.AllowOrigins, "*")
	h := w.Header()
	if allowed {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Vary", "Origin")
		h.Set("Access-Control-Expose-Headers", strings.ToLower(strings.Join(g.cors.ExposeHeaders, ",")))
	}
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	if allowed {
		h.Set("Access-Control-Allow-Methods", strings.Join(g.cors.AllowMethods, ","))
		h.Set("Access-Control-Allow-Headers", strings.ToLower(strings.Join(g.cors.AllowHeaders, ",")))
		h.Set("Access-Control-Max-Age", strconv.Itoa(g.cors.MaxAge))
	}
	g.note("OPTIONS "+r.URL.Path, http.StatusNoContent)
	w.WriteHeader(http.StatusNoContent)
	return true
}
