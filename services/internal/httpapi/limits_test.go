package httpapi_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/httpapi"
	"github.com/outdial/outdial/services/internal/prices"
)

func TestTheLimitsAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	got := decode[api.Limits](b.anna.get("/v1/limits").is(http.StatusOK))
	schemas := document().Components.Schemas
	most := func(schema, field string) int { return int(*schemas[schema].Value.Properties[field].Value.MaxLength) }
	time := schemas["AgentSettings"].Value.Properties["time_limit"].Value
	page := func(name string) api.Range {
		limit := document().Components.Parameters[name].Value.Schema.Value
		standard, _ := limit.Default.(float64)
		return api.Range{Min: *limit.Min, Max: *limit.Max, Default: &standard}
	}
	standard, _ := time.Default.(float64)
	capacity := schemas["SetCapacityRequest"].Value.Properties
	want := api.Limits{
		BodyBytes: api.MaxBodyBytes, Rows: api.MaxRows, RefusedRows: api.MaxRefusedInline, RedriveCalls: api.MaxRedriveCalls,
		BatchName: most("SubmitBatchRequest", "name"), PhoneNumber: most("SubmitCallRequest", "phone_number"), DeadLettersCounted: 5_000,
		Agent: api.AgentLimits{
			Instructions: most("AgentSettings", "instructions"), Voice: most("AgentSettings", "voice"),
			FirstWords: most("AgentSettings", "first_words"), Language: most("AgentSettings", "language"),
			TimeLimit: api.Range{Min: *time.Min, Max: *time.Max, Default: &standard},
		},
		Metadata: api.MetadataLimits{
			Keys: int(*schemas["Metadata"].Value.MaxProps), Key: 64, Value: int(*schemas["Metadata"].Value.AdditionalProperties.Schema.Value.MaxLength),
			Batch: 2_000,
		},
		Page: api.PageLimits{List: page("Limit"), Refused: page("RefusedLimit"), Results: page("ExportLimit")},
		Capacity: api.CapacityLimits{
			Limit: api.Range{Min: *capacity["limit"].Value.Min, Max: *capacity["limit"].Value.Max},
			Rate:  api.Range{Min: *capacity["rate"].Value.Min, Max: *capacity["rate"].Value.Max},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("they are\n%+v, and the document says\n%+v", got, want)
	}
}

// What the document's schemas can't say is what the server really does.
func TestTheLimitsAreWhatTheServerTakes(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	limits := decode[api.Limits](b.anna.get("/v1/limits").is(http.StatusOK))
	submit := func(key string) *reply {
		return b.anna.post("/v1/calls", fmt.Sprintf(`{"phone_number":"+12025550142","metadata":{%q:"x"}}`, key))
	}
	submit(strings.Repeat("k", limits.Metadata.Key)).is(http.StatusAccepted)
	submit(strings.Repeat("k", limits.Metadata.Key+1)).is(http.StatusBadRequest)
	var values []string
	for n := range limits.Metadata.Batch / 500 {
		values = append(values, fmt.Sprintf(`"k%d":%q`, n, strings.Repeat("v", 498)))
	}
	list := func(more string) *reply {
		return b.anna.post("/v1/batches", `{"rows":[{"phone_number":"+12025550142"}],"metadata":{`+strings.Join(values, ",")+more+`}}`)
	}
	list("").is(http.StatusAccepted)
	list(`,"k":""`).is(http.StatusBadRequest)
}

func TestPricesAreShownWhereTheyAreKnown(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		known *prices.List
		want  string
	}{
		"not known": {nil, ""},
		"with a default": {
			&prices.List{Currency: "EUR", PerMinute: []prices.Price{{Prefix: "+49", Price: "0.12"}}, Default: "0.45"},
			`"prices":{"currency":"EUR","default":"0.45","per_minute":[{"prefix":"+49","price":"0.12"}]}`,
		},
		"with a default alone":  {&prices.List{Currency: "USD", Default: "1"}, `"prices":{"currency":"USD","default":"1","per_minute":[]}`},
		"without a default one": {&prices.List{Currency: "USD", PerMinute: []prices.Price{{Prefix: "+1", Price: "2"}}}, `"prices":{"currency":"USD","per_minute":[{"prefix":"+1","price":"2"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t, func(s *httpapi.Server) { s.Prices = test.known })
			got := string(b.anna.get("/v1/limits").is(http.StatusOK).body)
			if test.want == "" && strings.Contains(got, "prices") || !strings.Contains(got, test.want) {
				t.Errorf("it is %s", got)
			}
		})
	}
}
