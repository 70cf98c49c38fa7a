package httpapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/contracts/examples"
)

// expectRefusal checks an answer against what an example of an invalid request expects.
func expectRefusal(t *testing.T, got *reply, want examples.Expect) {
	t.Helper()
	got.is(want.Status)
	p := decode[api.Problem](got)
	if string(p.Code) != want.Code {
		t.Errorf("the code is %s, not %s: %s", p.Code, want.Code, p.Detail)
	}
	if want.Code == string(api.ProblemCodeInvalidJSON) {
		return
	}
	if len(p.Errors) == 0 {
		t.Fatalf("no place is named: %s", got.body)
	}
	row := 0
	if p.Errors[0].Row != nil {
		row = *p.Errors[0].Row
	}
	if p.Errors[0].Field != want.Field || row != want.Row {
		t.Errorf("the place is %q, row %d, not %q, row %d: %s", p.Errors[0].Field, row, want.Field, want.Row, got.body)
	}
}

func TestEveryValidExampleOfACallIsAccepted(t *testing.T) {
	t.Parallel()
	for _, e := range examples.Valid(examples.Calls) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			got := b.anna.post("/v1/calls", string(e.Data)).is(e.Expect.Status)
			c := decode[api.Call](got)
			want := e.Expect.Accepted[0]
			if c.PhoneNumber != want.PhoneNumber || !maps.Equal(c.Metadata, want.Metadata) && len(want.Metadata) > 0 {
				t.Errorf("it became %s", got.body)
			}
			if c.Status != api.CallStatusQueued || c.Waiting == nil || c.Waiting.Reason != api.WaitingReasonCapacity || len(c.History) != 1 {
				t.Errorf("it begins as %s", got.body)
			}
			if location := got.header.Get("Location"); location != "/v1/calls/"+c.ID {
				t.Errorf("it is at %s", location)
			}
			if again := b.anna.get(got.header.Get("Location")).is(http.StatusOK); string(again.body) != string(got.body) {
				t.Errorf("there it is\n%s, and was\n%s", again.body, got.body)
			}
		})
	}
}

func TestEveryInvalidExampleOfACallIsRefused(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for _, e := range examples.Invalid(examples.Calls) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			expectRefusal(t, b.anna.in(t).post("/v1/calls", string(e.Data), "Content-Type", "application/json"), e.Expect)
		})
	}
	t.Cleanup(func() { // which runs after all of them
		if n := b.store.writes.Load(); n != 0 {
			t.Errorf("the store was written to %d times", n)
		}
	})
}

func TestEveryValidExampleOfAListIsAcceptedRowByRow(t *testing.T) {
	t.Parallel()
	for _, e := range examples.Valid(examples.Lists) {
		t.Run("as a CSV body/"+e.Name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			expectList(b, e.Expect, posting("/v1/batches?"+query(e.Expect), string(e.Data), "Content-Type", "text/csv"))
		})
	}
	for _, e := range examples.Valid(examples.Batches) {
		t.Run("as JSON/"+e.Name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			expectList(b, e.Expect, posting("/v1/batches", string(e.Data)))
		})
	}
}

func query(e examples.Expect) string {
	values := url.Values{}
	for name, value := range e.Query {
		values.Set(name, value)
	}
	return values.Encode()
}

// expectList submits a list, looks at what became of each row, and checks that
// an idle dry run had said the same.
func expectList(b *bundle, want examples.Expect, s sending) {
	b.t.Helper()
	got := b.anna.send(s).is(want.Status)
	list := decode[api.SubmittedBatch](got)
	if list.Rows != len(want.Accepted) || list.Refused != len(want.Refused) || list.Counts.Waiting != list.Rows || list.Status != api.BatchStatusActive {
		b.t.Errorf("it became %s", got.body)
	}
	if location := got.header.Get("Location"); location != "/v1/batches/"+list.ID {
		b.t.Errorf("it is at %s", location)
	}
	b.expand()
	calls := decode[api.CallList](b.anna.get("/v1/batches/" + list.ID + "/calls").is(http.StatusOK)).Calls
	if len(calls) != len(want.Accepted) {
		b.t.Fatalf("%d rows were accepted, not %d", len(calls), len(want.Accepted))
	}
	for i, c := range calls {
		row := want.Accepted[i]
		if *c.Row != row.Row || c.PhoneNumber != row.PhoneNumber || *c.BatchID != list.ID || !maps.Equal(c.Metadata, row.Metadata) {
			b.t.Errorf("row %d became %s in row %d with %v, not %+v", row.Row, c.PhoneNumber, *c.Row, c.Metadata, row)
		}
	}
	expectRefusedRows(b.t, list.RefusedRows, want.Refused)
	refused := decode[api.RefusedRowList](b.anna.get("/v1/batches/" + list.ID + "/refused").is(http.StatusOK))
	expectRefusedRows(b.t, refused.RefusedRows, want.Refused)
}

func expectRefusedRows(t *testing.T, got []api.RefusedRow, want []examples.Refused) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d rows were refused, not %d: %+v", len(got), len(want), got)
	}
	for i, row := range got {
		if row.Row != want[i].Row || string(row.Code) != want[i].Code {
			t.Errorf("row %d is refused with %s, not row %d with %s", row.Row, row.Code, want[i].Row, want[i].Code)
		}
		if digits := numbersIn([]byte(row.Value + " " + row.Message)); len(digits) > 0 {
			t.Errorf("row %d shows its number: %s, %s", row.Row, row.Value, row.Message)
		}
	}
}

