package ecs

import (
	"strings"
	"time"

	"github.com/outdial/outdial/e2e/internal/aws"
)

// shown is how long a stopped task can still be described.
const shown = time.Hour

const maxDescribed = 100

// find is a task by ARN or id. The service is locked.
func (s *Service) find(name string) (*task, bool) {
	if !strings.HasPrefix(name, "arn:") {
		name = aws.ARN("ecs", "task/"+s.config.Cluster+"/"+name)
	}
	t, ok := s.tasks[name]
	if ok && t.LastStatus == stopped && s.clock().Sub(t.over) > shown {
		return nil, false
	}
	return t, ok
}

func (s *Service) stopTask(body []byte) (any, *aws.Error) {
	var r struct{ Cluster, Task, Reason string }
	if err := decode(body, &r); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.isCluster(r.Cluster) {
		return nil, aws.Refuse("ClusterNotFoundException", "Cluster not found.")
	}
	t, ok := s.find(r.Task)
	if !ok {
		return nil, aws.Refuse("InvalidParameterException", "The referenced task was not found.")
	}
	if t.DesiredStatus != stopped {
		t.DesiredStatus = stopped
		t.StoppedReason = r.Reason
		if t.StoppedReason == "" {
			t.StoppedReason = "Task stopped by user"
		}
		t.change(t.LastStatus)
		go t.stop()
	}
	return map[string]any{"task": t.describe()}, nil
}

func (s *Service) describeTasks(body []byte) (any, *aws.Error) {
	var r struct {
		Cluster        string
		Tasks, Include []string
	}
	if err := decode(body, &r); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.isCluster(r.Cluster):
		return nil, aws.Refuse("ClusterNotFoundException", "Cluster not found.")
	case len(r.Tasks) == 0:
		return nil, aws.Refuse("InvalidParameterException", "Tasks cannot be empty.")
	case len(r.Tasks) > maxDescribed:
		return nil, aws.Refuse("InvalidParameterException", "at most 100 tasks at once")
	}
	tasks, failures := []any{}, []failure{}
	for _, name := range r.Tasks {
		if t, ok := s.find(name); ok {
			tasks = append(tasks, t.describe())
		} else {
			failures = append(failures, failure{Arn: name, Reason: "MISSING"})
		}
	}
	return map[string]any{"tasks": tasks, "failures": failures}, nil
}

func (s *Service) listTasks(body []byte) (any, *aws.Error) {
	var r struct{ Cluster, StartedBy, Family, DesiredStatus string }
	if err := decode(body, &r); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.isCluster(r.Cluster) {
		return nil, aws.Refuse("ClusterNotFoundException", "Cluster not found.")
	}
	if r.StartedBy != "" && r.Family != "" {
		return nil, aws.Refuse("InvalidParameterException", "startedBy must be the only filter")
	}
	want := r.DesiredStatus
	if want == "" {
		want = running
	}
	arns := []string{}
	for _, t := range s.all() {
		if _, ok := s.find(t.ARN); ok && t.DesiredStatus == want && (r.StartedBy == "" || t.StartedBy == r.StartedBy) {
			arns = append(arns, t.ARN)
		}
	}
	return map[string]any{"taskArns": arns}, nil
}
