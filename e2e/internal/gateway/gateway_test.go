package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/outdial/outdial/e2e/internal/cognito"
	"github.com/outdial/outdial/e2e/internal/gateway"
	"github.com/outdial/outdial/e2e/internal/lambda"
)

// function notes its events and gives one answer.
type function struct {
	events []map[string]any
	answer string
	err    error
}

func (f *function) Invoke(_ context.Context, event []byte) ([]byte, error) {
	var e map[string]any
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, err
	}
	f.events = append(f.events, e)
	return []byte(f.answer), f.err
}

// bundle is a gateway with one function, and a pool whose client "cli" it lets in.
type bundle struct {
	*gateway.Gateway
	function *function
	pool     *cognito.Pool
}

const ok = `{"statusCode":200,"body":"{}"}`

// document is what SAM makes of the template, shortened.
const document = `{"paths":{
	"/v1/calls":{"get":OPERATION,"post":OPERATION},
	"/v1/calls/{id}":{"get":OPERATION},
	"/v1/calls/last":{"get":OPERATION},
	"/v1/health":{"get":{"x-amazon-apigateway-integration":INTEGRATION,"security":[{"NONE":[]}]}}
},"components":{"securitySchemes":{"Tokens":{"x-amazon-apigateway-authorizer":{
	"type":"jwt","identitySource":"$request.header.Authorization","jwtConfiguration":{"issuer":"ISSUER","audience":["cli"]}}}}},
"x-amazon-apigateway-cors":{"allowOrigins":["https://console.example"],"allowMethods":["GET"],"allowHeaders":["Authorization"],"exposeHeaders":["ETag"],"maxAge":60}}`

func openAPI(issuer string) string {
	const integration = `{"type":"aws_proxy","payloadFormatVersion":"2.0","uri":"arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:api/invocations"}`
	return strings.NewReplacer("OPERATION", `{"x-amazon-apigateway-integration":`+integration+`,"security":[{"Tokens":["calls/read","calls/admin"]}]}`,
		"INTEGRATION", integration, "ISSUER", issuer).Replace(document)
}

func newBundle(t *testing.T) *bundle {
	t.Helper()
	pool, err := cognito.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	f := &function{answer: ok}
	g, err := gateway.New([]byte(openAPI(pool.Issuer)), map[string]gateway.Function{"arn:api": f})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return &bundle{g, f, pool}
}

// claims are those of a good token.
func (b *bundle) claims() cognito.Claims {
	return b.pool.AccessToken(cognito.User{Sub: "ada"}, "cli", "calls/read calls/write")
}

func (b *bundle) bearer() string { return "Bearer " + b.pool.Sign(b.claims()) }

type answer struct {
	StatusCode int
	Header     http.Header
}

// ask makes a request; headers are pairs of name and value, one of which may stand
// several times.
func (b *bundle) ask(t *testing.T, method, path, body string, headers ...string) (answer, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{got.StatusCode, got.Header}, string(text)
}

