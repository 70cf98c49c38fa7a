package runtimeapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/awsenv"
	"github.com/outdial/outdial/services/internal/dynamo"
	"github.com/outdial/outdial/services/internal/localstack"
	"github.com/outdial/outdial/services/internal/runtimeapi"
	"github.com/outdial/outdial/services/internal/simcarrier"
)

// What needs LocalStack runs in full mode only.
func TestOnLocalStack(t *testing.T) {
	if testing.Short() {
		return
	}
	t.Run("the programs lead a call to its end", callToItsEnd)
	t.Run("a call that is canceled while the phone rings is hung up", canceled)
}

// cloud is table, queues and bus of one test on LocalStack, and an ECS of its own.
type cloud struct {
	t                   *testing.T
	sqs                 *sqs.Client
	calls, dead, events string // queues' URLs
	carrier             string
	env                 []string // of all programs
	ecs                 *ecsStandIn

	api, worker, tracker *runtimeapi.Function
}

const taskARN = "arn:aws:ecs:eu-central-1:000000000000:task/outdial/0123456789abcdef0123456789abcdef"

// ecsStandIn answers every RunTask with the one task, and tells that task who it is.
type ecsStandIn struct {
	*httptest.Server
	mu      sync.Mutex
	runs    []runTask
	stopped bool // was asked for
}

type runTask struct {
	ClientToken, StartedBy, TaskDefinition, Cluster string
	Overrides                                       struct {
		ContainerOverrides []struct {
			Name        string
			Environment []struct{ Name, Value string }
		}
	}
}

func (e *ecsStandIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/metadata/task" {
		fmt.Fprintf(w, `{"TaskARN":%q}`, taskARN)
		return
	}
	var asked struct {
		runTask
		Task string
	}
	err := json.NewDecoder(r.Body).Decode(&asked)
	_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	e.mu.Lock()
	defer e.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	switch {
	case err == nil && action == "RunTask":
		e.runs = append(e.runs, asked.runTask)
		fmt.Fprintf(w, `{"tasks":[{"taskArn":%q}],"failures":[]}`, taskARN)
	case err == nil && action == "StopTask" && asked.Task == taskARN:
		e.stopped = true
		fmt.Fprintf(w, `{"task":{"taskArn":%q}}`, taskARN)
	default:
		w.WriteHeader(http.StatusBadRequest)
	}
}

// asked are the tasks that were asked for.
func (e *ecsStandIn) asked() []runTask {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.runs)
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	config, unique := localstack.Config(t), fmt.Sprintf("programs-%d", time.Now().UnixNano())
	c := &cloud{t: t, sqs: sqs.NewFromConfig(config), ecs: &ecsStandIn{}}
	c.ecs.Server = httptest.NewServer(c.ecs)
	t.Cleanup(c.ecs.Close)
	c.must(dynamo.CreateTable(t.Context(), dynamodb.NewFromConfig(config), unique))
	c.calls, c.dead, c.events = c.queue(unique+"-calls"), c.queue(unique+"-dead"), c.queue(unique+"-events")
	c.bus(eventbridge.NewFromConfig(config), unique)
	c.carrier = simcarrier.Scheme + ":" + t.TempDir() + "?speed=100"
	c.env = []string{
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_ENDPOINT_URL=" + localstack.URL(t), "AWS_ENDPOINT_URL_ECS=" + c.ecs.URL,
		awsenv.Table + "=" + unique, awsenv.LogLevel + "=info", awsenv.Cluster + "=outdial", awsenv.Carrier + "=" + c.carrier,
		awsenv.CallsQueue + "=" + c.calls, awsenv.CallsDeadLetterQueue + "=" + c.dead, awsenv.EventsQueue + "=" + c.events,
		awsenv.TaskDefinition + "=arn:aws:ecs:eu-central-1:000000000000:task-definition/outdial-agent:7",
		awsenv.Subnets + "=subnet-1", awsenv.SecurityGroups + "=sg-1", awsenv.AssignPublicIP + "=DISABLED",
		messages.EnvStore + "=dynamodb:" + unique, messages.EnvEvents + "=eventbridge:" + unique,
	}
	c.api, _ = start(t, "api", c.env...)
	c.worker, _ = start(t, "worker", c.env...)
	c.tracker, _ = start(t, "tracker", c.env...)
	return c
}

func (c *cloud) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *cloud) queue(name string) string {
	c.t.Helper()
	out, err := c.sqs.CreateQueue(c.t.Context(), &sqs.CreateQueueInput{QueueName: &name})
	c.must(err)
	return *out.QueueUrl
}

// bus leads what agents tell to the events queue.
func (c *cloud) bus(client *eventbridge.Client, name string) {
	c.t.Helper()
	_, err := client.CreateEventBus(c.t.Context(), &eventbridge.CreateEventBusInput{Name: &name})
	c.must(err)
	_, err = client.PutRule(c.t.Context(), &eventbridge.PutRuleInput{
		Name: &name, EventBusName: &name, EventPattern: aws.String(`{"source":["outdial.agent"]}`),
	})
	c.must(err)
	attributes, err := c.sqs.GetQueueAttributes(c.t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: &c.events, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn},
	})
	c.must(err)
	arn := attributes.Attributes[string(sqstypes.QueueAttributeNameQueueArn)]
	_, err = client.PutTargets(c.t.Context(), &eventbridge.PutTargetsInput{
		EventBusName: &name, Rule: &name, Targets: []eventtypes.Target{{Id: aws.String("events"), Arn: &arn}},
	})
	c.must(err)
}

