package httpapi

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/outdial/outdial/contracts/api"
)

// queryParameters are those that each operation takes. Another one is refused:
// who writes dry-run for dry_run, or staus for status, must not get real calls
// or everybody's. (An operation that isn't listed here doesn't look at its query.)
var queryParameters = map[string][]string{
	"submitCall":          nil,
	"listCalls":           {"status", "batch", "number", "from", "to", "cursor", "limit"},
	"getCall":             nil,
	"cancelCall":          nil,
	"submitBatch":         append([]string{"dry_run"}, ofCSVBody...),
	"listBatches":         {"status", "cursor", "limit"},
	"getBatch":            nil,
	"listBatchCalls":      {"cursor", "limit"},
	"listBatchRefused":    {"cursor", "limit"},
	"listBatchSamples":    {"from", "to"},
	"exportBatchResults":  {"cursor", "limit", "skip"},
	"cancelBatch":         nil,
	"pauseBatch":          nil,
	"resumeBatch":         nil,
	"listDeadLetters":     {"cause", "batch", "cursor", "limit"},
	"countDeadLetters":    {"batch"},
	"redrive":             nil,
	"getRedrive":          nil,
	"getCapacity":         nil,
	"setCapacity":         nil,
	"listCapacitySamples": {"from", "to"},
	"getLimits":           nil,
}

// ofCSVBody are the parameters that hold the settings of a text/csv body.
var ofCSVBody = []string{
	"name", "region", "allow_duplicates", "number_column", "instructions", "voice", "first_words", "language", "time_limit",
}

// repeatable is the one parameter that may be given several times.
const repeatable = "status"

// checkQuery lets a request on only if its query says what can be understood.
func (s *Server) checkQuery(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if allowed, ok := queryParameters[routeOf(r.Context()).OperationID]; ok {
			if err := checkParameters(r, allowed); err != nil {
				s.fail(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func checkParameters(r *http.Request, allowed []string) error {
	given, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil { // url.URL.Query would drop what it can't read
		return problemError(api.ProblemCodeInvalidRequest, "The query can't be read. Write %% as %%25 and ; as %%3B in it.")
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		switch {
		case !slices.Contains(allowed, name):
			return fieldError(shortened(name), api.FieldErrorCodeUnknown, "There is no parameter %s here; %s.", shortened(name), known(allowed))
		case len(given[name]) > 1 && name != repeatable:
			return fieldError(name, api.FieldErrorCodeTooMany, "The parameter %s stands more than once; give it once.", name)
		case slices.Contains(ofCSVBody, name) && mediaType(r) == typeJSON:
			return fieldError(name, api.FieldErrorCodeConflict, "The parameter %s goes with a %s body only; a JSON body has a field for it.", name, typeCSV)
		}
	}
	return nil
}

func known(parameters []string) string {
	if len(parameters) == 0 {
		return "the route takes none"
	}
	return "the parameters are " + strings.Join(parameters, ", ")
}

// forms says what is right for parameters that are more than a text.
var forms = map[string]string{
	"limit":            "a whole number",
	"skip":             "a whole number",
	"time_limit":       "a whole number",
	"dry_run":          "true or false",
	"allow_duplicates": "true or false",
	"from":             timeForm,
	"to":               timeForm,
}

const timeForm = "a time as 2026-03-02T09:00:00Z; in a URL the + of a time zone is written %2B"