func TestADryRunSaysTheSameAndStoresNothing(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for _, e := range examples.Valid(examples.Lists) {
		values := query(e.Expect) + "&dry_run=true"
		got := b.anna.post("/v1/batches?"+strings.TrimPrefix(values, "&"), string(e.Data), "Content-Type", "text/csv").is(http.StatusOK)
		preview := decode[api.BatchPreview](got)
		if preview.Rows != len(e.Expect.Accepted) || preview.Refused != len(e.Expect.Refused) {
			t.Errorf("%s: it says %s", e.Name, got.body)
		}
		expectRefusedRows(t, preview.RefusedRows, e.Expect.Refused)
	}
	none := decode[api.BatchPreview](b.anna.post("/v1/batches?dry_run=true", `{"rows":[{"phone_number":"12"}]}`).is(http.StatusOK))
	if none.Rows != 0 || none.Refused != 1 {
		t.Errorf("of a list without a good row it says %+v", none)
	}
	if n := b.store.writes.Load(); n != 0 {
		t.Errorf("the store was written to %d times", n)
	}
}

func TestEveryInvalidExampleOfAListIsRefused(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for _, e := range examples.Invalid(examples.Lists) {
		t.Run("as a CSV body/"+e.Name, func(t *testing.T) {
			t.Parallel()
			expectRefusal(t, b.anna.in(t).post("/v1/batches?"+query(e.Expect), string(e.Data), "Content-Type", "text/csv; charset=utf-8"), e.Expect)
		})
	}
	for _, e := range examples.Invalid(examples.Batches) {
		t.Run("as JSON/"+e.Name, func(t *testing.T) {
			t.Parallel()
			expectRefusal(t, b.anna.in(t).post("/v1/batches", string(e.Data), "Content-Type", "application/json"), e.Expect)
		})
	}
	t.Cleanup(func() {
		if n := b.store.writes.Load(); n != 0 {
			t.Errorf("the store was written to %d times", n)
		}
	})
}

func TestSettingsOfACSVBodyStandInTheQueryAndOfJSONInTheBody(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	query := url.Values{
		"name": {"Appointments, 3 March"}, "region": {"GB"}, "allow_duplicates": {"true"}, "number_column": {"Kontakt"},
		"instructions": {"Remind them; be brief."}, "voice": {"marin"}, "first_words": {"Hello!"}, "language": {"en-GB"}, "time_limit": {"90"},
	}
	list := "Kontakt,phone\n020 7946 0958,x\n020 7946 0958,y\n"
	asCSV := b.anna.post("/v1/batches?"+query.Encode(), list, "Content-Type", "text/csv").is(http.StatusAccepted)
	asJSON := b.anna.post("/v1/batches", fmt.Sprintf(`{"name":"Appointments, 3 March","region":"GB","allow_duplicates":true,"number_column":"Kontakt",
		"agent":{"instructions":"Remind them; be brief.","voice":"marin","first_words":"Hello!","language":"en-GB","time_limit":90},"csv":%q}`, list)).is(http.StatusAccepted)
	if plain(string(asCSV.body)) != plain(string(asJSON.body)) {
		t.Errorf("they became\n%s\n%s", asCSV.body, asJSON.body)
	}
	got := decode[api.SubmittedBatch](asCSV)
	agent := fmt.Sprint(*got.Agent.Instructions, *got.Agent.Voice, *got.Agent.FirstWords, *got.Agent.Language, *got.Agent.TimeLimit)
	if *got.Name != query.Get("name") || got.Rows != 2 || agent != "Remind them; be brief.marinHello!en-GB90" {
		t.Errorf("it became %s", asCSV.body)
	}
	b.expand()
	calls := decode[api.CallList](b.anna.get("/v1/batches/" + got.ID + "/calls"))
	if c := calls.Calls[0]; *c.Agent.Voice != "marin" || *c.Agent.TimeLimit != 90 {
		t.Errorf("a call of it has %+v", c.Agent)
	}
}

func TestOfManyRefusedRowsTheFirstThousandAreInTheAnswer(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	list := "phone,name\n+12025550142,good\n" + strings.Repeat(",nobody\n", 1_100)
	got := decode[api.SubmittedBatch](b.anna.post("/v1/batches", list, "Content-Type", "text/csv").is(http.StatusAccepted))
	if got.Refused != 1_100 || got.RefusedByCode["phone_number_missing"] != 1_100 || len(got.RefusedRows) != 1_000 {
		t.Errorf("it says %d, %v and lists %d", got.Refused, got.RefusedByCode, len(got.RefusedRows))
	}
}

func TestACallThatIsAcceptedIsNeverAnsweredAsAnError(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.store.fault.Store(&fault{method: "Capacity", err: errBroken})
	got := decode[api.Call](b.anna.post("/v1/calls", `{"phone_number":"+12025550142"}`).is(http.StatusAccepted))
	b.store.fault.Store(nil)
	if got.Waiting != nil {
		t.Errorf("it claims to know why the call waits: %+v", got.Waiting)
	}
	b.anna.get("/v1/calls/" + got.ID).is(http.StatusOK)
}
