package openapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/contracts/examples"
)

// bodies are the schemas of the JSON requests of which there are examples.
func bodies(t *testing.T) map[examples.Kind]*openapi3.Schema {
	t.Helper()
	schemas := load(t).Components.Schemas
	return map[examples.Kind]*openapi3.Schema{
		examples.Calls:   schemas["SubmitCallRequest"].Value,
		examples.Batches: schemas["SubmitBatchRequest"].Value,
	}
}

// decode reads exactly one JSON value.
func decode(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF
	}
	return value, nil
}

func TestTheSchemasAcceptEveryValidRequest(t *testing.T) {
	t.Parallel()
	for kind, schema := range bodies(t) {
		for _, e := range examples.Valid(kind) {
			value, err := decode(e.Data)
			if err == nil {
				err = schema.VisitJSON(value)
			}
			if err != nil {
				t.Errorf("%s/%s: %v", kind, e.Name, err)
			}
		}
	}
}

// What the schemas can express, they refuse; what is wrong in another way they let pass.
func TestTheSchemasRefuseWhatIsAnInvalidRequest(t *testing.T) {
	t.Parallel()
	for kind, schema := range bodies(t) {
		for _, e := range examples.Invalid(kind) {
			value, err := decode(e.Data)
			if notJSON := e.Expect.Code == string(api.ProblemCodeInvalidJSON); notJSON != (err != nil) {
				t.Errorf("%s/%s: is to be %s, and reading it gives %v", kind, e.Name, e.Expect.Code, err)
			}
			if err != nil {
				continue
			}
			refused := e.Expect.Code == string(api.ProblemCodeInvalidRequest) && !e.Expect.BeyondSchema
			if err := schema.VisitJSON(value); refused != (err != nil) {
				t.Errorf("%s/%s: is to be %s, and the schema says %v", kind, e.Name, e.Expect.Code, err)
			}
		}
	}
}

var requestKinds = []examples.Kind{examples.Calls, examples.Batches, examples.Lists}

func TestExpectedProblemsAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	seen := map[api.ProblemCode]bool{}
	for _, kind := range requestKinds {
		for _, e := range examples.Invalid(kind) {
			code := api.ProblemCode(e.Expect.Code)
			seen[code] = true
			if !code.Valid() || code.Status() != e.Expect.Status {
				t.Errorf("%s/%s: %d %s", kind, e.Name, e.Expect.Status, code)
			}
		}
	}
	for _, code := range []api.ProblemCode{
		api.ProblemCodeInvalidJSON, api.ProblemCodeInvalidRequest, api.ProblemCodePhoneNumberInvalid,
		api.ProblemCodeNumberNotCallable, api.ProblemCodeCSVNoNumberColumn, api.ProblemCodeCSVTwoNumberColumns,
		api.ProblemCodeCSVNotUTF8, api.ProblemCodeCSVMalformed, api.ProblemCodeCSVEmpty,
	} {
		if !seen[code] {
			t.Errorf("no invalid request is an example of %s", code)
		}
	}
}

func TestExpectedRowsAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	schemas := load(t).Components.Schemas
	seen := map[api.RefusalCode]bool{}
	for _, kind := range requestKinds {
		for _, e := range examples.Valid(kind) {
			if e.Expect.Status != 202 || len(e.Expect.Accepted) == 0 {
				t.Errorf("%s/%s: %d with %d rows", kind, e.Name, e.Expect.Status, len(e.Expect.Accepted))
			}
			for _, row := range e.Expect.Accepted {
				if err := schemas["PhoneNumber"].Value.VisitJSON(row.PhoneNumber); err != nil {
					t.Errorf("%s/%s, row %d: %v", kind, e.Name, row.Row, err)
				}
			}
			for _, row := range e.Expect.Refused {
				code := api.RefusalCode(row.Code)
				seen[code] = true
				if !code.Valid() {
					t.Errorf("%s/%s, row %d: unknown code %s", kind, e.Name, row.Row, row.Code)
				}
			}
		}
	}
	for _, code := range values(t, schemas["RefusalCode"].Value) {
		if !seen[api.RefusalCode(code)] {
			t.Errorf("no row is an example of %s", code)
		}
	}
}

func TestParametersOfListsAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	parameters := load(t).Paths.Find("/batches").Post.Parameters
	for _, list := range [][]examples.Example{examples.Valid(examples.Lists), examples.Invalid(examples.Lists)} {
		for _, e := range list {
			for name := range e.Expect.Query {
				if parameters.GetByInAndName("query", name) == nil {
					t.Errorf("%s: unknown parameter %s", e.Name, name)
				}
			}
		}
	}
}

// A tool that tidies text files would take away what these examples are about.
func TestListsAreStillWrittenAsTheyWere(t *testing.T) {
	t.Parallel()
	find := func(list []examples.Example, name string) []byte {
		for _, e := range list {
			if e.Name == name {
				return e.Data
			}
		}
		t.Fatalf("no list %s", name)
		return nil
	}
	excel := find(examples.Valid(examples.Lists), "excel-export")
	if !bytes.HasPrefix(excel, []byte("\ufeffName;")) || bytes.Count(excel, []byte("\r\n")) != bytes.Count(excel, []byte("\n")) {
		t.Error("excel-export has lost its byte-order mark, semicolons or CRLF")
	}
	if last := find(examples.Valid(examples.Lists), "one-column-without-last-line-break"); bytes.HasSuffix(last, []byte("\n")) {
		t.Error("one-column-without-last-line-break has got a last line break")
	}
	for _, name := range []string{"latin-1", "utf-16"} {
		if utf8.Valid(find(examples.Invalid(examples.Lists), name)) {
			t.Errorf("%s is UTF-8", name)
		}
	}
	if data := find(examples.Invalid(examples.Lists), "empty"); len(data) != 0 {
		t.Errorf("empty has %d bytes", len(data))
	}
}
