package ecs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outdial/outdial/e2e/internal/aws"
	"github.com/outdial/outdial/e2e/internal/ecs"
)

var program = sync.OnceValues(func() (string, error) {
	path, err := filepath.Abs("../../../bin/e2e/testagent/agent")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-o", path, "./testdata/agent").CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

// world is a service with one task definition, and what it tells.
type world struct {
	*ecs.Service
	mu     sync.Mutex
	log    bytes.Buffer
	events []string // status and version
}

func (w *world) Write(data []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(data)
}

func (w *world) seen() (log string, events []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.String(), append([]string{}, w.events...)
}

func start(t *testing.T) *world {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	w := new(world)
	w.Service, err = ecs.New(ecs.Config{
		Cluster: "outdial", Subnets: []string{"subnet-a", "subnet-b"}, SecurityGroups: []string{"sg-a"}, PublicIP: "DISABLED",
		TaskDefinition: ecs.TaskDefinition{
			ARN: aws.ARN("ecs", "task-definition/agent:1"), Family: "agent", TaskRoleArn: "arn:task", ExecutionRoleArn: "arn:execution",
			ContainerDefinitions: []ecs.Container{{Name: "agent", StopTimeout: 1}},
		},
		Program: path, Credentials: func() string { return "ASIATASK" }, Gone: func(string) {}, Log: w, Logf: t.Logf,
		PutEvent: func(_ context.Context, event any) error {
			entry, err := ecs.Entry(event)
			var detail struct {
				LastStatus string
				Version    int
			}
			err = errors.Join(err, json.Unmarshal(fmt.Append(nil, entry["Detail"]), &detail))
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, fmt.Sprint(detail.LastStatus, " ", detail.Version))
			return err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// request is a good RunTask request, but for what is given: name, value, …
func request(call, token string, but ...any) map[string]any {
	r := map[string]any{
		"cluster": "outdial", "taskDefinition": "agent:1", "launchType": "FARGATE", "clientToken": token, "startedBy": call,
		"networkConfiguration": map[string]any{"awsvpcConfiguration": map[string]any{
			"subnets": []string{"subnet-a"}, "securityGroups": []string{"sg-a"}, "assignPublicIp": "DISABLED",
		}},
		"overrides": map[string]any{"containerOverrides": []any{map[string]any{
			"name": "agent", "environment": []any{map[string]string{"name": "OUTDIAL_CALL_ID", "value": call}},
		}}},
	}
	for i := 0; i+1 < len(but); i += 2 {
		r[fmt.Sprint(but[i])] = but[i+1]
	}
	return r
}

type answer struct {
	Tasks []struct {
		TaskArn, TaskDefinitionArn, LastStatus, StartedBy string
	}
	Failures []struct{ Reason string }
}

func (w *world) do(t *testing.T, operation string, in any) (answer, *aws.Error) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	got, refusal := w.Do(t.Context(), operation, body)
	var a answer
	if refusal == nil {
		if body, err = json.Marshal(got); err == nil {
			err = json.Unmarshal(body, &a)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return a, refusal
}

func (w *world) run(t *testing.T, call, token string) answer {
	t.Helper()
	a, refusal := w.do(t, "RunTask", request(call, token))
	if refusal != nil {
		t.Fatal(refusal)
	}
	return a
}

func eventually(t *testing.T, what string, fits func() bool) {
	t.Helper()
	for range 200 {
		if fits() {
			return
		}
		<-time.After(50 * time.Millisecond)
	}
	t.Fatalf("%s: not within 10 s", what)
}

func TestTheSameTokenGivesTheSameTask(t *testing.T) {
	t.Parallel()
	w := start(t)
	first, again := w.run(t, "call_a", "token"), w.run(t, "call_a", "token")
	if len(first.Tasks) != 1 || len(again.Tasks) != 1 || first.Tasks[0].TaskArn != again.Tasks[0].TaskArn || w.Most() != 1 {
		t.Errorf("%+v, then %+v", first, again)
	}
	_, refusal := w.do(t, "RunTask", request("call_b", "token"))
	if refusal == nil || refusal.Code != "ConflictException" || fmt.Sprint(refusal.Members["resourceIds"]) != fmt.Sprint([]string{first.Tasks[0].TaskArn}) {
		t.Errorf("the token with other parameters: %+v", refusal)
	}
}

func TestATokenRemembersFailuresAndNoErrors(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.Refuse(ecs.NoCapacity, ecs.Throttled)
	for range 2 {
		if a := w.run(t, "call_a", "a"); len(a.Tasks) != 0 || len(a.Failures) != 1 {
			t.Errorf("without capacity: %+v", a)
		}
	}
	if _, refusal := w.do(t, "RunTask", request("call_b", "b")); refusal == nil || refusal.Code != "ThrottlingException" {
		t.Errorf("throttled: %v", refusal)
	}
	if a := w.run(t, "call_b", "b"); len(a.Tasks) != 1 {
		t.Errorf("after being throttled: %+v", a)
	}
}

func TestWhatDoesNotFitWhatIsDeployedIsRefused(t *testing.T) {
	t.Parallel()
	w := start(t)
	vpc := func(subnet, group, ip string) map[string]any {
		return map[string]any{"awsvpcConfiguration": map[string]any{"subnets": []string{subnet}, "securityGroups": []string{group}, "assignPublicIp": ip}}
	}
	for name, c := range map[string]struct {
		parameter string
		value     any
		code      string
	}{
		"another cluster":              {"cluster", "other", "ClusterNotFoundException"},
		"another task definition":      {"taskDefinition", "agent:2", "ClientException"},
		"two tasks":                    {"count", 2, "InvalidParameterException"},
		"no launch type":               {"launchType", "", "InvalidParameterException"},
		"a token with a space":         {"clientToken", "a b", "InvalidParameterException"},
		"a token too long":             {"clientToken", strings.Repeat("a", 65), "InvalidParameterException"},
		"a starter with a colon":       {"startedBy", "call:1", "InvalidParameterException"},
		"no network":                   {"networkConfiguration", map[string]any{}, "InvalidParameterException"},
		"another subnet":               {"networkConfiguration", vpc("subnet-x", "sg-a", "DISABLED"), "InvalidParameterException"},
		"another security group":       {"networkConfiguration", vpc("subnet-a", "sg-x", "DISABLED"), "InvalidParameterException"},
		"a public address":             {"networkConfiguration", vpc("subnet-a", "sg-a", "ENABLED"), "InvalidParameterException"},
		"a container that isn't there": {"overrides", map[string]any{"containerOverrides": []any{map[string]any{"name": "main"}}}, "InvalidParameterException"},
		"a parameter nobody knows":     {"taskCount", 1, "InvalidParameterException"},
	} {
		if _, refusal := w.do(t, "RunTask", request("call_a", "", c.parameter, c.value)); refusal == nil || refusal.Code != c.code {
			t.Errorf("%s: %v, want %s", name, refusal, c.code)
		}
	}
	if n := len(w.Tasks()); n != 0 {
		t.Errorf("%d tasks were started", n)
	}
}

func TestATaskThatIsStoppedIsAskedFirstAndThenKilled(t *testing.T) {
	t.Parallel()
	for call, want := range map[string]int{"call_polite": 7, "call_deaf": -1} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			w := start(t)
			arn := w.run(t, call, "").Tasks[0].TaskArn
			eventually(t, "the agent knows its task", func() bool {
				log, _ := w.seen()
				return strings.Contains(log, arn) && strings.Contains(log, "ASIATASK") && strings.Contains(log, call)
			})
			if _, refusal := w.do(t, "StopTask", map[string]string{"cluster": "outdial", "task": arn, "reason": "canceled"}); refusal != nil {
				t.Fatal(refusal)
			}
			eventually(t, "the task stops", func() bool { return w.Running() == 0 })
			if task := w.Tasks()[0]; task.ExitCode == nil || *task.ExitCode != want || task.StoppedReason != "canceled" {
				t.Errorf("%+v", task)
			}
			found, refusal := w.do(t, "DescribeTasks", map[string]any{"cluster": "outdial", "tasks": []string{arn, "unknown"}})
			if refusal != nil || len(found.Tasks) != 1 || found.Tasks[0].LastStatus != "STOPPED" || len(found.Failures) != 1 || found.Failures[0].Reason != "MISSING" {
				t.Errorf("%+v %v", found, refusal)
			}
		})
	}
}

func TestATaskRunsTheRevisionThatWasAskedFor(t *testing.T) {
	t.Parallel()
	w := start(t)
	first, second := aws.ARN("ecs", "task-definition/agent:1"), aws.ARN("ecs", "task-definition/agent:2")
	w.Register(ecs.TaskDefinition{
		ARN: second, Family: "agent", TaskRoleArn: "arn:task2", ExecutionRoleArn: "arn:execution",
		ContainerDefinitions: []ecs.Container{{Name: "agent", StopTimeout: 1}, {Name: "sidecar"}},
	})
	for name, want := range map[string]string{first: first, "agent:1": first, second: second, "agent:2": second, "agent": second} {
		a, refusal := w.do(t, "RunTask", request("call_a", "", "taskDefinition", name))
		if refusal != nil || a.Tasks[0].TaskDefinitionArn != want {
			t.Errorf("%s: %+v %v, want %s", name, a, refusal, want)
		}
	}
	for name, known := range map[string]bool{"agent:1": false, "agent:2": true} {
		sidecar := map[string]any{"containerOverrides": []any{map[string]any{"name": "sidecar"}}}
		if _, refusal := w.do(t, "RunTask", request("call_a", "", "taskDefinition", name, "overrides", sidecar)); (refusal == nil) != known {
			t.Errorf("an override of a container that the second revision added, for %s: %v", name, refusal)
		}
	}
	if roles := w.Roles("agent:2"); len(roles) != 2 || roles[0] != "arn:task2" || w.Roles("agent:3") != nil {
		t.Errorf("roles: %v, and of no such revision %v", roles, w.Roles("agent:3"))
	}
}

func TestATaskIsForgottenAnHourAfterItStopped(t *testing.T) {
	t.Parallel()
	w := start(t)
	over, runs := w.run(t, "call_short", "over").Tasks[0].TaskArn, w.run(t, "call_a", "runs").Tasks[0].TaskArn
	eventually(t, "the short one stops", func() bool { return w.Running() == 1 })
	described := func() []string {
		found, refusal := w.do(t, "DescribeTasks", map[string]any{"cluster": "outdial", "tasks": []string{over, runs}})
		if refusal != nil {
			t.Fatal(refusal)
		}
		var arns []string
		for _, one := range found.Tasks {
			arns = append(arns, one.TaskArn)
		}
		return arns
	}
	w.Later(59 * time.Minute)
	if got := described(); len(got) != 2 || w.run(t, "call_short", "over").Tasks[0].TaskArn != over {
		t.Errorf("within the hour: %v", got)
	}
	w.Later(2 * time.Minute)
	if got := described(); len(got) != 1 || got[0] != runs {
		t.Errorf("after the hour: %v", got)
	}
	if _, refusal := w.do(t, "StopTask", map[string]string{"cluster": "outdial", "task": over}); refusal == nil || refusal.Message != "The referenced task was not found." {
		t.Errorf("stopping it: %v", refusal)
	}
	if again := w.run(t, "call_short", "over").Tasks[0].TaskArn; again == over {
		t.Error("the token outlives its task by more than an hour")
	}
	if again := w.run(t, "call_a", "runs").Tasks[0].TaskArn; again != runs {
		t.Error("the token of a task that runs is forgotten after an hour")
	}
	w.Later(24 * time.Hour)
	second := w.run(t, "call_a", "runs").Tasks[0].TaskArn
	if second == runs {
		t.Error("a token outlives its day")
	}
	if again := w.run(t, "call_a", "runs").Tasks[0].TaskArn; again != second {
		t.Error("a token that is used anew has no day of its own")
	}
}

func TestEventsComeAsATestWants(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.Deliver(func(e ecs.Event) []time.Duration {
		switch e.Task.LastStatus {
		case "RUNNING":
			return nil
		case "STOPPED":
			return []time.Duration{0, 0}
		}
		return []time.Duration{time.Second}
	})
	w.run(t, "call_short", "")
	eventually(t, "three events", func() bool { _, events := w.seen(); return len(events) == 3 })
	if _, events := w.seen(); fmt.Sprint(events) != "[STOPPED 3 STOPPED 3 PENDING 1]" {
		t.Errorf("events: %v", events)
	}
}
