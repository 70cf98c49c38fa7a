package infratest_test

import (
	"maps"
	"slices"
	"testing"
)

// TestAFunctionThatFollowsFromItselfMayDoSo: Lambda stops one that is invoked some
// 16 times in a chain of requests, through queues and other functions, unless the
// template allows it. Where there is no such loop the guard stays.
func TestAFunctionThatFollowsFromItselfMayDoSo(t *testing.T) {
	t.Parallel()
	compute := template(t, "compute.yaml")
	functions := ofType(t, compute, "AWS::Serverless::Function")
	for name, function := range functions {
		want := any(nil)
		if slices.Contains(following(t, compute, name), name) {
			want = "Allow"
		}
		if got := function["RecursiveLoop"]; got != want {
			t.Errorf("%s: RecursiveLoop is %v, want %v; it leads to %v", name, got, want, following(t, compute, name))
		}
	}
}

// following are the functions that an invocation of one may lead to by messages,
// directly or by others.
func following(t *testing.T, compute object, name string) []string {
	t.Helper()
	found := map[string]bool{}
	for todo := []string{name}; len(todo) > 0; todo = todo[1:] {
		sent := sendsTo(t, compute, todo[0])
		for other := range ofType(t, compute, "AWS::Serverless::Function") {
			isFed := slices.ContainsFunc(fedBy(t, compute, other), func(queue string) bool { return slices.Contains(sent, queue) })
			if isFed && !found[other] {
				found[other] = true
				todo = append(todo, other)
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// fedBy are the queues whose messages invoke a function.
func fedBy(t *testing.T, compute object, function string) (queues []string) {
	t.Helper()
	events := at[object](t, compute, "Resources", function, "Properties", "Events")
	for name := range events {
		if at[string](t, events, name, "Type") == "SQS" {
			queues = append(queues, text(t, at[any](t, events, name, "Properties", "Queue")))
		}
	}
	return queues
}

// sendsTo are the queues that a function's role may send to.
func sendsTo(t *testing.T, compute object, function string) (queues []string) {
	t.Helper()
	role := at[[]any](t, compute, "Resources", function, "Properties", "Role", "Fn::GetAtt")[0]
	for _, policy := range at[[]any](t, compute, "Resources", as[string](t, role, function), "Properties", "Policies") {
		for _, statement := range at[[]any](t, policy, "PolicyDocument", "Statement") {
			if !slices.Contains(list(at[any](t, statement, "Action")), any("sqs:SendMessage")) {
				continue
			}
			for _, resource := range list(at[any](t, statement, "Resource")) {
				queues = append(queues, text(t, resource))
			}
		}
	}
	if len(queues) == 0 {
		t.Fatalf("%s sends nothing, which this test doesn't expect", function)
	}
	return queues
}

// SAM could have left it out.
func testLoopsOfTheTransformedTemplate(t *testing.T, all object) {
	t.Helper()
	written := ofType(t, template(t, "compute.yaml"), "AWS::Serverless::Function")
	for name, function := range ofType(t, all, "AWS::Lambda::Function") {
		if function["RecursiveLoop"] != written[name]["RecursiveLoop"] {
			t.Errorf("%s: RecursiveLoop is %v", name, function["RecursiveLoop"])
		}
	}
}
