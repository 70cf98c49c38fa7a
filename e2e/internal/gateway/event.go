package gateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/outdial/outdial/e2e/internal/aws"
)

// event is a request in payload format 2.0
// (docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).
type event struct {
	Version         string            `json:"version"`
	RouteKey        string            `json:"routeKey"`
	RawPath         string            `json:"rawPath"`
	RawQueryString  string            `json:"rawQueryString"`
	Cookies         []string          `json:"cookies,omitempty"`
	Headers         map[string]string `json:"headers"`
	Query           map[string]string `json:"queryStringParameters,omitempty"`
	Context         requestContext    `json:"requestContext"`
	PathParameters  map[string]string `json:"pathParameters,omitempty"`
	Body            string            `json:"body,omitempty"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
}

type requestContext struct {
	AccountID    string      `json:"accountId"`
	APIID        string      `json:"apiId"`
	Authorizer   *authorized `json:"authorizer,omitempty"`
	DomainName   string      `json:"domainName"`
	DomainPrefix string      `json:"domainPrefix"`
	HTTP         httpContext `json:"http"`
	RequestID    string      `json:"requestId"`
	RouteKey     string      `json:"routeKey"`
	Stage        string      `json:"stage"`
	Time         string      `json:"time"`
	TimeEpoch    int64       `json:"timeEpoch"`
}

type authorized struct {
	JWT struct {
		Claims map[string]string `json:"claims"`
		Scopes []string          `json:"scopes"`
	} `json:"jwt"`
}

type httpContext struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

func newEvent(r *http.Request, route Route, parameters map[string]string, body []byte, claims map[string]any, id string, now time.Time) event {
	e := event{
		Version: "2.0", RouteKey: route.Key, RawPath: r.URL.Path, RawQueryString: r.URL.RawQuery,
		Headers: map[string]string{}, Query: joined(r.URL.Query()), PathParameters: parameters,
		Context: requestContext{
			AccountID: aws.Account, APIID: apiID, DomainName: r.Host, DomainPrefix: apiID,
			HTTP:      httpContext{r.Method, r.URL.Path, r.Proto, "192.0.2.1", r.UserAgent()},
			RequestID: id, RouteKey: route.Key, Stage: "$default",
			Time: now.UTC().Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: now.UnixMilli(),
		},
	}
	for name, values := range r.Header {
		name = strings.ToLower(name)
		if name == "cookie" {
			e.Cookies = strings.Split(strings.Join(values, "; "), "; ")
			continue
		}
		e.Headers[name] = strings.Join(values, ",")
	}
	e.Headers["host"] = r.Host
	e.Headers["x-forwarded-for"] = "192.0.2.1"
	e.Headers["x-forwarded-port"], e.Headers["x-forwarded-proto"] = "443", "https"
	if claims != nil {
		e.Context.Authorizer = new(authorized)
		e.Context.Authorizer.JWT.Claims = asStrings(claims)
		e.Context.Authorizer.JWT.Scopes = route.Scopes
	}
	e.Body = string(body)
	if len(body) > 0 && !isText(r.Header) {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return e
}

// encode is the event's JSON. Only what JSON requires is escaped.
func (e event) encode() ([]byte, error) {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	err := out.Encode(e)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// isText tells whether a body comes as it is. Others come in base64.
func isText(h http.Header) bool {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || h.Get("Content-Encoding") != "" {
		return false
	}
	return strings.HasPrefix(kind, "text/") || kind == "application/json" || kind == "application/xml" || kind == "application/javascript"
}

func joined(query url.Values) map[string]string {
	out := map[string]string{}
	for name, values := range query {
		out[name] = strings.Join(values, ",")
	}
	return out
}

// answer is what a function answers.
type answer struct {
	StatusCode      int               `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	Cookies         []string          `json:"cookies"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
}

func parseAnswer(data []byte) (answer, []byte, error) {
	var a answer
	if err := json.Unmarshal(data, &a); err != nil {
		return a, nil, err
	}
	if a.StatusCode < 200 || a.StatusCode > 599 {
		return a, nil, errors.New("no statusCode in the answer")
	}
	if !a.IsBase64Encoded {
		return a, []byte(a.Body), nil
	}
	body, err := base64.StdEncoding.DecodeString(a.Body)
	return a, body, err
}
