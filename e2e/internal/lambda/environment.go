package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/outdial/outdial/e2e/internal/aws"
	"github.com/outdial/outdial/e2e/internal/process"
)

// initTime is how long a function may take from its start to asking for an event.
const initTime = 10 * time.Second

// environment is one process.
type environment struct {
	config  Config
	version int // of the function's configuration
	key     string
	cmd     *exec.Cmd
	runtime *runtimeAPI
	exited  chan struct{} // closed when the process is gone
	end     error         // how it ended, once it has
}

// start starts the process. Gone is called when it has ended.
func start(c Config, gone func(*environment)) (*environment, error) {
	api, err := serveRuntime(c)
	if err != nil {
		return nil, err
	}
	e := &environment{config: c, key: c.Credentials(), runtime: api, exited: make(chan struct{})}
	// It lives longer than the invocation for which it was started.
	e.cmd = exec.CommandContext(context.Background(), c.Program) //nolint:gosec // the program under test
	e.cmd.Dir = filepath.Dir(c.Program)
	e.cmd.Env = e.environ()
	e.cmd.Stdout, e.cmd.Stderr = c.Log, c.Log
	e.cmd.SysProcAttr = process.Attributes()
	if err := e.cmd.Start(); err != nil {
		api.close()
		return nil, fmt.Errorf("function %s: %w", c.Name, err)
	}
	go func() {
		e.end = e.cmd.Wait()
		close(e.exited)
		api.close()
		gone(e)
	}()
	return e, nil
}

// environ is what Lambda sets, and what the template does.
func (e *environment) environ() []string {
	env := []string{
		"AWS_LAMBDA_RUNTIME_API=" + e.runtime.address,
		"AWS_LAMBDA_FUNCTION_NAME=" + e.config.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(e.config.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_EXECUTION_ENV=AWS_Lambda_provided.al2023",
		"AWS_REGION=" + aws.Region, "AWS_DEFAULT_REGION=" + aws.Region,
		"AWS_ACCESS_KEY_ID=" + e.key, "AWS_SECRET_ACCESS_KEY=secret", "AWS_SESSION_TOKEN=token",
		"AWS_ENDPOINT_URL=" + e.config.Endpoint,
		"LAMBDA_TASK_ROOT=" + filepath.Dir(e.config.Program), "_HANDLER=bootstrap",
		"PATH=/usr/local/bin:/usr/bin:/bin:/opt/bin", "LANG=en_US.UTF-8", "TZ=:UTC",
	}
	for name, value := range e.config.Environment {
		env = append(env, name+"="+value)
	}
	return env
}

// invoke hands one event over and waits for what comes of it.
func (e *environment) invoke(event []byte, trace string) ([]byte, error) {
	if err := e.ready(); err != nil {
		e.kill()
		return nil, err
	}
	_ = e.cmd.Process.Signal(syscall.SIGCONT)
	deadline := time.Now().Add(e.config.Timeout)
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	i := newInvocation(event, trace, deadline)
	select {
	case e.runtime.events <- i:
	case <-e.exited:
		return nil, e.death()
	}
	select {
	case r := <-i.result:
		return e.settle(r, timer.C)
	case <-e.exited:
		return nil, e.death()
	case <-timer.C:
		e.kill()
		return nil, &FunctionError{"Sandbox.Timedout", fmt.Sprintf("Task timed out after %.2f seconds", e.config.Timeout.Seconds())}
	}
}

// ready waits until the process asks for an event.
func (e *environment) ready() error {
	select {
	case <-e.runtime.asked:
		return nil
	case failure := <-e.runtime.initFailure:
		return failure
	case <-e.exited:
		return e.death()
	case <-time.After(initTime):
		return &FunctionError{"Sandbox.Timedout", "the function did not ask for an event within " + initTime.String()}
	}
}

// settle gives an answer out once the process asks for the next event, and freezes
// it: not before that has it done what it does after an answer.
func (e *environment) settle(r result, timeout <-chan time.Time) ([]byte, error) {
	select {
	case <-e.runtime.asked:
		select {
		case e.runtime.asked <- struct{}{}: // for ready
		default:
		}
		_ = e.cmd.Process.Signal(syscall.SIGSTOP)
	case <-e.exited:
	case <-timeout:
		e.kill()
	}
	return r.answer, r.err
}

func (e *environment) alive() bool {
	select {
	case <-e.exited:
		return false
	default:
		return true
	}
}

// kill ends the process and waits until it has.
func (e *environment) kill() {
	_ = e.cmd.Process.Kill()
	<-e.exited
}

func (e *environment) death() error {
	<-e.exited
	reason := "exit status 0"
	if e.end != nil {
		reason = e.end.Error()
	}
	select {
	case failure := <-e.runtime.initFailure:
		return failure
	default:
	}
	return &FunctionError{"Runtime.ExitError", "the runtime exited: " + reason}
}

// failure reads what a function reports as its error.
func failure(kind string, body []byte) *FunctionError {
	var reported struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}
	if json.Unmarshal(body, &reported) != nil || reported.Message == "" {
		reported.Message = string(body)
	}
	if reported.Type == "" {
		reported.Type = kind
	}
	return &FunctionError{reported.Type, reported.Message}
}
