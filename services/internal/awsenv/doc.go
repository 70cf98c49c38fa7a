// Package awsenv reads the environment of the programs that run on AWS: what the
// templates in infra set, checked as a whole before anything is served, and the
// configuration of AWS's SDK, which reads variables of its own.
package awsenv

import (
	"maps"
	"slices"
	"strings"
)

// The variables.
const (
	Table                = "OUTDIAL_TABLE"
	LogLevel             = "OUTDIAL_LOG_LEVEL"
	CallsQueue           = "OUTDIAL_CALLS_QUEUE_URL"
	CallsDeadLetterQueue = "OUTDIAL_CALLS_DEAD_LETTER_QUEUE_URL"
	EventsQueue          = "OUTDIAL_EVENTS_QUEUE_URL"
	Cluster              = "OUTDIAL_CLUSTER"
	Issuer               = "OUTDIAL_ISSUER"
	ClientIDs            = "OUTDIAL_CLIENT_IDS"
	AllowNumberTypes     = "OUTDIAL_ALLOW_NUMBER_TYPES"
	Prices               = "OUTDIAL_PRICES"
	TaskDefinition       = "OUTDIAL_TASK_DEFINITION"
	Subnets              = "OUTDIAL_SUBNETS"
	SecurityGroups       = "OUTDIAL_SECURITY_GROUPS"
	AssignPublicIP       = "OUTDIAL_ASSIGN_PUBLIC_IP"
	Carrier              = "OUTDIAL_CARRIER"

	region = "AWS_REGION" // set by Lambda and Fargate themselves
)

// Names are the variables of Outdial's own that a function's program reads: "api",
// "worker" or "tracker". They come from reading, so none can be forgotten.
func Names(program string) []string {
	read := map[string]bool{}
	lookup := func(name string) (string, bool) {
		read[name] = strings.HasPrefix(name, "OUTDIAL_")
		return "", false
	}
	var err error
	switch program { // the errors are about the values, which aren't asked for
	case "api":
		_, err = ReadAPI(lookup)
	case "worker":
		_, err = ReadWorker(lookup)
	case "tracker":
		_, err = ReadTracker(lookup)
	}
	if err == nil {
		return nil // no such program
	}
	maps.DeleteFunc(read, func(_ string, ours bool) bool { return !ours })
	return slices.Sorted(maps.Keys(read))
}