func TestATokenThatTheAuthorizerRefusesReachesNoFunction(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	with := func(name string, value any) string {
		c := b.claims()
		c[name] = value
		return "Bearer " + b.pool.Sign(c)
	}
	without := func(name string) string {
		c := b.claims()
		delete(c, name)
		return "Bearer " + b.pool.Sign(c)
	}
	for name, c := range map[string]struct {
		header string
		status int
	}{
		"no token":                        {"", 401},
		"another scheme":                  {"Basic YTpi", 401},
		"no JWT":                          {"Bearer letmein", 401},
		"expired":                         {with("exp", 1), 401},
		"an expiry in words":              {with("exp", "tomorrow"), 401},
		"without an expiry":               {without("exp"), 401},
		"not before some day":             {with("nbf", 1<<40), 401},
		"issued some day":                 {with("iat", 1<<40), 401},
		"another issuer":                  {with("iss", b.pool.Issuer+"x"), 401},
		"without an issuer":               {without("iss"), 401},
		"another client":                  {with("client_id", "other"), 401},
		"neither aud nor client_id":       {without("client_id"), 401},
		"an aud that wins over client_id": {with("aud", "other"), 401},
		"another scope":                   {with("scope", "calls/write"), 403},
		"without a scope":                 {without("scope"), 403},
		"a scope that only begins so":     {with("scope", "calls/readers"), 403},
	} {
		got, body := b.ask(t, "GET", "/v1/calls", "", "Authorization", c.header)
		want := map[int]string{401: `{"message":"Unauthorized"}`, 403: `{"message":"Forbidden"}`}[c.status]
		if got.StatusCode != c.status || body != want {
			t.Errorf("%s: %d %s, want %d", name, got.StatusCode, body, c.status)
		}
		if (got.Header.Get("Www-Authenticate") != "") != (c.status == 401) {
			t.Errorf("%s: www-authenticate is %q", name, got.Header.Get("Www-Authenticate"))
		}
	}
	if n := len(b.function.events); n != 0 {
		t.Errorf("the function saw %d", n)
	}
	for name, header := range map[string]string{
		"one of two scopes": with("scope", "x calls/admin"), "an aud of several": with("aud", []string{"other", "cli"}),
		"without Bearer": b.pool.Sign(b.claims()),
	} {
		if got, body := b.ask(t, "GET", "/v1/calls", "", "Authorization", header); got.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s", name, got.StatusCode, body)
		}
	}
}

func TestRoutesAreThoseOfTheDocumentAndNoOthers(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for _, c := range []struct{ request, route string }{
		{"GET /v1/calls", "GET /v1/calls"},
		{"GET /v1/calls?status=queued", "GET /v1/calls"},
		{"GET /v1/calls/call_1", "GET /v1/calls/{id}"},
		{"GET /v1/calls/last", "GET /v1/calls/last"},
		{"GET /v1/calls/a%2Fb", "GET /v1/calls/{id}"},
		{"GET /v1/health", "GET /v1/health"},
		{"PUT /v1/calls", ""},
		{"GET /v1/calls/", ""},
		{"GET /v1/Calls", ""},
		{"GET /v1/calls/call_1/cancel", ""},
		{"GET /", ""},
	} {
		before := len(b.function.events)
		method, path, _ := strings.Cut(c.request, " ")
		got, body := b.ask(t, method, path, "", "Authorization", b.bearer())
		var route any = ""
		if len(b.function.events) > before {
			route = b.function.events[before]["routeKey"]
		}
		if route != c.route || (c.route == "" && (got.StatusCode != http.StatusNotFound || body != `{"message":"Not Found"}`)) {
			t.Errorf("%s goes to %q and is answered %d %s", c.request, route, got.StatusCode, body)
		}
	}
}

func TestADocumentThatIsNotUnderstoodIsRefused(t *testing.T) {
	t.Parallel()
	whole := openAPI("https://issuer.example")
	for name, change := range map[string][2]string{
		"payload format 1.0":        {`"payloadFormatVersion":"2.0"`, `"payloadFormatVersion":"1.0"`},
		"another integration":       {`"aws_proxy"`, `"http_proxy"`},
		"no such function":          {"arn:api", "arn:other"},
		"no such authorizer":        {`{"Tokens":["calls/read"`, `{"Other":["calls/read"`},
		"another kind of it":        {`"type":"jwt"`, `"type":"request"`},
		"another header":            {"header.Authorization", "header.X-Token"},
		"CORS that isn't an object": {`"x-amazon-apigateway-cors":{`, `"x-amazon-apigateway-cors":[],"x":{`},
	} {
		g, err := gateway.New([]byte(strings.ReplaceAll(whole, change[0], change[1])), map[string]gateway.Function{"arn:api": &function{}})
		if err == nil {
			g.Close()
			t.Errorf("%s is taken", name)
		}
	}
}

