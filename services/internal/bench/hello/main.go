// Command hello is as little as a function of Lambda behind the HTTP API can be
// that links what the api links: AWS's clients and phonenumbers. It answers every
// request with the same bytes, and is what the api is measured against.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/nyaruka/phonenumbers"
)

// hello has what a function like the api works with, in interfaces as the api has
// it: so the linker keeps the clients whole, with all of their operations.
type hello struct {
	uses   []any
	answer events.APIGatewayV2HTTPResponse
}

func main() {
	h, err := open(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "hello:", err)
		os.Exit(1)
	}
	lambda.Start(h.handle)
}

func open(ctx context.Context) (hello, error) {
	sdk, err := config.LoadDefaultConfig(ctx, config.WithDefaultsMode(aws.DefaultsModeInRegion))
	if err != nil {
		return hello{}, err
	}
	h := hello{uses: []any{dynamodb.NewFromConfig(sdk), ecs.NewFromConfig(sdk), sqs.NewFromConfig(sdk), phonenumbers.Parse}}
	return h, json.Unmarshal([]byte(os.Getenv("HELLO_ANSWER")), &h.answer)
}

func (h hello) handle(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return h.answer, nil
}
