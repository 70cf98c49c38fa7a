package httpapi_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/contracts/openapi"
)

// document is the contract.
var document = sync.OnceValue(func() *openapi3.T {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		panic(err)
	}
	return doc
})

// contract is a transport that holds every answer against the document, and has
// the log look for whatever of the request must never be in it.
type contract struct {
	t    testing.TB
	next http.RoundTripper
	log  *logbook
}

func (c *contract) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := c.remember(r); err != nil {
		return nil, err
	}
	answer, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if err := answer.Body.Close(); err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	c.log.secretNumbers(body)
	if err := checkAnswer(r, answer, body); err != nil {
		c.t.Errorf("%s %s is answered %d, against the contract: %v\n%.2000s", r.Method, r.URL, answer.StatusCode, err, body)
	}
	return answer, nil
}

// remember notes what must not be logged. The body is sent as it would have been.
func (c *contract) remember(r *http.Request) error {
	c.log.secretTokens(r.Header.Values("Authorization"))
	c.log.secretNumbers([]byte(r.URL.String()))
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	body := bufio.NewReaderSize(r.Body, maxSearched)
	beginning, err := body.Peek(maxSearched)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{body, r.Body}
	c.log.secretNumbers(beginning)
	return nil
}

func checkAnswer(r *http.Request, answer *http.Response, body []byte) error {
	if answer.Header.Get(api.HeaderRequestID) == "" {
		return fmt.Errorf("it has no %s", api.HeaderRequestID)
	}
	if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
		return nil // a browser's question, which is none of the document's
	}
	route := documented(r)
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: route},
		Status:                 answer.StatusCode,
		Header:                 answer.Header,
		Body:                   io.NopCloser(bytes.NewReader(body)),
		Options:                &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	if err := openapi3filter.ValidateResponse(r.Context(), input); err != nil {
		return err
	}
	said := route.Operation.Responses.Status(answer.StatusCode) // the filter passes HEAD and 304 unseen
	if said == nil {
		return fmt.Errorf("the document has no %d here", answer.StatusCode)
	}
	if err := checkHeaders(said.Value, answer.Header); err != nil {
		return err
	}
	if r.Method == http.MethodHead || len(said.Value.Content) == 0 {
		if len(body) > 0 {
			return fmt.Errorf("it has a body of %d bytes", len(body))
		}
		return nil
	}
	return checkBody(said.Value, answer, body)
}

// documented is what the document says of a request, found without the mux that
// the server finds its routes with.
func documented(r *http.Request) *routers.Route {
	doc := document()
	route := &routers.Route{Spec: doc, Method: r.Method}
	for path, item := range doc.Paths.Map() {
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		if op := item.Operations()[method]; op != nil && pathFits(api.BasePath+path, r.URL) {
			route.Path, route.PathItem, route.Operation = path, item, op
			return route
		}
	}
	none := doc.Components.Responses
	route.PathItem = &openapi3.PathItem{}
	route.Operation = &openapi3.Operation{Responses: openapi3.NewResponses(
		openapi3.WithStatus(http.StatusNotFound, none["RouteNotFound"]),
		openapi3.WithStatus(http.StatusMethodNotAllowed, none["MethodNotAllowed"]),
	)}
	return route
}

func pathFits(template string, u *url.URL) bool {
	want, got := strings.Split(template, "/"), strings.Split(u.EscapedPath(), "/")
	return slices.EqualFunc(want, got, func(want, got string) bool {
		plain, err := url.PathUnescape(got)
		isID := strings.HasPrefix(want, "{") && got != "" && got != "." && got != ".."
		return err == nil && (plain == want || isID)
	})
}

// telling are headers that tell a client what to do next, and so belong to an
// answer only where the document has them.
var telling = []string{"ETag", "Retry-After", "Location", "Link", "Allow", "WWW-Authenticate", api.HeaderIdempotentReplayed}

func checkHeaders(said *openapi3.Response, got http.Header) error {
	for name, header := range said.Headers {
		if header.Value.Required && got.Get(name) == "" {
			return fmt.Errorf("it has no %s", name)
		}
	}
	for _, name := range telling {
		if got.Get(name) != "" && said.Headers[name] == nil {
			return fmt.Errorf("it has the header %s, which the document doesn't name", name)
		}
	}
	for name, values := range got {
		if len(values) != 1 && name != "Vary" {
			return fmt.Errorf("it has the header %s %d times", name, len(values))
		}
	}
	return nil
}

func checkBody(said *openapi3.Response, answer *http.Response, body []byte) error {
	mediaType := answer.Header.Get("Content-Type")
	content := said.Content[mediaType]
	if content == nil {
		return fmt.Errorf("its Content-Type is %q", mediaType)
	}
	if mediaType == "text/csv" {
		return nil
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return err
	}
	if err := checkNames(value, content.Schema.Value, ""); err != nil {
		return err
	}
	if mediaType == api.ProblemContentType {
		return checkProblem(content, answer, body)
	}
	return nil
}

// checkNames looks for what the document doesn't name.
func checkNames(value any, schema *openapi3.Schema, at string) error {
	switch value := value.(type) {
	case []any:
		for i, element := range value {
			if err := checkNames(element, schema.Items.Value, fmt.Sprintf("%s/%d", at, i)); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, member := range value {
			s := memberSchema(schema, name)
			if s == nil {
				return fmt.Errorf("%s/%s is not in the document", at, name)
			}
			if err := checkNames(member, s, at+"/"+name); err != nil {
				return err
			}
		}
	}
	return nil
}

func memberSchema(schema *openapi3.Schema, name string) *openapi3.Schema {
	if property := schema.Properties[name]; property != nil {
		return property.Value
	}
	if any := schema.AdditionalProperties.Schema; any != nil {
		return any.Value
	}
	for _, part := range schema.AllOf {
		if s := memberSchema(part.Value, name); s != nil {
			return s
		}
	}
	return nil
}

// checkProblem: the examples of an answer are named after the codes that it can have.
func checkProblem(content *openapi3.MediaType, answer *http.Response, body []byte) error {
	var p api.Problem
	if err := json.Unmarshal(body, &p); err != nil {
		return err
	}
	codes := slices.Sorted(maps.Keys(content.Examples))
	want := api.NewProblem(p.Code, p.Detail, answer.Header.Get(api.HeaderRequestID))
	want.Errors = p.Errors
	switch {
	case !slices.Contains(codes, string(p.Code)):
		return fmt.Errorf("the code is %s; here it may be %v", p.Code, codes)
	case answer.StatusCode != p.Code.Status():
		return fmt.Errorf("the code %s goes with %d", p.Code, p.Code.Status())
	case fmt.Sprint(want) != fmt.Sprint(p):
		return fmt.Errorf("it is %+v; the code says %+v", p, want)
	case p.Detail == "":
		return fmt.Errorf("it says no detail")
	}
	return nil
}
