// Command instant is the api with a store that answers at once, the one in memory:
// what is left is the api's own work. No call is admitted, so all of them wait.
package main

import (
	"crypto/rand"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/oklog/ulid/v2"

	"github.com/outdial/outdial/services/internal/awsenv"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/capacity"
	"github.com/outdial/outdial/services/internal/gateway"
	"github.com/outdial/outdial/services/internal/httpapi"
	"github.com/outdial/outdial/services/internal/intake"
	"github.com/outdial/outdial/services/internal/memory"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/tracking"
)

func main() {
	log := awsenv.NewLog(os.Stderr, slog.LevelInfo)
	store := memory.New(call.Capacity{Rate: 1, Version: 1, UpdatedAt: time.Now().UTC()})
	queues := memory.NewQueue(time.Now)
	jobs, looks := queue.JobSender{Queue: queues}, queue.EventSender{Queue: queues}
	server := &httpapi.Server{
		Store:    store,
		Intake:   &intake.Service{Store: store, Jobs: jobs, Looks: looks, Now: time.Now, NewULID: newULID, Log: log},
		Control:  &tracking.Tracker{Store: store, Jobs: jobs, Looks: looks, Now: time.Now, Timing: call.DefaultTiming(), Log: log},
		Capacity: &capacity.Service{Store: store, Jobs: jobs, Now: time.Now, Log: log},
		SignIn:   gateway.SignIn{}, Now: time.Now, NewULID: newULID, Log: log,
	}
	lambda.Start(gateway.New(server.Handler()))
}

func newULID() string { return ulid.MustNew(ulid.Now(), rand.Reader).String() }
