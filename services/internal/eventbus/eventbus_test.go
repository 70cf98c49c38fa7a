package eventbus_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/outdial/outdial/contracts/examples"
	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/eventbus"
	"github.com/outdial/outdial/services/internal/localstack"
)

func TestPublishUnderFaults(t *testing.T) {
	t.Parallel()
	const taken = `{"FailedEntryCount":0,"Entries":[{"EventId":"11710aed-b79e-4468-a20b-bb3c0c3b4860"}]}`
	for name, c := range map[string]struct {
		status   int
		answers  []string // "": the connection breaks; the last one is repeated
		requests int32
		mentions string // of the error; "": none
	}{
		"taken":                             {200, []string{taken}, 1, ""},
		"the answer is lost, so once more":  {200, []string{"", taken}, 2, ""},
		"every answer is lost":              {200, []string{""}, 3, "bus outdial"},
		"not taken, in a good answer":       {200, []string{`{"FailedEntryCount":1,"Entries":[{"ErrorCode":"InternalFailure","ErrorMessage":"a reason"}]}`}, 1, "InternalFailure: a reason"},
		"not taken, and nobody says why":    {200, []string{`{"FailedEntryCount":1,"Entries":[{}]}`}, 1, "refused without a reason"},
		"not allowed":                       {400, []string{`{"__type":"AccessDeniedException","message":"no"}`}, 1, "AccessDeniedException"},
		"EventBridge in trouble":            {500, []string{`{"__type":"InternalException","message":"no"}`}, 3, "InternalException"},
		"EventBridge in trouble for a time": {200, []string{"", "", taken}, 3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				answer := c.answers[min(int(requests.Add(1)), len(c.answers))-1]
				if r.Header.Get("X-Amz-Target") != "AWSEvents.PutEvents" {
					t.Errorf("EventBridge doesn't understand %v", r.Header)
				}
				if answer == "" {
					connection, _, err := http.NewResponseController(w).Hijack()
					if err != nil || connection.Close() != nil {
						t.Errorf("the connection doesn't break: %v", err)
					}
					return
				}
				w.Header().Set("Content-Type", "application/x-amz-json-1.1")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, answer)
			}))
			t.Cleanup(server.Close)
			err := eventbus.NewPublisher(client(server.URL), "outdial").Publish(t.Context(), busy(t))
			if (err == nil) != (c.mentions == "") || err != nil && !strings.Contains(err.Error(), c.mentions) {
				t.Errorf("the error is %v; want %q", err, c.mentions)
			}
			if n := requests.Load(); n != c.requests {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func client(url string) *eventbridge.Client {
	return eventbridge.New(eventbridge.Options{
		Region:       "eu-central-1",
		Credentials:  credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		BaseEndpoint: &url,
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	})
}

// busy is an event of an agent.
func busy(t *testing.T) messages.Event {
	t.Helper()
	for _, e := range examples.Valid(examples.Events) {
		if e.Name == "ended-busy" {
			return parsed(t, e.Data)
		}
	}
	t.Fatal("no example of it")
	return messages.Event{}
}

func parsed(t *testing.T, data []byte) messages.Event {
	t.Helper()
	e, err := messages.ParseEvent(data)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAnEventIsPutWithSourceTypeAndTime(t *testing.T) {
	t.Parallel()
	requests := make(chan map[string]any, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked map[string]any
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
		}
		requests <- asked
		_, _ = io.WriteString(w, `{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}`)
	}))
	t.Cleanup(server.Close)
	event := busy(t)
	if err := eventbus.NewPublisher(client(server.URL), "outdial").Publish(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	detail, err := messages.EncodeEvent(event)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"Entries": []any{map[string]any{
		"EventBusName": "outdial", "Source": "outdial.agent", "DetailType": "ended", "Detail": string(detail),
		"Time": float64(event.At.UnixMilli()) / 1000,
	}}}
	if asked := <-requests; !reflect.DeepEqual(asked, want) {
		t.Errorf("got  %v\nwant %v", asked, want)
	}
}

