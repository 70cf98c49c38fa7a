// Command agent is the program in a task: it places the one call that its
// environment names, follows it to its end, and reports.
//
// It exits with 0 when nothing is left to do, with 1 when it gave up without an
// outcome or could not report (the tracker sees to the call then), and with 2
// when its environment is wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	_ "golang.org/x/crypto/x509roots/fallback" // the image has no file but this program

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/agent"
	"github.com/outdial/outdial/services/internal/awsenv"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/dynamo"
	"github.com/outdial/outdial/services/internal/eventbus"
	"github.com/outdial/outdial/services/internal/simcarrier"
)

func main() {
	stop := agent.StopSignal()
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	ctx := context.Background()
	config, ports, err := open(ctx, log)
	if err != nil {
		log.Error("the agent can't start", "cause", err)
		os.Exit(2)
	}
	if err := agent.Run(ctx, config, ports, stop); err != nil {
		log.Error("the agent failed", "call", config.CallID, "attempt", config.Attempt, "cause", err)
		os.Exit(1)
	}
}

// open reads the configuration and makes the clients.
func open(ctx context.Context, log *slog.Logger) (agent.Config, agent.Ports, error) {
	env, err := awsenv.ReadAgent(ctx, os.LookupEnv)
	simulated, carrierErr := simcarrier.Parse(env.Carrier)
	if env.Carrier != "" && carrierErr != nil {
		err = errors.Join(err, fmt.Errorf("%s: %w", messages.EnvCarrier, carrierErr))
	}
	sdk, sdkErr := awsenv.SDK(ctx)
	if err := errors.Join(err, sdkErr); err != nil {
		return agent.Config{}, agent.Ports{}, err
	}
	carrier, err := simcarrier.Open(simulated, time.Now)
	if err != nil {
		return agent.Config{}, agent.Ports{}, err
	}
	config := agent.Config{
		CallID: env.CallID, Attempt: env.Attempt, Task: env.Task, StartBy: env.Deadline,
		Timing: agent.DefaultTiming().SpedUp(simulated.Speed),
	}
	return config, agent.Ports{
		Store:   dynamo.New(dynamodb.NewFromConfig(sdk), env.Table, call.Capacity{}),
		Events:  eventbus.NewPublisher(eventbridge.NewFromConfig(sdk), env.Bus),
		Carrier: carrier, Clock: agent.SystemClock{}, NewNonce: agent.NewNonce, Log: log,
	}, nil
}
