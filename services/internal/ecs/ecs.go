// Package ecs runs each call's agent as a task of Amazon ECS on Fargate.
package ecs

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/task"
)

// Container is the name of the agent's container in the task definition.
const Container = "agent"

// Config says where tasks run. Who only stops and describes them needs Cluster alone.
type Config struct {
	Cluster        string   // name or ARN
	Subnets        []string // 1 to 16; best in several zones, since capacity is counted by zone
	SecurityGroups []string // 0 to 5
	AssignPublicIP bool     // for public subnets, where there is no NAT gateway
}

// Tasks starts, stops and describes tasks. Its methods may be called at the same time.
type Tasks struct {
	client *ecs.Client
	config Config
}

// New gives the tasks of a cluster.
func New(client *ecs.Client, config Config) *Tasks {
	return &Tasks{client: client, config: config}
}

// Run starts the task of an attempt and gives its ARN. The very same request again
// starts none and gives the same ARN, for as long as ECS remembers the client
// token: the lesser of 24 hours and the task's life and an hour. Errors are those of
// package task.
//
// The SDK repeats nothing here. The call's record says whether the request is to be
// repeated, and a "no" to a repeat would tell nothing about what came before it.
func (t *Tasks) Run(ctx context.Context, r task.Request) (arn string, err error) {
	out, err := t.client.RunTask(ctx, t.input(r), func(o *ecs.Options) { o.Retryer = aws.NopRetryer{} })
	switch {
	case err != nil:
		return started(err)
	case len(out.Tasks) > 0 && aws.ToString(out.Tasks[0].TaskArn) != "":
		return *out.Tasks[0].TaskArn, nil
	case len(out.Failures) > 0:
		return "", failure(out.Failures[0])
	}
	return "", fmt.Errorf("%w: ECS answers with neither a task nor a failure", task.ErrUnclear)
}

// input is a function of the attempt and the configuration. ECS compares all of it
// when a client token comes again.
func (t *Tasks) input(r task.Request) *ecs.RunTaskInput {
	public := types.AssignPublicIpDisabled
	if t.config.AssignPublicIP {
		public = types.AssignPublicIpEnabled
	}
	return &ecs.RunTaskInput{
		ClientToken:    &r.ClientToken,
		StartedBy:      &r.StartedBy,
		Cluster:        &t.config.Cluster,
		TaskDefinition: &r.TaskDefinition,
		Count:          aws.Int32(1),
		LaunchType:     types.LaunchTypeFargate,
		NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{
			Subnets: t.config.Subnets, SecurityGroups: t.config.SecurityGroups, AssignPublicIp: public,
		}},
		Overrides: &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{{
			Name: aws.String(Container),
			Environment: []types.KeyValuePair{
				variable(messages.EnvCallID, r.CallID),
				variable(messages.EnvAttempt, strconv.Itoa(r.Attempt)),
				variable(messages.EnvDeadline, r.StartBy.UTC().Format(time.RFC3339Nano)),
			},
		}}},
	}
}

func variable(name, value string) types.KeyValuePair {
	return types.KeyValuePair{Name: &name, Value: &value}
}

// maxReason is how many characters StopTask takes as its reason.
const maxReason = 1024

// Stop asks a task to end: SIGTERM, and SIGKILL after the container's stop timeout.
// A task that has ended, or that ECS doesn't know, is left alone without an error.
func (t *Tasks) Stop(ctx context.Context, arn, reason string) error {
	if runes := []rune(reason); len(runes) > maxReason {
		reason = string(runes[:maxReason])
	}
	_, err := t.client.StopTask(ctx, &ecs.StopTaskInput{Cluster: &t.config.Cluster, Task: &arn, Reason: &reason})
	if isUnknownTask(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("stop task %s: %w", arn, err)
	}
	return nil
}

// isUnknownTask tells ECS's "The referenced task was not found." from the other
// mistakes that have the same code.
func isUnknownTask(err error) bool {
	refusal, ok := errors.AsType[*types.InvalidParameterException](err)
	return ok && strings.Contains(strings.ToLower(refusal.ErrorMessage()), "task was not found")
}

// Describe tells where a task stands. ECS forgets a task about an hour after its
// end, and may not know one that has just been started: both are task.Missing.
func (t *Tasks) Describe(ctx context.Context, arn string) (task.State, error) {
	out, err := t.client.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &t.config.Cluster, Tasks: []string{arn}})
	if err != nil {
		return "", fmt.Errorf("describe task %s: %w", arn, err)
	}
	if len(out.Tasks) > 0 {
		return state(aws.ToString(out.Tasks[0].LastStatus))
	}
	if len(out.Failures) > 0 && aws.ToString(out.Failures[0].Reason) == "MISSING" {
		return task.Missing, nil
	}
	return "", fmt.Errorf("describe task %s: ECS answers with neither the task nor that it is missing: %s", arn, reasons(out.Failures))
}

// state translates ECS's lastStatus. The end counts only when all is over: a task
// that is stopping or being taken down may still run its agent.
func state(lastStatus string) (task.State, error) {
	switch lastStatus {
	case "STOPPED", "DELETED":
		return task.Stopped, nil
	case "":
		return "", errors.New("ECS describes a task without a status")
	}
	return task.Running, nil
}

func reasons(failures []types.Failure) string {
	var all []string
	for _, f := range failures {
		all = append(all, strings.TrimSpace(aws.ToString(f.Reason)+" "+aws.ToString(f.Detail)))
	}
	return strings.Join(all, "; ")
}
