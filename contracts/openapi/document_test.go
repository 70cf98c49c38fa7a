package openapi_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/contracts/openapi"
)

// load reads the document; the loader follows every reference.
func load(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// operation is one operation of the document, with its place.
type operation struct {
	method, path string
	parameters   openapi3.Parameters // the path's and its own
	*openapi3.Operation
}

func operations(doc *openapi3.T) []operation {
	var all []operation
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			all = append(all, operation{method, path, slices.Concat(item.Parameters, op.Parameters), op})
		}
	}
	return all
}

// answer is one status of an operation, or an answer that belongs to no operation.
type answer struct {
	name   string // "getCall 404"
	status string // empty for one that belongs to no operation
	*openapi3.Response
}

func answers(doc *openapi3.T) []answer {
	var all []answer
	for _, op := range operations(doc) {
		for status, r := range op.Responses.Map() {
			all = append(all, answer{op.OperationID + " " + status, status, r.Value})
		}
	}
	for _, name := range []string{"RouteNotFound", "MethodNotAllowed"} {
		all = append(all, answer{name, "", doc.Components.Responses[name].Value})
	}
	return all
}

func TestTheDocumentIsValidOpenAPI(t *testing.T) {
	t.Parallel()
	doc := load(t)
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
	if doc.OpenAPI != "3.0.3" {
		t.Errorf("it is OpenAPI %s", doc.OpenAPI)
	}
	if len(doc.Servers) != 1 || doc.Servers[0].URL != api.BasePath {
		t.Errorf("its server isn't %s", api.BasePath)
	}
}

func TestEveryOperationNeedsOneScopeOrIsPublic(t *testing.T) {
	t.Parallel()
	doc := load(t)
	known := doc.Components.SecuritySchemes["oauth2"].Value.Flows.ClientCredentials.Scopes
	var public []string
	for _, op := range operations(doc) {
		switch {
		case op.Security == nil:
			t.Errorf("%s says nothing of its scope", op.OperationID)
		case len(*op.Security) == 0:
			public = append(public, op.OperationID)
		case len(*op.Security) != 1 || len((*op.Security)[0]) != 1 || len((*op.Security)[0]["oauth2"]) != 1:
			t.Errorf("%s needs something else than one scope of oauth2: %v", op.OperationID, *op.Security)
		default:
			if scope := (*op.Security)[0]["oauth2"][0]; known[scope] == "" {
				t.Errorf("%s needs the unknown scope %s", op.OperationID, scope)
			}
		}
	}
	if !slices.Equal(public, []string{"getHealth"}) {
		t.Errorf("public are %v", public)
	}
}

func TestRoutesAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	var want []api.Route
	for _, op := range operations(load(t)) {
		route := api.Route{OperationID: op.OperationID, Method: op.method, Path: op.path}
		if len(*op.Security) > 0 {
			route.Scope = (*op.Security)[0]["oauth2"][0]
		}
		want = append(want, route)
	}
	for _, route := range want {
		if !slices.Contains(api.Routes, route) {
			t.Errorf("api.Routes lacks %+v", route)
		}
	}
	for _, route := range api.Routes {
		if !slices.Contains(want, route) {
			t.Errorf("the document lacks %+v", route)
		}
	}
}

func TestEveryOperationTakesTheHeadersOfItsKind(t *testing.T) {
	t.Parallel()
	for _, op := range operations(load(t)) {
		if op.Summary == "" || len(op.Tags) != 1 {
			t.Errorf("%s has no summary or not one tag", op.OperationID)
		}
		hasKey := op.parameters.GetByInAndName("header", api.HeaderIdempotencyKey) != nil
		if hasKey != (op.method == "POST") {
			t.Errorf("%s is %s; takes an Idempotency-Key: %v", op.OperationID, op.method, hasKey)
		}
		hasETag := false
		if ok := op.Responses.Value("200"); ok != nil {
			hasETag = ok.Value.Headers["ETag"] != nil
		}
		takesETag := op.parameters.GetByInAndName("header", "If-None-Match") != nil
		if has304 := op.Responses.Value("304") != nil; hasETag != takesETag || hasETag != has304 {
			t.Errorf("%s: gives an ETag %v, takes one %v, answers 304 %v", op.OperationID, hasETag, takesETag, has304)
		}
	}
}

