package devissuer

import (
	"encoding/json"
	"net/http"

	"github.com/go-jose/go-jose/v4"
	"github.com/rs/cors"

	"github.com/outdial/outdial/services/internal/signin"
)

// The endpoints, below the issuer's path. They are Cognito's.
const (
	pathDiscovery = "/.well-known/openid-configuration"
	pathKeys      = "/.well-known/jwks.json"
	pathAuthorize = "/oauth2/authorize"
	pathToken     = "/oauth2/token" //nolint:gosec // a path
	pathRevoke    = "/oauth2/revoke"
	pathLogin     = "/login"
	pathLogout    = "/logout"
)

// maxForm bounds the body of a request, in bytes.
const maxForm = 64 << 10

// Path is where Handler is to be mounted, such as "/dev-issuer".
func (i *Issuer) Path() string { return i.config.path() }

// Handler answers everything below Path, which requests still carry. It answers
// this machine only.
func (i *Issuer) Handler() http.Handler {
	mux := http.NewServeMux()
	handle := func(method, path string, h http.HandlerFunc) {
		mux.HandleFunc(method+" "+i.Path()+path, h)
	}
	handle(http.MethodGet, pathAuthorize, i.authorize)
	handle(http.MethodPost, pathLogin, i.login)
	handle(http.MethodGet, pathLogout, i.logout)
	// What scripts of the console may call from another origin.
	shared := func(method, path string, h http.HandlerFunc) {
		mux.Handle(i.Path()+path, i.withCORS(onlyMethod(method, h)))
	}
	shared(http.MethodGet, pathDiscovery, i.discovery)
	shared(http.MethodGet, pathKeys, i.publicKeys)
	shared(http.MethodPost, pathToken, i.token)
	shared(http.MethodPost, pathRevoke, i.revoke)
	return onlyThisMachine(http.MaxBytesHandler(mux, maxForm))
}

func onlyMethod(method string, h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method && (method != http.MethodGet || r.Method != http.MethodHead) {
			w.Header().Set("Allow", method)
			http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
			return
		}
		h(w, r)
	})
}

// withCORS lets the configured origins in, without cookies.
func (i *Issuer) withCORS(h http.Handler) http.Handler {
	if len(i.config.Origins) == 0 {
		return h // an empty list would mean every origin
	}
	return cors.New(cors.Options{
		AllowedOrigins: i.config.Origins,
		AllowedMethods: []string{http.MethodGet, http.MethodPost},
		AllowedHeaders: []string{"Content-Type", "Authorization"},
		MaxAge:         600, // seconds
	}).Handler(h)
}

// discovery answers with OpenID Provider Metadata (OpenID Connect Discovery 1.0,
// section 3; RFC 8414; RFC 9207).
func (i *Issuer) discovery(w http.ResponseWriter, r *http.Request) {
	scopes := append([]string{scopeOpenID, scopeProfile, scopeEmail, scopeOffline}, signin.Scopes()...)
	at := func(path string) string { return i.config.Issuer + path }
	i.writeJSON(w, r, http.StatusOK, map[string]any{
		"issuer":                                         i.config.Issuer,
		"authorization_endpoint":                         at(pathAuthorize),
		"token_endpoint":                                 at(pathToken),
		"revocation_endpoint":                            at(pathRevoke),
		"end_session_endpoint":                           at(pathLogout),
		"jwks_uri":                                       at(pathKeys),
		"scopes_supported":                               scopes,
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          []string{"authorization_code", "refresh_token", "client_credentials"},
		"code_challenge_methods_supported":               []string{"S256"},
		"prompt_values_supported":                        []string{"none", "login", "consent", "select_account"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{string(jose.RS256)},
		"token_endpoint_auth_methods_supported":          []string{"none", "client_secret_basic", "client_secret_post"},
		"authorization_response_iss_parameter_supported": true,
		"request_uri_parameter_supported":                false,
	})
}

func (i *Issuer) publicKeys(w http.ResponseWriter, r *http.Request) {
	i.writeJSON(w, r, http.StatusOK, i.key.public())
}

// writeJSON answers with JSON that nobody may keep: tokens must not be, and the
// rest is cheap.
func (i *Issuer) writeJSON(w http.ResponseWriter, r *http.Request, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		i.config.Log.DebugContext(r.Context(), "the client went away", "error", err)
	}
}
