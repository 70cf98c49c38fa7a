package runtimeapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/awsenv"
	"github.com/outdial/outdial/services/internal/runtimeapi"
)

const module = "github.com/outdial/outdial/services/"

// programs are those that run on AWS.
var programs = []string{"api", "worker", "tracker", "agent"}

var binaries string // the folder of built programs

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if binaries, err = os.MkdirTemp("", "outdial-programs-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(binaries)
		return m.Run()
	}())
}

// build builds all programs, once, as `make lambda` does but for this machine.
var build = sync.OnceValue(func() error {
	arguments := []string{"build", "-buildvcs=false", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", binaries + "/"}
	for _, program := range programs {
		arguments = append(arguments, module+program)
	}
	if out, err := exec.Command("go", arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
})

func path(t *testing.T, program string) string {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(binaries, program)
}

// base is the environment of a function that is never asked to reach AWS: what it
// would ask goes nowhere.
var base = []string{
	"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_ENDPOINT_URL=http://127.0.0.1:1",
	awsenv.Table + "=outdial", awsenv.LogLevel + "=debug", awsenv.Cluster + "=outdial",
	awsenv.CallsQueue + "=http://127.0.0.1:1/000000000000/calls",
	awsenv.CallsDeadLetterQueue + "=http://127.0.0.1:1/000000000000/calls-dead-letters",
	awsenv.EventsQueue + "=http://127.0.0.1:1/000000000000/events",
	awsenv.TaskDefinition + "=arn:aws:ecs:eu-central-1:123456789012:task-definition/outdial-agent:7",
	awsenv.Subnets + "=subnet-1", awsenv.SecurityGroups + "=sg-1", awsenv.AssignPublicIP + "=DISABLED",
}

// logs is a program's log, which a test may read while it is written.
type logs struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.String()
}

// names waits until the log, which comes through a pipe, names this invocation.
func (l *logs) names(t *testing.T, invocation string) {
	t.Helper()
	want := fmt.Sprintf(`"lambda_request_id":%q`, invocation)
	end := time.After(10 * time.Second)
	for !strings.Contains(l.String(), want) {
		select {
		case <-end:
			t.Fatalf("the log doesn't have %s:\n%s", want, l)
		case <-time.After(time.Millisecond):
		}
	}
}

// start starts a function's program; it ends with the test.
func start(t *testing.T, program string, env ...string) (*runtimeapi.Function, *logs) {
	t.Helper()
	log := &logs{}
	f, err := runtimeapi.Start(t.Context(), path(t, program), env, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = f.Close() // killed, or ended before
		if t.Failed() {
			t.Logf("%s logged:\n%s", program, log)
		}
	})
	return f, log
}

// invoke gives the answer to an event.
func invoke[T any](t *testing.T, f *runtimeapi.Function, event any) (answer T) {
	t.Helper()
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	body, err := f.Invoke(t.Context(), payload, 30*time.Second)
	if err == nil {
		err = json.Unmarshal(body, &answer)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	return answer
}

func TestAProgramThatIsNotConfiguredTellsEveryMistakeAndEnds(t *testing.T) {
	t.Parallel()
	names := map[string][]string{"agent": {
		messages.EnvCallID, messages.EnvAttempt, messages.EnvStore, messages.EnvEvents, messages.EnvTask, messages.EnvCarrier, messages.EnvDeadline,
	}}
	optional := []string{awsenv.Issuer, awsenv.ClientIDs, awsenv.AllowNumberTypes, awsenv.Prices}
	for _, program := range programs {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			f, log := start(t, program)
			if code := f.Wait(); code == 0 {
				t.Error("it ended without a failure")
			}
			for _, name := range append(awsenv.Names(program), names[program]...) {
				if !slices.Contains(optional, name) && !strings.Contains(log.String(), name+" ") {
					t.Errorf("%s isn't told", name)
				}
			}
		})
	}
}

