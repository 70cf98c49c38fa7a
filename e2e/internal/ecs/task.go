package ecs

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/outdial/outdial/e2e/internal/aws"
	"github.com/outdial/outdial/e2e/internal/process"
)

// The statuses that tests and programs look at.
const (
	pending = "PENDING"
	running = "RUNNING"
	stopped = "STOPPED"
)

// Task is a task as DescribeTasks shows it.
type Task struct {
	ARN           string
	StartedBy     string
	Definition    string // ARN of the revision that it runs
	LastStatus    string
	DesiredStatus string
	StoppedReason string
	ExitCode      *int
	Version       int // counts its changes
	Overrides     map[string]string
	CreatedAt     time.Time
	StoppedAt     time.Time
}

type task struct {
	Task
	id         string
	service    *Service
	definition TaskDefinition
	cmd        *exec.Cmd
	key        string
	folder     string
	over       time.Time // by the clock of what ECS forgets
	exited     chan struct{}
}

// start starts a task. The service is locked.
func (s *Service) start(r runTaskRequest, d TaskDefinition) (*task, error) {
	random := make([]byte, 16)
	_, _ = rand.Read(random) // never fails
	t := &task{id: hex.EncodeToString(random), service: s, definition: d, exited: make(chan struct{}), key: s.config.Credentials()}
	t.Task = Task{
		ARN: aws.ARN("ecs", "task/"+s.config.Cluster+"/"+t.id), StartedBy: r.StartedBy, Definition: d.ARN,
		LastStatus: pending, DesiredStatus: running, Overrides: map[string]string{}, CreatedAt: time.Now(),
	}
	for _, o := range r.Overrides.ContainerOverrides {
		for _, v := range o.Environment {
			t.Overrides[v.Name] = v.Value
		}
	}
	if err := t.run(); err != nil {
		return nil, err
	}
	s.tasks[t.ARN] = t
	s.order = append(s.order, t.ARN)
	s.running++
	s.most = max(s.most, s.running)
	t.change(pending)
	t.change(running)
	go t.wait()
	return t, nil
}

// run starts the agent in a folder that it can't write to, as its image is.
func (t *task) run() error {
	folder, err := os.MkdirTemp("", "outdial-task-")
	if err != nil {
		return err
	}
	if err := os.Chmod(folder, 0o500); err != nil { //nolint:gosec // a folder that one can't enter would be of no use
		return err
	}
	t.folder = folder
	// It lives longer than the call that started it.
	t.cmd = exec.CommandContext(context.Background(), t.service.config.Program) //nolint:gosec // the program under test
	t.cmd.Dir, t.cmd.Env = folder, t.environ()
	t.cmd.Stdout, t.cmd.Stderr = t.service.config.Log, t.service.config.Log
	t.cmd.SysProcAttr = process.Attributes()
	return t.cmd.Start()
}

// environ is what Fargate sets, what the task definition does, and the overrides.
func (t *task) environ() []string {
	base := "http://" + t.service.listener.Addr().String()
	env := []string{
		"AWS_EXECUTION_ENV=AWS_ECS_FARGATE", "AWS_REGION=" + aws.Region, "AWS_DEFAULT_REGION=" + aws.Region,
		"ECS_CONTAINER_METADATA_URI_V4=" + base + "/v4/" + t.id,
		"AWS_CONTAINER_CREDENTIALS_FULL_URI=" + base + "/v2/credentials/" + t.id,
		"AWS_ENDPOINT_URL=" + t.service.config.Endpoint,
		"HOSTNAME=" + filepath.Base(t.folder), "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	}
	for _, c := range t.definition.ContainerDefinitions {
		for _, v := range c.Environment {
			env = append(env, v.Name+"="+v.Value)
		}
	}
	for name, value := range t.Overrides {
		env = append(env, name+"="+value)
	}
	return env
}

// wait waits for the agent's end, whatever brings it.
func (t *task) wait() {
	_ = t.cmd.Wait()
	code := t.cmd.ProcessState.ExitCode()
	_ = os.RemoveAll(t.folder)
	t.service.config.Gone(t.key)
	s := t.service
	s.mu.Lock()
	defer s.mu.Unlock()
	t.ExitCode = &code
	if t.StoppedReason == "" {
		t.StoppedReason = "Essential container in task exited"
	}
	t.DesiredStatus, t.StoppedAt, t.over = stopped, time.Now(), s.clock()
	s.running--
	t.change(stopped)
	close(t.exited) // last: who has waited for it may end the service
}

// stop ends the agent as ECS does: SIGTERM, and after the stop timeout SIGKILL.
func (t *task) stop() {
	_ = t.cmd.Process.Signal(syscall.SIGTERM)
	timeout := 30
	for _, c := range t.definition.ContainerDefinitions {
		if c.StopTimeout > 0 {
			timeout = c.StopTimeout
		}
	}
	select {
	case <-t.exited:
	case <-time.After(time.Duration(timeout) * time.Second):
		t.kill()
	}
}

func (t *task) kill() {
	_ = t.cmd.Process.Kill()
	<-t.exited
}

func (t *task) describe() map[string]any {
	v := map[string]any{
		"taskArn": t.ARN, "clusterArn": t.service.clusterARN(), "taskDefinitionArn": t.definition.ARN, "launchType": "FARGATE",
		"group": "family:" + t.definition.Family, "startedBy": t.StartedBy, "version": t.Version,
		"lastStatus": t.LastStatus, "desiredStatus": t.DesiredStatus, "createdAt": seconds(t.CreatedAt),
		"containers": []any{t.container()},
	}
	if t.StoppedReason != "" {
		v["stoppedReason"] = t.StoppedReason
	}
	if t.LastStatus == stopped {
		v["stoppedAt"], v["stopCode"] = seconds(t.StoppedAt), "EssentialContainerExited"
	}
	return v
}

func (t *task) container() map[string]any {
	c := map[string]any{"name": t.definition.ContainerDefinitions[0].Name, "lastStatus": t.LastStatus}
	if t.ExitCode != nil && *t.ExitCode >= 0 {
		c["exitCode"] = *t.ExitCode
	}
	return c
}

// seconds is a time as AWS's JSON protocol has it.
func seconds(at time.Time) float64 { return float64(at.UnixMilli()) / 1000 }

func (t Task) String() string { return fmt.Sprintf("%s of %s: %s", t.ARN, t.StartedBy, t.LastStatus) }
