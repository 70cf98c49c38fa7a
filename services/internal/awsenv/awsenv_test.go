package awsenv_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/awsenv"
)

// good is an environment in which every program starts.
var good = map[string]string{
	"AWS_REGION":      "eu-central-1",
	awsenv.Table:      "outdial",
	awsenv.LogLevel:   "warn",
	awsenv.CallsQueue: "https://sqs.eu-central-1.amazonaws.com/123456789012/calls", awsenv.Cluster: "outdial",
	awsenv.CallsDeadLetterQueue: "https://sqs.eu-central-1.amazonaws.com/123456789012/calls-dead-letters",
	awsenv.EventsQueue:          "https://sqs.eu-central-1.amazonaws.com/123456789012/events",
	awsenv.Issuer:               "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a", awsenv.ClientIDs: "one,two",
	awsenv.AllowNumberTypes: "premium_rate", awsenv.Prices: `{"currency":"EUR","default":"0.45"}`, awsenv.Carrier: "simulated:/tmp/carrier",
	awsenv.TaskDefinition: "arn:aws:ecs:eu-central-1:123456789012:task-definition/outdial-agent:7",
	awsenv.Subnets:        "subnet-1a,subnet-2b", awsenv.SecurityGroups: "sg-1", awsenv.AssignPublicIP: "DISABLED",
}

// with is the good environment, changed: "NAME=value", or "NAME" to take it away.
func with(changes ...string) awsenv.Lookup {
	env := maps.Clone(good)
	for _, change := range changes {
		name, value, set := strings.Cut(change, "=")
		if env[name] = value; !set {
			delete(env, name)
		}
	}
	return func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}
}

// read reads one program's environment.
func read(program string, lookup awsenv.Lookup) (any, error) {
	switch program {
	case "api":
		return awsenv.ReadAPI(lookup)
	case "worker":
		return awsenv.ReadWorker(lookup)
	}
	return awsenv.ReadTracker(lookup)
}

func TestEachProgramIsToldWhatItsEnvironmentSays(t *testing.T) {
	t.Parallel()
	api, err := awsenv.ReadAPI(with())
	if err != nil || api.Table != "outdial" || api.Level != slog.LevelWarn || api.Issuer != good[awsenv.Issuer] ||
		!slices.Equal(api.ClientIDs, []string{"one", "two"}) || api.AllowNumberTypes != "premium_rate" || api.Prices != good[awsenv.Prices] || api.EventsQueue != good[awsenv.EventsQueue] {
		t.Errorf("the api: %+v, %v", api, err)
	}
	worker, err := awsenv.ReadWorker(with())
	if err != nil || !slices.Equal(worker.Subnets, []string{"subnet-1a", "subnet-2b"}) || !slices.Equal(worker.SecurityGroups, []string{"sg-1"}) ||
		worker.TaskDefinition != good[awsenv.TaskDefinition] || worker.AssignPublicIP != "DISABLED" {
		t.Errorf("the worker: %+v, %v", worker, err)
	}
	tracker, err := awsenv.ReadTracker(with())
	if err != nil || tracker.Carrier != "simulated:/tmp/carrier" || tracker.CallsDeadLetterQueue != good[awsenv.CallsDeadLetterQueue] {
		t.Errorf("the tracker: %+v, %v", tracker, err)
	}
}

func TestWhatMayBeLeftOut(t *testing.T) {
	t.Parallel()
	for _, lookup := range []awsenv.Lookup{
		with(awsenv.Issuer, awsenv.ClientIDs, awsenv.AllowNumberTypes, awsenv.Prices),
		with(awsenv.Issuer+"=", awsenv.ClientIDs+"=", awsenv.AllowNumberTypes+"=", awsenv.Prices+"="),
	} {
		api, err := awsenv.ReadAPI(lookup)
		if err != nil || api.Issuer != "" || api.ClientIDs != nil || api.AllowNumberTypes != "" || api.Prices != "" {
			t.Errorf("%+v, %v", api, err)
		}
	}
}