func TestWhatTheContractRefusesIsNotPut(t *testing.T) {
	t.Parallel()
	publisher := eventbus.NewPublisher(client("http://127.0.0.1:1"), "outdial")
	if err := publisher.Publish(t.Context(), messages.Event{Type: "other"}); err == nil || !strings.Contains(err.Error(), "encode an event") {
		t.Errorf("%v", err)
	}
}

// What needs LocalStack runs in full mode only.
func TestEventsGoFromTheBusToTheTracker(t *testing.T) {
	if testing.Short() {
		return
	}
	config := localstack.Config(t)
	events, queues := eventbridge.NewFromConfig(config), sqs.NewFromConfig(config)
	name := fmt.Sprintf("outdial-%d", time.Now().UnixNano())
	if _, err := events.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: &name}); err != nil {
		t.Fatal(err)
	}
	url := queue(t, queues, name)
	standard := "default"
	lead(t, events, name+"-agents", name, `{"source": ["outdial.agent"]}`)
	lead(t, events, name+"-tasks", standard, `{"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"], "detail": {"lastStatus": ["STOPPED"]}}`)

	publisher := eventbus.NewPublisher(events, name)
	for _, e := range examples.Valid(examples.Events) {
		want := parsed(t, e.Data)
		if want.Nonce == "" {
			continue // not of an agent
		}
		if err := publisher.Publish(t.Context(), want); err != nil {
			t.Fatalf("%s: %v", e.Name, err)
		}
		if got := receive(t, queues, url); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v came as %+v", e.Name, want, got)
		}
	}

	var change struct {
		Source string          `json:"source"`
		Type   string          `json:"detail-type"`
		Detail json.RawMessage `json:"detail"`
	}
	stopped := changeOf(t, &change)
	detail := string(change.Detail)
	_, err := events.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		EventBusName: &standard, Source: &change.Source, DetailType: &change.Type, Detail: &detail,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := receive(t, queues, url); !reflect.DeepEqual(got, stopped) {
		t.Errorf("%+v came as %+v", stopped, got)
	}
}

// changeOf reads ECS's event into v and gives what it means.
func changeOf(t *testing.T, v any) messages.Event {
	t.Helper()
	data := change(t, nil)
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
	e, ok, err := eventbus.Decode(data)
	if !ok || err != nil {
		t.Fatalf("%t, %v", ok, err)
	}
	return e
}

func queue(t *testing.T, client *sqs.Client, name string) (url string) {
	t.Helper()
	out, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return *out.QueueUrl
}

// lead makes a rule that leads events from a bus to the queue that the rule's name begins with.
func lead(t *testing.T, client *eventbridge.Client, rule, bus, pattern string) {
	t.Helper()
	if _, err := client.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: &rule, EventBusName: &bus, EventPattern: &pattern}); err != nil {
		t.Fatal(err)
	}
	target, id := "arn:aws:sqs:eu-central-1:000000000000:"+rule[:strings.LastIndexByte(rule, '-')], "events-queue"
	out, err := client.PutTargets(t.Context(), &eventbridge.PutTargetsInput{
		Rule: &rule, EventBusName: &bus, Targets: []types.Target{{Arn: &target, Id: &id}},
	})
	if err != nil || out.FailedEntryCount > 0 {
		t.Fatalf("%v %+v", err, out)
	}
	t.Cleanup(func() { // on the default bus, others would meet it
		ctx := context.WithoutCancel(t.Context())
		_, err := client.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: &rule, EventBusName: &bus, Ids: []string{id}})
		if err == nil {
			_, err = client.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: &rule, EventBusName: &bus})
		}
		if err != nil {
			t.Error(err)
		}
	})
}

// receive waits for the next message and gives the event that it is.
func receive(t *testing.T, client *sqs.Client, url string) messages.Event {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 1})
		if err != nil || time.Now().After(end) {
			t.Fatalf("no event came: %v", err)
		}
		for _, m := range out.Messages {
			if _, err := client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); err != nil {
				t.Fatal(err)
			}
			e, ok, err := eventbus.Decode([]byte(*m.Body))
			if err != nil || !ok {
				t.Fatalf("%s: %t, %v", *m.Body, ok, err)
			}
			return e
		}
	}
}
