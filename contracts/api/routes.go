package api

import "net/http"

// BasePath is what every path of the API begins with.
const BasePath = "/v1"

// The scopes that a token can have.
const (
	ScopeRead  = "calls/read"  // see one's calls, batches and the capacity
	ScopeWrite = "calls/write" // submit and cancel calls; submit, pause, resume and cancel batches
	ScopeAdmin = "calls/admin" // see everybody's, redrive dead letters, change the capacity
)

// Headers of requests and answers that net/http has no name for.
const (
	HeaderRequestID          = "X-Request-Id"
	HeaderIdempotencyKey     = "Idempotency-Key"
	HeaderIdempotentReplayed = "Idempotent-Replayed"
)

// Limits of a request and of the numbers of things in an answer.
const (
	MaxBodyBytes     = 6_291_456
	MaxRows          = 100_000
	MaxRefusedInline = 1_000 // refused rows in the answer to a submitted batch
	MaxSamples       = 500   // samples in one answer
	MaxRedriveCalls  = 100   // calls that one request redrives by id
)

// Route is one operation of the API.
type Route struct {
	OperationID string // as in the document, "submitCall"
	Method      string
	Path        string // without BasePath, "/calls/{id}"
	Scope       string // the scope it needs; empty: public
}

// Pattern is the route as http.ServeMux knows it, "GET /v1/calls/{id}": the
// pattern under which the generated server registers it with BasePath.
func (r Route) Pattern() string { return r.Method + " " + BasePath + r.Path }

// Routes lists every operation of the document.
var Routes = []Route{
	{"getHealth", http.MethodGet, "/health", ""},
	{"submitCall", http.MethodPost, "/calls", ScopeWrite},
	{"listCalls", http.MethodGet, "/calls", ScopeRead},
	{"getCall", http.MethodGet, "/calls/{id}", ScopeRead},
	{"cancelCall", http.MethodPost, "/calls/{id}/cancel", ScopeWrite},
	{"submitBatch", http.MethodPost, "/batches", ScopeWrite},
	{"listBatches", http.MethodGet, "/batches", ScopeRead},
	{"getBatch", http.MethodGet, "/batches/{id}", ScopeRead},
	{"listBatchCalls", http.MethodGet, "/batches/{id}/calls", ScopeRead},
	{"listBatchRefused", http.MethodGet, "/batches/{id}/refused", ScopeRead},
	{"listBatchSamples", http.MethodGet, "/batches/{id}/samples", ScopeRead},
	{"exportBatchResults", http.MethodGet, "/batches/{id}/results.csv", ScopeRead},
	{"cancelBatch", http.MethodPost, "/batches/{id}/cancel", ScopeWrite},
	{"pauseBatch", http.MethodPost, "/batches/{id}/pause", ScopeWrite},
	{"resumeBatch", http.MethodPost, "/batches/{id}/resume", ScopeWrite},
	{"listDeadLetters", http.MethodGet, "/dead-letters", ScopeAdmin},
	{"countDeadLetters", http.MethodGet, "/dead-letters/counts", ScopeAdmin},
	{"redrive", http.MethodPost, "/dead-letters/redrive", ScopeAdmin},
	{"getRedrive", http.MethodGet, "/dead-letters/redrives/{id}", ScopeAdmin},
	{"getCapacity", http.MethodGet, "/capacity", ScopeRead},
	{"setCapacity", http.MethodPut, "/capacity", ScopeAdmin},
	{"listCapacitySamples", http.MethodGet, "/capacity/samples", ScopeRead},
	{"getLimits", http.MethodGet, "/limits", ScopeRead},
}
