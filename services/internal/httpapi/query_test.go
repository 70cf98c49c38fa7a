package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/httpapi"
)

func TestQueryParametersAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	for path, item := range document().Paths.Map() {
		for _, op := range item.Operations() {
			var want []string
			for _, p := range slices.Concat(item.Parameters, op.Parameters) {
				if p.Value.In == "query" {
					want = append(want, p.Value.Name)
				}
			}
			got, checked := httpapi.QueryParameters[op.OperationID]
			if !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
				t.Errorf("%s takes %v, and the document says %v", op.OperationID, got, want)
			}
			if mayRefuse := op.Responses.Value("400") != nil; checked != mayRefuse {
				t.Errorf("%s: its query is checked: %v; the document has an answer for that: %v", path, checked, mayRefuse)
			}
		}
	}
}

// A mistake in a parameter must not turn a dry run into calls, nor a filter into none.
func TestAQueryThatIsNotUnderstoodIsRefused(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	made := b.makeThings()
	before := b.store.writes.Load()
	list := func(query string) *reply {
		return b.root.post("/v1/batches?"+query, "phone\n+12025550142\n", "Content-Type", "text/csv")
	}
	asJSON := func(query string) *reply {
		return b.root.post("/v1/batches?"+query, `{"rows":[{"phone_number":"+12025550142"}]}`)
	}
	calls := func(query string) *reply { return b.root.get("/v1/calls?" + query) }
	results := func(query string) *reply { return b.root.get("/v1/batches/" + made.batch + "/results.csv?" + query) }
	_, cursor := csvPage(t, results("limit=1").is(http.StatusOK))
	for name, c := range map[string]struct {
		got   *reply
		field string
	}{
		"a misspelt dry run":                 {list("dryrun=true"), "dryrun"},
		"a dry run in another case":          {list("Dry_Run=true"), "Dry_Run"},
		"a dry run of a call":                {b.root.post("/v1/calls?dry_run=true", `{"phone_number":"+12025550142"}`), "dry_run"},
		"a dry run that is neither":          {list("dry_run=yes"), "dry_run"},
		"a dry run without a value":          {list("dry_run="), "dry_run"},
		"a dry run and none":                 {list("dry_run=true&dry_run=false"), "dry_run"},
		"a dry run twice":                    {list("dry_run=true&dry_run=true"), "dry_run"},
		"a dry run behind a semicolon":       {list("name=x;dry_run=true"), "-"},
		"a dry run cut off":                  {list("dry_run=tru%"), "-"},
		"a misspelt dry run of JSON":         {asJSON("dry-run=true"), "dry-run"},
		"a setting that belongs to CSV":      {asJSON("region=GB"), "region"},
		"a time limit of words":              {list("time_limit=ten"), "time_limit"},
		"duplicates of words":                {list("allow_duplicates=please"), "allow_duplicates"},
		"a region twice":                     {list("region=GB&region=DE"), "region"},
		"a filter that isn't there":          {calls("staus=queued"), "staus"},
		"a status that isn't there":          {calls("status=done"), "status"},
		"no status":                          {calls("status="), "status"},
		"statuses with a comma":              {calls("status=queued,failed"), "status"},
		"twelve statuses":                    {calls(strings.Repeat("&status=queued", 12)), "status"},
		"a batch's status that isn't there":  {b.root.get("/v1/batches?status=queued"), "status"},
		"no status of a batch":               {b.root.get("/v1/batches?status="), "status"},
		"five statuses of batches":           {b.root.get("/v1/batches?" + strings.Repeat("&status=active", 5)), "status"},
		"a skip of words":                    {results("skip=ten"), "skip"},
		"a skip below zero":                  {results("skip=-1"), "skip"},
		"a skip too large":                   {results("skip=9223372036854775808"), "skip"},
		"no skip":                            {results("skip="), "skip"},
		"a skip and a cursor":                {results("skip=0&cursor=" + cursor), "skip"},
		"a skip of calls":                    {b.root.get("/v1/batches/" + made.batch + "/calls?skip=1"), "skip"},
		"a skip twice":                       {results("skip=1&skip=1"), "skip"},
		"a batch that is none":               {calls("batch=x"), "batch"},
		"no batch":                           {calls("batch="), "batch"},
		"a batch twice":                      {calls("batch=" + made.batch + "&batch=" + made.batch), "batch"},
		"a call for a batch":                 {calls("batch=" + made.call), "batch"},
		"a number whose + became a blank":    {calls("number=+12025550142"), "number"},
		"a national number":                  {calls("number=02079460958"), "number"},
		"no number":                          {calls("number="), "number"},
		"a time without a zone":              {calls("from=2026-03-02T09:00:00"), "from"},
		"a zone whose + became a blank":      {calls("from=2026-03-02T09:00:00+02:00"), "from"},
		"a time twice":                       {calls("to=2026-03-02T09:00:00Z&to=2026-03-02T09:00:00Z"), "to"},
		"no beginning":                       {calls("from="), "from"},
		"no time":                            {calls("to="), "to"},
		"a word for a time":                  {calls("to=now"), "to"},
		"a limit twice":                      {calls("limit=1&limit=2"), "limit"},
		"a cursor twice":                     {calls("cursor=a&cursor=b"), "cursor"},
		"a cause that isn't there":           {b.root.get("/v1/dead-letters?cause=busy"), "cause"},
		"no cause":                           {b.root.get("/v1/dead-letters?cause="), "cause"},
		"a dead letter's batch that is none": {b.root.get("/v1/dead-letters?batch=x"), "batch"},
		"a count of a batch that is none":    {b.root.get("/v1/dead-letters/counts?batch=" + made.call), "batch"},
		"a count by cause":                   {b.root.get("/v1/dead-letters/counts?cause=launch_refused"), "cause"},
		"samples of no time":                 {b.root.get("/v1/capacity/samples?from="), "from"},
		"samples until a word":               {b.root.get("/v1/capacity/samples?to=now"), "to"},
		"samples of the future":              {b.root.get("/v1/capacity/samples?from=2200-01-01T00:00:00Z"), "from"},
		"samples backwards":                  {b.root.get("/v1/batches/" + made.batch + "/samples?from=2026-03-02T08:00:00Z&to=2026-03-02T08:00:00Z"), "from"},
		"samples in steps of one's own":      {b.root.get("/v1/batches/" + made.batch + "/samples?step=60"), "step"},
		"a parameter for none":               {b.root.get("/v1/calls/" + made.call + "?verbose=1"), "verbose"},
		"a parameter for a cancel":           {b.root.post("/v1/calls/"+made.call+"/cancel?force=1", ""), "force"},
		"a parameter without a name":         {calls("=1"), ""},
		"a very long one":                    {calls(strings.Repeat("x", 10_000) + "=1"), strings.Repeat("x", 200) + "…"},
	} {
		if c.got.status != http.StatusBadRequest {
			t.Errorf("%s: it is answered %d", name, c.got.status)
		}
		p, err := c.got.problem(api.ProblemCodeInvalidRequest, c.field)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if strings.HasSuffix(name, " twice") && p.Errors[0].Code != api.FieldErrorCodeTooMany {
			t.Errorf("%s: it says %s", name, p.Detail)
		}
	}
	if b.store.writes.Load() != before {
		t.Error("one of them was done")
	}
	for _, query := range []string{"dry_run=true", "dry_run=1", "dry_run=TRUE"} {
		list(query).is(http.StatusOK)
	}
	list("dry_run=false").is(http.StatusAccepted)
}
