package world

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"

	"github.com/outdial/outdial/e2e/internal/cognito"
)

// patience is how long a test waits for what has to come.
const patience = 3 * time.Minute

// allScopes are what people may ask for.
const allScopes = api.ScopeRead + " " + api.ScopeWrite + " " + api.ScopeAdmin

// Caller is somebody who uses the API.
type Caller struct {
	w     *World
	token string
}

// Person signs somebody in who is no administrator.
func (w *World) Person(name string) Caller { return w.as(name) }

// Admin signs an administrator in.
func (w *World) Admin(name string) Caller { return w.as(name, "admins") }

func (w *World) as(name string, groups ...string) Caller {
	u := cognito.User{Sub: name + "-" + rand.Text(), Email: name + "@example.com", Groups: groups}
	return w.WithToken(w.Pool.Sign(w.Pool.AccessToken(u, w.PeopleClient.ID, allScopes)))
}

// WithToken is whoever has a token, which may be a bad one.
func (w *World) WithToken(token string) Caller { return Caller{w, token} }

// Answer is what the API answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Request makes a request: a path such as "/calls", and a body that is nil, bytes
// or becomes JSON. Headers are pairs of name and value.
func (c Caller) Request(ctx context.Context, method, path string, body any, headers ...string) (Answer, error) {
	var content []byte
	var err error
	switch body := body.(type) {
	case nil:
	case []byte:
		content = body
	default:
		if content, err = json.Marshal(body); err != nil {
			return Answer{}, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, c.w.Gateway.URL+api.BasePath+path, bytes.NewReader(content))
	if err != nil {
		return Answer{}, err
	}
	if content != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = got.Body.Close() }()
	data, err := io.ReadAll(got.Body)
	return Answer{got.StatusCode, got.Header, data}, err
}

// Do makes a request that has to be answered with a status, and reads what it
// answers.
func Do[T any](t testing.TB, c Caller, want int, method, path string, body any, headers ...string) T {
	t.Helper()
	var v T
	got, err := c.Request(t.Context(), method, path, body, headers...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	if got.Status != want {
		t.Fatalf("%s %s: %d, want %d: %s", method, path, got.Status, want, got.Body)
	}
	if err := json.Unmarshal(got.Body, &v); err != nil {
		t.Fatalf("%s %s: %v: %s", method, path, err, got.Body)
	}
	return v
}

// Eventually looks until what it sees fits, and gives that back. After a while it
// fails and tells the last value it saw.
func Eventually[T any](t testing.TB, what string, look func() T, fits func(T) bool) T {
	t.Helper()
	return Within(t, patience, 100*time.Millisecond, what, look, fits)
}

// Within is Eventually for what takes long by its size: it looks every so often.
func Within[T any](t testing.TB, patience, every time.Duration, what string, look func() T, fits func(T) bool) T {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	again := time.NewTicker(every)
	defer again.Stop()
	for {
		last := look()
		if fits(last) {
			return last
		}
		select {
		case <-deadline.C:
			text, err := json.MarshalIndent(last, "", "  ")
			if err != nil {
				text = fmt.Append(nil, last)
			}
			t.Fatalf("%s: not within %s; the last seen is %s", what, patience, text)
		case <-again.C:
		}
	}
}

// Submit submits one call.
func (c Caller) Submit(t testing.TB, number string) api.Call {
	t.Helper()
	return Do[api.Call](t, c, http.StatusAccepted, http.MethodPost, "/calls", api.SubmitCallRequest{PhoneNumber: number})
}

// Call reads a call.
func (c Caller) Call(t testing.TB, id string) api.Call {
	t.Helper()
	return Do[api.Call](t, c, http.StatusOK, http.MethodGet, "/calls/"+id, nil)
}

// Becomes waits until a call has a status.
func (c Caller) Becomes(t testing.TB, id string, status api.CallStatus) api.Call {
	t.Helper()
	return Eventually(t, "the call becomes "+string(status), func() api.Call { return c.Call(t, id) },
		func(call api.Call) bool { return call.Status == status })
}

// SetCapacity sets how many calls may be under way and how many may start in a
// second.
func (c Caller) SetCapacity(t testing.TB, limit int, rate float64) {
	t.Helper()
	Do[api.Capacity](t, c, http.StatusOK, http.MethodPut, "/capacity", api.SetCapacityRequest{Limit: &limit, Rate: &rate})
}
