package iam_test

import (
	"encoding/json"
	"testing"

	"github.com/outdial/outdial/e2e/internal/iam"
)

const policy = `{"Statement": [
	{"Sid": "Table", "Effect": "Allow", "Action": ["dynamodb:PutItem", "dynamodb:UpdateItem"], "Resource": "arn:aws:dynamodb:eu-central-1:000000000000:table/calls"},
	{"Sid": "Indexes", "Effect": "Allow", "Action": "dynamodb:Query", "Resource": "arn:aws:dynamodb:eu-central-1:000000000000:table/calls/index/*"},
	{"Sid": "Claims", "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:BatchGetItem"], "Resource": "arn:aws:dynamodb:eu-central-1:000000000000:table/calls",
		"Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["agent#*"]}}},
	{"Sid": "Report", "Effect": "Allow", "Action": "events:PutEvents", "Resource": "arn:aws:events:eu-central-1:000000000000:event-bus/outdial",
		"Condition": {"StringEquals": {"events:source": "outdial.agent"}}},
	{"Sid": "Launch", "Effect": "Allow", "Action": "ecs:RunTask", "Resource": "arn:aws:ecs:eu-central-1:000000000000:task-definition/agent:*",
		"Condition": {"ArnEquals": {"ecs:cluster": "arn:aws:ecs:eu-central-1:000000000000:cluster/outdial"}}},
	{"Sid": "Pass", "Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::000000000000:role/agent"},
	{"Sid": "Never", "Effect": "Deny", "Action": "dynamodb:PutItem", "Resource": "*",
		"Condition": {"StringEquals": {"dynamodb:LeadingKeys": ["capacity"]}}},
	{"Sid": "Jobs", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:eu-central-1:000000000000:jobs"}]}`

func TestACallIsAllowedOnlyIfAllOfItIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		service, operation, body string
		allowed                  bool
	}{
		"a transaction of what is allowed": {
			"dynamodb", "TransactWriteItems",
			`{"TransactItems":[{"Put":{"TableName":"calls","Item":{"PK":{"S":"a"}}}},{"Update":{"TableName":"calls","Key":{"PK":{"S":"a"}}}}]}`, true,
		},
		"a transaction with a part that isn't": {
			"dynamodb", "TransactWriteItems",
			`{"TransactItems":[{"Put":{"TableName":"calls","Item":{"PK":{"S":"a"}}}},{"Delete":{"TableName":"calls","Key":{"PK":{"S":"a"}}}}]}`, false,
		},
		"another table":                     {"dynamodb", "PutItem", `{"TableName":"others"}`, false},
		"an index":                          {"dynamodb", "Query", `{"TableName":"calls","IndexName":"due"}`, true},
		"the table as if it were an index":  {"dynamodb", "Query", `{"TableName":"calls"}`, false},
		"a claim":                           {"dynamodb", "GetItem", `{"TableName":"calls","Key":{"PK":{"S":"agent#1"}}}`, true},
		"a record":                          {"dynamodb", "GetItem", `{"TableName":"calls","Key":{"PK":{"S":"call#1"}}}`, false},
		"several claims":                    {"dynamodb", "BatchGetItem", `{"RequestItems":{"calls":{"Keys":[{"PK":{"S":"agent#1"}},{"PK":{"S":"agent#2"}}]}}}`, true},
		"a record among claims":             {"dynamodb", "BatchGetItem", `{"RequestItems":{"calls":{"Keys":[{"PK":{"S":"agent#1"}},{"PK":{"S":"call#1"}}]}}}`, false},
		"what is forbidden though allowed":  {"dynamodb", "PutItem", `{"TableName":"calls","Item":{"PK":{"S":"capacity"}}}`, false},
		"an event of one's own":             {"events", "PutEvents", `{"Entries":[{"EventBusName":"outdial","Source":"outdial.agent"}]}`, true},
		"an event in another's name":        {"events", "PutEvents", `{"Entries":[{"EventBusName":"outdial","Source":"aws.ecs"}]}`, false},
		"an event onto the default bus":     {"events", "PutEvents", `{"Entries":[{"Source":"outdial.agent"}]}`, false},
		"a task of another revision":        {"ecs", "RunTask", `{"cluster":"outdial","taskDefinition":"agent:7"}`, true},
		"a task on another cluster":         {"ecs", "RunTask", `{"cluster":"other","taskDefinition":"agent:1"}`, false},
		"a batch needs the single's action": {"sqs", "SendMessageBatch", `{"QueueUrl":"http://localhost/queue/eu-central-1/000000000000/jobs"}`, true},
		"what nobody allowed":               {"sqs", "PurgeQueue", `{"QueueUrl":"http://localhost/000000000000/jobs"}`, false},
		"a service that nobody knows":       {"s3", "PutObject", `{}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			role := testRole(t)
			passed := func(string) []string { return []string{"arn:aws:iam::000000000000:role/agent"} }
			accesses, err := iam.Accesses(c.service, c.operation, []byte(c.body), passed)
			if err == nil {
				err = role.Check(accesses)
			}
			if (err == nil) != c.allowed {
				t.Errorf("%v: %v", accesses, err)
			}
		})
	}
}

func TestARoleTellsWhatNobodyNeeded(t *testing.T) {
	t.Parallel()
	role := testRole(t)
	accesses, err := iam.Accesses("dynamodb", "PutItem", []byte(`{"TableName":"calls"}`), nil)
	if err != nil || role.Check(accesses) != nil {
		t.Fatal(err)
	}
	refused, err := iam.Accesses("dynamodb", "UpdateItem", []byte(`{"TableName":"others"}`), nil)
	if err != nil || role.Check(refused) == nil || len(role.Denied()) != 1 {
		t.Errorf("another table: %v, denied %v", err, role.Denied())
	}
	used := role.Permissions()
	for name, want := range map[string]bool{
		"Test Table dynamodb:PutItem": true, "Test Table resource 1": true,
		"Test Table dynamodb:UpdateItem": false, "Test Indexes resource 1": false,
	} {
		if got, ok := used[name]; !ok || got != want {
			t.Errorf("%s: used %v (%v), want %v", name, got, ok, want)
		}
	}
}

func testRole(t *testing.T) *iam.Role {
	t.Helper()
	var p iam.Policy
	if err := json.Unmarshal([]byte(policy), &p); err != nil {
		t.Fatal(err)
	}
	return iam.NewRole("Test", p)
}
