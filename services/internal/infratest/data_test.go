package infratest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/outdial/outdial/services/internal/dynamo"
	"github.com/outdial/outdial/services/internal/queue"
)

// requests are what package dynamo asks DynamoDB for to make its table, by action.
func requests(t *testing.T) map[string]object {
	t.Helper()
	asked := map[string]object{}
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body object
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		asked[action] = body
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = fmt.Fprint(w, "{}")
	}))
	defer service.Close()
	client := dynamodb.New(dynamodb.Options{
		Region: "eu-central-1", BaseEndpoint: aws.String(service.URL), Credentials: aws.AnonymousCredentials{},
		DisableValidateResponseChecksum: true,
	})
	if err := dynamo.CreateTable(t.Context(), client, "table"); err != nil {
		t.Fatal(err)
	}
	return asked
}

// TestTheTableIsTheStores: every key, index, projection and the time to live are
// those that package dynamo reads and writes by, and is tested with.
func TestTheTableIsTheStores(t *testing.T) {
	t.Parallel()
	table := at[object](t, template(t, "data.yaml"), "Resources", "Table", "Properties")
	asked := requests(t)
	want := asked["CreateTable"]
	for _, name := range []string{"AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode"} {
		if got, want := text(t, table[name]), text(t, want[name]); got != want {
			t.Errorf("%s\nin the template: %s\nin the store:    %s", name, got, want)
		}
	}
	if want["LocalSecondaryIndexes"] != nil || table["LocalSecondaryIndexes"] != nil {
		t.Error("one of them has local indexes")
	}
	if got, want := text(t, table["TimeToLiveSpecification"]), text(t, asked["UpdateTimeToLive"]["TimeToLiveSpecification"]); got != want {
		t.Errorf("time to live\nin the template: %s\nin the store:    %s", got, want)
	}
}

