// Package world puts the whole system together as the templates say: the real
// programs, LocalStack, and stand-ins for what LocalStack doesn't have.
package world

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/e2e/internal/aws"
	"github.com/outdial/outdial/e2e/internal/cognito"
	"github.com/outdial/outdial/e2e/internal/ecs"
	"github.com/outdial/outdial/e2e/internal/front"
	"github.com/outdial/outdial/e2e/internal/gateway"
	"github.com/outdial/outdial/e2e/internal/iam"
	"github.com/outdial/outdial/e2e/internal/lambda"
	"github.com/outdial/outdial/e2e/internal/localstack"
	"github.com/outdial/outdial/e2e/internal/mapping"
)

// environments is how many a function has at most: two processors
// gain nothing by more.
const environments = 6

// World is one deployed system of its own.
type World struct {
	Name string            // of the stack
	Data map[string]string // outputs of the data stack: TableName, CallsQueueUrl …

	AWS     aws.Client // calls LocalStack as its owner: no role, no faults
	Front   *front.Front
	ECS     *ecs.Service
	Pool    *cognito.Pool
	Gateway *gateway.Gateway
	API     *lambda.Function
	Worker  *lambda.Function
	Tracker *lambda.Function
	Roles   map[string]*iam.Role // by their names in the template

	PeopleClient, ProgramsClient cognito.Client

	t        testing.TB
	log      *logs
	carrier  string // the folder of the simulated carrier
	mappings []*mapping.Mapping
	deployed *deployed
	revision int // of the task definition, which a deploy makes anew
}

// Parameters are those of infra/template.yaml that a scenario sets.
type Parameters map[string]string

// Start deploys a system. It ends with the test, which fails if a call to AWS was
// denied, if an attempt dialed twice, or if a log has a phone number in it.
func Start(t testing.TB, parameters Parameters) *World {
	t.Helper()
	w, err := start(t, parameters)
	if err != nil {
		t.Fatalf("the system does not come up: %v", err)
	}
	return w
}

func start(t testing.TB, parameters Parameters) (*World, error) {
	url, err := localstack.URL()
	if err != nil {
		return nil, err
	}
	built, err := programs()
	if err != nil {
		return nil, err
	}
	letters := strings.ToLower(rand.Text())[:8]
	letters = strings.Map(func(r rune) rune { // digits may not stand in the carrier's folder
		if r >= '0' && r <= '9' {
			return 'a' + r - '0'
		}
		return r
	}, letters)
	w := &World{
		Name: "e2e" + letters, AWS: aws.Client{URL: url, Key: "test"}, Roles: map[string]*iam.Role{},
		t: t, log: newLogs(), carrier: "/tmp/outdial" + letters, revision: 1,
	}
	t.Cleanup(w.end)
	if w.Pool, err = cognito.New(); err != nil {
		return nil, err
	}
	all := map[string]string{
		"FirstUserEmail": "ada@example.com", "AgentImageTag": "e2e", "DeletionProtection": "false",
		"Carrier": "simulated:" + w.carrier + "?speed=50",
	}
	maps.Copy(all, parameters)
	all["Carrier"] = strings.Replace(all["Carrier"], "FOLDER", w.carrier, 1)
	d, err := w.deploy(t.Context(), all)
	if err != nil {
		return nil, err
	}
	w.Data, w.deployed = d.data, d
	return w, w.run(d, built)
}

// run starts what runs.
func (w *World) run(d *deployed, built map[string]string) error {
	if err := w.readRoles(d); err != nil {
		return err
	}
	// ECS and the front need each other: programs call ECS by the front, and tasks
	// get the front as their endpoint.
	services := map[string]front.Service{}
	w.Front = front.New(w.AWS.URL, services, func(definition string) []string { return w.ECS.Roles(definition) })
	if err := w.startECS(d, built["agent"]); err != nil {
		return err
	}
	services["ecs"] = w.ECS
	functions, err := w.functions(d, built)
	if err != nil {
		return err
	}
	if err := w.startMappings(d, functions); err != nil {
		return err
	}
	return w.startGateway(d, functions)
}

// end stops everything, from the outside to the inside.
func (w *World) end() {
	if w.Gateway != nil {
		w.Gateway.Close()
	}
	for _, m := range w.mappings {
		m.Stop()
	}
	for _, f := range []*lambda.Function{w.API, w.Worker, w.Tracker} {
		if f != nil {
			f.Close()
		}
	}
	if w.ECS != nil {
		w.ECS.Close()
	}
	if w.Front != nil {
		w.Front.Close()
	}
	if w.Pool != nil {
		w.Pool.Close()
	}
	w.check()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := w.AWS.Delete(ctx, w.Name); err != nil {
		w.t.Logf("the stack %s stays: %v", w.Name, err)
	}
	if err := os.RemoveAll(w.carrier); err != nil {
		w.t.Logf("%v", err)
	}
}

func (w *World) startECS(d *deployed, program string) error {
	definition, err := taskDefinition(d.compute)
	if err != nil {
		return err
	}
	network, err := d.network.Outputs()
	if err != nil {
		return err
	}
	role, err := w.role(definition.TaskRoleArn)
	if err != nil {
		return err
	}
	w.ECS, err = ecs.New(ecs.Config{
		Cluster: w.Name, TaskDefinition: definition, Subnets: strings.Split(network["Subnets"], ","),
		SecurityGroups: strings.Split(network["SecurityGroups"], ","), PublicIP: network["AssignPublicIp"],
		Program: program, Endpoint: w.Front.URL, Log: w.log.of("agent"), Logf: w.log.of("ecs").printf,
		Credentials: func() string { return w.Front.Key("agent", role) }, Gone: w.Front.Revoke,
		PutEvent: w.putEvent,
	})
	return err
}

// putEvent puts an event of AWS's own onto the default bus.
func (w *World) putEvent(ctx context.Context, event any) error {
	entry, err := ecs.Entry(event)
	if err != nil {
		return err
	}
	var answer struct{ FailedEntryCount int }
	err = w.AWS.Call(ctx, "AWSEvents.PutEvents", map[string]any{"Entries": []any{entry}}, &answer)
	if err == nil && answer.FailedEntryCount > 0 {
		err = fmt.Errorf("the bus refuses %v", entry)
	}
	return err
}

func (w *World) startGateway(d *deployed, functions map[string]*lambda.Function) error {
	names, err := d.compute.OfType("AWS::ApiGatewayV2::Api")
	if err != nil {
		return err
	}
	body, err := d.compute.Resolve(d.compute.Template.Resources[names[0]].Properties["Body"])
	if err != nil {
		return err
	}
	document, err := json.Marshal(body)
	if err != nil {
		return err
	}
	invoked := map[string]gateway.Function{}
	for arn, f := range functions {
		invoked[arn] = f
	}
	w.Gateway, err = gateway.New(document, invoked)
	return err
}

// number reads a number of a template.
func number(text string, what string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	return n, nil
}
