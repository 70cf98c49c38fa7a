package openapi_test

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/outdial/outdial/contracts/api"
)

// problemCodes is the enum of the document.
func problemCodes(t *testing.T) map[string]bool {
	t.Helper()
	codes := map[string]bool{}
	for _, code := range values(t, load(t).Components.Schemas["ProblemCode"].Value) {
		codes[code] = true
	}
	return codes
}

func TestProblemCodesAndAnswersNameEachOther(t *testing.T) {
	t.Parallel()
	codes, used := problemCodes(t), map[string]bool{}
	for _, a := range answers(load(t)) {
		content := a.Content[api.ProblemContentType]
		if content == nil {
			if strings.HasPrefix(a.status, "4") || strings.HasPrefix(a.status, "5") {
				t.Errorf("%s is not a problem", a.name)
			}
			continue
		}
		for code := range content.Examples {
			used[code] = true
			if !codes[code] {
				t.Errorf("%s can have the code %s, which is not in the enum", a.name, code)
			}
			if !strings.Contains(*a.Description, "`"+code+"`") {
				t.Errorf("the description of %s doesn't name %s", a.name, code)
			}
			if want := strconv.Itoa(api.ProblemCode(code).Status()); a.status != "" && a.status != want {
				t.Errorf("%s can have the code %s, which goes with %s", a.name, code, want)
			}
		}
	}
	for code := range codes {
		if !used[code] {
			t.Errorf("no answer can have the code %s", code)
		}
	}
}

func TestExamplesOfProblemsAreWhatTheirCodeSays(t *testing.T) {
	t.Parallel()
	for _, a := range answers(load(t)) {
		content := a.Content[api.ProblemContentType]
		if content == nil {
			continue
		}
		for name, example := range content.Examples {
			data, err := json.Marshal(example.Value.Value)
			if err != nil {
				t.Fatal(err)
			}
			var got api.Problem
			if err := json.Unmarshal(data, &got); err != nil {
				t.Fatal(err)
			}
			want := api.NewProblem(api.ProblemCode(name), got.Detail, got.RequestID)
			want.Errors = got.Errors
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s, example %s: %+v\nwant: %+v", a.name, name, got, want)
			}
			for _, e := range got.Errors {
				if !e.Code.Valid() {
					t.Errorf("%s, example %s: unknown code %s", a.name, name, e.Code)
				}
			}
		}
	}
}

func TestEveryProblemCodeHasAStatusATitleAndAType(t *testing.T) {
	t.Parallel()
	for name := range problemCodes(t) {
		code := api.ProblemCode(name)
		if !code.Valid() || code.Status() < 400 || code.Title() == "" || !strings.HasSuffix(code.Type(), "/"+name) {
			t.Errorf("%s: valid %v, %d, %q, %s", code, code.Valid(), code.Status(), code.Title(), code.Type())
		}
	}
}

func TestEveryRouteWithAScopeCanRefuseTheToken(t *testing.T) {
	t.Parallel()
	for _, op := range operations(load(t)) {
		for _, status := range []string{"401", "403", "503"} {
			if has := op.Responses.Value(status) != nil; has != (len(*op.Security) > 0) {
				t.Errorf("%s answers %s: %v", op.OperationID, status, has)
			}
		}
		if op.Responses.Value("500") == nil {
			t.Errorf("%s has no 500", op.OperationID)
		}
		if (op.RequestBody != nil) != (op.Responses.Value("415") != nil) {
			t.Errorf("%s: a body and 415 go together", op.OperationID)
		}
	}
}
