package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/outdial/outdial/contracts/api"
)

func TestABodyThatIsNotTheJSONOfItsRouteIsRefused(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for name, c := range map[string]struct {
		path, body string
		code       api.ProblemCode
		field      string // "-": none
		detail     string // a part of it
	}{
		"nothing but blanks":                 {"/calls", " \n", api.ProblemCodeInvalidJSON, "-", "empty"},
		"something behind the object":        {"/calls", `{"phone_number":"+12025550142"} x`, api.ProblemCodeInvalidJSON, "-", "Line 1, column 33"},
		"a second object":                    {"/calls", "{\"phone_number\":\"+12025550142\"}\n{}", api.ProblemCodeInvalidJSON, "-", "Line 2, column 1"},
		"a byte that isn't UTF-8":            {"/calls", "{\n\"phone_number\":\"\xff12\"}", api.ProblemCodeInvalidJSON, "-", "Line 2, column 17"},
		"a character cut off":                {"/calls", "{\"phone_number\":\"+12025550142\",\"metadata\":{\"k\":\"\xe4\xb8\"}}", api.ProblemCodeInvalidJSON, "-", "UTF-8"},
		"UTF-16":                             {"/calls", "{\x00}\x00", api.ProblemCodeInvalidJSON, "-", "column 2"},
		"nested without end":                 {"/calls", strings.Repeat("[", 100_000), api.ProblemCodeInvalidJSON, "-", "depth"},
		"a literal":                          {"/calls", `true`, api.ProblemCodeInvalidRequest, "", "must be an object"},
		"null":                               {"/calls", `null`, api.ProblemCodeInvalidRequest, "", "must be an object"},
		"a string":                           {"/calls", `"+12025550142"`, api.ProblemCodeInvalidRequest, "", "must be an object"},
		"an unknown field":                   {"/calls", `{"phone_number":"+12025550142","when":1}`, api.ProblemCodeInvalidRequest, "/when", "no field"},
		"a field in another case":            {"/calls", `{"Phone_Number":"+12025550142"}`, api.ProblemCodeInvalidRequest, "/Phone_Number", "no field"},
		"a field twice":                      {"/calls", `{"phone_number":"+12025550142","phone_number":"+12025550143"}`, api.ProblemCodeInvalidRequest, "/phone_number", "more than once"},
		"a field twice, once escaped":        {"/calls", `{"phone_number":"+12025550142","phone_numbe\u0072":"+12025550143"}`, api.ProblemCodeInvalidRequest, "/phone_number", "more than once"},
		"a key of the metadata twice":        {"/calls", `{"phone_number":"+12025550142","metadata":{"a":"1","a":"2"}}`, api.ProblemCodeInvalidRequest, "/metadata/a", "more than once"},
		"null for a field":                   {"/calls", `{"phone_number":"+12025550142","region":null}`, api.ProblemCodeInvalidRequest, "/region", "is null; it must be a string"},
		"null for an object":                 {"/calls", `{"phone_number":"+12025550142","agent":null}`, api.ProblemCodeInvalidRequest, "/agent", "is null; it must be an object"},
		"null among metadata":                {"/calls", `{"phone_number":"+12025550142","metadata":{"a":null}}`, api.ProblemCodeInvalidRequest, "/metadata/a", "is null"},
		"a list for an object":               {"/calls", `{"phone_number":"+12025550142","agent":[]}`, api.ProblemCodeInvalidRequest, "/agent", "is a list; it must be an object"},
		"an object for a string":             {"/calls", `{"phone_number":{}}`, api.ProblemCodeInvalidRequest, "/phone_number", "is an object; it must be a string"},
		"a whole number with an exponent":    {"/calls", `{"phone_number":"+12025550142","agent":{"time_limit":6e2}}`, api.ProblemCodeInvalidRequest, "/agent/time_limit", "whole number"},
		"a whole number beyond all bounds":   {"/calls", `{"phone_number":"+12025550142","agent":{"time_limit":9999999999999999999}}`, api.ProblemCodeInvalidRequest, "/agent/time_limit", "whole number"},
		"a name that a pointer must escape":  {"/calls", `{"a/b~c":1}`, api.ProblemCodeInvalidRequest, "/a~1b~0c", "no field"},
		"a name of a million characters":     {"/calls", `{"` + strings.Repeat("ä", 1_000_000) + `":1}`, api.ProblemCodeInvalidRequest, "/" + strings.Repeat("ä", 100) + "…", "no field"},
		"rows that are an object":            {"/batches", `{"rows":{}}`, api.ProblemCodeInvalidRequest, "/rows", "is an object; it must be a list"},
		"a row that is null":                 {"/batches", `{"rows":[{"phone_number":"+12025550142"},null]}`, api.ProblemCodeInvalidRequest, "/rows/1", "is null"},
		"metadata of a row of another type":  {"/batches", `{"rows":[{"phone_number":"+12025550142","metadata":{"a":{}}}]}`, api.ProblemCodeInvalidRequest, "/rows/0/metadata/a", "is an object"},
		"call ids that are none":             {"/dead-letters/redrive", `{"call_ids":"all"}`, api.ProblemCodeInvalidRequest, "/call_ids", "must be a list"},
		"a redrive of nothing":               {"/dead-letters/redrive", `{}`, api.ProblemCodeInvalidRequest, "/call_ids", "Name"},
		"a redrive without a body":           {"/dead-letters/redrive", "  ", api.ProblemCodeInvalidJSON, "-", "empty"},
		"true written as a string":           {"/dead-letters/redrive", `{"all":"true"}`, api.ProblemCodeInvalidRequest, "/all", "must be true or false"},
		"an unknown field of a redrive":      {"/dead-letters/redrive", `{"all":true,"limit":3}`, api.ProblemCodeInvalidRequest, "/limit", "no field"},
		"an agent's setting in another case": {"/batches", `{"rows":[{"phone_number":"+12025550142"}],"agent":{"Voice":"x"}}`, api.ProblemCodeInvalidRequest, "/agent/Voice", "no field"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := b.root.in(t).post("/v1"+c.path, c.body)
			if p := got.refused(c.code, c.field); !strings.Contains(p.Detail, c.detail) || len(p.Detail) > 1_000 {
				t.Errorf("it says: %s", p.Detail)
			}
		})
	}
	t.Cleanup(func() {
		if n := b.store.writes.Load(); n != 0 {
			t.Errorf("the store was written to %d times", n)
		}
	})
}