func TestATableMayHaveEveryNameThatDynamoDBTakes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a-Z", strings.Repeat("aZ0_.-", 42) + "abc"} {
		if api, err := awsenv.ReadAPI(with(awsenv.Table + "=" + name)); err != nil || api.Table != name {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestEveryMistakeIsToldAtOnce: without anything set, each variable that a program
// needs is named, and nothing else.
func TestEveryMistakeIsToldAtOnce(t *testing.T) {
	t.Parallel()
	optional := []string{awsenv.Issuer, awsenv.ClientIDs, awsenv.AllowNumberTypes, awsenv.Prices}
	for _, program := range []string{"api", "worker", "tracker"} {
		_, err := read(program, func(string) (string, bool) { return "", false })
		for _, name := range append(awsenv.Names(program), "AWS_REGION") {
			if told := strings.Contains(fmt.Sprint(err), name+" is not set"); told == slices.Contains(optional, name) {
				t.Errorf("%s: %s: told is %v, in\n%v", program, name, told, err)
			}
		}
		if len(awsenv.Names(program)) < 7 {
			t.Errorf("%s reads %v only", program, awsenv.Names(program))
		}
	}
	if names := awsenv.Names("nobody"); names != nil {
		t.Errorf("a program that isn't there reads %v", names)
	}
}

func TestWhatIsWrongIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ program, change string }{
		{"api", awsenv.Table + "=a b"},
		{"api", awsenv.Table + "="},
		{"api", awsenv.Table + "=ab"},
		{"api", awsenv.Table + "=a/b"},
		{"api", awsenv.Table + "=" + strings.Repeat("a", 256)},
		{"api", awsenv.LogLevel + "=loud"},
		{"api", awsenv.CallsQueue + "=calls"},
		{"api", awsenv.EventsQueue + "=ftp://a/b"},
		{"api", awsenv.Issuer + "=cognito"},
		{"api", awsenv.Issuer},
		{"api", awsenv.ClientIDs},
		{"api", awsenv.ClientIDs + "=one,,two"},
		{"worker", awsenv.TaskDefinition + "=arn:aws:ecs:eu-central-1:123456789012:task-definition/outdial-agent"},
		{"worker", awsenv.TaskDefinition + "=outdial-agent:7"},
		{"worker", awsenv.Subnets + "=subnet-1a, subnet-2b"},
		{"worker", awsenv.SecurityGroups + "=subnet-1a"},
		{"worker", awsenv.AssignPublicIP + "=yes"},
		{"worker", awsenv.AssignPublicIP + "=enabled"},
		{"worker", "AWS_REGION=eu_central_1"},
		{"tracker", awsenv.Carrier + "=/tmp/carrier"},
		{"tracker", awsenv.Cluster + "=a,b"},
		{"tracker", "AWS_REGION"},
	} {
		name, _, _ := strings.Cut(c.change, "=")
		if _, err := read(c.program, with(c.change)); err == nil || !strings.Contains(err.Error(), name) || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s with %s: %v", c.program, c.change, err)
		}
	}
}

// onFargate is an agent's environment there.
func onFargate(metadata string) map[string]string {
	return map[string]string{
		"AWS_REGION": "eu-central-1", "ECS_CONTAINER_METADATA_URI_V4": metadata,
		messages.EnvCallID: "call_01JD0000000000000000000000", messages.EnvAttempt: "1", messages.EnvDeadline: "2026-11-21T14:00:00Z",
		messages.EnvStore: "dynamodb:outdial", messages.EnvEvents: "eventbridge:outdial", messages.EnvCarrier: "simulated:/tmp/carrier",
	}
}

func from(env map[string]string) awsenv.Lookup {
	return func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}
}

const arn = "arn:aws:ecs:eu-central-1:123456789012:task/outdial/0123456789abcdef0123456789abcdef"

// metadata is what ECS tells a container; the first answers fail, as they may.
func metadata(t *testing.T, failures int, answer string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v4/id/task" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		if failures--; failures >= 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, answer)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/v4/id"
}

func TestAnAgentAsksECSWhichTaskItIs(t *testing.T) {
	t.Parallel()
	a, err := awsenv.ReadAgent(t.Context(), from(onFargate(metadata(t, 2, `{"Cluster":"outdial","TaskARN":"`+arn+`"}`))))
	if err != nil || a.Task != arn || a.Table != "outdial" || a.Bus != "outdial" || a.Attempt != 1 {
		t.Errorf("%+v, %v", a, err)
	}
	env := onFargate("http://127.0.0.1:1")
	env[messages.EnvTask] = arn
	if a, err := awsenv.ReadAgent(t.Context(), from(env)); err != nil || a.Task != arn {
		t.Errorf("told by the environment: %+v, %v", a, err)
	}
	_, err = awsenv.ReadAgent(t.Context(), from(onFargate(metadata(t, 0, `{}`))))
	if err == nil || !strings.Contains(err.Error(), "TaskARN") || !strings.Contains(err.Error(), messages.EnvTask) {
		t.Errorf("an answer without the ARN: %v", err)
	}
}

func TestAnAgentTellsEveryMistakeAtOnce(t *testing.T) {
	t.Parallel()
	_, err := awsenv.ReadAgent(t.Context(), from(nil))
	for _, name := range []string{
		"AWS_REGION", messages.EnvCallID, messages.EnvAttempt, messages.EnvStore, messages.EnvEvents, messages.EnvTask, messages.EnvCarrier, messages.EnvDeadline,
	} {
		if strings.Count(fmt.Sprint(err), name+" ") != 1 {
			t.Errorf("%s is not told once in\n%v", name, err)
		}
	}
	env := onFargate("")
	env[messages.EnvTask], env[messages.EnvStore], env[messages.EnvEvents] = arn, "sqlite:/tmp/a", "kafka:b"
	_, err = awsenv.ReadAgent(t.Context(), from(env))
	if !strings.Contains(fmt.Sprint(err), "dynamodb:TABLE") || !strings.Contains(fmt.Sprint(err), "eventbridge:BUS") {
		t.Errorf("a store and a bus of other kinds: %v", err)
	}
}

func TestALineOfTheLogNamesItsInvocation(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := awsenv.NewLog(&out, slog.LevelInfo).With("a", 1)
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "invocation-1"})
	log.InfoContext(ctx, "one")
	log.DebugContext(ctx, "two")
	log.Info("three")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"lambda_request_id":"invocation-1"`) || strings.Contains(lines[1], "lambda") {
		t.Errorf("%s", out.String())
	}
}
