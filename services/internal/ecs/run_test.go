package ecs_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/task"
)

const (
	arn  = "arn:aws:ecs:eu-central-1:111122223333:task/outdial/2f1c9a7be8d34c5f9a0b1c2d3e4f5a6b"
	ran  = `{"tasks":[{"taskArn":"` + arn + `","lastStatus":"PROVISIONING","version":1}],"failures":[]}`
	html = "<html><body>502 Bad Gateway</body></html>"
)

func request() task.Request {
	return task.Request{
		ClientToken: "call_01J-000042-2", StartedBy: "call_01J-000042-2", CallID: "call_01J-000042", Attempt: 2,
		TaskDefinition: "arn:aws:ecs:eu-central-1:111122223333:task-definition/outdial-agent:7",
		StartBy:        time.Date(2026, 3, 2, 10, 27, 4, 530_000_000, time.FixedZone("CET", 3600)),
	}
}

func TestRunAsksForOneTaskOfTheAttempt(t *testing.T) {
	t.Parallel()
	s, tasks := newService(t, says(http.StatusOK, ran))
	for range 2 {
		if got, err := tasks.Run(t.Context(), request()); got != arn || err != nil {
			t.Fatalf("%q, %v", got, err)
		}
	}
	asked := s.requests()
	if len(asked) != 2 || asked[0] != asked[1] {
		t.Fatalf("the same attempt twice isn't the same request twice: %q", asked)
	}
	want := `{"clientToken":"call_01J-000042-2","startedBy":"call_01J-000042-2","cluster":"outdial","count":1,"launchType":"FARGATE",
		"taskDefinition":"arn:aws:ecs:eu-central-1:111122223333:task-definition/outdial-agent:7",
		"networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-1","subnet-2"],"securityGroups":["sg-1"],"assignPublicIp":"DISABLED"}},
		"overrides":{"containerOverrides":[{"name":"agent","environment":[
			{"name":"OUTDIAL_CALL_ID","value":"call_01J-000042"},{"name":"OUTDIAL_ATTEMPT","value":"2"},
			{"name":"OUTDIAL_DEADLINE","value":"2026-03-02T09:27:04.53Z"}]}]}}`
	body, ok := strings.CutPrefix(asked[0], "RunTask ")
	if !ok || !reflect.DeepEqual(decoded(t, body), decoded(t, want)) {
		t.Errorf("got  %s\nwant RunTask %s", asked[0], want)
	}
}

func decoded(t *testing.T, body string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return v
}

