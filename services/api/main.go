// Command api is the Lambda function behind the HTTP API: it takes requests.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/oklog/ulid/v2"

	"github.com/outdial/outdial/services/internal/awsenv"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/capacity"
	"github.com/outdial/outdial/services/internal/deadletters"
	"github.com/outdial/outdial/services/internal/dynamo"
	"github.com/outdial/outdial/services/internal/ecs"
	"github.com/outdial/outdial/services/internal/gateway"
	"github.com/outdial/outdial/services/internal/httpapi"
	"github.com/outdial/outdial/services/internal/intake"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/sqs"
	"github.com/outdial/outdial/services/internal/tracking"
)

func main() {
	function, err := open(context.Background())
	if err != nil {
		awsenv.NewLog(os.Stderr, slog.LevelInfo).Error("the api can't start", "cause", err)
		os.Exit(1)
	}
	lambda.Start(function)
}

// open reads the configuration and makes the clients, once for all invocations.
func open(ctx context.Context) (gateway.Function, error) {
	c, err := awsenv.ReadAPI(os.LookupEnv)
	numbers, numbersErr := intake.ParseNumberPolicy(c.AllowNumberTypes)
	if numbersErr != nil {
		err = errors.Join(err, fmt.Errorf("%s: %w", awsenv.AllowNumberTypes, numbersErr))
	}
	log := awsenv.NewLog(os.Stderr, c.Level)
	known, pricesErr := pricesOf(c)
	signIn, signInErr := signInOf(c, log)
	sdk, sdkErr := awsenv.SDK(ctx)
	if err := errors.Join(err, pricesErr, signInErr, sdkErr); err != nil {
		return nil, err
	}
	store := dynamo.New(dynamodb.NewFromConfig(sdk), c.Table, awsenv.FirstCapacity(time.Now()))
	queues := sqs.New(awssqs.NewFromConfig(sdk), map[queue.Name]string{queue.Calls: c.CallsQueue, queue.Events: c.EventsQueue})
	jobs, looks := queue.JobSender{Queue: queues}, queue.EventSender{Queue: queues}
	dead := &deadletters.Service{Store: store, Jobs: jobs, Looks: looks, Now: time.Now, Log: log}
	server := &httpapi.Server{
		Store: store,
		Intake: &intake.Service{
			Store: store, Jobs: jobs, Looks: looks, Now: time.Now, NewULID: newULID, Log: log, Numbers: numbers,
		},
		Control: &tracking.Tracker{ // cancels and pauses; what takes long is left to the tracker's own function
			Store: store, Tasks: ecs.New(awsecs.NewFromConfig(sdk), ecs.Config{Cluster: c.Cluster}),
			Jobs: jobs, Looks: looks, Redrives: dead, Now: time.Now, Timing: call.DefaultTiming(), Log: log,
		},
		DeadLetters: dead,
		Capacity:    &capacity.Service{Store: store, Jobs: jobs, Now: time.Now, Log: log},
		SignIn:      signIn, Now: time.Now, NewULID: newULID, Log: log, Prices: known,
	}
	return gateway.New(server.Handler()), nil
}

func newULID() string { return ulid.MustNew(ulid.Now(), rand.Reader).String() }
