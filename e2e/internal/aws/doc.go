// Package aws is what the harness needs to know of AWS's protocols: a client for
// the services that LocalStack emulates, and how to answer like one.
//
// It is written by hand and not with the SDK, so that the programs under test and
// what they are tested with can't share a mistake.
package aws

import "fmt"

// Where everything is. LocalStack uses this account for every key that it doesn't know.
const (
	Region    = "eu-central-1"
	Account   = "000000000000"
	Partition = "aws"
)

// ARN is the name of a thing in this account and region.
func ARN(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", Partition, service, Region, Account, resource)
}

// services are the JSON protocols, by the first part of their X-Amz-Target.
var services = map[string]struct{ name, version string }{
	"AmazonSQS":                          {"sqs", "1.0"},
	"DynamoDB_20120810":                  {"dynamodb", "1.0"},
	"AWSEvents":                          {"events", "1.1"},
	"AmazonEC2ContainerServiceV20141113": {"ecs", "1.1"},
}
