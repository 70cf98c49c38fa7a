package gateway_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/oklog/ulid/v2"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/gateway"
	"github.com/outdial/outdial/services/internal/httpapi"
	"github.com/outdial/outdial/services/internal/intake"
	"github.com/outdial/outdial/services/internal/memory"
	"github.com/outdial/outdial/services/internal/queue"
)

// newAPI is the real API behind the gateway.
func newAPI() gateway.Function {
	store, messages := memory.New(call.Capacity{}), memory.NewQueue(time.Now)
	newULID := func() string { return ulid.Make().String() }
	log := slog.New(slog.DiscardHandler)
	jobs, looks := queue.JobSender{Queue: messages}, queue.EventSender{Queue: messages}
	server := &httpapi.Server{
		Store:  store,
		Intake: &intake.Service{Store: store, Jobs: jobs, Looks: looks, Now: time.Now, NewULID: newULID, Log: log},
		SignIn: gateway.SignIn{}, Now: time.Now, NewULID: newULID, Log: log,
	}
	return gateway.New(server.Handler())
}

// maxEvent is how many bytes an event has at most: more never reaches a function.
const maxEvent = 6_291_456

// submission is an event with a call list, and its size, which is what Lambda bounds.
func submission(t *testing.T, contentType, body string, base64 bool) (e events.APIGatewayV2HTTPRequest, size int) {
	t.Helper()
	e = event("POST", "/v1/batches", "", body)
	e.Headers["content-type"], e.IsBase64Encoded = contentType, base64
	e.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: map[string]string{
			"sub": "anna", "username": "anna", "client_id": "cli", "token_use": "access", "scope": "calls/write", "exp": "4000000000",
		}},
	}
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return e, len(data)
}

// lists are the same call list as CSV and as JSON, by content type.
func lists(rows int) map[string]string {
	var csv, list strings.Builder
	csv.WriteString("phone_number\n")
	for i := range rows {
		fmt.Fprintf(&csv, "+4930%06d\n", 100_000+i)
		fmt.Fprintf(&list, `,{"phone_number":"+4930%06d"}`, 100_000+i)
	}
	return map[string]string{"text/csv": csv.String(), "application/json": `{"rows":[` + list.String()[1:] + `]}`}
}

// TestTheLargestListFitsAnEvent: 100,000 rows, in JSON with each quote escaped. In
// short mode fewer are accepted.
func TestTheLargestListFitsAnEvent(t *testing.T) {
	t.Parallel()
	for contentType, body := range lists(api.MaxRows) {
		if _, size := submission(t, contentType, body, false); size > maxEvent {
			t.Errorf("%s: the event has %d bytes", contentType, size)
		}
	}
	rows := api.MaxRows
	if testing.Short() {
		rows = 2_000
	}
	for contentType, body := range lists(rows) {
		e, _ := submission(t, contentType, body, false)
		got, err := newAPI()(t.Context(), e)
		var batch api.SubmittedBatch
		if err == nil {
			err = json.Unmarshal([]byte(got.Body), &batch)
		}
		if err != nil || got.StatusCode != http.StatusAccepted || batch.Rows != rows {
			t.Errorf("%s: %d, %d rows accepted, %v: %.300s", contentType, got.StatusCode, batch.Rows, err, got.Body)
		}
	}
}

// TestABodyOverTheLimitIsRefused, should it get as far as here: an event with such a
// body is more than Lambda takes, in base64 already one with three quarters of it.
func TestABodyOverTheLimitIsRefused(t *testing.T) {
	t.Parallel()
	const row = "phone_number\n+493010000000"
	for _, c := range []struct {
		length   int
		tooLarge bool
	}{{api.MaxBodyBytes, false}, {api.MaxBodyBytes + 1, true}} {
		e, size := submission(t, "text/csv", row+strings.Repeat("0", c.length-len(row)), false)
		got, err := newAPI()(t.Context(), e)
		if (got.StatusCode == http.StatusRequestEntityTooLarge) != c.tooLarge || err != nil {
			t.Errorf("%d bytes: %d (%v) %.300s", c.length, got.StatusCode, err, got.Body)
		}
		if size <= maxEvent {
			t.Errorf("an event with %d bytes of body has %d", c.length, size)
		}
	}
	if _, size := submission(t, "application/octet-stream", strings.Repeat("A", api.MaxBodyBytes), true); size <= maxEvent {
		t.Errorf("an event with three quarters of the largest body in base64 has %d bytes", size)
	}
}
