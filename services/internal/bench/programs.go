package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/awsenv"
	"github.com/outdial/outdial/services/internal/runtimeapi"
	"github.com/outdial/outdial/services/internal/signin"
)

const module = "github.com/outdial/outdial/services/"

// The programs of the rows about Lambda.
const (
	apiProgram     = module + "api"
	helloProgram   = module + "internal/bench/hello"
	instantProgram = module + "internal/bench/instant"
)

// programs is a folder with programs, built as `make lambda` does but for this machine.
type programs string

func buildPrograms(ctx context.Context, dir string, packages ...string) (programs, error) {
	arguments := append([]string{
		"build", "-buildvcs=false", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", dir + "/",
	}, packages...)
	out, err := exec.CommandContext(ctx, "go", arguments...).CombinedOutput() //nolint:gosec // the packages are the constants above
	if err != nil {
		return "", fmt.Errorf("build %s: %w: %s", strings.Join(packages, ", "), err, out)
	}
	return programs(dir), nil
}

func (p programs) path(program string) string {
	return filepath.Join(string(p), filepath.Base(program))
}

// function is a running program, with what it logs.
type function struct {
	*runtimeapi.Function
	log *bytes.Buffer // to be read when it has ended
}

// start starts a program. What it would ask of AWS goes nowhere. A hello needs its answer.
func (p programs) start(ctx context.Context, program string, answer []byte) (function, error) {
	const nowhere = "http://127.0.0.1:1/000000000000/"
	log := &bytes.Buffer{}
	running, err := runtimeapi.Start(ctx, p.path(program), []string{
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=bench", "AWS_SECRET_ACCESS_KEY=bench", "AWS_ENDPOINT_URL=" + nowhere,
		awsenv.Table + "=outdial", awsenv.LogLevel + "=info", awsenv.Cluster + "=outdial",
		awsenv.CallsQueue + "=" + nowhere + "calls", awsenv.EventsQueue + "=" + nowhere + "events",
		"HELLO_ANSWER=" + string(answer),
	}, log)
	return function{running, log}, err
}

// ask has a function answer an event, and gives the answer as it was, which must
// have the given status.
func (f function) ask(ctx context.Context, event []byte, status int) ([]byte, error) {
	body, err := f.Invoke(ctx, event, patience)
	if err != nil {
		return nil, err
	}
	var got events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(body, &got); err != nil {
		return nil, err
	}
	if got.StatusCode != status {
		return nil, fmt.Errorf("the answer is %s; want status %d", body, status)
	}
	return body, nil
}

// close ends a function, and adds to an error what it has logged.
func (f function) close(err error) error {
	closed := f.Close()
	if err != nil && f.log.Len() > 0 {
		err = fmt.Errorf("%w\n%s", err, f.log)
	}
	return errors.Join(err, closed)
}

// event is a request as API Gateway hands it on, made by a client whose token it
// has checked.
func event(method, path, body, etag string) ([]byte, error) {
	e := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "$default", RawPath: api.BasePath + path, Body: body,
		Headers: map[string]string{
			"accept": "application/json", "accept-encoding": "gzip", "authorization": "Bearer " + strings.Repeat("x", 1000),
			"content-length": fmt.Sprint(len(body)), "content-type": "application/json", "host": "bench.example",
			"user-agent": "bench", "x-amzn-trace-id": "Root=1-00000000-000000000000000000000000",
			"x-forwarded-for": "192.0.2.1", "x-forwarded-port": "443", "x-forwarded-proto": "https",
		},
	}
	if etag != "" {
		e.Headers["if-none-match"] = etag
	}
	e.RequestContext.HTTP = events.APIGatewayV2HTTPRequestContextHTTPDescription{
		Method: method, Path: e.RawPath, Protocol: "HTTP/1.1", SourceIP: "192.0.2.1", UserAgent: "bench",
	}
	e.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: map[string]string{
			"iss": issuerURL, "sub": clientID, "client_id": clientID, "token_use": "access", "jti": "1",
			"scope": signin.ScopeRead + " " + signin.ScopeWrite, "iat": "1700000000", "exp": fmt.Sprint(time.Now().Add(time.Hour).Unix()),
		}},
	}
	return json.Marshal(e)
}

// health is an event that needs neither a token nor a store.
func health() ([]byte, error) { return event(http.MethodGet, "/health", "", "") }
