// Package localstack gives the end-to-end tests their LocalStack: DynamoDB, SQS,
// EventBridge and CloudFormation.
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
)

// URL is the endpoint that E2E_LOCALSTACK_URL names, or that of a LocalStack
// which is started at the first call and ends with this process, however that
// ends: it lives by its standard input, which the kernel closes.
var URL = sync.OnceValues(func() (string, error) {
	if url := os.Getenv("E2E_LOCALSTACK_URL"); url != "" {
		return strings.TrimSuffix(url, "/"), nil
	}
	root, err := Root()
	if err != nil {
		return "", err
	}
	return run(exec.Command(filepath.Join(root, ".ci", "localstack", "run"))) //nolint:gosec // our own script, which lives as long as this process
})

func run(cmd *exec.Cmd) (string, error) {
	var log strings.Builder
	cmd.Stderr = &log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	out := bufio.NewReader(stdout)
	answer, err := out.ReadString('\n')
	if url, ok := strings.CutPrefix(answer, "ready "); ok && err == nil {
		go func() { _ = cmd.Wait(); _ = stdin.Close() }() // keeps the pipe from being collected, and so closed
		return strings.TrimSpace(url), nil
	}
	rest, restErr := io.ReadAll(out)
	return "", fmt.Errorf("LocalStack did not start: %w\n%s%s%s", errors.Join(restErr, cmd.Wait()), answer, rest, log.String())
}

// Root is the folder of the repository: the first above this one that has a
// .ci/localstack.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, ".ci", "localstack", "run")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("no .ci/localstack/run above the working directory")
}
