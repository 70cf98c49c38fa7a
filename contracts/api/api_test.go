package api_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"
)

// server answers every operation as the test says; what the test doesn't
// speak of panics, since the embedded interface is nil.
type server struct {
	api.StrictServerInterface
	getCall            func(api.GetCallRequestObject) (api.GetCallResponseObject, error)
	submitCall         func(api.SubmitCallRequestObject) (api.SubmitCallResponseObject, error)
	submitBatch        func(api.SubmitBatchRequestObject) (api.SubmitBatchResponseObject, error)
	exportBatchResults func(api.ExportBatchResultsRequestObject) (api.ExportBatchResultsResponseObject, error)
	listCalls          func(api.ListCallsRequestObject) (api.ListCallsResponseObject, error)
}

func (s server) GetCall(_ context.Context, r api.GetCallRequestObject) (api.GetCallResponseObject, error) {
	return s.getCall(r)
}

func (s server) SubmitCall(_ context.Context, r api.SubmitCallRequestObject) (api.SubmitCallResponseObject, error) {
	return s.submitCall(r)
}

func (s server) SubmitBatch(_ context.Context, r api.SubmitBatchRequestObject) (api.SubmitBatchResponseObject, error) {
	return s.submitBatch(r)
}

func (s server) ExportBatchResults(_ context.Context, r api.ExportBatchResultsRequestObject) (api.ExportBatchResultsResponseObject, error) {
	return s.exportBatchResults(r)
}

func (s server) ListCalls(_ context.Context, r api.ListCallsRequestObject) (api.ListCallsResponseObject, error) {
	return s.listCalls(r)
}

var errBusy = errors.New("busy")