// Every answer of RunTask, and what it means. None is repeated by the SDK.
func TestRunGivesEachAnswerItsMeaning(t *testing.T) {
	t.Parallel()
	const (
		invalid = "InvalidParameterException"
		client  = "ClientException"
	)
	failed := func(reason string) func(http.ResponseWriter, string) {
		return says(http.StatusOK, `{"tasks":[],"failures":[{"arn":"arn:aws:ecs:eu-central-1:111122223333:container-instance/1","reason":"`+reason+`"}]}`)
	}
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, string)
		want   error // nil: started
	}{
		"started": {says(200, ran), nil},
		"started, and stopped by the time of a repeat": {says(200, `{"tasks":[{"taskArn":"`+arn+`","lastStatus":"STOPPED"}]}`), nil},
		"started, whatever failures say":               {says(200, `{"tasks":[{"taskArn":"`+arn+`"}],"failures":[{"reason":"AGENT"}]}`), nil},
		"a conflict means started before":              {says(400, `{"__type":"ConflictException","message":"The clientToken is in use","resourceIds":["`+arn+`"]}`), nil},
		"a conflict that names no task":                {refuses(400, "ConflictException", "?"), task.ErrUnclear},

		"no CPU":                      {failed("RESOURCE:CPU"), task.ErrNoCapacity},
		"no memory":                   {failed("RESOURCE:MEMORY"), task.ErrNoCapacity},
		"no network interface":        {failed("RESOURCE:ENI"), task.ErrNoCapacity},
		"no Fargate":                  {failed("Capacity is unavailable at this time. Please try again later or in a different availability zone"), task.ErrNoCapacity},
		"too many tasks":              {failed("You've reached the limit on the number of tasks you can run concurrently"), task.ErrNoCapacity},
		"too many vCPUs":              {failed("You've reached the limit on the number of vCPUs you can run concurrently"), task.ErrNoCapacity},
		"above the account's limit":   {failed("The requested CPU configuration is above your limit"), task.ErrNoCapacity},
		"a machine without its agent": {failed("AGENT"), task.ErrNoCapacity},
		"a failure nobody knows":      {failed("SOMETHING NEW"), task.ErrNoCapacity},
		"a failure by throttling":     {failed("Rate exceeded"), task.ErrThrottled},
		"a task that fits no machine": {failed("ATTRIBUTE"), task.ErrNoCapacity},
		"a task without a definition": {failed("MISSING"), task.ErrNoCapacity},

		"throttled":                        {refuses(400, "ThrottlingException", "Rate exceeded"), task.ErrThrottled},
		"throttled with 429":               {refuses(429, "SomethingException", "slow down"), task.ErrThrottled},
		"throttled behind ECS":             {refuses(400, invalid, "Error retrieving subnet information for [subnet-1]: Rate exceeded"), task.ErrThrottled},
		"throttled behind ECS, by EC2":     {refuses(400, invalid, "Error retrieving security group information for [sg-1]: Request limit exceeded. (ErrorCode: RequestLimitExceeded)"), task.ErrThrottled},
		"throttled as a mistake of ours":   {refuses(400, client, "Too many requests"), task.ErrThrottled},
		"throttled, but ECS isn't certain": {refuses(500, "ThrottlingException", "Rate exceeded"), task.ErrUnclear},

		"not allowed, as right after a deploy":          {refuses(400, "AccessDeniedException", "User: x is not authorized to perform: ecs:RunTask"), task.ErrNoCapacity},
		"no cluster, as right after a deploy":           {refuses(400, "ClusterNotFoundException", "Cluster not found."), task.ErrNoCapacity},
		"an account that is blocked":                    {refuses(400, "BlockedException", "Your account is currently blocked."), task.ErrNoCapacity},
		"credentials that have expired":                 {refuses(400, "ExpiredTokenException", "The security token included in the request is expired"), task.ErrNoCapacity},
		"a role that IAM doesn't know everywhere":       {refuses(400, client, "ECS was unable to assume the role 'r' that was provided for this task."), task.ErrNoCapacity},
		"a service role that is made at the first task": {refuses(400, invalid, "Unable to assume the service linked role. Please verify that the ECS service linked role exists."), task.ErrNoCapacity},
		"too many tasks that are being provisioned":     {refuses(400, client, "The quota of tasks in PROVISIONING has been reached"), task.ErrNoCapacity},
		"a quota":                             {refuses(400, "LimitExceededException", "The limit for the resource was exceeded."), task.ErrNoCapacity},
		"a subnet that doesn't exist":         {refuses(400, invalid, "Error retrieving subnet information for [subnet-1]: The subnet ID 'subnet-1' does not exist (ErrorCode: InvalidSubnetID.NotFound)"), task.ErrNoCapacity},
		"no subnet":                           {refuses(400, invalid, "subnets can not be empty."), task.ErrNoCapacity},
		"a security group that doesn't exist": {refuses(400, invalid, "Error retrieving security group information for [sg-1]: The security group 'sg-1' does not exist (ErrorCode: InvalidGroup.NotFound)"), task.ErrNoCapacity},
		"a container that the definition doesn't have":    {refuses(400, invalid, "Override for container named agent is not a container in the TaskDefinition."), task.ErrNoCapacity},
		"a definition that doesn't exist":                 {refuses(400, client, "TaskDefinition not found."), task.ErrNoCapacity},
		"a definition that is out of use":                 {refuses(400, client, "TaskDefinition is inactive"), task.ErrNoCapacity},
		"a definition that is out of use, in other words": {refuses(400, invalid, "The task definition is inactive."), task.ErrNoCapacity},
		"a platform that the definition doesn't fit":      {refuses(400, "PlatformTaskDefinitionIncompatibilityException", "?"), task.ErrNoCapacity},
		"a platform that doesn't exist":                   {refuses(400, "PlatformUnknownException", "?"), task.ErrNoCapacity},
		"a feature that the region doesn't have":          {refuses(400, "UnsupportedFeatureException", "?"), task.ErrNoCapacity},
		"a request that is too long":                      {refuses(400, invalid, "Container Overrides length must be at most 8192"), task.ErrRefused},
		"a refusal with the namespace before its code":    {refuses(400, "com.amazonaws.ecs#"+invalid, "?"), task.ErrRefused},
		"a refusal that nobody knows":                     {refuses(400, "SomethingNewException", "?"), task.ErrUnclear},
		"a refusal without a code":                        {says(400, `{}`), task.ErrUnclear},
		"ECS in trouble":                                  {refuses(500, "ServerException", "Service Unavailable. Please try again later."), task.ErrUnclear},
		"ECS in trouble, and wrong about why":             {refuses(500, invalid, "?"), task.ErrUnclear},
		"ECS not there":                                   {refuses(503, "ServiceUnavailableException", "?"), task.ErrUnclear},
		"a gateway without ECS":                           {says(502, html), task.ErrUnclear},
		"a request that took too long":                    {refuses(408, "RequestTimeoutException", "?"), task.ErrUnclear},
		"an answer that says nothing":                     {says(200, `{"tasks":[],"failures":[]}`), task.ErrUnclear},
		"an answer without the task's name":               {says(200, `{"tasks":[{}]}`), task.ErrUnclear},
		"half an answer":                                  {says(200, ran[:40]), task.ErrUnclear},
		"an answer of somebody else":                      {says(200, html), task.ErrUnclear},
		"a connection that breaks":                        {hangsUp, task.ErrUnclear},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, tasks := newService(t, c.answer)
			got, err := tasks.Run(t.Context(), request())
			if !errors.Is(err, c.want) || c.want == nil && got != arn || c.want != nil && got != "" {
				t.Errorf("%q, %v; want %v", got, err, c.want)
			}
			for _, other := range []error{task.ErrNoCapacity, task.ErrThrottled, task.ErrRefused, task.ErrUnclear} {
				if errors.Is(err, other) && !errors.Is(c.want, other) {
					t.Errorf("it is %v, too: %v", other, err)
				}
			}
			if n := len(s.requests()); n != 1 {
				t.Errorf("ECS was asked %d times", n)
			}
		})
	}
}

func TestARefusalIsSaidInECSsOwnWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		answer func(http.ResponseWriter, string)
		want   string
	}{
		{refuses(400, "InvalidParameterException", "Container Overrides length must be at most 8192"), "launch refused: InvalidParameterException: Container Overrides length must be at most 8192"},
		{says(200, `{"failures":[{"arn":"a","reason":"RESOURCE:ENI","detail":"too few"}]}`), "no capacity for one more task: RESOURCE:ENI too few"},
	} {
		_, tasks := newService(t, c.answer)
		if _, err := tasks.Run(t.Context(), request()); err == nil || err.Error() != c.want {
			t.Errorf("%v\nwant %s", err, c.want)
		}
	}
}

func TestRunIsUnclearWhenNobodyAnswers(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	_, tasks := newService(t, func(http.ResponseWriter, string) { <-release })
	t.Cleanup(func() { close(release) }) // before the server closes, which waits for it
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := tasks.Run(ctx, request()); !errors.Is(err, task.ErrUnclear) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}
