package ecs_test

import (
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/outdial/outdial/services/internal/task"
)

func TestDescribeTellsWhereATaskStands(t *testing.T) {
	t.Parallel()
	is := func(status string) func(http.ResponseWriter, string) {
		return says(http.StatusOK, `{"tasks":[{"taskArn":"`+arn+`","lastStatus":"`+status+`","desiredStatus":"STOPPED"}],"failures":[]}`)
	}
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, string)
		want   task.State // "": an error
	}{
		"provisioning":           {is("PROVISIONING"), task.Running},
		"pending":                {is("PENDING"), task.Running},
		"activating":             {is("ACTIVATING"), task.Running},
		"running":                {is("RUNNING"), task.Running},
		"deactivating":           {is("DEACTIVATING"), task.Running},
		"stopping":               {is("STOPPING"), task.Running},
		"deprovisioning":         {is("DEPROVISIONING"), task.Running},
		"stopped":                {is("STOPPED"), task.Stopped},
		"deleted":                {is("DELETED"), task.Stopped},
		"unknown":                {says(200, `{"tasks":[],"failures":[{"arn":"`+arn+`","reason":"MISSING"}]}`), task.Missing},
		"another failure":        {says(200, `{"tasks":[],"failures":[{"reason":"OTHER","detail":"what"}]}`), ""},
		"no status":              {says(200, `{"tasks":[{"taskArn":"`+arn+`"}]}`), ""},
		"nothing":                {says(200, `{}`), ""},
		"no cluster":             {refuses(400, "ClusterNotFoundException", "Cluster not found."), ""},
		"a task of elsewhere":    {refuses(400, "InvalidParameterException", "Invalid identifier: Identifier is for cluster a. Your cluster is b"), ""},
		"not allowed":            {refuses(400, "AccessDeniedException", "no"), ""},
		"throttled all the time": {refuses(400, "ThrottlingException", "Rate exceeded"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, tasks := newService(t, c.answer)
			got, err := tasks.Describe(t.Context(), arn)
			if got != c.want || (err == nil) != (c.want != "") {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
			want := `DescribeTasks {"cluster":"outdial","tasks":["` + arn + `"]}`
			if asked := s.requests(); asked[0] != want {
				t.Errorf("asked %s\nwant  %s", asked[0], want)
			}
		})
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, string)
		ok     bool
	}{
		"a task that runs, or has stopped": {says(200, `{"task":{"taskArn":"`+arn+`","desiredStatus":"STOPPED"}}`), true},
		"a task that is not known":         {refuses(400, "InvalidParameterException", "The referenced task was not found."), true},
		"a cluster that is not known":      {refuses(400, "ClusterNotFoundException", "Cluster not found."), false},
		"an ARN that is none":              {refuses(400, "InvalidParameterException", "Invalid identifier"), false},
		"ECS in trouble":                   {refuses(500, "ServerException", "no"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, tasks := newService(t, c.answer)
			if err := tasks.Stop(t.Context(), arn, "canceled"); (err == nil) != c.ok {
				t.Error(err)
			}
			want := `{"cluster":"outdial","task":"` + arn + `","reason":"canceled"}`
			if body, ok := strings.CutPrefix(s.requests()[0], "StopTask "); !ok || !reflect.DeepEqual(decoded(t, body), decoded(t, want)) {
				t.Errorf("asked %s\nwant  StopTask %s", s.requests()[0], want)
			}
		})
	}
}

func TestAReasonIsCutToWhatStopTaskTakes(t *testing.T) {
	t.Parallel()
	s, tasks := newService(t, says(http.StatusOK, `{}`))
	if err := tasks.Stop(t.Context(), arn, strings.Repeat("ü", 2000)); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(s.requests()[0], "ü"); n != 1024 {
		t.Errorf("the reason has %d characters", n)
	}
}

// Asking twice to stop or to describe does no harm, so the SDK may.
func TestStopAndDescribeAreRepeated(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	_, tasks := newService(t, func(w http.ResponseWriter, operation string) {
		switch {
		case asked.Add(1)%2 == 1:
			hangsUp(w, operation)
		case operation == "StopTask":
			write(w, http.StatusOK, `{}`)
		default:
			write(w, http.StatusOK, `{"tasks":[{"lastStatus":"STOPPED"}]}`)
		}
	})
	if err := tasks.Stop(t.Context(), arn, "canceled"); err != nil {
		t.Error(err)
	}
	if state, err := tasks.Describe(t.Context(), arn); state != task.Stopped || err != nil {
		t.Errorf("%q, %v", state, err)
	}
}
