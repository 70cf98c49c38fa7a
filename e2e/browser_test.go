package e2e_test

import (
	"net/http"
	"testing"

	"github.com/outdial/outdial/e2e/internal/world"
)

func TestABrowserOfAnAllowedOriginMayAskAndReadTheHeaders(t *testing.T) {
	t.Parallel()
	w := world.Start(t, nil)
	preflight := func(origin string) http.Header {
		got, err := w.WithToken("").Request(t.Context(), http.MethodOptions, "/calls", nil, "Origin", origin,
			"Access-Control-Request-Method", http.MethodPost, "Access-Control-Request-Headers", "authorization,idempotency-key")
		if err != nil || got.Status != http.StatusNoContent {
			t.Fatalf("%d %v", got.Status, err)
		}
		return got.Header
	}
	const console = "http://localhost:5173"
	if h := preflight(console); h.Get("Access-Control-Allow-Origin") != console || h.Get("Access-Control-Allow-Headers") == "" {
		t.Errorf("the console is answered %v", h)
	}
	if h := preflight("https://evil.example"); h.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another origin is answered %v", h)
	}
	got, err := w.Person("ada").Request(t.Context(), http.MethodGet, "/calls", nil, "Origin", console)
	if err != nil || got.Status != http.StatusOK || got.Header.Get("Access-Control-Expose-Headers") == "" {
		t.Errorf("%d %v %v", got.Status, got.Header, err)
	}
}
