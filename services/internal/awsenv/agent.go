package awsenv

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/outdial/outdial/contracts/messages"
)

// metadata is set by ECS: where a container asks about its own task.
const metadata = "ECS_CONTAINER_METADATA_URI_V4"

// Agent is what an agent on AWS is told.
type Agent struct {
	messages.AgentEnv
	Table string // of Store
	Bus   string // of Events
}

// ReadAgent reads an agent's environment. The task's ARN, which no template can
// know, is asked of ECS if OUTDIAL_TASK doesn't say it.
func ReadAgent(ctx context.Context, lookup Lookup) (Agent, error) {
	r := &reader{lookup: lookup}
	r.text(region, regionName)
	var err error
	a := Agent{}
	a.AgentEnv, err = messages.ParseAgentEnv(func(name string) (string, bool) {
		value, ok := lookup(name)
		if uri, known := lookup(metadata); name == messages.EnvTask && !ok && known {
			arn, err := taskARN(ctx, uri)
			if err != nil {
				r.bad("%s: %w", metadata, err)
			}
			return arn, err == nil
		}
		return value, ok
	})
	a.Carrier, _ = lookup(messages.EnvCarrier) // also beside other mistakes, so that all are told
	a.Table = r.address(messages.EnvStore, "dynamodb", "TABLE")
	a.Bus = r.address(messages.EnvEvents, "eventbridge", "BUS")
	return a, errors.Join(err, r.err())
}

// address is what stands behind the kind of an address.
func (r *reader) address(name, kind, of string) string {
	value, ok := r.lookup(name)
	rest, known := strings.CutPrefix(value, kind+":")
	if ok && (!known || rest == "") || !ok && name == messages.EnvEvents { // else messages.ParseAgentEnv has said it
		r.bad("%s is %q; this agent knows %s:%s only", name, value, kind, of)
	}
	return rest
}

const (
	metadataTries = 5
	metadataPause = 200 * time.Millisecond
)

// taskARN asks ECS, whose answer may be a moment late when a container starts.
func taskARN(ctx context.Context, uri string) (arn string, err error) {
	for range metadataTries {
		if arn, err = askTaskARN(ctx, uri); err == nil {
			return arn, nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(metadataPause):
		}
	}
	return "", err
}

// mostMetadata bounds what is read of an answer, in bytes.
const mostMetadata = 1 << 20

func askTaskARN(ctx context.Context, uri string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, uri+"/task", nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	var task struct{ TaskARN string }
	err = json.NewDecoder(io.LimitReader(response.Body, mostMetadata)).Decode(&task)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK || task.TaskARN == "" {
		return "", fmt.Errorf("ECS answers %s without a TaskARN", response.Status)
	}
	return task.TaskARN, nil
}