func TestACompressedBodyIsRefused(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	header := headers("Content-Type", "application/json", "Content-Encoding", "gzip")
	b.root.send(sending{http.MethodPost, "/v1/calls", strings.NewReader("\x1f\x8b"), header}).
		refused(api.ProblemCodeUnsupportedMediaType, "Content-Encoding")
}

func TestABodyOfAnotherTypeIsRefused(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	good := map[string]string{
		"POST /v1/calls":                `{"phone_number":"+12025550142"}`,
		"POST /v1/batches":              `{"rows":[{"phone_number":"+12025550142"}]}`,
		"POST /v1/dead-letters/redrive": `{"all":true}`,
		"PUT /v1/capacity":              `{"limit":3}`,
	}
	for route, body := range good {
		method, path, _ := strings.Cut(route, " ")
		send := func(mediaType string) *reply {
			header := headers("Content-Type", mediaType)
			if mediaType == "" {
				header = nil
			}
			return b.root.send(sending{method, path, strings.NewReader(body), header})
		}
		for _, mediaType := range []string{
			"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp",
			"application/json-patch+json", "application/merge-patch+json", "application/", "json", "*/*", "application/json; charset", "text/csv2",
		} {
			p := send(mediaType).refused(api.ProblemCodeUnsupportedMediaType, "Content-Type")
			if !strings.Contains(p.Detail, "application/json") {
				t.Errorf("%s of type %q: it says %s", route, mediaType, p.Detail)
			}
		}
		if path != "/v1/batches" {
			send("text/csv").refused(api.ProblemCodeUnsupportedMediaType, "Content-Type")
		}
		for _, mediaType := range []string{"application/json", "Application/JSON", "application/json; charset=utf-8", " application/json ;charset=UTF-8"} {
			if got := send(mediaType); got.status >= 400 {
				t.Errorf("%s of type %q: %s", route, mediaType, got.body)
			}
		}
	}
	for _, mediaType := range []string{"text/csv", "TEXT/CSV", "text/csv; charset=utf-8; header=present"} {
		b.anna.post("/v1/batches", "phone\n+12025550142\n", "Content-Type", mediaType).is(http.StatusAccepted)
	}
}

