package mapping_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outdial/outdial/e2e/internal/aws"
	"github.com/outdial/outdial/e2e/internal/mapping"
)

// queue is SQS with the messages m1 to m3, which come once. It notes what becomes
// of each.
type queue struct {
	server *httptest.Server

	mu      sync.Mutex
	come    bool
	deleted []string // receipts
	shown   []string // receipts of messages that will be seen again, with after how many seconds
	broken  int      // how many calls are answered with an error yet
	keys    []string // who called, and what
	settled chan struct{}
}

var ids = []string{"m1", "m2", "m3"}

func newQueue(t *testing.T) *queue {
	t.Helper()
	q := &queue{settled: make(chan struct{}, 100)}
	q.server = httptest.NewServer(q)
	t.Cleanup(q.server.Close)
	return q
}

func (q *queue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		MaxNumberOfMessages int
		Entries             []struct{ ReceiptHandle string }
		ReceiptHandle       string
		VisibilityTimeout   int
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	key, _, _ := aws.Caller(r.Header.Get("Authorization"))
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.broken > 0 {
		q.broken--
		(&aws.Error{Status: 500, Code: "InternalError", Message: "broken"}).Write(w)
		return
	}
	answer := map[string]any{}
	switch operation {
	case "ReceiveMessage":
		if q.come {
			w.Header().Set("Content-Type", "application/json") // nothing is left
			break
		}
		q.come = true
		var messages []map[string]any
		for _, id := range ids[:min(len(ids), in.MaxNumberOfMessages)] {
			attributes := map[string]string{"ApproximateReceiveCount": "1"}
			if id != "m1" {
				attributes["AWSTraceHeader"] = "Root=1;Lineage=" + id + ":1"
			}
			messages = append(messages, map[string]any{
				"MessageId": id, "ReceiptHandle": "r-" + id, "Body": "body of " + id, "MD5OfBody": "md5", "Attributes": attributes,
			})
		}
		answer["Messages"] = messages
	case "DeleteMessageBatch":
		for _, e := range in.Entries {
			q.deleted = append(q.deleted, e.ReceiptHandle)
			q.settled <- struct{}{}
		}
	case "ChangeMessageVisibility":
		q.shown = append(q.shown, fmt.Sprint(in.ReceiptHandle, " in ", in.VisibilityTimeout))
		q.settled <- struct{}{}
	}
	q.keys = append(q.keys, key+" "+operation)
	_ = json.NewEncoder(w).Encode(answer)
}

// function gives one answer to everything.
type function struct {
	answer string
	err    error

	mu     sync.Mutex
	events [][]byte
	traces []string
}

func (f *function) InvokeTraced(_ context.Context, traces []string, event []byte) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events, f.traces = append(f.events, event), append(f.traces, traces...)
	return []byte(f.answer), f.err
}

// run runs a mapping until all three messages are settled.
func run(t *testing.T, q *queue, f *function, reports bool) {
	t.Helper()
	m := mapping.Start(mapping.Config{
		QueueURL: "http://queue", QueueARN: "arn:queue", BatchSize: 10, Concurrency: 1, ReportsFailures: reports, Function: f,
		SQS: aws.Client{URL: q.server.URL, Key: "ROLE"}, Operator: aws.Client{URL: q.server.URL, Key: "OWNER"},
		RedeliveredAfter: 7 * time.Second, Log: t.Logf,
	})
	defer m.Stop()
	for range ids {
		select {
		case <-q.settled:
		case <-time.After(30 * time.Second):
			t.Fatal("not all messages are settled")
		}
	}
}