// start serves s under BasePath and gives a client for it.
func start(t *testing.T, s server) *api.ClientWithResponses {
	t.Helper()
	strict := api.NewStrictHandlerWithOptions(s, nil, api.StrictHTTPServerOptions{
		ResponseErrorHandlerFunc: func(w http.ResponseWriter, _ *http.Request, err error) {
			w.Header().Set("Content-Type", api.ProblemContentType)
			w.WriteHeader(api.ProblemCodeUnavailable.Status())
			if !errors.Is(err, errBusy) {
				t.Errorf("unexpected: %v", err)
			}
			_, _ = io.WriteString(w, `{"code": "unavailable"}`)
		},
	})
	ts := httptest.NewServer(api.HandlerWithOptions(strict, api.StdHTTPServerOptions{BaseURL: api.BasePath}))
	t.Cleanup(ts.Close)
	client, err := api.NewClientWithResponses(ts.URL + api.BasePath)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestEveryRouteIsServedUnderItsPattern(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	api.HandlerWithOptions(api.NewStrictHandler(server{}, nil), api.StdHTTPServerOptions{BaseURL: api.BasePath, BaseRouter: mux})
	for _, route := range api.Routes {
		path := api.BasePath + strings.ReplaceAll(route.Path, "{id}", "x")
		if _, pattern := mux.Handler(httptest.NewRequest(route.Method, path, http.NoBody)); pattern != route.Pattern() {
			t.Errorf("%s is served by %q", route.Pattern(), pattern)
		}
	}
}

func TestAnUnchangedCallIs304WithItsHeaders(t *testing.T) {
	t.Parallel()
	client := start(t, server{getCall: func(r api.GetCallRequestObject) (api.GetCallResponseObject, error) {
		if r.ID == "call_1" && r.Params.IfNoneMatch != nil && *r.Params.IfNoneMatch == `"7-3c9a51"` {
			return api.GetCall304Response{Headers: api.NotModifiedResponseHeaders{ETag: `"7-3c9a51"`, RetryAfter: new(2)}}, nil
		}
		return api.GetCall200JSONResponse{
			Body:    api.Call{ID: r.ID, Status: api.CallStatusInProgress},
			Headers: api.GetCall200ResponseHeaders{ETag: `"7-3c9a51"`},
		}, nil
	}})
	fresh, err := client.GetCallWithResponse(t.Context(), "call_1", nil)
	if err != nil || fresh.JSON200 == nil || fresh.JSON200.Status != api.CallStatusInProgress {
		t.Fatalf("%+v, %v", fresh, err)
	}
	etag := fresh.Headers200.ETag
	if fresh.Headers200.RetryAfter != nil {
		t.Errorf("Retry-After was not given and is %d", *fresh.Headers200.RetryAfter)
	}
	same, err := client.GetCallWithResponse(t.Context(), "call_1", &api.GetCallParams{IfNoneMatch: &etag})
	if err != nil || same.StatusCode() != http.StatusNotModified || len(same.Body) != 0 {
		t.Fatalf("%+v, %v", same, err)
	}
	if h := same.Headers304; h.ETag != etag || h.RetryAfter == nil || *h.RetryAfter != 2 {
		t.Errorf("%+v", h)
	}
}

func TestASubmittedCallCarriesKeyMetadataAndLocation(t *testing.T) {
	t.Parallel()
	client := start(t, server{submitCall: func(r api.SubmitCallRequestObject) (api.SubmitCallResponseObject, error) {
		if *r.Params.IdempotencyKey != "a key" {
			return nil, errBusy
		}
		return api.SubmitCall202JSONResponse{
			Body:    api.Call{ID: "call_1", PhoneNumber: r.Body.PhoneNumber, Metadata: r.Body.Metadata, CreatedAt: time.Unix(1, 0).UTC()},
			Headers: api.SubmitCall202ResponseHeaders{Location: "/v1/calls/call_1", IdempotentReplayed: new(true)},
		}, nil
	}})
	body := api.SubmitCallRequest{PhoneNumber: "+12025550143", Metadata: map[string]string{"appointment": "8812"}}
	got, err := client.SubmitCallWithResponse(t.Context(), &api.SubmitCallParams{IdempotencyKey: new("a key")}, body)
	if err != nil || got.JSON202 == nil || got.JSON202.Metadata["appointment"] != "8812" || got.JSON202.PhoneNumber != "+12025550143" {
		t.Fatalf("%+v, %v", got, err)
	}
	if h := got.Headers202; h.Location != "/v1/calls/call_1" || h.IdempotentReplayed == nil || !*h.IdempotentReplayed {
		t.Errorf("%+v", h)
	}
	if got := got.HTTPResponse.Header.Get(api.HeaderIdempotentReplayed); got != "true" {
		t.Errorf("Idempotent-Replayed is %q", got)
	}
}

func TestAListComesAsJSONOrAsCSV(t *testing.T) {
	t.Parallel()
	client := start(t, server{submitBatch: func(r api.SubmitBatchRequestObject) (api.SubmitBatchResponseObject, error) {
		preview := api.BatchPreview{RefusedByCode: map[string]int{}, RefusedRows: []api.RefusedRow{}}
		switch {
		case r.JSONBody != nil && r.Body == nil:
			preview.Rows = len(r.JSONBody.Rows)
		case r.Body != nil && *r.Params.Region == "GB" && *r.Params.TimeLimit == 60:
			text, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			preview.Rows = strings.Count(string(text), "\n") - 1
		default:
			return nil, errBusy
		}
		return api.SubmitBatch200JSONResponse{Body: preview}, nil
	}})
	dry := api.SubmitBatchParams{DryRun: new(true)}
	asJSON, err := client.SubmitBatchWithResponse(t.Context(), &dry, api.SubmitBatchRequest{Rows: []api.BatchRow{{PhoneNumber: "1"}, {}}})
	if err != nil || asJSON.JSON200 == nil || asJSON.JSON200.Rows != 2 {
		t.Errorf("as JSON: %+v, %v", asJSON, err)
	}
	params := api.SubmitBatchParams{DryRun: new(true), Region: new("GB"), TimeLimit: new(60)}
	list := strings.NewReader("phone\n020 7946 0958\n020 7946 0018\n020 7946 0021\n")
	asCSV, err := client.SubmitBatchWithBodyWithResponse(t.Context(), &params, "text/csv; charset=utf-8", list)
	if err != nil || asCSV.JSON200 == nil || asCSV.JSON200.Rows != 3 {
		t.Errorf("as CSV: %+v, %v", asCSV, err)
	}
}

func TestResultsAreStreamedWithTheLinkToTheNextPage(t *testing.T) {
	t.Parallel()
	const link = `</v1/batches/batch_1/results.csv?cursor=x&limit=1>; rel="next"`
	client := start(t, server{exportBatchResults: func(r api.ExportBatchResultsRequestObject) (api.ExportBatchResultsResponseObject, error) {
		answer := api.ExportBatchResults200TextCSVResponse{Body: strings.NewReader("row\r\n2\r\n")}
		answer.Headers.ETag = `"1"`
		if r.Params.Cursor == nil {
			answer.Headers.Link = new(link)
		}
		return answer, nil
	}})
	first, err := client.ExportBatchResultsWithResponse(t.Context(), "batch_1", &api.ExportBatchResultsParams{Limit: new(1)})
	if err != nil || string(first.Body) != "row\r\n2\r\n" || first.HTTPResponse.Header.Get("Content-Type") != "text/csv" {
		t.Fatalf("%+v, %v", first, err)
	}
	if got := first.Headers200.Link; got == nil || *got != link {
		t.Errorf("Link is %v", got)
	}
	last, err := client.ExportBatchResultsWithResponse(t.Context(), "batch_1", &api.ExportBatchResultsParams{Cursor: new("x")})
	if err != nil || last.Headers200.Link != nil {
		t.Errorf("%+v, %v", last, err)
	}
}

func TestFiltersOfAListArriveAsTheyWereGiven(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 3, 2, 9, 15, 4, 412e6, time.UTC)
	client := start(t, server{listCalls: func(r api.ListCallsRequestObject) (api.ListCallsResponseObject, error) {
		p := r.Params
		if len(p.Status) != 2 || p.Status[1] != api.CallStatusNoAnswer || *p.Number != "+12025550143" || !p.From.Equal(from) || p.To != nil || *p.Limit != 7 {
			return nil, errBusy
		}
		return api.ListCalls200JSONResponse{Body: api.CallList{Calls: []api.Call{}}, Headers: api.ListCalls200ResponseHeaders{ETag: `"1"`}}, nil
	}})
	got, err := client.ListCallsWithResponse(t.Context(), &api.ListCallsParams{
		Status: []api.CallStatus{api.CallStatusBusy, api.CallStatusNoAnswer},
		Number: new("+12025550143"), From: &from, Limit: new(7),
	})
	if err != nil || got.StatusCode() != http.StatusOK {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAProblemArrivesAsAProblem(t *testing.T) {
	t.Parallel()
	client := start(t, server{getCall: func(api.GetCallRequestObject) (api.GetCallResponseObject, error) {
		return nil, errBusy
	}})
	got, err := client.GetCallWithResponse(t.Context(), "call_1", nil)
	if err != nil || got.ApplicationProblemJSON503 == nil || got.ApplicationProblemJSON503.Code != api.ProblemCodeUnavailable {
		t.Errorf("%+v, %v", got, err)
	}
}
