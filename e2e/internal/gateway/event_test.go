package gateway_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// documented is AWS's own example of payload format 2.0, without what a route of
// ours doesn't have: a client certificate and stage variables
// (docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).
const documented = `{
  "version": "2.0",
  "routeKey": "$default",
  "rawPath": "/my/path",
  "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
  "cookies": ["cookie1", "cookie2"],
  "headers": {"header1": "value1", "header2": "value1,value2"},
  "queryStringParameters": {"parameter1": "value1,value2", "parameter2": "value"},
  "requestContext": {
    "accountId": "123456789012",
    "apiId": "api-id",
    "authorizer": {"jwt": {"claims": {"claim1": "value1", "claim2": "value2"}, "scopes": ["scope1", "scope2"]}},
    "domainName": "id.execute-api.us-east-1.amazonaws.com",
    "domainPrefix": "id",
    "http": {"method": "POST", "path": "/my/path", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "agent"},
    "requestId": "id",
    "routeKey": "$default",
    "stage": "$default",
    "time": "12/Mar/2020:19:03:58 +0000",
    "timeEpoch": 1583348638390
  },
  "body": "Hello from Lambda",
  "pathParameters": {"parameter1": "value1"},
  "isBase64Encoded": false
}`

// shape is a JSON value with kinds in the place of values. Objects whose names are
// the request's own have one kind for all.
func shape(v any, free bool) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, one := range v {
			own := name == "headers" || name == "queryStringParameters" || name == "claims" || name == "pathParameters"
			if free {
				name = "*"
			}
			out[name] = shape(one, own)
		}
		return out
	case []any:
		return []any{shape(v[0], false)}
	}
	return reflect.TypeOf(v).Kind().String()
}

func TestAnEventHasTheShapeThatAWSDocuments(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	_, _ = b.ask(t, "GET", "/v1/calls/call_1?a=1&b=2&a=3", "Hello", "Authorization", b.bearer(), "Content-Type", "text/plain",
		"Cookie", "a=1; b=2", "X-Two", "1", "X-Two", "2")
	if len(b.function.events) != 1 {
		t.Fatal("no event came")
	}
	e := b.function.events[0]
	var want any
	if err := json.Unmarshal([]byte(documented), &want); err != nil {
		t.Fatal(err)
	}
	if got, want := shape(e, false), shape(want, false); !reflect.DeepEqual(got, want) {
		t.Errorf("the event is\n%v\nand AWS's has\n%v", got, want)
	}
	at := func(path string) any {
		var v any = e
		for name := range strings.SplitSeq(path, ".") {
			object, _ := v.(map[string]any)
			v = object[name]
		}
		return v
	}
	for path, want := range map[string]any{
		"routeKey": "GET /v1/calls/{id}", "rawPath": "/v1/calls/call_1", "rawQueryString": "a=1&b=2&a=3", "body": "Hello",
		"queryStringParameters.a": "1,3", "pathParameters.id": "call_1", "headers.x-two": "1,2", "headers.cookie": nil,
		"requestContext.http.method": "GET", "requestContext.stage": "$default", "isBase64Encoded": false,
		"requestContext.authorizer.jwt.claims.sub": "ada", "requestContext.authorizer.jwt.claims.scope": "calls/read calls/write",
	} {
		if got := at(path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	if got, ok := at("requestContext.time").(string); !ok || !regexp.MustCompile(`^\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000$`).MatchString(got) {
		t.Errorf("the time is %v", got)
	}
	// Claims are strings, whatever they were.
	if got, ok := at("requestContext.authorizer.jwt.claims.exp").(string); !ok || !regexp.MustCompile(`^\d{10}$`).MatchString(got) {
		t.Errorf("exp is %v", at("requestContext.authorizer.jwt.claims.exp"))
	}
}

// TestWhatIsAbsentIsLeftOut, as API Gateway does.
func TestWhatIsAbsentIsLeftOut(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	_, _ = b.ask(t, "GET", "/v1/health", "")
	for _, name := range []string{"cookies", "queryStringParameters", "pathParameters", "body"} {
		if v, there := b.function.events[0][name]; there {
			t.Errorf("%s is %v", name, v)
		}
	}
	if context, _ := b.function.events[0]["requestContext"].(map[string]any); context["authorizer"] != nil {
		t.Errorf("a public route's authorizer says %v", context["authorizer"])
	}
}

func TestABodyIsBase64UnlessItsTypeIsText(t *testing.T) {
	t.Parallel()
	for kind, plain := range map[string]bool{
		"text/csv": true, "text/csv; charset=utf-8": true, "application/json": true, "application/xml": true, "application/javascript": true,
		"application/octet-stream": false, "application/x-www-form-urlencoded": false, "application/problem+json": false, "": false,
	} {
		b := newBundle(t)
		_, _ = b.ask(t, http.MethodPost, "/v1/calls", `{"a":"<&>"}`, "Authorization", b.bearer(), "Content-Type", kind)
		e := b.function.events[0]
		want := "eyJhIjoiPCY+In0="
		if plain {
			want = `{"a":"<&>"}`
		}
		if e["body"] != want || e["isBase64Encoded"] == plain {
			t.Errorf("%q: %v %v", kind, e["body"], e["isBase64Encoded"])
		}
	}
}

// TestOnlyWhatJSONRequiresIsEscaped, since Lambda counts the event's bytes.
func TestOnlyWhatJSONRequiresIsEscaped(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	size := func(body string) int {
		_, _ = b.ask(t, http.MethodPost, "/v1/calls", body, "Authorization", b.bearer(), "Content-Type", "text/csv")
		return b.EventBytes()
	}
	plain := size("aaaa")
	for body, more := range map[string]int{"<&>/": 0, "ää": 0, "\"\"\"\"": 4, "\n\n\n\n": 4, "\\\\\\\\": 4} {
		if got := size(body) - plain; got != more {
			t.Errorf("%q takes %d bytes more, want %d", body, got, more)
		}
	}
}
