package iam

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/outdial/outdial/e2e/internal/aws"
)

// Accesses is what a call needs, from its service, operation and body. Tasks is
// what ECS knows of task definitions: their roles are passed on.
func Accesses(service, operation string, body []byte, roles func(taskDefinition string) []string) ([]Access, error) {
	var found []Access
	var err error
	switch service {
	case "dynamodb":
		found, err = table(operation, body)
	case "sqs":
		found, err = queue(operation, body)
	case "events":
		found, err = events(operation, body)
	case "ecs":
		found, err = tasks(operation, body, roles)
	}
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s %s: nobody here knows what it needs", service, operation)
	}
	return found, err
}

// batched are operations that need the permission of their single form.
var batched = map[string]string{
	"SendMessageBatch":             "SendMessage",
	"DeleteMessageBatch":           "DeleteMessage",
	"ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}

func queue(operation string, body []byte) ([]Access, error) {
	var call struct{ QueueUrl string }
	if err := json.Unmarshal(body, &call); err != nil {
		return nil, err
	}
	if call.QueueUrl == "" {
		return nil, nil
	}
	if single, ok := batched[operation]; ok {
		operation = single
	}
	name := call.QueueUrl[strings.LastIndex(call.QueueUrl, "/")+1:]
	return []Access{{Action: "sqs:" + operation, Resource: aws.ARN("sqs", name)}}, nil
}

func events(operation string, body []byte) ([]Access, error) {
	var call struct {
		Entries []struct{ EventBusName, Source, DetailType string }
	}
	if err := json.Unmarshal(body, &call); err != nil {
		return nil, err
	}
	var found []Access
	for _, e := range call.Entries {
		bus := e.EventBusName
		if bus == "" {
			bus = "default"
		}
		if !strings.HasPrefix(bus, "arn:") {
			bus = aws.ARN("events", "event-bus/"+bus)
		}
		found = append(found, Access{
			Action: "events:" + operation, Resource: bus,
			Context: map[string][]string{"events:source": {e.Source}, "events:detail-type": {e.DetailType}},
		})
	}
	return found, nil
}

func tasks(operation string, body []byte, roles func(string) []string) ([]Access, error) {
	var call struct {
		Cluster, TaskDefinition, Task string
		Tasks                         []string
	}
	if err := json.Unmarshal(body, &call); err != nil {
		return nil, err
	}
	cluster := call.Cluster
	if !strings.HasPrefix(cluster, "arn:") {
		cluster = aws.ARN("ecs", "cluster/"+cluster)
	}
	context := map[string][]string{"ecs:cluster": {cluster}}
	arn := func(kind, name string) string {
		if strings.HasPrefix(name, "arn:") {
			return name
		}
		return aws.ARN("ecs", kind+name)
	}
	inCluster := "task/" + cluster[strings.LastIndex(cluster, "/")+1:] + "/"
	action := "ecs:" + operation
	switch operation {
	case "RunTask":
		found := []Access{{action, arn("task-definition/", call.TaskDefinition), context}}
		for _, role := range roles(call.TaskDefinition) {
			found = append(found, Access{"iam:PassRole", role, map[string][]string{"iam:PassedToService": {"ecs-tasks.amazonaws.com"}}})
		}
		return found, nil
	case "StopTask":
		return []Access{{action, arn(inCluster, call.Task), context}}, nil
	case "DescribeTasks":
		var found []Access
		for _, task := range call.Tasks {
			found = append(found, Access{action, arn(inCluster, task), context})
		}
		return found, nil
	case "ListTasks":
		return []Access{{action, aws.ARN("ecs", "container-instance/"+cluster[strings.LastIndex(cluster, "/")+1:]+"/*"), context}}, nil
	}
	return nil, nil
}

// dedupe leaves of accesses that are the same one.
func dedupe(found []Access) []Access {
	var kept []Access
	for _, a := range found {
		if !slices.ContainsFunc(kept, func(k Access) bool { return k.String() == a.String() }) {
			kept = append(kept, a)
		}
	}
	return kept
}
