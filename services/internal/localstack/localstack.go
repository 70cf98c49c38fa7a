// Package localstack starts LocalStack for tests: AWS's DynamoDB, SQS, EventBridge
// and CloudFormation as a process on this machine (see .ci/localstack).
package localstack

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// URL is the endpoint of LocalStack: the one that OUTDIAL_LOCALSTACK_URL names,
// or one that is started at the first call and ends with the test process,
// however that ends. Its tests share it, so each uses names of its own.
func URL(t testing.TB) string {
	t.Helper()
	url, err := start()
	if err != nil {
		t.Fatalf("LocalStack: %v", err)
	}
	return url
}

// Config is what a client of an AWS SDK is made with to reach LocalStack.
func Config(t testing.TB) aws.Config {
	t.Helper()
	return aws.Config{
		Region:       "eu-central-1",
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		BaseEndpoint: aws.String(URL(t)),
	}
}

// start gives the same answer to everybody who asks in this process.
var start = sync.OnceValues(func() (string, error) {
	if url := os.Getenv("OUTDIAL_LOCALSTACK_URL"); url != "" {
		return strings.TrimSuffix(url, "/"), nil
	}
	script, err := script()
	if err != nil {
		return "", err
	}
	return run(exec.Command(script)) //nolint:gosec // our own script, which lives as long as this process
})

// run starts LocalStack and waits until it is ready. It lives by its standard
// input, which the kernel closes with this process.
func run(cmd *exec.Cmd) (string, error) {
	var log strings.Builder
	cmd.Stderr = &log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if _, err := cmd.StdinPipe(); err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	out := bufio.NewReader(stdout)
	answer, err := out.ReadString('\n')
	if url, ok := strings.CutPrefix(answer, "ready "); ok && err == nil {
		go func() { _ = cmd.Wait() }() // keeps the pipe from being collected, and so closed
		return strings.TrimSpace(url), nil
	}
	rest, restErr := io.ReadAll(out)
	return "", fmt.Errorf("%s did not start: %w\n%s%s%s", cmd.Path, errors.Join(restErr, cmd.Wait()), answer, rest, log.String())
}

// script finds .ci/localstack/run above the directory of the test.
func script() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		path := filepath.Join(dir, ".ci", "localstack", "run")
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no .ci/localstack/run above the working directory")
}
