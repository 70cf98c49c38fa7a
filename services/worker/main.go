// Command worker is the Lambda function behind the calls queue: it admits waiting
// calls and launches their tasks.
package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/outdial/outdial/services/internal/awsenv"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/dispatch"
	"github.com/outdial/outdial/services/internal/dynamo"
	"github.com/outdial/outdial/services/internal/ecs"
	"github.com/outdial/outdial/services/internal/mapping"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/sqs"
)

func main() {
	function, err := open(context.Background())
	if err != nil {
		awsenv.NewLog(os.Stderr, slog.LevelInfo).Error("the worker can't start", "cause", err)
		os.Exit(1)
	}
	lambda.Start(function)
}

// open reads the configuration and makes the clients, once for all invocations.
func open(ctx context.Context) (mapping.Function, error) {
	c, err := awsenv.ReadWorker(os.LookupEnv)
	sdk, sdkErr := awsenv.SDK(ctx)
	if err := errors.Join(err, sdkErr); err != nil {
		return nil, err
	}
	log := awsenv.NewLog(os.Stderr, c.Level)
	queues := sqs.New(awssqs.NewFromConfig(sdk), map[queue.Name]string{queue.Calls: c.CallsQueue, queue.CallsDead: c.CallsDeadLetterQueue})
	dispatcher := dispatch.Dispatcher{
		Store: dynamo.New(dynamodb.NewFromConfig(sdk), c.Table, awsenv.FirstCapacity(time.Now())),
		Tasks: ecs.New(awsecs.NewFromConfig(sdk), ecs.Config{
			Cluster: c.Cluster, Subnets: c.Subnets, SecurityGroups: c.SecurityGroups, AssignPublicIP: c.AssignPublicIP == "ENABLED",
		}),
		Jobs: queue.JobSender{Queue: queues}, Now: time.Now, Timing: call.DefaultTiming(), Log: log,
		TaskDefinition: c.TaskDefinition,
	}
	handle := func(ctx context.Context, bodies [][]byte, budget time.Duration) []error {
		d := dispatcher
		d.Budget = budget
		return d.HandleMessages(ctx, bodies)
	}
	return mapping.New(handle, time.Now, log), nil
}
