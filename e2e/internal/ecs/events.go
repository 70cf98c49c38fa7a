package ecs

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/outdial/outdial/e2e/internal/aws"
)

// Event is what ECS tells of a change of a task.
type Event struct {
	Task Task // as it was then
	body map[string]any
}

// change moves a task on and tells of it. The service is locked.
func (t *task) change(status string) {
	t.LastStatus = status
	t.Version++
	detail := t.describe()
	for _, name := range []string{"createdAt", "stoppedAt"} {
		if at, ok := detail[name].(float64); ok {
			detail[name] = time.UnixMilli(int64(at * 1000)).UTC().Format(time.RFC3339Nano) // events have times as text
		}
	}
	detail["overrides"] = map[string]any{"containerOverrides": []any{map[string]any{"name": t.definition.ContainerDefinitions[0].Name}}}
	detail["updatedAt"] = time.Now().UTC().Format(time.RFC3339Nano)
	t.service.post(Event{t.Task, map[string]any{
		"Source": "aws.ecs", "DetailType": "ECS Task State Change", "Resources": []string{t.ARN}, "Time": seconds(time.Now()),
		"Detail": detail,
	}})
}

// post delivers an event as Deliver says. The service is locked.
func (s *Service) post(e Event) {
	delays := []time.Duration{0}
	if s.deliver != nil {
		delays = s.deliver(e)
	}
	for _, delay := range delays {
		s.posts.Go(func() {
			select {
			case <-s.ended.Done():
				return
			case <-time.After(delay):
			}
			if err := s.config.PutEvent(s.ended, e.body); err != nil && s.ended.Err() == nil {
				s.config.Logf("ecs: an event got lost: %v", err)
			}
		})
	}
}

// Entry is an event as PutEvents wants it.
func Entry(event any) (map[string]any, error) {
	e, _ := event.(map[string]any)
	entry := maps.Clone(e)
	detail, err := json.Marshal(e["Detail"])
	entry["Detail"] = string(detail)
	return entry, err
}

// metadataAPI is the task metadata endpoint, version 4, and the one for
// credentials. Each task gets its own part.
func (s *Service) metadataAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v4/{id}", s.metadataOf(func(t *task) any {
		return map[string]any{"Name": t.container()["name"], "Labels": map[string]any{
			"com.amazonaws.ecs.task-arn": t.ARN, "com.amazonaws.ecs.cluster": t.service.clusterARN(),
		}, "DesiredStatus": t.DesiredStatus, "KnownStatus": t.LastStatus}
	}))
	mux.HandleFunc("GET /v4/{id}/task", s.metadataOf(func(t *task) any {
		return map[string]any{
			"Cluster": s.clusterARN(), "TaskARN": t.ARN, "Family": t.definition.Family,
			"Revision": t.Definition[strings.LastIndex(t.Definition, ":")+1:], "DesiredStatus": t.DesiredStatus, "KnownStatus": t.LastStatus,
			"LaunchType": "FARGATE", "AvailabilityZone": aws.Region + "a",
		}
	}))
	mux.HandleFunc("GET /v2/credentials/{id}", s.metadataOf(func(t *task) any {
		return map[string]any{
			"RoleArn": t.definition.TaskRoleArn, "AccessKeyId": t.key, "SecretAccessKey": "secret", "Token": "token",
			"Expiration": time.Now().Add(6 * time.Hour).UTC().Format(time.RFC3339),
		}
	}))
	return mux
}

func (s *Service) metadataOf(what func(*task) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		t, ok := s.tasks[aws.ARN("ecs", "task/"+s.config.Cluster+"/"+r.PathValue("id"))]
		var v any
		if ok {
			v = what(t)
		}
		s.mu.Unlock()
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
}