func TestABrowserIsAnsweredByTheGatewayAndNotByTheFunction(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.function.answer = `{"statusCode":200,"headers":{"Access-Control-Allow-Origin":"*","ETag":"\"1\""},"body":"{}"}`
	const console, evil = "https://console.example", "https://evil.example"
	for origin, allowed := range map[string]string{console: console, evil: "", "": ""} {
		got, _ := b.ask(t, "GET", "/v1/health", "", "Origin", origin)
		if h := got.Header; h.Get("Access-Control-Allow-Origin") != allowed || h.Get("ETag") != `"1"` {
			t.Errorf("%q is answered %v", origin, h)
		}
	}
	before := len(b.function.events)
	preflight, _ := b.ask(t, "OPTIONS", "/v1/calls", "", "Origin", console, "Access-Control-Request-Method", "GET")
	if preflight.StatusCode != http.StatusNoContent || preflight.Header.Get("Access-Control-Allow-Methods") != "GET" || len(b.function.events) != before {
		t.Errorf("a preflight is answered %d %v", preflight.StatusCode, preflight.Header)
	}
	if got, _ := b.ask(t, "OPTIONS", "/v1/calls", ""); got.StatusCode != http.StatusNotFound {
		t.Errorf("OPTIONS of nobody's origin: %d", got.StatusCode)
	}
}

// TestWhatAFunctionFailsToAnswer: API Gateway would take an answer without a status
// for a body with status 200, which hides a bug; here it is refused.
func TestWhatAFunctionFailsToAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer string
		err    error
		status int
		body   string
	}{
		"nothing":           {"", nil, 500, `{"message":"Internal Server Error"}`},
		"no status":         {`{"body":"x"}`, nil, 500, `{"message":"Internal Server Error"}`},
		"broken base64":     {`{"statusCode":200,"body":"§","isBase64Encoded":true}`, nil, 500, `{"message":"Internal Server Error"}`},
		"an error":          {"", &lambda.FunctionError{Type: "Oops", Message: "secret"}, 500, `{"message":"Internal Server Error"}`},
		"it never came":     {"", lambda.ErrTooLarge, 413, `{"message":"Request Entity Too Large"}`},
		"another breakdown": {"", errors.New("secret"), 500, `{"message":"Internal Server Error"}`},
		"base64":            {`{"statusCode":201,"body":"AP8=","isBase64Encoded":true}`, nil, 201, "\x00\xff"},
	} {
		b := newBundle(t)
		b.function.answer, b.function.err = c.answer, c.err
		if got, body := b.ask(t, "GET", "/v1/health", ""); got.StatusCode != c.status || body != c.body {
			t.Errorf("%s: %d %q", name, got.StatusCode, body)
		}
	}
}

func TestABodyOfMoreThan10MBReachesNoFunction(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	got, body := b.ask(t, "POST", "/v1/calls", strings.Repeat("x", 10<<20+1), "Authorization", b.bearer(), "Content-Type", "text/csv")
	if got.StatusCode != http.StatusRequestEntityTooLarge || body != `{"message":"Request Entity Too Large"}` || len(b.function.events) != 0 {
		t.Errorf("%d %s", got.StatusCode, body)
	}
}

func TestKeysAreFetchedAgainForOneThatIsNew(t *testing.T) {
	t.Parallel()
	first, err := cognito.New()
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := cognito.New()
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	// An issuer whose keys are the first pool's, then the second's.
	keys := first
	var issuer *httptest.Server
	issuer = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "openid-configuration") {
			_ = json.NewEncoder(w).Encode(map[string]string{"issuer": issuer.URL, "jwks_uri": issuer.URL + "/keys"})
			return
		}
		http.Redirect(w, r, keys.Issuer+"/.well-known/jwks.json", http.StatusFound)
	}))
	defer issuer.Close()
	g, err := gateway.New([]byte(openAPI(issuer.URL)), map[string]gateway.Function{"arn:api": &function{answer: ok}})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	b := &bundle{Gateway: g}
	for _, pool := range []*cognito.Pool{first, second} {
		keys = pool
		c := pool.AccessToken(cognito.User{Sub: "ada"}, "cli", "calls/read")
		c["iss"] = issuer.URL
		if got, body := b.ask(t, "GET", "/v1/calls", "", "Authorization", "Bearer "+pool.Sign(c)); got.StatusCode != http.StatusOK {
			t.Errorf("%d %s", got.StatusCode, body)
		}
	}
}