// TestTheTableIsHardToLose says what stands between an operator's mistake and all records.
func TestTheTableIsHardToLose(t *testing.T) {
	t.Parallel()
	table := at[object](t, template(t, "data.yaml"), "Resources", "Table")
	for path, want := range map[string]any{
		"DeletionPolicy":                       "RetainExceptOnCreate",
		"UpdateReplacePolicy":                  "Retain",
		"Properties.DeletionProtectionEnabled": object{"Ref": "DeletionProtection"},
		"Properties.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled": true,
	} {
		if got := at[any](t, table, strings.Split(path, ".")...); text(t, got) != text(t, want) {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
}

// TestQueuesAreAsPackageQueueSays: receives before the dead-letter queue, and which
// one that is.
func TestQueuesAreAsPackageQueueSays(t *testing.T) {
	t.Parallel()
	data := template(t, "data.yaml")
	resources := map[queue.Name]string{
		queue.Calls: "CallsQueue", queue.CallsDead: "CallsDeadLetterQueue",
		queue.Events: "EventsQueue", queue.EventsDead: "EventsDeadLetterQueue",
	}
	all := ofType(t, data, "AWS::SQS::Queue")
	if len(all) != len(resources) {
		t.Errorf("there are %d queues, want %d", len(all), len(resources))
	}
	for name, resource := range resources {
		properties := all[resource]
		var want any
		if dead := name.DeadLetterQueue(); dead != "" {
			want = object{
				"deadLetterTargetArn": object{"Fn::GetAtt": []any{resources[dead], "Arn"}},
				"maxReceiveCount":     queue.MaxReceives,
			}
		}
		if text(t, properties["RedrivePolicy"]) != text(t, want) {
			t.Errorf("%s: the redrive policy is %v, want %v", resource, properties["RedrivePolicy"], want)
		}
		if properties["SqsManagedSseEnabled"] != true {
			t.Errorf("%s: not encrypted", resource)
		}
		if fourteenDays := 14 * 24 * 3600; text(t, properties["MessageRetentionPeriod"]) != text(t, fourteenDays) {
			t.Errorf("%s: keeps messages for %v s, want %d", resource, properties["MessageRetentionPeriod"], fourteenDays)
		}
	}
}

// TestVisibilityIsSixTimesTheTimeout of the function that reads the queue, and the
// batching window, as AWS has it; and each mapping answers with what it didn't finish.
func TestVisibilityIsSixTimesTheTimeout(t *testing.T) {
	t.Parallel()
	data, compute := template(t, "data.yaml"), template(t, "compute.yaml")
	for function, c := range map[string]struct{ event, queue string }{
		"WorkerFunction": {"Jobs", "CallsQueue"}, "TrackerFunction": {"Events", "EventsQueue"},
	} {
		timeout := at[float64](t, compute, "Resources", function, "Properties", "Timeout")
		visibility := at[float64](t, data, "Resources", c.queue, "Properties", "VisibilityTimeout")
		mapping := at[object](t, compute, "Resources", function, "Properties", "Events", c.event, "Properties")
		window := at[float64](t, mapping, "MaximumBatchingWindowInSeconds")
		if visibility != 6*timeout+window {
			t.Errorf("%s hides messages for %v s, %s takes %v s at most after %v s: want 6 times that and the window", c.queue, visibility, function, timeout, window)
		}
		if text(t, mapping["Queue"]) != text(t, object{"Ref": c.queue + "Arn"}) || text(t, mapping["FunctionResponseTypes"]) != `["ReportBatchItemFailures"]` ||
			text(t, mapping["BatchSize"]) != text(t, queue.MaxBatch) || at[any](t, mapping, "ScalingConfig", "MaximumConcurrency") == nil {
			t.Errorf("%s: its mapping is %v", function, mapping)
		}
	}
}

// TestOnlyTheRulesSendToTheEventsQueue, each to the queue and, where an event is
// worth keeping, to the dead-letter queue.
func TestOnlyTheRulesSendToTheEventsQueue(t *testing.T) {
	t.Parallel()
	data := template(t, "data.yaml")
	arn := func(name string) any { return object{"Fn::GetAtt": []any{name, "Arn"}} }
	rules := map[string]bool{"AgentEvents": true, "TaskEvents": true, "Tick": false} // with a dead-letter queue
	if found := ofType(t, data, "AWS::Events::Rule"); len(found) != len(rules) {
		t.Errorf("there are %d rules, want %d", len(found), len(rules))
	}
	for name, kept := range rules {
		rule := at[object](t, data, "Resources", name, "Properties")
		target := as[object](t, list(rule["Targets"])[0], name)
		if len(list(rule["Targets"])) != 1 || text(t, target["Arn"]) != text(t, arn("EventsQueue")) {
			t.Errorf("%s: its target is %v", name, rule["Targets"])
		}
		if (target["DeadLetterConfig"] != nil) != kept || kept && text(t, target["DeadLetterConfig"]) != text(t, object{"Arn": arn("EventsDeadLetterQueue")}) {
			t.Errorf("%s: undelivered events go to %v", name, target["DeadLetterConfig"])
		}
	}
	for queue, want := range map[string][]any{
		"EventsQueue":           {arn("AgentEvents"), arn("TaskEvents"), arn("Tick")},
		"EventsDeadLetterQueue": {arn("AgentEvents"), arn("TaskEvents")},
	} {
		policy := at[object](t, data, "Resources", queue+"Policy", "Properties")
		statements := at[[]any](t, policy, "PolicyDocument", "Statement")
		statement := as[object](t, statements[0], queue)
		got := object{"Queues": policy["Queues"], "Statement": statement}
		want := object{"Queues": []any{object{"Ref": queue}}, "Statement": object{
			"Effect": "Allow", "Principal": object{"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
			"Resource": arn(queue), "Condition": object{"ArnEquals": object{"aws:SourceArn": want}},
		}}
		if len(statements) != 1 || text(t, got) != text(t, want) {
			t.Errorf("%s: its policy is %s, want %s", queue, text(t, got), text(t, want))
		}
	}
}