// padded is a JSON call of exactly n bytes.
func padded(n int) string {
	const begin, end = `{"phone_number":"+12025550142"`, `}`
	return begin + strings.Repeat(" ", n-len(begin)-len(end)) + end
}

// chunked is a body whose length its sender doesn't tell.
func chunked(body string) io.Reader { return io.MultiReader(strings.NewReader(body)) }

func TestABodyMayHave6MiBAndNotOneByteMore(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	made := b.makeThings()
	list := "phone\n+12025550142\n"
	list += strings.Repeat("\n", api.MaxBodyBytes-len(list))
	for route, c := range map[string]struct{ body, mediaType string }{
		"POST /v1/calls":   {padded(api.MaxBodyBytes), "application/json"},
		"POST /v1/batches": {list, "text/csv"},
		"POST /v1/batches/" + made.batch + "/pause": {strings.Repeat("x", api.MaxBodyBytes), "text/plain"},
	} {
		method, path, _ := strings.Cut(route, " ")
		header := headers("Content-Type", c.mediaType)
		b.root.send(sending{method, path, strings.NewReader(c.body), header}).is(http.StatusAccepted)
		b.root.send(sending{method, path, chunked(c.body), header}).is(http.StatusAccepted)
	}
	more := strings.Repeat(" ", api.MaxBodyBytes+1)
	before := b.touched()
	for i, route := range api.Routes {
		if route.Method == http.MethodGet {
			continue
		}
		s := goodRequest(route, made)
		s.body = strings.NewReader(more)
		if i%2 == 0 {
			s.body = chunked(more)
		}
		b.root.send(s).is(http.StatusRequestEntityTooLarge).refused(api.ProblemCodePayloadTooLarge, "-")
	}
	if b.touched() != before {
		t.Error("a body that is too large has touched the store")
	}
}

func TestAListMayHaveAHundredThousandRowsAndNotOneMore(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	good, missing := `{"phone_number":"+12025550142"}`, ",{}"
	asJSON := func(rows int) sending {
		return posting("/v1/batches", `{"rows":[`+good+strings.Repeat(missing, rows-1)+`]}`)
	}
	asCSV := func(rows int) sending {
		return posting("/v1/batches", "phone,name\n+12025550142,x\n"+strings.Repeat(",x\n", rows-1), "Content-Type", "text/csv")
	}
	for _, s := range []sending{asJSON(api.MaxRows), asCSV(api.MaxRows)} {
		got := decode[api.SubmittedBatch](b.anna.send(s).is(http.StatusAccepted))
		if got.Rows != 1 || got.Refused != api.MaxRows-1 {
			t.Errorf("%d rows and %d refused", got.Rows, got.Refused)
		}
	}
	writes := b.store.writes.Load()
	for _, c := range []struct {
		s     sending
		field string
		row   int
	}{{asJSON(api.MaxRows + 1), "/rows", api.MaxRows + 1}, {asCSV(api.MaxRows + 1), "body", api.MaxRows + 2}} {
		p := b.anna.send(c.s).is(http.StatusRequestEntityTooLarge).refused(api.ProblemCodeTooManyRows, c.field)
		if p.Errors[0].Row == nil || *p.Errors[0].Row != c.row {
			t.Errorf("the row is %+v, not %d", p.Errors[0], c.row)
		}
	}
	if b.store.writes.Load() != writes {
		t.Error("a list with too many rows was stored")
	}
}

func TestAListOfWhichNoRowIsGoodIsRefusedWithTheReasons(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	p := b.anna.post("/v1/batches", "phone\n12\n\n999\n", "Content-Type", "text/csv").is(http.StatusUnprocessableEntity).
		refused(api.ProblemCodeNoCallableRows, "body")
	var rows []string
	for _, e := range p.Errors[1:] {
		rows = append(rows, fmt.Sprint(*e.Row, e.Code))
	}
	if got := strings.Join(rows, " "); got != "2number_not_callable 4number_not_callable" && got != "2phone_number_invalid 4number_not_callable" {
		t.Errorf("the rows are %s", got)
	}
}
