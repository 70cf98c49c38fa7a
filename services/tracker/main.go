// Command tracker is the Lambda function behind the events queue: it ends attempts
// and looks at what is due.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/outdial/outdial/services/internal/awsenv"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/capacity"
	"github.com/outdial/outdial/services/internal/deadletters"
	"github.com/outdial/outdial/services/internal/dynamo"
	"github.com/outdial/outdial/services/internal/ecs"
	"github.com/outdial/outdial/services/internal/mapping"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/samples"
	"github.com/outdial/outdial/services/internal/simcarrier"
	"github.com/outdial/outdial/services/internal/sqs"
	"github.com/outdial/outdial/services/internal/tracking"
)

func main() {
	function, err := open(context.Background())
	if err != nil {
		awsenv.NewLog(os.Stderr, slog.LevelInfo).Error("the tracker can't start", "cause", err)
		os.Exit(1)
	}
	lambda.Start(function)
}

// open reads the configuration and makes the clients, once for all invocations.
func open(ctx context.Context) (mapping.Function, error) {
	c, err := awsenv.ReadTracker(os.LookupEnv)
	carrier, carrierErr := openCarrier(c.Carrier)
	sdk, sdkErr := awsenv.SDK(ctx)
	if err := errors.Join(err, carrierErr, sdkErr); err != nil {
		return nil, err
	}
	log := awsenv.NewLog(os.Stderr, c.Level)
	store := dynamo.New(dynamodb.NewFromConfig(sdk), c.Table, awsenv.FirstCapacity(time.Now()))
	queues := sqs.New(awssqs.NewFromConfig(sdk), map[queue.Name]string{
		queue.Calls: c.CallsQueue, queue.CallsDead: c.CallsDeadLetterQueue, queue.Events: c.EventsQueue,
	})
	jobs, looks := queue.JobSender{Queue: queues}, queue.EventSender{Queue: queues}
	e := events{
		tracker: tracking.Tracker{
			Store: store, Tasks: ecs.New(awsecs.NewFromConfig(sdk), ecs.Config{Cluster: c.Cluster}), Carrier: carrier,
			Jobs: jobs, Looks: looks, Now: time.Now, Timing: call.DefaultTiming(), Log: log, Slice: dynamo.MaxSlice,
			Redrives: &deadletters.Service{Store: store, Jobs: jobs, Looks: looks, Now: time.Now, Log: log, Slice: dynamo.MaxSlice},
		},
		alarm:   &capacity.Alarm{Store: store, Log: log},
		samples: &samples.Taker{Store: store, Now: time.Now},
	}
	return mapping.New(e.handle, time.Now, log), nil
}

func openCarrier(address string) (*simcarrier.Carrier, error) {
	if address == "" {
		return nil, nil // told already
	}
	config, err := simcarrier.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", awsenv.Carrier, err)
	}
	return simcarrier.Open(config, time.Now)
}