func TestEveryAnswerHasARequestIDAndExamplesThatFitItsSchema(t *testing.T) {
	t.Parallel()
	for _, a := range answers(load(t)) {
		if a.Headers[api.HeaderRequestID] == nil {
			t.Errorf("%s has no X-Request-Id", a.name)
		}
		if len(a.Content) == 0 && a.status != "304" {
			t.Errorf("%s has no content", a.name)
		}
		for mediaType, content := range a.Content {
			checkExamples(t, a.name+" "+mediaType, content)
		}
	}
}

func TestEveryRequestBodyHasExamplesThatFitItsSchema(t *testing.T) {
	t.Parallel()
	for _, op := range operations(load(t)) {
		if op.RequestBody == nil {
			continue
		}
		for mediaType, content := range op.RequestBody.Value.Content {
			checkExamples(t, op.OperationID+" request "+mediaType, content)
		}
	}
}

func checkExamples(t *testing.T, name string, content *openapi3.MediaType) {
	t.Helper()
	if len(content.Examples) == 0 {
		t.Errorf("%s has no example", name)
	}
	for key, example := range content.Examples {
		if err := content.Schema.Value.VisitJSON(example.Value.Value); err != nil {
			t.Errorf("%s, example %s: %v", name, key, err)
		}
	}
}

func TestEveryPartOfTheDocumentIsDescribed(t *testing.T) {
	t.Parallel()
	doc := load(t)
	for name, schema := range doc.Components.Schemas {
		if schema.Value.Description == "" {
			t.Errorf("schema %s has no description", name)
		}
	}
	for _, op := range operations(doc) {
		for _, p := range op.parameters {
			if p.Value.Description == "" {
				t.Errorf("%s: parameter %s has no description", op.OperationID, p.Value.Name)
			}
		}
	}
}

// values are those of an enum.
func values(t *testing.T, schema *openapi3.Schema) []string {
	t.Helper()
	var all []string
	for _, value := range schema.Enum {
		text, ok := value.(string)
		if !ok {
			t.Fatalf("%v is not a text", value)
		}
		all = append(all, text)
	}
	return all
}

// The tables in the descriptions are what people read of an enum.
func TestEveryValueOfAnEnumIsExplained(t *testing.T) {
	t.Parallel()
	for name, schema := range load(t).Components.Schemas {
		for _, value := range values(t, schema.Value) {
			if !strings.Contains(schema.Value.Description, "`"+value+"`") {
				t.Errorf("%s doesn't explain %s", name, value)
			}
		}
	}
}

func TestLimitsInGoAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	schemas := load(t).Components.Schemas
	batch := schemas["SubmitBatchRequest"].Value.Properties
	if got := *batch["rows"].Value.MaxItems; got != api.MaxRows {
		t.Errorf("rows: %d", got)
	}
	if got := *batch["csv"].Value.MaxLength; got != api.MaxBodyBytes {
		t.Errorf("csv: %d", got)
	}
	if got := *schemas["BatchPreview"].Value.Properties["refused_rows"].Value.MaxItems; got != api.MaxRefusedInline {
		t.Errorf("refused_rows: %d", got)
	}
	if got := *schemas["RedriveRequest"].Value.Properties["call_ids"].Value.MaxItems; got != api.MaxRedriveCalls {
		t.Errorf("call_ids: %d", got)
	}
	for _, name := range []string{"BatchSamples", "CapacitySamples"} {
		if got := *schemas[name].Value.Properties["samples"].Value.MaxItems; got != api.MaxSamples {
			t.Errorf("%s: %d", name, got)
		}
	}
}
