package infratest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// everywhere are the actions that may be allowed on every resource, and why.
var everywhere = map[string]string{
	"AgentExecutionRole ecr:GetAuthorizationToken": "the action knows no resources",
}

// conditions are those that a statement must have, by role and action.
var conditions = map[string]string{
	"AgentRole dynamodb:GetItem":      `{"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["agent#*"]}}`,
	"AgentRole dynamodb:BatchGetItem": `{"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["agent#*"]}}`,
	"AgentRole dynamodb:UpdateItem":   `{"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["agent#*"]}}`,
	"AgentRole events:PutEvents":      `{"StringEquals":{"events:source":"outdial.agent"}}`,
	"WorkerRole ecs:RunTask":          `{"ArnEquals":{"ecs:cluster":{"Fn::GetAtt":["Cluster","Arn"]}}}`,
	"WorkerRole iam:PassRole":         `{"StringEquals":{"iam:PassedToService":"ecs-tasks.amazonaws.com"}}`,
}

// never are actions that a role must not have.
var never = map[string][]string{
	"ApiRole":     {"ecs:RunTask", "iam:PassRole", "sqs:ReceiveMessage"},
	"WorkerRole":  {"ecs:StopTask", "dynamodb:BatchWriteItem", "events:PutEvents"},
	"TrackerRole": {"ecs:RunTask", "iam:PassRole", "dynamodb:BatchWriteItem", "events:PutEvents"},
	"AgentRole":   {"dynamodb:PutItem", "dynamodb:Query", "dynamodb:BatchWriteItem", "sqs:SendMessage"},
}

// TestPoliciesAreExplicit: each statement says what may be done to what.
func TestPoliciesAreExplicit(t *testing.T) {
	t.Parallel()
	testPolicies(t, template(t, "compute.yaml"))
}

// TestWhatSAMMakesOfTheTemplate: its short forms mean what we mean by them, and it
// adds no role and no statement.
func TestWhatSAMMakesOfTheTemplate(t *testing.T) {
	t.Parallel()
	parts := map[string]func(*testing.T, object){}
	if !testing.Short() { // SAM's translator is large
		parts["routes"], parts["policies"], parts["loops"] = testRoutesOfTheTransformedTemplate, testPolicies, testLoopsOfTheTransformedTemplate
	}
	for name, test := range parts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, transformed(t))
		})
	}
}

func testPolicies(t *testing.T, all object) {
	roles := ofType(t, all, "AWS::IAM::Role")
	if got := slices.Sorted(maps.Keys(roles)); !slices.Equal(got, []string{"AgentExecutionRole", "AgentRole", "ApiRole", "TrackerRole", "WorkerRole"}) {
		t.Errorf("the roles are %v", got)
	}
	seen := map[string]bool{}
	for role, properties := range roles {
		if properties["ManagedPolicyArns"] != nil {
			t.Errorf("%s takes policies that are not in the template", role)
		}
		for _, policy := range at[[]any](t, properties, "Policies") {
			for _, s := range at[[]any](t, policy, "PolicyDocument", "Statement") {
				statement := as[object](t, s, role)
				for _, action := range list(statement["Action"]) {
					seen[fmt.Sprint(role, " ", action)] = true
					testStatement(t, role, fmt.Sprint(action), statement)
				}
			}
		}
	}
	for _, names := range []map[string]string{everywhere, conditions} {
		for name := range names {
			if !seen[name] {
				t.Errorf("%s is allowed nowhere", name)
			}
		}
	}
}

func testStatement(t *testing.T, role, action string, statement object) {
	t.Helper()
	if statement["Effect"] != "Allow" || statement["Sid"] == nil || statement["NotAction"] != nil || statement["NotResource"] != nil {
		t.Errorf("%s: %v must be an Allow with a Sid, that says what and not what not", role, statement)
	}
	if strings.Contains(action, "*") {
		t.Errorf("%s may do %s: name the actions", role, action)
	}
	if slices.Contains(never[role], action) {
		t.Errorf("%s may do %s", role, action)
	}
	name := role + " " + action
	for _, resource := range list(statement["Resource"]) {
		if resource == "*" && everywhere[name] == "" {
			t.Errorf("%s may do %s to everything", role, action)
		}
	}
	if want := conditions[name]; want != "" && text(t, statement["Condition"]) != want {
		t.Errorf("%s: %s under %s, want %s", role, action, text(t, statement["Condition"]), want)
	}
	if conditions[name] == "" && statement["Condition"] != nil {
		t.Errorf("%s: nobody tests the condition of %s", role, action)
	}
}

// TestOnlyAWSTakesTheRoles, and for this account's tasks only. That ECS also names
// the task is documented for the role of the agent, not for what it does before.
func TestOnlyAWSTakesTheRoles(t *testing.T) {
	t.Parallel()
	const (
		account = `"StringEquals":{"aws:SourceAccount":{"Ref":"AWS::AccountId"}}`
		tasks   = `"ArnLike":{"aws:SourceArn":{"Fn::Sub":"arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:*"}}`
	)
	functions := `[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"}}]`
	ecs := func(condition string) string {
		return `[{"Action":"sts:AssumeRole","Condition":{` + condition + `},"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"}}]`
	}
	want := map[string]string{
		"ApiRole": functions, "WorkerRole": functions, "TrackerRole": functions,
		"AgentRole": ecs(tasks + "," + account), "AgentExecutionRole": ecs(account),
	}
	for role, properties := range ofType(t, template(t, "compute.yaml"), "AWS::IAM::Role") {
		if got := text(t, at[any](t, properties, "AssumeRolePolicyDocument", "Statement")); got != want[role] {
			t.Errorf("%s: %s\nwant %s", role, got, want[role])
		}
	}
}

// refs are the names that a part of a template refers to, by Ref, GetAtt or Sub.
func refs(t *testing.T, part string) []string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(part), &v); err != nil {
		t.Fatal(err)
	}
	var found []string
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, one := range v {
				walk(one)
			}
		case object:
			if name, ok := v["Ref"].(string); ok {
				found = append(found, name)
			}
			for _, one := range v {
				walk(one)
			}
		}
	}
	walk(v)
	return found
}