// ask is a request of anna's, whom the authorizer has let pass.
func ask[T any](c *cloud, method, path, body string, status int) (answer T) {
	c.t.Helper()
	e := request(method, path, body)
	e.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: map[string]string{
			"sub": "anna", "username": "anna", "client_id": "cli", "token_use": "access", "scope": "calls/read calls/write", "exp": "4000000000",
		}},
	}
	got := invoke[events.APIGatewayV2HTTPResponse](c.t, c.api, e)
	if got.StatusCode != status {
		c.t.Fatalf("%s %s: %d %s", method, path, got.StatusCode, got.Body)
	}
	c.must(json.Unmarshal([]byte(got.Body), &answer))
	return answer
}

// deliver is the mapping: it gives a function the messages of its queue, until done
// says so.
func (c *cloud) deliver(f *runtimeapi.Function, url string, done func() bool) {
	c.t.Helper()
	for end := time.Now().Add(time.Minute); !done(); {
		if time.Now().After(end) {
			c.t.Fatal("it takes too long")
		}
		out, err := c.sqs.ReceiveMessage(c.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1})
		c.must(err)
		var bodies []string
		for _, m := range out.Messages {
			bodies = append(bodies, *m.Body)
		}
		if len(bodies) == 0 {
			continue
		}
		if back := failed(invoke[events.SQSEventResponse](c.t, f, messagesOf(bodies...))); back != "" {
			c.t.Fatalf("messages %s of %q come back", back, bodies)
		}
		for _, m := range out.Messages {
			_, err := c.sqs.DeleteMessage(c.t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle})
			c.must(err)
		}
	}
}

// startAgent starts the agent of the task that was asked for, with its environment.
func (c *cloud) startAgent(run runTask) (agent *exec.Cmd, log *logs) {
	c.t.Helper()
	agent, log = exec.CommandContext(c.t.Context(), path(c.t, "agent")), &logs{}
	agent.Stdout, agent.Stderr = log, log
	agent.Env = append(c.env, "ECS_CONTAINER_METADATA_URI_V4="+c.ecs.URL+"/metadata")
	for _, v := range run.Overrides.ContainerOverrides[0].Environment {
		agent.Env = append(agent.Env, v.Name+"="+v.Value)
	}
	c.must(agent.Start())
	return agent, log
}

// launch submits a call and has it launched.
func (c *cloud) launch(number string) (id string, run runTask) {
	c.t.Helper()
	call := ask[api.Call](c, "POST", "/v1/calls", `{"phone_number":"`+number+`"}`, http.StatusAccepted)
	if call.Status != api.CallStatusQueued {
		c.t.Fatalf("the call is %s", call.Status)
	}
	c.deliver(c.worker, c.calls, func() bool { return len(c.ecs.asked()) > 0 })
	return call.ID, c.ecs.asked()[0]
}

func (c *cloud) call(id string) api.Call {
	c.t.Helper()
	return ask[api.Call](c, "GET", "/v1/calls/"+id, "", http.StatusOK)
}

func callToItsEnd(t *testing.T) {
	c := newCloud(t)
	id, run := c.launch(simcarrier.NumberAnswered)
	if run.Cluster != "outdial" || !strings.HasSuffix(run.TaskDefinition, ":7") || run.StartedBy != run.ClientToken {
		t.Errorf("RunTask got %+v", run)
	}
	agent, log := c.startAgent(run)
	if err := agent.Wait(); err != nil {
		t.Fatalf("the agent: %v\n%s", err, log)
	}
	c.deliver(c.tracker, c.events, func() bool { return c.call(id).EndedAt != nil })
	if end := c.call(id); end.Status != api.CallStatusCompleted || end.Outcome == nil || end.Outcome.Duration == nil || *end.Outcome.Duration < 1 {
		t.Errorf("the call ended as %+v", end)
	}
	tick := messagesOf(`{"schema":"call-event.v1","type":"tick"}`)
	if back := failed(invoke[events.SQSEventResponse](t, c.tracker, tick)); back != "" {
		t.Error("the tick comes back")
	}
	if room := ask[api.Capacity](c, "GET", "/v1/capacity", "", http.StatusOK); room.InUse != 0 {
		t.Errorf("%d slots are in use", room.InUse)
	}
	if n := len(c.ecs.asked()); n != 1 {
		t.Errorf("%d tasks were asked for", n)
	}
}

func canceled(t *testing.T) {
	c := newCloud(t)
	c.env = append(c.env, awsenv.Carrier+"="+simcarrier.Scheme+":"+t.TempDir()) // in real time: it would talk for minutes
	id, run := c.launch(simcarrier.NumberLongTalk)
	agent, log := c.startAgent(run)
	c.deliver(c.tracker, c.events, func() bool {
		return slices.Contains([]api.CallStatus{api.CallStatusRinging, api.CallStatusInProgress}, c.call(id).Status)
	})
	ask[api.Call](c, "POST", "/v1/calls/"+id+"/cancel", "", http.StatusAccepted)
	c.ecs.mu.Lock()
	if !c.ecs.stopped {
		t.Error("ECS was not asked to stop the task")
	}
	c.ecs.mu.Unlock()
	c.must(agent.Process.Signal(syscall.SIGTERM)) // as ECS does then
	if err := agent.Wait(); err != nil {
		t.Fatalf("the agent: %v\n%s", err, log)
	}
	c.deliver(c.tracker, c.events, func() bool { return c.call(id).EndedAt != nil })
	if end := c.call(id); end.Status != api.CallStatusCanceled {
		t.Errorf("the call is %s: %+v", end.Status, end.History)
	}
}