// TestWhatBecomesOfABatch follows the table of partial answers in Lambda's guide
// (docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html).
func TestWhatBecomesOfABatch(t *testing.T) {
	t.Parallel()
	partial := func(items ...string) string { return `{"batchItemFailures":[` + strings.Join(items, ",") + `]}` }
	for name, c := range map[string]struct {
		answer  string
		err     error
		reports bool
		failed  []string
	}{
		"nothing failed":                    {partial(), nil, true, nil},
		"no list":                           {`{"batchItemFailures":null}`, nil, true, nil},
		"an empty object":                   {`{}`, nil, true, nil},
		"null":                              {`null`, nil, true, nil},
		"one failed":                        {partial(`{"itemIdentifier":"m2"}`), nil, true, []string{"m2"}},
		"two failed":                        {partial(`{"itemIdentifier":"m3"}`, `{"itemIdentifier":"m1"}`), nil, true, []string{"m1", "m3"}},
		"no JSON":                           {`ok`, nil, true, ids},
		"an empty identifier":               {partial(`{"itemIdentifier":""}`), nil, true, ids},
		"an identifier that is null":        {partial(`{"itemIdentifier":null}`), nil, true, ids},
		"another key":                       {partial(`{"messageId":"m2"}`), nil, true, ids},
		"an identifier that isn't there":    {partial(`{"itemIdentifier":"m2"}`, `{"itemIdentifier":"m9"}`), nil, true, ids},
		"the function failed":               {partial(), errors.New("it died"), true, ids},
		"it failed, and reports nothing":    {"", errors.New("it died"), false, ids},
		"it succeeded, and reports nothing": {partial(`{"itemIdentifier":"m2"}`), nil, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := newQueue(t)
			run(t, q, &function{answer: c.answer, err: c.err}, c.reports)
			q.mu.Lock()
			defer q.mu.Unlock()
			var deleted, shown []string
			for _, id := range ids {
				if slices.Contains(c.failed, id) {
					shown = append(shown, "r-"+id+" in 7")
				} else {
					deleted = append(deleted, "r-"+id)
				}
			}
			if !slices.Equal(q.deleted, deleted) || !slices.Equal(q.shown, shown) {
				t.Errorf("deleted are %v, and seen again %v; want %v and %v", q.deleted, q.shown, deleted, shown)
			}
		})
	}
}

func TestABatchHasTheShapeThatAWSDocuments(t *testing.T) {
	t.Parallel()
	q, f := newQueue(t), &function{answer: `{}`}
	run(t, q, f, true)
	f.mu.Lock()
	defer f.mu.Unlock()
	var event struct{ Records []map[string]any }
	if err := json.Unmarshal(f.events[0], &event); err != nil || len(f.events) != 1 || len(event.Records) != len(ids) {
		t.Fatalf("%d events, %v: %s", len(f.events), err, f.events)
	}
	want := map[string]any{
		"messageId": "m1", "receiptHandle": "r-m1", "body": "body of m1", "md5OfBody": "md5", "messageAttributes": map[string]any{},
		"attributes": map[string]any{"ApproximateReceiveCount": "1"}, "eventSource": "aws:sqs", "eventSourceARN": "arn:queue", "awsRegion": aws.Region,
	}
	if !reflect.DeepEqual(event.Records[0], want) {
		t.Errorf("a record is %v", event.Records[0])
	}
}

func TestAFunctionIsToldWhatItsMessagesFollowFrom(t *testing.T) {
	t.Parallel()
	q, f := newQueue(t), &function{answer: `{}`}
	run(t, q, f, true)
	f.mu.Lock()
	defer f.mu.Unlock()
	if want := []string{"Root=1;Lineage=m2:1", "Root=1;Lineage=m3:1"}; !slices.Equal(f.traces, want) {
		t.Errorf("the traces are %q, want %q", f.traces, want)
	}
}

func TestAMappingCallsWithTheFunctionsRoleAndOutlastsABrokenQueue(t *testing.T) {
	t.Parallel()
	q := newQueue(t)
	q.broken = 2
	run(t, q, &function{answer: `{"batchItemFailures":[{"itemIdentifier":"m1"}]}`}, true)
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, want := range []string{"ROLE ReceiveMessage", "ROLE DeleteMessageBatch", "OWNER ChangeMessageVisibility"} {
		if !slices.Contains(q.keys, want) {
			t.Errorf("the calls are %v, without %s", q.keys, want)
		}
	}
}