// TestMistakesOfAllKindsAreToldTogether: what is missing, and what only the program
// itself can judge.
func TestMistakesOfAllKindsAreToldTogether(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		program, change string
		told            []string
	}{
		{"api", awsenv.AllowNumberTypes + "=all", []string{awsenv.Table, awsenv.AllowNumberTypes}},
		{"api", awsenv.Prices + `={"currency":"EUR"}`, []string{awsenv.Table, awsenv.Prices}},
		{"tracker", awsenv.Carrier + "=simulated:/tmp?speed=0", []string{awsenv.Table, awsenv.Carrier}},
		{"agent", awsenv.Carrier + "=simulated:/tmp?speed=0", []string{messages.EnvStore, awsenv.Carrier}},
	} {
		f, log := start(t, c.program, c.change)
		f.Wait()
		for _, name := range c.told {
			if !strings.Contains(log.String(), name) {
				t.Errorf("%s with %s doesn't tell %s", c.program, c.change, name)
			}
		}
	}
}

// request is an event of the HTTP API.
func request(method, path, body string) events.APIGatewayV2HTTPRequest {
	e := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: path, Body: body, Headers: map[string]string{"content-type": "application/json"}}
	e.RequestContext.HTTP = events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: method, Path: path, Protocol: "HTTP/1.1"}
	return e
}

func TestTheAPIAnswers(t *testing.T) {
	t.Parallel()
	f, log := start(t, "api", base...)
	health := invoke[events.APIGatewayV2HTTPResponse](t, f, request("GET", "/v1/health", ""))
	if health.StatusCode != http.StatusOK || health.Body != "{\"status\":\"ok\"}\n" || health.Headers["X-Request-Id"] == "" {
		t.Errorf("health: %+v", health)
	}
	calls := request("GET", "/v1/calls", "")
	calls.Headers["authorization"] = "Bearer somebody"
	if got := invoke[events.APIGatewayV2HTTPResponse](t, f, calls); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("without an authorizer: %+v", got)
	}
	log.names(t, "invocation-2")
}

// messagesOf is a batch of the mapping; the id of each is its number, from 0.
func messagesOf(bodies ...string) events.SQSEvent {
	var e events.SQSEvent
	for i, body := range bodies {
		e.Records = append(e.Records, events.SQSMessage{MessageId: fmt.Sprint(i), Body: body, EventSource: "aws:sqs"})
	}
	return e
}

// failed are the numbers of the messages that come back.
func failed(answer events.SQSEventResponse) string {
	var ids []string
	for _, f := range answer.BatchItemFailures {
		ids = append(ids, f.ItemIdentifier)
	}
	return strings.Join(ids, " ")
}

func TestAMessageThatNobodyCanReadComesBackAlone(t *testing.T) {
	t.Parallel()
	foreign := `{"source":"aws.ecs","detail-type":"ECS Task State Change","detail":{"lastStatus":"RUNNING"}}`
	for _, c := range []struct {
		program string
		bodies  []string
		want    string
	}{
		{"worker", []string{"nonsense"}, "0"},
		{"tracker", []string{foreign, "nonsense", foreign}, "1"},
	} {
		f, log := start(t, c.program, append(base, awsenv.Carrier+"=simulated:"+t.TempDir())...)
		if got := failed(invoke[events.SQSEventResponse](t, f, messagesOf(c.bodies...))); got != c.want {
			t.Errorf("%s: %q come back, want %q", c.program, got, c.want)
		}
		log.names(t, "invocation-1")
	}
}

// TestNoProgramCarriesWhatItDoesntNeed: package phonenumbers takes 5 ms at each
// start, and the database of one machine is none of AWS's.
func TestNoProgramCarriesWhatItDoesntNeed(t *testing.T) {
	t.Parallel()
	for _, program := range programs {
		out, err := exec.Command("go", "list", "-tags", "lambda.norpc", "-deps", module+program).Output()
		if err != nil {
			t.Fatal(err)
		}
		linked := strings.Fields(string(out))
		for _, c := range []struct {
			pkg  string
			want bool
		}{
			{"github.com/nyaruka/phonenumbers", program == "api"},
			{module + "internal/httpapi", program == "api"},
			{module + "internal/dynamo", true},
			{"modernc.org/sqlite", false},
			{module + "internal/serve", false},
			{"testing", false},
		} {
			if got := slices.Contains(linked, c.pkg); got != c.want {
				t.Errorf("%s links %s: %v, want %v", program, c.pkg, got, c.want)
			}
		}
	}
}
